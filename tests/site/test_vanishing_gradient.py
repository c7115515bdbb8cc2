"""The figure of vanishing gradients in the built chapter and in JupyterLab."""

import re

import numpy as np
import pytest

from mlp_lib.figures import VanishingGradient
from mlp_lib.figures.activation_functions import ACTIVATIONS
from mlp_lib.figures.base import bundle
from mlp_lib.figures.seeded import normals, uniforms
from mlp_lib.figures.vanishing_gradient import _rough


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("vanishing_gradient")


def choose(figure, activation):
    figure.get_by_label("Activation function").select_option(activation)


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def message(figure):
    return figure.locator(".message").inner_text()


def fact(figure, name):
    return figure.locator(".fact").filter(has_text=name).locator(".value").inner_text()


# --- the numbers -------------------------------------------------------------------------------


@pytest.fixture
def scripts(page):
    """Return a page in which the figure's own functions are global names."""
    text = bundle("vanishing_gradient")
    names = "measure, uniform, normal"
    page.add_script_tag(type="module", content=f"{text}\nObject.assign(globalThis, {{ {names} }});")
    page.wait_for_function("globalThis.measure !== undefined")
    return page


@pytest.mark.parametrize("seed", [0, 14, 2**32 - 1])
def test_random_numbers_are_those_of_python(scripts, seed):
    found = scripts.evaluate(
        "s => { const next = uniform(s); return [...Array(1000)].map(next) }", seed
    )
    assert found == uniforms(seed, 1000).tolist()
    found = scripts.evaluate(
        "s => { const next = normal(uniform(s)); return [...Array(1000)].map(next) }", seed
    )
    np.testing.assert_allclose(found, normals(seed, 1000), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 30])
@pytest.mark.parametrize("scale", [0.1, 1, 2])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_mlp_lib(scripts, activation, scale, depth):
    figure = VanishingGradient(activation, scale, depth, seed=depth)
    found = scripts.evaluate("measure", figure.state())
    np.testing.assert_allclose(found["signal"], figure.signal_sizes, rtol=1e-9)
    np.testing.assert_allclose(found["error"], figure.gradient_sizes, rtol=1e-9)
    np.testing.assert_allclose(found["predicted"][0], figure.factors.prod(), rtol=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_largest_scale(scripts, activation):
    # Through 30 layers of tanh a difference in the last digit grows ten-million-fold.
    figure = VanishingGradient(activation, 4, depth=30)
    found = scripts.evaluate("measure", figure.state())
    np.testing.assert_allclose(found["signal"], figure.signal_sizes, rtol=1e-6)
    np.testing.assert_allclose(found["error"], figure.gradient_sizes, rtol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_controls_change_the_numbers(figure, activation):
    choose(figure, activation)
    press(figure, "He")
    figure.get_by_label("Layers").fill("12")
    expected = VanishingGradient(activation, np.sqrt(2), 12)
    assert fact(figure, "measured, layer 12 to layer 1") == _rough(expected.gradient_sizes[0])
    assert fact(figure, "product of 11 factors") == _rough(expected.factors.prod())
    assert fact(figure, "standard deviation") == "0.177"
    press(figure, "New random numbers")
    expected.seed += 1
    assert message(figure).startswith("Other random numbers. In layer 1 the error term is")
    assert fact(figure, "measured, layer 12 to layer 1") == _rough(expected.gradient_sizes[0])


def test_slider_and_buttons_show_the_same_scale(figure):
    slider = figure.get_by_label("Scale of the weights s")
    for name, scale in [("normal, 0.05", 0.4), ("uniform ± 1/√d", 3**-0.5), ("He", 2**0.5)]:
        press(figure, name)
        np.testing.assert_allclose(float(slider.input_value()), np.log10(scale), rtol=1e-6)
        pressed = figure.locator("[aria-pressed=true]")
        assert pressed.all_inner_texts() == [name]
    choose(figure, "tanh")
    slider.press("End")
    assert "Tanh keeps the signal below 1; nothing keeps the error term small." in message(figure)
    assert fact(figure, "standard deviation") == "0.5"
    assert figure.locator("[aria-pressed=true]").count() == 0


def test_glorot_and_he_are_marked_where_the_slider_has_them(figure):
    for name in ("Glorot", "He"):
        press(figure, name)
        track = figure.get_by_label("Scale of the weights s").bounding_box()
        share = float(figure.get_by_label("Scale of the weights s").input_value())
        share = (share - np.log10(0.1)) / np.log10(40)
        thumb = track["x"] + 8 + share * (track["width"] - 16)
        mark = figure.locator(f".scale .{name.lower()}").bounding_box()
        edge = mark["x"] + (mark["width"] if name == "Glorot" else 0)
        assert abs(edge - thumb) <= 2.5


@pytest.mark.parametrize(
    ("activation", "start", "words"),
    [
        ("sigmoid", "Glorot", "The gradient vanishes: each layer multiplies it by about 0.23."),
        ("relu", "He", "The gradient arrives: each layer multiplies it by about 0.99."),
        ("relu", "normal, 0.05", "The signal dies out too."),
        ("tanh", "He", "In layer 1 the error term is 1.7 times larger than in layer 20."),
        (
            "identity",
            "He",
            "The gradient explodes: each layer multiplies it by about 1.4. The signal",
        ),
    ],
)
def test_words(figure, activation, start, words):
    choose(figure, activation)
    press(figure, start)
    assert words in message(figure)


def test_every_setting_is_drawn_inside_the_plot(figure):
    for activation in ACTIVATIONS:
        choose(figure, activation)
        for key in ("Home", "End"):
            figure.get_by_label("Scale of the weights s").press(key)
            for depth in ("1", "30"):
                figure.get_by_label("Layers").fill(depth)
                marks = figure.locator(".plots path").evaluate_all(
                    "nodes => nodes.map((node) => [node.getBBox().x, node.getBBox().y])"
                )
                assert len(marks) == 2 * int(depth) + 1
                assert np.isfinite(marks).all() and np.min(marks) > 10
                assert not re.search("NaN|Infinity|undefined", figure.inner_html())
    figure.get_by_label("Layers").fill("1")
    assert message(figure) == "One layer: nothing gets lost on the way back. Choose more layers."


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import VanishingGradient\n\nfigure = VanishingGradient()\nfigure",
    "print('read', figure.activation, figure.depth, figure.scale, figure.gradient_sizes[0])",
    "figure.activation = 'tanh'\nfigure.scale = 2\nfigure.depth = 10",
]


def test_reader_and_python_share_the_setting(open_lab):
    lab = open_lab(CELLS)
    figure = lab.page.locator(".mlp-figure")
    choose(figure, "relu")
    press(figure, "He")
    figure.get_by_label("Layers").fill("30")
    expected = VanishingGradient("relu", 2**0.5, 30)
    word, activation, *numbers = lab.run(1).split()
    assert (word, activation) == ("read", "relu")
    np.testing.assert_allclose(
        [float(number) for number in numbers], [30, 2**0.5, expected.gradient_sizes[0]], rtol=1e-12
    )
    lab.run(2)
    figure.locator(".message").filter(has_text="than in layer 10").wait_for()
    expected = VanishingGradient("tanh", 2, 10)
    assert fact(figure, "measured, layer 10 to layer 1") == _rough(expected.gradient_sizes[0])
    assert lab.errors == []
