"""Live figure: forward pass, gradients and gradient descent on the book's 3–2–1 network."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from mlp_lib.activations import ReLU
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import checked_array, checked_number, positive
from mlp_lib.figures.static import table
from mlp_lib.layers import Linear
from mlp_lib.losses import SquaredError
from mlp_lib.network import Network

Weights = tuple[np.ndarray, np.ndarray]

# The worked example of the chapter on the chain rule (S3-27, with -2 in place of -3: E3-02).
X = (2, 3, 1)
WEIGHTS = ([[3, -2], [1, -2], [2, -1]], [[3], [2]])
TARGET = 20


def checked_x(value: ArrayLike, name: str) -> np.ndarray:
    """Return the three inputs as a read-only array."""
    return checked_array(value, (3,), name)


def checked_weights(value: Any, name: str) -> Weights:
    """Return (W1, W2) as read-only arrays; ValueError for other shapes than (3, 2) and (2, 1)."""
    try:
        W1, W2 = value
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a pair of arrays (W1, W2), got {value!r}") from error
    return checked_array(W1, (3, 2), f"W1 of {name}"), checked_array(W2, (2, 1), f"W2 of {name}")


def checked_path(value: Any, name: str) -> list[Weights]:
    """Return the weights at steps 0, 1, 2, …; ValueError unless there is one pair at least."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{name} must be a list of one pair (W1, W2) or more, got {value!r}")
    return [checked_weights(weights, f"{name}[{step}]") for step, weights in enumerate(value)]


class WorkedNetwork(LiveFigure):
    """The 3–2–1 network with its numbers, to be changed and trained step by step.

    ReLU hidden neurons, no biases, J = (y - target)². In JupyterLab the attributes can be set from
    Python and follow what the reader does in the figure.

    Parameters
    ----------
    x : array_like, shape (3,)
        Inputs.
    weights : pair (W1, W2) of array_like, shapes (3, 2) and (2, 1)
        Weights at step 0.
    target : float
        What the output y should be.
    lr : float
        Learning rate, above 0.
    marked_only : bool
        True: a step changes only w₁ = W2[0, 0] and w₂ = W1[0, 0], as in the calculation by hand.
        False: it changes all weights, as training does.

    Attributes
    ----------
    path : list of (W1, W2)
        The weights at steps 0, 1, 2, … Arrays are read-only: assign new ones.

    Raises
    ------
    ValueError
        If a value has the wrong shape, is not a finite number, or is a rate that is not positive.

    References
    ----------
    Source items S3-25 to S3-42.

    Examples
    --------
    >>> figure = WorkedNetwork()
    >>> figure.loss
    169.0
    >>> steps = zip(figure.weights, figure.gradients)
    >>> figure.weights = [W - figure.lr * G for W, G in steps]
    """

    module = "worked_network"
    _esm = bundle(module)
    _css = style(module)

    x = Checked(checked_x)
    path = Checked(checked_path)
    target = Checked(checked_number)
    lr = Checked(positive)
    marked_only = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        x: ArrayLike = X,
        weights: Any = WEIGHTS,
        target: float = TARGET,
        lr: float = 0.01,
        marked_only: bool = False,
    ) -> None:
        path = [checked_weights(weights, "weights")]
        super().__init__(x=x, path=path, target=target, lr=lr, marked_only=marked_only)

    def __repr__(self) -> str:
        return f"WorkedNetwork: J = {show_number(self.loss)} at step {len(self.path) - 1}"

    @traitlets.observe("x", "target")
    def _restart(self, change: Any) -> None:
        """Another problem: count the steps from 0, at the weights reached so far."""
        if len(self.path) > 1:
            self.path = self.path[-1:]

    @property
    def weights(self) -> Weights:
        """The weights (W1, W2) now. Assigning a pair starts again at step 0 from it."""
        return self.path[-1]

    @weights.setter
    def weights(self, value: Any) -> None:
        self.path = [checked_weights(value, "weights")]

    @property
    def network(self) -> Network:
        """A new `mlp_lib.Network` with the weights of now."""
        return self._network(self.weights)

    @property
    def loss(self) -> float:
        """J of the weights now."""
        return self.history[-1]

    @property
    def history(self) -> list[float]:
        """J at step 0, at step 1, and so on to now."""
        return [self._network(weights).cost(*self._sample()) for weights in self.path]

    @property
    def gradients(self) -> Weights:
        """∂J/∂W1 and ∂J/∂W2 now, of the shapes of the weights."""
        network = self.network
        network.cost_and_grad(*self._sample())
        return network.layers[0].grads["W"], network.layers[2].grads["W"]

    def fallback(self) -> str:
        """Return the forward pass in a sentence, and the weights in a table."""
        first, relu, last = self.network.layers
        U = first.forward(self.x[None, :])
        H = relu.forward(U)
        y = last.forward(H)
        sentence = (
            f"x = {_row(self.x)} and target t = {show_number(self.target)} give u = {_row(U[0])}, "
            f"h = {_row(H[0])}, ŷ = {show_number(y[0, 0])} and J = {show_number(self.loss)}."
        )
        lines = "x₁ → u₁, x₁ → u₂, x₂ → u₁, x₂ → u₂, x₃ → u₁, x₃ → u₂, h₁ → ŷ, h₂ → ŷ".split(", ")
        weights, gradients = (
            np.concatenate([part.ravel() for part in pair])
            for pair in (self.weights, self.gradients)
        )
        numbers = zip(lines, weights, gradients, weights - self.lr * gradients, strict=True)
        rows = [[line, *map(show_number, row)] for line, *row in numbers]
        after = f"after a step of all weights, η = {show_number(self.lr)}"
        return f"<p>{sentence}</p>\n{table(('line', 'weight', 'gradient', after), rows)}"

    def _sample(self) -> tuple[np.ndarray, np.ndarray]:
        return self.x[None, :], np.array([[self.target]])

    @staticmethod
    def _network(weights: Weights) -> Network:
        W1, W2 = weights
        layers = [Linear(3, 2, init=W1, bias=False), ReLU(), Linear(2, 1, init=W2, bias=False)]
        return Network(layers, SquaredError())


def _row(values: np.ndarray) -> str:
    return f"({', '.join(show_number(value) for value in values)})"
