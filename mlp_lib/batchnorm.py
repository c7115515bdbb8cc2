"""Batch normalisation."""

import numpy as np

from mlp_lib.layers import Arrays, Layer


class BatchNorm(Layer):
    """Standardise every column over the mini-batch, then scale by γ and shift by β (eq. 16.3).

    Evaluation uses the running statistics. As in PyTorch, the batch's own variance is that
    with 1/N, the running one takes in that with 1/(N - 1). A training batch of one row has no
    spread: it is mapped to β and leaves the running statistics alone.

    Parameters
    ----------
    d : int
        Width.
    momentum : float
        Share of the new batch in the running statistics.
    eps : float
        Added to the variance, so that a constant column is not divided by 0.

    References
    ----------
    Ioffe & Szegedy (2015), Batch normalization; source items S0-45 to S0-54.
    """

    def __init__(self, d: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        if d < 1 or not 0 <= momentum <= 1 or not 0 <= eps < np.inf:
            raise ValueError(
                f"BatchNorm({d}, momentum={momentum}, eps={eps}): expected a width of 1 or more, "
                "0 <= momentum <= 1, and eps 0 or more"
            )
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
            mean, var = X.mean(axis=0), X.var(axis=0)  # eq. 16.1
        if train and N > 1:  # eq. 16.11
            running["running_mean"] += self.momentum * (mean - running["running_mean"])
            running["running_var"] += self.momentum * (var * N / (N - 1) - running["running_var"])
        inv_std = 1 / np.sqrt(var + self.eps)
        X_hat = (X - mean) * inv_std  # eq. 16.2
        Z = self.params["gamma"] * X_hat + self.params["beta"]  # eq. 16.3
        return self._keep(Z, X_hat, inv_std, train)

    def backward(self, D, input_grad=True):
        X_hat, inv_std, train = self._recall(D)
        gamma, N = self.params["gamma"], len(D)
        self.grads["gamma"] = sum_DX = (D * X_hat).sum(axis=0)  # eq. 16.4
        self.grads["beta"] = sum_D = D.sum(axis=0)
        if not train:  # the running statistics do not depend on X
            return gamma * inv_std * D
        return gamma * inv_std / N * (N * D - sum_D - X_hat * sum_DX)  # eq. 16.9
