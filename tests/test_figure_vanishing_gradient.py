"""The live figure of vanishing gradients, the Python side."""

import re

import numpy as np
import pytest

from mlp_lib.figures import VanishingGradient
from mlp_lib.figures.activation_functions import ACTIVATIONS
from mlp_lib.figures.seeded import normals, uniforms

HE = np.sqrt(2)


# --- random numbers ------------------------------------------------------------------------------


def test_random_numbers_are_uniform_and_normal():
    numbers = uniforms(1, 100_000)
    assert 0 <= numbers.min() and numbers.max() < 1
    np.testing.assert_allclose(np.histogram(numbers, 10)[0], 10_000, rtol=0.05)
    numbers = normals(1, 100_000)
    np.testing.assert_allclose([numbers.mean(), numbers.std()], [0, 1], atol=0.01)
    np.testing.assert_array_equal(normals(1, 10), numbers[:10])


# --- sizes ---------------------------------------------------------------------------------------


def test_sizes_by_hand():
    figure = VanishingGradient("relu", HE, depth=3, seed=5)
    numbers = normals(5, 2 * 32 * 64 + 3 * 64**2)
    X, D = numbers[: 2 * 32 * 64].reshape(2, 32, 64)
    W1, W2, W3 = numbers[2 * 32 * 64 :].reshape(3, 64, 64) * HE / 8
    H1 = np.maximum(X @ W1, 0)
    H2 = np.maximum(H1 @ W2, 0)
    H3 = np.maximum(H2 @ W3, 0)
    D3 = D * (H3 > 0)
    D2 = (D3 @ W3.T) * (H2 > 0)
    D1 = (D2 @ W2.T) * (H1 > 0)
    signal, error = (
        [np.sqrt(np.mean(A**2)) for A in row] for row in ((X, H1, H2, H3), (D1, D2, D3))
    )
    np.testing.assert_allclose(figure.signal_sizes, signal, rtol=1e-12)
    np.testing.assert_allclose(figure.gradient_sizes, np.array(error) / error[-1], rtol=1e-12)
    slopes = [np.sqrt(np.mean(H > 0)) for H in (H1, H2)]
    np.testing.assert_allclose(figure.factors, HE * np.array(slopes), rtol=1e-12)
    assert figure.std == HE / 8


# Ratios of chapter 14's table, which come from other random numbers.
@pytest.mark.parametrize(
    ("activation", "scale", "ratio"),
    [
        ("sigmoid", 0.4, 8.9e-20),
        ("sigmoid", 1 / np.sqrt(3), 7.4e-17),
        ("sigmoid", 1, 1.2e-12),
        ("sigmoid", HE, 2.9e-10),
        ("tanh", 0.4, 2.6e-8),
        ("tanh", 1, 0.2),
        ("tanh", HE, 1.8),
        ("relu", 0.4, 3.8e-11),
        ("relu", 1, 1.4e-3),
        ("relu", HE, 1.0),
    ],
)
@pytest.mark.parametrize("seed", [14, 15, 16])
def test_agrees_with_the_table_of_the_chapter(activation, scale, ratio, seed):
    figure = VanishingGradient(activation, scale, depth=20, seed=seed)
    assert ratio / 3 < figure.gradient_sizes[0] < ratio * 3


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("scale", [0.4, 1, HE, 2, 4])
def test_the_formula_predicts_the_error_term(activation, scale):
    figure = VanishingGradient(activation, scale)
    product = figure.factors.prod()  # eq. 14.7
    assert figure.factors.shape == (19,)
    assert product / 2 < figure.gradient_sizes[0] < product * 2


def test_what_the_chapter_asks_the_reader_to_see():
    for scale in (0.1, 0.4, 1, 2, 4):
        figure = VanishingGradient("sigmoid", scale, depth=30)
        assert (figure.signal_sizes[1:] > 0.45).all() and (figure.signal_sizes[1:] < 0.7).all()
        assert figure.gradient_sizes[0] < 1e-4 and (figure.factors < scale / 4).all()
    figure = VanishingGradient("relu", HE)
    both = np.concatenate([figure.signal_sizes, figure.gradient_sizes])
    assert both.min() > 0.3 and both.max() < 3
    figure.scale = 2
    np.testing.assert_allclose(figure.factors.prod() ** (1 / 19), 2 / HE, rtol=0.03)
    assert figure.gradient_sizes[0] > 500
    figure = VanishingGradient("tanh", 4)
    assert figure.signal_sizes[1:].max() < 1 and figure.gradient_sizes[0] > 1000


def test_another_depth_keeps_the_first_layers():
    deep, flat = VanishingGradient(depth=30), VanishingGradient(depth=1)
    np.testing.assert_array_equal(deep.signal_sizes[:2], flat.signal_sizes)
    assert flat.gradient_sizes.tolist() == [1] and flat.factors.shape == (0,)


# --- state ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("activation", "step", "activation must be one of identity, .*, got 'step'"),
        ("scale", 0, "scale must be from 0.1 to 4, got 0"),
        ("scale", np.inf, "scale must be finite"),
        ("depth", 0, "depth must be a whole number from 1 to 30, got 0"),
        ("depth", 2.5, "depth must be a whole number from 1 to 30, got 2.5"),
        ("seed", -1, "seed must be a whole number from 0 to 4294967295, got -1"),
    ],
)
def test_refused_values(name, value, message):
    figure = VanishingGradient()
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_stored_text():
    figure = VanishingGradient()
    words = re.sub(r"<[^>]*>", " ", figure.fallback())
    assert "standard deviation 0.12." in words
    assert "relative to layer 20: 8.8 × 10⁻¹³ in layer 1." in words
    expected = "VanishingGradient: 20 layers, sigmoid, scale 1: gradient 8.8e-13 in layer 1"
    assert repr(figure) == expected
