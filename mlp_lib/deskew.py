"""Images set upright and centred, so that a network need not learn slant and place."""

import numpy as np

from mlp_lib.augment import CHUNK, check_images, look_up


def deskew(X: np.ndarray, image_shape: tuple[int, int]) -> np.ndarray:
    """Shear every image until its ink leans neither way, and move its centre to the middle.

    The ink counts as a mass. How far its column changes with its row is the slope of a
    regression line, covariance over variance; the shear takes this slope away.

    Parameters
    ----------
    X : ndarray (N, H · W)
        One image a row; background is 0, no value is negative.
    image_shape : (H, W)
        Height and width.

    Returns
    -------
    ndarray (N, H · W)
        New images in the floating-point type of X, float32 for integers.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document
    recognition, section III.A.
    """
    X, (H, W) = check_images(X, image_shape), image_shape
    if X.min() < 0:
        raise ValueError(f"deskew: X holds {X.min():g}, expected ink of 0 or more")
    middle = (np.array(image_shape) - 1) / 2
    r, c = np.indices(image_shape).reshape(2, -1) - middle[:, None]
    sums = X @ np.stack([np.ones_like(r), r, c, r * r, r * c], axis=1)  # (N, 5), float64
    mass = np.where(sums[:, 0] > 0, sums[:, 0], 1)  # an empty image stays as it is
    row, column, rr, rc = sums[:, 1:].T / mass
    variance = rr - row * row
    slope = (rc - row * column) / np.where(variance > 1e-9, variance, 1)  # 1: ink in one row only
    out = np.empty_like(X)
    for start in range(0, len(X), CHUNK):
        part = slice(start, start + CHUNK)
        right = column[part, None] + slope[part, None] * r  # (n, H·W)
        down = np.broadcast_to(row[part, None], right.shape)
        field = np.stack([down, right], axis=1).reshape(-1, 2, H, W).astype(X.dtype)
        out[part] = look_up(X[part].reshape(-1, H, W), field).reshape(-1, H * W)
    return out
