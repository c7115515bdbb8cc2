"""The figure of activation functions in the built chapter and in JupyterLab."""

import re

import numpy as np
import pytest

from mlp_lib.figures import ActivationFunctions
from mlp_lib.figures.activation_functions import ACTIVATIONS
from mlp_lib.figures.base import bundle, show_number

POINT, SLOPE_POINT = "Point on the function", "Point on its slope"


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("activation_functions")


def choose(figure, activation):
    figure.get_by_label("Activation function").select_option(activation)


def point(figure, label=POINT):
    return figure.get_by_role("slider", name=label)


def message(figure):
    return figure.locator(".message").inner_text()


def shown(figure):
    """Return u, h and slope as they are shown."""
    places = ("output", ".value", ".gradient")
    return tuple(figure.locator(place).first.inner_text() for place in places)


def expected(activation, u):
    figure = ActivationFunctions(activation, u)
    return tuple(show_number(number) for number in (u, figure.h, figure.slope))


# --- the numbers -------------------------------------------------------------------------------


def test_agrees_with_mlp_lib(page):
    text = bundle("activation_functions")
    page.add_script_tag(
        type="module", content=f"{text}\nObject.assign(globalThis, {{ at, ABOUT }});"
    )
    page.wait_for_function("globalThis.at !== undefined")
    u = np.linspace(-6, 6, 241)  # 0 is one of them
    for activation in ACTIVATIONS:
        figure = ActivationFunctions(activation)
        call = "([name, u]) => u.map((v) => Object.values(at(name, v)))"
        h, slope, flat = zip(*page.evaluate(call, [activation, u.tolist()]), strict=True)
        np.testing.assert_allclose(h, figure.values(u), rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(slope, figure.slopes(u), rtol=1e-9, atol=1e-15)
        assert page.evaluate("name => ABOUT[name].largest", activation) == figure.largest_slope
        shaded = page.evaluate("name => ABOUT[name].flat", activation)
        for number, is_flat in zip(u, flat, strict=True):
            figure.u = number
            assert figure.is_flat == is_flat
            assert any(low <= number <= high for low, high in shaded) == is_flat, (
                activation,
                number,
            )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_keys_move_the_point(figure, activation):
    choose(figure, activation)
    assert shown(figure) == expected(activation, 2)
    point(figure).press("ArrowLeft")
    point(figure, SLOPE_POINT).press("Shift+ArrowLeft")
    assert shown(figure) == expected(activation, 0.9)
    figure.get_by_label("Pre-activation u").press("End")
    point(figure).press("Shift+ArrowRight")  # the figure ends here
    assert shown(figure)[:2] == expected(activation, 6)[:2]
    assert not re.search("NaN|Infinity|undefined", figure.inner_html())


@pytest.mark.parametrize("label", [POINT, SLOPE_POINT])
def test_a_drag_moves_the_point(figure, label):
    mouse = figure.page.mouse
    point(figure, label).scroll_into_view_if_needed()
    box = point(figure, label).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 80, y - 30, steps=4)  # up and down make no difference: it stays on the curve
    mouse.up()
    u = figure.locator("output").inner_text()
    number = float(u.replace("−", "-"))
    assert -2 < number < 0 and round(number / 0.05, 6).is_integer()
    assert shown(figure) == expected("sigmoid", number)
    for handle in (point(figure), point(figure, SLOPE_POINT)):
        assert float(handle.get_attribute("aria-valuenow")) == number


def test_the_tangent_has_the_slope(figure):
    ends = "node => ['x1', 'y1', 'x2', 'y2'].map((name) => node[name].baseVal.value)"
    for activation in ACTIVATIONS:
        choose(figure, activation)
        slope = ActivationFunctions(activation, 2).slope
        x1, y1, x2, y2 = figure.locator(".tangent").evaluate(ends)
        units = 300 / 12, 186 / (2.4 if activation in ("sigmoid", "tanh") else 12)
        np.testing.assert_allclose((y1 - y2) / units[1] / ((x2 - x1) / units[0]), slope, rtol=1e-5)


# --- what it says --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "u", "words"),
    [
        ("sigmoid", 0, "Here the sigmoid is steepest: its slope is 0.25."),
        ("sigmoid", 3.6, "The slope is 10.4 % of its largest value, 0.25, which is at u = 0."),
        ("sigmoid", 3.65, "Saturated: the slope is only 9.88 % of its largest value, 0.25."),
        ("tanh", -1.8, "The slope is 10.4 % of its largest value, 1,"),
        ("tanh", -1.85, "Saturated: the slope is only 9.42 % of its largest value, 1."),
        ("relu", 0.05, "Open: the slope is 1"),
        ("relu", 0, "At the corner there is no slope: it is 0 on the left and 1 on the right."),
        ("relu", -0.05, "Closed: the slope is exactly 0."),
        ("leaky_relu", -0.05, "Nearly closed: the slope is 0.01, small but not 0"),
        ("identity", 1, "The slope is 1 everywhere"),
    ],
)
def test_words_at_the_point(figure, activation, u, words):
    choose(figure, activation)
    figure.get_by_label("Pre-activation u").fill(str(u))
    assert words in message(figure)


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import ActivationFunctions\n\nfigure = ActivationFunctions()\nfigure",
    "print('read', figure.activation, figure.u, figure.slope)",
    "figure.activation = 'tanh'\nfigure.u = 0.5",
]


def test_reader_and_python_share_the_point(open_lab):
    lab = open_lab(CELLS)
    figure = lab.page.locator(".mlp-figure")
    figure.get_by_role("slider", name=POINT).press("ArrowRight")
    choose(figure, "relu")
    assert lab.run(1).strip() == "read relu 2.1 1.0"
    lab.run(2)
    figure.locator(".message").filter(has_text="78.6 %").wait_for()
    assert shown(figure) == expected("tanh", 0.5)
    assert lab.errors == []
