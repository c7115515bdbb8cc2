"""The live figure of activation functions, the Python side."""

import re

import numpy as np
import pytest

from mlp_lib.figures import ActivationFunctions
from mlp_lib.figures.activation_functions import ACTIVATIONS

EDGE = np.log((1 + np.sqrt(0.9)) / (1 - np.sqrt(0.9)))  # where h (1 - h) = 0.025


@pytest.mark.parametrize(
    ("activation", "u", "h", "slope"),
    [
        ("identity", -1.5, -1.5, 1),
        ("sigmoid", 0, 0.5, 0.25),
        ("sigmoid", 2, 0.8807970779778823, 0.1049935854035065),  # D-21
        ("sigmoid", 0.2, 0.549833997312478, 0.24751657271185995),  # D-08
        ("tanh", 2, 0.9640275800758169, 0.07065082485316443),
        ("relu", 3, 3, 1),
        ("relu", 0, 0, 0),
        ("relu", -2, 0, 0),
        ("leaky_relu", -2, -0.02, 0.01),
        ("leaky_relu", 0, 0, 0.01),
    ],
)
def test_numbers_of_the_chapter(activation, u, h, slope):
    figure = ActivationFunctions(activation, u)
    np.testing.assert_allclose([figure.h, figure.slope], [h, slope], rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_by_differences(activation):
    figure = ActivationFunctions(activation)
    u = np.linspace(-6, 6, 240)  # passes 0 by
    differences = (figure.values(u + 1e-5) - figure.values(u - 1e-5)) / 2e-5
    np.testing.assert_allclose(figure.slopes(u), differences, atol=1e-9)
    assert figure.largest_slope == (0.25 if activation == "sigmoid" else 1)
    assert figure.slopes(u).max() <= figure.largest_slope


@pytest.mark.parametrize(
    ("activation", "edge"), [("sigmoid", EDGE), ("tanh", EDGE / 2), ("relu", 0), ("leaky_relu", 0)]
)
def test_where_it_is_flat(activation, edge):
    figure = ActivationFunctions(activation, -edge - 0.001)
    assert figure.is_flat
    figure.u = edge + 0.001
    assert figure.is_flat == (edge > 0)
    figure.u = max(edge - 0.001, 0.001)
    assert not figure.is_flat
    assert round(EDGE, 2) == 3.64 and round(EDGE / 2, 2) == 1.82  # the chapter's text


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("activation", "gelu", "activation must be one of identity, .*, got 'gelu'"),
        ("activation", ["relu"], r"activation must be one of .*, got \['relu'\]"),
        ("u", 7, "u must be from -6 to 6, got 7"),
        ("u", np.nan, "u must be finite"),
        ("u", "far", "u must be numbers"),
    ],
)
def test_refused_values(name, value, message):
    figure = ActivationFunctions()
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_stored_text():
    figure = ActivationFunctions("tanh", 2)
    words = re.sub(r"<[^>]*>", " ", figure.fallback())
    assert "h = 0.964028, and the slope is 0.0706508, 7.1 % of its largest value, 1." in words
    assert repr(figure) == "ActivationFunctions: tanh at u = 2, h = 0.964, slope 0.07065"
