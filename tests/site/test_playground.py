"""The playground, in the built chapter and in JupyterLab, has the numbers of mlp_lib."""

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from mlp_lib.figures import Playground
from mlp_lib.figures.base import bundle
from mlp_lib.figures.playground import OPTIMISERS

LEAST_STEPS = 100  # a second, for 2-8-8-2 on 200 points at a time
CLOSE = {"rtol": 1e-9, "atol": 1e-11}
MOST_STEPS = 5000  # that a test waits for


@pytest.fixture
def figure(figure_of):
    """Return the figure on its page."""
    return figure_of("playground")


def press(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


def choose(figure, **settings):
    """Choose settings by the beginnings of their labels."""
    for label, value in settings.items():
        figure.get_by_label(re.compile("^" + label.replace("_", " "))).select_option(value)


def message(figure):
    return figure.get_by_role("status").inner_text()


def steps_of(figure):
    return int(figure.locator(".play-top > span").inner_text().removeprefix("step "))


def train(figure, steps):
    """Train for that many steps at least."""
    press(figure, "Train")
    figure.page.wait_for_function(
        "([node, steps]) => Number(node.textContent.replace('step ', '')) >= steps",
        arg=[figure.locator(".play-top > span").element_handle(), steps],
        timeout=60_000,
    )
    press(figure, "Pause")


def shown(figure):
    """Return J and the share of right answers, on the training and on the validation points."""
    return [
        [float(re.split(" × 10", text)[0].removesuffix(" %")) for text in row.split("\t")[1:]]
        for row in figure.locator(".results tr").all_inner_texts()[1:]
    ]


# --- the same numbers as in Python ---------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(browser):
    """Return a page in which the playground's points and training are global names."""
    page = browser.new_page()
    text = bundle("playground_data")
    page.add_script_tag(
        type="module", content=f"{text}\nObject.assign(globalThis, {{ pointsOf, Training }});"
    )
    page.wait_for_function("globalThis.Training !== undefined")
    yield page
    page.close()


@pytest.mark.parametrize("seed", [0, 1, 999_999])
@pytest.mark.parametrize("data", ["xor", "moons", "circles", "spiral", "own"])
def test_points_are_those_of_python_to_the_last_bit(scripts, data, seed):
    points = [[-0.5, 2, 1], [0.25, -3, 0], [1, 1, 1], [2, 0, 0]]
    figure = Playground(data, noise=0.3, samples=50, seed=seed, points=points)
    found = scripts.evaluate("state => pointsOf(state)", figure.state())
    for name, (X, y) in (("training", figure.training), ("validation", figure.validation)):
        assert found[name] == [[*x, k] for x, k in zip(X.tolist(), y.tolist(), strict=True)]


SETTINGS = [
    {},
    {"data": "xor", "hidden": [], "optimiser": "SGD", "lr": 0.5},
    {"data": "moons", "activation": "relu", "batch_norm": True, "weight_decay": 0.01},
    {"data": "circles", "hidden": [3, 5, 7, 2], "activation": "leaky_relu", "optimiser": "SGD"},
    {"hidden": [8], "activation": "sigmoid", "optimiser": "Momentum", "samples": 31},
    # Not Adam: β before a linear layer and BatchNorm has gradient 0, and Adam magnifies rounding.
    {"hidden": [4, 4], "activation": "identity", "batch_norm": True, "optimiser": "SGD"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_training_is_that_of_mlp_lib(scripts, settings):
    figure = Playground(**settings)
    found = scripts.evaluate(
        """state => {
            const training = new Training(state);
            const start = training.save();
            for (let step = 0; step < 30; step += 1) training.step();
            training.measure();
            return [start, training.save(), training.results, training.history];
        }""",
        figure.state(),
    )
    start, end, results, history = found
    network, rule = figure.network, OPTIMISERS[figure.optimiser](figure.lr)
    assert start["theta"] == network.theta.tolist()  # to the last bit
    X, y = figure.training
    for _ in range(30):
        network.cost_and_grad(X, y)
        rule.step(network.theta, network.grad)
    np.testing.assert_allclose(end["theta"], network.theta, **CLOSE)
    np.testing.assert_allclose(results["training"]["J"], network.cost(X, y), **CLOSE)
    np.testing.assert_allclose(
        results["validation"]["J"], network.cost(*figure.validation), **CLOSE
    )
    right = (network.predict(X).argmax(axis=1) == y).mean()
    assert results["training"]["right"] == right
    assert [row[0] for row in history] == [0, 30]
    figure.trained = end  # what the browser sends to Python when training is paused
    np.testing.assert_allclose(figure.loss, results["training"]["J"], **CLOSE)


def test_mini_batches_use_every_point_once_an_epoch(scripts):
    state = Playground(samples=50, batch_size=20, dropout=0.3).state()
    batches = scripts.evaluate(
        """state => {
            const training = new Training(state);
            return [1, 2, 3, 4].map(() => training.nextBatch().X.toRows());
        }""",
        state,
    )
    assert [len(batch) for batch in batches] == [20, 20, 10, 20]
    assert sorted(sum(batches[:3], [])) == sorted(Playground(samples=50).training[0].tolist())


# --- training in the page ------------------------------------------------------------------------


def test_numbers_at_the_start(figure):
    expected = Playground()
    (J, right), (J_val, _) = shown(figure)
    assert J == float(f"{expected.loss:.3g}") and J_val == float(f"{expected.validation_loss:.3g}")
    X, y = expected.training
    assert right == 100 * (expected.network.predict(X).argmax(axis=1) == y).mean()
    assert "The network 2–8–8–2 has 114 parameters, at their start values" in message(figure)


def test_step_and_reset(figure):
    expected = Playground()
    network, rule = expected.network, OPTIMISERS["Adam"](0.03)
    for step, steps in ((1, "1 step"), (2, "2 steps"), (3, "3 steps")):
        press(figure, "Step")
        assert figure.get_by_role("img", name=f"Cost J over {steps}, now").count() == 1
        network.cost_and_grad(*expected.training)
        rule.step(network.theta, network.grad)
        J, J_val = network.cost(*expected.training), network.cost(*expected.validation)
        assert message(figure).startswith(
            f"Step {step}: J = {J:.3g}, on the validation points {J_val:.3g}."
        )
    press(figure, "Reset")
    assert steps_of(figure) == 0
    assert shown(figure)[0][0] == float(f"{expected.loss:.3g}")


def test_fast_enough_and_drawn_once_a_frame_at_most(figure):
    """At least 100 steps a second for 2-8-8-2 on full batches of 200 points."""
    press(figure, "Train")
    seconds, steps, drawings, frames = figure.page.evaluate(
        """() => new Promise((resolve) => {
            const place = document.querySelector(".play-top > span");
            const count = () => Number(place.textContent.replace("step ", ""));
            const [start, first] = [performance.now(), count()];
            let [drawings, frames] = [0, 0];
            new MutationObserver(() => { drawings += 1; }).observe(place, { childList: true });
            const frame = () => {
                frames += 1;
                const passed = performance.now() - start;
                if (passed < 3000) requestAnimationFrame(frame);
                else resolve([passed / 1000, count() - first, drawings, frames]);
            };
            requestAnimationFrame(frame);
        })"""
    )
    press(figure, "Pause")
    assert steps / seconds >= LEAST_STEPS
    assert 0 < drawings <= frames


def test_training_goes_on_after_a_pause_and_ends_with_one(figure):
    train(figure, 50)
    steps = steps_of(figure)
    figure.page.wait_for_timeout(300)
    assert steps_of(figure) == steps
    train(figure, steps + 20)
    assert steps_of(figure) > steps


def test_experiment_1_xor_needs_hidden_units(figure):
    choose(figure, Experiment="1. XOR without a hidden layer")
    train(figure, 200)
    assert "J = 0.693" in message(figure) and "Guessing would give 0.693." in message(figure)
    assert shown(figure)[0][1] < 60
    choose(figure, Hidden_layers="1")
    choose(figure, Layer_1="1")
    train(figure, 300)
    assert 70 < shown(figure)[0][1] < 80
    choose(figure, Layer_1="2")
    train(figure, 300)
    assert shown(figure)[0][1] > 98 and shown(figure)[1][1] > 95


def test_experiment_2_rates(scripts):
    """What the chapter says of the rates of SGD and Adam on the spiral."""
    after = {}
    for optimiser, rates in (("SGD", (0.03, 0.3, 1, 3)), ("Adam", (0.003, 0.01, 0.03))):
        for lr in rates:
            after[optimiser, lr] = scripts.evaluate(
                """state => {
                    const training = new Training(state);
                    for (let step = 0; step < 750; step += 1) training.step();
                    training.measure();
                    return training.results.training.J;
                }""",
                Playground(optimiser=optimiser, lr=lr).state(),
            )
    assert 0.4 < after["SGD", 0.03] < 0.6
    assert after["SGD", 1] < after["SGD", 0.3] < 0.03 < 0.5 < after["SGD", 3]
    assert max(after["Adam", lr] for lr in (0.003, 0.01, 0.03)) < 0.02
    assert after["Adam", 0.03] < after["SGD", 1]


def test_experiment_3_over_fits_unless_something_is_done(figure, scripts):
    choose(figure, Experiment="3. Forty noisy points")
    train(figure, 250)
    assert message(figure).endswith("the network over-fits.")
    (J, right), (J_val, _) = shown(figure)
    assert right == 100 and J_val > 1.2

    def validation_costs(**settings):
        """Return the costs at every tenth step to 250."""
        common = {"data": "moons", "noise": 0.5, "activation": "relu", "samples": 40}
        return scripts.evaluate(
            """state => {
                const training = new Training(state);
                for (let step = 1; step <= 250; step += 1) {
                    training.step();
                    if (step % 10 === 0) training.measure();
                }
                return training.history.map((row) => row[2]);
            }""",
            Playground(**common | settings).state(),
        )

    plain, dropout = validation_costs(), validation_costs(dropout=0.3)
    assert plain.index(min(plain)) == 3 and 4 < plain[-1] / min(plain) < 4.5
    assert dropout.index(min(dropout)) > 3 and min(dropout) < dropout[-1] < plain[-1] / 1.5
    assert 0.6 < validation_costs(weight_decay=0.01)[-1] < 0.7
    assert 0.3 < validation_costs(weight_decay=0.01, samples=200)[-1] < 0.34


def test_experiment_4_deep_sigmoids_do_not_start(figure):
    choose(figure, Experiment="4. Four layers of sigmoids")
    train(figure, 250)
    assert "J = 0.693" in message(figure)
    figure.get_by_label("Batch normalisation").check()
    train(figure, 150)
    assert shown(figure)[0][1] == 100
    figure.get_by_label("Batch normalisation").uncheck()
    choose(figure, Activation="relu")
    train(figure, 150)
    assert shown(figure)[0][1] == 100


def test_divergence_ends_in_words(figure):
    choose(figure, Optimiser="SGD", Activation="relu", Learning_rate="10", Hidden_layers="4")
    choose(figure, Weight_decay="0.1", Data="moons")
    figure.get_by_label("Learning rate").evaluate(
        """node => {
            node.append(new Option("100"));
            node.value = "100";
            node.dispatchEvent(new Event("change"));
        }"""
    )
    press(figure, "Train")
    figure.get_by_role("status").filter(has_text="was not taken").wait_for()
    assert figure.get_by_role("button", name="Train").count() == 1
    assert not re.search("NaN|Infinity|undefined", figure.inner_text())
    press(figure, "Reset")
    assert steps_of(figure) == 0


def test_reduced_motion_shows_the_result_only(figure):
    figure.page.emulate_media(reduced_motion="reduce")
    press(figure, "Train")
    assert message(figure) == "Training for 500 steps …"
    figure.page.wait_for_timeout(200)
    assert steps_of(figure) in (0, 500)
    figure.get_by_role("status").filter(has_text="Step 500: J = ").wait_for()
    assert steps_of(figure) == 500
    assert figure.get_by_role("button", name="Train").count() == 1


def test_a_rate_is_changed_while_it_trains(figure):
    press(figure, "Train")
    choose(figure, Learning_rate="0.003")
    assert figure.get_by_role("button", name="Pause").count() == 1
    choose(figure, Activation="relu")  # another network: from the start, when the reader asks
    assert figure.get_by_role("button", name="Train").count() == 1
    assert steps_of(figure) == 0


# --- pictures and points -------------------------------------------------------------------------


def plane(figure):
    return figure.get_by_role("application", name="Plane of the inputs")


def units(figure):
    return figure.get_by_role("application", name="Network 2")


def picture(canvas):
    return canvas.evaluate("node => node.toDataURL()")


def test_pictures_are_drawn_as_soon_as_the_figure_stands(figure):
    colours = plane(figure).evaluate(
        """async (node) => {
            await new Promise((resolve) => setTimeout(resolve, 200));
            const { data } = node.getContext("2d").getImageData(0, 0, 40, 40);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert colours > 10


def test_each_unit_can_be_seen_large(figure):
    figure.page.wait_for_timeout(200)
    output = picture(plane(figure))
    units(figure).press("ArrowLeft")
    assert message(figure).startswith("Unit 1 of layer 2, from −1 (light) to 1 (dark).")
    first = picture(plane(figure))
    units(figure).press("ArrowDown")
    assert message(figure).startswith("Unit 2 of layer 2")
    assert len({output, first, picture(plane(figure))}) == 3
    box = units(figure).bounding_box()
    where = {"x": box["width"] * 7 / 8, "y": box["height"] / 2}
    units(figure).click(position=where)
    assert message(figure) == "Output: probability of class 1."
    assert picture(plane(figure)) == output


def test_probability_at_a_place(figure):
    for _ in range(2):
        plane(figure).press("Shift+ArrowRight")
    plane(figure).press("ArrowUp")
    [[_, p]] = Playground().network.predict(np.array([[2, 0.1]]))
    assert message(figure) == f"At x₁ = 2, x₂ = 0.1 the probability of class 1 is {p:.3g}."


def test_dead_units_are_told(figure):
    choose(figure, Experiment="3. Forty noisy points")
    train(figure, 250)
    units(figure).press("ArrowLeft")
    told = []
    for _ in range(8):
        told.append(message(figure))
        units(figure).press("ArrowDown")
    assert "Unit 4 of layer 2: the same for every point of the plane." in told
    assert sum("from 0 (light) to" in words for words in told) >= 4


def test_own_points_with_keys_and_clicks(figure):
    choose(figure, Data="own")
    assert message(figure).startswith("There are no points to train with yet.")
    press(figure, "Train")
    assert message(figure).startswith("There are no points to train with yet.")
    for key, direction in (("0", "ArrowLeft"), ("1", "ArrowUp"), ("0", "ArrowRight")):
        plane(figure).press(f"Shift+{direction}")
        plane(figure).press(key)
    assert message(figure).startswith("2 points to train with, 1 for validation.")
    box = plane(figure).bounding_box()
    choose(figure, Class_of_new_points="1")
    plane(figure).click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.1})
    assert message(figure).startswith("3 points to train with, 1 for validation.")
    train(figure, 100)
    assert shown(figure)[0][1] == 100
    plane(figure).press("Backspace")  # the last one goes, the weights stay
    assert steps_of(figure) >= 100 and shown(figure)[0][1] == 100
    press(figure, "Clear points")
    assert message(figure).startswith("There are no points to train with yet.")
    assert not re.search("NaN|Infinity|undefined", figure.inner_text())


def test_pictures_follow_the_theme(figure):
    pictures = []
    for scheme in ("light", "dark"):
        figure.page.evaluate("s => { document.documentElement.dataset.theme = s }", scheme)
        figure.page.wait_for_timeout(100)
        pictures.append(picture(plane(figure)))
    assert pictures[0] != pictures[1]


# --- settings in the address ---------------------------------------------------------------------


@pytest.fixture
def open_with(page, site_url, pages_of_figures, problems):
    """Return a function: the settings of an address -> the figure."""

    def open_figure(text):
        page.goto(f"{site_url}/{pages_of_figures['playground'][0]}?playground={text}#playground")
        figure = page.locator(".live-figure[data-module=playground] .mlp-figure")
        figure.wait_for()
        return figure

    yield open_figure
    assert problems == []


def value(figure, label):
    return figure.get_by_label(re.compile(f"^{label}")).input_value()


def test_address_sets_the_figure_and_the_page_opens_at_it(open_with):
    figure = open_with("data:circles,hidden:3-5,activation:relu,lr:0.05,seed:12,batch_norm:yes")
    assert "The network 2–3–5–2 has" in message(figure)
    assert [value(figure, name) for name in ("Data", "Seed", "Layer 1", "Layer 2")] == [
        "circles", "12", "3", "5",
    ]  # fmt: skip
    assert value(figure, "Learning rate") == "0.05"  # not one of those on offer
    assert figure.get_by_label("Batch normalisation").is_checked()
    expected = Playground(
        "circles", hidden=[3, 5], activation="relu", seed=12, batch_norm=True
    )  # fmt: skip
    assert shown(figure)[0][0] == float(f"{expected.loss:.3g}")
    assert figure.page.evaluate("scrollY") > 500


def test_own_points_in_an_address(open_with):
    figure = open_with("data:own,points:0/-1.5/0.5;1/1/1;0/0/-2,hidden:none")
    assert message(figure).startswith("2 points to train with, 1 for validation. The network 2–2")
    figure = open_with("data:own,points:0/-1.5/0.5")
    assert message(figure).startswith("1 point to train with, 0 for validation.")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("activation:foo", "activation:foo was ignored; expected one of relu, leaky_relu, tanh"),
        ("colour:red", "colour was ignored; the settings are data, noise, samples"),
        ("hidden:8-9", "hidden:8-9 was ignored; expected none, or up to 4 widths from 1 to 8"),
        ("lr:-1", "lr:-1 was ignored; expected a number from 1 × 10⁻⁶ to 100."),
        ("seed:1.5", "seed:1.5 was ignored; expected a whole number from 0 to 999999."),
        ("data:own,points:2/0/0", "points:2/0/0 was ignored; expected up to 200 points like"),
        ("__proto__:1", "__proto__ was ignored"),
        ("batch_norm:maybe", "batch_norm:maybe was ignored; expected yes or no."),
        ("batch_norm:constructor", "batch_norm:constructor was ignored"),
        ("%3Cb%3E:1", "<b> was ignored"),
    ],
)
def test_bad_values_in_an_address_are_ignored_with_words(open_with, text, words):
    figure = open_with(f"{text},noise:0.2")
    assert words in message(figure)
    assert value(figure, "Noise") == "0.2"
    assert value(figure, "Activation") == "tanh"


def test_link_leads_to_the_same_settings(figure, context, site_url):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site_url)
    choose(figure, Data="moons", Noise="0.3", Hidden_layers="1", Dropout="0.2", Optimiser="SGD")
    choose(figure, Layer_1="5")
    press(figure, "Copy link")
    figure.get_by_role("status").filter(has_text="has been copied").wait_for()
    link = figure.page.evaluate("navigator.clipboard.readText()")
    assert figure.get_by_label("Link").input_value() == link
    assert "?playground=data:moons,noise:0.3,samples:200,seed:1,hidden:5,activation:tanh," in link
    assert urlsplit(link).fragment == "playground"
    # The address bar says the same, so that reloading keeps the settings.
    assert parse_qs(urlsplit(figure.page.url).query) == parse_qs(urlsplit(link).query)

    other = context.new_page()
    other.goto(link)
    copy = other.locator(".mlp-figure")
    copy.wait_for()
    labels = ("Data", "Noise", "Hidden layers", "Layer 1", "Dropout", "Optimiser", "Learning")
    assert [value(copy, label) for label in labels] == [value(figure, label) for label in labels]
    assert shown(copy) == shown(figure)


# --- in JupyterLab -------------------------------------------------------------------------------

CELLS = [
    "from mlp_lib.figures import Playground\n\nfigure = Playground()\nfigure",
    "print('read', figure.steps, repr(figure.loss), figure.data, figure.hidden)",
    "figure.hidden = [5]\nfigure.activation = 'relu'\nfigure.data = 'moons'",
    "network = figure.network\nnetwork.theta = 0\nfigure.network = network",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return the notebook with `CELLS`."""
    return open_lab(CELLS)


def read_back(lab):
    """Return steps, loss and the rest of what Python prints of the figure."""
    steps, loss, rest = re.fullmatch(r"read (\d+) (\S+) (.*)\s*", lab.run(1)).groups()
    return int(steps), float(loss), rest.strip()


def test_weights_reach_python_when_training_pauses(lab):
    figure = lab.page.locator(".mlp-figure")
    assert figure.get_by_role("button", name="Copy link").count() == 0
    train(figure, 40)
    steps, loss, _ = read_back(lab)
    assert steps == steps_of(figure) >= 40
    assert shown(figure)[0][0] == pytest.approx(float(f"{loss:.3g}".split("e")[0]), rel=1e-9)


def test_settings_reach_python(lab):
    choose(lab.page.locator(".mlp-figure"), Data="xor", Layer_2="3")
    steps, loss, rest = read_back(lab)
    assert (steps, rest) == (0, "xor [8, 3]")
    assert loss == Playground("xor", hidden=[8, 3]).loss


def test_python_reaches_the_figure(lab):
    lab.run(2)
    figure = lab.page.locator(".mlp-figure")
    figure.get_by_role("status").filter(has_text="The network 2–5–2 has 27 parameters").wait_for()
    assert value(figure, "Data") == "moons" and value(figure, "Activation") == "relu"
    expected = Playground("moons", hidden=[5], activation="relu")
    assert shown(figure)[0][0] == float(f"{expected.loss:.3g}")
    lab.run(3)  # all parameters 0: both classes are equally likely everywhere
    lab.page.wait_for_function(
        "() => document.querySelector('.results td').textContent === '0.693'"
    )
    press(figure, "Step")
    steps, loss, _ = read_back(lab)
    assert steps == 1 and abs(loss - np.log(2)) < 0.05


def test_no_javascript_error(lab):
    assert lab.errors == []
