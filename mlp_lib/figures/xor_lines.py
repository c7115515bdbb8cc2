"""Live figure: XOR with two ReLU units, whose lines the reader drags, and with a single line."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mlp_lib.activations import ReLU
from mlp_lib.data import xor
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import checked_array
from mlp_lib.figures.static import Axes, element, picture, table, text
from mlp_lib.layers import Linear
from mlp_lib.losses import SquaredError
from mlp_lib.network import Network

START = ([[2, 0], [0, 2]], [-1, -1])  # one unit for each input
SOLUTION = ([[1, 1], [1, 1]], [0, -1])  # eq. 3.7
OUTPUT = ([[1], [-2]], [0])  # eq. 3.7
LINE = ([[2], [0]], [-1])

LIMIT = 0.5  # class 1 where the output is larger
ROUNDING = 1e-9  # an output nearer than this to the limit counts as on it
LOW, HIGH = -0.5, 1.5  # the part of the plane that is drawn, in both directions
SQUARE = [np.array(corner) for corner in ((LOW, LOW), (HIGH, LOW), (HIGH, HIGH), (LOW, HIGH))]
LARGEST = 1e6  # the same as in a field
SHORTEST, LONGEST = 1e-3, 1e3  # weights of a unit, as the length of its column


def checked_within(value: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return `value` as a read-only array; ValueError for a number beyond those of the fields."""
    array = checked_array(value, shape, name)
    if np.abs(array).max() > LARGEST:
        raise ValueError(f"{name} must lie from -1e6 to 1e6, got {array.tolist()}")
    return array


def of_shape(*shape: int) -> Callable[[ArrayLike, str], np.ndarray]:
    """Return a check of arrays of this shape."""
    return lambda value, name: checked_within(value, shape, name)


def lines_of_shape(*shape: int) -> Callable[[ArrayLike, str], np.ndarray]:
    """Return a check of weights of this shape, each column of which must make a line u = 0."""

    def check(value: ArrayLike, name: str) -> np.ndarray:
        W = checked_within(value, shape, name)
        for j, length in enumerate(np.hypot(*W)):
            if not SHORTEST <= length <= LONGEST:
                raise ValueError(
                    f"column {j} of {name} must have a length from {SHORTEST} to {LONGEST:g} to "
                    f"make a line, got {W[:, j].tolist()}"
                )
        return W

    return check


class XorLines(LiveFigure):
    """The 2–2–1 ReLU network on XOR, and beside it a linear one; the lines u = 0 can be dragged.

    Class 1 is where the output ŷ = ReLU(x W1 + b1) W2 + b2 is above 0.5. The linear network has
    class 1 where u = x linear_W + linear_b is above 0 (eq. 3.5). In JupyterLab the attributes can
    be set from Python and follow what the reader does in the figure.

    Parameters
    ----------
    W1 : array_like, shape (2, 2)
        Weights of the two hidden units, one in each column; no column may be 0, as u = 0 would
        be no line.
    b1 : array_like, shape (2,)
        Their biases.
    W2 : array_like, shape (2, 1)
        Weights of the output; they stay as they are while the lines are dragged.
    b2 : array_like, shape (1,)
        Bias of the output.
    linear_W : array_like, shape (2, 1)
        Weights of the linear network, not both 0.
    linear_b : array_like, shape (1,)
        Its bias.

    Raises
    ------
    ValueError
        If a value has the wrong shape, is not a finite number or too large, or makes no line.

    References
    ----------
    Source item F-11.

    Examples
    --------
    >>> figure = XorLines()
    >>> figure.outputs
    array([ 0., -2.,  1., -1.])
    >>> figure.right
    3
    >>> figure.show_solution()
    >>> figure.outputs
    array([0., 1., 1., 0.])
    """

    module = "xor_lines"
    _esm = bundle(module)
    _css = style(module)

    W1 = Checked(lines_of_shape(2, 2))
    b1 = Checked(of_shape(2))
    W2 = Checked(of_shape(2, 1))
    b2 = Checked(of_shape(1))
    linear_W = Checked(lines_of_shape(2, 1))
    linear_b = Checked(of_shape(1))

    def __init__(
        self,
        W1: ArrayLike = START[0],
        b1: ArrayLike = START[1],
        W2: ArrayLike = OUTPUT[0],
        b2: ArrayLike = OUTPUT[1],
        linear_W: ArrayLike = LINE[0],
        linear_b: ArrayLike = LINE[1],
    ) -> None:
        super().__init__(W1=W1, b1=b1, W2=W2, b2=b2, linear_W=linear_W, linear_b=linear_b)

    def __repr__(self) -> str:
        return f"XorLines: {self.right} of 4 points right, the line {self.linear_right}"

    @property
    def network(self) -> Network:
        """A new `mlp_lib.Network` with the weights of now."""
        first, last = Linear(2, 2, init=self.W1), Linear(2, 1, init=self.W2)
        first.params["b"], last.params["b"] = self.b1, self.b2
        return Network([first, ReLU(), last], SquaredError())

    @property
    def linear_network(self) -> Network:
        """A new `mlp_lib.Network` of the one line."""
        layer = Linear(2, 1, init=self.linear_W)
        layer.params["b"] = self.linear_b
        return Network([layer], SquaredError())

    @property
    def outputs(self) -> np.ndarray:
        """ŷ at the four points (0, 0), (0, 1), (1, 0), (1, 1), shape (4,)."""
        return self.network.predict(xor()[0])[:, 0]

    @property
    def linear_outputs(self) -> np.ndarray:
        """The linear network's u at the four points, shape (4,)."""
        return self.linear_network.predict(xor()[0])[:, 0]

    @property
    def right(self) -> int:
        """Number of points, of four, to which the 2–2–1 network gives their class."""
        return int(_is_right(self.outputs, LIMIT).sum())

    @property
    def linear_right(self) -> int:
        """Number of points on the right side of the line: 3 at most (eq. 3.5)."""
        return int(_is_right(self.linear_outputs, 0).sum())

    def show_solution(self) -> None:
        """Set the weights of the chapter's network (eq. 3.7)."""
        (self.W1, self.b1), (self.W2, self.b2) = SOLUTION, OUTPUT

    def fallback(self) -> str:
        """Return a picture of both planes, and the outputs in a table."""
        left = Axes((LOW, HIGH), (LOW, HIGH), 48, 28, 250, 250)
        right = Axes((LOW, HIGH), (LOW, HIGH), 368, 28, 250, 250)
        label = (
            f"The four points of XOR and where each network says class 1. Left, two ReLU units "
            f"and their lines: {self.right} of 4 points right. Right, one line: "
            f"{self.linear_right} of 4 points right."
        )
        still = picture(
            label,
            640,
            320,
            self._plane(left, "two ReLU units", self._regions(), self.W1, self.b1),
            self._plane(right, "one line", self._half_plane(), self.linear_W, self.linear_b),
        )
        X, y = xor()
        sides = [_is_right(self.outputs, LIMIT), _is_right(self.linear_outputs, 0)]
        points = zip(X, y, self.outputs, sides[0], self.linear_outputs, sides[1], strict=True)
        rows = [
            [f"({a:g},&nbsp;{b:g})", str(c), _verdict(output, good), _verdict(u, fine)]
            for (a, b), c, output, good, u, fine in points
        ]
        rows.append(["right", "", f"{self.right} of 4", f"{self.linear_right} of 4"])
        outputs = ("ŷ of the ReLU network (class 1: above 0.5)", "u of the line (class 1: above 0)")
        return f"{still}\n{table(('point', 'class', *outputs), rows)}"

    def _regions(self) -> list[list[np.ndarray]]:
        """Polygons that together are class 1; on each the two units are open or closed."""
        W1, b1, network = self.W1, self.b1, self.network
        regions = []
        for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            piece = SQUARE
            for j, sign in enumerate(signs):
                piece = _part(piece, lambda x, s=sign, j=j: s * (x @ W1[:, j] + b1[j]))
            regions.append(_part(piece, lambda x: network.predict(x[None, :])[0, 0] - LIMIT))
        return regions

    def _half_plane(self) -> list[list[np.ndarray]]:
        return [_part(SQUARE, lambda x: x @ self.linear_W[:, 0] + self.linear_b[0])]

    def _plane(self, axes: Axes, title: str, regions: list, W: np.ndarray, b: np.ndarray) -> str:
        """Return the class regions, the lines of the units, and the points, in one drawing."""
        ticks = (0, 1)
        parts = [axes.frame(ticks, ticks, "x₁", f"x₂: {title}")]
        for region in filter(None, regions):
            places = " ".join(f"{px:.1f},{py:.1f}" for px, py in (axes.place(*p) for p in region))
            parts.append(element("polygon", points=places, class_="shade"))
        for j, bias in enumerate(b):
            side = _part(SQUARE, lambda x, w=W[:, j], bias=bias: x @ w + bias)
            ends = [p for p in side if abs(p @ W[:, j] + bias) < ROUNDING]
            parts.append(axes.curve(ends, ("line", "line second")[j]))
        X, y = xor()
        for point, c in zip(X, y, strict=True):
            x, up = axes.place(*point)
            mark = {"class_": f"class{c}"}
            parts.append(
                element("rect", x=x - 6, y=up - 6, width=12, height=12, **mark)
                if c
                else element("circle", cx=x, cy=up, r=7, **mark)
            )
            parts.append(text(f"class {c}", x, up + 22))
        return "".join(parts)


def _part(polygon: Sequence[np.ndarray], value: Callable) -> list[np.ndarray]:
    """Return the part of a convex polygon where a function that is affine on it is above 0."""
    kept = []
    for p, q in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        a, b = value(p), value(q)
        if a > 0:
            kept.append(p)
        if (a > 0) != (b > 0):
            kept.append(p + (q - p) * (a / (a - b)))
    return kept


def _is_right(outputs: np.ndarray, limit: float) -> np.ndarray:
    return (outputs > limit + ROUNDING) == (xor()[1] == 1)


def _verdict(value: float, good: bool) -> str:
    return f"{show_number(round(value, 9) + 0)}, {'right' if good else 'wrong'}"
