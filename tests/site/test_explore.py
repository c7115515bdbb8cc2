"""The explorers in JupyterLab: a control that is moved changes the result."""

import os
import re

import pytest

CELLS = [
    """import numpy as np
from mlp_lib.explore import explore_confusion

T, images = np.array([0, 0, 0, 1, 1]), np.random.default_rng(0).random((5, 12))
Y_hat = np.array([[0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8]])
explorer = explore_confusion(images, T, Y_hat, (3, 4))
explorer""",
    """from mlp_lib.data import load_digits, split
from mlp_lib.explore import explore_training

data = load_digits()
X, X_val, y, y_val = split(data.X_train, data.y_train, 0.25, np.random.default_rng(0))
run = explore_training(X, y, X_val, y_val)
run""",
    "print('read', explorer.sentence, run.sentence)",
]


@pytest.fixture(scope="module")
def lab(open_lab):
    """Return a notebook with both explorers."""
    lab = open_lab(CELLS, drawn=".mlp-explorer img[alt]")
    lab.run(1)
    return lab


def controls_of(explorer):
    """Return the accessible names of the controls."""
    name = "node => (node.labels?.[0] ?? node).textContent"
    return [control.evaluate(name) for control in explorer.locator("select, button").all()]


def test_keys_choose_an_entry_of_the_matrix(lab):
    explorer = lab.page.locator(".mlp-explorer").first
    assert controls_of(explorer) == ["True class", "Predicted class"]
    image = explorer.get_by_role("img")
    before = image.get_attribute("src")
    assert image.get_attribute("alt").startswith("0 was read as 1 in 2 of 3 images.")
    cell = lab.page.locator(".jp-mod-active").first.evaluate("node => node.className")
    explorer.get_by_label("True class").press("ArrowDown")
    explorer.get_by_text("1 was read as 1 in 2 of 2 images.").wait_for()
    assert image.get_attribute("alt").startswith("1 was read as 1 in 2 of 2 images.")
    assert image.get_attribute("src") != before
    assert cell == lab.page.locator(".jp-mod-active").first.evaluate("node => node.className")
    assert "read 1 was read as 1 in 2 of 2 images." in lab.run(2)


@pytest.mark.parametrize(("key", "widths"), [("Space", "none"), ("Enter", "32")])
def test_a_button_trains_with_the_settings(lab, key, widths):
    explorer = lab.page.locator(".mlp-explorer").nth(1)
    settings = "Hidden layers, Optimiser, Learning rate, Batch size, Dropout, Weight decay, Epochs"
    assert controls_of(explorer) == [*settings.split(", "), "Train"]
    image = explorer.get_by_role("img")
    before = image.get_attribute("alt")
    explorer.get_by_label("Hidden layers").select_option(widths)
    explorer.get_by_label("Epochs").select_option("5")
    button = explorer.get_by_role("button", name="Train", exact=True)
    button.focus()
    lab.page.wait_for_timeout(200)  # JupyterLab may still move the focus after the last cell's run
    button.press(key)
    lab.page.wait_for_function(
        """before => {
            const { alt } = document.querySelectorAll(".mlp-explorer img")[1];
            return alt.startsWith("After epoch 5") && alt !== before;
        }""",
        arg=before,
    )
    after = re.search(r"After epoch 5: .* rightly\.", lab.run(2).replace("\n", " "))[0]
    assert image.get_attribute("alt") == after


def test_accessible_and_without_errors(lab):
    if os.environ.get("MLP_REQUIRE_BROWSER") != "1":
        pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(lab.page, ".mlp-explorer", {"preload": False}).response
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
    assert lab.errors == []
