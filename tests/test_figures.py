"""What all live figures share, the Python side: the stored text, and the text for a browser."""

import html
import json
import re

import pytest

from mlp_lib.figures import FIGURES, write_page_files
from mlp_lib.figures.base import FOLDER, bundle, own_style, show_number

# --- what is stored in a notebook ----------------------------------------------------------------


@pytest.mark.parametrize("module", FIGURES)
def test_stored_text_holds_the_state_and_is_the_same_each_time(module):
    figure, other = FIGURES[module](), FIGURES[module]()
    forms = figure._repr_mimebundle_()[0]
    text = forms["text/html"]
    assert f'class="live-figure" data-module="{module}"' in text
    assert json.loads(html.unescape(re.search(r'data-state="([^"]*)"', text)[1])) == figure.state()
    assert figure.fallback() in text
    assert forms["text/plain"] == repr(figure) == repr(other)
    assert other._repr_mimebundle_()[0]["text/html"] == text
    assert figure.model_id not in text
    assert len(text) < 30_000


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


@pytest.mark.parametrize("module", FIGURES)
def test_jupyterlab_and_page_have_the_same_text(module, tmp_path):
    figure = FIGURES[module]()
    write_page_files(tmp_path / "live")
    page = (tmp_path / "live" / f"{module}.js").read_text(encoding="utf-8")
    assert figure._esm.removesuffix("export default { render };\n") in page
    parts = ("figures", module)
    styles = [(tmp_path / "live" / f"{name}.css").read_text(encoding="utf-8") for name in parts]
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
