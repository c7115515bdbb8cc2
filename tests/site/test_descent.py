"""The descent in the built chapters and in JupyterLab: its paths are those of mlp_lib."""

import re

import numpy as np
import pytest

from mlp_lib.figures import Descent
from mlp_lib.figures.base import bundle
from mlp_lib.figures.descent import SURFACES

STATE = "start, lr, momentum, batch, seed, steps".split(", ")


@pytest.fixture
def figure(page, site_url, problems):
    """Return the figure with all optimisers, in its chapter."""
    page.goto(f"{site_url}/book/17_optimisers.html")
    page.locator(".live-figure[data-module=descent]").scroll_into_view_if_needed()
    figure = page.locator(".live-figure[data-module=descent] .mlp-figure")
    figure.wait_for()
    yield figure
    assert problems == []


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def slide(figure, label, value):
    """Move a slider, found by its words, to a value."""
    figure.locator(".slider", has_text=label).first.locator("input").evaluate(
        """(node, value) => {
            node.value = value;
            node.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        str(value),
    )


def rate(figure, title, value):
    group = figure.get_by_role("group", name=title, exact=True)
    slide(group, "rate η", np.log10(value))


def message(figure):
    return figure.locator(".message").inner_text()


def map_label(figure):
    return figure.get_by_role("group", name="Map of J").get_attribute("aria-label")


def shown_costs(figure):
    """Return the J that stands beside each optimiser."""
    return [text.removeprefix("J = ") for text in figure.locator(".head .value").all_inner_texts()]


def short(value):
    return f"{value:.4g}".replace("-", "−")


def expected_costs(figure):
    return [short(costs[-1]) for costs in figure.costs.values()]


# --- the mathematics -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(browser):
    """Return a page in which the functions of the surfaces and contours are global names."""
    page = browser.new_page()
    names = "surfaceOf, descend, helpfulRate, contours"
    text = bundle("contours", "surfaces")
    page.add_script_tag(type="module", content=f"{text}\nObject.assign(globalThis, {{ {names} }});")
    page.wait_for_function("globalThis.descend !== undefined")
    yield page
    page.close()


RUN = """({ name, samples, state }) => {
    const surface = surfaceOf(name, samples);
    const paths = {}, costs = {};
    for (const rule of ["SGD", "Momentum", "Adam"]) {
        paths[rule] = descend(surface, rule, state);
        costs[rule] = paths[rule].map((theta) => surface.value(theta));
    }
    const limit = 2 / surface.curvature;
    return { paths, costs, limit, low: surface.low, helps: helpfulRate(surface, state.start) };
}"""


@pytest.mark.parametrize("batch", [None, 5, 1])
@pytest.mark.parametrize("surface", SURFACES)
def test_paths_are_those_of_mlp_lib(scripts, surface, batch):
    rng = np.random.default_rng([len(surface), batch or 0])
    own = SURFACES[surface]
    for seed in range(4):
        start = rng.uniform(*zip(own.x, own.y, strict=True))
        lr = {name: value * rng.uniform(0.3, 1) for name, value in own.lr.items()}
        samples = rng.normal(size=(12, 2))
        figure = Descent(
            surface,
            start=start,
            lr=lr,
            momentum=rng.uniform(0, 0.95),
            steps=60,
            batch=batch,
            seed=seed,
            samples=samples,
        )
        state = {key: value for key, value in figure.state().items() if key in STATE}
        found = scripts.evaluate(
            RUN, {"name": surface, "samples": samples.tolist(), "state": state}
        )
        close = {"rtol": 1e-9, "atol": 1e-9}
        for name, path in figure.paths.items():
            np.testing.assert_allclose(found["paths"][name], path, **close)
            np.testing.assert_allclose(found["costs"][name], figure.costs[name], **close)
        np.testing.assert_allclose(found["limit"], figure.limit, rtol=1e-9)
        np.testing.assert_allclose(found["low"], figure.lowest, **close)
        if figure.helpful_rate is None:
            assert found["helps"] is None
        else:
            np.testing.assert_allclose(found["helps"], figure.helpful_rate, rtol=1e-9)


def test_paths_that_run_away_end_alike(scripts):
    figure = Descent("valley", lr=1, steps=400)
    state = {key: value for key, value in figure.state().items() if key in STATE}
    found = scripts.evaluate(RUN, {"name": "valley", "samples": None, "state": state})
    lengths = {name: len(path) for name, path in found["paths"].items()}
    assert lengths == {name: len(path) for name, path in figure.paths.items()}


def test_contours_lie_at_their_level(scripts):
    """Rings of x² + 4 y², and its part outside of the frame cut off at the frame."""
    small, large = scripts.evaluate(
        """() => contours((x, y) => x * x + 4 * y * y, [1, 9], {
            x: [-2, 2], y: [-2, 2], X: (x) => 100 * x, Y: (y) => 100 * y, cells: [80, 80] })"""
    )
    assert small.count("M") == large.count("M") == 1
    points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", small), dtype=float) / 100
    np.testing.assert_allclose(points**2 @ [1, 4], 1, atol=0.02)
    points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", large), dtype=float) / 100
    inside = abs(points[:, 0]) < 1.99
    np.testing.assert_allclose(points[inside] ** 2 @ [1, 4], 9, atol=0.05)
    assert abs(points).max() == 2


# --- what a reader does --------------------------------------------------------------------------


def test_costs_of_the_chapter(figure):
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=50))
    assert "After 50 steps Adam is lowest" in message(figure)
    assert figure.get_by_text("up to η = 0.04 each step helps").count() == 1
    assert figure.get_by_text("it settles up to η = 0.076").count() == 1


def test_steps(figure):
    press(figure, "Reset")
    assert message(figure).startswith("Step 0.")
    press(figure, "Step")
    assert "After 1 step Adam is lowest" in message(figure)
    assert "after 1 step Gradient descent at 9.62, −0.9;" in map_label(figure)
    press(figure, "Step")
    press(figure, "Step")
    assert "after 3 steps Gradient descent at " in map_label(figure)
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=3))
    slide(figure, "step", 120)
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=120))


def test_rates_and_momentum(figure):
    rate(figure, "Gradient descent", 0.02)
    rate(figure, "Adam", 0.1)
    slide(figure, "momentum μ", 0.5)
    shown = figure.locator(".rule .slider output").all_inner_texts()
    assert shown[2] == "0.5"
    lr = {name: float(shown[n]) for n, name in ((0, "SGD"), (1, "Momentum"), (3, "Adam"))}
    expected = Descent("valley", steps=50, lr=lr, momentum=0.5)
    np.testing.assert_allclose(
        [float(cost) for cost in shown_costs(figure)],
        [costs[-1] for costs in expected.costs.values()],
        rtol=0.05,  # the slider's rate has more digits than are shown
    )
    assert figure.get_by_text("it settles up to η = 0.06").count() == 1


def test_drag_the_start(figure):
    handle = figure.locator(".handle")
    box = handle.locator(".point").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = figure.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 60, y + 30, steps=4)
    mouse.up()
    start = [float(v.replace("−", "-")) for v in handle.get_attribute("aria-valuetext").split(",")]
    assert 6 < start[0] < 8
    assert 0.5 < start[1] < 0.8
    costs = [float(cost.replace("−", "-")) for cost in shown_costs(figure)]
    expected = Descent("valley", steps=50, start=start).costs
    np.testing.assert_allclose(costs, [c[-1] for c in expected.values()], rtol=0.1)


def test_click_on_the_map_and_arrow_keys_move_the_start(figure):
    figure.locator(".descent .plot").first.click(position={"x": 100, "y": 100})
    handle = figure.locator(".handle")
    start = [float(v.replace("−", "-")) for v in handle.get_attribute("aria-valuetext").split(",")]
    assert start[0] < -2
    assert start[1] > 0.6
    handle.press("ArrowRight")
    handle.press("Shift+ArrowDown")
    moved = [float(v.replace("−", "-")) for v in handle.get_attribute("aria-valuetext").split(",")]
    np.testing.assert_allclose(moved, [start[0] + 0.2, start[1] - 0.3], atol=0.011)
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=50, start=moved))


def test_beyond_the_limit_it_is_said_and_nothing_is_nan(figure):
    rate(figure, "Gradient descent", 0.0415)
    assert "each jump is longer than the last" in message(figure)
    assert "Gradient descent is off the map" in message(figure)
    rate(figure, "Gradient descent", 3)
    press(figure, "Run")
    slide(figure, "step", 400)
    assert "Gradient descent ran away: after step" in message(figure)
    rate(figure, "Momentum", 3)
    assert "After 400 steps Adam has J = " in message(figure)
    assert not re.search("NaN|Infinity|undefined|too large$", figure.inner_text())


def test_source_3_from_converging_to_bouncing(figure):  # E3-07
    figure.get_by_label("Surface").select_option("network")
    assert "The first step took J up from 169 to 357.089" in message(figure)
    assert "come to rest at a minimum" in message(figure)
    assert "the first step helps up to η = 0.007648" in figure.inner_text()
    assert "can settle up to 0.0125" in figure.inner_text()
    slide(figure, "step", 400)
    assert "After 400 steps all paths have reached a lowest J." in message(figure)
    rate(figure, "Gradient descent", 0.013)
    assert "bounces from side to side" in message(figure)
    rate(figure, "Gradient descent", 0.015)
    assert "the hidden unit is closed" in message(figure)
    press(figure, "Original start and rates")
    assert "come to rest at a minimum" in message(figure)


def test_mini_batches(figure):
    slide(figure, "batch size B", 1)
    assert "Each step knows 1 of the 8 samples" in message(figure)
    first = shown_costs(figure)
    assert first == expected_costs(Descent("valley", steps=50, batch=1))
    press(figure, "Shuffle anew")
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=50, batch=1, seed=1))
    slide(figure, "batch size B", 8)
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=50))


def test_optimisers_are_shown_and_hidden(figure):
    figure.get_by_label("Momentum", exact=True).last.uncheck()
    assert figure.locator(".descent .plot").first.locator(".way").count() == 2
    assert "not shown" in shown_costs(figure)


def test_run_and_stop(figure):
    press(figure, "Reset")
    press(figure, "Run")
    counter = figure.locator(".slider output").first
    figure.page.wait_for_function(
        "node => Number(node.textContent) >= 5", arg=counter.element_handle()
    )
    press(figure, "Stop")
    stopped = int(counter.inner_text())
    assert 5 <= stopped < 400
    figure.page.wait_for_timeout(150)
    assert int(counter.inner_text()) == stopped
    assert shown_costs(figure) == expected_costs(Descent("valley", steps=stopped))


def test_run_without_movement(figure):
    figure.page.emulate_media(reduced_motion="reduce")
    press(figure, "Run")
    assert figure.locator(".slider output").first.inner_text() == "400"
    assert figure.get_by_role("button", name="Run", exact=True).count() == 1


def test_chapter_8_has_gradient_descent_alone(figure_of):
    figure = figure_of("descent")
    assert figure.page.url.endswith("08_gradient_descent.html")
    assert figure.locator(".rule").count() == 1
    assert figure.get_by_text("up to η = 0.3344 each step helps").count() == 1
    assert shown_costs(figure) == expected_costs(Descent("bowl", ["SGD"], steps=20))


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import Descent\n\nfigure = Descent('valley', steps=10)\nfigure",
    "print(figure.start.tolist(), figure.lr['SGD'], figure.steps, len(figure.paths['Adam']),"
    " figure.costs['SGD'][-1])",
    "figure.surface = 'network'\nfigure.lr = {**figure.lr, 'SGD': 0.003}\nfigure.steps = 6",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def read_back(lab):
    text = lab.run(1)
    start, rest = re.fullmatch(r"(\[.*\]) (.*?)\s*", text).groups()
    return [float(v) for v in start[1:-1].split(",")], *map(float, rest.split())


def test_what_the_reader_does_reaches_python(lab):
    figure = lab.page.locator(".mlp-figure")
    figure.locator(".handle").press("ArrowLeft")
    assert read_back(lab)[0] == [9.8, 1]  # one change at a time: widgets hold the second one back
    press(figure, "Step")
    figure.locator(".message", has_text="After 11 steps").wait_for()
    start, lr, steps, length, J = read_back(lab)
    assert (start, lr, steps, length) == ([9.8, 1], 0.038, 11, 12)
    expected = Descent("valley", start=start, steps=11)
    np.testing.assert_allclose(J, expected.costs["SGD"][-1], rtol=1e-12)
    assert shown_costs(figure) == expected_costs(expected)


def test_another_surface_chosen_by_the_reader(lab):
    figure = lab.page.locator(".mlp-figure")
    figure.get_by_label("Surface").select_option("bowl")
    figure.get_by_text("up to η = 0.3344 each step helps").wait_for()
    start, lr, steps, *_ = read_back(lab)
    assert (start, lr, steps) == ([-1, 0], 0.1, 11)


def test_python_reaches_the_figure(lab):
    lab.run(2)
    figure = lab.page.locator(".mlp-figure")
    figure.locator(".message", has_text="After 6 steps").wait_for()
    expected = Descent("network", lr={"SGD": 0.003}, steps=6)
    figure.get_by_text(f"J = {short(expected.costs['Adam'][-1])}", exact=True).wait_for()
    assert shown_costs(figure)[1:] == expected_costs(expected)[1:]
    assert "The first step took J down from 169 to 2.42452" in message(figure)
    assert lab.errors == []
