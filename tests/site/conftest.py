"""The built site, served on this machine, and a browser that reaches nothing else."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mlp_lib.figures import FIGURES

SITE = Path(__file__).parents[2] / "_build" / "html"
PAGES = [path.relative_to(SITE).as_posix() for path in sorted(SITE.glob("**/*.html"))]
# Without the theme's own files, without JupyterLite and the address that only sends the reader on.
PAGES = [name for name in PAGES if not name.startswith(("_", "lite/")) and name != "index.html"]
CHAPTERS = [name for name in PAGES if re.match(r"book/\d+_", name)]

LAB_START_SECONDS = 60

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def skip_or_fail(reason):
    """Skip the test, or fail it where the browser check must not be lost."""
    if os.environ.get("MLP_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_generate_tests(metafunc):
    """Run a test with `page_name` for every page, `chapter_name` for every chapter, `module` for
    every live figure.
    """
    arguments = {"page_name": PAGES, "chapter_name": CHAPTERS, "module": list(FIGURES)}
    for argument, names in arguments.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, names or ["no built site"])


@pytest.fixture(scope="session")
def site():
    """Return the folder of the built site."""
    if not PAGES:
        skip_or_fail(f"there is no built site in {SITE}: run `make book`")
    return SITE


@pytest.fixture(scope="session")
def first_chapter(site):
    """Return the name of the first chapter's page."""
    return CHAPTERS[0]


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line in the output for each."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site_url(site):
    """Return the address at which the site is served, without a slash at its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


# For one module only: Playwright's event loop must not run beside the notebooks' kernels.
@pytest.fixture(scope="module")
def browser():
    """Return a running Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_or_fail("the Python package playwright is not installed")
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        skip_or_fail(f"none of {', '.join(CHROMIUM)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def problems():
    """Return the list in which `context` notes what went wrong on its pages."""
    return []


@pytest.fixture
def context(browser, site_url, problems):
    """Return a browser context that reaches only this site and notes every problem."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(10_000)

    def reach_only_the_site(route):
        url = route.request.url
        if url.startswith((site_url + "/", "file:", "data:", "blob:")):
            route.continue_()
        else:
            problems.append(f"request to another host: {url}")
            route.abort()

    def note_status(response):
        if response.status >= 400:
            problems.append(f"status {response.status}: {response.url}")

    def note_message(message):
        if message.type in ("error", "warning"):
            problems.append(f"console {message.type}: {message.text}")

    context.route("**/*", reach_only_the_site)
    context.on("response", note_status)
    context.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    context.on("console", note_message)
    context.on("weberror", lambda error: problems.append(f"JavaScript error: {error.error}"))
    yield context
    context.close()


@pytest.fixture
def page(context):
    """Return an empty page of the context."""
    return context.new_page()


@pytest.fixture(scope="session")
def pages_of_figures(site):
    """Return, for the module of every live figure, the pages that show it."""
    shown = {}
    for name in CHAPTERS:
        text = (site / name).read_text(encoding="utf-8")
        for module in set(re.findall(r'class="live-figure" data-module="(\w+)"', text)):
            shown.setdefault(module, []).append(name)
    return shown


@pytest.fixture
def figure_of(page, site_url, pages_of_figures, problems):
    """Return a function: the figure of a module, drawn on its first page, and in view.

    Afterwards nothing may have gone wrong on the page.
    """

    def open_figure(module):
        page.goto(f"{site_url}/{pages_of_figures[module][0]}")
        page.locator(f".live-figure[data-module={module}]").first.scroll_into_view_if_needed()
        figure = page.locator(f".live-figure[data-module={module}] .mlp-figure").first
        figure.wait_for()
        figure.scroll_into_view_if_needed()
        return figure

    yield open_figure
    assert problems == []


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory):
    """Return the folder, the address and the token of a JupyterLab of our own."""
    home = tmp_path_factory.mktemp("lab")
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
        deadline = time.monotonic() + LAB_START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/api", timeout=5).close()
                break
            except OSError:  # refused, reset or timed out: the server is not up yet
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"JupyterLab did not start:\n{(home / 'log').read_text()}")
                time.sleep(0.3)
        yield home, url, token
    finally:
        server.terminate()
        server.wait(timeout=30)


class Lab:
    """A notebook that is open in JupyterLab; `page` is the browser's."""

    def __init__(self, page):
        self.page = page
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def run(self, number):
        """Run a cell with Shift+Enter, as a reader does; wait; return the text that it printed."""
        cell = self.page.locator(".jp-CodeCell").nth(number)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        deadline = time.monotonic() + 60
        while not re.fullmatch(r"\[\d+\]:", prompt.inner_text()) or prompt.inner_text() == before:
            assert time.monotonic() < deadline, f"cell {number} still runs: {prompt.inner_text()}"
            self.page.wait_for_timeout(50)
        output = cell.locator(".jp-OutputArea-output pre")
        return output.first.inner_text() if output.count() else ""


@pytest.fixture(scope="module")
def open_lab(browser, lab_server):
    """Return a function: sources of cells -> `Lab`, its first cell run and the figure drawn.

    What is drawn is looked for by `drawn`, a selector.
    """
    home, url, token = lab_server
    pages = []

    def open_notebook(sources, drawn=".mlp-figure"):
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        name = f"{secrets.token_hex(4)}.ipynb"
        nbformat.write(notebook, home / name)
        page = browser.new_page(viewport={"width": 1400, "height": 1600})
        pages.append(page)
        page.set_default_timeout(60_000)
        lab = Lab(page)
        # A workspace of its own: the notebooks of other tests are not open in it.
        page.goto(f"{url}/lab/workspaces/{name[:8]}/tree/{name}?token={token}")
        page.get_by_text("(ipykernel) | Idle").wait_for()
        lab.run(0)
        page.locator(drawn).wait_for()
        return lab

    yield open_notebook
    for page in pages:
        page.close()
