"""The live figure on batch normalisation, in the built chapter and in JupyterLab, and mlp_lib."""

import re

import numpy as np
import pytest

from mlp_lib.figures import BatchNormFigure
from mlp_lib.figures.base import bundle
from mlp_lib.figures.batchnorm_figure import ACTIVATIONS, FLAT

LABELS = {
    "depth": "hidden layers",
    "scale": "scale of first weights",
    "lr": "learning rate η",
    "step": "step of training",
}
SCALES = [0.25, 0.5, 0.7, 1, 1.4, 2, 2.8, 4]
RATES = [0.01, 0.03, 0.1, 0.3, 1, 3]


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page, trained."""
    figure = figure_of("batchnorm_figure")
    wait(figure)
    return figure


def wait(figure):
    figure.and_(figure.page.locator(":not([aria-busy])")).wait_for()


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def move(figure, name, value):
    """Move a slider to one of its values."""
    places = {"scale": SCALES, "lr": RATES}.get(name)
    figure.get_by_label(LABELS[name]).fill(str(places.index(value) if places else value))
    wait(figure)


def message(figure):
    return figure.locator(".message").inner_text()


def number(text):
    return float(text.replace("−", "-"))


def shown(figure):
    """Return the costs, and [mean, standard deviation, share] of each layer, as they are shown."""
    costs = [number(text[4:]) for text in figure.locator(".heading .value").all_inner_texts()]
    layers = []
    for column in figure.locator(".spreads").all():
        layers.append([])
        for text in column.locator(".numbers").all_inner_texts():
            found = re.match(
                r"mean (\S+), sd (\S+)\s+(\d+)(?: of 16 units dead| % saturated)", text
            )
            mean, sd, share = map(number, found.groups())
            layers[-1].append([mean, sd, share / (16 if "dead" in text else 100)])
    return costs, layers


def assert_shows(figure, expected):
    costs, layers = shown(figure)
    runs = [costs[min(expected.step, len(costs) - 1)] for costs in expected.costs]
    np.testing.assert_allclose(costs, runs, rtol=1e-3, atol=6e-4)
    for numbers, wanted in zip(layers, expected.summary, strict=True):
        numbers = np.array(numbers)
        np.testing.assert_allclose(numbers[:, 0], wanted[:, 0], rtol=0.006, atol=0.006)
        np.testing.assert_allclose(numbers[:, 1], wanted[:, 1], rtol=0.06)
        np.testing.assert_allclose(numbers[:, 2], wanted[:, 2], atol=0.0051)


# --- the numbers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script(browser):
    """Return a page in which the figure's own training and edges are at hand."""
    page = browser.new_page()
    text = bundle("batchnorm_figure").removesuffix("export default { render };\n")
    names = "Object.assign(globalThis, { training, SHADED });"
    page.add_script_tag(type="module", content=f"{text}\n{names}")
    page.wait_for_function("globalThis.training !== undefined")
    yield page
    page.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"step": 100},
        {"scale": 1.4, "lr": 0.1, "step": 100},
        {"activation": "tanh", "depth": 8, "scale": 4, "step": 2},  # chaotic: rounding grows
        {"activation": "sigmoid", "depth": 3, "seed": 5, "step": 40},
        {"activation": "relu", "depth": 1, "lr": 1, "step": 40},
    ],
)
def test_training_agrees_with_mlp_lib(script, settings):
    figure = BatchNormFigure(**settings)
    run = "([state, batchNorm]) => [...training(state, batchNorm)]"
    for k in (0, 1):
        found = script.evaluate(run, [figure.state(), bool(k)])
        costs = [record["J"] for record in found[: figure.step + 1]]
        close = {"rtol": 1e-9, "atol": 1e-12}
        np.testing.assert_allclose(costs, figure.costs[k][: figure.step + 1], **close)
        numbers = found[figure.step]["layers"]
        for name, wanted in zip(("mean", "sd", "share"), figure.summary[k].T, strict=True):
            np.testing.assert_allclose([layer[name] for layer in numbers], wanted, **close)
        for layer, U in zip(numbers, figure.pre_activations[k], strict=True):
            counts = np.histogram(np.clip(U, -6, 6), np.linspace(-6, 6, 49))[0]
            assert layer["bars"] == counts.tolist()


def test_shading_begins_where_values_count_as_saturated(script):
    shaded = script.evaluate("SHADED")
    for name, flat in FLAT.items():
        u, phi = np.array(shaded[name]), ACTIVATIONS[name]()
        phi.forward(u)
        np.testing.assert_allclose(phi.backward(np.ones_like(u)), flat, rtol=1e-12)


def test_numbers_at_the_start(figure):
    assert_shows(figure, BatchNormFigure())
    assert "falls from 0.42 in the first layer to 0.0047 in the last" in message(figure)


def test_every_control_changes_the_numbers_as_mlp_lib_does(figure):
    expected = BatchNormFigure()
    for name, value in [("step", 100), ("scale", 1.4), ("depth", 3), ("lr", 0.1)]:
        move(figure, name, value)
        setattr(expected, name, value)
        assert_shows(figure, expected)
    move(figure, "step", 20)  # later steps of the next two are chaotic
    expected.step = 20
    for activation in ("tanh", "sigmoid"):
        figure.get_by_label("activation").select_option(activation)
        wait(figure)
        expected.activation = activation
        assert_shows(figure, expected)
    press(figure, "Other first weights")
    wait(figure)
    expected.seed = 2
    assert_shows(figure, expected)
    press(figure, "Original settings")
    wait(figure)
    assert_shows(figure, BatchNormFigure())


def test_keys_move_the_sliders(figure):
    figure.get_by_label(LABELS["step"]).press("End")
    figure.get_by_label(LABELS["scale"]).press("ArrowRight")
    wait(figure)
    assert_shows(figure, BatchNormFigure(step=100, scale=0.7))


def test_a_run_that_blows_up_ends_in_words(figure):
    move(figure, "lr", 3)
    move(figure, "scale", 1.4)
    move(figure, "step", 100)
    ended = len(BatchNormFigure(scale=1.4, lr=3).costs[0])
    assert f"the numbers blew up at step {ended}, and training ended there" in message(figure)
    assert figure.locator(".plot .end").count() == 1
    assert not re.search("NaN|Infinity|undefined", figure.inner_html())


def test_messages_name_dead_units_and_saturation(figure):
    move(figure, "lr", 3)
    move(figure, "step", 100)
    assert re.search(r"at least half of the units of layer \d are dead", message(figure))
    figure.get_by_label("activation").select_option("tanh")
    move(figure, "scale", 4)
    assert re.search(r"at least half of the values in layer \d are saturated", message(figure))


def test_drawings_have_words(figure):
    label = figure.locator(".spread svg").first.get_attribute("aria-label")
    assert label.startswith("Histogram of layer 1 without BatchNorm: mean 0.01, sd 0.42, 0 of 16")
    plot = figure.locator("svg.plot").get_attribute("aria-label")
    assert re.match(r"Cost over 100 steps: from 1\.\d+ to 0?\.?9\d+ without BatchNorm, from", plot)


# --- play ----------------------------------------------------------------------------------------


def test_play_and_stop(figure):
    slider = figure.get_by_label(LABELS["step"])
    press(figure, "Play")
    figure.page.wait_for_function("node => node.value > 3", arg=slider.element_handle())
    press(figure, "Stop")
    step = int(slider.input_value())
    assert 3 < step < 100
    assert message(figure).startswith(f"Step {step}: ")
    figure.page.wait_for_timeout(300)
    assert int(slider.input_value()) == step
    assert_shows(figure, BatchNormFigure(step=step))


def test_reduced_motion_goes_to_the_end_at_once(figure):
    figure.page.emulate_media(reduced_motion="reduce")
    press(figure, "Play")
    assert figure.get_by_label(LABELS["step"]).input_value() == "100"
    assert figure.get_by_role("button", name="Play", exact=True).count() == 1
    assert_shows(figure, BatchNormFigure(step=100))


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import BatchNormFigure\n\nfigure = BatchNormFigure()\nfigure",
    "print('read', figure.step, figure.depth, figure.lr, figure.activation)",
    "figure.activation = 'tanh'\nfigure.scale = 1.2\nfigure.step = 60",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def test_the_reader_reaches_python_and_python_the_figure(lab):
    figure = lab.page.locator(".mlp-figure")
    wait(figure)
    move(figure, "step", 30)
    move(figure, "depth", 3)
    figure.get_by_label(LABELS["lr"]).press("ArrowLeft")
    wait(figure)
    expected = ["read", "30", "3", "0.1", "relu"]
    for _ in range(20):  # widgets send a change when the one before it has been dealt with
        if (found := lab.run(1).split()) == expected:
            break
        lab.page.wait_for_timeout(200)
    assert found == expected
    assert_shows(figure, BatchNormFigure(step=30, depth=3, lr=0.1))
    lab.run(2)
    figure.locator(".message").filter(has_text="Step 60").wait_for()
    wait(figure)
    assert_shows(figure, BatchNormFigure("tanh", depth=3, lr=0.1, step=60, scale=1.2))
    assert figure.locator("output").all_inner_texts() == ["3", "1.2", "0.1", "60"]
    assert lab.errors == []
