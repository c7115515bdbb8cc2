"""The form in which the notebooks are stored: executed, comparable, numbered, complete.

No kernel is started here; that the outputs are true is nbval's part.
"""

import re

import nbformat
import pytest
from nbval.plugin import find_comment_markers, metadata_tags

from tools.notebooks import ROOT, book_notebooks, needs_torch, stored_text

NOTEBOOKS = {path.name: path for path in book_notebooks()}
CHAPTERS = [name for name in NOTEBOOKS if name[0].isdigit()]
# No digit of a time is stable, and no test is timed: beside them only the words are compared.
TIMES = {"rel": 100, "abs": 1000}
MAX_LINES = 20
MIN_EXERCISES = 4
SOURCE_ID = re.compile(r"[SE][0-4]-\d\d|[DFX]-\d\d")
EQUATION = re.compile(r"\$\$[ \t]*\(([^)\s]+)\)|^:label:[ \t]*(eq-\S+)", re.MULTILINE)
EQUATION_IN_CODE = re.compile(r"\beqs?\.\s(\d+\.\d+(?:(?:,| and| to|–)\s?(?:eq\.\s)?\d+\.\d+)*)")
EXERCISE = re.compile(r"\{exercise(?:-start)?\}.*\n(?::.*\n)*?:label: (\S+)")
SOLUTION = re.compile(r"\{solution(?:-start)?\} (\S+)\n((?::.*\n)*)")


def read(name):
    return nbformat.read(NOTEBOOKS[name], as_version=4)


def number(name):
    """Chapter's number: 5 of 05_forward_pass.ipynb."""
    return int(re.match(r"\d+", name).group())


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(notebook):
    """All prose of a notebook."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def tags(cell):
    return set(cell.metadata.get("tags", []))


def equation_labels(name):
    return ["".join(pair) for pair in EQUATION.findall(text_of(read(name)))]


def first_line(cell):
    return cell.source.partition("\n")[0]


@pytest.fixture(params=NOTEBOOKS)
def notebook(request):
    return read(request.param)


@pytest.fixture(params=CHAPTERS)
def chapter(request):
    return request.param


def test_the_book_has_its_chapters_and_they_are_compared(pytestconfig):
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert CHAPTERS == sorted(f"{name}.ipynb" for name in re.findall(r"book/(\d\S*)", contents))
    assert pytestconfig.option.nbval and not pytestconfig.option.nbval_lax


# Executed, and nothing left uncompared.


def test_every_code_cell_was_executed_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_cell_failed_or_wrote_to_stderr(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", first_line(cell)
            assert output.get("name") != "stderr", first_line(cell)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_is_stored_as_make_refresh_stores_it(name):
    stored = NOTEBOOKS[name].read_bytes()
    # Not `==` in the assert: a difference would print the whole notebook with its images.
    is_normal = stored == stored_text(read(name)).encode("utf-8")
    assert is_normal, f"{name} was changed since it was last executed: make refresh NB=book/{name}"


def test_every_output_is_compared(notebook):
    for cell in code_cells(notebook):
        assert not list(find_comment_markers(cell.source)), first_line(cell)
        # In JupyterLab, *Run all* goes on after such a cell where there is no PyTorch. Nor does an
        # exception pass the comparison: there is none in the stored outputs.
        allowed = {"raises-exception"} if needs_torch(cell) else set()
        assert tags(cell) & metadata_tags.keys() == allowed, first_line(cell)
        assert all(output.output_type != "error" for output in cell.outputs), first_line(cell)


def test_every_directive_opens_a_line_and_is_closed(notebook):
    for cell in notebook.cells:
        fences = []
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else []:
            fence = re.match(r"(`{3,})(.*)", line)
            if fence and fences and fence.groups() == (fences[-1], ""):
                fences.pop()
            elif fence:
                fences.append(fence[1])
            else:
                assert not re.search(r"\{(admonition|exercise|solution)\}", line), line
        assert not fences, f"not closed: {first_line(cell)}"


def test_a_tolerance_is_small_and_stands_beside_an_assert(notebook):
    for cell in code_cells(notebook):
        if "tolerance" in cell.metadata:
            tolerance = cell.metadata.tolerance
            assert tolerance.keys() <= {"abs", "rel"}, first_line(cell)
            if tolerance == TIMES:
                assert "measure(" in cell.source, first_line(cell)
                continue
            assert 0 <= tolerance.get("rel", 0) <= 0.25 and 0 <= tolerance.get("abs", 0) <= 5
            assert re.search(r"^\s*assert\b", cell.source, re.MULTILINE), first_line(cell)


# Readable.


def test_cells_are_short(notebook):
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= MAX_LINES, first_line(cell)


def test_figures_have_a_caption_a_name_and_alt_text(notebook):
    for cell in code_cells(notebook):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            mystnb = cell.metadata.get("mystnb", {})
            assert mystnb.get("figure", {}).get("caption"), first_line(cell)
            assert mystnb.get("figure", {}).get("name", "").startswith("fig-"), first_line(cell)
            assert mystnb.get("image", {}).get("alt"), first_line(cell)
            # Any other last line prints a value, or shows the figure at another place.
            assert re.match(r"plt\.show\(\)$|explore_\w+\(", cell.source.splitlines()[-1]), (
                first_line(cell)
            )


def test_a_cell_with_a_caption_has_its_picture(notebook):
    """The comparison skips pictures, so it does not miss one that was deleted."""
    for cell in code_cells(notebook):
        if "figure" in cell.metadata.get("mystnb", {}):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), (
                first_line(cell)
            )


# Numbered by chapter.


def test_title_carries_the_chapters_number(chapter):
    n = number(chapter)
    opening = read(chapter).cells[0].source
    assert re.search(rf"^\(ch-{n}\)=\n# {n}\. ", opening, re.MULTILINE), opening


def test_front_page_has_the_chapter_and_its_time(chapter):
    contents = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    minutes = re.search(r"\*\*Time\*\* (\d+) minutes", text_of(read(chapter)))[1]
    assert re.search(
        rf"^\| \[{number(chapter)}\. [^|]*\]\({chapter}\) \|.*\| {minutes}(–\d+)?&nbsp;min \|$",
        contents,
        re.MULTILINE,
    )


def test_equations_are_numbered_in_order(chapter):
    labels = equation_labels(chapter)
    assert labels
    assert labels == [f"eq-{number(chapter)}-{i}" for i in range(1, len(labels) + 1)]


def test_equations_named_in_code_exist():
    labels = {label for name in NOTEBOOKS for label in equation_labels(name)}
    code = {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in ROOT.glob("mlp_lib/**/*.py")}
    for name in NOTEBOOKS:
        code[name] = "\n".join(cell.source for cell in code_cells(read(name)))
    named = {
        (equation, where)
        for where, source in code.items()
        for found in EQUATION_IN_CODE.findall(source)
        for equation in re.findall(r"\d+\.\d+", found)
    }
    assert named
    unknown = {pair for pair in named if f"eq-{pair[0].replace('.', '-')}" not in labels}
    assert not unknown


# Exercises and sources.


def test_exercises_have_folded_solutions(chapter):
    text = text_of(read(chapter))
    exercises = EXERCISE.findall(text)
    assert len(exercises) >= MIN_EXERCISES
    assert exercises == [f"ex-{number(chapter)}-{i}" for i in range(1, len(exercises) + 1)]
    solutions = SOLUTION.findall(text)
    assert [label for label, _ in solutions] == exercises
    for label, options in solutions:
        assert ":class: dropdown\n" in options, label


def test_code_is_hidden_exactly_in_solutions(chapter):
    """What is tagged `hide-cell` is folded on the page and in JupyterLab, and is a solution's."""
    in_solution = False
    for cell in read(chapter).cells:
        if cell.cell_type == "markdown":
            in_solution = SOLUTION.search(cell.source) is not None
        else:
            assert ("hide-cell" in tags(cell)) == in_solution, first_line(cell)
            folded = {"source_hidden": True, "outputs_hidden": True} if in_solution else {}
            assert cell.metadata.get("jupyter", {}) == folded, first_line(cell)


def test_cells_name_their_sources(chapter):
    sources = [s for cell in read(chapter).cells for s in cell.metadata.get("sources", [])]
    assert sources
    assert [s for s in sources if not SOURCE_ID.fullmatch(s)] == []
