"""The notebooks made from the master: what students get, and what they do not get."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

pytest.importorskip("jupytext", reason="the homework's packages are not installed")
pytest.importorskip("nbgrader", reason="the homework's packages are not installed")

from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

from homework.notebooks import (
    DELIMITERS,
    MASTER,
    RELEASED,
    ROOT,
    release_notebook,
    solution_notebook,
    source_notebook,
    stored_text,
)
from mlp_lib.data import DataNotFoundError, load_mnist
from tests.homework.watching import no_traces

FORMS = {"source": source_notebook, "release": release_notebook, "solution": solution_notebook}
HEADING = re.compile(r"^## (\d\. .*) \((\d+) points, (\d+) minutes\)$", re.MULTILINE)
MAX_LINES = 20


@pytest.fixture(params=RELEASED)
def dataset(request):
    """Return the name of one data set after the other."""
    return request.param


@pytest.fixture(params=FORMS)
def notebook(request, dataset):
    """Return each form of the notebook."""
    return FORMS[request.param](dataset)


def meta(cell):
    return cell.metadata.get("nbgrader", {})


def run(notebook, **options):
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", **options)
    return client.execute(cwd=ROOT)


def errors(cell):
    return [out.ename for out in cell.get("outputs", []) if out.output_type == "error"]


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


# Their form.


def test_is_a_valid_notebook_with_valid_metadata(notebook):
    nbformat.validate(notebook)
    MetadataValidatorV3().validate_nb(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def test_same_master_same_bytes(dataset):
    for form in FORMS.values():
        assert stored_text(form(dataset)) == stored_text(form(dataset))


def test_the_data_sets_differ_in_one_cell(dataset):
    cells = zip(source_notebook("mnist").cells, source_notebook("digits").cells, strict=True)
    different = [(a.source, b.source) for a, b in cells if a.source != b.source]
    assert different == [('DATASET = "mnist"', 'DATASET = "digits"')]


def test_another_data_set_is_refused():
    with pytest.raises(ValueError, match="expected one of"):
        source_notebook("fashion")


def test_committed_notebooks_are_those_of_the_master(dataset):
    same = RELEASED[dataset].read_bytes() == stored_text(release_notebook(dataset)).encode()
    assert same, "the master has changed: python -m homework.notebooks"


def test_cells_are_short(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip() not in DELIMITERS]
            assert len(lines) <= MAX_LINES, lines[0]


def test_every_question_has_text_an_answer_and_a_check(notebook):
    ids = [meta(cell).get("grade_id") for cell in notebook.cells]
    for cell, before in zip(notebook.cells[1:], notebook.cells, strict=False):
        if meta(cell).get("grade") and cell.cell_type == "code":
            assert meta(cell)["locked"] and "assert" in cell.source
            assert meta(before)["solution"], meta(cell)["grade_id"]
    assert ids[-1] == "report" and meta(notebook.cells[-1])["solution"]


def test_points_and_minutes_agree_everywhere(notebook):
    headings = HEADING.findall(text_of(notebook))
    graded = [meta(cell)["points"] for cell in notebook.cells if meta(cell).get("grade")]
    assert [int(points) for _, points, _ in headings] == graded
    assert (sum(graded[:-1]), graded[-1]) == (30, 10)
    page = (ROOT / "book/homework/index.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\. .*?) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert rows == headings


# What students get.


def test_release_has_no_line_of_a_solution(dataset):
    solutions = {
        line.strip()
        for region in re.findall(
            f"{DELIMITERS[0]}\n(.*?){DELIMITERS[1]}", MASTER.read_text(encoding="utf-8"), re.DOTALL
        )
        for line in region.splitlines()
        if len(line.strip()) > 3
    }
    assert len(solutions) > 50
    released = {line.strip() for line in text_of(release_notebook(dataset)).splitlines()}
    assert solutions & released == set()
    assert "SOLUTION" not in stored_text(release_notebook(dataset))


def test_release_is_locked_and_has_checksums(dataset):
    for cell in release_notebook(dataset).cells:
        if meta(cell):
            assert meta(cell)["checksum"] and cell.metadata["deletable"] is False
            assert cell.metadata.get("editable", True) == meta(cell)["solution"]


def test_solution_is_the_release_with_answers(dataset):
    release, solution = release_notebook(dataset), solution_notebook(dataset)
    for given, answered in zip(release.cells, solution.cells, strict=True):
        assert given.metadata == answered.metadata and given.id == answered.id
        assert (given.source != answered.source) == bool(meta(given).get("solution"))
    text = stored_text(solution)
    assert "NotImplementedError()" not in text.replace("`raise NotImplementedError()`", "")
    assert "SOLUTION" not in text


def test_untouched_notebook_says_that_nothing_is_done():
    notebook = run(release_notebook("digits"), allow_errors=True)
    for cell in notebook.cells:
        if cell.cell_type == "code" and meta(cell).get("solution"):
            is_function = cell.source.startswith("def ")
            assert errors(cell) == ([] if is_function else ["NotImplementedError"])
        elif cell.cell_type == "code" and meta(cell).get("grade"):
            assert errors(cell) in (["NotImplementedError"], ["NameError"])
        else:
            assert errors(cell) == []


def test_reference_passes_every_check_on_the_digits():
    notebook = run(solution_notebook("digits"))
    pictures = [out for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out]
    assert sum("image/png" in picture.data for picture in pictures) == 2


def test_model_answer_has_the_numbers_of_the_reference(monkeypatch):
    try:
        load_mnist(download=False)
    except DataNotFoundError as error:
        pytest.skip(str(error).splitlines()[0])
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook, found = solution_notebook("mnist"), {}
    with no_traces():
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(cell.source, found)
    said = [float(number) for number in re.findall(r"([\d.]+) %", notebook.cells[-1].source)]
    one_layer = [row["validation_accuracy"] for row in found["search"][:3]]
    true = [100 * share for share in (*one_layer, found["test_accuracy"], one_layer[-1])]
    assert said == pytest.approx(true, abs=0.3)
    assert found["chosen"]["hidden"] == (256,)
    C = found["confusion"](found["data"].y_test, found["y_pred"], found["K"])
    mistakes = re.findall(r"(\d) read as (\d) \((\d+) times\)", notebook.cells[-1].source)
    assert len(mistakes) == 3
    for i, j, count in mistakes:
        assert C[int(i), int(j)] == pytest.approx(int(count), abs=3)
