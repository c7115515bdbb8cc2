"""Live figure of softmax and cross-entropy, the Python side."""

import numpy as np
import pytest

from mlp_lib.figures import SoftmaxFigure
from mlp_lib.gradcheck import numerical_gradient


@pytest.fixture
def figure():
    return SoftmaxFigure()


def test_numbers_of_the_chapter(figure):
    expected = [0.6652409557748219, 0.24472847105479764, 0.09003057317038046]
    np.testing.assert_allclose(figure.probabilities, expected, rtol=1e-12)
    np.testing.assert_allclose(figure.loss, -np.log(expected[0]), rtol=1e-12)
    np.testing.assert_allclose(figure.gradient, np.array(expected) - [1, 0, 0], rtol=1e-12)
    figure.target = 2
    np.testing.assert_allclose(figure.loss, 2.4076059644443806, rtol=1e-12)
    assert repr(figure) == "SoftmaxFigure: loss 2.40761"


@pytest.mark.parametrize("temperature", [0.3, 1, 4])
@pytest.mark.parametrize("target", [0, 1, 2])
def test_gradient_is_that_of_the_loss(target, temperature):
    logits = np.random.default_rng(target).normal(size=3)
    figure = SoftmaxFigure(logits, target, temperature)
    numerical = numerical_gradient(lambda u: SoftmaxFigure(u, target, temperature).loss, logits)
    np.testing.assert_allclose(figure.gradient, numerical, atol=1e-8)


def test_temperature_divides_the_logits(figure):
    figure.temperature = 0.5
    hot = SoftmaxFigure(2 * figure.logits)
    np.testing.assert_array_equal(figure.probabilities, hot.probabilities)
    assert figure.loss == hot.loss


def test_large_logits(figure):
    p = figure.probabilities
    figure.logits = figure.logits + 1000
    np.testing.assert_allclose(figure.probabilities, p, rtol=1e-12)  # eq. 6.3
    assert np.isnan(figure.plain_probabilities).all()
    assert "a quotient is not a number" in figure.fallback()
    figure.logits, figure.target = [0, 800, 0], 0
    assert figure.loss == 800
    assert "fails" in figure.fallback()
    figure.logits = [-1000, -700, 0]
    assert figure.plain_probabilities[0] == 0 and figure.loss == 1000
    assert "rounds the probability of the right class to 0" in figure.fallback()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("logits", [1, 2], r"logits must have the shape \(3,\), got \(2,\)"),
        ("logits", [1, 2, np.nan], "logits must be finite"),
        ("logits", [1, 2, 1e7], "logits must lie from -1e6 to 1e6"),
        ("target", 3, "target must be a whole number from 0 to 2, got 3"),
        ("target", 0.5, "target must be a whole number"),
        ("temperature", 0, "temperature must be from 0.01 to 100, got 0"),
        ("temperature", "hot", "temperature must be numbers"),
    ],
)
def test_refused_values(figure, name, value, message):
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_labels_from_numpy(figure):
    figure.target = np.int64(1)
    assert figure.target == 1 and type(figure.target) is int


def test_stored_text(figure):
    assert figure.state() == {"logits": [2, 1, 0], "target": 0, "temperature": 1}
    for number in ("0.665241", "−0.334759", "0.407606"):
        assert number in figure.fallback()
