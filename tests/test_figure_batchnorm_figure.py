"""The live figure on batch normalisation, the Python side: numbers, states, stored text."""

import re
from itertools import pairwise

import numpy as np
import pytest

from mlp_lib import BatchNorm, Linear, ReLU
from mlp_lib.figures import BatchNormFigure


def ends(**settings):
    """Return the last cost without and with BatchNorm."""
    return [costs[-1] for costs in BatchNormFigure(**settings).costs]


def spreads(**settings):
    """Return the standard deviations of the layers without and with BatchNorm."""
    return [numbers[:, 1] for numbers in BatchNormFigure(**settings).summary]


# --- what the chapter says -----------------------------------------------------------------------


def test_small_weights_and_a_signal_that_dies_away():
    plain, normalised = spreads()
    assert plain[0] / plain[-1] > 80
    np.testing.assert_allclose(normalised, 1, rtol=0.05)
    (start, end), (_, learnt) = [(costs[0], costs[-1]) for costs in BatchNormFigure().costs]
    assert abs(start - np.log(3)) < 0.01 and 0.95 < end < 1.1
    assert learnt < 0.01


def test_suitable_weights_and_a_spread_that_grows():
    before, after = spreads(scale=1.4)[0], spreads(scale=1.4, step=100)[0]
    assert (np.abs(before - 1) < 0.25).all()
    assert 2 < after[-1] / before[-1] < 4
    assert max(ends(scale=1.4)) < 0.1


@pytest.mark.parametrize("scale", [0.25, 0.5, 0.7, 1, 1.4, 2, 2.8, 4])
def test_with_batchnorm_the_scale_hardly_matters(scale):
    assert ends(scale=scale)[1] < 0.01


def test_too_large_a_rate_ends_the_run_without_batchnorm():
    plain, normalised = BatchNormFigure(scale=1.4, lr=3).costs
    assert len(plain) < 10 and np.isfinite(plain).all()
    assert len(normalised) == 101 and normalised[-1] < 0.01


def test_saturated_tanh():
    plain, normalised = BatchNormFigure("tanh", scale=4).summary
    assert (np.abs(plain[1:, 2] - 0.5) < 0.1).all()
    assert (normalised[:, 2] < 0.05).all()


def test_one_hidden_layer():
    plain, normalised = ends(depth=1)
    assert abs(plain - normalised) < 0.1


# --- numbers -------------------------------------------------------------------------------------


def test_both_networks_start_from_the_same_weights():
    figure = BatchNormFigure(depth=3, scale=2)
    plain, normalised = (
        [layer.params["W"] for layer in network.layers if isinstance(layer, Linear)]
        for network in figure.networks
    )
    for a, b in zip(plain, normalised, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(plain[1].std(), 2 / np.sqrt(16), rtol=0.15)
    assert [W.shape for W in plain] == list(pairwise([2, 16, 16, 16, 3]))


def test_numbers_are_those_of_what_enters_the_activation():
    figure = BatchNormFigure(step=7, scale=2)
    network = figure.networks[1]
    U = figure.X
    for l in range(5):
        linear, norm, relu = network.layers[3 * l : 3 * l + 3]
        assert isinstance(norm, BatchNorm) and isinstance(relu, ReLU)
        Z = norm.forward(linear.forward(U), train=True)
        np.testing.assert_allclose(figure.pre_activations[1][l], Z)
        dead = (Z.max(axis=0) <= 0).mean()
        np.testing.assert_allclose(figure.summary[1][l], [Z.mean(), Z.std(), dead], atol=1e-15)
        U = relu.forward(Z)


def test_share_of_saturated_values():
    figure = BatchNormFigure("sigmoid", scale=8)
    for U, numbers in zip(figure.pre_activations[0], figure.summary[0], strict=True):
        edge = np.log(0.5 + np.sqrt(0.24)) - np.log(0.5 - np.sqrt(0.24))  # h(1 − h) = 0.01
        np.testing.assert_allclose(numbers[2], (np.abs(U) > edge).mean())


def test_step_and_costs_belong_together():
    figure = BatchNormFigure(step=20, lr=0.1)
    for network, costs in zip(figure.networks, figure.costs, strict=True):
        np.testing.assert_allclose(network.cost(figure.X, figure.y, train=True), costs[20])


def test_own_samples():
    rng = np.random.default_rng(0)
    figure = BatchNormFigure(X=rng.normal(size=(30, 5)), y=rng.integers(2, size=30), step=3)
    assert figure.networks[0].layers[0].d_in == 5 and figure.networks[0].d_out == 2
    assert figure.pre_activations[1][0].shape == (30, 16)


# --- state ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("activation", "softmax", "activation must be one of relu, tanh, sigmoid, got 'softmax'"),
        ("depth", 0, "depth must be a whole number from 1 to 8, got 0"),
        ("depth", 2.5, "depth must be a whole number"),
        ("step", 101, "step must be a whole number from 0 to 100, got 101"),
        ("seed", -1, "seed must be a whole number"),
        ("scale", 0, "scale must be from 1e-06 to 10, got 0"),
        ("lr", 11, "lr must be from 1e-06 to 10, got 11"),
        ("lr", np.nan, "lr must be finite"),
        ("X", [1, 2], "X must have 2 to 500 rows"),
        ("X", [[1, np.inf], [0, 1]], "X must be finite"),
        ("y", [0, 0], "y must be classes 0, 1, …"),
        ("y", [0.5, 1], "y must be classes 0, 1, …"),
    ],
)
def test_refused_values(name, value, message):
    figure = BatchNormFigure()
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_samples_and_classes_come_together():
    with pytest.raises(ValueError, match="expected X and y, or neither"):
        BatchNormFigure(X=np.eye(2))
    with pytest.raises(ValueError, match="X has 2 rows, y has 3; expected equally many"):
        BatchNormFigure(X=np.eye(2), y=[0, 1, 0])


# --- what is stored in a notebook ----------------------------------------------------------------


def test_stored_text():
    text = BatchNormFigure().fallback()
    assert text.count("<polyline") == 4 * 5
    first, last = re.findall(r"<tr><th>layer [15]</th>(.*?)</tr>", text)
    assert first.startswith("<td>0.01, 0.42, 0 %</td>")
    assert last.endswith("<td>0.1, 1.2, 0 %</td>")
    assert not re.search("nan|inf|−0[,.<]", text)


def test_a_run_that_blows_up_has_its_still_picture_too():
    assert "nan" not in BatchNormFigure(scale=4, lr=3).fallback()
