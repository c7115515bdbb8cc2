"""Live figure: draw a digit, and watch a network read it."""

import base64
import zlib
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mlp_lib.activations import ReLU
from mlp_lib.figures import static
from mlp_lib.figures.base import Checked, LiveFigure, bundle, style
from mlp_lib.figures.checks import checked_array
from mlp_lib.layers import Linear
from mlp_lib.losses import SoftmaxCrossEntropy
from mlp_lib.network import Network
from mlp_lib.storage import read_arrays

SHAPE = (28, 28)
# Weights in 8 bits, a scale for each column, biases. `python -m tools.digit_network` writes it.
NETWORK = Path(__file__).with_name("digit_network.npz")
# The figure's example of an 8, as mnist_image.js makes it: zlib, base64.
EIGHT = """
eNpjYBgwYLDs8bN1NlilPH/+B4K/sVikWB/93+Fst+r/BwFMOdf/b7gZGFhu/8eiseD/BhA1438nplzq/8MgatX/Okw5tX9/
DRkY5L/+t8PimA3/n/l43P1/ghGLnMQ1kB8eqWL1oOOf////BWOVsvv6/9GN/z/9sUjxP/m/V5hn/f+P0phy1f/v8TIwsJ39
PwVT7sL/VBDl+/8FpkM//tcFUSL///FgyD387wqidP5/ZcGQW/F/Hohq/X8A0z6nf//mOdpM/PM/CosnWv+BwuX/HEas4bLm
8bPNvowDlygB/Apk5w==
"""


def digit_network(arrays: dict[str, np.ndarray]) -> Network:
    """Build the network, in double precision, from weights stored in 8 bits.

    Parameters
    ----------
    arrays : dict
        For each layer l = 1, 2: `W{l}` of int8, `scale{l}` with a factor for each of its columns,
        and `b{l}`.
    """
    linear = []
    for l in (1, 2):
        W = arrays[f"W{l}"] * arrays[f"scale{l}"].astype(np.float64)
        linear.append(Linear(*W.shape, init=W))
        linear[-1].params["b"] = arrays[f"b{l}"]
    return Network([linear[0], ReLU(), linear[1]], SoftmaxCrossEntropy())


@cache
def stored_arrays() -> dict[str, np.ndarray]:
    """Return what `tools.digit_network` has stored."""
    return read_arrays(NETWORK, max_bytes=300_000)


def checked_image(value: ArrayLike, name: str) -> np.ndarray:
    """Return the image as a read-only array (28, 28); ValueError unless all is from 0 to 1."""
    image = checked_array(value, SHAPE, name)
    if image.min() < 0 or image.max() > 1:
        found = f"from {image.min():g} to {image.max():g}"
        raise ValueError(f"{name} must hold ink from 0 (none) to 1, got numbers {found}")
    return image


def example() -> np.ndarray:
    """Return the image that the figure starts with, an 8."""
    grey = zlib.decompress(base64.b64decode(EIGHT))
    return np.frombuffer(grey, np.uint8).reshape(SHAPE) / 255


class DrawDigit(LiveFigure):
    """A sheet to draw a digit on, and the network 784–100–10 that reads it.

    The drawing is centred and scaled as the images of MNIST are. In JupyterLab `image` follows
    what the reader draws, and can be set from Python.

    Parameters
    ----------
    image : array_like, shape (28, 28), optional
        The network's input: ink from 0 (none) to 1. Without it, an 8.

    Attributes
    ----------
    network : Network
        784–100–10 with ReLU, trained by ``python -m tools.digit_network`` with `mlp_lib`; its
        weights have 8 bits.

    Raises
    ------
    ValueError
        If the image has another shape, or a number that is not from 0 to 1.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document
    recognition, section III.A. Source items S1-56 to S1-59.

    Examples
    --------
    >>> figure = DrawDigit()
    >>> int(figure.probabilities.argmax())
    8
    """

    module = "draw_digit"
    _esm = bundle(module)
    _css = style(module)

    image = Checked(checked_image)

    def __init__(self, image: ArrayLike | None = None) -> None:
        super().__init__(image=example() if image is None else checked_image(image, "image"))

    def __repr__(self) -> str:
        digit = self.probabilities.argmax()
        return f"DrawDigit: read as {digit} ({show_percent(self.probabilities[digit])})"

    @property
    def network(self) -> Network:
        return digit_network(stored_arrays())

    @property
    def probabilities(self) -> np.ndarray:
        """Ŷ (10,): the probability of each digit."""
        return self.network.predict(self.image.reshape(1, -1))[0]

    @property
    def hidden(self) -> np.ndarray:
        """H (100,): what the hidden units give; those above 0 fire."""
        first, relu, _ = self.network.layers
        return relu.forward(first.forward(self.image.reshape(1, -1)))[0]

    def fallback(self) -> str:
        """Return the image and the ten probabilities."""
        P = self.probabilities
        pixel, bar, parts = 8, 200, []
        for i, j in np.argwhere(self.image):
            ink = f"{self.image[i, j]:.2f}"
            place: dict[str, Any] = {"x": pixel * j, "y": pixel * i}
            parts.append(
                static.element(
                    "rect", **place, width=pixel, height=pixel, class_="ink", fill_opacity=ink
                )
            )
        side = pixel * SHAPE[0]
        parts.append(
            static.element("rect", x=0, y=0, width=side, height=side, class_="grid", fill="none")
        )
        for digit, p in enumerate(P):
            y = side / 10 * digit
            parts += [
                static.text(str(digit), side + 30, y + 16),
                static.element(
                    "rect", x=side + 44, y=y + 4, width=bar * p, height=15, class_="bar"
                ),
                static.text(show_percent(p), side + 52 + bar * p, y + 16, "start"),
            ]
        digit = P.argmax()
        words = (
            f"The network reads this drawing as {digit}, with probability "
            f"{show_percent(P[digit])}; {(self.hidden > 0).sum()} of {self.hidden.size} hidden "
            "units fire."
        )
        label = f"A drawing of 28 × 28 pixels, and a bar for each digit. {words}"
        return f"{static.picture(label, side + 330, side + 1, *parts)}\n<p>{escape(words)}</p>"


def show_percent(p: float) -> str:
    """Write a probability as the figure does: with one decimal, and never as 0 or 100 %."""
    if p < 0.0005 or p >= 0.9995:
        return "< 0.1 %" if p < 0.5 else "> 99.9 %"
    return f"{100 * p:.1f} %"
