"""Live figure: a playground, in which a small network learns to tell points of the plane apart."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import traitlets

from mlp_lib.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from mlp_lib.batchnorm import BatchNorm
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import between, checked_array, one_of, whole
from mlp_lib.figures.seeded import normal, rounded, uniform
from mlp_lib.figures.static import Axes, element, picture, table
from mlp_lib.layers import Dropout, Linear
from mlp_lib.losses import SoftmaxCrossEntropy
from mlp_lib.metrics import accuracy
from mlp_lib.network import Network
from mlp_lib.optim import SGD, Adam, Momentum

DATA = ("xor", "moons", "circles", "spiral", "own")
ACTIVATIONS = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "identity": None,  # no layer
}
OPTIMISERS = {"SGD": SGD, "Momentum": Momentum, "Adam": Adam}

# As in playground_data.js: what is added to the seed, and the number of points for validation.
WEIGHTS = 10**6
VALIDATION = 100
HALF = 3.0  # the plane shows x1 and x2 from -3 to 3
MOST_POINTS = 200

STILL_STEPS = (0, 50, 200)  # of the still picture

Points = list[list[float]]


def checked_hidden(value: Any, name: str) -> list[int]:
    """Return the widths of the hidden layers, at most four of 1 to 8 units."""
    try:
        widths = list(value)
    except TypeError as error:
        raise ValueError(
            f"{name} must be a list of widths such as [8, 8], got {value!r}"
        ) from error
    if len(widths) > 4:
        raise ValueError(f"{name} must be 4 widths at most, got {value!r}")
    return [whole(1, 8)(width, f"{name}[{l}]") for l, width in enumerate(widths)]


def checked_points(value: Any, name: str) -> Points:
    """Return the reader's own points, [x1, x2, class] each."""
    try:
        points = [list(point) for point in value]
    except TypeError as error:
        raise ValueError(f"{name} must be a list of [x1, x2, class], got {value!r}") from error
    if len(points) > MOST_POINTS:
        raise ValueError(f"{name} must be {MOST_POINTS} points at most, got {len(points)}")
    for n, point in enumerate(points):
        *place, k = checked_array(point, (3,), f"{name}[{n}]")
        if max(map(abs, place)) > HALF or k not in (0, 1):
            raise ValueError(
                f"{name}[{n}] must be x1 and x2 from -3 to 3 and a class 0 or 1, got {point}"
            )
        points[n] = [*map(float, place), int(k)]
    return points


def checked_trained(value: Any, name: str) -> dict[str, Any] | None:
    """Return step, parameters and running statistics; None stands for the start values."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"steps", "theta", "running"}:
        raise ValueError(f"{name} must be None or a dict of steps, theta, running, got {value!r}")
    theta = checked_array(value["theta"], np.shape(value["theta"]), f"theta of {name}")
    running = [
        [checked_array(row, np.shape(row), f"running of {name}").tolist() for row in pair]
        for pair in value["running"]
    ]
    steps = whole(0, 10**12)(value["steps"], f"steps of {name}")
    return {"steps": steps, "theta": theta.tolist(), "running": running}


class Playground(LiveFigure):
    """A small network learns to tell two classes of points apart, in the page.

    In JupyterLab the settings can be changed from Python and follow what the reader does; the
    weights follow whenever training is paused.

    Parameters
    ----------
    data : str
        "xor", "moons", "circles", "spiral", or "own": the points in `points`.
    noise : float
        Standard deviation of each coordinate about its place, 0 to 1.
    samples : int
        Points to train with, 4 to 200; 100 more are for validation.
    seed : int
        Draws points, start weights, mini-batches and dropout.
    points : list of [x1, x2, class]
        The reader's own; every third is for validation.
    hidden : list of int
        Widths of up to four hidden layers, 1 to 8 units each.
    activation : str
        "relu", "leaky_relu", "tanh", "sigmoid" or "identity".
    batch_norm : bool
        Batch normalisation before every activation.
    dropout : float
        Share of hidden units that a step leaves out, 0 to 0.9.
    weight_decay : float
        λ of the penalty (eq. 15.1), 0 to 1.
    optimiser : str
        "SGD", "Momentum" or "Adam".
    lr : float
        Learning rate η.
    batch_size : int
        Points in a mini-batch; all of them if there are no more.

    Attributes
    ----------
    trained : dict or None
        `steps`, `theta` and `running` (the statistics of batch normalisation) when training was
        last paused; None at the start.

    Raises
    ------
    ValueError
        If a value is not one of those above.

    References
    ----------
    Source items S0-55 to S0-60.

    Examples
    --------
    >>> figure = Playground(data="circles", hidden=[4])
    >>> figure.activation = "relu"
    >>> X, y = figure.training
    >>> figure.network.cost(X, y) == figure.loss
    True
    """

    module = "playground"
    _esm = bundle(module)
    _css = style(module)

    data = Checked(one_of(DATA))
    noise = Checked(between(0, 1))
    samples = Checked(whole(4, 200))
    seed = Checked(whole(0, 999_999))
    points = Checked(checked_points)
    hidden = Checked(checked_hidden)
    activation = Checked(one_of(ACTIVATIONS))
    batch_norm = traitlets.Bool().tag(sync=True)
    dropout = Checked(between(0, 0.9))
    weight_decay = Checked(between(0, 1))
    optimiser = Checked(one_of(OPTIMISERS))
    lr = Checked(between(1e-6, 100))
    batch_size = Checked(whole(1, 200))
    trained = Checked(checked_trained)

    def __init__(
        self,
        data: str = "spiral",
        noise: float = 0.1,
        samples: int = 200,
        seed: int = 1,
        points: Sequence[Sequence[float]] = (),
        hidden: Sequence[int] = (8, 8),
        activation: str = "tanh",
        batch_norm: bool = False,
        dropout: float = 0,
        weight_decay: float = 0,
        optimiser: str = "Adam",
        lr: float = 0.03,
        batch_size: int = 200,
    ) -> None:
        settings = locals()
        names = [name for name in settings if self.has_trait(name)]
        super().__init__(trained=None, **{name: settings[name] for name in names})

    def __repr__(self) -> str:
        widths = "–".join(map(str, [2, *self.hidden, 2]))
        return f"Playground: {self.data}, network {widths}, step {self.steps}"

    @traitlets.observe("data", "noise", "samples", "seed", "hidden", "activation", "batch_norm")
    def _restart(self, change: Any) -> None:
        """Other points or another network: begin anew."""
        self.trained = None

    @traitlets.validate("trained")
    def _fits(self, proposal: Any) -> Any:
        """ValueError unless the parameters are as many as the network has."""
        if proposal.value is not None:
            _restore(self._at_start(), proposal.value)
        return proposal.value

    @property
    def steps(self) -> int:
        """Steps of training until it was last paused."""
        return self.trained["steps"] if self.trained else 0

    @property
    def training(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs X (N, 2) and classes y (N,) of the points to train with."""
        return self._sets()[0]

    @property
    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs X (N, 2) and classes y (N,) of the points for validation."""
        return self._sets()[1]

    @property
    def network(self) -> Network:
        """A new `mlp_lib.Network` with the present weights.

        A network of the same layers, trained in Python, can be assigned: the figure shows it.
        """
        network = self._at_start()
        if self.trained:
            _restore(network, self.trained)
        return network

    @network.setter
    def network(self, network: Network) -> None:
        own, given = self._at_start(), network.state()
        own.set_state(given)
        self.trained = {
            "steps": self.steps,
            "theta": network.theta,
            "running": [list(layer.buffers.values()) for layer in _normalisers(network)],
        }

    @property
    def loss(self) -> float:
        """J of the present weights on the points to train with, in evaluation mode."""
        return self.network.cost(*self.training)

    @property
    def validation_loss(self) -> float:
        """J of the present weights on the points for validation."""
        return self.network.cost(*self.validation)

    def _sets(self) -> list[tuple[np.ndarray, np.ndarray]]:
        if self.data == "own":
            parts = [p for n, p in enumerate(self.points) if n % 3 < 2], self.points[2::3]
        else:
            draw = uniform(self.seed)
            deviation = normal(draw)

            def point(n: int) -> list[float]:
                place = _place(self.data, n % 2, draw())
                return [*(rounded(x + self.noise * deviation(), 3) for x in place), n % 2]

            validation = [point(n) for n in range(VALIDATION)]
            parts = [point(n) for n in range(self.samples)], validation
        tables = [np.array(part, dtype=float).reshape(-1, 3) for part in parts]
        return [(table[:, :2], table[:, 2].astype(int)) for table in tables]

    def _at_start(self) -> Network:
        """Return the network at its start values, which are those of the browser."""
        draw = uniform(self.seed + WEIGHTS)
        rng = np.random.default_rng(self.seed)  # for dropout
        layers: list[Any] = []
        for l, (d_in, d_out) in enumerate(pairwise([2, *self.hidden, 2])):
            W = _start_weights(draw, d_in, d_out, self.activation)
            is_last = l == len(self.hidden)
            layers.append(Linear(d_in, d_out, init=W, bias=is_last or not self.batch_norm))
            if is_last:
                break
            if self.batch_norm:
                layers.append(BatchNorm(d_out))
            if self.activation != "identity":
                layers.append(ACTIVATIONS[self.activation]())
            if self.dropout:
                layers.append(Dropout(self.dropout, rng))
        return Network(layers, SoftmaxCrossEntropy(), self.weight_decay)

    def fallback(self) -> str:
        """Return the plane after some steps with `mlp_lib`, and the costs on the way."""
        (X, y), (X_val, y_val) = training, validation = self._sets()
        if not (len(y) and len(y_val)):
            return f"<p>A plane with {len(y) + len(y_val)} points, and a network to train.</p>"
        network, rows = self.network, []
        rule = OPTIMISERS[self.optimiser](self.lr)
        with np.errstate(all="ignore"):
            for step in range(STILL_STEPS[-1] + 1):
                if step in STILL_STEPS:
                    numbers = [network.cost(*training), network.cost(*validation)]
                    shares = [accuracy(t, network.predict(A)) for A, t in (training, validation)]
                    texts = [show_number(float(f"{value:.2g}")) for value in numbers]
                    texts += [f"{100 * share:.0f} %" for share in shares]
                    rows.append([str(self.steps + step), *texts])
                before = network.state()
                network.cost_and_grad(X, y)
                rule.step(network.theta, network.grad)
                if not np.abs(network.theta).max() < 1e6:
                    network.set_state(before)
                    break
        names = ("step", "J, training", "J, validation", "right, training", "right, validation")
        return (
            f"{_still_picture(network, training, validation)}\n"
            f"<p>Two classes, round and square; hollow points are for validation. The ground is "
            f"tinted where the network {'–'.join(map(str, [2, *self.hidden, 2]))} finds the square "
            f"class more likely, after training with {self.optimiser}, "
            f"η = {show_number(self.lr)}, on all points at a time.</p>\n{table(names, rows)}"
        )


def _place(data: str, k: int, t: float) -> tuple[float, float]:
    """Where the point at the share t of class k would stand without noise."""
    if data == "xor":
        x = -1.2 if t < 0.5 else 1.2
        return x, x if k == 0 else -x
    if data == "moons":
        x, y = 1.5 * math.cos(math.pi * t) - 0.75, 1.5 * math.sin(math.pi * t) - 0.375
        return (x, y) if k == 0 else (-x, -y)
    if data == "circles":
        radius, angle = 0.8 if k == 0 else 2, 2 * math.pi * t
    else:
        radius, angle = 0.24 + 2.16 * t, math.pi * k + 6 * t
    return radius * math.cos(angle), radius * math.sin(angle)


def _start_weights(draw: Callable[[], float], d_in: int, d_out: int, activation: str) -> np.ndarray:
    """He's start values for the ReLU family, Glorot's for the others (eq. 14.6, eq. 14.8)."""
    if activation.endswith("relu"):
        deviation, scale = normal(draw), math.sqrt(2 / d_in)
        values = [scale * deviation() for _ in range(d_in * d_out)]
    else:
        limit = math.sqrt(6 / (d_in + d_out))
        values = [limit * (2 * draw() - 1) for _ in range(d_in * d_out)]
    return np.array([rounded(value, 4) for value in values]).reshape(d_in, d_out)


def _normalisers(network: Network) -> list[BatchNorm]:
    return [layer for layer in network.layers if isinstance(layer, BatchNorm)]


def _restore(network: Network, trained: dict[str, Any]) -> None:
    """Write parameters and running statistics into the network; ValueError if they do not fit."""
    theta, layers = trained["theta"], _normalisers(network)
    if len(theta) != network.theta.size or len(trained["running"]) != len(layers):
        raise ValueError(
            f"trained holds {len(theta)} parameters and {len(trained['running'])} normalised "
            f"layers, the network has {network.theta.size} and {len(layers)}"
        )
    network.theta = theta
    for layer, pair in zip(layers, trained["running"], strict=True):
        layer.buffers["running_mean"], layer.buffers["running_var"] = map(np.array, pair)


def _still_picture(network: Network, training, validation, cells: int = 40) -> str:
    """Return the plane: where the second class is more likely, and the points."""
    axes = Axes((-HALF, HALF), (-HALF, HALF), 48, 24, 300, 300)
    at = ((np.arange(cells) + 0.5) / cells * 2 - 1) * HALF
    side = 300 / cells
    parts = []
    for i, x2 in enumerate(-at):
        likely = network.predict(np.column_stack([at, np.full(cells, x2)]))[:, 1] > 0.5
        ends = np.flatnonzero(np.diff(np.concatenate([[0], likely, [0]])))
        for start, stop in ends.reshape(-1, 2):
            x, y, width = 48 + side * int(start), 24 + side * i, side * int(stop - start)
            box = {"x": x, "y": y, "width": width, "height": side}
            parts.append(element("rect", class_="region", **box))
    parts.append(axes.frame([-2, 0, 2], [-2, 0, 2], "x₁", "x₂"))
    for (X, y), forms in ((validation, ("body", "hole")), (training, ("body",))):
        for k in (0, 1):
            places = [axes.place(*np.clip(x, -HALF, HALF)) for x in X[y == k]]
            line = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in places)
            parts += [element("path", class_=f"{form} class-{k}", d=line) for form in forms]
    label = f"{len(training[1])} points to train with and {len(validation[1])} for validation"
    return picture(f"The plane of the two inputs with {label}", 360, 364, *parts)
