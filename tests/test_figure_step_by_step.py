"""The live figure that steps through the worked networks, the Python side."""

import re

import numpy as np
import pytest
import traitlets

from mlp_lib import SGD
from mlp_lib.figures import StepByStep

EXAMPLES = ("3-2-1", "2-2-2", "3-3-3-2")


@pytest.fixture(params=EXAMPLES)
def figure(request):
    return StepByStep(request.param)


def stepped(figure):
    """Return the weights and the biases after a step of plain gradient descent."""
    pairs = (figure.weights, figure.gradients), (figure.biases, figure.bias_gradients)
    return [[p - figure.lr * g for p, g in zip(*pair, strict=True)] for pair in pairs]


# --- numbers -----------------------------------------------------------------------------------


def test_numbers_of_3_2_1():
    figure = StepByStep("3-2-1")
    assert figure.prediction.tolist() == [33] and figure.loss == 169  # D-15, D-16
    gW1, gW2 = figure.gradients
    assert gW1.tolist() == [[156, 0], [234, 0], [78, 0]] and gW2.tolist() == [[286], [0]]  # D-17
    figure.weights, _ = stepped(figure)
    np.testing.assert_allclose(figure.loss, 399.55212544, rtol=1e-12)  # D-20


def test_numbers_of_2_2_2():
    figure = StepByStep("2-2-2")
    exact = {"rtol": 1e-12}
    np.testing.assert_allclose(figure.prediction, [0.4416523739735259, 0.5583476260264741], **exact)
    np.testing.assert_allclose(figure.loss, 0.817232190568205, **exact)  # D-05
    np.testing.assert_allclose(figure.gradients[1][0], [-0.3069985071080688, 0.3069985071080688])
    figure.weights, _ = stepped(figure)
    np.testing.assert_allclose(figure.weights[0][0], [0.09986179970922412, 0.2998687862351848])
    np.testing.assert_allclose(figure.loss, 0.8150747220328292, **exact)  # D-13


def test_numbers_of_3_3_3_2():
    figure = StepByStep("3-3-3-2")  # F-01
    assert figure.prediction.tolist() == [6, 1] and figure.loss == 10
    gW1, gW2, gW3 = figure.gradients
    assert gW1.tolist() == [[6, 0, 12], [12, 0, 24], [-6, 0, -12]]
    assert gW2.tolist() == [[12, 0, 0], [0, 0, 0], [12, 0, 0]]
    assert gW3.tolist() == [[42, -14], [0, 0], [0, 0]]
    assert [b.tolist() for b in figure.bias_gradients] == [[6, 0, 12], [6, 0, 0], [6, -2]]


def test_agrees_with_a_step_of_mlp_lib(figure):
    rng = np.random.default_rng(0)
    figure.weights = [rng.normal(size=W.shape) for W in figure.weights]
    figure.biases = [rng.normal(size=b.shape) for b in figure.biases]
    network = figure.network
    network.cost_and_grad(figure.x[None, :], figure.target[None, :])
    SGD(figure.lr).step(network.theta, network.grad)
    figure.weights, figure.biases = stepped(figure)
    np.testing.assert_allclose(figure.network.theta, network.theta, rtol=1e-14)


@pytest.mark.parametrize(
    ("example", "all_steps", "forward"), [("3-2-1", 27, 5), ("2-2-2", 31, 8), ("3-3-3-2", 93, 14)]
)
def test_number_of_operations(example, all_steps, forward):
    assert StepByStep(example).n_steps == all_steps
    assert StepByStep(example, forward_only=True).n_steps == forward


# --- state -------------------------------------------------------------------------------------


def test_numbers_in_place_of_the_books():
    figure = StepByStep("3-2-1", x=(1, 1, 1), target=3, lr=0.1, step=4)
    assert figure.x.tolist() == [1, 1, 1] and figure.target.tolist() == [3]
    assert (figure.lr, figure.step) == (0.1, 4)
    assert repr(figure) == "StepByStep: 3-2-1, 4 of 27 operations"


def test_arrays_cannot_be_changed_unnoticed(figure):
    for array in (figure.x, figure.target, *figure.weights, *figure.biases):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 5


@pytest.mark.parametrize("name", ["example", "forward_only"])
def test_network_of_a_figure_stays(figure, name):
    with pytest.raises(traitlets.TraitError, match="read-only"):
        setattr(figure, name, "2-2-2")


@pytest.mark.parametrize(
    ("example", "name", "value", "message"),
    [
        ("3-2-1", "x", [1, 2], r"x must have the shape \(3,\), got \(2,\)"),
        ("3-2-1", "target", [1, 2], r"target must have the shape \(1,\), got \(2,\)"),
        ("3-3-3-2", "target", 20, r"target must have the shape \(2,\), got \(\)"),
        ("2-2-2", "target", [1, 1], r"target must be probabilities, .* got \[1.0, 1.0\]"),
        ("2-2-2", "target", [2, -1], "target must be probabilities, 0 or more and with the sum 1"),
        ("3-2-1", "weights", 5, r"weights must be arrays \[W1, W2\], got 5"),
        ("3-3-3-2", "weights", [np.eye(3)], r"weights must be arrays \[W1, W2, W3\], got \["),
        ("2-2-2", "weights", [np.eye(2), [1, 2]], r"W2 of weights must have the shape \(2, 2\)"),
        ("2-2-2", "weights", [np.eye(2), np.full((2, 2), np.inf)], "W2 of weights must be finite"),
        ("2-2-2", "biases", [[0, 0], [0, 0]], "biases must be empty: this network has none"),
        ("3-3-3-2", "biases", [], r"biases must be arrays \[b1, b2, b3\], got \[\]"),
        ("3-2-1", "lr", 0, "lr must be larger than 0, got 0"),
        ("3-2-1", "step", 28, "step must be a whole number from 0 to 27, got 28"),
        ("3-2-1", "step", -1, "step must be a whole number from 0 to 27, got -1"),
        ("3-2-1", "step", 1.5, "step must be a whole number from 0 to 27, got 1.5"),
    ],
)
def test_refused_values(example, name, value, message):
    figure = StepByStep(example)
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before
    with pytest.raises(ValueError, match=message):
        StepByStep(example, **{name: value})


def test_refused_in_the_constructor():
    with pytest.raises(ValueError, match="example must be one of 3-2-1, 2-2-2, 3-3-3-2, got '4'"):
        StepByStep("4")
    with pytest.raises(TypeError, match="StepByStep has no argument rate"):
        StepByStep(rate=0.1)


# --- what is stored in a notebook ----------------------------------------------------------------


def test_stored_state_and_numbers(figure):
    names = ("example", "x", "weights", "biases", "target", "lr", "forward_only", "step")
    assert set(figure.state()) == set(names)
    words = re.sub(r"<[^>]*>", " ", figure.fallback())
    shown = set(re.findall(r"−?\d+(?:\.\d+)?", words))
    expected = {
        "3-2-1": {"11", "−11", "33", "169", "286", "156", "0.14", "1.44"},
        "2-2-2": {"0.5498", "0.5583", "0.817232", "−0.306999", "0.0276401", "0.101535"},
        "3-3-3-2": {"7", "−2", "6", "10", "42", "−14", "24", "0.58"},
    }
    assert expected[figure.example] <= shown


def test_forward_only_has_neither_target_nor_cost():
    text = re.sub(r"<[^>]*>", " ", StepByStep("3-2-1", forward_only=True).fallback())
    assert "33" in text
    assert not re.search("target|cost|derivative|169", text)
