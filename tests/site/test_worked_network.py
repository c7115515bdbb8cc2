"""The 3–2–1 network in the built chapter and in JupyterLab gives the numbers of mlp_lib."""

import re

import numpy as np
import pytest

from mlp_lib.figures import WorkedNetwork
from mlp_lib.figures.base import show_number

SMALL, LARGE = {"width": 400, "height": 900}, {"width": 1400, "height": 900}


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("worked_network")


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def shown_cost(figure):
    return figure.locator(".cost .value").inner_text().removeprefix("= ")


def message(figure):
    return figure.get_by_role("status").inner_text()


def shown_near(figure, label):
    """Return weight, gradient and next value in the box of a line, as they are shown."""
    box = figure.locator(".weight").filter(has=figure.page.get_by_label(label))
    gradient, after = (
        box.locator(f".{name} span:last-child").inner_text() for name in ("gradient", "next")
    )
    return box.locator("input").input_value(), gradient, after


# --- the numbers -------------------------------------------------------------------------------


def test_numbers_of_the_chapter(figure):
    assert shown_near(figure, "weight from h₁ to ŷ (w₁)") == ("3", "286", "0.14")
    assert shown_near(figure, "weight from x₁ to u₁ (w₂)") == ("3", "156", "1.44")
    assert shown_near(figure, "weight from x₂ to u₁") == ("1", "234", "−1.34")
    assert shown_near(figure, "weight from x₃ to u₂") == ("−1", "0", "−1")
    assert figure.get_by_text("u₂ = −11").count() == 1
    assert shown_cost(figure) == "169"


def test_step_overshoots_and_undo_takes_it_back(figure):
    press(figure, "Step")
    assert shown_cost(figure) == "399.552"
    assert message(figure) == "Step 1: J went up from 169 to 399.552: the step was too long."
    press(figure, "Undo")
    assert shown_cost(figure) == "169"
    press(figure, "Undo")
    assert message(figure) == "This is step 0: there is no step to take back."


def test_only_the_two_marked_weights(figure):
    figure.get_by_label("Update only w₁ and w₂").check()
    assert shown_near(figure, "weight from h₁ to ŷ (w₁)") == ("3", "286", "0.14")
    assert shown_near(figure, "weight from x₂ to u₁") == ("1", "234", "stays")
    press(figure, "Step")
    assert shown_cost(figure) == "357.089"
    assert figure.get_by_label("weight from x₂ to u₁").input_value() == "1"


@pytest.mark.parametrize(
    ("marked_only", "rate", "way"),
    [
        (True, 0.00764, "down"),
        (True, 0.00765, "up"),
        (False, 0.00554, "down"),
        (False, 0.00555, "up"),
    ],
)
def test_longest_rate_at_which_a_step_helps(figure, marked_only, rate, way):  # E3-07
    figure.get_by_label("Update only w₁ and w₂").set_checked(marked_only)
    figure.get_by_label("learning rate η").fill(str(rate))
    press(figure, "Step")
    assert f"J went {way} from 169" in message(figure)


@pytest.mark.parametrize(("rate", "steps"), [("0.003", 6), ("0.001", 25)])
def test_rate_that_converges(figure, rate, steps):  # E3-07
    figure.get_by_label("learning rate η").fill(rate)
    for _ in range(steps - 1):
        press(figure, "Step")
    assert "reached" not in message(figure)
    press(figure, "Step")
    assert message(figure).startswith(f"Step {steps}: J went down")
    assert message(figure).endswith("The output has reached the target.")


def test_ten_steps_and_back_to_step_0(figure):
    expected = WorkedNetwork()
    for _ in range(10):
        pairs = zip(expected.weights, expected.gradients, strict=True)
        expected.path = [*expected.path, [W - expected.lr * G for W, G in pairs]]
    press(figure, "10 steps")
    assert shown_cost(figure) == show_number(expected.loss)
    rises = sum(b > a for a, b in zip(expected.history, expected.history[1:], strict=False))
    assert figure.locator(".plot .rose").count() == rises
    assert figure.locator(".plot .fell").count() == 11 - rises
    press(figure, "Back to step 0")
    assert shown_cost(figure) == "169"


def test_dead_units_are_explained(figure):
    figure.get_by_label("learning rate η").fill("0.1")
    press(figure, "Step")
    assert shown_cost(figure) == "400"
    assert "Both hidden neurons give 0, so every gradient is 0" in message(figure)


@pytest.mark.parametrize("marked_only", [True, False])
def test_step_too_short_for_any_weight_is_explained(figure, marked_only):
    figure.get_by_label("Update only w₁ and w₂").set_checked(marked_only)
    figure.get_by_label("learning rate η").fill("1e-30")
    press(figure, "Step")
    too_short = "With this learning rate a step is too short to change any weight."
    assert message(figure).endswith(too_short)
    figure.get_by_label("input x₁").fill("−4")  # closes the first neuron, opens the second
    no_slope = "The weights that a step may change have gradient 0: it moves nothing."
    assert message(figure).endswith(no_slope if marked_only else too_short)


def test_divergence_ends_in_words(figure):
    figure.get_by_label("input x₁").fill("0")
    figure.get_by_label("learning rate η").fill("1000000")
    figure.get_by_label("Update only w₁ and w₂").check()
    for _ in range(3):
        press(figure, "10 steps")
    assert "numbers too large to compute with, so it was not taken" in message(figure)
    assert not re.search("NaN|Infinity|undefined", figure.inner_text())
    press(figure, "Original numbers")
    assert shown_cost(figure) == "169"
    assert figure.get_by_label("learning rate η").input_value() == "0.01"


# --- fields and keys -----------------------------------------------------------------------------


def test_keys_in_a_field_change_the_cost(figure):
    field = figure.get_by_label("input x₁")
    field.press("Control+a")
    field.press("4")
    assert shown_cost(figure) == show_number(WorkedNetwork(x=(4, 3, 1)).loss)
    field.press("ArrowUp")
    assert field.input_value() == "5"
    assert shown_cost(figure) == show_number(WorkedNetwork(x=(5, 3, 1)).loss)

    figure.get_by_label("weight from h₁ to ŷ").press("ArrowDown")
    figure.get_by_label("target t").fill("−2.5")
    expected = WorkedNetwork((5, 3, 1), [[[3, -2], [1, -2], [2, -1]], [[2], [2]]], -2.5)
    assert shown_cost(figure) == show_number(expected.loss)


def test_an_edit_counts_steps_from_0(figure):
    press(figure, "10 steps")
    figure.get_by_label("target t").fill("19")
    assert message(figure).startswith("J = ")
    assert figure.locator(".plot :is(.rose, .fell)").count() == 1


@pytest.mark.parametrize(
    ("label", "text", "reason"),
    [
        ("input x₁", "abc", "“abc” is not a number. Write it like 2, −1.5 or 0.01."),
        ("target t", "", "“” is not a number"),
        ("target t", "1,5", "“1,5” is not a number"),
        ("target t", "1e9", "Numbers up to 1 000 000 are allowed here."),
        ("learning rate η", "0", "It must be larger than 0."),
    ],
)
def test_what_is_no_number_is_refused(figure, label, text, reason):
    field = figure.get_by_label(label)
    before = field.input_value()
    field.fill(text)
    assert field.get_attribute("aria-invalid") == "true"
    field.press("Tab")
    assert message(figure).startswith(reason)
    assert message(figure).endswith(f"The {label} stays {before}.")
    assert field.input_value() == before
    assert field.get_attribute("aria-invalid") is None
    assert shown_cost(figure) == "169"


@pytest.mark.parametrize(
    ("label", "keys", "before"),
    [("target t", "1,5", "20"), ("learning rate η", "1e300", "0.01"), ("input x₃", "0x2", "1")],
)
def test_number_on_the_way_to_a_refused_text_does_not_stay(figure, label, keys, before):
    field = figure.get_by_label(label)
    field.press("Control+a")
    for key in keys:
        field.press(key)
    field.press("Tab")
    assert message(figure).endswith(f"The {label} stays {before}.")
    assert field.input_value() == before
    assert shown_cost(figure) == "169"
    field.press("Control+a")
    field.press("4")
    field.press("Enter")  # what is accepted is kept from then on
    field.press("a")
    field.press("Tab")
    assert field.input_value() == "4"


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_numbers_in_fields_are_seen_whole(figure, size):
    figure.page.set_viewport_size(size)
    figure.get_by_label("input x₁").fill("0")
    figure.get_by_label("learning rate η").fill("1000000")
    figure.get_by_label("Update only w₁ and w₂").check()
    for _ in range(2):
        press(figure, "10 steps")
    weight = figure.get_by_label("weight from h₁ to ŷ (w₁)")
    assert re.fullmatch(r"−?\d(\.\d)?e1\d\d", weight.input_value())
    assert weight.evaluate("field => field.scrollWidth <= field.clientWidth")


def test_everything_is_reached_with_the_keyboard(figure):
    page = figure.page
    controls = figure.locator("input, button")
    controls.first.focus()
    for n in range(controls.count()):
        control = controls.nth(n)
        assert control.evaluate("node => node === document.activeElement"), control.inner_text()
        assert control.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
        name = control.inner_text() or control.get_attribute("aria-label")
        if name == "Step":
            page.keyboard.press("Space")
        page.keyboard.press("Tab")
    assert shown_cost(figure) == "399.552"


# --- any screen, any reader ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_boxes_do_not_overlap(figure, size):
    figure.page.set_viewport_size(size)
    press(figure, "10 steps")
    frame = figure.bounding_box()
    places = figure.locator(".node, .weight, .cost").all()
    boxes = [place.bounding_box() for place in places]
    for n, one in enumerate(boxes):
        assert one["x"] >= frame["x"]
        assert one["x"] + one["width"] <= frame["x"] + frame["width"]
        for other in boxes[:n]:
            apart = [
                one[at] + one[length] <= other[at] or other[at] + other[length] <= one[at]
                for at, length in (("x", "width"), ("y", "height"))
            ]
            assert any(apart), (one, other)


def test_numbers_without_javascript(browser, site_url, pages_of_figures):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{site_url}/{pages_of_figures['worked_network'][0]}")
    text = page.locator(".live-figure").first.inner_text()
    page.close()
    for number in ("286", "156", "0.14", "1.44", "−11", "169"):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", text), number


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import WorkedNetwork\n\nfigure = WorkedNetwork()\nfigure",
    "print('read', figure.x.tolist(), len(figure.path), repr(figure.loss))",
    "figure.weights = [[[1, 0], [0, 1], [1, 1]], [[2], [1]]]\nfigure.target = 5\nfigure.lr = 0.001",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def read_back(lab):
    """Return what Python prints of the figure: x, number of weights in its path, loss."""
    text = lab.run(1)
    x, steps, loss = re.fullmatch(r"read (\[.*\]) (\d+) (\S+)\s*", text).groups()
    return [float(number) for number in x[1:-1].split(",")], int(steps), float(loss)


def test_widget_and_not_its_html_form(lab):
    assert lab.page.locator(".live-figure").count() == 0
    assert lab.page.locator(".mlp-figure").count() == 1


def test_field_and_step_reach_python(lab):
    lab.page.get_by_label("input x₁").fill("4")
    expected = WorkedNetwork(x=(4, 3, 1))
    x, steps, loss = read_back(lab)
    assert (x, steps) == ([4, 3, 1], 1)
    assert loss == expected.loss

    button = lab.page.get_by_role("button", name="Step", exact=True)
    button.focus()
    lab.page.keyboard.press("Enter")  # must not be taken as JupyterLab's "edit this cell"
    lab.page.get_by_role("status").filter(has_text="Step 1").wait_for()
    expected.weights = [
        W - expected.lr * G for W, G in zip(expected.weights, expected.gradients, strict=True)
    ]
    x, steps, loss = read_back(lab)
    assert steps == 2
    np.testing.assert_allclose(loss, expected.loss, rtol=1e-12)


def test_letters_typed_into_a_field_are_no_shortcuts(lab):
    cells = lab.page.locator(".jp-CodeCell").count()
    field = lab.page.get_by_label("input x₂")
    field.press("b")  # in JupyterLab's command mode: a new cell below
    field.press("Enter")
    assert lab.page.locator(".jp-CodeCell").count() == cells
    lab.page.get_by_text("is not a number").wait_for()


def test_python_reaches_the_figure(lab):
    lab.run(2)
    x = read_back(lab)[0]
    expected = WorkedNetwork(x, [[[1, 0], [0, 1], [1, 1]], [[2], [1]]], target=5)
    lab.page.get_by_role("status").filter(has_text=f"J = {expected.loss:.6g}.").wait_for()
    assert lab.page.get_by_label("weight from x₃ to u₁").input_value() == "1"
    assert lab.page.get_by_label("target t").input_value() == "5"
    assert lab.page.get_by_label("learning rate η").input_value() == "0.001"


def test_no_javascript_error(lab):
    assert lab.errors == []
