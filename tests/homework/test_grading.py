"""All kinds of submissions, graded together: hostile ones gain nothing and harm no one."""

import csv
import json
import os
import tempfile
import time
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="the homework needs nbgrader: make homework-test")
pytest.importorskip("jupytext", reason="the homework needs jupytext: make homework-test")

from joblib import parallel_config  # noqa: E402

from homework import grade  # noqa: E402
from homework.notebooks import release_notebook, solution_notebook  # noqa: E402
from homework.questions import QUESTIONS  # noqa: E402
from homework.sandbox import MB, Limits  # noqa: E402
from tests.homework import hostile  # noqa: E402
from tests.homework.watching import needs_sandbox, nothing_runs  # noqa: E402

# Much less than the defaults, so that what is endless ends soon.
LIMITS = Limits(seconds=60, memory=1400 * MB, files=100 * MB, processes=40, output=24 * MB)
HONEST = ("reference", "untouched", "quick")
NAMES = [question.id for question in QUESTIONS]
ALL = {"forward": 3, "softmax": 3, "gradient": 5, "step": 4}
ALL |= {"fit": 4, "search": 4, "final": 5, "confused": 2}

# What the table says of those that were not simply graded.
ENDED = {
    "exits": "Python ended in cell",
    "loops_on": "longer than 60 s",
    "allocates_slowly": "more than 1400 MB of memory",
    "forks": "more than",
    "forges_answers": "'=HYPERLINK",
    "garbles_the_pipe": "the notebook tampered with its results",
    "floods_the_pipe": "more than 24 MB of results",
    "kills_its_parent": "exit code",
    "breaks_the_protocol": "",
    "no_json": "not a notebook",
    "deep_json": "not a notebook",
    "linked": "a link to another file",
    "missing": "there is no digits_mlp.ipynb, only answers.txt",
}


def hand_in(place, student, text):
    path = place.path("submitted", student)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def table(place):
    """Return the rows of the table of marks, by student."""
    with grade.table_path(place).open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def no_bar(iterable, **options):
    return iterable


class Graded:
    """A course that was graded, and what was there before and afterwards."""

    def __init__(self, place, jobs):
        self.place = place
        start = time.perf_counter()
        with parallel_config(n_jobs=jobs):
            rows = grade.grade(place, no_bar, limits=LIMITS, cell_seconds=20)
        self.seconds = time.perf_counter() - start
        self.rows = table(place)
        assert [row.student for row in rows] == list(self.rows)

    def points(self, student):
        return {name: float(self.rows[student][name]) for name in NAMES}

    def page(self, step, student):
        return self.place.path(step, student).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bases():
    """Return the honest notebooks that the hostile ones begin with."""
    untouched, reference = release_notebook("digits"), solution_notebook("digits")
    quick = hostile.quick(untouched, reference)
    return {"untouched": untouched, "reference": reference, "quick": quick}


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Return a folder of our own for what the grader puts aside, to see what stays."""
    folder = tmp_path_factory.mktemp("temporary")
    folder.chmod(0o755)
    patch = pytest.MonkeyPatch()
    patch.setenv("TMPDIR", str(folder))
    patch.setattr(tempfile, "tempdir", None)
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def honest(new_course, bases, tmp_path_factory, temporary):
    """Return a course without hostile submissions, graded one by one."""
    needs_sandbox()
    place = new_course(tmp_path_factory.mktemp("honest") / "course")
    for student in HONEST:
        hand_in(place, student, json.dumps(bases[student]))
    return Graded(place, jobs=1)


@pytest.fixture(scope="module")
def graded(new_course, honest, bases, tmp_path_factory, temporary):
    """Return the same course with all hostile submissions, graded two at a time."""
    place = new_course(tmp_path_factory.mktemp("hostile") / "course")
    for student in HONEST:
        hand_in(place, student, json.dumps(bases[student]))
    for student in hostile.ATTACKS:
        hand_in(place, student, hostile.make(student, bases))
    linked = place.path("submitted", "linked")
    linked.parent.mkdir(parents=True)
    linked.symlink_to(place.path("submitted", "reference"))
    missing = place.path("submitted", "missing")
    missing.parent.mkdir(parents=True)
    (missing.parent / "answers.txt").write_text("forty-two")
    submitted = files(place.root / "submitted")
    outcome = Graded(place, jobs=2)
    outcome.submitted = submitted
    print(f"\n{len(outcome.rows)} submissions in {outcome.seconds:.0f} s")
    return outcome


def test_reference_gets_everything(honest):
    assert honest.rows["reference"]["status"] == "graded"
    assert honest.points("reference") == ALL


def test_untouched_gets_nothing_and_ends_cleanly(honest):
    assert honest.rows["untouched"]["status"] == "graded"
    assert honest.rows["untouched"]["reason"] == ""
    assert set(honest.points("untouched").values()) == {0}


@pytest.mark.parametrize("student", hostile.ATTACKS)
def test_nobody_gains(honest, graded, student):
    base, _ = hostile.ATTACKS[student]
    most = honest.points(base)
    gained = {name: got for name, got in graded.points(student).items() if got > most[name]}
    assert gained == {}


@pytest.mark.parametrize("student", HONEST)
def test_nobody_is_harmed(honest, graded, student):
    assert graded.rows[student] == honest.rows[student]
    assert graded.page("checked", student) == honest.page("checked", student)


def test_every_submission_has_its_row(graded):
    assert set(graded.rows) == {*HONEST, *hostile.ATTACKS, "linked", "missing"}
    for row in graded.rows.values():
        assert row["status"] in ("graded", "ended early", "not read")
        assert (row["reason"] == "") == (row["status"] == "graded")
        assert float(row["points"]) == sum(float(row[name]) for name in NAMES)


@pytest.mark.parametrize("student", ENDED)
def test_the_table_says_why(graded, student):
    row = graded.rows[student]
    assert row["status"] != "graded"
    assert ENDED[student] in row["reason"]


def test_a_reason_is_one_line_and_no_formula(graded):
    for row in graded.rows.values():
        assert row["reason"].isprintable() and not row["reason"].startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("student", ["loops", "shows_too_much", "prints_a_gigabyte"])
def test_what_only_wastes_keeps_its_points(honest, graded, student):
    assert graded.rows[student]["status"] == "graded"
    assert graded.points(student) == honest.points("quick")


@pytest.mark.parametrize("student", ["exits", "allocates_slowly", "forks", "kills_its_parent"])
def test_what_was_done_before_the_end_counts(honest, graded, student):
    most = honest.points("quick")
    kept = {name: most[name] if NAMES.index(name) < 4 else 0 for name in NAMES}
    assert graded.points(student) == kept


FOUND = {
    "reads_hidden_checks": "found: []",
    "looks_into_the_runner": "found: []",
    "writes_outside": "found: ['/dev/shm', '/tmp']",
    "opens_a_socket": "found: []",
    "tampers_with_the_gradebook": "found: []",
    "allocates_20_gb": "found: []",
    "hides_memory": "found: []",
    "fills_the_disk": "100, 0]",
}


@pytest.mark.parametrize("student", FOUND)
def test_what_was_found(graded, student):
    notebook = json.loads(graded.page("checked", student))
    texts = [
        "".join(output["text"])
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if "text" in output
    ]
    (found,) = [text for text in texts if "found: " in text]
    assert FOUND[student] in found


def test_no_process_is_left(graded, temporary):
    nothing_runs(temporary)


def test_no_file_is_left(graded, temporary):
    left = [name for name in os.listdir(temporary) if not name.startswith("joblib")]
    assert left == []
    root = graded.place.root
    assert files(root / "submitted") == graded.submitted
    for step in ("checked", "autograded"):
        assert {path.name for path in (root / step).iterdir()} == set(graded.rows)
    for folder in (root, Path.home(), Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path("/")):
        assert [path for path in folder.glob(f"*{hostile.MARKER}*")] == []
    assert [path for path in root.rglob("*") if path.name.endswith(".new")] == []


def test_marks_in_the_gradebook_are_those_of_the_table(graded):
    with graded.place.gradebook() as gradebook:
        for student, row in graded.rows.items():
            submission = gradebook.find_submission("digits_mlp", student)
            marks = {
                grade.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.name in NAMES
            }
            assert marks == {name: float(row[name]) for name in NAMES}, student
