"""XOR with two ReLU units and with one line: the built chapter and JupyterLab."""

import re

import numpy as np
import pytest

from mlp_lib.figures import XorLines
from mlp_lib.figures.base import bundle

SMALL, LARGE = {"width": 400, "height": 900}, {"width": 1400, "height": 900}


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("xor_lines")


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def message(figure):
    return figure.get_by_role("status").inner_text()


def shown_outputs(figure, plane):
    """Return what stands at the four points of a plane: numbers, and whether they are right."""
    texts = figure.locator(".plot").nth(plane).locator(".output").all_text_contents()
    numbers = [float(text.split()[0].replace("−", "-")) for text in texts]
    return numbers, [text.split()[1] == "✓" for text in texts]


def shown_counts(figure):
    return [int(text[0]) for text in figure.locator(".count").all_text_contents()]


def handle(figure, name):
    return figure.get_by_label(name, exact=True)


def drag(figure, name, across, up):
    """Drag a handle by a part of the plane's width, and of its height."""
    box = handle(figure, name).bounding_box()
    side = figure.locator(".plot").first.bounding_box()["width"] * (300 / 360) / 2  # one unit of x
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = figure.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + across * side / 2, y - up * side / 2)
    mouse.move(x + across * side, y - up * side)
    mouse.up()


# --- the numbers -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(browser):
    """Return a page in which the figure's functions are global names."""
    page = browser.new_page()
    text = bundle("xor_lines").replace("export default { render };", "")
    names = "reluNetwork, linearNetwork, count"
    page.add_script_tag(type="module", content=f"{text}\nObject.assign(globalThis, {{ {names} }});")
    page.wait_for_function("globalThis.count !== undefined")
    yield page
    page.close()


def test_outputs_and_counts_agree_with_mlp_lib(scripts):
    rng = np.random.default_rng(0)
    for _ in range(100):
        shapes = ((2, 2), (2,), (2, 1), (1,), (2, 1), (1,))
        python = XorLines(*(rng.normal(size=shape) for shape in shapes))
        relu, linear, counts = scripts.evaluate(
            """state => {
                const networks = [reluNetwork(state), linearNetwork(state)];
                return [...networks.map(({ outputs }) => outputs), networks.map(count)];
            }""",
            python.state(),
        )
        np.testing.assert_allclose(relu, python.outputs, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(linear, python.linear_outputs, rtol=1e-9, atol=1e-12)
        assert counts == [python.right, python.linear_right]


def test_regions_agree_with_mlp_lib(scripts):
    rng = np.random.default_rng(1)
    for _ in range(20):
        python = XorLines(rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(2, 1)))
        parts = scripts.evaluate("state => reluNetwork(state).parts", python.state())
        for part, expected in zip(parts, python._regions(), strict=True):
            np.testing.assert_allclose(
                np.reshape(part["inside"], (-1, 2)), np.reshape(expected, (-1, 2)), atol=1e-9
            )
            if part["edge"]:
                np.testing.assert_allclose(python.network.predict(np.array(part["edge"])), 0.5)


def test_start_and_solution(figure):
    python = XorLines()
    assert shown_outputs(figure, 0) == (python.outputs.tolist(), [True, False, True, True])
    assert shown_outputs(figure, 1) == (python.linear_outputs.tolist(), [True, False, True, False])
    assert shown_counts(figure) == [3, 2]
    assert "(0, 1) has ŷ = −2 and needs more than 0.5." in message(figure)
    press(figure, "Show the solution")
    assert shown_outputs(figure, 0) == ([0, 1, 1, 0], [True] * 4)
    assert "XOR is solved" in message(figure)
    press(figure, "Back to the start")
    assert shown_counts(figure) == [3, 2]


# --- what the reader does ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_drag_moves_and_turns_a_line(figure, size):
    figure.page.set_viewport_size(size)
    figure.scroll_into_view_if_needed()
    drag(figure, "place of the line u₁ = 0", -0.25, 0)
    assert figure.get_by_text("u₁ = 2 x₁ + 0 x₂ − 0.5").is_visible()
    python = XorLines(b1=[-0.5, -1])
    assert shown_outputs(figure, 0)[0] == python.outputs.tolist()
    drag(figure, "tip of the arrow, u₁ = 1", -0.5, 0.5)  # from the right to upwards
    assert figure.get_by_text("u₁ = 0 x₁ + 2 x₂ − 0.5").is_visible()
    python.W1, python.b1 = [[0, 0], [2, 2]], [-0.5, -1]
    assert shown_outputs(figure, 0)[0] == python.outputs.tolist()
    assert shown_counts(figure)[0] == python.right


def test_line_reaches_three_and_never_four(figure):
    for key, presses in [("ArrowUp", 5), ("ArrowLeft", 5)]:  # the tip, from (1, 0.25)
        for _ in range(presses):
            handle(figure, "tip of the arrow, u = 1").press(key)
    for _ in range(4):
        handle(figure, "place of the line u = 0").press("ArrowLeft")
    assert shown_counts(figure)[1] == 3
    assert "3 of 4 points right, the most that a line gets" in figure.inner_text()
    assert "One line: 3 of 4 right, and no line gets more." in message(figure)


def test_longer_arrow_spoils_the_solution(figure):
    """What the chapter lets the reader find: with smaller weights u₂ takes too little away."""
    for label, value in [("output weight v₁", "2"), ("output weight v₂", "2")]:
        figure.get_by_label(label).fill(value)
    press(figure, "Show the solution")  # sets the output weights as well
    assert figure.get_by_label("output weight v₂").input_value() == "−2"
    tip = handle(figure, "tip of the arrow, u₂ = 1")
    for _ in range(3):  # the arrow grows to 0.65 in both directions, the weights to 1 / 1.3
        tip.press("ArrowUp")
        tip.press("ArrowRight")
    assert shown_counts(figure)[0] == 4
    tip.press("ArrowUp")
    tip.press("ArrowRight")  # 0.7: u₂ at (1, 1) is 1 / 1.4, less than 0.75
    assert shown_counts(figure)[0] == 3
    assert "(1, 1) has ŷ = 0.5714 and needs at most 0.5" in message(figure)


def test_handles_stay_in_the_plane_and_apart(figure):
    for across, up in [(3, 0), (0, 3), (-3, -3)]:
        drag(figure, "place of the line u₁ = 0", across, up)
        frame = figure.locator(".plot").first.bounding_box()
        for name in ("place of the line u₁ = 0", "tip of the arrow, u₁ = 1"):
            box = handle(figure, name).bounding_box()
            assert frame["x"] <= box["x"] + box["width"] / 2 <= frame["x"] + frame["width"]
            assert frame["y"] <= box["y"] + box["height"] / 2 <= frame["y"] + frame["height"]
    before = figure.locator(".formula").first.inner_text()
    names = ("tip of the arrow, u₁ = 1", "place of the line u₁ = 0")
    tip, place = (handle(figure, name).bounding_box() for name in names)
    side = figure.locator(".plot").first.bounding_box()["width"] * (300 / 360) / 2
    drag(figure, "tip of the arrow, u₁ = 1", (place["x"] - tip["x"]) / side, 0)
    assert not re.search("NaN|Infinity|undefined|too large", figure.inner_text())
    assert figure.locator(".formula").first.inner_text() != before  # it went as near as it may


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_planes_stand_side_by_side_or_one_below_the_other(figure, size):
    figure.page.set_viewport_size(size)
    left, right = (figure.locator(".plot").nth(n).bounding_box() for n in (0, 1))
    if size == LARGE:
        assert right["x"] >= left["x"] + left["width"] and right["y"] == left["y"]
    else:
        assert right["y"] >= left["y"] + left["height"]


def test_the_drawing_says_what_it_shows(figure):
    press(figure, "Show the solution")
    label = figure.locator(".plot").first.get_attribute("aria-label")
    assert label.startswith("Two ReLU units: (0, 0), class 0: ŷ = 0, right; ")


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import XorLines\n\nfigure = XorLines()\nfigure",
    "print(figure.W1.tolist(), figure.b1.tolist(), figure.right)",
    "figure.W1, figure.b1, figure.W2 = [[1, -1], [-1, 1]], [0, 0], [[1], [1]]",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def test_key_reaches_python(lab):
    for _ in range(5):
        lab.page.get_by_label("place of the line u₁ = 0", exact=True).press("ArrowLeft")
    lab.page.get_by_text("u₁ = 2 x₁ + 0 x₂ − 0.5").wait_for()
    assert lab.run(1).strip() == "[[2.0, 0.0], [0.0, 2.0]] [-0.5, -1.0] 3"


def test_python_reaches_the_figure(lab):
    lab.run(2)
    lab.page.get_by_role("status").filter(has_text="XOR is solved").wait_for()
    assert lab.page.get_by_label("output weight v₂").input_value() == "1"
    assert lab.errors == []
