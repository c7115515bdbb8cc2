"""The live figure DrawDigit, the Python side, and the network that comes with it."""

import base64
import json

import numpy as np
import pytest

from mlp_lib import Linear, Network, ReLU, SoftmaxCrossEntropy
from mlp_lib.data import DataNotFoundError, load_mnist
from mlp_lib.figures import DrawDigit, WorkedNetwork
from mlp_lib.figures.base import FOLDER, packed
from mlp_lib.figures.draw_digit import (
    NETWORK,
    SHAPE,
    digit_network,
    example,
    show_percent,
    stored_arrays,
)
from mlp_lib.metrics import accuracy
from tools.digit_network import drawn_anew, other_pen, quantise


@pytest.fixture
def figure():
    return DrawDigit()


@pytest.fixture(scope="module")
def mnist():
    try:
        return load_mnist(download=False)
    except DataNotFoundError:
        pytest.skip("MNIST is not on this computer: set MLP_DATA_DIR to its folder")


# --- the network -----------------------------------------------------------------------------


def test_numbers_by_hand():
    image = np.random.default_rng(0).random(SHAPE)
    figure, stored = DrawDigit(image), stored_arrays()
    U1 = image.ravel() @ (stored["W1"] * stored["scale1"].astype(float)) + stored["b1"]
    H = np.maximum(U1, 0)
    U2 = H @ (stored["W2"] * stored["scale2"].astype(float)) + stored["b2"]
    np.testing.assert_allclose(figure.hidden, H, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(figure.probabilities, np.exp(U2) / np.exp(U2).sum(), rtol=1e-10)
    assert figure.probabilities.shape == (10,) and figure.hidden.shape == (100,)


def test_stored_in_8_bits_and_small():
    stored = stored_arrays()
    assert NETWORK.stat().st_size <= 300_000
    for l, shape in [(1, (784, 100)), (2, (100, 10))]:
        assert stored[f"W{l}"].dtype == np.int8 and stored[f"W{l}"].shape == shape
        assert (np.abs(stored[f"W{l}"]).max(axis=0) == 127).all()  # every column uses its range
        assert stored[f"scale{l}"].shape == stored[f"b{l}"].shape == shape[1:]


def test_says_how_it_was_made():
    made = json.loads(str(stored_arrays()["made"]))
    assert made["command"] == "python -m tools.digit_network"
    assert made["seed"] == 20
    assert set(made["versions"]) == {"Python", "numpy"}
    assert 0.975 <= made["accuracy on MNIST's test images"] <= 1


def test_accuracy_is_the_one_that_the_chapter_states(mnist):
    network = digit_network(stored_arrays())
    share = accuracy(mnist.y_test, network.predict(mnist.X_test))
    assert share == json.loads(str(stored_arrays()["made"]))["accuracy on MNIST's test images"]
    chapter = (FOLDER.parents[1] / "book" / "20_digits.ipynb").read_text(encoding="utf-8")
    assert f"right on {100 * share:.1f} % of the test images" in chapter


def test_quantised_weights_are_off_by_half_a_step_at_most():
    rng = np.random.default_rng(0)
    layers = [Linear(12, 5, rng), ReLU(), Linear(5, 3, rng)]
    network = Network(layers, SoftmaxCrossEntropy())
    network.layers[0].params["b"] = rng.normal(size=5)
    arrays = quantise(network)
    small = digit_network(arrays)
    for l, layer in [(1, 0), (2, 2)]:
        error = np.abs(small.layers[layer].params["W"] - network.layers[layer].params["W"])
        assert (error <= 0.501 * arrays[f"scale{l}"]).all()
    np.testing.assert_allclose(small.layers[0].params["b"], network.layers[0].params["b"], 1e-6)


def test_finer_and_broader_pens():
    image = np.zeros(SHAPE)
    image[10:13, 5:20] = 0.5  # a stroke of three pixels
    finer, broader = (other_pen(image.reshape(1, -1), b).reshape(SHAPE) for b in (False, True))
    assert (finer.any(axis=1).sum(), broader.any(axis=1).sum()) == (2, 4)
    assert (finer <= image).all() and (image <= broader).all()


def test_training_images_are_distorted_anew_and_left_alone():
    X = np.tile(example().reshape(1, -1), (50, 1)).astype(np.float32)
    before = X.copy()
    drawn = drawn_anew(X, np.random.default_rng(0))
    assert (X == before).all()
    assert len(np.unique(drawn, axis=0)) == 50
    assert 0 <= drawn.min() and drawn.max() <= 1


# --- state -----------------------------------------------------------------------------------


def test_starts_with_an_8(figure):
    assert figure.probabilities.argmax() == 8
    assert repr(figure) == "DrawDigit: read as 8 (> 99.9 %)"
    assert (figure.image == example()).all()


def test_image_can_be_set_and_is_copied(figure):
    image = np.zeros(SHAPE)
    figure.image = image
    image[:] = 1
    assert not figure.image.any()
    with pytest.raises(ValueError, match="read-only"):
        figure.image[0, 0] = 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(784), r"image must have the shape \(28, 28\), got \(784,\)"),
        (np.full(SHAPE, 255), "image must hold ink from 0 .* to 1, got numbers from 255 to 255"),
        (np.full(SHAPE, -0.5), "got numbers from -0.5 to -0.5"),
        (np.full(SHAPE, np.nan), "image must be finite"),
        ("an 8", "image must be numbers"),
    ],
)
def test_refused_images(figure, value, message):
    with pytest.raises(ValueError, match=message):
        figure.image = value
    with pytest.raises(ValueError, match=message):
        DrawDigit(value)
    assert (figure.image == example()).all()


# --- what is stored, and what a browser receives ---------------------------------------------


def test_stored_is_the_image_and_no_weights(figure):
    assert figure.state() == {"image": figure.image.tolist()}
    text = figure.fallback()
    assert "39 of 100 hidden units fire" in text
    assert text.count("&lt; 0.1 %") == 9 and "&gt; 99.9 %" in text


def test_arrays_reach_the_script_once_and_only_this_one(figure):
    assert figure._esm.count(packed(NETWORK.name)) == 1
    assert len(DrawDigit.page_script()) < 200_000
    assert "base64" not in WorkedNetwork.page_script()


def test_packed_arrays_are_those_of_the_file():
    arrays = json.loads(packed(NETWORK.name))
    stored = stored_arrays()
    assert set(arrays) == set(stored) - {"made"}
    for name, array in arrays.items():
        numbers = np.frombuffer(base64.b64decode(array["base64"]), array["type"])
        assert (numbers.reshape(array["shape"]) == stored[name]).all()


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "< 0.1 %"), (0.0004, "< 0.1 %"), (0.0006, "0.1 %"), (0.5, "50.0 %")]
    + [(0.9994, "99.9 %"), (0.9996, "> 99.9 %"), (1.0, "> 99.9 %")],
)
def test_percent(p, text):
    assert show_percent(p) == text
