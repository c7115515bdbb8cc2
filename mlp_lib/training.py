"""The training loop: mini-batches, validation, early stopping."""

import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from mlp_lib.checks import check_generator, check_kind
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
    interrupted : bool
        Whether training was stopped from the keyboard; the epoch it was in is not recorded.
    """

    cost: list[float] = field(default_factory=list)
    val_cost: list[float] = field(default_factory=list)
    val_metric: list[float] = field(default_factory=list)
    interrupted: bool = False

    def record(self, cost: float, validation: tuple[float, float | None] | None) -> None:
        """Add an epoch: its cost; cost and metric on the validation data, where there are any."""
        self.cost.append(cost)
        if validation is not None:
            self.val_cost.append(validation[0])
            if validation[1] is not None:
                self.val_metric.append(validation[1])

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
    sample_weight: np.ndarray | None = None,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    metric: Callable[[np.ndarray, np.ndarray], float] | None = None,
    patience: int | None = None,
    progress: bool = False,
) -> History:
    """Train `net` in place and return what happened.

    To go on later, call it again with the same optimiser. Ctrl-C (in Jupyter: interrupt) ends
    training with a warning; the network is then as it was after the last complete epoch.

    Parameters
    ----------
    X, T : ndarray
        Inputs (N, d_0); targets (N, K) or labels (N,).
    epochs, batch_size : int
        Passes over the data; samples in a mini-batch (the last batch of an epoch is shorter
        where N is no multiple of it).
    rng : numpy.random.Generator
        Shuffles the samples anew in every epoch.
    sample_weight : ndarray (N,), optional
        How many samples each one counts for, 0 or more; only the proportions matter. The cost of
        a mini-batch is the mean of weight times loss, with weights of mean 1 over all samples.
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
        If the cost or a parameter is no longer finite; names the step and the likely causes.

    An error leaves the network as it was after the last complete epoch.
    """
    X, T = net.check(X, T)
    check_generator(rng, "train")
    check_kind(optimiser, Optimiser, "optimiser", "SGD(0.1)")
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        optional = name == "patience" and value is None
        if not optional and (not isinstance(value, int | np.integer) or value < 1):
            raise ValueError(f"{name} is {value}, expected a whole number, 1 or more")
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise ValueError(f"validation is a {type(validation).__name__}, expected a pair (X, T)")
        _validate(net, *validation, metric, optimiser)  # finds what does not fit before any step
    elif metric is not None or patience is not None:
        raise ValueError("metric and patience look at validation data: pass validation=(X, T)")

    if sample_weight is not None:
        sample_weight = _mean_one(sample_weight, len(X), net.dtype)

    history, best, complete = History(), None, net.state()
    counted = range(1, epochs + 1)
    try:
        for epoch in tqdm(counted, desc="epochs", file=sys.stdout) if progress else counted:
            cost = _epoch(net, X, T, sample_weight, optimiser, batch_size, rng)
            looked = None if validation is None else _validate(net, *validation, metric, optimiser)
            complete = net.state()
            history.record(cost, looked)
            if patience is not None:
                if history.best_epoch == epoch:
                    best = complete
                elif epoch - history.best_epoch >= patience:
                    break
    except Exception:
        net.set_state(complete)
        raise
    except KeyboardInterrupt:
        history.interrupted = True
        net.set_state(complete)
        warnings.warn(f"interrupted: {len(history.cost)} of {epochs} epochs done", stacklevel=2)
    if best is not None:
        net.set_state(best)
    return history


def _epoch(net: Network, X, T, weight, optimiser: Optimiser, batch_size: int, rng) -> float:
    """One pass over the data; return the mean cost."""
    total = 0.0
    for step, batch in enumerate(minibatches(len(X), batch_size, rng), start=1):
        J = net.backprop(X[batch], T[batch], None if weight is None else weight[batch])
        if not math.isfinite(J):
            raise _diverged(f"the cost became {J} in step {step} of an epoch", optimiser)
        optimiser.step(net.theta, net.grad)
        total += J * len(batch)
    if not np.isfinite(net.theta).all():
        raise _diverged(f"parameters overflowed in step {step} of an epoch", optimiser)
    return total / len(X)


def _mean_one(weight: np.ndarray, N: int, dtype: np.dtype) -> np.ndarray:
    """Weights scaled to mean 1; ValueError unless they can be."""
    weight = np.asarray(weight, dtype=float)
    if weight.shape != (N,):
        raise ValueError(f"sample_weight has shape {weight.shape}, X has {N} rows")
    if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.any()):
        raise ValueError(
            f"sample_weight runs from {weight.min()} to {weight.max()}, "
            "expected finite numbers, 0 or more and not all 0"
        )
    weight = weight / weight.max()  # the sum of very large ones would overflow
    return (weight / weight.mean()).astype(dtype)


def _validate(net: Network, X, T, metric, optimiser: Optimiser) -> tuple[float, float | None]:
    """Cost and metric in evaluation mode."""
    U = net.forward(X)
    J = net.loss.value(U, T) + net.penalty() if np.isfinite(U).all() else math.nan
    if not math.isfinite(J):
        raise _diverged(f"the validation cost became {J}", optimiser)
    return J, metric(T, net.loss.output(U)) if metric is not None else None


def _diverged(what: str, optimiser: Optimiser) -> FloatingPointError:
    lr = optimiser.rate(max(optimiser.t, 1))
    return FloatingPointError(
        f"{what}, after {optimiser.t} steps in all (lr = {lr:g}). "
        "Likely causes: a learning rate that is too large; inputs or targets far from mean 0 and "
        "variance 1; initial weights that are too large"
    )
