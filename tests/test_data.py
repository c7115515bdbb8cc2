"""The digits, the points in the plane, splitting and standardising."""

import dataclasses

import numpy as np
import pytest
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from mlp_lib.data import blobs, load_digits, moons, spiral, split, standardise, xor


@pytest.fixture
def global_state_untouched():
    """Fail where a test uses NumPy's global random numbers."""
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1:3]  # noqa: NPY002
    yield
    after = np.random.get_state()[1:3]  # noqa: NPY002
    assert np.array_equal(before[0], after[0]) and before[1] == after[1]


# The digits.


def test_digits_have_the_documented_form():
    data = load_digits()
    assert (data.name, data.image_shape, data.n_classes) == ("digits", (8, 8), 10)
    assert data.X_train.shape == (1437, 64) and data.y_train.shape == (1437,)
    assert data.X_test.shape == (360, 64) and data.y_test.shape == (360,)
    for X, y in [(data.X_train, data.y_train), (data.X_test, data.y_test)]:
        assert X.dtype == np.float32 and y.dtype == np.int64
        assert X.min() == 0 and X.max() == 1
    assert repr(data) == (
        "ImageData(digits: 1437 training and 360 test images of 8 × 8 pixels, 10 classes)"
    )


def test_digits_are_those_of_scikit_learn_each_once():
    data = load_digits()
    X, y = datasets.load_digits(return_X_y=True)
    ours = np.vstack([data.X_train, data.X_test]) * 16
    ours = np.column_stack([ours, np.concatenate([data.y_train, data.y_test])])
    theirs = np.column_stack([X, y])
    np.testing.assert_array_equal(
        ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)].astype(np.float32)
    )


def test_digits_are_stratified_and_the_same_each_time(global_state_untouched):
    data, again = load_digits(), load_digits()
    all_counts = np.bincount(datasets.load_digits().target)
    test_counts = np.bincount(data.y_test)
    assert np.abs(test_counts - all_counts * 360 / 1797).max() < 1
    np.testing.assert_array_equal(data.X_train, again.X_train)
    np.testing.assert_array_equal(data.y_test, again.y_test)


def test_image_data_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_digits().X_train = None


# Points in the plane.

RANDOM_SETS = [
    (lambda rng: blobs(rng, 20), 3, 20),
    (lambda rng: blobs(rng, 7, n_classes=5, noise=0.5), 5, 7),
    (lambda rng: moons(rng, 20), 2, 20),
    (lambda rng: spiral(rng, 20), 3, 20),
    (lambda rng: spiral(rng, 7, n_classes=5, noise=0.5), 5, 7),
]
IDS = ["blobs", "blobs5", "moons", "spiral", "spiral5"]
each_random_set = pytest.mark.parametrize("make, n_classes, n_per_class", RANDOM_SETS, ids=IDS)


def test_xor():
    X, y = xor()
    assert X.dtype == np.float64 and y.dtype == np.int64
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


@each_random_set
def test_random_sets_have_the_documented_form(make, n_classes, n_per_class):
    X, y = make(np.random.default_rng(0))
    assert X.dtype == np.float64 and y.dtype == np.int64
    assert X.shape == (n_classes * n_per_class, 2)
    assert y.tolist() == [k for k in range(n_classes) for _ in range(n_per_class)]
    assert len(np.unique(X, axis=0)) == len(X)


@each_random_set
def test_random_sets_follow_their_generator_only(
    make, n_classes, n_per_class, global_state_untouched
):
    X, _ = make(np.random.default_rng(0))
    rng = np.random.default_rng(0)
    same, next_one = make(rng)[0], make(rng)[0]
    other, _ = make(np.random.default_rng(1))
    np.testing.assert_array_equal(X, same)
    assert not np.isclose(X, next_one).any()
    assert not np.isclose(X, other).any()


@pytest.mark.parametrize("make", [blobs, moons, spiral])
def test_a_seed_in_place_of_a_generator_is_refused(make):
    message = rf"{make.__name__} needs a numpy.random.Generator, got 0; pass rng="
    with pytest.raises(ValueError, match=message):
        make(0, 5)
    with pytest.raises(ValueError, match="split needs a numpy.random.Generator, got 0"):
        split(np.ones((8, 2)), np.repeat([0, 1], 4), 0.5, 0)


def test_blobs_have_the_stated_centres_and_spread():
    X, y = blobs(np.random.default_rng(0), 10_000, n_classes=4, noise=0.5)
    for k, centre in enumerate([(3, 0), (0, 3), (-3, 0), (0, -3)]):
        # Five standard errors of a mean and of a standard deviation.
        np.testing.assert_allclose(X[y == k].mean(axis=0), centre, atol=5 * 0.5 / 100)
        np.testing.assert_allclose(X[y == k].std(axis=0), 0.5, atol=5 * 0.5 / 141)


def test_moons_agree_with_scikit_learn():
    X, y = moons(np.random.default_rng(0), 50, noise=0)
    X_theirs, y_theirs = datasets.make_moons((50, 50), shuffle=False, noise=None)
    np.testing.assert_allclose(X, X_theirs, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(y, y_theirs)


def test_moons_have_the_stated_noise():
    noisy, _ = moons(np.random.default_rng(0), 10_000, noise=0.2)
    exact, _ = moons(np.random.default_rng(0), 10_000, noise=0)
    np.testing.assert_allclose((noisy - exact).std(axis=0), 0.2, atol=5 * 0.2 / 200)


def test_spiral_arms_are_turned_copies():
    X, y = spiral(np.random.default_rng(0), 50, n_classes=5, noise=0)
    arm = X[y == 0] @ [1, 1j]
    for k in range(5):
        turned = arm * np.exp(2j * np.pi * k / 5)
        np.testing.assert_allclose(X[y == k] @ [1, 1j], turned, rtol=0, atol=1e-14)
    np.testing.assert_allclose(np.abs(arm), np.linspace(0.1, 1, 50), rtol=1e-14)


def test_spiral_has_the_stated_noise():
    noisy, _ = spiral(np.random.default_rng(0), 10_000, noise=0.3)
    exact, _ = spiral(np.random.default_rng(0), 10_000, noise=0)
    turn = np.angle((noisy @ [1, 1j]) / (exact @ [1, 1j]))
    assert abs(turn.std() - 0.3) < 5 * 0.3 / 244


def test_spiral_needs_a_curved_boundary():
    X, y = spiral(np.random.default_rng(0), 200)
    X_new, y_new = spiral(np.random.default_rng(1), 200)
    assert LogisticRegression(C=1e6).fit(X, y).score(X_new, y_new) < 0.75
    assert KNeighborsClassifier().fit(X, y).score(X_new, y_new) > 0.98


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda rng: blobs(rng, 0), "n_per_class=0 and n_classes=3"),
        (lambda rng: blobs(rng, 5, n_classes=1), "n_per_class=5 and n_classes=1"),
        (lambda rng: moons(rng, -1), "n_per_class=-1"),
        (lambda rng: spiral(rng, 0), "n_per_class=0"),
        (lambda rng: spiral(rng, 5, n_classes=0), "n_classes=0"),
    ],
)
def test_random_sets_refuse_empty_classes(make, message):
    with pytest.raises(ValueError, match=message + ".*expected at least 1 point"):
        make(np.random.default_rng(0))


# Splitting.


def numbered(counts):
    """Samples whose rows tell which they are, with the given counts of the classes."""
    y = np.repeat(np.arange(len(counts)), counts)
    n = np.arange(len(y))
    return np.column_stack([n, 10 * n + y]).astype(np.float32), y


def test_split_keeps_every_sample_once_and_its_class_with_it():
    X, y = numbered([30, 50, 20])
    X_a, X_b, y_a, y_b = split(X, y, 0.3, np.random.default_rng(0))
    assert X_a.shape == (70, 2) and X_b.shape == (30, 2)
    assert X_a.dtype == X.dtype and y_a.dtype == y.dtype
    assert sorted(np.concatenate([X_a, X_b])[:, 0]) == list(range(100))
    for X_part, y_part in [(X_a, y_a), (X_b, y_b)]:
        np.testing.assert_array_equal(X_part[:, 1], 10 * X_part[:, 0] + y_part)
        assert (np.diff(y_part) < 0).any()  # shuffled
    assert np.bincount(y_b).tolist() == [9, 15, 6]


def test_split_leaves_its_input_alone():
    X, y = numbered([10, 10])
    X_before, y_before = X.copy(), y.copy()
    X_a, *_ = split(X, y, 0.5, np.random.default_rng(0))
    X_a[:] = -1
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


@pytest.mark.parametrize("share, n_b", [(0.07, 7), (0.29, 29), (1 / 3, 33), (0.666, 67)])
def test_split_rounds_to_the_nearest_number(share, n_b):
    """A plain ceil(share * N) would give 8 for 0.07 of 100, which is 7.000000000000001."""
    X, y = numbered([50, 50])
    assert len(split(X, y, share, np.random.default_rng(0))[1]) == n_b


def test_split_follows_its_generator_only(global_state_untouched):
    X, y = numbered([40, 40])
    first = split(X, y, 0.25, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    same, next_one = split(X, y, 0.25, rng), split(X, y, 0.25, rng)
    other = split(X, y, 0.25, np.random.default_rng(1))
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], next_one[0])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, 20, float("nan")])
def test_split_refuses_a_share_that_is_none(share):
    X, y = numbered([10, 10])
    with pytest.raises(ValueError, match=f"share is {share}, expected a number between 0 and 1"):
        split(X, y, share, np.random.default_rng(0))


def test_split_refuses_a_class_with_one_sample():
    X, y = numbered([10, 1, 10])
    with pytest.raises(ValueError, match="class 1 has only one sample, expected at least two"):
        split(X, y, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("share, sizes", [(0.1, "28 and 3"), (0.95, "2 and 29")])
def test_split_refuses_parts_smaller_than_the_number_of_classes(share, sizes):
    X, y = numbered([8, 8, 8, 7])
    with pytest.raises(ValueError, match=f"31 samples gives parts of {sizes}, expected at least 4"):
        split(X, y, share, np.random.default_rng(0))


@pytest.mark.parametrize(
    "X, y, shapes",
    [
        (np.zeros((5, 2)), np.zeros(4, int), r"\(5, 2\) and y \(4,\)"),
        (np.zeros((4, 2)), np.zeros((4, 2), int), r"\(4, 2\) and y \(4, 2\)"),
        (np.zeros(4), np.zeros((), int), r"\(4,\) and y \(\)"),
        (np.zeros(()), np.zeros(4, int), r"\(\) and y \(4,\)"),
        (np.zeros((0, 2)), np.zeros(0, int), r"\(0, 2\) and y \(0,\)"),
    ],
)
def test_split_refuses_shapes_that_do_not_fit(X, y, shapes):
    with pytest.raises(ValueError, match=f"X has shape {shapes}, expected"):
        split(X, y, 0.5, np.random.default_rng(0))


# Standardising.


def test_standardise_uses_the_training_part_for_all():
    rng = np.random.default_rng(0)
    X, V, T = (rng.normal([3, -200], [0.1, 40], size=(n, 2)) for n in (50, 10, 1))
    scaler = StandardScaler().fit(X)
    given = [part.copy() for part in (X, V, T)]
    result = standardise(X, V, T)
    assert isinstance(result, tuple) and len(result) == 3
    for part, copy, Z in zip((X, V, T), given, result, strict=True):
        np.testing.assert_array_equal(part, copy)
        np.testing.assert_allclose(Z, scaler.transform(part), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result[0].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(result[0].std(axis=0), 1, rtol=1e-12)
    assert np.abs(result[1].mean(axis=0)).min() > 0.01  # not standardised by itself


def test_standardise_alone_returns_a_tuple_of_one():
    (Z,) = standardise(np.array([[1.0], [3.0]]))
    assert Z.tolist() == [[-1], [1]]


def test_standardise_sets_constant_columns_to_zero():
    X = np.column_stack([np.full(10, 0.1), np.arange(10.0), np.zeros(10)])
    assert X.std(axis=0)[0] > 0  # by rounding: a test for zero would not see this column
    V = np.array([[0.5, 4.5, -2.0]])
    Z, Z_V = standardise(X, V)
    assert not Z[:, [0, 2]].any() and Z[:, 1].all()
    np.testing.assert_allclose(Z_V, [[0, 0, 0]], atol=1e-12)
    assert not np.signbit(Z_V[0, [0, 2]]).any()


def test_standardise_one_row():
    Z, Z_V = standardise([[1.0, 2.0]], [[3.0, 4.0]])
    assert Z.tolist() == [[0, 0]] and Z_V.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    "given, returned",
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int64, np.float64),
        (bool, np.float64),
    ],
)
def test_standardise_keeps_floating_point_types(given, returned):
    X = np.array([[0, 1], [1, 1], [1, 0]]).astype(given)
    Z, Z_V = standardise(X, np.array([[1.0, 0.0]]))
    assert Z.dtype == Z_V.dtype == returned
    np.testing.assert_allclose(Z[:, 0], np.array([-2, 1, 1]) / np.sqrt(2), rtol=1e-6)


def test_standardise_sums_float32_in_float64():
    X = np.tile(np.float32([[1000, 1000], [1001, 1001]]), (50_000, 1))
    assert (X.mean(axis=0) != 1000.5).all()  # what a sum in float32 gives
    (Z,) = standardise(X)
    assert np.unique(Z).tolist() == [-1, 1]


@pytest.mark.parametrize(
    "arrays, shapes",
    [
        ([np.zeros((3, 2)), np.zeros((3, 4))], r"\[\(3, 2\), \(3, 4\)\]"),
        ([np.zeros(3)], r"\[\(3,\)\]"),
        ([np.zeros((3, 2)), np.zeros(2)], r"\[\(3, 2\), \(2,\)\]"),
        ([np.zeros((0, 2))], r"\[\(0, 2\)\]"),
        ([np.zeros((2, 8, 8))], r"\[\(2, 8, 8\)\]"),
        ([np.float64(1)], r"\[\(\)\]"),
    ],
)
def test_standardise_refuses_shapes_that_do_not_fit(arrays, shapes):
    with pytest.raises(ValueError, match=f"shapes {shapes}, expected"):
        standardise(*arrays)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_standardise_refuses_what_is_not_finite(bad, which):
    arrays = [np.arange(6.0).reshape(3, 2), np.ones((1, 2))]
    arrays[which][0, 1] = bad
    with pytest.raises(ValueError, match="not finite"):
        standardise(*arrays)
