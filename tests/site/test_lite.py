"""Python in the browser: a chapter as JupyterLite opens it, without the internet.

Compiled packages (NumPy …) have a host of their own, which cannot be reached here: all but what
needs them is tested.
"""

import hashlib
import json
import re
import sys
import time

import nbformat
import pytest

from tools.launch import for_colab
from tools.notebooks import ROOT, book_notebooks

MINUTES = 60 * 1000
COMPILED = re.compile(
    r"https://cdn\.jsdelivr\.net/pyodide/v[\d.]+/full/[\w.-]+(_wasm32\.whl|\.zip)"
)


@pytest.fixture(scope="module")
def lite(site):
    """Return the folder that `make lite` builds."""
    if not (site / "lite" / "jupyter-lite.json").exists():
        pytest.skip("JupyterLite was not built: run `make lite`")
    return site / "lite"


@pytest.fixture(scope="module")
def packages(lite):
    """Return name -> entry in Pyodide's list of packages."""
    text = (lite / "static" / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8")
    return json.loads(text)["packages"]


@pytest.fixture(scope="module")
def notebook(browser, site_url, lite):
    """Return chapter 7, opened with its button, and the other addresses that it has asked for."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    elsewhere = []

    def reach_only_the_site(route):
        if route.request.url.startswith((site_url + "/", "data:", "blob:")):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    context.set_default_timeout(MINUTES)
    context.route("**/*", reach_only_the_site)
    page = context.new_page()
    page.goto(f"{site_url}/book/07_losses.html")
    page.get_by_role("link", name="Run in browser").click()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=3 * MINUTES)
    yield page, elsewhere
    context.close()


def run(page, source):
    """Run `source` in a new cell at the top, as a reader does; return what stands below it."""
    page.locator(".jp-Cell").first.locator(".jp-InputArea-prompt").click()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    cell = page.locator(".jp-Cell").first
    cell.locator(".cm-content").fill(source)
    page.keyboard.press("Shift+Enter")
    deadline = time.monotonic() + 120
    while not re.fullmatch(r"\[\d+\]:", prompt := cell.locator(".jp-InputPrompt").inner_text()):
        assert time.monotonic() < deadline, f"still runs: {prompt} {source}"
        page.wait_for_timeout(100)
    return cell.locator(".jp-OutputArea").inner_text().strip()


def test_every_chapter_has_a_button_and_its_notebook(site, lite):
    for path in book_notebooks():
        page = (site / "book" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert f'href="../lite/notebooks/index.html?path=book/{path.name}"' in page
        copy = nbformat.read(lite / "files" / "book" / path.name, as_version=4)
        original = nbformat.read(path, as_version=4)
        added = [cell.id for cell in copy.cells if cell.id in ("in-browser", "on-digits")]
        assert added == ["in-browser", "on-digits"][: 1 + ("requires" in original.metadata)]
        kept = [cell.source for cell in copy.cells if cell.id not in added]
        assert kept == [cell.source for cell in original.cells]


def test_from_a_file_the_button_leads_to_an_explanation(page, site, lite):
    page.goto((site / "book/07_losses.html").as_uri())
    page.get_by_role("link", name="Run in browser").click()
    page.wait_for_url("file:///**/book/index.html#run-it")
    assert page.get_by_text("must come from a web server").is_visible()


def test_chapter_says_what_it_cannot_do(lite):
    cells = nbformat.read(lite / "files/book/07_losses.ipynb", as_version=4).cells
    assert "There is no PyTorch here" in cells[1].source
    tagged = [cell for cell in cells if "needs-torch" in cell.metadata.get("tags", [])]
    assert tagged and all("raises-exception" in cell.metadata.tags for cell in tagged)
    cells = nbformat.read(lite / "files/book/08_gradient_descent.ipynb", as_version=4).cells
    assert "do not work" not in cells[1].source


def test_only_compiled_packages_come_from_elsewhere(lite, packages):
    remote = {name: p for name, p in packages.items() if "://" in p["file_name"]}
    assert [p["file_name"] for p in remote.values() if not COMPILED.match(p["file_name"])] == []
    for name in packages.keys() - remote:
        assert (lite / "static" / "pyodide" / packages[name]["file_name"]).exists()
    assert {"mlp-lib", "anywidget", "ipywidgets", "pooch", "tqdm"} <= packages.keys() - remote


def test_button_opens_the_chapter(notebook):
    page, _ = notebook
    assert page.title().startswith("07_losses")
    page.get_by_role("heading", name="7. Loss functions and likelihood").wait_for()
    page.get_by_text("In your browser").wait_for()


def test_plain_python_runs(notebook):
    page, _ = notebook
    assert run(page, "print(1 + 1)") == "2"
    assert run(page, "from pathlib import Path\nlen(list(Path('../benchmarks/results').iterdir()))")


def test_standard_library_has_what_is_imported(notebook):
    page, _ = notebook
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "mlp_lib").rglob("*.py")]
    for path in book_notebooks():
        cells = nbformat.read(path, as_version=4).cells
        texts += [cell.source for cell in cells if cell.cell_type == "code"]
    names = set(re.findall(r"^ *(?:import|from) (\w+)", "\n".join(texts), re.MULTILINE))
    names &= sys.stdlib_module_names
    assert {"math", "statistics", "tracemalloc"} <= names
    assert run(page, f"import {', '.join(sorted(names))}\nprint('all')") == "all"


def test_pure_packages_can_be_imported(notebook):
    page, _ = notebook
    assert run(page, "import anywidget, ipywidgets, joblib, tqdm\nprint('all')") == "all"
    # lzma is compiled, so it is not here; pooch only wants to see it.
    assert run(page, "import sys\nsys.modules['lzma'] = sys\nimport pooch\nprint('all')") == "all"


def test_import_installs_mlp_lib_and_asks_elsewhere_only_for_compiled_packages(notebook, packages):
    page, elsewhere = notebook
    assert "No module named 'numpy'" in run(page, "import mlp_lib")
    version = "from importlib.metadata import version\nprint(version('mlp_lib'))"
    assert run(page, version) == packages["mlp-lib"]["version"]
    assert [address for address in elsewhere if not COMPILED.fullmatch(address)] == []
    assert any("numpy-" in address for address in elsewhere)


def test_live_figures_have_their_front_end(notebook):
    page, _ = notebook
    run(
        page,
        """import anywidget, traitlets
class Hello(anywidget.AnyWidget):
    _esm = "export default {render({model, el}) {el.textContent = 'n is ' + model.get('n')}}"
    n = traitlets.Int(7).tag(sync=True)
Hello()""",
    )
    page.get_by_text("n is 7", exact=True).wait_for()


def test_compiled_packages_of_the_publisher_are_checked_and_copied(tmp_path, monkeypatch):
    pyodide_lock = pytest.importorskip("pyodide_lock")
    import tools.lite

    monkeypatch.setattr(tools.lite, "PYODIDE", tmp_path / "site")
    (tmp_path / "site").mkdir()
    name = "numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
    given = tmp_path / name
    package = pyodide_lock.PackageSpec(
        name="numpy",
        version="2.2.5",
        file_name=name,
        install_dir="site",
        sha256=hashlib.sha256(b"compiled").hexdigest(),
    )
    with pytest.raises(SystemExit, match="is missing"):
        tools.lite.place(package, tmp_path)
    given.write_bytes(b"half of it")
    with pytest.raises(SystemExit, match="is not the file of that name"):
        tools.lite.place(package, tmp_path)
    given.write_bytes(b"compiled")
    tools.lite.place(package, tmp_path)
    assert (tmp_path / "site" / name).read_bytes() == b"compiled"
    assert package.file_name == name
    tools.lite.place(package, None)
    assert COMPILED.fullmatch(package.file_name)


def test_copy_for_colab_installs_mlp_lib_first(monkeypatch):
    monkeypatch.setattr("tools.launch.repository", lambda: "https://github.com/name/book")
    notebook = nbformat.read(book_notebooks()[0], as_version=4)
    for_colab(notebook)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert "git clone --quiet --depth 1 https://github.com/name/book " in first.source
    assert "%pip install" in first.source
    nbformat.validate(notebook)
