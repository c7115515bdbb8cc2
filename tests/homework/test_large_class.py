"""A class of a hundred: each has one row, in bounded time."""

import copy
import json
import random
import time
from collections import Counter

import pytest

pytest.importorskip("nbgrader", reason="the homework needs nbgrader: make homework-test")
pytest.importorskip("jupytext", reason="the homework needs jupytext: make homework-test")

from joblib import parallel_config  # noqa: E402

from homework import grade  # noqa: E402
from homework.notebooks import release_notebook, solution_notebook  # noqa: E402
from homework.sandbox import Limits  # noqa: E402
from tests.homework import hostile  # noqa: E402
from tests.homework.watching import needs_sandbox  # noqa: E402

SIZE, SECONDS_EACH = 100, 30
# Kinds of submissions, with their shares of a hundred, and what they get.
KINDS = {"reference": 2, "quick": 12, "partly": 46, "untouched": 18, "no_json": 6, "deep_json": 2}
KINDS |= {"exits": 4, "edits_tests": 4, "steals_grade_ids": 3, "deletes_tests": 3}
POINTS = {"reference": 30, "quick": 19, "exits": 15}


def partly(untouched, reference, rng):
    """Return a notebook with some of the answers that need no training, and the points for them."""
    notebook, answers = copy.deepcopy(untouched), hostile.by_id(reference)
    chosen = rng.sample(["forward", "softmax", "confused"], rng.randint(1, 3))
    for grade_id in chosen:
        hostile.by_id(notebook)[f"{grade_id}-solution"]["source"] = answers[f"{grade_id}-solution"][
            "source"
        ]
    return notebook, sum({"forward": 3, "softmax": 3, "confused": 2}[name] for name in chosen)


@pytest.mark.slow
def test_a_class_of_a_hundred(new_course, tmp_path, capsys):
    needs_sandbox()
    rng = random.Random(100)
    untouched, reference = release_notebook("digits"), solution_notebook("digits")
    bases = {"untouched": untouched, "reference": reference}
    bases["quick"] = hostile.quick(untouched, reference)
    place = new_course(tmp_path / "course")
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    rng.shuffle(kinds)
    assert len(kinds) == SIZE
    expected = {}
    for number, kind in enumerate(kinds):
        student = f"{number:03d}-{kind}"
        expected[student] = POINTS.get(kind, 0)
        if kind == "partly":
            notebook, expected[student] = partly(untouched, reference, rng)
            text = json.dumps(notebook)
        elif kind in bases:
            text = json.dumps(bases[kind])
        else:
            text = hostile.make(kind, bases)
        path = place.path("submitted", student)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    start = time.perf_counter()
    with parallel_config(n_jobs=2):
        rows = grade.grade(place, lambda x, **options: x, limits=Limits(seconds=300))
    seconds = time.perf_counter() - start
    with capsys.disabled():
        print(
            f"\n{SIZE} submissions in {seconds:.0f} s: {seconds / SIZE:.1f} s each, two at a time"
        )
        print(Counter(row.status for row in rows))
    assert {row.student: sum(row.points.values()) for row in rows} == expected
    assert len(grade.table_path(place).read_text().splitlines()) == 1 + SIZE
    assert seconds < SECONDS_EACH * SIZE
