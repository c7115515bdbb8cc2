"""The figure of the descent, the Python side: paths, limits, refused values, the stored text."""

import re

import numpy as np
import pytest

from mlp_lib import SGD, Adam, Momentum
from mlp_lib.figures import Descent
from mlp_lib.figures.descent import SURFACES, batches
from mlp_lib.gradcheck import numerical_gradient

RULES = {"SGD": SGD, "Momentum": Momentum, "Adam": Adam}

# --- surfaces ------------------------------------------------------------------------------------


def test_bowl_of_the_chapter():
    figure = Descent("bowl")
    x, t = figure.samples.T
    assert len(x) == 40
    np.testing.assert_allclose(figure.cost.value([-1, 0]), np.mean((-1 - t) ** 2), rtol=1e-14)
    assert round(figure.limit, 4) == 0.3344
    best = np.linalg.lstsq(np.column_stack([np.ones(40), x]), t)[0]
    np.testing.assert_allclose(figure.lowest, figure.cost.value(best), rtol=1e-14)


def test_valley_of_the_chapter():
    figure = Descent("valley")
    theta = np.array([-2.5, 0.7])
    height = 0.5 * (theta[0] ** 2 + 50 * theta[1] ** 2)
    np.testing.assert_allclose(figure.cost.value(theta) - figure.lowest, height, rtol=1e-13)
    np.testing.assert_allclose(figure.limit, 0.04, rtol=1e-14)


def test_network_of_source_3():
    figure = Descent("network", steps=1, optimisers=["SGD"])
    assert figure.cost.value(figure.start) == 169  # D-16
    assert figure.cost.gradient(figure.start).tolist() == [286, 156]  # D-17
    np.testing.assert_allclose(figure.paths["SGD"][1], [0.14, 1.44], rtol=1e-12)  # D-18
    np.testing.assert_allclose(figure.costs["SGD"][1], 357.08905024, rtol=1e-12)  # D-19


@pytest.mark.parametrize("surface", SURFACES)
def test_gradient_by_differences(surface):
    cost = Descent(surface).cost
    for theta in ([1.3, 0.4], [-2.0, 1.1], [3.0, -3.5]):
        expected = numerical_gradient(cost.value, np.array(theta))
        np.testing.assert_allclose(cost.gradient(np.array(theta)), expected, rtol=1e-6, atol=1e-6)


def test_gradient_of_a_mini_batch_is_that_of_its_samples():
    figure = Descent("bowl")
    rows = np.array([3, 17, 20])
    part = Descent("bowl", samples=figure.samples[rows])
    theta = np.array([0.2, 0.9])
    np.testing.assert_allclose(
        figure.cost.gradient(theta, rows), part.cost.gradient(theta), rtol=1e-14
    )


# --- the limit of the rate -----------------------------------------------------------------------


@pytest.mark.parametrize("surface", ["bowl", "valley"])
def test_below_the_limit_each_step_helps_and_beyond_it_descent_diverges(surface):
    figure = Descent(surface, ["SGD"], steps=400)
    figure.lr = 0.999 * figure.limit
    above = figure.costs["SGD"] - figure.lowest
    assert (np.diff(above) < 0).all()
    figure.lr = 1.01 * figure.limit
    assert figure.costs["SGD"][-1] > figure.costs["SGD"][0]


@pytest.mark.parametrize("momentum", [0.3, 0.9])
def test_limit_of_momentum(momentum):
    figure = Descent("valley", ["Momentum"], momentum=momentum, steps=400)
    limit = (1 + momentum) * figure.limit
    figure.lr = 0.97 * limit
    assert figure.costs["Momentum"][-1] < 1
    figure.lr = 1.03 * limit
    assert figure.costs["Momentum"][-1] > 1e6


def test_first_step_helps_up_to_the_rate_of_the_erratum():  # E3-07
    figure = Descent("network")
    np.testing.assert_allclose(figure.helpful_rate, 0.00764807860502, rtol=1e-9)
    output = np.poly1d([-286, 3]) * np.poly1d([-312, 11])  # eq. 9.11
    np.testing.assert_allclose(figure.helpful_rate, min((output - 7).roots.real), rtol=1e-9)


def test_nothing_helps_where_the_hidden_unit_is_closed():
    figure = Descent("network", ["SGD"], start=[2, -3], steps=10)
    assert figure.helpful_rate is None
    assert figure.costs["SGD"].tolist() == [400] * 11


def test_from_converging_to_bouncing():  # E3-07: 0.01 arrives after 24 steps; eq. 9.13: 0.0125
    figure = Descent("network", ["SGD"], steps=400)
    assert figure.limit == 0.0125
    costs = figure.costs["SGD"]
    np.testing.assert_allclose(costs[:5], [169, 357.09, 27.36, 21.00, 4.20], atol=5e-3)
    assert int(np.flatnonzero(costs < 1e-6)[0]) == 24
    figure.lr = 0.012
    assert figure.costs["SGD"][-1] < 1e-6
    figure.lr = 0.013
    assert figure.costs["SGD"][200:].min() > 1e-3
    figure.lr = 0.015
    assert figure.costs["SGD"][-1] == 400


# --- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", SURFACES)
def test_paths_are_those_of_the_optimisers(surface):
    figure = Descent(surface, steps=30)
    for name, rule in RULES.items():
        optimiser, theta = rule(figure.lr[name]), figure.start.copy()
        for place in figure.paths[name]:
            np.testing.assert_allclose(theta, place, rtol=1e-12)
            optimiser.step(theta, figure.cost.gradient(theta))


def test_paths_of_the_chapter_on_optimisers():
    figure = Descent("valley", steps=50)
    assert [round(abs(path[-1][0]), 1) for path in figure.paths.values()] == [1.4, 0.6, 0.4]


def test_epochs_use_every_sample_once():
    rows = batches(10, 4, seed=5)
    for _ in range(3):
        parts = [next(rows) for _ in range(3)]
        assert [len(part) for part in parts] == [4, 4, 2]
        assert sorted(np.concatenate(parts)) == list(range(10))


def test_mini_batches_follow_the_seed():
    figure = Descent("bowl", ["SGD"], batch=1, steps=20)
    path = figure.paths["SGD"]
    np.testing.assert_array_equal(figure.paths["SGD"], path)
    figure.seed = 1
    assert not np.allclose(figure.paths["SGD"], path)


def test_a_path_that_runs_away_ends():
    figure = Descent("valley", ["SGD", "Adam"], lr=1, steps=400)
    assert len(figure.paths["SGD"]) < 20
    assert len(figure.paths["Adam"]) == 401
    assert np.isfinite(figure.costs["SGD"]).all()


# --- state ---------------------------------------------------------------------------------------


def test_another_surface_brings_its_start_and_rates():
    figure = Descent("valley", start=[1, 1], lr=0.5, batch=2)
    assert (figure.start.tolist(), figure.batch) == ([1, 1], 2)
    figure.surface = "network"
    assert figure.start.tolist() == [3, 3]
    assert figure.lr["SGD"] == 0.01
    assert figure.batch is None


def test_rates():
    figure = Descent(lr={"Adam": 0.7})
    assert dict(figure.lr) == {"SGD": 0.1, "Momentum": 0.03, "Adam": 0.7}
    figure.lr = 0.2
    assert set(figure.lr.values()) == {0.2}
    figure.lr = {**figure.lr, "SGD": 0.3}
    assert figure.lr["SGD"] == 0.3
    with pytest.raises(TypeError):
        figure.lr["SGD"] = 0.4  # would not reach the browser


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("surface", "hill", "surface must be one of bowl, valley, network, got 'hill'"),
        ("optimisers", ["RMSprop"], "optimisers must be some of SGD, Momentum, Adam"),
        ("shown", [], "shown must be some of"),
        ("shown", 3, "shown must be some of"),
        ("start", [1, 2, 3], r"start must have the shape \(2,\), got \(3,\)"),
        ("start", [1, np.nan], "start must be finite"),
        ("lr", 0, "lr of SGD must be larger than 0, got 0"),
        ("lr", {"SGD": 1}, "lr must be a number, or one for each of SGD, Momentum, Adam"),
        ("lr", "fast", "lr of SGD must be numbers"),
        ("momentum", 1, "momentum must be from 0 up to 1, without 1, got 1"),
        ("steps", 401, "steps must be a whole number from 0 to 400, got 401"),
        ("steps", 1.5, "steps must be a whole number"),
        ("batch", 0, "batch must be a whole number from 1"),
        ("seed", -1, "seed must be a whole number from 0"),
        ("samples", [[1, 2], [1, 3]], "samples must have at least two different x"),
        ("samples", [1, 2], r"samples must have the shape \(2, 2\), got \(2,\)"),
    ],
)
def test_refused_values(name, value, message):
    figure = Descent()
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_refused_in_the_constructor():
    with pytest.raises(ValueError, match="optimisers must be some of"):
        Descent(optimisers=[])
    with pytest.raises(ValueError, match="lr must be a number, or one for each"):
        Descent(lr={"RMSprop": 0.1})
    with pytest.raises(ValueError, match="surface must be one of .* got 3"):
        Descent(3)


# --- what is stored in a notebook ----------------------------------------------------------------


@pytest.mark.parametrize("surface", SURFACES)
def test_still_picture_follows_the_steps(surface):
    figure = Descent(surface, steps=50)
    text = figure.fallback()
    figure.steps = 51
    assert figure.fallback() != text


def test_still_picture_tells_the_limit_and_the_ends():
    text = re.sub(r"<[^>]*>", " ", Descent("valley", steps=50).fallback())
    for number in ("0.04", "75.09", "0.236733", "1.12933", "0.09"):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text), number


def test_text_form():
    assert repr(Descent("network", ["SGD"])) == "Descent: network, step 0: SGD J = 169"
