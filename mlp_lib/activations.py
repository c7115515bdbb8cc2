"""Activation functions, as functions and as layers without parameters."""

import numpy as np

from mlp_lib.layers import Layer


def sigmoid(U: np.ndarray) -> np.ndarray:
    """Logistic function 1 / (1 + exp(-U)), element by element; exp never overflows."""
    U = _floating(U)
    E = np.exp(-np.abs(U))
    return np.where(U >= 0, 1, E) / (1 + E)


def softmax(U: np.ndarray) -> np.ndarray:
    """Probabilities from logits, row by row (eq. 13.6); the largest exponent is 0."""
    U = _floating(U)
    E = np.exp(U - U.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def _floating(U: np.ndarray) -> np.ndarray:
    """U as an array of floating-point numbers: unsigned integers would wrap around below 0."""
    U = np.asarray(U)
    return U.astype(np.result_type(U.dtype, np.float32), copy=False)


class ReLU(Layer):
    """max(0, U); the derivative at 0 is taken as 0."""

    def forward(self, X, train=False):
        return self._keep(np.maximum(X, 0), X > 0)

    def backward(self, D, input_grad=True):
        (is_open,) = self._recall(D)
        return D * is_open  # eq. 13.5


class LeakyReLU(Layer):
    """U where U > 0, slope · U elsewhere, so that no unit is ever without a gradient.

    Parameters
    ----------
    slope : float
        Slope on the negative side.
    """

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        self.slope = float(slope)  # a NumPy float64 would turn float32 into float64

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slope})"

    def forward(self, X, train=False):
        return self._keep(np.where(X > 0, X, self.slope * X), X > 0)

    def backward(self, D, input_grad=True):
        (is_open,) = self._recall(D)
        return np.where(is_open, D, self.slope * D)  # eq. 13.5


class Sigmoid(Layer):
    """Logistic function; its derivative is H (1 - H)."""

    def forward(self, X, train=False):
        H = sigmoid(X)
        return self._keep(H, H)

    def backward(self, D, input_grad=True):
        (H,) = self._recall(D)
        return D * H * (1 - H)  # eq. 13.5


class Tanh(Layer):
    """Hyperbolic tangent; its derivative is 1 - H²."""

    def forward(self, X, train=False):
        H = np.tanh(X)
        return self._keep(H, H)

    def backward(self, D, input_grad=True):
        (H,) = self._recall(D)
        return D * (1 - H * H)  # eq. 13.5


class Softmax(Layer):
    """Probabilities in each row. To train a classifier use `SoftmaxCrossEntropy` instead."""

    def forward(self, X, train=False):
        H = softmax(X)
        return self._keep(H, H)

    def backward(self, D, input_grad=True):
        (H,) = self._recall(D)
        return H * (D - (D * H).sum(axis=1, keepdims=True))  # eq. 13.7
