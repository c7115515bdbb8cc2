"""Live figure: the book's worked networks, one operation at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from mlp_lib.activations import ReLU, Sigmoid
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import checked_array, positive, whole
from mlp_lib.figures.static import element, picture, table, text
from mlp_lib.layers import Linear
from mlp_lib.losses import SoftmaxCrossEntropy, SquaredError
from mlp_lib.network import Network

Arrays = tuple[np.ndarray, ...]

# x, weights, biases, target and rate of the chapters: S3-27 with E3-02, D-01 to D-12, F-01.
EXAMPLES: dict[str, dict[str, Any]] = {
    "3-2-1": {
        "x": [2, 3, 1],
        "weights": [[[3, -2], [1, -2], [2, -1]], [[3], [2]]],
        "biases": [],
        "target": [20],
        "lr": 0.01,
    },
    "2-2-2": {
        "x": [1, 0.5],
        "weights": [[[0.1, 0.3], [0.2, 0.4]], [[0.1, 0.3], [0.2, 0.4]]],
        "biases": [],
        "target": [1, 0],
        "lr": 0.005,
    },
    "3-3-3-2": {
        "x": [1, 2, -1],
        "weights": [
            [[1, 2, 0], [0, -1, 1], [-1, 1, 1]],
            [[1, 0, -1], [-1, 1, 2], [2, -1, 1]],
            [[1, 0], [2, -1], [-1, 2]],
        ],
        "biases": [[0, -1, 1], [1, 0, -1], [-1, 1]],
        "target": [3, 2],
        "lr": 0.01,
    },
}


class OfFigure(Checked):
    """A synchronised trait whose check is also given the figure, for the sizes of its network."""

    def validate(self, obj: traitlets.HasTraits, value: Any) -> Any:
        """Check a value before it is stored."""
        return self.check(value, self.name, obj)


def _checked_x(value: ArrayLike, name: str, figure: "StepByStep") -> np.ndarray:
    return checked_array(value, (figure.sizes[0],), name)


def _checked_target(value: ArrayLike, name: str, figure: "StepByStep") -> np.ndarray:
    K = figure.sizes[-1]
    target = checked_array([value] if K == 1 and np.ndim(value) == 0 else value, (K,), name)
    if figure.has_classes and (target.min() < 0 or abs(target.sum() - 1) > 1e-9):
        raise ValueError(
            f"{name} must be probabilities, 0 or more and with the sum 1, got {target.tolist()}"
        )
    return target


def _checked_weights(value: Any, name: str, figure: "StepByStep") -> Arrays:
    shapes = list(zip(figure.sizes, figure.sizes[1:], strict=False))
    return _each(value, name, "W", shapes)


def _checked_biases(value: Any, name: str, figure: "StepByStep") -> Arrays:
    shapes = [(width,) for width in figure.sizes[1:]] if figure.has_biases else []
    return _each(value, name, "b", shapes)


def _each(value: Any, name: str, letter: str, shapes: Sequence[tuple[int, ...]]) -> Arrays:
    """Return one array a layer; ValueError for another number or other shapes."""
    try:
        arrays = list(value)
    except TypeError:
        arrays = None
    if arrays is None or len(arrays) != len(shapes):
        wanted = ", ".join(f"{letter}{l}" for l in range(1, len(shapes) + 1))
        what = f"arrays [{wanted}]" if shapes else "empty: this network has none"
        raise ValueError(f"{name} must be {what}, got {value!r}")
    return tuple(
        checked_array(array, shape, f"{letter}{l} of {name}")
        for l, (array, shape) in enumerate(zip(arrays, shapes, strict=True), start=1)
    )


def _checked_step(value: int, name: str, figure: "StepByStep") -> int:
    return whole(0, figure.n_steps)(value, name)


class StepByStep(LiveFigure):
    """A worked network of the book; forward, backward and update, one operation at a time.

    The networks are 3–2–1 (ReLU, squared error, no biases), 2–2–2 (sigmoid, softmax with
    cross-entropy, no biases) and 3–3–3–2 (ReLU, squared error, biases), for one sample. In
    JupyterLab the attributes can be set from Python and follow what the reader does.

    Parameters
    ----------
    example : str
        "3-2-1", "2-2-2" or "3-3-3-2".
    forward_only : bool
        True: the figure ends with the prediction; there is no target and no cost.
    step : int
        How many operations are done at the start, 0 to `n_steps`.
    **numbers
        `x`, `weights`, `biases`, `target` and `lr` in place of the book's.

    Attributes
    ----------
    x : ndarray (d_0,)
        Inputs.
    weights, biases : tuple of ndarray
        W1, W2, … of the shapes (d_0, d_1), (d_1, d_2), …, and b1, b2, …; `biases` is empty where
        the network has none. Arrays are read-only: assign new ones.
    target : ndarray (K,)
        What the output should be; for classes, probabilities.
    lr : float
        Learning rate, above 0.

    Raises
    ------
    ValueError
        If there is no such network, or a value has the wrong shape or range or is not finite.

    References
    ----------
    Source items S3-25 to S3-42, S2-16 to S2-49, S1-32 to S1-47.

    Examples
    --------
    >>> figure = StepByStep("2-2-2")
    >>> round(figure.loss, 4)
    0.8172
    >>> figure.step = figure.n_steps
    >>> figure.weights = [W - figure.lr * G for W, G in zip(figure.weights, figure.gradients)]
    """

    module = "step_by_step"
    _esm = bundle(module)
    _css = style(module)

    example = traitlets.Unicode(read_only=True).tag(sync=True)
    x = OfFigure(_checked_x)
    weights = OfFigure(_checked_weights)
    biases = OfFigure(_checked_biases)
    target = OfFigure(_checked_target)
    lr = Checked(positive)
    forward_only = traitlets.Bool(read_only=True).tag(sync=True)
    step = OfFigure(_checked_step)

    def __init__(
        self,
        example: str = "3-2-1",
        *,
        forward_only: bool = False,
        step: int = 0,
        **numbers: Any,
    ) -> None:
        if example not in EXAMPLES:
            raise ValueError(f"example must be one of {', '.join(EXAMPLES)}, got {example!r}")
        unknown = sorted(numbers.keys() - EXAMPLES[example].keys())
        if unknown:
            raise TypeError(f"StepByStep has no argument {', '.join(unknown)}")
        self._example, self._forward_only = example, bool(forward_only)
        super().__init__(**EXAMPLES[example] | numbers, step=step)

    @traitlets.default("example")
    def _which_example(self) -> str:
        return self._example

    @traitlets.default("forward_only")
    def _whether_forward_only(self) -> bool:
        return self._forward_only

    def __repr__(self) -> str:
        return f"StepByStep: {self.example}, {self.step} of {self.n_steps} operations"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths of the layers, from the inputs to the outputs."""
        return tuple(map(int, self.example.split("-")))

    @property
    def has_biases(self) -> bool:
        """Whether the network has biases."""
        return bool(EXAMPLES[self.example]["biases"])

    @property
    def has_classes(self) -> bool:
        """Whether the outputs are probabilities of classes."""
        return self.example == "2-2-2"

    @property
    def n_steps(self) -> int:
        """Number of operations: forward, and unless `forward_only` cost, backward and update."""
        widths = self.sizes[1:]
        hidden, K = sum(widths[:-1]), widths[-1]
        forward = sum(widths) + hidden + K * self.has_classes
        if self.forward_only:
            return forward
        parameters = sum(array.size for array in self.weights + self.biases)
        return forward + 1 + K + parameters + 2 * hidden + parameters

    @property
    def network(self) -> Network:
        """A new `mlp_lib.Network` with the weights and biases of now."""
        layers: list = []
        for l, W in enumerate(self.weights):
            linear = Linear(*W.shape, init=W, bias=self.has_biases)
            if self.has_biases:
                linear.params["b"] = self.biases[l]
            layers += [linear, Sigmoid() if self.has_classes else ReLU()]
        return Network(layers[:-1], SoftmaxCrossEntropy() if self.has_classes else SquaredError())

    @property
    def prediction(self) -> np.ndarray:
        """The output ŷ (K,)."""
        return self.network.predict(self.x[None, :])[0]

    @property
    def loss(self) -> float:
        """J of the weights now."""
        return self.network.cost(*self._sample())

    @property
    def gradients(self) -> Arrays:
        """∂J/∂W of each layer, of the shapes of `weights`."""
        return self._gradients("W")

    @property
    def bias_gradients(self) -> Arrays:
        """∂J/∂b of each layer, of the shapes of `biases`; empty where there are none."""
        return self._gradients("b") if self.has_biases else ()

    def fallback(self) -> str:
        """Return the network with the numbers of its forward pass, and the step in a table."""
        outputs = []
        H = self.x[None, :]
        network = self.network
        for layer in network.layers:
            H = layer.forward(H)
            outputs.append(H[0])
        columns = [[self.x], *([u, h] for u, h in zip(outputs[::2], outputs[1::2], strict=False))]
        columns.append([outputs[-1], self.prediction] if self.has_classes else [outputs[-1]])
        drawing = _drawing(columns, self.weights, self.biases)
        if self.forward_only:
            return drawing
        t, J = _row(self.target), show_number(self.loss)
        arrays = [("W", self.weights, self.gradients), ("b", self.biases, self.bias_gradients)]
        rows = [
            [f"{letter}⁽{'¹²³'[l]}⁾", *map(_row, (value, G, value - self.lr * G))]
            for letter, values, gradients in arrays
            for l, (value, G) in enumerate(zip(values, gradients, strict=True))
        ]
        heads = ("", "value", "derivative of J", f"after a step, η = {show_number(self.lr)}")
        sentence = f"With the target {t} the cost is J = {J}."
        return f"{drawing}\n<p>{sentence}</p>\n{table(heads, rows)}"

    def _gradients(self, letter: str) -> Arrays:
        network = self.network
        network.cost_and_grad(*self._sample())
        return tuple(layer.grads[letter] for layer in network.layers[::2])

    def _sample(self) -> tuple[np.ndarray, np.ndarray]:
        return self.x[None, :], self.target[None, :]


def _row(values: np.ndarray) -> str:
    """Write a vector in brackets, a matrix with one row a line."""
    if values.ndim == 2:
        return "<br>".join(map(_row, values))
    return f"({', '.join(map(show_number, values))})"


def _drawing(columns: list[list[np.ndarray]], weights: Arrays, biases: Arrays) -> str:
    """Return the network as a picture: values in its nodes, weights on its edges."""
    inside = [
        [" | ".join(map(_short, node)) for node in zip(*values, strict=True)] for values in columns
    ]
    sizes = list(map(len, inside))
    longest = max(len(words) for column in inside for words in column)
    half = max(42, round(4 + 3.2 * longest))  # half a node's width: wide fonts need 6.4 a character
    pitch, top = 96, 74  # distance of nodes, middle of the first
    width, height = (66 + 2 * half) * len(columns) - 30, 2 * top + pitch * (max(sizes) - 1) - 30

    def place(c: int, n: int) -> tuple[float, float]:
        across = (width - 2 * half - 2) / (len(columns) - 1)
        return half + 1 + c * across, top + pitch * (n + (max(sizes) - sizes[c]) / 2)

    lines, labels, nodes = [], [], []
    for l, W in enumerate(weights):
        for (i, j), w in np.ndenumerate(W):
            (x1, y1), (x2, y2) = place(l, i), place(l + 1, j)
            x1, x2 = x1 + half, x2 - half
            lines.append(element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="grid"))
            # A quarter of the way: there the labels of crossing lines do not meet.
            labels.append(text(_short(w), x1 + (x2 - x1) / 4, y1 + (y2 - y1) / 4 + 4))
    for c, values in enumerate(columns):
        hidden, last = "u | h", "ŷ" if len(values) == 1 else "u | ŷ"
        name = "x" if c == 0 else last if c == len(columns) - 1 else hidden
        nodes.append(text(name, place(c, 0)[0], 14, class_="name"))
        for n in range(sizes[c]):
            x, y = place(c, n)
            box = {"x": x - half, "y": y - 16, "width": 2 * half, "height": 32, "rx": 8}
            nodes.append(element("rect", **box, class_="node"))
            nodes.append(text(inside[c][n], x, y + 4))
            if c > 0 and biases:
                nodes.append(text(f"b = {_short(biases[c - 1][n])}", x, y - 22))
    label = f"Network {'–'.join(map(str, sizes))} with the numbers of its forward pass"
    return picture(label, width, height, *lines, *labels, *nodes)


def _short(value: float) -> str:
    return show_number(float(f"{value:.4g}"))
