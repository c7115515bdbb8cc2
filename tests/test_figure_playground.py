"""The playground, the Python side: points, network, state, and the text that a page receives."""

import re
import warnings

import numpy as np
import pytest
import traitlets

from mlp_lib import Adam, BatchNorm, Network
from mlp_lib.data import moons
from mlp_lib.figures import Playground
from mlp_lib.figures.seeded import normal, rounded, uniform


@pytest.fixture
def figure():
    return Playground()


# --- numbers from a seed -------------------------------------------------------------------------


def test_generator_gives_the_published_numbers():
    """The first numbers of mulberry32 for the seed 1, in units of 2⁻³²."""
    draw = uniform(1)
    assert [int(draw() * 2**32) for _ in range(3)] == [2693262067, 11749833, 2265367787]


def test_numbers_are_spread_as_they_should_be():
    draw = uniform(7)
    flat = np.array([draw() for _ in range(20_000)])
    assert 0 <= flat.min() < flat.max() < 1
    np.testing.assert_allclose([flat.mean(), flat.var()], [1 / 2, 1 / 12], atol=0.01)
    deviation = normal(draw)
    values = np.array([deviation() for _ in range(20_000)])
    np.testing.assert_allclose([values.mean(), values.std()], [0, 1], atol=0.03)


def test_halves_are_rounded_upwards():
    assert [rounded(x, 1) for x in (0.25, -0.25, 0.26, 3.0)] == [0.3, -0.2, 0.3, 3.0]


# --- points --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["xor", "moons", "circles", "spiral"])
def test_points_are_of_both_classes_and_their_own_for_each_seed(data):
    figure = Playground(data, samples=40)
    (X, y), (X_val, y_val) = figure.training, figure.validation
    assert X.shape == (40, 2) and X_val.shape == (100, 2)
    assert y.sum() == 20 and y_val.sum() == 50
    assert not np.array_equal(X, Playground(data, samples=40, seed=2).training[0])
    longer = Playground(data, samples=200)
    np.testing.assert_array_equal(longer.validation[0], X_val)
    np.testing.assert_array_equal(longer.training[0][:40], X)


def test_shapes_without_noise():
    X, y = Playground("xor", noise=0).training
    assert set(map(tuple, X[y == 0])) == {(-1.2, -1.2), (1.2, 1.2)}
    assert set(map(tuple, X[y == 1])) == {(-1.2, 1.2), (1.2, -1.2)}
    X, y = Playground("circles", noise=0).training
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 0.8, 2), atol=1e-3)
    X, y = Playground("moons", noise=0).training
    curve, k = moons(np.random.default_rng(0), 4000, noise=0)
    curve = 1.5 * (curve - [0.5, 0.25])
    for label in (0, 1):
        apart = np.abs(X[y == label][:, None] - curve[k == label]).max(axis=2).min(axis=1)
        assert apart.max() < 2e-3


def test_own_points_are_split_in_thirds():
    points = [[0, 1, 0], [1, 0, 1], [2, 2, 1], [-1, 0.5, 0]]
    figure = Playground("own", points=points)
    X, y = figure.training
    assert X.tolist() == [[0, 1], [1, 0], [-1, 0.5]] and y.tolist() == [0, 1, 0]
    X, y = figure.validation
    assert X.tolist() == [[2, 2]] and y.tolist() == [1]
    assert Playground("own").training[0].shape == (0, 2)


# --- network -------------------------------------------------------------------------------------


def test_network_of_the_settings(figure):
    assert figure.network.theta.size == 2 * 8 + 8 + 8 * 8 + 8 + 8 * 2 + 2
    figure.hidden = [3]
    figure.batch_norm = True
    figure.dropout = 0.2
    figure.activation = "leaky_relu"
    figure.weight_decay = 0.01
    assert [str(layer) for layer in figure.network.layers] == [
        "Linear(2, 3, bias=False)",
        "BatchNorm(3)",
        "LeakyReLU(0.01)",
        "Dropout(0.2)",
        "Linear(3, 2)",
    ]
    assert figure.network.weight_decay == 0.01
    figure.hidden = []
    assert [str(layer) for layer in figure.network.layers] == ["Linear(2, 2)"]


@pytest.mark.parametrize(("activation", "variance"), [("relu", 2 / 8), ("tanh", 2 / 16)])
def test_start_values_have_the_variance_of_chapter_14(activation, variance):
    weights = [
        Playground(hidden=[8, 8, 8, 8], activation=activation, seed=seed).network.layers[2]
        for seed in range(60)
    ]
    values = np.concatenate([layer.params["W"].ravel() for layer in weights])
    np.testing.assert_allclose(values.mean(), 0, atol=0.03)
    np.testing.assert_allclose(values.var(), variance, rtol=0.08)


def test_loss_is_that_of_mlp_lib(figure):
    assert figure.loss == figure.network.cost(*figure.training)
    assert figure.validation_loss == figure.network.cost(*figure.validation)
    before = figure.loss
    figure.weight_decay = 0.1
    W = np.concatenate([layer.params["W"].ravel() for layer in figure.network.layers[::2]])
    np.testing.assert_allclose(figure.loss, before + 0.05 * (W @ W), rtol=1e-14)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_network_trained_in_python_can_be_shown(batch_norm):
    figure = Playground("moons", hidden=[4], batch_norm=batch_norm)
    network, rule = figure.network, Adam(0.03)
    assert isinstance(network, Network)
    for _ in range(20):
        network.cost_and_grad(*figure.training)
        rule.step(network.theta, network.grad)
    assert figure.network.theta.tolist() != network.theta.tolist()
    figure.network = network
    assert figure.loss == network.cost(*figure.training) < 0.5
    own = [layer for layer in figure.network.layers if isinstance(layer, BatchNorm)]
    given = [layer for layer in network.layers if isinstance(layer, BatchNorm)]
    assert len(own) == len(given) == batch_norm
    for one, other in zip(own, given, strict=True):
        np.testing.assert_array_equal(one.buffers["running_var"], other.buffers["running_var"])
    with pytest.raises(ValueError, match="theta|saved state lacks"):
        figure.network = Playground(hidden=[5]).network


# --- state -------------------------------------------------------------------------------------


def after_steps(figure, steps):
    """Return what the browser sends when training is paused."""
    return {"steps": steps, "theta": figure.network.theta + 1, "running": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [("data", "xor"), ("noise", 0.2), ("samples", 50), ("seed", 3), ("hidden", [4])]
    + [("activation", "relu"), ("batch_norm", True)],
)
def test_another_problem_or_network_starts_anew(figure, name, value):
    figure.trained = after_steps(figure, 12)
    assert figure.steps == 12
    setattr(figure, name, value)
    assert figure.steps == 0 and figure.trained is None
    assert np.isfinite(figure.loss)


@pytest.mark.parametrize(
    ("name", "value"),
    [("lr", 0.1), ("optimiser", "SGD"), ("batch_size", 20), ("dropout", 0.2)]
    + [("weight_decay", 0.01), ("points", [[0, 0, 1]])],
)
def test_settings_of_training_keep_the_weights(figure, name, value):
    figure.trained = after_steps(figure, 12)
    theta = figure.network.theta
    setattr(figure, name, value)
    assert figure.steps == 12
    np.testing.assert_array_equal(figure.network.theta, theta)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("data", "stars", "data must be one of xor, moons, circles, spiral, own, got 'stars'"),
        ("activation", "softmax", "activation must be one of relu, leaky_relu"),
        ("optimiser", "adam", "optimiser must be one of SGD, Momentum, Adam, got 'adam'"),
        ("hidden", [8] * 5, "hidden must be 4 widths at most"),
        ("hidden", [8, 9], r"hidden\[1\] must be a whole number from 1 to 8, got 9"),
        ("hidden", [2.5], r"hidden\[0\] must be a whole number"),
        ("hidden", 8, r"hidden must be a list of widths such as \[8, 8\], got 8"),
        ("noise", -0.1, "noise must be from 0 to 1"),
        ("noise", "much", "noise must be numbers"),
        ("samples", 3, "samples must be a whole number from 4 to 200"),
        ("seed", 1.5, "seed must be a whole number"),
        ("dropout", 1, "dropout must be from 0 to 0.9"),
        ("weight_decay", np.nan, "weight_decay must be finite"),
        ("lr", 0, "lr must be from 1e-06 to 100"),
        ("batch_size", 0, "batch_size must be a whole number from 1 to 200"),
        ("points", [[0, 4, 1]], r"points\[0\] must be x1 and x2 from -3 to 3 and a class 0 or 1"),
        ("points", [[0, 0, 2]], r"points\[0\] must be .* class 0 or 1"),
        ("points", 3, r"points must be a list of \[x1, x2, class\]"),
        ("points", [[0, 0, 1]] * 201, "points must be 200 points at most, got 201"),
        ("trained", [1, 2], "trained must be None or a dict of steps, theta, running"),
        (
            "trained",
            {"steps": 3, "theta": [1, 2], "running": []},
            "trained holds 2 parameters and 0 normalised layers, the network has 114 and 0",
        ),
    ],
)
def test_refused_values(figure, name, value, message):
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_refused_in_the_constructor():
    with pytest.raises(ValueError, match="noise must be from 0 to 1"):
        Playground(noise=2)
    with pytest.raises(TypeError, match="layers"):
        Playground(layers=3)
    with pytest.raises(traitlets.TraitError, match="batch_norm"):
        Playground(batch_norm="yes")


# --- what is stored in a notebook ----------------------------------------------------------------


def test_still_picture_shows_what_training_reaches(figure):
    text = figure.fallback()
    assert text.count("<tr>") == 4
    assert re.search(r"<th>200</th>.*100 %", text)


@pytest.mark.parametrize(
    "settings",
    [
        {"data": "own"},
        {"data": "own", "points": [[0, 0, 1]] * 3},
        {"activation": "relu", "optimiser": "SGD", "lr": 100, "hidden": [8] * 4},
        {"batch_norm": True, "dropout": 0.5, "weight_decay": 1},
    ],
)
def test_still_picture_of_unusual_settings(settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = Playground(**settings).fallback()
    assert not re.search("nan|inf|None", text)


def test_in_words():
    assert repr(Playground("xor", hidden=[4])) == "Playground: xor, network 2–4–2, step 0"
