"""Images set upright and centred."""

import numpy as np
import pytest

from mlp_lib.augment import affine_field, look_up
from mlp_lib.data import load_digits
from mlp_lib.deskew import deskew


def moments(images):
    """Centre (row, column) and the slope of the ink of images (n, H, W), each by numpy.cov."""
    found = []
    for image in images:
        r, c = np.indices(image.shape).reshape(2, -1)
        ink = image.ravel()
        covariance = np.cov(r, c, aweights=ink, ddof=0)
        found.append(
            (ink @ r / ink.sum(), ink @ c / ink.sum(), covariance[0, 1] / covariance[0, 0])
        )
    return np.array(found).T


def test_a_leaning_bar_is_set_upright_in_the_middle():
    image = np.zeros((7, 7))
    image[[0, 1, 2], [1, 2, 3]] = 1  # leans by one column a row, centre (1, 2)
    expected = np.zeros((7, 7))
    expected[2:5, 3] = 1
    np.testing.assert_allclose(
        deskew(image.reshape(1, -1), (7, 7))[0], expected.ravel(), atol=1e-14
    )


def test_smooth_images_become_centred_and_upright():
    rng = np.random.default_rng(0)
    r, c = np.indices((28, 28)) - 13.5
    blob = np.exp(-(r**2) / 30 - c**2 / 8)
    leaning = look_up(
        np.tile(blob, (250, 1, 1)),
        affine_field((28, 28), shear=rng.uniform(-25, 25, 250), shift=rng.uniform(-2, 2, (250, 2))),
    )
    assert np.abs(moments(leaning)[2]).max() > 0.3
    row, column, slope = moments(deskew(leaning.reshape(250, -1), (28, 28)).reshape(-1, 28, 28))
    np.testing.assert_allclose(row, 13.5, atol=0.02)
    np.testing.assert_allclose(column, 13.5, atol=0.02)
    np.testing.assert_allclose(slope, 0, atol=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_range_and_argument_are_kept(dtype):
    X = load_digits().X_train[:450].astype(dtype)
    before = X.copy()
    out = deskew(X, (8, 8))
    assert out.dtype == dtype and out.shape == X.shape and (out != X).any(axis=1).all()
    assert out.min() >= 0 and out.max() <= 1
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(deskew(X[300:], (8, 8)), out[300:])  # each image by itself


def test_images_without_slope_to_take_away():
    empty, row = np.zeros((2, 25), dtype=np.uint8)
    row[10:15] = 3  # one row of ink has no slope
    out = deskew(np.stack([empty, row]), (5, 5))
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, [empty, row])


@pytest.mark.parametrize(
    "X, message",
    [
        (np.zeros((2, 63)), r"X has shape \(2, 63\), expected \(N, 64\)"),
        (np.full((1, 64), -0.5), "X holds -0.5, expected ink of 0 or more"),
        (np.full((1, 64), np.inf), "NaN or infinite"),
    ],
)
def test_bad_arguments_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        deskew(X, (8, 8))
