"""Points in the plane: small data sets whose classes a picture shows at once.

Each function returns ``X``, float64 of shape (N, 2), and the classes ``y``, int64 of
shape (N,). The random sets have equally many points in each class, and their rows are in
the order of the classes.
"""

import numpy as np

from mlp_lib.checks import check_generator


def xor() -> tuple[np.ndarray, np.ndarray]:
    """Return the exclusive or: the four corners (0,0), (0,1), (1,0), (1,1) in this order.

    The class is 1 where exactly one of the two inputs is 1.
    """
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    return X, np.array([0, 1, 1, 0], dtype=np.int64)


def blobs(
    rng: np.random.Generator, n_per_class: int, n_classes: int = 3, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw round clouds of points, whose centres are evenly spread on a circle.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the random numbers come from.
    n_per_class, n_classes : int
        Number of points in each class, number of classes.
    noise : float
        Standard deviation of each coordinate about the centre. The circle has radius 3.

    Returns
    -------
    X : ndarray of float64, shape (n_classes * n_per_class, 2)
    y : ndarray of int64, shape (n_classes * n_per_class,)
    """
    check_generator(rng, "blobs")
    y = _classes(n_per_class, n_classes)
    angle = 2 * np.pi * y / n_classes
    X = 3 * np.column_stack([np.cos(angle), np.sin(angle)])
    return X + noise * rng.standard_normal(X.shape), y


def moons(
    rng: np.random.Generator, n_per_class: int, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Draw two half circles that reach into each other.

    Without noise these are the points of ``sklearn.datasets.make_moons``.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the random numbers come from.
    n_per_class : int
        Number of points in each of the two classes.
    noise : float
        Standard deviation of each coordinate about the half circle, which has radius 1.

    Returns
    -------
    X : ndarray of float64, shape (2 * n_per_class, 2)
    y : ndarray of int64, shape (2 * n_per_class,)
    """
    check_generator(rng, "moons")
    y = _classes(n_per_class, 2)
    angle = np.linspace(0, np.pi, n_per_class)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    X = np.vstack([upper, [1, 0.5] - upper])
    return X + noise * rng.standard_normal(X.shape), y


def spiral(
    rng: np.random.Generator, n_per_class: int, n_classes: int = 3, noise: float = 0.2
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one arm of a spiral for each class; no straight line separates them.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the random numbers come from.
    n_per_class, n_classes : int
        Number of points in each class, number of classes.
    noise : float
        Standard deviation of the angle, in radians. The arms have length 1.

    Returns
    -------
    X : ndarray of float64, shape (n_classes * n_per_class, 2)
    y : ndarray of int64, shape (n_classes * n_per_class,)
    """
    check_generator(rng, "spiral")
    y = _classes(n_per_class, n_classes)
    radius = np.tile(np.linspace(0.1, 1, n_per_class), n_classes)
    angle = 2 * np.pi * y / n_classes + 4 * radius + noise * rng.standard_normal(y.shape)
    return radius[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)]), y


def _classes(n_per_class: int, n_classes: int) -> np.ndarray:
    if n_per_class < 1 or n_classes < 2:
        raise ValueError(
            f"got n_per_class={n_per_class} and n_classes={n_classes}, "
            "expected at least 1 point in each of at least 2 classes"
        )
    return np.repeat(np.arange(n_classes, dtype=np.int64), n_per_class)
