"""How good predictions are: accuracy and the confusion matrix."""

import numpy as np


def labels(Y: np.ndarray) -> np.ndarray:
    """Class labels (N,) from labels (N,), or from one row of scores a sample.

    A matrix (N, K) gives the column of the largest entry; one column (N, 1) of probabilities
    gives 1 where it is 0.5 or more. ValueError for anything else.
    """
    Y = np.asarray(Y)
    if Y.dtype.kind == "f" and np.isnan(Y).any():
        raise ValueError(f"{np.isnan(Y).sum()} of the scores or labels are NaN, expected numbers")
    if Y.dtype.kind in "biuf":
        if Y.ndim == 1 and not np.any(np.mod(Y, 1)):
            return Y.astype(int)
        if Y.ndim == 2 and Y.shape[1] > 1:
            return Y.argmax(axis=1)
        if Y.ndim == 2 and Y.shape[1] == 1 and len(Y) and 0 <= Y.min() and Y.max() <= 1:
            return (Y[:, 0] >= 0.5).astype(int)
    raise ValueError(
        f"got shape {Y.shape} and dtype {Y.dtype}, expected integers (N,), scores (N, K) "
        "or probabilities (N, 1)"
    )


def accuracy(T: np.ndarray, Y_hat: np.ndarray) -> float:
    """Share of samples whose predicted class is the true one.

    Parameters
    ----------
    T, Y_hat : ndarray
        True classes and predictions, each as for `labels`: (N,) or (N, K).

    Raises
    ------
    ValueError
        If there are none, or not equally many of both.
    """
    true, predicted = _pair(T, Y_hat)
    return float(np.mean(true == predicted))


def confusion_matrix(T: np.ndarray, Y_hat: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts (K, K): row = true class, column = predicted class.

    Arguments and errors as for `accuracy`; labels must lie in 0 … n_classes - 1.
    """
    true, predicted = _pair(T, Y_hat)
    low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
    if low < 0 or high >= n_classes:
        raise ValueError(f"labels run from {low} to {high}, expected 0 to {n_classes - 1}")
    C = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(C, (true, predicted), 1)
    return C


def _pair(T: np.ndarray, Y_hat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true, predicted = labels(T), labels(Y_hat)
    if len(true) != len(predicted) or len(true) == 0:
        raise ValueError(
            f"{len(true)} true labels and {len(predicted)} predictions, expected equally many, "
            "one or more"
        )
    return true, predicted
