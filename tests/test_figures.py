"""Live figures, the Python side: state, numbers, and the text that a browser receives."""

import html
import json
import re

import numpy as np
import pytest
import traitlets

from mlp_lib import SGD, Linear, Network, ReLU, SquaredError
from mlp_lib.figures import FIGURES, WorkedNetwork, write_page_files
from mlp_lib.figures.base import FOLDER, bundle, own_style, show_number


@pytest.fixture
def figure():
    return WorkedNetwork()


def stepped(figure):
    """Return the weights after a step of plain gradient descent."""
    pairs = zip(figure.weights, figure.gradients, strict=True)
    return [W - figure.lr * G for W, G in pairs]


# --- numbers -----------------------------------------------------------------------------------


def test_numbers_by_hand(figure):
    assert figure.loss == 169  # D-16
    dW1, dW2 = figure.gradients
    assert dW1.tolist() == [[156, 0], [234, 0], [78, 0]]  # D-17
    assert dW2.tolist() == [[286], [0]]
    W1, W2 = stepped(figure)
    np.testing.assert_allclose(W2[0, 0], 0.14, rtol=1e-12)  # D-18
    np.testing.assert_allclose(W1[:, 0], [1.44, -1.34, 1.22], rtol=1e-12)  # D-20


def test_step_of_all_weights_overshoots(figure):
    figure.weights = stepped(figure)
    np.testing.assert_allclose(figure.loss, 399.55212544, rtol=1e-12)  # D-20


def test_step_of_the_two_marked_weights_overshoots(figure):
    W1, W2 = figure.weights
    after1, after2 = stepped(figure)
    W1, W2 = W1.copy(), W2.copy()
    W1[0, 0], W2[0, 0] = after1[0, 0], after2[0, 0]
    figure.weights = [W1, W2]
    np.testing.assert_allclose(figure.loss, 357.08905024, rtol=1e-12)  # D-19


def test_history_is_the_cost_of_each_step(figure):
    figure.lr = 0.001
    for _ in range(3):
        figure.path = [*figure.path, stepped(figure)]
    np.testing.assert_allclose(figure.history, [169, 47.476399, 17.538576, 7.263184], rtol=1e-7)
    assert figure.loss == figure.history[-1]
    assert repr(figure) == "WorkedNetwork: J = 7.26318 at step 3"


def test_agrees_with_training_by_mlp_lib():
    rng = np.random.default_rng(0)
    x, W1, W2 = rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(2, 1))
    figure = WorkedNetwork(x, [W1, W2], target=0.5, lr=0.1)
    layers = [Linear(3, 2, init=W1, bias=False), ReLU(), Linear(2, 1, init=W2, bias=False)]
    network = Network(layers, SquaredError())
    assert network.cost_and_grad(x[None, :], [[0.5]]) == figure.loss
    after = stepped(figure)
    SGD(0.1).step(network.theta, network.grad)
    np.testing.assert_allclose(
        np.concatenate([W.ravel() for W in after]), network.theta, rtol=1e-14
    )


# --- state -------------------------------------------------------------------------------------


def test_another_problem_starts_at_step_0(figure):
    for name, value in [("x", [1, 1, 1]), ("target", 3)]:
        figure.path = [*figure.path, stepped(figure)]
        weights = figure.weights
        setattr(figure, name, value)
        assert len(figure.path) == 1
        np.testing.assert_array_equal(figure.weights[0], weights[0])


def test_rate_and_choice_of_weights_keep_the_steps(figure):
    figure.path = [*figure.path, stepped(figure)]
    figure.lr = 0.003
    figure.marked_only = True
    assert len(figure.path) == 2


def test_arrays_cannot_be_changed_unnoticed(figure):
    with pytest.raises(ValueError, match="read-only"):
        figure.x[0] = 5
    with pytest.raises(ValueError, match="read-only"):
        figure.weights[0][0, 0] = 5


def test_the_readers_own_array_is_copied():
    x = np.array([2.0, 3.0, 1.0])
    figure = WorkedNetwork(x)
    x[0] = 9
    assert figure.x[0] == 2


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x", [1, 2], r"x must have the shape \(3,\), got \(2,\)"),
        ("x", [1, 2, np.nan], "x must be finite numbers, got .*nan"),
        ("x", ["a", 2, 3], "x must be numbers of shape"),
        ("weights", 5, r"weights must be a pair of arrays \(W1, W2\), got 5"),
        ("weights", [np.eye(2), [[1], [1]]], r"W1 of weights must have the shape \(3, 2\)"),
        ("weights", [np.ones((3, 2)), [1, 1]], r"W2 of weights must have the shape \(2, 1\)"),
        ("path", [], r"path must be a list of one pair \(W1, W2\) or more, got \[\]"),
        ("path", 5, "path must be a list of one pair .* got 5"),
        ("path", [[np.ones((3, 2)), [[1], [np.inf]]]], r"W2 of path\[0\] must be finite numbers"),
        ("target", "20 or so", "target must be numbers"),
        ("lr", 0, "lr must be larger than 0, got 0"),
        ("lr", np.inf, "lr must be finite"),
    ],
)
def test_refused_values(figure, name, value, message):
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_refused_in_the_constructor():
    with pytest.raises(ValueError, match="weights must be a pair"):
        WorkedNetwork(weights=[1, 2, 3])
    with pytest.raises(TypeError, match="rate"):
        WorkedNetwork(rate=0.1)
    with pytest.raises(traitlets.TraitError, match="marked_only"):
        WorkedNetwork(marked_only="yes")


# --- what is stored in a notebook ----------------------------------------------------------------


def html_form(figure):
    return figure._repr_mimebundle_()[0]["text/html"]


def test_html_form_holds_state_and_numbers(figure):
    text = html_form(figure)
    state = json.loads(html.unescape(re.search(r'data-state="([^"]*)"', text)[1]))
    assert state == figure.state()
    assert set(state) == {"x", "path", "target", "lr", "marked_only"}
    assert 'class="live-figure" data-module="worked_network"' in text
    numbers = re.findall(r"−?\d+(?:\.\d+)?", re.sub(r"<[^>]*>", " ", text))
    assert {"286", "156", "0.14", "1.44", "11", "−11", "169"} <= set(numbers)


def test_stored_text_is_the_same_each_time(figure):
    other = WorkedNetwork()
    assert html_form(other) == html_form(figure)
    assert repr(other) == repr(figure)
    assert figure.model_id not in html_form(figure)


def test_html_form_follows_the_state(figure):
    before = html_form(figure)
    figure.target = 33
    assert html_form(figure) != before
    assert "J = 0." in html_form(figure)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-11.0, "−11"), (0.14000000000000012, "0.14"), (399.55212544, "399.552"), (0.0, "0")]
    + [(1.5e-7, "1.5 × 10⁻⁷"), (-2e12, "−2 × 10¹²")],
)
def test_numbers_as_text(value, text):
    assert show_number(value) == text


# --- JavaScript ----------------------------------------------------------------------------------


def test_every_figure_has_its_module_and_every_module_its_figure():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js")}
    modules = {name for name, text in texts.items() if "export default" in text}
    assert modules == set(FIGURES)


@pytest.mark.parametrize("module", FIGURES)
def test_bundle_is_one_module(module):
    text = bundle(module)
    statements = re.findall(r"^(?:import|export)\b.*", text, re.MULTILINE)
    assert statements == ["export default { render };"]
    names = re.findall(r"^(?:const|let|class|(?:async )?function) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 1


PARTS = ("figures", "worked_network")


def test_jupyterlab_and_page_have_the_same_text(figure, tmp_path):
    write_page_files(tmp_path / "live")
    page = (tmp_path / "live" / "worked_network.js").read_text(encoding="utf-8")
    assert figure._esm.removesuffix("export default { render };\n") in page
    styles = [(tmp_path / "live" / f"{name}.css").read_text(encoding="utf-8") for name in PARTS]
    assert "".join(styles) == figure._css


@pytest.mark.parametrize("module", FIGURES)
def test_style_of_a_figure_is_for_that_figure_alone(module):
    """JupyterLab has one page for all notebooks: a rule without the figure's name hits others."""
    text = re.sub(r"/\*.*?\*/|@container[^{]*\{", "", own_style(module), flags=re.DOTALL)
    own = (f".mlp-figure.{module}", f'.live-figure[data-module="{module}"]')
    for selectors in re.findall(r"(?:^|\})\s*([^{}]+)\{", text):
        for place in re.findall(r"\.(?:mlp|live)-figure[^\s:)]*", selectors):
            assert place.startswith(own), selectors
        assert ".mlp-figure." in selectors or ".live-figure[" in selectors, selectors
    assert module in re.findall(r'[ "`]mlp-figure (\w+)', bundle(module))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.js")), ids=lambda path: path.name)
def test_modules_are_small_and_name_no_other_host(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert set(re.findall(r"https?://[^\"'\s]+", text)) <= namespaces
