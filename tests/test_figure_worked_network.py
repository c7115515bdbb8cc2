"""The live figure of the worked network, the Python side."""

import re

import numpy as np
import pytest
import traitlets

from mlp_lib import SGD, Linear, Network, ReLU, SquaredError
from mlp_lib.figures import WorkedNetwork


@pytest.fixture
def figure():
    return WorkedNetwork()


def stepped(figure):
    """Return the weights after a step of plain gradient descent."""
    pairs = zip(figure.weights, figure.gradients, strict=True)
    return [W - figure.lr * G for W, G in pairs]


# --- numbers -----------------------------------------------------------------------------------


def test_numbers_by_hand(figure):
    assert figure.loss == 169  # D-16
    dW1, dW2 = figure.gradients
    assert dW1.tolist() == [[156, 0], [234, 0], [78, 0]]  # D-17
    assert dW2.tolist() == [[286], [0]]
    W1, W2 = stepped(figure)
    np.testing.assert_allclose(W2[0, 0], 0.14, rtol=1e-12)  # D-18
    np.testing.assert_allclose(W1[:, 0], [1.44, -1.34, 1.22], rtol=1e-12)  # D-20


def test_step_of_all_weights_overshoots(figure):
    figure.weights = stepped(figure)
    np.testing.assert_allclose(figure.loss, 399.55212544, rtol=1e-12)  # D-20


def test_step_of_the_two_marked_weights_overshoots(figure):
    W1, W2 = figure.weights
    after1, after2 = stepped(figure)
    W1, W2 = W1.copy(), W2.copy()
    W1[0, 0], W2[0, 0] = after1[0, 0], after2[0, 0]
    figure.weights = [W1, W2]
    np.testing.assert_allclose(figure.loss, 357.08905024, rtol=1e-12)  # D-19


def test_history_is_the_cost_of_each_step(figure):
    figure.lr = 0.001
    for _ in range(3):
        figure.path = [*figure.path, stepped(figure)]
    np.testing.assert_allclose(figure.history, [169, 47.476399, 17.538576, 7.263184], rtol=1e-7)
    assert figure.loss == figure.history[-1]
    assert repr(figure) == "WorkedNetwork: J = 7.26318 at step 3"


def test_agrees_with_training_by_mlp_lib():
    rng = np.random.default_rng(0)
    x, W1, W2 = rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(2, 1))
    figure = WorkedNetwork(x, [W1, W2], target=0.5, lr=0.1)
    layers = [Linear(3, 2, init=W1, bias=False), ReLU(), Linear(2, 1, init=W2, bias=False)]
    network = Network(layers, SquaredError())
    assert network.cost_and_grad(x[None, :], [[0.5]]) == figure.loss
    after = stepped(figure)
    SGD(0.1).step(network.theta, network.grad)
    np.testing.assert_allclose(
        np.concatenate([W.ravel() for W in after]), network.theta, rtol=1e-14
    )


# --- state -------------------------------------------------------------------------------------


def test_another_problem_starts_at_step_0(figure):
    for name, value in [("x", [1, 1, 1]), ("target", 3)]:
        figure.path = [*figure.path, stepped(figure)]
        weights = figure.weights
        setattr(figure, name, value)
        assert len(figure.path) == 1
        np.testing.assert_array_equal(figure.weights[0], weights[0])


def test_rate_and_choice_of_weights_keep_the_steps(figure):
    figure.path = [*figure.path, stepped(figure)]
    figure.lr = 0.003
    figure.marked_only = True
    assert len(figure.path) == 2


def test_arrays_cannot_be_changed_unnoticed(figure):
    with pytest.raises(ValueError, match="read-only"):
        figure.x[0] = 5
    with pytest.raises(ValueError, match="read-only"):
        figure.weights[0][0, 0] = 5


def test_the_readers_own_array_is_copied():
    x = np.array([2.0, 3.0, 1.0])
    figure = WorkedNetwork(x)
    x[0] = 9
    assert figure.x[0] == 2


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x", [1, 2], r"x must have the shape \(3,\), got \(2,\)"),
        ("x", [1, 2, np.nan], "x must be finite numbers, got .*nan"),
        ("x", ["a", 2, 3], "x must be numbers of shape"),
        ("weights", 5, r"weights must be a pair of arrays \(W1, W2\), got 5"),
        ("weights", [np.eye(2), [[1], [1]]], r"W1 of weights must have the shape \(3, 2\)"),
        ("weights", [np.ones((3, 2)), [1, 1]], r"W2 of weights must have the shape \(2, 1\)"),
        ("path", [], r"path must be a list of one pair \(W1, W2\) or more, got \[\]"),
        ("path", 5, "path must be a list of one pair .* got 5"),
        ("path", [[np.ones((3, 2)), [[1], [np.inf]]]], r"W2 of path\[0\] must be finite numbers"),
        ("target", "20 or so", "target must be numbers"),
        ("lr", 0, "lr must be larger than 0, got 0"),
        ("lr", np.inf, "lr must be finite"),
    ],
)
def test_refused_values(figure, name, value, message):
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_refused_in_the_constructor():
    with pytest.raises(ValueError, match="weights must be a pair"):
        WorkedNetwork(weights=[1, 2, 3])
    with pytest.raises(TypeError, match="rate"):
        WorkedNetwork(rate=0.1)
    with pytest.raises(traitlets.TraitError, match="marked_only"):
        WorkedNetwork(marked_only="yes")


# --- what is stored in a notebook ----------------------------------------------------------------


def test_stored_state_and_numbers(figure):
    assert set(figure.state()) == {"x", "path", "target", "lr", "marked_only"}
    words = re.sub(r"<[^>]*>", " ", figure.fallback())
    numbers = re.findall(r"−?\d+(?:\.\d+)?", words)
    assert {"286", "156", "0.14", "1.44", "11", "−11", "169"} <= set(numbers)
    figure.target = 33
    assert "J = 0." in figure.fallback()
