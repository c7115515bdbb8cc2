"""The built site, served on this machine, and a browser that reaches nothing else."""

import os
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "_build" / "html"
PAGES = [path.relative_to(SITE).as_posix() for path in sorted(SITE.glob("**/*.html"))]
# Without the theme's own files, and without the address that only sends the reader on.
PAGES = [name for name in PAGES if not name.startswith("_") and name != "index.html"]
CHAPTERS = [name for name in PAGES if re.match(r"book/\d+_", name)]

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
    """Run a test with the argument `page_name` for every page, `chapter_name` for every chapter."""
    for argument, names in {"page_name": PAGES, "chapter_name": CHAPTERS}.items():
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
