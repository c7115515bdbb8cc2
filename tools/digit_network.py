"""The network of the live figure `DrawDigit`: trained with mlp_lib on MNIST, kept in 8 bits.

    python -m tools.digit_network              train on all training images, write the file
    python -m tools.digit_network validate     compare widths on a sixth of them, write nothing

Every epoch sees each image distorted anew, and drawn with a finer or a broader pen, because what a
reader draws is not quite like MNIST. One setting was compared on the validation part, the width:
64 hidden units are right on 98.1 % of it, 100 on 98.5 %, 128 on 98.8 %. The figure takes 100, the
network whose parameters chapter 20 counts. The others were set beforehand. The test images were
used for the one number that is stored beside the weights.
"""

import argparse
import json
import math
import os
import platform
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

import numpy as np

from mlp_lib import Adam, Linear, Network, ReLU, SoftmaxCrossEntropy
from mlp_lib.augment import distort
from mlp_lib.data import load_mnist, split
from mlp_lib.figures.draw_digit import NETWORK, SHAPE, digit_network
from mlp_lib.metrics import accuracy
from mlp_lib.optim import cosine_decay
from mlp_lib.storage import write_arrays
from mlp_lib.training import train

SEED = 20
HIDDEN = 100
EPOCHS = 30
BATCH_SIZE = 128
DISTORTION = {"rotation": 10, "scale": 0.1, "shear": 8, "shift": 1, "elastic": 0.6, "sigma": 4}
OTHER_PEN = 0.2  # share of the images that get a finer pen, and of those that get a broader one
WIDEST = 127  # of a weight in 8 bits


def other_pen(X: np.ndarray, broader: bool) -> np.ndarray:
    """Every pixel becomes the darkest (or lightest) of itself, the one above and the ones left."""
    images = np.pad(X.reshape(-1, *SHAPE), ((0, 0), (1, 0), (1, 0)))
    four = [images[:, i : i + SHAPE[0], j : j + SHAPE[1]] for i in (0, 1) for j in (0, 1)]
    return (np.maximum if broader else np.minimum).reduce(four).reshape(X.shape)


def drawn_anew(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The images as other hands and other pens might have drawn them."""
    X = X.copy()
    pen = rng.random(len(X))
    for chosen, broader in ((pen < OTHER_PEN, False), (pen > 1 - OTHER_PEN, True)):
        X[chosen] = other_pen(X[chosen], broader)
    return distort(X, SHAPE, rng, **DISTORTION)


def fit(X: np.ndarray, y: np.ndarray, hidden: int = HIDDEN, epochs: int = EPOCHS) -> Network:
    """Train 784–hidden–10; the learning rate falls from 0.002 to nearly 0 along a cosine."""
    rng = np.random.default_rng(SEED)
    layers = [Linear(X.shape[1], hidden, rng), ReLU(), Linear(hidden, 10, rng)]
    net = Network(layers, SoftmaxCrossEntropy(), dtype=np.float32)
    optimiser = Adam(cosine_decay(0.002, epochs * math.ceil(len(X) / BATCH_SIZE)))
    for _ in range(epochs):
        train(net, drawn_anew(X, rng), y, optimiser, epochs=1, batch_size=BATCH_SIZE, rng=rng)
    return net


def quantise(net: Network) -> dict[str, np.ndarray]:
    """Weights as whole numbers from -127 to 127 times a scale for each column; biases as they are.

    A column holds the weights into one unit, so each unit has the whole range for itself.
    """
    arrays = {}
    for l, layer in enumerate((net.layers[0], net.layers[2]), start=1):
        W = layer.params["W"]
        scale = np.abs(W).max(axis=0) / WIDEST
        arrays[f"W{l}"] = np.rint(W / scale).astype(np.int8)
        arrays[f"scale{l}"] = scale.astype(np.float32)
        arrays[f"b{l}"] = layer.params["b"].astype(np.float32)
    return arrays


def validate(X: np.ndarray, y: np.ndarray, candidates: list[int]) -> None:
    """Print how each width does on images as they are, and with a finer and a broader pen."""
    X, X_val, y, y_val = split(X, y, 1 / 6, np.random.default_rng(SEED))
    kinds = {
        "as they are": X_val,
        "finer pen": other_pen(X_val, broader=False),
        "broader pen": other_pen(X_val, broader=True),
    }
    for hidden in candidates:
        start = time.perf_counter()
        net = fit(X, y, hidden)
        seconds = time.perf_counter() - start
        small = digit_network(quantise(net))
        for kind, images in kinds.items():
            full, quantised = (
                100 * accuracy(y_val, network.predict(images)) for network in (net, small)
            )
            print(f"784–{hidden}–10, {kind}: {full:.2f} %, in 8 bits {quantised:.2f} %", flush=True)
        print(f"  {seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", nargs="?", choices=["train", "validate"], default="train")
    what = parser.parse_args().what
    data = load_mnist()
    if what == "validate":
        validate(data.X_train, data.y_train, [64, 100, 128])
        return
    start = time.perf_counter()
    arrays = quantise(fit(data.X_train, data.y_train))
    right = accuracy(data.y_test, digit_network(arrays).predict(data.X_test))
    made = {
        "command": "python -m tools.digit_network",
        "seed": SEED,
        "versions": {"Python": platform.python_version(), "numpy": np.__version__},
        "accuracy on MNIST's test images": right,
    }
    write_arrays(NETWORK, arrays | {"made": np.array(json.dumps(made))})
    seconds = time.perf_counter() - start
    print(f"{100 * right:.2f} % right on the test images, {seconds:.0f} s; {NETWORK.name} written")


if __name__ == "__main__":
    main()
