"""Initial weights. Every initialiser is a function (rng, d_in, d_out) -> W of shape (d_in, d_out).

The variance of a sum of d_in terms grows with d_in, so the weights must shrink with it if
the signal is to keep its size from layer to layer (eq. 14.6, eq. 14.8).
"""

from collections.abc import Callable

import numpy as np

from mlp_lib.checks import check_generator

Initialiser = Callable[[np.random.Generator | None, int, int], np.ndarray]


def he(rng: np.random.Generator | None, d_in: int, d_out: int) -> np.ndarray:
    """Normal weights of variance 2 / d_in: keeps the size of the signal through ReLU layers.

    References
    ----------
    He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, eq. 10.
    """
    return check_generator(rng, "he").normal(0.0, np.sqrt(2 / d_in), size=(d_in, d_out))


def glorot(rng: np.random.Generator | None, d_in: int, d_out: int) -> np.ndarray:
    """Uniform weights of variance 2 / (d_in + d_out), for tanh, sigmoid and linear layers.

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks, eq. 16.
    """
    limit = np.sqrt(6 / (d_in + d_out))
    return check_generator(rng, "glorot").uniform(-limit, limit, size=(d_in, d_out))


def normal(std: float) -> Initialiser:
    """Return the naive initialiser: normal weights of one standard deviation for every layer."""

    def initialise(rng: np.random.Generator | None, d_in: int, d_out: int) -> np.ndarray:
        return check_generator(rng, f"normal({std})").normal(0.0, std, size=(d_in, d_out))

    return initialise


def zeros(rng: np.random.Generator | None, d_in: int, d_out: int) -> np.ndarray:
    """All weights 0: every hidden unit then gets the same gradient and stays like the others."""
    return np.zeros((d_in, d_out))
