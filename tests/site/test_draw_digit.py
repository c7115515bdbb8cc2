"""Drawn digits: made into images like those of MNIST, and read with the numbers of mlp_lib."""

import base64
import json
import re

import numpy as np
import pytest

from mlp_lib.data import DataNotFoundError, load_mnist
from mlp_lib.figures import DrawDigit
from mlp_lib.figures.base import bundle
from mlp_lib.figures.draw_digit import SHAPE, digit_network, example, show_percent, stored_arrays

NAMES = "Matrix, digitReader, emptySheet, enlarged, exampleSheet, line, mnistImage"
LEFT_ABOVE = [(100, 60), (100, 105)]  # on the sheet: the left side of the 8's upper loop
LEFT_BELOW = [(94, 165), (94, 215)]
LETTER_A = [[(60, 240), (140, 40)], [(140, 40), (220, 240)], [(95, 160), (185, 160)]]


# --- the mathematics -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(browser):
    """Return a page in which the parts of the figure's script are global names."""
    page = browser.new_page()
    text = bundle("digit_reader", "ink", "mnist_image")
    page.add_script_tag(type="module", content=f"{text}\nObject.assign(globalThis, {{ {NAMES} }});")
    page.wait_for_function("globalThis.mnistImage !== undefined")
    yield page
    page.close()


@pytest.fixture(scope="module")
def mnist():
    try:
        return load_mnist(download=False)
    except DataNotFoundError:
        pytest.skip("MNIST is not on this computer: set MLP_DATA_DIR to its folder")


def mnist_image(scripts, ink):
    """Return what the script makes of ink (any shape, from 0 to 255)."""
    return np.array(scripts.evaluate("ink => mnistImage(Matrix.from(ink)).toRows()", ink.tolist()))


def blot(rng, height, width):
    """Return random ink that touches every side of its rectangle."""
    ink = 255.0 * rng.random((height, width))
    ink[0, 0] = ink[-1, -1] = 255
    return ink


def extent(image):
    return [np.ptp(np.flatnonzero(image.any(axis=axis))) + 1 for axis in (1, 0)]


def centre(image):
    return [image.sum(axis=1 - axis) @ np.arange(28) / image.sum() for axis in (0, 1)]


def test_ink_is_averaged_over_areas(scripts):
    ink = blot(np.random.default_rng(0), 60, 60)  # 3 × 3 points for a pixel
    means = np.rint(ink.reshape(20, 3, 20, 3).mean(axis=(1, 3))) / 255
    image = mnist_image(scripts, ink)
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    np.testing.assert_array_equal(image[np.ix_(rows, columns)], means)


@pytest.mark.parametrize(("height", "width"), [(280, 133), (47, 211), (90, 90), (9, 7), (1, 1)])
def test_scaled_to_20_pixels_with_all_its_ink_and_centred(scripts, height, width):
    ink = blot(np.random.default_rng(height), height, width)
    image = mnist_image(scripts, np.pad(ink, ((3, 5), (11, 2))))
    factor = 20 / max(height, width)
    assert extent(image) == [int(np.ceil(side * factor - 1e-9)) for side in (height, width)]
    assert image.shape == SHAPE and 0 <= image.min() and image.max() <= 1
    np.testing.assert_allclose(image.sum(), ink.sum() / 255 * factor**2, rtol=2e-3)  # rounding
    assert np.abs(np.array(centre(image)) - 14).max() <= 0.51
    np.testing.assert_allclose(255 * image, np.rint(255 * image), atol=1e-12)  # 256 grey values


def test_place_on_the_sheet_does_not_matter(scripts):
    ink = blot(np.random.default_rng(1), 70, 31)
    first = mnist_image(scripts, np.pad(ink, ((0, 90), (0, 60))))
    assert (first == mnist_image(scripts, np.pad(ink, ((81, 9), (13, 47))))).all()


def test_nothing_leaves_the_image(scripts):
    ink = np.zeros((200, 200))
    ink[:10], ink[:, 0] = 255, 1  # the centre is far above, a faint line reaches down
    image = mnist_image(scripts, ink)
    assert extent(image)[1] == 20 and np.flatnonzero(image.any(axis=1)).max() <= 27
    assert centre(image)[0] < 14


def test_no_ink(scripts):
    assert not mnist_image(scripts, np.zeros((30, 30))).any()


def test_image_that_is_like_mnist_passes_unchanged(scripts):
    image = example()
    assert extent(image)[0] == 20
    assert (mnist_image(scripts, 255 * image) == image).all()
    enlarged = "image => mnistImage(enlarged(image)).toRows()"
    assert scripts.evaluate(enlarged, image.tolist()) == image.tolist()


def test_probabilities_agree_with_mlp_lib(scripts):
    images = np.random.default_rng(2).random((20, *SHAPE)) ** 4
    found = scripts.evaluate(
        "images => { const { read } = digitReader(); return images.map(read); }", images.tolist()
    )
    for image, one in zip(images, found, strict=True):
        figure = DrawDigit(image)
        np.testing.assert_allclose(one["P"], figure.probabilities, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one["H"], figure.hidden, rtol=1e-9, atol=1e-12)


def test_stored_start_is_the_example_8(scripts):
    image = scripts.evaluate("mnistImage(exampleSheet(8, 24)).toRows()")
    assert image == example().tolist()


@pytest.mark.parametrize("width", [12, 24, 48])
def test_examples_are_read(scripts, width):
    found = scripts.evaluate(
        """width => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) =>
            digitReader().read(mnistImage(exampleSheet(digit, width)).toRows()).P)""",
        width,
    )
    assert np.argmax(found, axis=1).tolist() == list(range(10))


def test_accuracy_of_the_script_on_mnist(scripts, mnist):
    """As they are, and from images that went through the scaling: it leaves all as they were."""
    grey = np.rint(255 * mnist.X_test).astype(np.uint8)
    answers, changed = scripts.evaluate(
        """text => {
            const grey = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const { read } = digitReader();
            const answers = [];
            let changed = 0;
            for (let start = 0; start < grey.length; start += 784) {
                const image = mnistImage(new Matrix(28, 28, grey.subarray(start, start + 784)));
                if (image.data.some((v, n) => v !== grey[start + n] / 255)) changed += 1;
                const { P } = read(image.toRows());
                answers.push(P.indexOf(Math.max(...P)));
            }
            return [answers, changed];
        }""",
        base64.b64encode(grey).decode(),
    )
    share = np.mean(np.array(answers) == mnist.y_test)
    assert share >= 0.975
    assert share == json.loads(str(stored_arrays()["made"]))["accuracy on MNIST's test images"]
    predicted = digit_network(stored_arrays()).predict(mnist.X_test).argmax(axis=1)
    assert answers == predicted.tolist()
    assert changed <= 10


# --- the figure in its chapter ---------------------------------------------------------------


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("draw_digit")


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def stroke(figure, points):
    """Draw a line through points of the sheet with the mouse."""
    canvas = figure.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box, mouse = canvas.bounding_box(), figure.page.mouse
    assert (box["width"], box["height"]) == (280, 280)
    for n, (x, y) in enumerate(points):
        mouse.move(box["x"] + x, box["y"] + y, steps=1 if n == 0 else 6)
        if n == 0:
            mouse.down()
    mouse.up()


def message(figure):
    return figure.locator(".message").inner_text()


def image_of(figure):
    """Return the image that the figure shows as the network's input."""
    opacity = figure.locator("img.input").evaluate(
        """async (img) => {
            await img.decode();
            const context = new OffscreenCanvas(28, 28).getContext("2d");
            context.drawImage(img, 0, 0);
            return [...context.getImageData(0, 0, 28, 28).data].filter((_, n) => n % 4 === 3);
        }"""
    )
    return np.reshape(opacity, SHAPE) / 255


def shown_percent(figure):
    return figure.locator(".bars .value").all_inner_texts()


def check_numbers(figure):
    """All that is shown is what mlp_lib computes from the image that is shown; return it."""
    expected = DrawDigit(image_of(figure))
    assert shown_percent(figure) == [show_percent(p) for p in expected.probabilities]
    assert figure.locator(".bars .top th").inner_text() == str(expected.probabilities.argmax())
    assert figure.locator(".tiles .fires").count() == (expected.hidden > 0).sum()
    order = np.argsort(-expected.hidden)[:6]
    captions = figure.locator(".units .words b").all_inner_texts()
    assert captions == [f"unit {j + 1}: {expected.hidden[j]:.1f}" for j in order]
    return expected


def test_starts_with_the_image_of_python(figure):
    assert (check_numbers(figure).image == example()).all()
    assert message(figure).startswith("The network reads 8, with probability > 99.9 %. 39 of 100")
    assert figure.locator(".change").all_inner_texts() == [""] * 10


def test_erased_parts_turn_an_8_into_a_3(figure):
    before = check_numbers(figure)
    press(figure, "Eraser")
    stroke(figure, LEFT_ABOVE)
    after = check_numbers(figure)
    change = 100 * (after.probabilities - before.probabilities)
    assert change[3] > 10 > -10 > change[8]
    assert figure.locator(".change").nth(8).inner_text() == f"▼ −{-change[8]:.1f}"
    assert figure.locator(".change").nth(3).inner_text() == f"▲ +{change[3]:.1f}"
    off = ((before.hidden > 0) & (after.hidden == 0)).sum()
    on = ((before.hidden == 0) & (after.hidden > 0)).sum()
    assert f"; {off} have stopped, {on} have begun." in message(figure)
    assert figure.locator(".tiles .fired").count() == (before.hidden > 0).sum()

    stroke(figure, LEFT_BELOW)
    assert check_numbers(figure).probabilities[3] > 0.99
    assert message(figure).startswith("Erased: 8 went from ")
    assert "The network reads 3, with probability > 99.9 %." in message(figure)


def test_one_unit_has_and_others_have(figure):
    stroke(figure, [(160, 195)])  # a dot in the 8's lower loop
    assert message(figure).endswith("; 1 has stopped, 3 have begun.")
    check_numbers(figure)


def test_undo_takes_back_each_stroke(figure):
    press(figure, "Eraser")
    images = [image_of(figure)]
    for points in (LEFT_ABOVE, LEFT_BELOW):
        stroke(figure, points)
        images.append(image_of(figure))
    for image in images[-2::-1]:
        press(figure, "Undo")
        assert (image_of(figure) == image).all()
        check_numbers(figure)
    press(figure, "Undo")
    assert message(figure) == "There is nothing to undo."


@pytest.mark.parametrize("digit", range(10))
def test_example_of_each_digit_by_key(figure, digit):
    button = figure.get_by_role("group", name="Examples").get_by_role("button", name=str(digit))
    button.focus()
    figure.page.keyboard.press("Enter")
    assert check_numbers(figure).probabilities.argmax() == digit
    assert f"reads {digit}" in message(figure)


def test_small_7_in_a_corner_is_scaled_and_centred(figure):
    press(figure, "Clear")
    stroke(figure, [(20, 20), (90, 20), (55, 120)])
    figure_7 = check_numbers(figure)
    assert figure_7.probabilities[7] > 0.99
    assert extent(figure_7.image)[0] == 20
    assert np.abs(np.array(centre(figure_7.image)) - 14).max() <= 0.51


def test_letter_a_is_taken_for_a_4(figure):
    press(figure, "Clear")
    for points in LETTER_A:
        stroke(figure, points)
    assert check_numbers(figure).probabilities[4] > 0.95


def test_empty_sheet_is_explained(figure):
    press(figure, "Clear")
    check_numbers(figure)
    assert message(figure).startswith("There is no ink.")
    assert not image_of(figure).any()
    press(figure, "Undo")
    assert (image_of(figure) == example()).all()


def test_keys_draw(figure):
    press(figure, "Clear")
    canvas = figure.locator("canvas")
    canvas.focus()
    scroll = figure.page.evaluate("scrollY")
    for key in ["ArrowUp"] * 8 + [" "]:
        canvas.press(key)
    assert message(figure) == "The pen is down. Arrow keys draw; Space lifts it."
    for key in ["ArrowDown"] * 16 + [" "]:
        canvas.press(key)
    assert figure.page.evaluate("scrollY") == scroll
    assert check_numbers(figure).probabilities.argmax() == 1
    assert message(figure).startswith("The network reads 1, with probability ")
    image = image_of(figure)
    canvas.press("ArrowLeft")  # the pen is up: nothing is drawn
    assert (image_of(figure) == image).all()


def test_width_of_the_pen(figure):
    ink = []
    for width in (8, 48):
        press(figure, "Clear")
        slider = figure.get_by_role("slider", name="width")
        slider.fill(str(width))
        stroke(figure, [(140, 60), (140, 220)])
        ink.append(check_numbers(figure).image.sum())
    assert ink[1] > 3 * ink[0]


def test_a_finger_draws(browser, site_url, pages_of_figures):
    context = browser.new_context(viewport={"width": 400, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(f"{site_url}/{pages_of_figures['draw_digit'][0]}")
    page.locator(".live-figure[data-module=draw_digit]").scroll_into_view_if_needed()
    figure = page.locator(".live-figure[data-module=draw_digit] .mlp-figure")
    press(figure, "Clear")
    figure.locator("canvas").scroll_into_view_if_needed()
    figure.locator("canvas").tap(position={"x": 100, "y": 100})
    assert image_of(figure).any()
    check_numbers(figure)
    context.close()


def test_drawing_is_immediate(figure):
    """A move of the pen, with everything that follows from it, takes a small part of 100 ms."""
    milliseconds = figure.locator("canvas").evaluate(
        """canvas => {
            const box = canvas.getBoundingClientRect();
            const send = (type, x) => canvas.dispatchEvent(new PointerEvent(type, { bubbles: true,
                pointerId: 1, button: 0, clientX: box.left + x, clientY: box.top + 140 }));
            canvas.setPointerCapture = () => {};
            canvas.hasPointerCapture = () => true;
            send("pointerdown", 40);
            const times = [];
            for (let x = 45; x < 240; x += 5) {
                const start = performance.now();
                send("pointermove", x);
                times.push(performance.now() - start);
            }
            send("lostpointercapture", 240);
            return times.sort((a, b) => a - b)[Math.floor(times.length / 4)]; // others compute too
        }"""
    )
    assert milliseconds < 50


def test_dark_page_has_light_ink(figure):
    figure.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    for part in ("canvas", "img.input"):
        style = figure.locator(part).evaluate("node => getComputedStyle(node).filter")
        assert style == "invert(1)"


# --- in JupyterLab -----------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import DrawDigit\n\nfigure = DrawDigit()\nfigure",
    "P = figure.probabilities\nprint('read', P.argmax(), figure.image.sum(), float(P[8]))",
    "import numpy as np\nimage = np.zeros((28, 28))\nimage[4:24, 13:15] = 1\nfigure.image = image",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def read_back(lab):
    """Return what Python prints of the figure: digit, ink, probability of an 8."""
    found = re.fullmatch(r"read (\d) (\S+) (\S+)\s*", lab.run(1)).groups()
    return int(found[0]), float(found[1]), float(found[2])


def test_what_is_drawn_reaches_python(lab):
    digit, ink, _ = read_back(lab)
    assert (digit, ink) == (8, example().sum())
    figure = lab.page.locator(".mlp-figure")
    press(figure, "Eraser")
    stroke(figure, LEFT_ABOVE)
    stroke(figure, LEFT_BELOW)
    expected = DrawDigit(image_of(figure))
    digit, ink, p = read_back(lab)
    assert digit == 3 == expected.probabilities.argmax()
    np.testing.assert_allclose([ink, p], [expected.image.sum(), expected.probabilities[8]], 1e-12)


def test_image_from_python_reaches_the_figure(lab):
    lab.run(2)
    figure = lab.page.locator(".mlp-figure")
    figure.locator(".message").filter(has_text="The network reads 1").wait_for()
    image = np.zeros(SHAPE)
    image[4:24, 13:15] = 1
    assert (image_of(figure) == image).all()
    check_numbers(figure)
    sheet = figure.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(135, 0, 1, 280).data].filter((_, n) => n % 4 > 2)"
    )
    assert sheet == [0] * 40 + [255] * 200 + [0] * 40
    assert read_back(lab)[0] == 1


def test_keys_pressed_in_the_figure_are_not_for_jupyterlab(lab):
    cells = lab.page.locator(".jp-CodeCell").count()
    figure = lab.page.locator(".mlp-figure")
    slider = figure.get_by_role("slider", name="width")
    for control in (figure.locator("canvas"), figure.get_by_role("button").first, slider):
        for key in ("b", "ArrowDown", "ArrowRight"):  # a new cell; the next cell; a heading
            control.press(key)
            assert control.evaluate("node => node === document.activeElement")
    assert lab.page.locator(".jp-CodeCell").count() == cells
    assert slider.input_value() == "24"  # down, and right again
    assert lab.errors == []
