"""Where along its edge a number can stand without hiding anything."""

import numpy as np

# Fractions of the way along an edge, the best place first.
FRACTIONS = np.array(sorted(np.linspace(0.1, 0.9, 25), key=lambda t: abs(t - 0.5)))
SWEEPS = 20  # more than are needed for numbers to settle
AIR = 0.03  # inches around a number that are kept free


def place(
    boxes: np.ndarray, owners: np.ndarray, starts: np.ndarray, ends: np.ndarray, nodes: np.ndarray
) -> np.ndarray:
    """Choose one of C places for the numbers of each of M edges.

    Starts with all in their best place, and moves the numbers of one edge at a time to where
    they cost least, until none moves.

    Parameters
    ----------
    boxes : ndarray, shape (M, C, B, 4)
        The boxes (x0, y0, x1, y1) of the B numbers of each edge in each place.
    owners : ndarray of int, shape (M,)
        Which of the E edges the numbers belong to.
    starts, ends : ndarray, shape (E, 2)
        The ends of all edges.
    nodes : ndarray, shape (K, 4)
        Boxes that the numbers must not cover.

    Returns
    -------
    ndarray of int, shape (M,)
        The place of the numbers of each edge.
    """
    M, C, B, _ = boxes.shape
    flat, edge, others = boxes.reshape(-1, 4), np.repeat(owners, C * B), np.arange(M)
    # What hides a number costs most, then what hides an edge, then a place off the middle.
    pairs = 100 * _overlap(flat, flat).reshape(M, C, B, M, C, B).sum(axis=(2, 5))
    pairs[others, :, others] = 0
    alone = 100 * _overlap(flat, nodes).sum(axis=1) + 3 * _hidden(flat, edge, starts, ends)
    alone = alone.reshape(M, C, B).sum(axis=2) + 0.3 * np.linspace(0, 1, C)

    chosen = np.zeros(M, dtype=int)
    for _ in range(SWEEPS):
        before = chosen.copy()
        for m in range(M):
            chosen[m] = (alone[m] + pairs[m][:, others, chosen].sum(axis=1)).argmin()
        if np.array_equal(chosen, before):
            break
    return chosen


def _overlap(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Area that each box, with the air around it, shares with each of the others."""
    low = np.maximum(boxes[:, None, :2] - AIR, others[:, :2])
    high = np.minimum(boxes[:, None, 2:] + AIR, others[:, 2:])
    return np.clip(high - low, 0, None).prod(axis=2)


def _hidden(
    boxes: np.ndarray, owners: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Length of the edges, other than its own, that run through each box or close to it."""
    total = np.zeros(len(boxes))
    for e, (start, end) in enumerate(zip(starts, ends, strict=True)):
        points = np.linspace(start, end, 100)
        near = (points > boxes[:, None, :2] - 0.05) & (points < boxes[:, None, 2:] + 0.05)
        length = near.all(axis=2).mean(axis=1) * np.linalg.norm(end - start)
        total += np.where(owners == e, 0, length)
    return total
