"""Softmax and cross-entropy of three logits: the built chapter and JupyterLab."""

import re

import numpy as np
import pytest

from mlp_lib.figures import SoftmaxFigure
from mlp_lib.figures.base import bundle, show_number

SMALL, LARGE = {"width": 400, "height": 900}, {"width": 1400, "height": 900}


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("softmax_figure")


def press(figure, name):
    figure.get_by_role("button", name=name).click()


def message(figure):
    return figure.locator(".message").inner_text()


def shown(figure, name):
    """Return the three numbers of a column, `value` or `gradient`."""
    texts = figure.locator(f".class .{name} > span:last-child").all_text_contents()
    powers = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    plain = [text.replace(" × 10", "e").translate(powers).replace("−", "-") for text in texts]
    return [float(text) for text in plain]


def assert_shows(figure, expected):
    """The figure has the numbers of a `SoftmaxFigure`, to the four digits that it shows."""
    rounding = {"rtol": 5.1e-4, "atol": 5.1e-5}
    np.testing.assert_allclose(shown(figure, "value"), expected.probabilities, **rounding)
    np.testing.assert_allclose(shown(figure, "gradient"), expected.gradient, **rounding)
    loss = f"ℓ = −log ŷ{'₁₂₃'[expected.target]} = {show_number(expected.loss)}"
    assert figure.locator(".loss").inner_text() == loss


def table(figure):
    """Return the rows of the table: class, plain e, plain ŷ, shifted e, shifted ŷ."""
    rows = figure.locator(".ways tbody tr").all()
    return [row.locator("th, td").all_text_contents() for row in rows]


# --- the numbers -------------------------------------------------------------------------------


def test_agrees_with_mlp_lib(browser):
    page = browser.new_page()
    text = bundle("softmax_figure").replace("export default { render };", "")
    page.add_script_tag(type="module", content=f"{text}\nglobalThis.evaluate = evaluate;")
    page.wait_for_function("globalThis.evaluate !== undefined")
    rng = np.random.default_rng(0)
    for scale in (1, 10, 1000):
        for _ in range(30):
            temperature = rng.uniform(0.1, 5)
            python = SoftmaxFigure(rng.normal(0, scale, 3), rng.integers(3), temperature)
            found = page.evaluate(
                "s => { const { p, loss, gradient } = evaluate(s); return { p, loss, gradient }; }",
                python.state(),
            )
            np.testing.assert_allclose(found["p"], python.probabilities, rtol=1e-9)
            np.testing.assert_allclose(found["loss"], python.loss, rtol=1e-9, atol=1e-15)
            np.testing.assert_allclose(found["gradient"], python.gradient, rtol=1e-9, atol=1e-15)
    page.close()


def test_numbers_of_the_chapter(figure):
    assert_shows(figure, SoftmaxFigure())
    assert shown(figure, "value") == [0.6652, 0.2447, 0.09003]
    assert table(figure)[0] == ["1", "7.389", "0.6652", "1", "0.6652"]
    assert table(figure)[4] == ["loss", "", "0.4076", "", "0.4076"]


# --- what the reader does ------------------------------------------------------------------------


def test_slider_field_and_target(figure):
    slider = figure.get_by_role("slider", name="u₂")
    for _ in range(3):
        slider.press("ArrowRight")
    assert figure.get_by_label("logit u₂").input_value() == "1.3"
    assert_shows(figure, SoftmaxFigure([2, 1.3, 0]))
    figure.get_by_label("logit u₃").fill("−2.5")
    assert slider.get_attribute("aria-valuetext") == "1.3"
    assert_shows(figure, SoftmaxFigure([2, 1.3, -2.5]))
    figure.get_by_role("combobox", name="Right class").select_option("3")
    assert_shows(figure, SoftmaxFigure([2, 1.3, -2.5], 2))
    assert figure.locator(".class.right").get_attribute("aria-label") == "Class 3"
    assert "raises u₃ and lowers the other two, most of all u₁" in message(figure)


def test_temperature(figure):
    slider = figure.get_by_role("slider", name="Temperature")
    for _ in range(5):
        slider.press("ArrowLeft")
    assert_shows(figure, SoftmaxFigure(temperature=0.5))
    slider.press("End")
    assert_shows(figure, SoftmaxFigure(temperature=5))


def test_overflow_and_underflow_in_words(figure):
    press(figure, "Add 1000")
    assert_shows(figure, SoftmaxFigure())  # eq. 6.3
    assert table(figure)[0] == ["1", "overflow", "not a number", "1", "0.6652"]
    assert "e to the power 1002 is larger than any number" in message(figure)
    for _ in range(2):
        press(figure, "Subtract 1000")
    assert table(figure)[3] == ["sum", "0", "not a number", "1.503", "1"]
    assert "0 divided by 0 is not a number" in message(figure)
    assert not re.search("NaN|Infinity|undefined|too large", figure.inner_text())
    press(figure, "Original numbers")
    assert_shows(figure, SoftmaxFigure())


def test_sum_that_overflows_and_a_probability_rounded_to_0(figure):
    for k, logit in zip("₁₂₃", (709.5, 709.5, 709.5), strict=True):
        figure.get_by_label(f"logit u{k}").fill(str(logit))
    assert "the sum of the exponentials is larger" in message(figure)
    for k, logit in zip("₁₂₃", (-800, -10, 0), strict=True):
        figure.get_by_label(f"logit u{k}").fill(str(logit))
    assert table(figure)[4] == ["loss", "", "infinite", "", "800"]
    assert "−log 0 is infinite. Computed from the logits, the loss is 800." in message(figure)
    assert not re.search("NaN|Infinity|undefined|too large", figure.inner_text())


def test_logits_have_a_limit(figure):
    figure.get_by_label("logit u₁").fill("999999")
    press(figure, "Add 1000")
    assert message(figure) == "Logits up to 1 000 000 are allowed here."
    assert figure.get_by_label("logit u₁").input_value() == "999999"


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])
def test_bars_have_the_lengths_of_the_numbers(figure, size):
    figure.page.set_viewport_size(size)
    expected = SoftmaxFigure()
    for k, row in enumerate(figure.locator(".class:not(.heads)").all()):
        for name, part in (("share", expected.probabilities), ("slope", expected.gradient / 2)):
            box = row.locator(f".bar.{name}").bounding_box()
            filled = row.locator(f".bar.{name} span").bounding_box()
            assert abs(filled["width"] - abs(part[k]) * box["width"]) < 1
            middle = box["x"] + box["width"] / 2
            edge = {"share": box["x"], "slope": middle}[name]
            end = filled["x"] + (filled["width"] if part[k] < 0 else 0)
            assert abs(end - edge) < 1


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import SoftmaxFigure\n\nfigure = SoftmaxFigure()\nfigure",
    "print(figure.logits.tolist(), figure.target, figure.temperature, figure.loss)",
    "figure.logits, figure.target, figure.temperature = [0, 1000, 0], 2, 2",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def read_back(lab):
    """Return what Python prints of the figure: logits, target, temperature and loss in a row."""
    return [float(number) for number in re.findall(r"[-\d.e]+", lab.run(1))]


def test_reader_reaches_python(lab):
    lab.page.get_by_label("logit u₁").fill("4")
    assert read_back(lab) == [4, 1, 0, 0, 1, SoftmaxFigure([4, 1, 0]).loss]
    lab.page.get_by_role("combobox", name="Right class").select_option("2")
    assert read_back(lab) == [4, 1, 0, 1, 1, SoftmaxFigure([4, 1, 0], 1).loss]
    lab.page.get_by_role("slider", name="Temperature").press("ArrowRight")  # not to the next cell
    assert read_back(lab) == [4, 1, 0, 1, 1.1, SoftmaxFigure([4, 1, 0], 1, 1.1).loss]


def test_letters_pressed_on_a_control_are_no_shortcuts(lab):
    cells = lab.page.locator(".jp-CodeCell").count()
    for control in ("slider", "button", "combobox"):
        lab.page.locator(".mlp-figure").get_by_role(control).first.press("b")  # a new cell below
    assert lab.page.locator(".jp-CodeCell").count() == cells


def test_python_reaches_the_figure(lab):
    lab.run(2)
    lab.page.get_by_role("status").filter(has_text="ℓ = 500.").wait_for()
    assert lab.page.get_by_role("combobox", name="Right class").input_value() == "2"
    assert lab.page.get_by_label("logit u₂").input_value() == "1000"
    assert lab.errors == []
