"""Accuracy and confusion matrix: by hand, against scikit-learn, errors."""

import numpy as np
import pytest
import sklearn.metrics

from mlp_lib import accuracy, confusion_matrix
from mlp_lib.metrics import labels


def test_by_hand():
    true, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 0, 2])
    assert accuracy(true, predicted) == 4 / 6
    np.testing.assert_array_equal(
        confusion_matrix(true, predicted, 3), [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    )


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(2)
    true, P = rng.integers(0, 10, 500), rng.random((500, 10))
    expected = sklearn.metrics.confusion_matrix(true, P.argmax(axis=1))
    np.testing.assert_array_equal(confusion_matrix(true, P, 10), expected)
    assert accuracy(true, P) == sklearn.metrics.accuracy_score(true, P.argmax(axis=1))
    assert confusion_matrix(np.eye(10)[true], P, 10).trace() == accuracy(true, P) * 500


def test_labels_of_scores_and_of_one_column():
    np.testing.assert_array_equal(labels(np.array([[0.2, 0.8], [0.9, 0.1]])), [1, 0])
    np.testing.assert_array_equal(labels(np.array([[0.2], [0.5], [0.9]])), [0, 1, 1])


def test_labels_may_be_whole_numbers_of_any_type():
    for dtype in (bool, np.uint8, np.int64, np.float32):
        assert accuracy(np.array([0, 1, 1], dtype), [0, 1, 0]) == 2 / 3


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="2 of the scores or labels are NaN"):
        accuracy([0, 1], [[0.1, np.nan], [np.nan, 0.9]])
    with pytest.raises(ValueError, match=r"\(3, 1\) and dtype int64, expected .* \(N, 1\)"):
        accuracy([[0], [1], [2]], [0, 1, 2])
    with pytest.raises(ValueError, match="3 true labels and 2 predictions"):
        accuracy([0, 1, 2], [0, 1])
    with pytest.raises(ValueError, match="0 true labels"):
        accuracy(np.zeros(0, int), np.zeros(0, int))
    with pytest.raises(ValueError, match="run from 0 to 3, expected 0 to 2"):
        confusion_matrix([0, 1], [0, 3], 3)
    with pytest.raises(ValueError, match=r"shape \(2,\) and dtype float64"):
        accuracy([0.1, 0.9], [0, 1])
    for scores in ([["a", "b"], ["c", "d"]], [[1j, 0], [0, 1]], [[None, 1], [1, 2]]):
        with pytest.raises(ValueError, match=r"shape \(2, 2\) and dtype .*, expected integers"):
            accuracy([0, 1], scores)
    with pytest.raises(ValueError, match="run from -1 to 1, expected 0 to 1"):
        confusion_matrix([0, 1], [1, -1], 2)
    with pytest.raises(ValueError, match=r"shape \(2, 1\) and dtype float64"):
        accuracy([0, 1], [[-0.2], [0.7]])
    with pytest.raises(ValueError, match=r"shape \(0, 1\)"):
        accuracy([], np.zeros((0, 1)))
