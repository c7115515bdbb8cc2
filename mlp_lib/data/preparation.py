"""What is done to data before training: splitting and standardising."""

import numpy as np
from sklearn.model_selection import train_test_split

from mlp_lib.checks import check_generator


def split(
    X: np.ndarray, y: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shuffle the samples and split them in two parts, class by class (stratified).

    Every class makes up about the same share of both parts.

    Parameters
    ----------
    X : ndarray, shape (N, d)
        The samples.
    y : ndarray of int, shape (N,)
        Their classes.
    share : float
        The share of the samples that goes into the second part, between 0 and 1.
    rng : numpy.random.Generator
        Where the random numbers come from.

    Returns
    -------
    X_a, X_b, y_a, y_b : ndarray
        The first and the second part, of the samples and of the classes.

    Raises
    ------
    ValueError
        If `X` and `y` differ in length, `share` is not between 0 and 1, or there are too
        few samples to have every class in both parts.
    """
    X, y = np.asarray(X), np.asarray(y)
    if y.ndim != 1 or X.shape[:1] != y.shape or y.size == 0:
        raise ValueError(f"X has shape {X.shape} and y {y.shape}, expected (N, d) and (N,), N > 0")
    if not 0 < share < 1:
        raise ValueError(f"share is {share}, expected a number between 0 and 1")
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"class {classes[counts.argmin()]} has only one sample, "
            "expected at least two in each class: one for each part"
        )
    n_b = round(share * len(y))
    if min(n_b, len(y) - n_b) < len(classes):
        raise ValueError(
            f"share {share} of {len(y)} samples gives parts of {len(y) - n_b} and {n_b}, "
            f"expected at least {len(classes)} in each: one for each class"
        )
    # scikit-learn takes no Generator, but an integer that a Generator can draw.
    seed = int(check_generator(rng, "split").integers(2**32))
    return tuple(train_test_split(X, y, test_size=n_b, stratify=y, random_state=seed))


def standardise(X_train: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """Shift and scale every column, so that it has mean 0 and standard deviation 1.

    The means and standard deviations are those of the training part and are used for all
    arrays, so nothing of the validation or test part is known in training. A column that
    is constant in `X_train` tells nothing and becomes 0 in every array.

    Parameters
    ----------
    X_train : ndarray, shape (N, d)
        The training part.
    *others : ndarray, shape (any, d)
        Further parts, for example for validation and test.

    Returns
    -------
    tuple of ndarray
        A new array for each given one, in the same order, all of the floating-point type
        of `X_train` (float64 if that holds integers).

    Raises
    ------
    ValueError
        If an array is not two-dimensional, has another number of columns than `X_train`
        or an entry that is not finite, or if `X_train` has no entries.
    """
    X_train = np.asarray(X_train)
    dtype = X_train.dtype if X_train.dtype.kind == "f" else np.float64
    parts = [np.asarray(X, dtype=dtype) for X in (X_train, *others)]
    shapes = [X.shape for X in parts]
    if X_train.size == 0 or any(len(shape) != 2 or shape[1] != shapes[0][1] for shape in shapes):
        raise ValueError(
            f"the arrays have the shapes {shapes}, "
            "expected (N, d) with the same d for all, and at least one row in the first"
        )
    if not all(np.isfinite(X).all() for X in parts):
        raise ValueError("an array has entries that are not finite, expected only numbers")

    # In float64, since float32 loses digits in a sum over many rows.
    mean = X_train.mean(axis=0, dtype=np.float64).astype(dtype)
    std = X_train.std(axis=0, dtype=np.float64).astype(dtype)
    # Not std == 0: rounding gives a column of equal numbers a standard deviation like 1e-17.
    constant = X_train.max(axis=0) == X_train.min(axis=0)
    std[constant] = 1
    return tuple(np.where(constant, 0, (X - mean) / std) for X in parts)
