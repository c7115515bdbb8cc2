"""A network: layers in a row, a loss, and all parameters in one flat vector."""

import copy
import os
from collections.abc import Sequence

import numpy as np

from mlp_lib.checks import check_kind, check_matrix, check_state
from mlp_lib.layers import Arrays, Layer
from mlp_lib.losses import Loss
from mlp_lib.storage import read_arrays, write_arrays


class Network:
    """Multi-layer perceptron: the layers map X to the logits, the loss compares them with T.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output; the last output are the logits. A layer serves one network.
    loss : Loss
        Compares logits and targets, and turns logits into predictions.
    weight_decay : float
        λ of the penalty (λ/2)‖W‖² (eq. 15.1); biases, γ and β are not penalised.
    dtype : data type
        float64 to compare numbers, float32 to train on images; kept from end to end.

    Attributes
    ----------
    theta, grad : ndarray (P,)
        All parameters, and all gradients. Every layer's `params` and `grads` are views into
        them, so an optimiser is its formula on two vectors. Assignment writes into the vector.
    is_weight : ndarray (P,) of bool
        Which entries of theta belong to a `W`.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss,
        weight_decay: float = 0.0,
        dtype: np.dtype | type = np.float64,
    ) -> None:
        self.layers = list(layers)
        self.loss = check_kind(loss, Loss, "loss", "SquaredError()")
        self.weight_decay = float(weight_decay)
        self.dtype = np.dtype(dtype)
        if not 0 <= self.weight_decay < np.inf:
            raise ValueError(f"weight_decay is {weight_decay}, expected 0 or more")
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype is {self.dtype}, expected float32 or float64")
        self._check_layers()
        self._bind()

    def forward(self, X: np.ndarray, train: bool = False) -> np.ndarray:
        """Logits (N, K) for X (N, d_0)."""
        return self._forward(check_matrix(X, self.d_in, self.dtype), train)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predictions Ŷ (N, K) in evaluation mode: probabilities, or values in regression."""
        return self.loss.output(self.forward(X))

    def cost(self, X: np.ndarray, T: np.ndarray, train: bool = False) -> float:
        """J = J_data + J_reg; `train` as in `forward`, where it moves running statistics."""
        return self.loss.value(self.forward(X, train), T) + self.penalty()

    def penalty(self) -> float:
        """J_reg = (λ/2) Σ W² (eq. 15.1)."""
        W = self._weights()
        return 0.5 * self.weight_decay * float(W @ W)

    def _weights(self) -> np.ndarray:
        return np.where(self.is_weight, self.theta, 0)

    def cost_and_grad(self, X: np.ndarray, T: np.ndarray) -> float:
        """J in training mode; fills `grad` with ∂J/∂theta."""
        return self.backprop(*self.check(X, T))

    def backprop(self, X: np.ndarray, T: np.ndarray, weight: np.ndarray | None = None) -> float:
        """`cost_and_grad` for X and T that `check` has passed; `weight` (N,) counts the samples."""
        J, D = self.loss.value_and_grad(self._forward(X, train=True), T, weight)
        for layer in reversed(self.layers[1:]):
            D = layer.backward(D)
        self.layers[0].backward(D, input_grad=False)  # 2L - 1 products, not 2L, eq. 12.12
        if self.weight_decay:
            self._grad += self.weight_decay * self._weights()  # eq. 15.2
            J += self.penalty()
        return J

    def _forward(self, X: np.ndarray, train: bool) -> np.ndarray:
        for layer in self.layers:
            X = layer.forward(X, train)
        return X

    def check(self, X: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """X and T as matrices in the network's dtype; ValueError says what does not fit."""
        X = check_matrix(X, self.d_in, self.dtype)
        return X, self.loss.targets(T, np.empty((len(X), self.d_out), self.dtype))

    def _check_layers(self) -> None:
        for i, layer in enumerate(self.layers):
            check_kind(layer, Layer, f"layer {i}", "ReLU()")
            if layer.bound or layer in self.layers[:i]:
                where = f"layer {i}, {layer}, has its place in a network already"
                raise ValueError(f"{where}; make a new layer, or copy.deepcopy it")
        fixed = [layer for layer in self.layers if layer.d_in is not None]
        if not fixed:
            raise ValueError(f"layers are {self.layers}, expected at least one Linear layer")
        for a, b in zip(fixed, fixed[1:], strict=False):
            if a.d_out != b.d_in:
                raise ValueError(f"{a} gives {a.d_out} columns, {b} expects {b.d_in}")
        self.d_in, self.d_out = fixed[0].d_in, fixed[-1].d_out

    @property
    def theta(self) -> np.ndarray:
        return self._theta

    @theta.setter
    def theta(self, value: np.ndarray) -> None:
        self._theta[:] = value

    @property
    def grad(self) -> np.ndarray:
        return self._grad

    @grad.setter
    def grad(self, value: np.ndarray) -> None:
        self._grad[:] = value

    def _bind(self) -> None:
        """Move all parameters into one vector; the layers keep views into it."""
        sizes = [value.size for layer in self.layers for value in layer.params.values()]
        self._theta = np.empty(sum(sizes), self.dtype)
        self._grad = np.zeros(sum(sizes), self.dtype)
        self.is_weight = np.zeros(sum(sizes), bool)
        start = 0
        for layer in self.layers:
            params, layer.params, layer.grads = layer.params, Arrays(), Arrays()
            layer.bound = True
            for name, value in params.items():
                part = slice(start, start + value.size)
                self._theta[part] = value.ravel()
                self.is_weight[part] = name == "W"
                layer.params[name] = self._theta[part].reshape(value.shape)
                layer.grads[name] = self._grad[part].reshape(value.shape)
                start = part.stop
            layer.buffers = Arrays({k: v.astype(self.dtype) for k, v in layer.buffers.items()})

    def __setstate__(self, state: dict) -> None:
        """After copying or unpickling: make the views anew; the gradient starts at 0."""
        self.__dict__.update(state)
        self._bind()

    def __copy__(self) -> "Network":
        """Every copy is a deep one, since a layer serves one network."""
        return copy.deepcopy(self)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of theta and of all buffers, by name."""
        buffers = {
            f"{i}.{name}": value.copy()
            for i, layer in enumerate(self.layers)
            for name, value in layer.buffers.items()
        }
        return {"theta": self.theta.copy(), **buffers}

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Write back what `state` returned; ValueError, and no change, if it does not fit."""
        check_state(state, self.state())
        self.theta[:] = state["theta"]
        for i, layer in enumerate(self.layers):
            for name in layer.buffers:
                layer.buffers[name] = state[f"{i}.{name}"]

    def save(self, path: str | os.PathLike) -> None:
        """Write parameters and running statistics to an .npz file, all of it or nothing."""
        write_arrays(path, {"layers": list(map(str, self.layers)), **self.state()})

    def load(self, path: str | os.PathLike) -> None:
        """Read what `save` wrote from a network of the same layers; ValueError if it is not."""
        own = sum(value.size for value in self.state().values())
        saved, expected = read_arrays(path, 16 * own + 2**20), list(map(str, self.layers))
        found = [str(name) for name in np.atleast_1d(saved.get("layers", []))]
        if found != expected:
            raise ValueError(f"{path} holds the layers {found}, this network has {expected}")
        self.set_state(saved)

    def __repr__(self) -> str:
        rows = [("layer", "output", "parameters"), ("input", f"(N, {self.d_in})", "")]
        width = self.d_in
        for layer in self.layers:
            width = layer.d_out or width
            count = sum(value.size for value in layer.params.values())
            rows.append((str(layer), f"(N, {width})", f"{count:,}"))
        rows.append((str(self.loss), f"total, {self.dtype}", f"{self.theta.size:,}"))
        first = max(len(row[0]) for row in rows)
        return "\n".join(f"{a:<{first}}  {b:<14}  {c:>10}".rstrip() for a, b, c in rows)
