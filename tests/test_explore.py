"""The explorers, without a browser: what a control changes, and what a notebook stores."""

import base64

import numpy as np
import pytest

from mlp_lib import SGD, Adam, Linear, Network, ReLU, SoftmaxCrossEntropy, accuracy, train
from mlp_lib.data import load_digits, split
from mlp_lib.explore import explore_confusion, explore_training

T = np.array([0, 0, 0, 1, 1, 2])
Y_HAT = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.3, 0.6, 0.1],
        [0.1, 0.7, 0.2],
        [0.2, 0.5, 0.3],
        [0.6, 0.2, 0.2],
        [0.1, 0.1, 0.8],
    ]
)
IMAGES = np.random.default_rng(0).random((6, 12))


@pytest.fixture(scope="module")
def digits():
    """Return X, y, X_val, y_val."""
    data = load_digits()
    X, X_val, y, y_val = split(data.X_train, data.y_train, 0.25, np.random.default_rng(0))
    return X, y, X_val, y_val


def picture(explorer):
    return explorer._repr_mimebundle_()[0]["image/png"]


# --- confusion matrix ----------------------------------------------------------------------------


def test_starts_with_the_most_frequent_mistake():
    explorer = explore_confusion(IMAGES, T, Y_HAT, (3, 4))
    assert explorer.sentence == "0 was read as 1 in 2 of 3 images."
    assert explorer.children[2].value.count(f'alt="{explorer.sentence}"') == 1


def test_a_choice_changes_sentence_and_picture():
    explorer = explore_confusion(IMAGES, T, Y_HAT, (3, 4))
    before = picture(explorer)
    explorer.controls["true"].value = 2
    assert explorer.sentence == "2 was read as 1 in 0 of 1 images."
    explorer.controls["predicted"].value = 2
    assert explorer.sentence.startswith("2 was read as 2 in 1 of 1 images.")
    assert picture(explorer) != before


def test_more_images_than_there_is_room_for():
    many = np.repeat([0, 1], 20)
    explorer = explore_confusion(np.ones((40, 12)), many, np.tile([0.4, 0.6], (40, 1)), (3, 4))
    shown = "The 16 of which the network is surest are shown."
    assert explorer.sentence == f"0 was read as 1 in 20 of 20 images. {shown}"


def test_no_mistake_at_all():
    assert explore_confusion(IMAGES[:1], T[:1], Y_HAT[:1], (3, 4)).sentence.startswith("0 was read")


# --- training ------------------------------------------------------------------------------------


def by_hand(digits, widths, optimiser, lr, epochs):
    X, y, X_val, y_val = digits
    rng = np.random.default_rng(0)
    layers, d = [], 64
    for width in widths:
        layers += [Linear(d, width, rng), ReLU()]
        d = width
    net = Network([*layers, Linear(d, 10, rng)], SoftmaxCrossEntropy())
    plan = {"epochs": epochs, "batch_size": 32, "rng": rng}
    return train(net, X, y, optimiser(lr), **plan, validation=(X_val, y_val), metric=accuracy)


def test_a_run_is_that_of_mlp_lib(digits):
    explorer = explore_training(*digits)
    expected = by_hand(digits, (100,), Adam, 1e-3, 10)
    for name in ("cost", "val_cost", "val_metric"):
        assert getattr(explorer.history, name) == getattr(expected, name)
    right = 100 * expected.val_metric[-1]
    assert f"{right:.1f} % of which are classified rightly" in explorer.sentence


def test_settings_and_button(digits):
    explorer = explore_training(*digits)
    before = picture(explorer)
    choices = {"widths": (), "optimiser": SGD, "lr": 0.1, "epochs": 5}
    for name, value in choices.items():
        explorer.controls[name].value = value
    assert picture(explorer) == before  # nothing happens before the button is pressed
    explorer.controls["train"].click()
    assert explorer.history.val_cost == by_hand(digits, *choices.values()).val_cost
    assert explorer.sentence.startswith("After epoch 5: ")
    assert picture(explorer) != before


def test_every_epoch_is_drawn(digits):
    explorer = explore_training(*digits)
    explorer.controls["epochs"].value = 5
    sentences = []
    explorer.children[1].observe(lambda change: sentences.append(change.new), "value")
    explorer.controls["train"].click()
    assert [s[: len("<p>After epoch 1")] for s in sentences] == [
        f"<p>After epoch {n}" for n in range(1, 6)
    ]


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_too_large_a_rate_ends_in_words(digits):
    X, y, X_val, y_val = digits
    explorer = explore_training(1e200 * X.astype(float), y, X_val, y_val)
    explorer.controls["optimiser"].value, explorer.controls["lr"].value = SGD, 1
    explorer.controls["train"].click()
    assert "the learning rate is too large" in explorer.sentence
    assert explorer.sentence.startswith("No epoch was completed.")


# --- what is stored ------------------------------------------------------------------------------


def test_stored_form(digits):
    for make in (
        lambda: explore_training(*digits),
        lambda: explore_confusion(IMAGES, T, Y_HAT, (3, 4)),
    ):
        explorer, other = make(), make()
        data, metadata = explorer._repr_mimebundle_()
        assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
        assert metadata["image/png"]["width"] == 700
        assert data["text/plain"] == repr(other) == f"Explorer({', '.join(other.controls)})"
        assert data["image/png"] == picture(other)
        assert "application/vnd.jupyter.widget-view+json" in data


def test_controls_have_labels(digits):
    for explorer in (explore_training(*digits), explore_confusion(IMAGES, T, Y_HAT, (3, 4))):
        assert all(control.description for control in explorer.controls.values())
