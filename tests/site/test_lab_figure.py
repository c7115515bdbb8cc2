"""The live figure in JupyterLab: a real server and kernel, and a browser in front of them."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mlp_lib.figures import WorkedNetwork

CELLS = [
    "from mlp_lib.figures import WorkedNetwork\n\nfigure = WorkedNetwork()\nfigure",
    "print('read', figure.x.tolist(), len(figure.path), repr(figure.loss))",
    "figure.weights = [[[1, 0], [0, 1], [1, 1]], [[2], [1]]]\nfigure.target = 5\nfigure.lr = 0.001",
]
START_SECONDS = 60


@pytest.fixture(scope="module")
def lab_url(tmp_path_factory):
    """Return the address of a notebook with `CELLS` in a JupyterLab of our own."""
    home = tmp_path_factory.mktemp("lab")
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, home / "figure.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, token = f"http://127.0.0.1:{port}", secrets.token_hex()
    options = [
        "--no-browser",
        "--allow-root",
        f"--ServerApp.root_dir={home}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        "--LabApp.extension_manager=readonly",
    ]
    # A home of its own: neither the reader's settings nor traces in them.
    own = {name: str(home) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    with open(home / "log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=home,
            env=os.environ | own,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/api", timeout=5).close()
                break
            except OSError:  # refused, reset or timed out: the server is not up yet
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"JupyterLab did not start:\n{(home / 'log').read_text()}")
                time.sleep(0.3)
        yield f"{url}/lab/tree/figure.ipynb?token={token}"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def lab(browser, lab_url):
    """Return the page of the notebook, its first cell executed and its figure drawn."""
    page = browser.new_page(viewport={"width": 1400, "height": 1600})
    page.set_default_timeout(60_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(lab_url)
    page.get_by_text("(ipykernel) | Idle").wait_for()
    run_cell(page, 0)
    page.locator(".mlp-figure").wait_for()
    yield page
    page.close()


def run_cell(page, number):
    """Run a cell with Shift+Enter, as a reader does, and wait until it has been executed."""
    cell = page.locator(".jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    deadline = time.monotonic() + 60
    while not re.fullmatch(r"\[\d+\]:", prompt.inner_text()) or prompt.inner_text() == before:
        assert time.monotonic() < deadline, f"cell {number} was not executed: {prompt.inner_text()}"
        page.wait_for_timeout(50)


def read_back(page):
    """Return what Python prints of the figure: x, number of weights in its path, loss."""
    run_cell(page, 1)
    text = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output").inner_text()
    x, steps, loss = re.fullmatch(r"read (\[.*\]) (\d+) (\S+)\s*", text).groups()
    return [float(number) for number in x[1:-1].split(",")], int(steps), float(loss)


def test_widget_and_not_its_html_form(lab):
    assert lab.locator(".live-figure").count() == 0
    assert lab.locator(".mlp-figure").count() == 1


def test_field_and_step_reach_python(lab):
    lab.get_by_label("input x₁").fill("4")
    expected = WorkedNetwork(x=(4, 3, 1))
    x, steps, loss = read_back(lab)
    assert (x, steps) == ([4, 3, 1], 1)
    assert loss == expected.loss

    button = lab.get_by_role("button", name="Step", exact=True)
    button.focus()
    lab.keyboard.press("Enter")  # must not be taken as JupyterLab's "edit this cell"
    lab.get_by_role("status").filter(has_text="Step 1").wait_for()
    expected.weights = [
        W - expected.lr * G for W, G in zip(expected.weights, expected.gradients, strict=True)
    ]
    x, steps, loss = read_back(lab)
    assert steps == 2
    np.testing.assert_allclose(loss, expected.loss, rtol=1e-12)


def test_letters_typed_into_a_field_are_no_shortcuts(lab):
    cells = lab.locator(".jp-CodeCell").count()
    field = lab.get_by_label("input x₂")
    field.press("b")  # in JupyterLab's command mode: a new cell below
    field.press("Enter")
    assert lab.locator(".jp-CodeCell").count() == cells
    lab.get_by_text("is not a number").wait_for()


def test_python_reaches_the_figure(lab):
    run_cell(lab, 2)
    x = read_back(lab)[0]
    expected = WorkedNetwork(x, [[[1, 0], [0, 1], [1, 1]], [[2], [1]]], target=5)
    lab.get_by_role("status").filter(has_text=f"J = {expected.loss:.6g}.").wait_for()
    assert lab.get_by_label("weight from x₃ to u₁").input_value() == "1"
    assert lab.get_by_label("target t").input_value() == "5"
    assert lab.get_by_label("learning rate η").input_value() == "0.001"


def test_no_javascript_error(lab):
    assert lab.errors == []
