"""Live figure: pre-activations through the layers and over training, without and with BatchNorm."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from mlp_lib.activations import ReLU, Sigmoid, Tanh
from mlp_lib.batchnorm import BatchNorm
from mlp_lib.data import spiral
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import SEED, between, checked_array, one_of, whole
from mlp_lib.figures.seeded import normals
from mlp_lib.figures.static import Axes, element, picture, table, text
from mlp_lib.layers import Layer, Linear
from mlp_lib.losses import SoftmaxCrossEntropy
from mlp_lib.network import Network
from mlp_lib.optim import SGD

# As in `batchnorm_figure.js`
WIDTH = 16  # units in every hidden layer
STEPS = 100
LARGEST = 1e6  # a run whose cost grows beyond this, or is no number, ends before that step
EDGES = np.linspace(-6, 6, 49)  # of the bars; what lies outside is counted in the outermost

ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
FLAT = {"tanh": 0.04, "sigmoid": 0.01}  # slopes below 4 % of the largest count as saturated
NAMES = ("without BatchNorm", "with BatchNorm")
FACTORS = (1e-6, 10)  # what scale and rate may be

Pair = tuple[np.ndarray, np.ndarray]


def checked_samples(value: ArrayLike, name: str) -> np.ndarray:
    """Return the inputs as a read-only array; ValueError unless (N, d), 2 to 500 rows."""
    rows, cols = (*np.shape(value), 0, 0)[:2]
    if np.ndim(value) != 2 or not 2 <= rows <= 500 or cols < 1:
        raise ValueError(f"{name} must have 2 to 500 rows, one a sample, got {np.shape(value)}")
    return checked_array(value, (rows, cols), name)


def checked_labels(value: ArrayLike, name: str) -> np.ndarray:
    """Return the classes as a read-only array; ValueError unless integers from 0, two or more."""
    labels = np.array(value)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() < 1:
        raise ValueError(f"{name} must be classes 0, 1, … in one row, got {value!r}")
    labels.setflags(write=False)
    return labels


class BatchNormFigure(LiveFigure):
    """Two networks of the same start, one with BatchNorm, while they learn 100 steps.

    All hidden layers have 16 units. Both networks start from the same weights, take all samples
    as one batch and learn by plain gradient descent. Shown is what enters the activation
    functions: without BatchNorm U = HW + b, with it Z = γ Û + β.

    In JupyterLab the attributes can be set from Python and follow what the reader does. The browser
    trains for itself and gives the same numbers. But in some settings training is chaotic, as with
    tanh and BatchNorm: rounding doubles every few steps, and late steps differ in both.

    Parameters
    ----------
    activation : {"relu", "tanh", "sigmoid"}
    depth : int
        Number of hidden layers, 1 to 8.
    scale : float
        Weights start as normal numbers of standard deviation scale / √d_in, 1e-6 to 10. For ReLU
        `mlp_lib.init.he` has √2.
    lr : float
        Learning rate, 1e-6 to 10.
    step : int
        Steps taken, 0 to 100.
    seed : int
        Decides the first weights.
    X, y : array_like, shapes (N, d) and (N,), optional
        Samples and their classes; by default three arms of a spiral, 20 points each.

    Raises
    ------
    ValueError
        If a value is not as described here.

    References
    ----------
    Source items S0-45 to S0-49; Ioffe & Szegedy (2015), Batch normalization.

    Examples
    --------
    >>> figure = BatchNormFigure(activation="sigmoid", step=100)
    >>> plain, normalised = figure.summary  # (depth, 3): mean, standard deviation, share
    >>> figure.lr = 1
    """

    module = "batchnorm_figure"
    _esm = bundle(module)
    _css = style(module)

    X = Checked(checked_samples)
    y = Checked(checked_labels)
    activation = Checked(one_of(ACTIVATIONS))
    depth = Checked(whole(1, 8))
    scale = Checked(between(*FACTORS))
    lr = Checked(between(*FACTORS))
    step = Checked(whole(0, STEPS))
    seed = Checked(SEED)

    def __init__(
        self,
        activation: str = "relu",
        depth: int = 5,
        scale: float = 0.5,
        lr: float = 0.3,
        step: int = 0,
        seed: int = 1,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
    ) -> None:
        if (X is None) != (y is None):
            raise ValueError("expected X and y, or neither of them")
        if X is None:
            X, y = spiral(np.random.default_rng(16), 20)
            X = (2 * X).round(3)  # standard deviation near 1, and a short text in the page
        if len(np.atleast_1d(y)) != len(X):
            raise ValueError(f"X has {len(X)} rows, y has {np.size(y)}; expected equally many")
        settings = {"activation": activation, "depth": depth, "scale": scale, "lr": lr}
        super().__init__(X=X, y=y, step=step, seed=seed, **settings)

    def __repr__(self) -> str:
        plain, normalised = (show_number(round(run[-1], 3)) for run in self._costs(self.step))
        return (
            f"BatchNormFigure: step {self.step}, J = {plain} without, {normalised} with BatchNorm"
        )

    @property
    def networks(self) -> tuple[Network, Network]:
        """The two networks after `step` steps, without and with BatchNorm."""
        return tuple(self._train(batch_norm, self.step)[1] for batch_norm in (False, True))

    @property
    def costs(self) -> tuple[list[float], list[float]]:
        """J at steps 0, 1, … 100, without and with BatchNorm; shorter if the numbers blow up."""
        return self._costs(STEPS)

    @property
    def pre_activations(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What enters the activation functions at `step`: for each hidden layer (N, 16)."""
        return tuple(list(self._entering(network)) for network in self.networks)

    @property
    def summary(self) -> Pair:
        """Mean, standard deviation and share of each hidden layer at `step`, (depth, 3).

        The share is that of dead units with ReLU, otherwise of saturated values.
        """
        return tuple(
            np.array([self._numbers(U) for U in layers]) for layers in self.pre_activations
        )

    def _costs(self, steps: int) -> tuple[list[float], list[float]]:
        return tuple(self._train(batch_norm, steps)[0] for batch_norm in (False, True))

    def _network(self, batch_norm: bool) -> Network:
        widths = [self.X.shape[1], *[WIDTH] * self.depth, int(self.y.max()) + 1]
        drawn = normals(self.seed, sum(a * b for a, b in pairwise(widths)))
        layers: list[Layer] = []
        for l, (a, b) in enumerate(pairwise(widths)):
            W, drawn = self.scale / np.sqrt(a) * drawn[: a * b].reshape(a, b), drawn[a * b :]
            if l == self.depth:
                layers.append(Linear(a, b, init=W))
            else:  # BatchNorm makes a bias useless
                layers.append(Linear(a, b, init=W, bias=not batch_norm))
                layers += [BatchNorm(b)] * batch_norm + [ACTIVATIONS[self.activation]()]
        return Network(layers, SoftmaxCrossEntropy())

    def _train(self, batch_norm: bool, steps: int) -> tuple[list[float], Network]:
        """Return the costs at steps 0, 1, …, and the network after the last one."""
        network, optimiser = self._network(batch_norm), SGD(self.lr)
        costs = [network.cost_and_grad(self.X, self.y)]
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(steps):
                before = network.theta.copy()
                optimiser.step(network.theta, network.grad)
                cost = network.cost_and_grad(self.X, self.y)
                if not cost <= LARGEST:  # also when it is no number
                    network.theta = before
                    break
                costs.append(cost)
        return costs, network

    def _entering(self, network: Network) -> Iterator[np.ndarray]:
        U = self.X
        for layer in network.layers:
            if isinstance(layer, ACTIVATIONS[self.activation]):
                yield U
            U = layer.forward(U, train=True)

    def _numbers(self, U: np.ndarray) -> tuple[float, float, float]:
        if self.activation == "relu":
            share = (U <= 0).all(axis=0).mean()
        else:
            phi = ACTIVATIONS[self.activation]()
            phi.forward(U)
            share = (phi.backward(np.ones_like(U)) < FLAT[self.activation]).mean()
        return U.mean(), U.std(), share

    def fallback(self) -> str:
        """Return histograms and numbers of all layers before and after training."""
        settings = {name: getattr(self, name) for name in self.state()}
        before, after = (BatchNormFigure(**settings | {"step": step}) for step in (0, STEPS))
        sheets = [f.pre_activations[k] for k in (0, 1) for f in (before, after)]
        ends = " and ".join(
            f"from {costs[0]:.3f} to {costs[-1]:.3f} {name}"
            for name, costs in zip(NAMES, self.costs, strict=True)
        )
        return (
            f"<p>Activation {self.activation}, weights of scale {show_number(self.scale)}, "
            f"η = {show_number(self.lr)}: in {STEPS} steps J goes {ends}.</p>\n"
            f"{self._picture(sheets)}\n{self._table(sheets)}"
        )

    def _picture(self, sheets: list[list[np.ndarray]]) -> str:
        width, height, gap, first = 160, 34, 12, 60  # first: left edge of the first column
        parts = [
            text(NAMES[0], first + width + gap / 2, 14, class_="name"),
            text(NAMES[1], first + 3 * width + 2.5 * gap, 14, class_="name"),
        ]
        for column, layers in enumerate(sheets):
            left, bottom = first + column * (width + gap), 40 + len(layers) * (height + 8)
            parts.append(text(f"step {STEPS * (column % 2)}", left + width / 2, 32))
            for tick in (-3, 0, 3):
                x = left + width * (tick - EDGES[0]) / (EDGES[-1] - EDGES[0])
                parts.append(element("line", x1=x, x2=x, y1=40, y2=bottom - 8, class_="grid"))
                parts.append(text(show_number(tick), x, bottom + 8))
            for row, U in enumerate(layers):
                top = 40 + row * (height + 8)
                if column == 0:
                    parts.append(text(f"layer {row + 1}", 0, top + height, "start"))
                counts, _ = np.histogram(np.clip(U, EDGES[0], EDGES[-1]), EDGES)
                steps = np.flatnonzero(np.diff(counts, prepend=-1, append=-1))  # bars differ here
                heights = np.repeat(counts[steps[:-1]], 2)
                axes = Axes((EDGES[0], EDGES[-1]), (0, counts.max()), left, top, width, height)
                outline = zip(np.repeat(EDGES[steps], 2)[1:-1], heights, strict=True)
                parts.append(axes.curve(outline, "one" if column < 2 else "two"))
        label = f"Histograms of what enters the activations of {self.depth} hidden layers"
        return picture(label, first + 4 * (width + gap), bottom + 16, *parts)

    def _table(self, sheets: list[list[np.ndarray]]) -> str:
        share = "dead units" if self.activation == "relu" else "saturated values"
        columns = [[self._numbers(U) for U in layers] for layers in sheets]
        heads = [f"{n}, step {s}" for n in ("without", "with") for s in (0, STEPS)]
        rows = [
            [f"layer {l}", *(f"{_tidy(m)}, {_brief(s)}, {100 * c:.0f} %" for m, s, c in row)]
            for l, row in enumerate(zip(*columns, strict=True), start=1)
        ]
        return table(["", *heads], rows, f"Mean, standard deviation, {share}")


def _tidy(value: float) -> str:
    return show_number(round(value, 2) + 0 if abs(value) < 100 else float(f"{value:.3g}"))


def _brief(value: float) -> str:
    return show_number(float(f"{value:.2g}"))
