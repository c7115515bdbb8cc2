"""Distorted copies of images: rotated, scaled, sheared, shifted and elastically bent.

Every pixel of the new image looks up its value in the old one, at its own place plus a
displacement. The displacements of all pixels are a field (2, H, W): rows down, columns to the
right, in pixels. So a distortion is two steps: make a field, then look up.
"""

import numpy as np

from mlp_lib.checks import check_generator, check_matrix

CHUNK = 200  # images at a time: what is computed between input and output stays in the cache


def distort(
    X: np.ndarray,
    image_shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    rotation: float = 0.0,
    scale: float = 0.0,
    shear: float = 0.0,
    shift: float = 0.0,
    elastic: float = 0.0,
    sigma: float = 4.0,
) -> np.ndarray:
    """Distort every image differently, by random amounts. All amounts 0: a plain copy.

    Parameters
    ----------
    X : ndarray (N, H · W)
        One image a row; background is 0.
    image_shape : (H, W)
        Height and width.
    rng : numpy.random.Generator
        Draws the amounts, uniformly from -a to a for the first four amounts a below.
    rotation, shear : float
        Largest angles in degrees; shear slants the columns.
    scale : float
        Largest share by which height and width grow or shrink, each by itself; below 1.
    shift : float
        Largest shift in pixels, along rows and columns.
    elastic : float
        Standard deviation in pixels of the elastic displacements, see `elastic_field`.
    sigma : float
        Their smoothness in pixels.

    Returns
    -------
    ndarray (N, H · W)
        New images in the floating-point type of X, float32 for integers.

    References
    ----------
    Simard, Steinkraus & Platt (2003), Best practices for convolutional neural networks applied
    to visual document analysis.
    """
    X, (H, W) = check_images(X, image_shape), image_shape
    check_generator(rng, "distort")
    amounts = {"rotation": rotation, "scale": scale, "shear": shear, "shift": shift}
    for name, amount in (amounts | {"elastic": elastic}).items():
        limit = {"scale": 1, "shear": 90}.get(name, np.inf)
        if not 0 <= amount < limit:
            raise ValueError(f"distort: {name} is {amount}, expected 0 <= {name} < {limit}")
    out = np.empty_like(X)
    for start in range(0, len(X), CHUNK):
        images = X[start : start + CHUNK].reshape(-1, H, W)
        n = len(images)
        field = affine_field(
            image_shape,
            rotation=rng.uniform(-rotation, rotation, n),
            scale=1 + rng.uniform(-scale, scale, (n, 2)),
            shear=rng.uniform(-shear, shear, n),
            shift=rng.uniform(-shift, shift, (n, 2)),
        ).astype(X.dtype)
        if elastic:
            field += X.dtype.type(elastic) * elastic_field(image_shape, n, rng, sigma, X.dtype)
        out[start : start + CHUNK] = look_up(images, field).reshape(n, H * W)
    return out


def check_images(X: np.ndarray, image_shape: tuple[int, int]) -> np.ndarray:
    """X (N, H · W) in its floating-point type, float32 for integers; ValueError if it is not."""
    X = np.asarray(X)
    H, W = image_shape
    return check_matrix(X, H * W, X.dtype if X.dtype.kind == "f" else np.float32)


def affine_field(image_shape, *, rotation=0.0, scale=1.0, shear=0.0, shift=0.0) -> np.ndarray:
    """Field (n, 2, H, W) that scales, shears, rotates (about the centre) and shifts n images.

    Parameters
    ----------
    rotation, shear : float or ndarray (n,)
        Angles in degrees; a positive rotation is anticlockwise.
    scale, shift : float or ndarray (n, 2)
        Factors of height and width; shift in pixels, down and to the right.
    """
    rotation, shear = (np.radians(np.atleast_1d(angle)) for angle in (rotation, shear))
    cos, sin, slant = np.cos(rotation), np.sin(rotation), np.tan(shear)
    one, zero = np.ones_like(slant), np.zeros_like(slant)
    # A look-up goes from the new image to the old one, so each map here is an inverse.
    rotate = np.stack([cos, sin, -sin, cos], axis=-1).reshape(-1, 2, 2)
    slope = np.stack([one, zero, slant, one], axis=-1).reshape(-1, 2, 2)
    centre = (np.array(image_shape) - 1) / 2
    places = np.indices(image_shape).reshape(2, -1) - centre[:, None]  # (2, H·W)
    from_centre = places - np.broadcast_to(shift, (len(one), 2))[:, :, None]
    old = (slope @ rotate / np.broadcast_to(scale, (len(one), 2))[:, :, None]) @ from_centre
    return (old - places).reshape(-1, 2, *image_shape)


def elastic_field(image_shape, n, rng, sigma, dtype=np.float64) -> np.ndarray:
    """Smooth random fields (n, 2, H, W) in which every displacement has standard deviation 1.

    White noise R, uniform and of variance 1, becomes A R Bᵀ: a smoothing matrix for each axis.
    """
    H, W = image_shape
    A, B = (smoothing_matrix(size, sigma).astype(dtype) for size in (H, W))
    noise = rng.random((n, 2, H, W), dtype=dtype)
    noise -= 0.5
    return A @ (noise @ (np.sqrt(12, dtype=dtype) * B.T))  # the noise has variance 1/12


def smoothing_matrix(size: int, sigma: float) -> np.ndarray:
    """Matrix (size, size) whose rows are Gaussians of standard deviation `sigma` pixels.

    Each row has length 1 (its squares sum to 1): smoothed noise then has the variance of the noise.
    """
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma}, expected a positive number of pixels")
    place = np.arange(size)
    A = np.exp(-0.5 * ((place - place[:, None]) / sigma) ** 2)
    return A / np.sqrt((A * A).sum(axis=1, keepdims=True))


def look_up(images: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Values of images (n, H, W) at their pixels' places + field (n, 2, H, W), bilinear.

    Between four pixels the value is their mean, weighted by nearness; outside everything is 0.
    """
    n, H, W = images.shape
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))  # so that every neighbour exists
    y = np.clip(field[:, 0] + np.arange(1, H + 1, dtype=field.dtype)[:, None], 0, H + 1)
    x = np.clip(field[:, 1] + np.arange(1, W + 1, dtype=field.dtype), 0, W + 1)
    i, j = y.astype(np.int32), x.astype(np.int32)  # the corner above and to the left
    y -= i
    x -= j
    width = W + 3
    at = j + width * i + (np.arange(n, dtype=np.int32) * padded[0].size)[:, None, None]
    values = padded.ravel()
    top = values[at]
    top += x * (values[at + 1] - top)
    at += width
    bottom = values[at]
    bottom += x * (values[at + 1] - bottom)
    return top + y * (bottom - top)
