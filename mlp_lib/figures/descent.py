"""Live figure: gradient descent, momentum and Adam on costs of two parameters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import traitlets
from contourpy import contour_generator
from numpy.typing import ArrayLike

from mlp_lib.activations import ReLU
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style, to_lists
from mlp_lib.figures.checks import SEED, checked_array, checked_number, one_of, positive, whole
from mlp_lib.figures.seeded import shuffled, uniform
from mlp_lib.figures.static import Axes, element, picture, table
from mlp_lib.layers import Linear
from mlp_lib.losses import SquaredError
from mlp_lib.network import Network
from mlp_lib.optim import SGD, Adam, Momentum, Optimiser

OPTIMISERS = ("SGD", "Momentum", "Adam")
MOST_STEPS = 400
LINES = {"SGD": "a solid line", "Momentum": "dashes", "Adam": "dots"}  # in the still picture
FAR = 1e9  # a path ends before a step that would lead further out
LONGEST = 1e3  # no rate above it is tried


def prices() -> np.ndarray:
    """Return the forty samples (x, t) of the chapter on gradient descent, shape (40, 2)."""
    rng = np.random.default_rng(8)
    x = rng.uniform(0, 3, 40)
    return np.column_stack([x, 1 + 0.5 * x + rng.normal(0, 0.5, 40)])


@dataclass(frozen=True)
class Surface:
    """What a figure starts with on a surface, and what its map shows."""

    names: tuple[str, str]
    start: tuple[float, float]
    lr: Mapping[str, float]
    rates: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]
    ticks: tuple[Sequence[float], Sequence[float]]
    levels: Sequence[float]


SURFACES = {
    "bowl": Surface(
        ("b", "w"),
        (-1.0, 0.0),
        {"SGD": 0.1, "Momentum": 0.03, "Adam": 0.2},
        (0.003, 3),
        (-1.3, 3.1),
        (-1.2, 2.4),
        ((-1, 0, 1, 2, 3), (-1, 0, 1, 2)),
        (0.03, 0.1, 0.3, 0.8, 2, 4, 8, 14, 22),
    ),
    "valley": Surface(
        ("θ₁", "θ₂"),
        (10.0, 1.0),
        {"SGD": 0.038, "Momentum": 0.01, "Adam": 0.5},
        (0.001, 3),
        (-6, 12),
        (-1.6, 1.6),
        ((-5, 0, 5, 10), (-1, 0, 1)),
        (0.1, 0.5, 2, 5, 10, 20, 40, 70, 100),
    ),
    "network": Surface(
        ("w₁", "w₂"),
        (3.0, 3.0),
        {"SGD": 0.01, "Momentum": 0.001, "Adam": 0.5},
        (0.0001, 2),
        (-2.5, 7.5),
        (-4, 4),
        ((-2, 0, 2, 4, 6), (-4, -2, 0, 2, 4)),
        (1, 10, 50, 150, 300, 600, 1500, 3000, 5000),
    ),
}


class Cost:
    """The mean squared error of an `mlp_lib.Network` as a function of two of its parameters.

    Parameters
    ----------
    network : Network
    X : ndarray (N, d)
    T : ndarray (N, 1)
    places : list of int
        Where the two parameters stand in the network's theta.
    curvature : float
        Largest curvature at a minimum; of several minima, at the one where it is smallest.
    """

    def __init__(
        self, network: Network, X: np.ndarray, T: np.ndarray, places: list[int], curvature: float
    ) -> None:
        self.network, self.X, self.T, self.places = network, X, T, places
        self.N, self.curvature = len(X), curvature

    def value(self, theta: np.ndarray) -> float:
        """J at theta (2,)."""
        self.network.theta[self.places] = theta
        return self.network.cost(self.X, self.T)

    def gradient(self, theta: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """∂J/∂theta, (2,), on all samples or on those of a mini-batch."""
        self.network.theta[self.places] = theta
        self.network.cost_and_grad(self.X[rows], self.T[rows])
        return self.network.grad[self.places]


def linear_cost(X: np.ndarray, t: np.ndarray) -> Cost:
    """The cost of ŷ = θ₁ x₁ + θ₂ x₂, a bowl; its curvatures are eigenvalues of A in eq. 8.7."""
    curvature = np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]
    network = Network([Linear(2, 1, init=np.zeros((2, 1)), bias=False)], SquaredError())
    return Cost(network, X, t[:, None], [0, 1], float(curvature))


def network_cost() -> Cost:
    """The cost of the 3–2–1 network in its two marked weights (w₁, w₂), source items S3-41, S3-42.

    The first hidden unit has u = 2 w₂ + 1·3 + 2·1, the second stays closed, the target is 20. No
    minimum has a smaller curvature than 2 S of eq. 9.13 with x₁ alone.
    """
    x, target = 2.0, 20.0
    layers = [Linear(1, 1, init=np.zeros((1, 1))), ReLU()]
    network = Network([*layers, Linear(1, 1, init=np.zeros((1, 1)), bias=False)], SquaredError())
    network.theta[1] = 5  # the inputs that do not change, as a bias
    return Cost(network, np.array([[x]]), np.array([[target]]), [2, 0], 4 * target * x)


def valley_cost() -> Cost:
    """Eight samples with all signs; J = ½ (θ₁² + 50 θ₂²) + 0.09, the valley before eq. 17.1."""
    signs = [1.0, -1.0]
    a, b, c = (part.ravel() for part in np.meshgrid(signs, signs, signs, indexing="ij"))
    return linear_cost(np.column_stack([a * np.sqrt(0.5), b * 5]), c * 0.3)


def batches(N: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """Rows of mini-batches without end: every epoch shuffles anew and cuts the list (eq. 8.8)."""
    random = uniform(seed)
    while True:
        order = shuffled(N, random) if size < N else np.arange(N)
        for k in range(0, N, size):
            yield order[k : k + size]


def checked_names(value: Sequence[str], name: str) -> list[str]:
    """Return names of optimisers in the order of `OPTIMISERS`; ValueError for any other."""
    given = value if isinstance(value, list | tuple) else [value]
    if not given or not all(item in OPTIMISERS for item in given):
        raise ValueError(f"{name} must be some of {', '.join(OPTIMISERS)}, got {value!r}")
    return [optimiser for optimiser in OPTIMISERS if optimiser in given]


def checked_start(value: ArrayLike, name: str) -> np.ndarray:
    """Return the two parameters at step 0 as a read-only array."""
    return checked_array(value, (2,), name)


def checked_rates(value: Any, name: str) -> Mapping[str, float]:
    """Return the rate of each optimiser, larger than 0; a number stands for all of them."""
    given = value if isinstance(value, Mapping) else dict.fromkeys(OPTIMISERS, value)
    if set(given) != set(OPTIMISERS):
        expected = "a number, or one for each of " + ", ".join(OPTIMISERS)
        raise ValueError(f"{name} must be {expected}, got {value!r}")
    return MappingProxyType({key: positive(given[key], f"{name} of {key}") for key in OPTIMISERS})


def checked_share(value: float, name: str) -> float:
    """Return the share of the velocity that is kept, from 0 up to 1."""
    share = checked_number(value, name)
    if not 0 <= share < 1:
        raise ValueError(f"{name} must be from 0 up to 1, without 1, got {value!r}")
    return share


def checked_batch(value: int | None, name: str) -> int | None:
    """Return the size of the mini-batches, None for all samples."""
    return value if value is None else whole(1, 10**6)(value, name)


def checked_samples(value: ArrayLike, name: str) -> np.ndarray:
    """Return samples (x, t), shape (N, 2), as a read-only array; x must take two values or more."""
    samples = checked_array(value, (len(value) if np.ndim(value) == 2 else 2, 2), name)
    if len(np.unique(samples[:, 0])) < 2:
        raise ValueError(f"{name} must have at least two different x, got {samples[:, 0]}")
    return samples


class Descent(LiveFigure):
    """Paths of optimisers over the map of a cost with two parameters.

    Surfaces: ``"bowl"``, the mean squared error of ŷ = b + w x on `samples`; ``"valley"``, a bowl
    with curvatures 1 and 50; ``"network"``, source S3's 3–2–1 network in its two marked weights,
    which is no bowl. In JupyterLab the attributes can be set from Python and follow what the reader
    does in the figure.

    Parameters
    ----------
    surface : {"bowl", "valley", "network"}
    optimisers : list of {"SGD", "Momentum", "Adam"}
        What the figure offers.
    start : array_like, shape (2,), optional
        Parameters at step 0.
    lr : float, or dict name -> float, optional
        Learning rate η, above 0, of all optimisers or of those named. Start and rates that are not
        given are those of the surface, and another surface brings its own.
    momentum : float
        Share μ of the velocity that momentum keeps, 0 ≤ μ < 1.
    steps : int
        How many steps are taken, 0 to 400.
    batch : int, optional
        Size of the mini-batches; None: every step uses all samples.
    seed : int
        Of the shuffling of the samples.
    samples : array_like, shape (N, 2), optional
        Pairs (x, t) for the bowl; the forty of the chapter on gradient descent unless given.

    Attributes
    ----------
    shown : list of str
        The optimisers that are drawn.

    Raises
    ------
    ValueError
        If a value has the wrong shape or is out of its range.

    References
    ----------
    Source items S0-31, S0-56, S3-26, S3-41 to S3-43; erratum E3-07.

    Examples
    --------
    >>> figure = Descent("valley", lr=0.02, steps=10)
    >>> figure.limit
    0.04
    >>> figure.paths["SGD"][-1].round(4)
    array([8.1707, 0.    ])
    """

    module = "descent"
    _esm = bundle(module)
    _css = style(module)

    surface = Checked(one_of(SURFACES))
    optimisers = Checked(checked_names)
    shown = Checked(checked_names)
    start = Checked(checked_start)
    lr = Checked(checked_rates)
    momentum = Checked(checked_share)
    steps = Checked(whole(0, MOST_STEPS))
    batch = Checked(checked_batch)
    seed = Checked(SEED)
    samples = Checked(checked_samples)
    surfaces = traitlets.Dict(
        {name: to_lists(asdict(surface)) for name, surface in SURFACES.items()}, read_only=True
    ).tag(sync=True)

    def __init__(
        self,
        surface: str = "bowl",
        optimisers: Sequence[str] = OPTIMISERS,
        start: ArrayLike | None = None,
        lr: float | Mapping[str, float] | None = None,
        momentum: float = 0.9,
        steps: int = 0,
        batch: int | None = None,
        seed: int = 0,
        samples: ArrayLike | None = None,
    ) -> None:
        own = SURFACES[one_of(SURFACES)(surface, "surface")]
        if lr is None or isinstance(lr, Mapping):
            lr = {**own.lr, **(lr or {})}
        super().__init__(
            surface=surface,
            optimisers=optimisers,
            shown=optimisers,
            start=own.start if start is None else start,
            lr=lr,
            momentum=momentum,
            steps=steps,
            batch=batch,
            seed=seed,
            samples=prices() if samples is None else samples,
        )
        self.observe(self._restart, "surface")  # from now on: here start and rates are the caller's

    def __repr__(self) -> str:
        ends = (f"{name} J = {show_number(J[-1])}" for name, J in self.costs.items())
        return f"Descent: {self.surface}, step {self.steps}: {', '.join(ends)}"

    def _restart(self, change: Any) -> None:
        """Another surface has other parameters, so it brings its own start and rates."""
        own = SURFACES[change.new]
        self.start, self.lr, self.batch = own.start, own.lr, None

    @property
    def cost(self) -> Cost:
        """J and its gradient, computed by an `mlp_lib.Network`."""
        if self.surface == "valley":
            return valley_cost()
        if self.surface == "network":
            return network_cost()
        x, t = self.samples.T
        return linear_cost(np.column_stack([np.ones(len(x)), x]), t)

    @property
    def lowest(self) -> float:
        """The smallest J of the surface."""
        cost = self.cost
        if self.surface == "network":
            return 0.0
        return cost.value(np.linalg.lstsq(cost.X, cost.T[:, 0])[0])

    @property
    def paths(self) -> dict[str, np.ndarray]:
        """For each optimiser shown the parameters at steps 0, 1, …, shape (steps + 1, 2).

        A path that leads further out than 10⁹ ends before that.
        """
        return {name: self._path(name) for name in self.shown}

    @property
    def costs(self) -> dict[str, np.ndarray]:
        """For each optimiser shown J at steps 0, 1, … of its path, on all samples."""
        value = self.cost.value
        return {name: np.array([value(p) for p in path]) for name, path in self.paths.items()}

    @property
    def limit(self) -> float:
        """The rate 2 / c up to which gradient descent comes to rest, c the largest curvature.

        On a bowl every step with a smaller rate lowers J, from any place. On the network's surface
        no minimum is stable beyond it.
        """
        return 2 / self.cost.curvature

    @property
    def helpful_rate(self) -> float | None:
        """Up to which rate the first step of gradient descent lowers J; None where J is flat."""
        cost, g = self.cost, self.cost.gradient(self.start)
        if not g.any():
            return None
        J = cost.value(self.start)
        low, high = 0.0, 1e-6
        while high < LONGEST and cost.value(self.start - high * g) < J:
            low, high = high, 1.02 * high
        for _ in range(60):
            middle = (low + high) / 2
            if cost.value(self.start - middle * g) < J:
                low = middle
            else:
                high = middle
        return low

    def fallback(self) -> str:
        """Return the map with the paths, and in a table where they start and end."""
        here, cost = SURFACES[self.surface], self.cost
        axes = Axes(here.x, here.y, 50, 24, 460, 340)
        xs, ys = np.linspace(*here.x, 61), np.linspace(*here.y, 46)
        heights = np.array([[cost.value(np.array([x, y])) for x in xs] for y in ys]) - self.lowest
        lines = contour_generator(xs, ys, heights)
        parts = [axes.curve(line, "contour") for J in here.levels for line in lines.lines(J)]
        parts.append(axes.dots([self.start], "start", 6))
        rows, paths, costs = [], self.paths, self.costs
        for name in self.shown:
            near = np.clip(paths[name], -1e4, 1e4)  # what lies outside the map is cut off
            parts += [axes.curve(near, f"path {name}"), axes.dots(near[-1:], f"end {name}")]
            rate = show_number(self.lr[name])
            end = ", ".join(show_number(value) for value in paths[name][-1])
            taken = len(paths[name]) - 1
            first_J, last_J = show_number(costs[name][0]), show_number(costs[name][-1])
            rows.append([name, rate, first_J, str(taken), f"({end})", last_J])
        first, second = here.names
        label = (
            f"Contour lines of J over {first} and {second}, with paths of {', '.join(self.shown)}"
        )
        heads = ("", "rate η", "J at the start", "steps", f"({first}, {second})", "J")
        sentence = (
            f"The lowest J is {show_number(self.lowest)}. Gradient descent comes to rest with "
            f"rates up to η = {show_number(self.limit)}. The paths start at the ring: "
            f"{', '.join(f'{name} {LINES[name]}' for name in self.shown)}."
        )
        box = {"x": 50, "y": 24, "width": 460, "height": 340}
        inside = element("svg", *parts, **box, viewBox="50 24 460 340")
        drawing = picture(label, 530, 410, axes.frame(*here.ticks, *here.names), inside)
        return f"{drawing}\n<p>{sentence}</p>\n{table(heads, rows)}"

    def _rule(self, name: str) -> Optimiser:
        lr = self.lr[name]
        rules = {"SGD": SGD, "Momentum": lambda lr: Momentum(lr, self.momentum), "Adam": Adam}
        return rules[name](lr)

    def _path(self, name: str) -> np.ndarray:
        cost, rule = self.cost, self._rule(name)
        rows = batches(cost.N, self.batch or cost.N, self.seed)
        path = [self.start]
        while len(path) <= self.steps:
            theta = path[-1].copy()
            rule.step(theta, cost.gradient(theta, next(rows)))
            if not (np.abs(theta) <= FAR).all():
                break
            path.append(theta)
        return np.array(path)
