"""Losses, from logits: mean over the samples (rows), sum over the outputs (columns).

Each loss comes with the output function that belongs to it, and all three pairs give an error
term of the same form, a multiple of (output - target). Both are computed from the logits, which
keeps them finite for logits of any size.
"""

import numpy as np

from mlp_lib.activations import sigmoid, softmax
from mlp_lib.checks import check_matrix


class Loss:
    """What the losses share; each defines `output`, `per_sample` and what targets it takes."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def value(self, U: np.ndarray, T: np.ndarray) -> float:
        """J for logits U (N, K) and targets T, (N, K) or labels (N,)."""
        U = self._check_logits(U)
        return self.value_and_grad(U, self.targets(T, U))[0]

    def grad(self, U: np.ndarray, T: np.ndarray) -> np.ndarray:
        """∂J/∂U, (N, K)."""
        U = self._check_logits(U)
        return self.value_and_grad(U, self.targets(T, U))[1]

    @staticmethod
    def _check_logits(U: np.ndarray) -> np.ndarray:
        U = np.asarray(U)
        K = U.shape[1] if U.ndim == 2 and U.shape[1] else "K"
        return check_matrix(U, K, U.dtype if U.dtype.kind == "f" else float, "U")

    def output(self, U: np.ndarray) -> np.ndarray:
        """Prediction Ŷ (N, K) from logits U."""
        raise NotImplementedError

    def per_sample(self, U: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of each sample, (N,), and its derivative by the sample's logits, (N, K)."""
        raise NotImplementedError

    def value_and_grad(
        self, U: np.ndarray, T: np.ndarray, weight: np.ndarray | None = None
    ) -> tuple[float, np.ndarray]:
        """J and ∂J/∂U for targets that `targets` has passed; `weight` (N,) counts the samples."""
        J, D = self.per_sample(U, T)
        if weight is not None:
            J, D = weight * J, weight[:, None] * D
        return float(J.sum() / len(U)), D / len(U)

    def targets(self, T: np.ndarray, U: np.ndarray) -> np.ndarray:
        """T as an (N, K) matrix in the dtype of the logits U; ValueError where it cannot be one."""
        N, K = U.shape
        T = np.asarray(T)
        if T.dtype.kind not in "biuf":
            raise ValueError(f"T has dtype {T.dtype}, expected numbers")
        if T.shape == (N,) and K == 1:
            T = T[:, None]
        if T.shape != (N, K):
            raise ValueError(f"T has shape {T.shape}, the output of the network has {(N, K)}")
        with np.errstate(over="ignore"):
            T = T.astype(U.dtype, copy=False)
        if not np.isfinite(T).all():
            raise ValueError(
                f"T holds {(~np.isfinite(T)).sum()} values that are NaN or infinite in {T.dtype}; "
                "expected finite numbers only"
            )
        return T


class SquaredError(Loss):
    """Sum of squared differences (eq. 13.10); output: the logits as they are."""

    def output(self, U):
        return U

    def per_sample(self, U, T):
        E = U - T
        return (E * E).sum(axis=1), 2 * E  # eq. 13.11


class SoftmaxCrossEntropy(Loss):
    """Categorical cross-entropy of softmax outputs (eq. 13.8).

    Targets are labels 0 … K - 1 as integers (N,), or one row of probabilities a sample (N, K).
    """

    def output(self, U):
        return softmax(U)

    def per_sample(self, U, T):
        shifted = U - U.max(axis=1, keepdims=True)
        E = np.exp(shifted)
        total = E.sum(axis=1, keepdims=True)
        return -(T * (shifted - np.log(total))).sum(axis=1), E / total - T  # eq. 13.9

    def targets(self, T, U):
        N, K = U.shape
        T = np.asarray(T)
        if T.shape == (N,) and T.dtype.kind in "biu":
            if T.min() < 0 or T.max() >= K:
                raise ValueError(f"labels run from {T.min()} to {T.max()}, expected 0 to {K - 1}")
            return np.eye(K, dtype=U.dtype)[T.astype(int)]
        if T.ndim == 1 and T.dtype.kind == "f":
            raise ValueError(f"labels have dtype {T.dtype}, expected integers 0 to {K - 1}")
        T = super().targets(T, U)
        total = T.sum(axis=1)
        if T.min() < 0 or np.abs(total - 1).max() > 1e-5:
            raise ValueError(
                f"rows of T must be probabilities: the smallest entry is {T.min():g}, expected "
                f"0 or more; the rows sum to {total.min():g} … {total.max():g}, expected 1"
            )
        return T


class SigmoidCrossEntropy(Loss):
    """Bernoulli cross-entropy, each output a yes-or-no question of its own (eq. 13.12).

    Targets are probabilities (N, K), or (N,) where there is one output.
    """

    def output(self, U):
        return sigmoid(U)

    def per_sample(self, U, T):
        J = np.maximum(U, 0) - U * T + np.log1p(np.exp(-np.abs(U)))
        return J.sum(axis=1), sigmoid(U) - T  # eq. 13.13

    def targets(self, T, U):
        T = super().targets(T, U)
        if T.min() < 0 or T.max() > 1:
            raise ValueError(f"T runs from {T.min():g} to {T.max():g}, expected 0 to 1")
        return T
