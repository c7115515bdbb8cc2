"""The same weights in scikit-learn's MLPClassifier give the same probabilities, to 1e-12."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from mlp_lib import Linear, Network, ReLU, Sigmoid, SoftmaxCrossEntropy, Tanh


@pytest.mark.parametrize(
    ("name", "activation"), [("relu", ReLU), ("tanh", Tanh), ("logistic", Sigmoid)]
)
def test_probabilities_agree(name, activation):
    rng = np.random.default_rng(23)
    X, y = rng.normal(size=(60, 5)), rng.integers(0, 3, size=60)
    theirs = MLPClassifier((7, 6), activation=name, max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
    layers = []
    for W, b in zip(theirs.coefs_, theirs.intercepts_, strict=True):
        linear = Linear(*W.shape, init=W)
        linear.params["b"] = b
        layers += [linear, activation()]
    net = Network(layers[:-1], SoftmaxCrossEntropy())
    np.testing.assert_allclose(net.predict(X), theirs.predict_proba(X), rtol=1e-12)


# The numbers of the book that are scikit-learn's own. The order of the XOR points is source S1's.

XOR = np.array([[0, 0], [1, 1], [0, 1], [1, 0]]), np.array([0, 0, 1, 1])


def test_xor_with_the_settings_of_source_s1():  # D-25 to D-27
    settings = dict(hidden_layer_sizes=(8, 8, 8), alpha=1e-5, max_iter=10_000, random_state=1)
    model = MLPClassifier(solver="adam", **settings).fit(*XOR)
    assert [W.shape for W in model.coefs_] == [(2, 8), (8, 8), (8, 8), (8, 1)]
    assert [b.shape for b in model.intercepts_] == [(8,), (8,), (8,), (1,)]
    np.testing.assert_array_equal(model.predict(XOR[0]), XOR[1])
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 101)] * 2, indexing="ij"), axis=-1)
    labels = model.predict(grid.reshape(-1, 2)).reshape(101, 101)
    assert labels.size == 10_201
    assert 2_000 < labels.sum() < 5_500  # digits move with versions
    assert [labels[0, 0], labels[-1, -1], labels[0, -1], labels[-1, 0]] == [0, 0, 1, 1]
    assert model.predict_proba([[0.5, 0.5]])[0, 1] < 0.5


def test_logistic_regression_on_xor_is_undecided():  # F-12
    model = LogisticRegression().fit(*XOR)
    np.testing.assert_allclose(model.predict_proba(XOR[0]), 0.5, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_accuracies_on_small_digits():  # F-15
    X, y = load_digits(return_X_y=True)
    options = dict(test_size=0.2, random_state=0)
    X, X_test, y, y_test = train_test_split(X / 16, y, stratify=y, **options)
    model = MLPClassifier((64,), max_iter=300, random_state=0)
    assert model.fit(X, y).score(X_test, y_test) >= 0.94
