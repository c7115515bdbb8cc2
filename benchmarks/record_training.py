"""How the record is trained. Nothing here loads data or knows of a test set."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from mlp_lib import Adam, BatchNorm, Dropout, Linear, Network, ReLU, SoftmaxCrossEntropy, train
from mlp_lib.augment import distort
from mlp_lib.deskew import deskew
from mlp_lib.optim import Schedule, cosine_decay


@dataclass(frozen=True)
class Settings:
    """One way to train. `distortion` holds the amounts for `distort`; empty: images as they are."""

    epochs: int
    hidden: tuple[int, ...] = (1024, 640)
    batch_size: int = 256
    lr: float = 2e-3
    warm_up: float = 0.1  # share of the steps in which the rate rises
    input_dropout: float = 0.0
    dropout: float = 0.0
    smoothing: float = 0.0  # share of each target that is spread over all classes
    averaged: int = 5  # last epochs whose weights are averaged
    deskew: bool = True
    distortion: dict[str, float] = field(default_factory=dict)
    copies: int = 0  # distorted copies of an image in prediction; 0: the image itself
    test_amount: float = 0.5  # their distortion as a share of that in training


def make_network(settings: Settings, d_in: int, n_classes: int, rng) -> Network:
    """ReLU layers with BatchNorm, in single precision."""
    widths, layers = (d_in, *settings.hidden), []
    if settings.input_dropout:
        layers.append(Dropout(settings.input_dropout, rng))
    for a, b in zip(widths[:-1], widths[1:], strict=True):
        layers += [Linear(a, b, rng, bias=False), BatchNorm(b), ReLU()]  # beta is the bias
        if settings.dropout:
            layers.append(Dropout(settings.dropout, rng))
    layers.append(Linear(widths[-1], n_classes, rng))
    return Network(layers, SoftmaxCrossEntropy(), dtype=np.float32)


def one_cycle(lr: float, steps: int, warm_up: float) -> Schedule:
    """Rate that rises evenly to `lr` during a share of the steps, then falls along a cosine."""
    rise = int(warm_up * steps)
    fall = cosine_decay(lr, steps - rise)
    return lambda t: lr * t / rise if t <= rise else fall(t - rise)


def prepare(X, image_shape, settings: Settings) -> np.ndarray:
    return deskew(X, image_shape) if settings.deskew else X


def images_of_epochs(X, image_shape, settings: Settings, rng) -> Iterator[np.ndarray]:
    """Training images for one epoch after another; the next ones are made during training."""
    if not settings.distortion:
        for _ in range(settings.epochs):
            yield X
        return
    with ThreadPoolExecutor(1) as thread:  # NumPy works without Python's global lock
        coming = thread.submit(distort, X, image_shape, rng, **settings.distortion)
        for epoch in range(settings.epochs):
            ready = coming.result()
            if epoch + 1 < settings.epochs:
                coming = thread.submit(distort, X, image_shape, rng, **settings.distortion)
            yield ready


class Average:
    """Running mean of network states; of the BatchNorm statistics too, which change little."""

    def __init__(self) -> None:
        self.n, self.mean = 0, {}

    def add(self, state: dict[str, np.ndarray]) -> None:
        self.n += 1
        for name, value in state.items():
            mean = self.mean.setdefault(name, np.zeros(value.shape))
            mean += (value - mean) / self.n


def fit(
    X: np.ndarray,
    y: np.ndarray,
    image_shape: tuple[int, int],
    settings: Settings,
    seed: int,
    watch: Callable[[Network], float] | None = None,
) -> tuple[Network, dict]:
    """Train a new network; return it and its log: seconds, cost and what `watch` saw, by epoch.

    `watch` looks at validation data after each epoch. It must not change the network.
    """
    # Two streams, so that the thread that makes images cannot disturb the order of anything else.
    rng, image_rng = np.random.default_rng(seed).spawn(2)
    X, n_classes = prepare(X, image_shape, settings), int(y.max()) + 1
    net = make_network(settings, X.shape[1], n_classes, rng)
    T = np.eye(n_classes, dtype=np.float32)[y]
    T = (1 - settings.smoothing) * T + np.float32(settings.smoothing / n_classes)
    steps = settings.epochs * -(-len(X) // settings.batch_size)
    optimiser = Adam(one_cycle(settings.lr, steps, settings.warm_up))
    average, log, start = Average(), {"seconds": [], "cost": [], "watched": []}, time.perf_counter()
    prepared = images_of_epochs(X, image_shape, settings, image_rng)
    for epoch, images in enumerate(tqdm(prepared, f"seed {seed}", settings.epochs)):
        history = train(
            net, images, T, optimiser, epochs=1, batch_size=settings.batch_size, rng=rng
        )
        if history.interrupted:
            raise KeyboardInterrupt
        if epoch >= settings.epochs - settings.averaged:
            average.add(net.state())
        log["cost"].append(round(history.cost[0], 5))
        if watch is not None:
            log["watched"].append(watch(net))
        log["seconds"].append(round(time.perf_counter() - start, 1))
    if average.n:
        net.set_state(average.mean)
    return net, log


def predict(net: Network, X, image_shape, settings: Settings, seed: int = 0) -> np.ndarray:
    """Class probabilities (N, K); with copies, their geometric mean over distorted copies of X."""
    X = prepare(X, image_shape, settings)
    if not settings.copies:
        return net.predict(X)
    rng = np.random.default_rng(seed)
    amounts = {name: settings.test_amount * a for name, a in settings.distortion.items()}
    amounts["sigma"] = settings.distortion["sigma"]
    total = 0
    for _ in range(settings.copies):
        U = net.forward(distort(X, image_shape, rng, **amounts))
        total = total + np.log(net.loss.output(U).clip(1e-9))  # 1e-9: no single copy has a veto
    return net.loss.output(total / settings.copies)
