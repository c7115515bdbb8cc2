"""Layers: differentiable maps from a batch of rows to a batch of rows.

`forward` maps the input X (N, d_in) to the output (N, d_out) and keeps what `backward` needs.
`backward` takes D = ∂J/∂output, fills `grads` and returns ∂J/∂input. Both leave their
arguments as they were. Letters and equation numbers are the book's. The activation functions,
layers without parameters, are in `activations`.
"""

from collections.abc import Mapping, MutableMapping

import numpy as np

from mlp_lib.checks import check_generator
from mlp_lib.init import Initialiser, he


class Arrays(dict):
    """Named arrays of fixed shape. Assignment writes into the array, so that views stay views."""

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        if name not in self:
            super().__setitem__(name, value)
        elif np.shape(value) != self[name].shape:
            raise ValueError(f"{name} has shape {self[name].shape}, got {np.shape(value)}")
        else:
            self[name][...] = value

    update = MutableMapping.update  # through __setitem__; dict's own would replace the array

    def __ior__(self, other: Mapping[str, np.ndarray]) -> "Arrays":
        self.update(other)
        return self


class Layer:
    """What every layer has; a layer of your own defines `forward` and `backward`.

    Attributes
    ----------
    params, grads : Arrays
        What is trained, and its gradients, under the same names (`W`, `b`, `gamma`, `beta`).
    buffers : Arrays
        What is kept but not trained (running statistics).
    d_in, d_out : int or None
        Widths; None where the layer takes any width and keeps it. A layer of your own that
        changes the width must set both.
    """

    d_in: int | None = None
    d_out: int | None = None

    def __init__(self, **params: np.ndarray) -> None:
        self.params = Arrays({name: np.array(value, dtype=float) for name, value in params.items()})
        self.grads = Arrays({name: np.zeros_like(value) for name, value in self.params.items()})
        self.buffers = Arrays()
        self.bound = False  # True once it has its place in a network
        self._kept: tuple | None = None

    def __getstate__(self) -> dict:
        """For copy and pickle: free of its network, and without the batch that `forward` kept."""
        return self.__dict__ | {"bound": False, "_kept": None}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def forward(self, X: np.ndarray, train: bool = False) -> np.ndarray:
        """Output for X (N, d_in); `train` matters to BatchNorm and Dropout only."""
        raise NotImplementedError

    def backward(self, D: np.ndarray, input_grad: bool = True) -> np.ndarray | None:
        """∂J/∂input from D = ∂J/∂output of the last `forward`; fills `grads`.

        With `input_grad=False` it may be left out: the first layer then saves one product.
        """
        raise NotImplementedError

    def _keep(self, output: np.ndarray, *kept) -> np.ndarray:
        """Remember for `backward` what `forward` has computed; return its output."""
        self._kept = (output.shape, kept)
        return output

    def _recall(self, D: np.ndarray) -> tuple:
        """Return what `forward` kept, once D is known to fit."""
        if self._kept is None:
            raise ValueError(f"{self}: backward got D of shape {np.shape(D)} before any forward")
        shape, kept = self._kept
        if np.shape(D) != shape:
            raise ValueError(f"{self}: D has shape {np.shape(D)}, the output of forward {shape}")
        return kept

    def _check_width(self, X: np.ndarray) -> None:
        if np.ndim(X) != 2 or X.shape[1] != self.d_in:
            raise ValueError(f"{self}: X has shape {np.shape(X)}, expected (N, {self.d_in})")


class Linear(Layer):
    """Fully connected layer, U = X W + b (eq. 13.1).

    Parameters
    ----------
    d_in, d_out : int
        Widths of input and output.
    rng : numpy.random.Generator
        Source of the initial weights; not needed where `init` draws none.
    init : function (rng, d_in, d_out) -> W, or array of shape (d_in, d_out)
        Initial weights; biases start at 0.
    bias : bool
        False leaves b out, as some of the book's worked examples do.
    """

    def __init__(
        self,
        d_in: int,
        d_out: int,
        rng: np.random.Generator | None = None,
        init: Initialiser | np.ndarray = he,
        bias: bool = True,
    ) -> None:
        if min(d_in, d_out) < 1:
            raise ValueError(f"Linear({d_in}, {d_out}): expected widths of 1 or more")
        W = init(rng, d_in, d_out) if callable(init) else np.array(init, dtype=float)
        if W.shape != (d_in, d_out):
            raise ValueError(f"Linear({d_in}, {d_out}): the initial W has shape {W.shape}")
        super().__init__(W=W, **({"b": np.zeros(d_out)} if bias else {}))
        self.d_in, self.d_out = d_in, d_out

    def __repr__(self) -> str:
        bias = "" if "b" in self.params else ", bias=False"
        return f"{type(self).__name__}({self.d_in}, {self.d_out}{bias})"

    def forward(self, X, train=False):
        self._check_width(X)
        U = X @ self.params["W"]  # (N, d_in)(d_in, d_out) -> (N, d_out)  eq. 13.1
        if "b" in self.params:
            U += self.params["b"]
        return self._keep(U, X)

    def backward(self, D, input_grad=True):
        (X,) = self._recall(D)
        # Straight into the network's gradient: the largest array of the step is written once.
        np.matmul(X.T, D, out=self.grads["W"])  # (d_in, N)(N, d_out) -> (d_in, d_out)  eq. 13.2
        if "b" in self.params:
            self.grads["b"] = D.sum(axis=0)  # eq. 13.3
        return D @ self.params["W"].T if input_grad else None  # eq. 13.4


class Dropout(Layer):
    """Inverted dropout: in training set a share of entries to 0, scale up the rest.

    Parameters
    ----------
    rate : float
        The share, from 0 up to but not including 1.
    rng : numpy.random.Generator
        Chooses the entries, anew in every forward pass.

    References
    ----------
    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting.
    """

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate is {rate}, expected 0 <= rate < 1")
        self.rate, self.rng = rate, check_generator(rng, "Dropout")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rate})"

    def forward(self, X, train=False):
        if not train:
            return self._keep(X, 1)
        kept = self.rng.random(X.shape, dtype=X.dtype) >= self.rate
        scale = kept / X.dtype.type(1 - self.rate)  # eq. 15.7
        return self._keep(X * scale, scale)

    def backward(self, D, input_grad=True):
        (scale,) = self._recall(D)
        return D * scale  # eq. 15.9
