"""The worked networks one operation at a time, in the built chapters and in JupyterLab."""

import ast
import math
import re

import numpy as np
import pytest

from mlp_lib.figures import StepByStep
from mlp_lib.figures.base import bundle, show_number

SMALL, LARGE = {"width": 400, "height": 900}, {"width": 1400, "height": 900}
EXAMPLES = ("3-2-1", "2-2-2", "3-3-3-2")
CHAPTER = {"3-2-1": "book/05_", "3-3-3-2": "book/10_", "2-2-2": "book/11_"}


# --- the operations: every number as mlp_lib computes it, and every formula true -----------------


@pytest.fixture(scope="module")
def script(browser):
    """Return a page with the functions of `operations.js`."""
    page = browser.new_page()
    names = "Object.assign(globalThis, { compute, operations });"
    page.add_script_tag(type="module", content=f"{bundle('operations')}\n{names}")
    page.wait_for_function("globalThis.operations !== undefined")
    yield page
    page.close()


RUN = """(state) => {
    const { values, after } = compute(state);
    return { values, after, list: operations(state, values) };
}"""


def random_figure(example, seed):
    """Return a figure whose numbers are all drawn at random."""
    rng = np.random.default_rng(seed)
    figure = StepByStep(example, lr=0.1)
    figure.x = rng.normal(size=figure.x.shape)
    figure.weights = [rng.normal(size=W.shape) for W in figure.weights]
    figure.biases = [rng.normal(size=b.shape) for b in figure.biases]
    t = rng.random(figure.target.shape)
    figure.target = t / t.sum() if figure.has_classes else t
    return figure


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("example", EXAMPLES)
def test_numbers_agree_with_mlp_lib(script, example, seed):
    figure = random_figure(example, seed)
    found = script.evaluate(RUN, figure.state())
    values = found["values"]
    network = figure.network
    H, L = figure.x[None, :], len(figure.weights)
    expected = {"J": figure.loss}
    for m, layer in enumerate(network.layers):
        H = layer.forward(H)
        kind = "H" if m % 2 or (m // 2 + 1 == L and not figure.has_classes) else "U"
        expected |= {f"{kind}{m // 2 + 1}.{j}": h for j, h in enumerate(H[0])}
    expected |= {f"H{L}.{k}": y for k, y in enumerate(figure.prediction)}
    for letter, arrays, gradients in (
        ("W", figure.weights, figure.gradients),
        ("b", figure.biases, figure.bias_gradients),
    ):
        for l, (array, gradient) in enumerate(zip(arrays, gradients, strict=True), start=1):
            for at, g in np.ndenumerate(gradient):
                name = f"{letter}{l}." + ".".join(map(str, at))
                expected |= {f"d{name}": g, f"n{name}": array[at] - figure.lr * g}
    np.testing.assert_allclose([values[id] for id in expected], [*expected.values()], rtol=1e-9)

    pairs = (figure.weights, figure.gradients), (figure.biases, figure.bias_gradients)
    new = [[p - figure.lr * g for p, g in zip(*pair, strict=True)] for pair in pairs]
    after = StepByStep(example, x=figure.x, weights=new[0], biases=new[1], target=figure.target)
    np.testing.assert_allclose(found["after"], after.loss, rtol=1e-9)


FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "ReLU": lambda u: max(u, 0),
    "σ": lambda u: 1 / (1 + math.exp(-u)),
}


def result_of(line):
    """Return what a line "name = formula = value" says to be equal, as numbers."""
    for sign, python in {"−": "-", "·": "*", "²": "**2"}.items():
        line = line.replace(sign, python)
    line = re.sub(r"log (\S+)", r"log(\1)", line.replace("←", "="))
    return [eval(part, FUNCTIONS) for part in line.split(" = ")[1:]]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_line_of_numbers_is_true(script, example):
    figure = StepByStep(example)
    for operation in script.evaluate(RUN, figure.state())["list"]:
        numbers = result_of(operation["numbers"])
        close = {"rel": 1e-3, "abs": 1e-4} if example == "2-2-2" else {"rel": 1e-12}
        assert numbers[0] == pytest.approx(numbers[-1], **close), operation["numbers"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_operation_uses_only_what_is_known(script, example):
    figure = random_figure(example, 0)
    found = script.evaluate(RUN, figure.state())
    known = {id for id in found["values"] if re.match("H0|W|b|T|lr", id)}
    for operation in found["list"]:
        assert set(operation["reads"]) <= known, operation["formula"]
        assert operation["result"] not in known
        known.add(operation["result"])
    assert len(found["list"]) == figure.n_steps
    assert {id for id in found["values"] if id[0] != "s"} == known
    forward = StepByStep(example, forward_only=True)
    assert len(script.evaluate(RUN, forward.state())["list"]) == forward.n_steps


def test_a_product_of_chain_rule(script):
    lines = script.evaluate(RUN, StepByStep("3-2-1").state())["list"]
    by_name = {operation["result"]: operation for operation in lines}
    assert by_name["U1.0"]["formula"] == "u₁ = x₁ W₁₁⁽¹⁾ + x₂ W₂₁⁽¹⁾ + x₃ W₃₁⁽¹⁾"
    assert by_name["U1.0"]["numbers"] == "u₁ = 2 · 3 + 3 · 1 + 1 · 2 = 11"
    assert by_name["dH2.0"]["numbers"] == "∂J/∂ŷ = 2 · (33 − 20) = 26"
    weight = by_name["dW2.0.0"]
    assert weight["formula"] == "∂J/∂W₁₁⁽²⁾ = ∂J/∂ŷ · h₁"
    assert weight["local"] == ["∂ŷ/∂W₁₁⁽²⁾ = h₁ = 11"]
    assert by_name["dU1.1"]["local"] == ["∂h₂/∂u₂ = [u₂ > 0] = 0"]
    assert by_name["nW2.0.0"]["numbers"] == "W₁₁⁽²⁾ ← 3 − 0.01 · 286 = 0.14"


# --- in the chapters -----------------------------------------------------------------------------


@pytest.fixture
def figure_in(page, site_url, pages_of_figures, problems):
    """Return a function: the figure with a network, on the page of its chapter, and in view."""

    def open_figure(example):
        names = pages_of_figures["step_by_step"]
        (name,) = (name for name in names if name.startswith(CHAPTER[example]))
        page.goto(f"{site_url}/{name}")
        page.locator(".live-figure[data-module=step_by_step]").scroll_into_view_if_needed()
        figure = page.locator(".live-figure[data-module=step_by_step] .mlp-figure")
        figure.wait_for()
        return figure

    yield open_figure
    assert problems == []


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def message(figure):
    return figure.locator(".message").inner_text()


def counter(figure):
    return figure.locator(".walk output").inner_text()


def known(figure):
    """Return what the drawing says that has been computed, as {name: number as text}."""
    label = figure.get_by_role("img").get_attribute("aria-label")
    text = label.removesuffix(".").partition("Computed: ")[2]
    return dict(pair.split(" = ") for pair in text.split(", ")) if " = " in text else {}


def go_to(figure, step):
    figure.get_by_label("operation").fill(str(step))


def change(figure, **fields):
    """Type numbers into fields, given by their labels."""
    if not figure.locator(".settings").is_visible():
        press(figure, "Change the numbers")
    for label, number in fields.items():
        figure.get_by_label(label, exact=True).fill(str(number))


def test_forward_pass_of_chapter_5(figure_in):
    figure = figure_in("3-2-1")
    assert known(figure) == {}
    shown = []
    for _ in range(5):
        press(figure, "Next")
        shown.append(message(figure).partition(".")[0])
    assert shown == ["u₁ = 11", "u₂ = −11", "h₁ = 11", "h₂ = 0", "ŷ = 33"]
    assert message(figure).endswith("The forward pass is done.")
    press(figure, "Next")
    assert "Start again" in message(figure) and counter(figure) == "5 of 5"
    press(figure, "Back")
    assert known(figure) == {"u₁": "11", "u₂": "−11", "h₁": "11", "h₂": "0"}
    press(figure, "Start again")
    press(figure, "Back")
    assert message(figure).startswith("This is the start")
    assert figure.get_by_text(re.compile("target|cost|derivative")).count() == 0


def test_suggestions_of_chapter_5(figure_in):
    figure = figure_in("3-2-1")
    press(figure, "End of pass")
    change(figure, **{"weight from h₂ to ŷ": 200})
    assert known(figure)["ŷ"] == "33"
    change(figure, **{"input x₁": -4})
    numbers = known(figure)
    assert float(numbers["h₁"]) == 0 < float(numbers["h₂"])
    press(figure, "Original numbers")
    change(figure, **{"weight from x₂ to u₂": -3})
    assert known(figure) == {"u₁": "11", "u₂": "−14", "h₁": "11", "h₂": "0", "ŷ": "33"}


def test_formulas_and_marks(figure_in):
    figure = figure_in("3-3-3-2")
    assert counter(figure) == "15 of 93"
    go_to(figure, 27)
    lines = figure.locator(".operation .formulas").all_text_contents()
    assert [re.sub(r"\s", "", line) for line in lines] == [
        "∂J∂h2(2)=∂J∂y^1·W21(3)+∂J∂y^2·W22(3)",
        "∂y^1∂h2(2)=W21(3)=2∂y^2∂h2(2)=W22(3)=−1",
        "∂J∂h2(2)=6·2+(−2)·(−1)=14",
    ]
    assert message(figure).startswith("∂J/∂h₂⁽²⁾ = 14. There are two ways from h₂⁽²⁾ to J")
    assert figure.locator("rect.now").count() == 1
    assert figure.locator("rect.read").count() == 4
    assert figure.locator("line.marked").count() == 2


def test_suggestions_of_chapter_10(figure_in):
    figure = figure_in("3-3-3-2")
    change(figure, **{"input x₁": 3, "input x₂": 1})
    press(figure, "End of pass")
    numbers = known(figure)
    assert all(float(numbers[f"h{j}⁽{l}⁾"].replace("−", "-")) > 0 for j in "₁₂₃" for l in "¹²")
    assert numbers["∂J/∂h₃⁽²⁾"] == "0"
    assert "0" not in (numbers["∂J/∂ŷ₁"], numbers["∂J/∂ŷ₂"])
    press(figure, "Original numbers")
    press(figure, "End of pass")
    assert "J was 10 and is now 2.205" in message(figure)
    change(figure, **{"learning rate η": 0.02})
    assert "more than before: the step was too long" in message(figure)


def test_step_of_chapter_11(figure_in):
    figure = figure_in("2-2-2")
    for _ in range(3):
        press(figure, "End of pass")
    assert "J was 0.817232 and is now 0.815075, less than before." in message(figure)
    assert known(figure)["W₁₁⁽²⁾"] == "0.1015"  # D-12
    press(figure, "Next")
    assert message(figure) == "A new round, with the new numbers. Press Next."
    assert figure.get_by_label("weight from h₁ to u₁⁽²⁾").input_value() == "0.1015"
    press(figure, "End of pass")
    assert known(figure)["J"] == "0.8151"


def test_suggestions_of_chapter_11(figure_in):
    figure = figure_in("2-2-2")
    press(figure, "End of pass")
    press(figure, "End of pass")
    before = {name: n for name, n in known(figure).items() if "∂" in name}
    press(figure, "Change the numbers")
    figure.get_by_label("target t₁").fill("0")
    after = known(figure)
    assert all(after[name].startswith("−") != n.startswith("−") for name, n in before.items())
    figure.get_by_label("target t₁").fill("1")
    assert {name: known(figure)[name] for name in before} == before
    change(figure, **{"weight from h₁ to u₂⁽²⁾": 0.1, "weight from h₂ to u₂⁽²⁾": 0.2})
    numbers = known(figure)
    assert {numbers[f"∂J/∂u{j}⁽¹⁾"] for j in "₁₂"} == {"0"}


def test_numbers_that_grow_too_large_end_in_words(figure_in):
    figure = figure_in("3-3-3-2")
    change(figure, **{"learning rate η": 1000000, "input x₁": 1000000})
    go_to(figure, 93)
    for _ in range(12):
        press(figure, "End of pass")
        assert not re.search("NaN|Infinity|undefined", figure.inner_text())
        if "too large to compute" in message(figure):
            break
    assert "Choose a smaller learning rate." in message(figure)
    press(figure, "Original numbers")
    press(figure, "Start again")
    press(figure, "End of pass")
    assert known(figure)["J"] == "10"


def test_what_is_no_number_is_refused(figure_in):
    figure = figure_in("3-2-1")
    press(figure, "Change the numbers")
    field = figure.get_by_label("input x₁")
    field.fill("two")
    field.press("Tab")
    assert message(figure).startswith("“two” is not a number.")
    assert field.input_value() == "2"


BOXES = """(nodes) => nodes.map((node) =>
    ["x", "y", "width", "height"].map((name) => Number(node.getAttribute(name))))"""
SIZE = "(node) => [node.clientWidth, node.clientHeight]"


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_numbers_do_not_overlap(figure_in, example, size):
    figure = figure_in(example)
    figure.page.set_viewport_size(size)
    last = int(counter(figure).split()[-1])
    for step in {last, last // 2, min(27, last)}:
        go_to(figure, step)
        boxes = figure.locator("rect.plain, rect.slope").evaluate_all(BOXES)
        width, height = figure.locator(".steps-drawing").evaluate(SIZE)
        for n, (x, y, w, h) in enumerate(boxes):
            assert 0 <= x and x + w <= width and 0 <= y and y + h <= height
            for left, top, wide, high in boxes[:n]:
                beside = x + w <= left or left + wide <= x
                assert beside or y + h <= top + 1 or top + high <= y + 1, (
                    step,
                    boxes[n],
                    left,
                    top,
                )


def test_drawing_turns_with_the_room_for_it(figure_in):
    figure = figure_in("3-3-3-2")
    drawing = figure.locator(".steps-drawing")
    wide = drawing.bounding_box()
    figure.page.set_viewport_size(SMALL)
    figure.page.wait_for_function(
        "() => document.querySelector('.steps-drawing').getBoundingClientRect().width < 400"
    )
    narrow = drawing.bounding_box()
    assert wide["width"] > wide["height"] and narrow["height"] > narrow["width"]


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import StepByStep\n\nfigure = StepByStep('3-3-3-2')\nfigure",
    "print('read', figure.x.tolist(), figure.step, repr(figure.loss))",
    "figure.weights = [2 * W for W in figure.weights]\nfigure.target = [0, 1]\nfigure.step = 15",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def read_back(lab):
    """Return what Python prints of the figure: x, step, loss."""
    x, step, loss = re.fullmatch(r"read (\[.*\]) (\d+) (\S+)\s*", lab.run(1)).groups()
    return ast.literal_eval(x), int(step), float(loss)


def test_what_the_reader_does_reaches_python(lab):
    figure = lab.page.locator(".mlp-figure")
    button = figure.get_by_role("button", name="Next", exact=True)
    button.focus()
    lab.page.keyboard.press("Enter")  # must not be taken as JupyterLab's "edit this cell"
    figure.locator(".message").filter(has_text="u₁⁽¹⁾ = 2").wait_for()
    change(figure, **{"input x₁": 3})
    figure.locator(".message").filter(has_text="u₁⁽¹⁾ = 4").wait_for()
    expected = StepByStep("3-3-3-2", x=(3, 2, -1))
    assert read_back(lab) == ([3, 2, -1], 1, expected.loss)


def test_python_reaches_the_figure(lab):
    lab.run(2)
    figure = lab.page.locator(".mlp-figure")
    figure.locator(".message").filter(has_text="J = ").wait_for()
    x, step, loss = read_back(lab)
    assert step == 15 and counter(figure) == "15 of 93"
    assert message(figure).startswith(f"J = {show_number(float(f'{loss:.4g}'))}.")
    assert figure.get_by_label("weight from x₁ to u₂⁽¹⁾").input_value() == "4"
    assert figure.get_by_label("target t₁").input_value() == "0"


def test_no_javascript_error(lab):
    assert lab.errors == []
