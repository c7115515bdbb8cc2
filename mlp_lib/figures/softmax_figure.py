"""Live figure: softmax of three logits, the cross-entropy, and its gradient."""

import numpy as np
from numpy.typing import ArrayLike

from mlp_lib.activations import softmax
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import between, checked_array, whole
from mlp_lib.figures.static import element, picture, table, text
from mlp_lib.losses import SoftmaxCrossEntropy

LARGEST = 1e6  # logit, the same as in a field
COLDEST, HOTTEST = 0.01, 100  # temperature
CLASSES = "₁₂₃"  # formulas count classes from 1, code from 0


def checked_logits(value: ArrayLike, name: str) -> np.ndarray:
    """Return three logits as a read-only array; ValueError beyond those of the fields."""
    logits = checked_array(value, (3,), name)
    if np.abs(logits).max() > LARGEST:
        raise ValueError(f"{name} must lie from -1e6 to 1e6, got {logits.tolist()}")
    return logits


class SoftmaxFigure(LiveFigure):
    """Three logits, their probabilities, the loss of the right class, and its gradient.

    The logits are divided by the temperature before softmax. In JupyterLab the attributes can be
    set from Python and follow what the reader does in the figure.

    Parameters
    ----------
    logits : array_like, shape (3,)
        u.
    target : int
        Label of the right class, 0, 1 or 2.
    temperature : float
        τ, from 0.01 to 100.

    Raises
    ------
    ValueError
        If a value has the wrong shape, is not a finite number, or lies outside its range.

    References
    ----------
    Source items S0-39, S1-36, S2-13, E0-20.

    Examples
    --------
    >>> figure = SoftmaxFigure(logits=[2, 1, 0], target=0)
    >>> figure.probabilities.round(4)
    array([0.6652, 0.2447, 0.09  ])
    >>> figure.gradient.round(4)
    array([-0.3348,  0.2447,  0.09  ])
    """

    module = "softmax_figure"
    _esm = bundle(module)
    _css = style(module)

    logits = Checked(checked_logits)
    target = Checked(whole(0, 2))
    temperature = Checked(between(COLDEST, HOTTEST))

    def __init__(
        self, logits: ArrayLike = (2, 1, 0), target: int = 0, temperature: float = 1
    ) -> None:
        super().__init__(logits=logits, target=target, temperature=temperature)

    def __repr__(self) -> str:
        return f"SoftmaxFigure: loss {show_number(self.loss)}"

    @property
    def probabilities(self) -> np.ndarray:
        """ŷ = softmax(u / τ), shape (3,)."""
        return softmax(self._scaled())[0]

    @property
    def loss(self) -> float:
        """ℓ = -log ŷ of the right class, computed from the logits (eq. 7.10)."""
        return SoftmaxCrossEntropy().value(self._scaled(), np.array([self.target]))

    @property
    def gradient(self) -> np.ndarray:
        """∂ℓ/∂u = (ŷ - t) / τ, shape (3,)."""
        slope = SoftmaxCrossEntropy().grad(self._scaled(), np.array([self.target]))[0]
        return slope / self.temperature

    @property
    def plain_probabilities(self) -> np.ndarray:
        """exp(u / τ) by its sum, without the shift; nan where it cannot be computed. Shape (3,)."""
        with np.errstate(over="ignore", invalid="ignore"):  # what the figure is to show
            exponentials = np.exp(self._scaled()[0])
            return exponentials / exponentials.sum()

    def fallback(self) -> str:
        """Return bars of probabilities and gradient, and all numbers in a table."""
        p, gradient = self.probabilities, self.gradient
        columns = zip(self.logits, p, np.eye(3)[self.target], gradient, strict=True)
        rows = [[str(k), *map(show_number, numbers)] for k, numbers in enumerate(columns, start=1)]
        heads = ("class", "logit u", "probability ŷ", "target t", "∂ℓ/∂u = (ŷ − t) / τ")
        plain = self.plain_probabilities
        if np.isnan(plain).any():
            without = "fails: a quotient is not a number"
        elif plain[self.target] == 0:
            without = "fails: it rounds the probability of the right class to 0"
        else:
            without = "gives the same"
        right = CLASSES[self.target]
        return (
            f"{self._bars(p, gradient * self.temperature)}\n{table(heads, rows)}\n"
            f"<p>Temperature τ = {show_number(self.temperature)}. "
            f"ℓ = −log ŷ{right} = {show_number(self.loss)}. "
            f"Softmax without the shift {without}.</p>"
        )

    def _bars(self, p: np.ndarray, error: np.ndarray) -> str:
        """Return a picture: probabilities from 0 to 1, and ŷ - t from -1 to 1."""
        parts = [text("probability ŷ", 60, 16, "start"), text("ŷ − t", 440, 16)]
        parts.append(element("line", x1=440, x2=440, y1=24, y2=120, class_="grid"))
        for k, (share, signed) in enumerate(zip(p, error, strict=True)):
            y = 28 + 32 * k
            left = 440 + min(signed, 0) * 120
            parts += [
                text(f"class {k + 1}", 50, y + 16, "end"),
                element("rect", x=60, y=y, width=200 * share, height=24, class_="share"),
                element("rect", x=left, y=y, width=120 * abs(signed), height=24, class_="slope"),
            ]
        words = ", ".join(show_number(round(share, 4)) for share in p)
        return picture(f"Bars of the probabilities {words} and of ŷ − t", 570, 128, *parts)

    def _scaled(self) -> np.ndarray:
        return self.logits[None, :] / self.temperature
