"""Random numbers that are the same in Python and in the browser: the twin of `random.js`."""

import math
from collections.abc import Callable

import numpy as np

BITS = 0xFFFFFFFF


def uniform(seed: int) -> Callable[[], float]:
    """Return a function that gives numbers from 0 up to 1 (the generator mulberry32)."""
    state = seed & BITS

    def draw() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & BITS
        mixed = (state ^ (state >> 15)) * (1 | state) & BITS
        mixed ^= mixed + (mixed ^ (mixed >> 7)) * (61 | mixed) & BITS
        return (mixed ^ (mixed >> 14)) / 2**32

    return draw


def normal(draw: Callable[[], float]) -> Callable[[], float]:
    """Return a function that gives standard normal numbers, made of uniform ones (Box, Muller)."""
    return lambda: math.sqrt(-2 * math.log(1 - draw())) * math.cos(2 * math.pi * draw())


def shuffled(n: int, draw: Callable[[], float]) -> np.ndarray:
    """Return the numbers 0 … n - 1 in random order (Fisher and Yates)."""
    order = np.arange(n)
    for i in range(n - 1, 0, -1):
        j = int(draw() * (i + 1))
        order[[i, j]] = order[[j, i]]
    return order


def uniforms(seed: int, count: int) -> np.ndarray:
    """Return the first `count` numbers of `uniform(seed)`, all at once, which is much faster."""
    # Unsigned 32-bit integers wrap around, as Math.imul does.
    state = np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
    mixed = (state ^ (state >> 15)) * (state | 1)
    mixed = (mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)) ^ mixed
    return (mixed ^ (mixed >> 14)) / 2.0**32


def normals(seed: int, count: int) -> np.ndarray:
    """Return the first `count` numbers of `normal(uniform(seed))`, all at once."""
    first, second = uniforms(seed, 2 * count).reshape(-1, 2).T
    return np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * second)


def rounded(value: float, digits: int) -> float:
    """Round as JavaScript does: halves upwards."""
    return math.floor(value * 10**digits + 0.5) / 10**digits
