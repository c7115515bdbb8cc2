"""What the traits of live figures let in: each check is a function (value, name) -> value.

It returns the value to store, or raises a ValueError that names the trait, what was given and what
is expected.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def checked_array(value: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return `value` as a float array that cannot be changed in place.

    A change in place would reach neither the browser nor the figure's history.

    Raises
    ------
    ValueError
        If `value` is not numeric, has another shape, or has an entry that is not finite.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers of shape {shape}, got {value!r}") from error
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, got {array.tolist()}")
    array.setflags(write=False)
    return array


def checked_number(value: float, name: str) -> float:
    """Return `value` as a float; ValueError unless it is a finite number."""
    return float(checked_array(value, (), name))


def positive(value: float, name: str) -> float:
    """Return `value` as a float; ValueError unless it is larger than 0."""
    number = checked_number(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be larger than 0, got {value!r}")
    return number


def one_of(names: Iterable[str]) -> Callable[[Any, str], str]:
    """Return a check: the value is one of the names."""
    names = tuple(names)

    def check(value: Any, name: str) -> str:
        if value not in names:
            raise ValueError(f"{name} must be one of {', '.join(names)}, got {value!r}")
        return value

    return check


def between(low: float, high: float) -> Callable[[Any, str], float]:
    """Return a check: the value is a number from `low` to `high`."""

    def check(value: Any, name: str) -> float:
        number = checked_number(value, name)
        if not low <= number <= high:
            raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value!r}")
        return number

    return check


def whole(low: int, high: int) -> Callable[[Any, str], int]:
    """Return a check: the value is a whole number from `low` to `high`."""

    def check(value: Any, name: str) -> int:
        number = checked_number(value, name)
        if not (low <= number <= high and number.is_integer()):
            raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}")
        return int(number)

    return check


SEED = whole(0, 2**32 - 1)
