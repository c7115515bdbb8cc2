"""Distorted images: fields, look-ups and what is left alone."""

import numpy as np
import pytest
from scipy import ndimage

from mlp_lib.augment import affine_field, distort, elastic_field, look_up, smoothing_matrix
from mlp_lib.data import load_digits

ALL = {"rotation": 15.0, "scale": 0.2, "shear": 10.0, "shift": 1.5, "elastic": 0.8, "sigma": 3.0}


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture(scope="module")
def digits():
    return load_digits().X_train[:450]  # more than two chunks


def constant_field(n, shape, down, right):
    return np.broadcast_to(np.array([down, right])[:, None, None], (n, 2, *shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_amounts_the_images_are_copied_exactly(digits, rng, dtype):
    X = digits.astype(dtype)
    out = distort(X, (8, 8), rng)
    assert out.dtype == dtype and out is not X
    np.testing.assert_array_equal(out, X)


def test_a_shift_by_whole_pixels_moves_the_image(rng):
    image = rng.random((1, 5, 7))
    out = look_up(image, affine_field((5, 7), shift=[2, 1]))[0]
    expected = np.zeros((5, 7))
    expected[2:, 1:] = image[0, :-2, :-1]
    np.testing.assert_allclose(out, expected, atol=1e-14)


def test_a_rotation_by_90_degrees_is_that_of_numpy(rng):
    image = rng.random((1, 6, 6))
    out = look_up(image, affine_field((6, 6), rotation=90))
    np.testing.assert_allclose(out[0], np.rot90(image[0]), atol=1e-13)


def test_scale_and_shear_by_hand():
    corners = affine_field((3, 3), scale=[[2, 0.5]])[0][:, ::2, ::2]  # factor 2 down, 1/2 across
    np.testing.assert_allclose(corners[0], [[0.5, 0.5], [-0.5, -0.5]], atol=1e-15)
    np.testing.assert_allclose(corners[1], [[-1, 1], [-1, 1]], atol=1e-15)
    field = affine_field((3, 3), shear=45)[0]  # each row slides by its distance from the centre
    np.testing.assert_allclose(field[0], 0, atol=1e-15)
    np.testing.assert_allclose(field[1], [[-1] * 3, [0] * 3, [1] * 3], atol=1e-15)


def test_affine_maps_are_applied_in_the_stated_order():
    """A point: scaled, sheared, rotated, shifted; the new place must look back at it."""
    turn, slant = np.radians(30), np.tan(np.radians(10))
    point = np.array([2.0, -3.0]) * [1.2, 0.9]
    point[1] -= slant * point[0]
    point = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]] @ point
    point += [0.5, 1.5]
    field = affine_field((101, 101), rotation=30, shear=10, scale=[1.2, 0.9], shift=[0.5, 1.5])[0]
    old = [
        ndimage.map_coordinates(part + place, (point + 50)[:, None], order=1)[0] - 50
        for part, place in zip(field, np.indices((101, 101)), strict=True)
    ]
    np.testing.assert_allclose(old, [2, -3], atol=1e-10)


def test_bilinear_values_by_hand():
    image = np.array([[[1.0, 2.0], [3.0, 5.0]]])
    out = look_up(image, constant_field(1, (2, 2), 0.25, 0.5))[0]
    # 3/4 of the mean above and 1/4 of the mean below; beyond the border there are zeros.
    inside = 0.75 * 1.5 + 0.25 * 4.0
    np.testing.assert_allclose(out, [[inside, 0.75 * 1 + 0.25 * 2.5], [3.0, 0.75 * 2.5]])


@pytest.mark.parametrize("amount", [0.7, 4.0])
def test_look_up_agrees_with_scipy(rng, amount):
    images = rng.random((3, 9, 11))
    field = rng.normal(0, amount, (3, 2, 9, 11))
    expected = [
        ndimage.map_coordinates(image, np.indices((9, 11)) + d, order=1, mode="grid-constant")
        for image, d in zip(images, field, strict=True)
    ]
    np.testing.assert_allclose(look_up(images, field), expected, atol=1e-14)


def test_smoothing_matrix_is_a_gaussian_filter_up_to_a_factor(rng):
    A = smoothing_matrix(41, 2.0)
    np.testing.assert_allclose((A * A).sum(axis=1), 1, rtol=1e-14)
    # An infinite row of Gaussian values has the sum of squares √π σ.
    np.testing.assert_allclose(A[20, 20], (np.sqrt(np.pi) * 2.0) ** -0.5, rtol=1e-12)
    signal = rng.normal(size=41)
    expected = ndimage.gaussian_filter1d(signal, 2.0, mode="constant", truncate=20)
    middle = slice(15, 26)  # there, no row is cut off by the border
    np.testing.assert_allclose(
        (A @ signal)[middle] / A[20].sum(), expected[middle], rtol=1e-6, atol=1e-9
    )


def test_elastic_field_has_the_stated_spread_and_smoothness(rng):
    field = elastic_field((12, 10), 20_000, rng, sigma=2.0)
    np.testing.assert_allclose(field.std(axis=0), 1, atol=5 / np.sqrt(2 * 20_000))
    A, B = smoothing_matrix(12, 2.0), smoothing_matrix(10, 2.0)
    correlation = (field[:, 0, 5, 5] * field[:, 0, 8, 4]).mean()
    assert correlation == pytest.approx(A[5] @ A[8] * (B[5] @ B[4]), abs=5 / np.sqrt(20_000))
    assert abs((field[:, 0, 5, 5] * field[:, 1, 5, 5]).mean()) < 5 / np.sqrt(20_000)


@pytest.mark.parametrize("name", ["rotation", "scale", "shear", "shift", "elastic"])
def test_each_amount_does_something_to_each_image(digits, rng, name):
    out = distort(digits, (8, 8), rng, **{name: ALL[name]})
    assert (out != digits).any(axis=1).all()


def test_images_are_distorted_differently(rng):
    out = distort(np.tile(rng.random(64), (450, 1)), (8, 8), rng, **ALL)
    assert len(np.unique(out, axis=0)) == 450


def test_the_same_seed_gives_the_same_images(digits):
    first, again, other = (
        distort(digits, (8, 8), np.random.default_rng(seed), **ALL) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_range_and_argument_are_kept(digits, rng, dtype):
    X = digits.astype(dtype)
    before = X.copy()
    out = distort(X, (8, 8), rng, **ALL)
    assert out.dtype == dtype and out.shape == X.shape
    assert out.min() >= 0 and out.max() <= 1
    np.testing.assert_array_equal(X, before)


def test_integers_become_float32(rng):
    image = np.array([[0, 16, 8, 0]], dtype=np.uint8)
    out = distort(image, (2, 2), rng)
    assert out.dtype == np.float32 and out.tolist() == [[0, 16, 8, 0]]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"X": np.zeros((2, 63))}, r"X has shape \(2, 63\), expected \(N, 64\)"),
        ({"X": np.full((2, 64), np.nan)}, "NaN or infinite"),
        ({"rng": 0}, "distort needs a numpy.random.Generator, got 0"),
        ({"rotation": -5}, "rotation is -5, expected 0 <= rotation < inf"),
        ({"scale": 1.0}, r"scale is 1.0, expected 0 <= scale < 1"),
        ({"shear": 90}, "shear is 90, expected 0 <= shear < 90"),
        ({"elastic": np.nan}, "elastic is nan"),
        ({"elastic": 1.0, "sigma": 0}, "sigma is 0, expected a positive number"),
    ],
)
def test_bad_arguments_are_named(rng, change, message):
    arguments = {"X": np.zeros((2, 64)), "rng": rng} | change
    with pytest.raises(ValueError, match=message):
        distort(arguments.pop("X"), (8, 8), arguments.pop("rng"), **arguments)
