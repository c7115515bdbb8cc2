"""Every loss: values by hand, gradients by finite differences, targets checked."""

import numpy as np
import pytest

from mlp_lib import SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError
from mlp_lib.gradcheck import numerical_gradient, relative_error

LOSSES = [SquaredError(), SoftmaxCrossEntropy(), SigmoidCrossEntropy()]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_gradient_agrees_with_finite_differences(loss, rng):
    U = rng.normal(size=(5, 3))
    T = rng.dirichlet([1, 1, 1], size=5)
    numerical = numerical_gradient(lambda U: loss.value(U, T), U)
    assert relative_error(loss.grad(U, T), numerical) < 1e-8


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_arguments_are_not_changed(loss, rng):
    U, T = rng.normal(size=(5, 3)), rng.dirichlet([1, 1, 1], size=5)
    U_before, T_before = U.copy(), T.copy()
    loss.value(U, T), loss.grad(U, T), loss.output(U)
    np.testing.assert_array_equal(U, U_before)
    np.testing.assert_array_equal(T, T_before)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_mean_over_samples_and_sum_over_outputs(loss, rng):
    U, T = rng.normal(size=(5, 3)), rng.dirichlet([1, 1, 1], size=5)
    rows = [loss.value(U[[n]], T[[n]]) for n in range(5)]
    assert loss.value(U, T) == pytest.approx(np.mean(rows), rel=1e-14)
    assert loss.value(np.tile(U, (4, 1)), np.tile(T, (4, 1))) == pytest.approx(loss.value(U, T))


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_the_error_term_is_output_minus_target(loss, rng):
    U, T = rng.normal(size=(5, 3)), rng.dirichlet([1, 1, 1], size=5)
    factor = 2 if isinstance(loss, SquaredError) else 1
    np.testing.assert_allclose(loss.grad(U, T), factor * (loss.output(U) - T) / 5, rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_float32_stays_float32(loss, rng):
    U = rng.normal(size=(5, 3)).astype(np.float32)
    T = rng.dirichlet([1, 1, 1], size=5)
    assert loss.grad(U, T).dtype == loss.output(U).dtype == np.float32
    if isinstance(loss, SoftmaxCrossEntropy):
        assert loss.grad(U, [0, 1, 2, 0, 1]).dtype == np.float32


def test_squared_error_by_hand():
    U, T = np.array([[6.0, 1.0]]), np.array([[3.0, 2.0]])
    assert SquaredError().value(U, T) == 10
    np.testing.assert_array_equal(SquaredError().grad(U, T), [[6, -2]])


def test_one_column_takes_a_vector():
    U, y = np.array([[33.0], [20.0]]), np.array([20.0, 20.0])
    assert SquaredError().value(U, y) == 169 / 2
    assert SigmoidCrossEntropy().value(np.zeros((2, 1)), np.array([0, 1])) == pytest.approx(
        np.log(2)
    )


def test_labels_and_one_hot_rows_are_the_same():
    loss, U = SoftmaxCrossEntropy(), np.array([[2.0, 1, 0], [0, 3, 1]])
    assert loss.value(U, [0, 2]) == loss.value(U, np.eye(3)[[0, 2]])
    np.testing.assert_array_equal(loss.grad(U, [0, 2]), loss.grad(U, np.eye(3)[[0, 2]]))
    for dtype in (np.int8, np.uint64):
        assert loss.value(U, np.array([0, 2], dtype)) == loss.value(U, [0, 2])
    assert loss.value(U, np.array([False, True])) == loss.value(U, [0, 1])


def test_small_cross_entropies_keep_their_digits():
    U, J = np.array([[40.0]]), SigmoidCrossEntropy()
    expected = pytest.approx(4.248354255291589e-18, rel=1e-14, abs=0)
    assert J.value(U, [1]) == J.value(-U, [0]) == expected


def test_rows_of_probabilities_may_be_rounded_to_float32():
    U, T = np.zeros((1, 3)), np.array([[0.1, 0.2, 0.7]], np.float32)
    assert T.astype(float).sum() != 1
    assert SoftmaxCrossEntropy().value(U, T) == pytest.approx(np.log(3))


@pytest.mark.parametrize("size", [1e3, 1e6, 1e300])
def test_cross_entropies_are_finite_for_any_logits(size):
    with np.errstate(all="raise", under="ignore"):
        U = np.array([[size, 0.0]])
        assert SoftmaxCrossEntropy().value(U, [1]) == size
        assert SoftmaxCrossEntropy().value(U, [0]) == 0
        assert SigmoidCrossEntropy().value(U, [[0, 0]]) == pytest.approx(size + np.log(2))
        assert np.isfinite(SoftmaxCrossEntropy().grad(U, [1])).all()
        two = np.array([[size, 0.0], [0.0, 0.0]])  # each row is shifted by its own maximum
        assert SoftmaxCrossEntropy().value(two, [0, 1]) == pytest.approx(np.log(2) / 2)
        assert np.isfinite(SigmoidCrossEntropy().grad(-U, [[1, 0]])).all()


U = np.zeros((4, 3))
BAD_TARGETS = {
    "below 0": (SigmoidCrossEntropy(), np.full((4, 3), -0.5), "runs from -0.5 to -0.5, expected 0"),
    "label too large": (SoftmaxCrossEntropy(), [0, 1, 2, 3], "run from 0 to 3, expected 0 to 2"),
    "label negative": (SoftmaxCrossEntropy(), [0, 1, 2, -1], "run from -1 to 2, expected 0 to 2"),
    "labels as floats": (SoftmaxCrossEntropy(), [0.0, 1, 2, 0], "float64, expected integers"),
    "labels as text": (SoftmaxCrossEntropy(), ["a", "b", "c", "a"], "expected numbers"),
    "too few labels": (SoftmaxCrossEntropy(), [0, 1], r"shape \(2,\).*\(4, 3\)"),
    "rows sum to 2": (SoftmaxCrossEntropy(), np.ones((4, 3)) * 2 / 3, "sum to 2 … 2, expected 1"),
    "rows sum to 0.999": (SoftmaxCrossEntropy(), np.full((4, 3), 0.333), "sum to 0.999 … 0.999"),
    "negative row": (SoftmaxCrossEntropy(), [[2, -1, 0]] * 4, "smallest entry is -1"),
    "object": (SquaredError(), np.array([[None] * 3] * 4), "dtype object, expected numbers"),
    "NaN": (SquaredError(), np.full((4, 3), np.nan), "12 values that are NaN"),
    "infinite": (SquaredError(), np.full((4, 3), np.inf), "12 values that are NaN or infinite in"),
    "NaN in softmax": (SoftmaxCrossEntropy(), np.full((4, 3), np.nan), "12 values that are NaN"),
    "wrong width": (SquaredError(), np.ones((4, 2)), r"\(4, 2\).*\(4, 3\)"),
    "vector for three outputs": (SquaredError(), np.ones(4), r"\(4,\).*\(4, 3\)"),
    "above 1": (
        SigmoidCrossEntropy(),
        np.full((4, 3), 1.5),
        "runs from 1.5 to 1.5, expected 0 to 1",
    ),
}


@pytest.mark.parametrize("case", BAD_TARGETS)
def test_bad_targets_are_refused_with_both_sides_named(case):
    loss, T, message = BAD_TARGETS[case]
    for method in (loss.value, loss.grad):
        with pytest.raises(ValueError, match=message):
            method(U, T)


BAD_LOGITS = {
    "no columns": (np.zeros((2, 0)), r"U has shape \(2, 0\), expected \(N, K\)"),
    "vector": (np.zeros(3), r"U has shape \(3,\), expected \(N, K\)"),
    "rank 3": (np.zeros((2, 3, 1)), r"U has shape \(2, 3, 1\), expected \(N, K\)"),
    "empty": (np.zeros((0, 3)), r"U has shape \(0, 3\): an empty batch"),
    "NaN": (np.array([[0, np.nan, 1]]), "U holds 1 values .* row 0, column 1"),
    "object": (np.array([[None, 1, 2]]), "U has dtype object, expected numbers"),
    "text": ([["a", "b", "c"]], "U has dtype <U1, expected numbers"),
}


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("case", BAD_LOGITS)
def test_bad_logits_are_refused_with_both_sides_named(loss, case):
    logits, message = BAD_LOGITS[case]
    for method in (loss.value, loss.grad):
        with pytest.raises(ValueError, match=message):
            method(logits, np.full((1, 3), 1 / 3))


def test_targets_too_large_for_the_dtype_are_refused():
    logits, T = np.zeros((1, 3), np.float32), np.full((1, 3), 1e300)
    with pytest.raises(ValueError, match="T holds 3 values that are NaN or infinite in float32"):
        SquaredError().value(logits, T)


def test_logits_may_be_a_list_of_integers():
    assert SoftmaxCrossEntropy().value([[2, 1, 0]], [0]) == pytest.approx(0.4076059644443803)
