"""Live figure: an activation function, its slope, and the tangent at a point."""

from typing import Any

import numpy as np

from mlp_lib.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import between, one_of
from mlp_lib.figures.static import Axes, element, picture
from mlp_lib.layers import Layer

LIMIT = 6.0  # the figure shows u from -6 to 6
FLAT_SHARE = 0.1


class Identity(Layer):
    """Gives back what it gets."""

    def forward(self, X, train=False):
        return self._keep(X)

    def backward(self, D, input_grad=True):
        self._recall(D)
        return D


# name in the figures' state: (name to read, layer)
ACTIVATIONS: dict[str, tuple[str, type[Layer]]] = {
    "identity": ("identity", Identity),
    "sigmoid": ("sigmoid", Sigmoid),
    "tanh": ("tanh", Tanh),
    "relu": ("ReLU", ReLU),
    "leaky_relu": ("LeakyReLU", LeakyReLU),
}


class ActivationFunctions(LiveFigure):
    """An activation function over its slope, with the tangent at a point that can be moved.

    Shaded is where the function is flat: where its slope is below a tenth of its largest value.
    In JupyterLab the attributes can be set from Python and follow what the reader does.

    Parameters
    ----------
    activation : str
        `"identity"`, `"sigmoid"`, `"tanh"`, `"relu"` or `"leaky_relu"` (slope 0.01 where closed).
    u : float
        Pre-activation at the point, from -6 to 6.

    Raises
    ------
    ValueError
        If there is no activation function of this name, or u is not a number from -6 to 6.

    References
    ----------
    Source items S0-36 to S0-38, S1-22 to S1-27, S3-19, S3-20, S3-22 to S3-24.

    Examples
    --------
    >>> figure = ActivationFunctions("tanh")
    >>> figure.u = 0
    >>> figure.h, figure.slope
    (0.0, 1.0)
    """

    module = "activation_functions"
    _esm = bundle(module)
    _css = style(module)

    activation = Checked(one_of(ACTIVATIONS))
    u = Checked(between(-LIMIT, LIMIT))

    def __init__(self, activation: str = "sigmoid", u: float = 2.0) -> None:
        super().__init__(activation=activation, u=u)

    def __repr__(self) -> str:
        point = f"u = {self.u:.4g}, h = {self.h:.4g}, slope {self.slope:.4g}"
        return f"ActivationFunctions: {self.activation} at {point}"

    def values(self, u: np.ndarray) -> np.ndarray:
        """H = φ(u) for an array of any shape."""
        return self._value_and_slope(u)[0]

    def slopes(self, u: np.ndarray) -> np.ndarray:
        """φ'(u) for an array of any shape."""
        return self._value_and_slope(u)[1]

    @property
    def h(self) -> float:
        """φ(u) at the point."""
        return float(self.values(np.array(self.u)))

    @property
    def slope(self) -> float:
        """φ'(u) at the point; 0 for ReLU and 0.01 for LeakyReLU at u = 0."""
        return float(self.slopes(np.array(self.u)))

    @property
    def largest_slope(self) -> float:
        """The largest value of φ': 0.25 for the sigmoid, else 1."""
        return float(self.slopes(np.array([0.0, 1.0])).max())  # at 0, or where ReLU is open

    @property
    def is_flat(self) -> bool:
        """Whether the slope at the point is below a tenth of the largest."""
        return self.slope < FLAT_SHARE * self.largest_slope

    def fallback(self) -> str:
        """Return function, tangent and slope as a drawing, and the point in words."""
        title = ACTIVATIONS[self.activation][0]
        u = np.linspace(-LIMIT, LIMIT, 241)
        high = 1.2 if self.activation in ("sigmoid", "tanh") else LIMIT
        above = Axes((-LIMIT, LIMIT), (-high, high), 48, 24, 300, 150)
        below = Axes((-LIMIT, LIMIT), (0, 1.2), 48, 246, 300, 150)
        ticks = (-6, -4, -2, 0, 2, 4, 6)
        flat = self.slopes(u) < FLAT_SHARE * self.largest_slope
        reach = (u - self.u) * self.slope + self.h
        tangent = [(a, b) for a, b in zip(u, reach, strict=True) if abs(b) <= high]
        still = picture(
            f"{title} and its slope, u from −6 to 6",
            360,
            440,
            _shade(above, u, flat),
            _shade(below, u, flat),
            above.frame(ticks, (-6, -3, 0, 3, 6) if high > 2 else (-1, 0, 1), "u", "h = φ(u)"),
            below.frame(ticks, (0, 0.25, 0.5, 0.75, 1), "u", "slope φ′(u)"),
            above.curve(tangent, "tangent"),
            above.curve(zip(u, self.values(u), strict=True), "one"),
            below.curve(zip(u, self.slopes(u), strict=True), "two"),
            above.dots([(self.u, self.h)], "dot", 6),
            below.dots([(self.u, self.slope)], "dot", 6),
        )
        share = show_number(round(100 * self.slope / self.largest_slope, 1))
        return (
            f"{still}\n<p>The {title} with its tangent at u = {show_number(self.u)}: "
            f"h = {show_number(self.h)}, and the slope is {show_number(self.slope)}, "
            f"{share} % of its largest value, {show_number(self.largest_slope)}. Shaded: the slope "
            "is below a tenth of its largest value.</p>"
        )

    def _value_and_slope(self, u: Any) -> tuple[np.ndarray, np.ndarray]:
        layer = ACTIVATIONS[self.activation][1]()
        H = layer.forward(np.asarray(u, dtype=float))
        return H, layer.backward(np.ones_like(H))  # the error 1: the slope itself


def _shade(axes: Axes, u: np.ndarray, flat: np.ndarray) -> str:
    """Return a rectangle behind each run of numbers u whose entry of `flat` is True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(int)))
    rectangles = []
    for first, last in edges.reshape(-1, 2):
        (left, top), (right, _) = (axes.place(u[k], axes.y[1]) for k in (first, last - 1))
        rectangles.append(
            element("rect", x=left, y=top, width=right - left, height=axes.height, class_="flat")
        )
    return "".join(rectangles)
