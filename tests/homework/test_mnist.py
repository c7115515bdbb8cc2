"""On MNIST too, the reference gets everything and the untouched notebook nothing."""

import json
import time

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="the homework needs nbgrader: make homework-test")
pytest.importorskip("jupytext", reason="the homework needs jupytext: make homework-test")

from joblib import parallel_config  # noqa: E402

from homework import course, grade  # noqa: E402
from homework.course import Course  # noqa: E402
from homework.notebooks import release_notebook, solution_notebook  # noqa: E402
from tests.homework.watching import needs_sandbox  # noqa: E402
from tools.notebooks import data_missing  # noqa: E402


def test_reference_and_untouched(tmp_path, capsys):
    needs_sandbox()
    if reason := data_missing(nbformat.v4.new_notebook(metadata={"requires": "mnist"})):
        pytest.skip(reason)
    place = Course(tmp_path / "course", "mnist")
    course.release(place)
    notebooks = {"reference": solution_notebook("mnist"), "untouched": release_notebook("mnist")}
    for student, notebook in notebooks.items():
        path = place.path("submitted", student)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    start = time.perf_counter()
    with parallel_config(n_jobs=2):
        rows = grade.grade(place, lambda x, **options: x)
    with capsys.disabled():
        print(f"\nMNIST, two submissions at a time: {time.perf_counter() - start:.0f} s")
    points = {row.student: (row.status, sum(row.points.values())) for row in rows}
    assert points == {"reference": ("graded", 30), "untouched": ("graded", 0)}
