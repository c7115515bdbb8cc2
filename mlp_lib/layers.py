"""Layers: differentiable maps from a batch of rows to a batch of rows.

`forward` maps the input X (N, d_in) to the output (N, d_out) and keeps what `backward` needs.
`backward` takes D = ∂J/∂output, fills `grads` and returns ∂J/∂input. Both leave their
arguments as they were. Letters and equation numbers are the book's. The activation functions,
layers without parameters, are in `activations`.
"""

import numpy as np

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


class Layer:
    """What every layer has; a layer of your own defines `forward` and `backward`.

    Attributes
    ----------
    params, grads : Arrays
        What is trained, and its gradients, under the same names (`W`, `b`, `gamma`, `beta`).
    buffers : Arrays
        What is kept but not trained (running statistics).
    d_in, d_out : int or None
        Widths; None where the layer takes any width and keeps it.
    """

    d_in: int | None = None
    d_out: int | None = None

    def __init__(self, **params: np.ndarray) -> None:
        self.params = Arrays(params)
        self.grads = Arrays({name: np.zeros_like(value) for name, value in params.items()})
        self.buffers = Arrays()
        self._kept: tuple | None = None

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
        self.grads["W"] = X.T @ D  # (d_in, N)(N, d_out) -> (d_in, d_out)  eq. 13.2
        if "b" in self.params:
            self.grads["b"] = D.sum(axis=0)  # eq. 13.3
        return D @ self.params["W"].T if input_grad else None  # eq. 13.4


class BatchNorm(Layer):
    """Standardise every column over the mini-batch, then scale by γ and shift by β (eq. 17.8).

    Evaluation uses the running statistics. As in PyTorch, the batch's own variance is that
    with 1/N, the running one takes in that with 1/(N - 1). A training batch of one row has no
    spread: it is mapped to β and leaves the running statistics alone.

    References
    ----------
    Ioffe & Szegedy (2015), Batch normalization; source items S0-45 to S0-54.
    """

    def __init__(self, d: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__(gamma=np.ones(d), beta=np.zeros(d))
        self.buffers = Arrays(running_mean=np.zeros(d), running_var=np.ones(d))
        self.d_in = self.d_out = d
        self.momentum, self.eps = momentum, eps

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.d_in})"

    def forward(self, X, train=False):
        self._check_width(X)
        running, N = self.buffers, len(X)
        mean, var = running["running_mean"], running["running_var"]
        if train:
            mean, var = X.mean(axis=0), X.var(axis=0)  # eq. 17.7
        if train and N > 1:  # eq. 17.11
            running["running_mean"] += self.momentum * (mean - running["running_mean"])
            running["running_var"] += self.momentum * (var * N / (N - 1) - running["running_var"])
        inv_std = 1 / np.sqrt(var + self.eps)
        X_hat = (X - mean) * inv_std
        Z = self.params["gamma"] * X_hat + self.params["beta"]  # eq. 17.8
        return self._keep(Z, X_hat, inv_std, train)

    def backward(self, D, input_grad=True):
        X_hat, inv_std, train = self._recall(D)
        gamma, N = self.params["gamma"], len(D)
        self.grads["gamma"] = sum_DX = (D * X_hat).sum(axis=0)  # eq. 17.9
        self.grads["beta"] = sum_D = D.sum(axis=0)
        if not train:  # the running statistics do not depend on X
            return gamma * inv_std * D
        return gamma * inv_std / N * (N * D - sum_D - X_hat * sum_DX)  # eq. 17.10


class Dropout(Layer):
    """Inverted dropout: in training set a share `rate` of entries to 0, scale up the rest.

    References
    ----------
    Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting.
    """

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate is {rate}, expected 0 <= rate < 1")
        self.rate, self.rng = rate, rng

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rate})"

    def forward(self, X, train=False):
        if not train:
            return self._keep(X, 1)
        kept = self.rng.random(X.shape, dtype=X.dtype) >= self.rate
        scale = kept / X.dtype.type(1 - self.rate)
        return self._keep(X * scale, scale)

    def backward(self, D, input_grad=True):
        (scale,) = self._recall(D)
        return D * scale
