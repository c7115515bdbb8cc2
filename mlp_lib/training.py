"""The training loop: mini-batches, validation, early stopping."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from mlp_lib.checks import check_generator
from mlp_lib.network import Network
from mlp_lib.optim import Optimiser


@dataclass
class History:
    """What `train` saw, one entry an epoch.

    Attributes
    ----------
    cost : list of float
        Mean over the training samples of the cost of their mini-batch, in training mode and
        before the step that the batch led to.
    val_cost, val_metric : list of float
        Cost and metric on the validation data after the epoch, in evaluation mode.
    best_epoch : int or None
        The epoch, counted from 1, of the lowest validation cost.
    """

    cost: list[float] = field(default_factory=list)
    val_cost: list[float] = field(default_factory=list)
    val_metric: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int | None:
        return int(np.argmin(self.val_cost)) + 1 if self.val_cost else None


def minibatches(N: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Indices of all N samples in random order, `batch_size` at a time; the last may be short."""
    order = rng.permutation(N)
    for start in range(0, N, batch_size):
        yield order[start : start + batch_size]


def train(
    net: Network,
    X: np.ndarray,
    T: np.ndarray,
    optimiser: Optimiser,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    metric: Callable[[np.ndarray, np.ndarray], float] | None = None,
    patience: int | None = None,
    progress: bool = False,
) -> History:
    """Train `net` in place and return what happened.

    Parameters
    ----------
    X, T : ndarray
        Inputs (N, d_0); targets (N, K) or labels (N,).
    epochs, batch_size : int
        Passes over the data; samples in a mini-batch (the last batch of an epoch is shorter
        where N is no multiple of it).
    rng : numpy.random.Generator
        Shuffles the samples anew in every epoch.
    validation : (X, T), optional
        Data that are only looked at.
    metric : function (T, Y_hat) -> float, optional
        Recorded on the validation data, e.g. `accuracy`.
    patience : int, optional
        Stop after this many epochs in a row without a lower validation cost. However training
        ends, go back to the parameters and running statistics of the best epoch.
    progress : bool
        Show a progress bar.

    Raises
    ------
    ValueError
        For data that do not fit the network, or settings that do not fit each other.
    FloatingPointError
        If the cost or a parameter is no longer finite.
    """
    X, T = net.check(X, T)
    check_generator(rng, "train")
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        optional = name == "patience" and value is None
        if not optional and (not isinstance(value, int | np.integer) or value < 1):
            raise ValueError(f"{name} is {value}, expected a whole number, 1 or more")
    if validation is not None:
        _validate(net, *validation, metric, History())  # finds what does not fit before any step
    elif metric is not None or patience is not None:
        raise ValueError("metric and patience look at validation data: pass validation=(X, T)")

    history, best = History(), None
    counted = range(1, epochs + 1)
    for epoch in tqdm(counted, desc="epochs", file=sys.stdout) if progress else counted:
        total = 0.0
        for batch in minibatches(len(X), batch_size, rng):
            J = net.backprop(X[batch], T[batch])
            if not np.isfinite(J):
                raise _diverged(f"the cost became {J}", epoch, optimiser)
            optimiser.step(net.theta, net.grad)
            total += J * len(batch)
        if not np.isfinite(net.theta).all():  # the last step of the epoch
            raise _diverged("parameters overflowed", epoch, optimiser)
        history.cost.append(total / len(X))
        if validation is not None:
            _validate(net, *validation, metric, history)
        if patience is not None:
            if history.best_epoch == epoch:
                best = net.state()
            elif epoch - history.best_epoch >= patience:
                break
    if best is not None:
        net.set_state(best)
    return history


def _validate(net: Network, X, T, metric: Callable | None, history: History) -> None:
    U = net.forward(X)
    history.val_cost.append(net.loss.value(U, T) + net.penalty())
    if metric is not None:
        history.val_metric.append(metric(T, net.loss.output(U)))


def _diverged(what: str, epoch: int, optimiser: Optimiser) -> FloatingPointError:
    return FloatingPointError(
        f"{what} in epoch {epoch} (lr = {optimiser.lr}); a smaller learning rate usually helps"
    )
