"""The live figure in the built chapter: no kernel, no other host, and the numbers of mlp_lib."""

import os
import re

import numpy as np
import pytest

from mlp_lib.figures import WorkedNetwork
from mlp_lib.figures.base import FOLDER, show_number

PAGE = "book/09_chain_rule.html"
SMALL, LARGE = {"width": 400, "height": 900}, {"width": 1400, "height": 900}


@pytest.fixture
def address(site, site_url):
    """Return the address of the chapter with the figure."""
    assert (site / PAGE).is_file()
    return f"{site_url}/{PAGE}"


@pytest.fixture
def figure(page, address, problems):
    """Return the figure on the page; afterwards nothing may have gone wrong there."""
    page.goto(address)
    yield page.locator(".mlp-figure")
    assert problems == []


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def shown_cost(figure):
    return figure.locator(".cost .value").inner_text().removeprefix("= ")


def message(figure):
    return figure.get_by_role("status").inner_text()


def shown_near(figure, label):
    """Return weight, gradient and next value in the box of an edge, as they are shown."""
    box = figure.locator(".weight").filter(has=figure.page.get_by_label(label))
    gradient, after = (
        box.locator(f".{name} span:last-child").inner_text() for name in ("gradient", "next")
    )
    return box.locator("input").input_value(), gradient, after


# --- the mathematics -----------------------------------------------------------------------------


def test_javascript_agrees_with_mlp_lib(browser):
    rng = np.random.default_rng(1)
    figures = [
        WorkedNetwork(rng.normal(size=3), [rng.normal(size=(3, 2)), rng.normal(size=(2, 1))], t)
        for t in rng.normal(size=200)
    ]
    page = browser.new_page()
    source = (FOLDER / "network.js").read_text(encoding="utf-8")
    page.add_script_tag(
        type="module",
        content=f"{source}\nglobalThis.network = {{ forward, backward, squaredError }};",
    )
    results = page.evaluate(
        """(states) => states.map(({ x, path, target }) => {
            const pass = network.forward(path[0], x);
            const { J, error } = network.squaredError(pass.H.at(-1), [target]);
            return [J, network.backward(path[0], pass, error).gradients];
        })""",
        [figure.state() for figure in figures],
    )
    page.close()
    for figure, (J, gradients) in zip(figures, results, strict=True):
        np.testing.assert_allclose(J, figure.loss, rtol=1e-12)
        for ours, expected in zip(gradients, figure.gradients, strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-14)


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
    assert "Both hidden units give 0, so every gradient is 0" in message(figure)


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


# --- any reader, any screen ----------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_no_violation_of_accessibility_rules(figure, scheme, size):
    if os.environ.get("MLP_REQUIRE_BROWSER") != "1":
        pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    page = figure.page
    page.set_viewport_size(size)
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    press(figure, "10 steps")
    # Axe leaves the contrast of text on an SVG open. Under the boxes it can be hidden; the plot's
    # own text has the colours of the paragraphs.
    page.add_style_tag(content=".network svg { display: none !important }")
    options = {
        "preload": False,  # it would ask for style sheets under wrong addresses
        "checks": {"color-contrast": {"options": {"ignoreUnicode": False}}},
    }
    found = Axe().run(page, ".mlp-figure", options).response
    assert "color-contrast" in [rule["id"] for rule in found["passes"]]
    doubts = [
        (rule["id"], node["html"], [check["message"] for check in node["any"]])
        for rule in found["violations"] + found["incomplete"]
        for node in rule["nodes"]
    ]
    assert [doubt for doubt in doubts if not doubt[1].startswith("<text")] == []


def test_theme_of_the_page(figure):
    colours = []
    for scheme in ("light", "dark"):
        figure.page.evaluate("s => { document.documentElement.dataset.theme = s }", scheme)
        style = "node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]"
        colours.append([sum(map(int, re.findall(r"\d+", c)[:3])) for c in figure.evaluate(style)])
    (light_paper, light_ink), (dark_paper, dark_ink) = colours
    assert light_paper > 700 > 150 > light_ink
    assert dark_ink > 650 > 150 > dark_paper


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_fits_and_can_be_touched(figure, size):
    page = figure.page
    page.set_viewport_size(size)
    press(figure, "10 steps")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    frame = figure.bounding_box()
    for control in figure.locator("input, button").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    for part in figure.locator("input, button, .node, .weight, .cost, p").all():
        box = part.bounding_box()
        assert box["x"] >= frame["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    boxes = [box.bounding_box() for box in figure.locator(".node, .weight, .cost").all()]
    for n, one in enumerate(boxes):
        for other in boxes[:n]:
            apart = [
                one[at] + one[length] <= other[at] or other[at] + other[length] <= one[at]
                for at, length in (("x", "width"), ("y", "height"))
            ]
            assert any(apart), (one, other)


def test_static_numbers_without_javascript(browser, address):
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)
    text = page.locator(".live-figure").inner_text()
    page.close()
    for number in ("286", "156", "0.14", "1.44", "−11", "169"):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", text), number


def test_page_opened_as_a_file(page, site, address, problems):
    page.goto((site / PAGE).as_uri())
    press(page.locator(".mlp-figure"), "Step")
    assert shown_cost(page.locator(".mlp-figure")) == "399.552"
    assert problems == []
