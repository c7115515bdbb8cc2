"""Grading again, in another number of processes, or after an interruption gives the same table."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="the homework needs nbgrader: make homework-test")
pytest.importorskip("jupytext", reason="the homework needs jupytext: make homework-test")

from homework import grade  # noqa: E402
from homework.course import Course, CourseError  # noqa: E402
from homework.execute import Result  # noqa: E402
from homework.notebooks import release_notebook  # noqa: E402
from tests.homework.hostile import by_id  # noqa: E402
from tests.homework.watching import needs_sandbox, processes_with, wait_for  # noqa: E402

ROOT = Path(__file__).parents[2]
STUDENTS = [f"student{number}" for number in range(6)]

# A grader whose sandbox takes half a second and finds nothing; what it is, the arguments say.
GRADER = """
import sys, time
from pathlib import Path
from joblib import parallel_config
from homework import grade
from homework.course import Course
from homework.execute import Result

def execute(task):
    time.sleep(0.5)
    return Result({}, {}, {}, "")

grade.execute = execute
with parallel_config("threading", n_jobs=int(sys.argv[2])):
    grade.grade(Course(Path(sys.argv[1]), "digits"), lambda x, **options: x)
"""


def hand_in(place, student, text):
    path = place.path("submitted", student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def place(new_course, tmp_path):
    """Return a course with six submissions, one of which cannot be read."""
    place = new_course(tmp_path / "course")
    notebook = json.dumps(release_notebook("digits"))
    for student in STUDENTS:
        hand_in(place, student, notebook if student != "student3" else "nothing")
    return place


def start(place, jobs):
    program = [sys.executable, "-c", GRADER, str(place.root), str(jobs)]
    return subprocess.Popen(program, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})


def results(place):
    return sorted((place.root / "results" / "digits_mlp").glob("*.json"))


def grade_here(place, monkeypatch):
    """Grade in this process; return how many submissions were run, and the table's bytes."""
    ran = []

    def execute(task):
        ran.append(task)
        return Result({}, {}, {}, "")

    monkeypatch.setattr(grade, "execute", execute)
    grade.grade(place, lambda x, **options: x)
    return len(ran), grade.table_path(place).read_bytes()


def test_a_second_call_runs_nothing(place, monkeypatch):
    first, table = grade_here(place, monkeypatch)
    kept = {path: path.stat().st_mtime_ns for path in results(place)}
    assert first == 5
    assert grade_here(place, monkeypatch) == (0, table)
    assert {path: path.stat().st_mtime_ns for path in results(place)} == kept


def test_only_what_was_changed_is_run_again(place, monkeypatch):
    _, table = grade_here(place, monkeypatch)
    notebook = release_notebook("digits")
    by_id(notebook)["forward-solution"].source = "forward = None"
    hand_in(place, "student5", json.dumps(notebook))
    assert grade_here(place, monkeypatch) == (1, table)
    hand_in(place, "student3", json.dumps(notebook))
    ran, changed = grade_here(place, monkeypatch)
    assert ran == 1
    assert b"student3,graded,0" in changed and b"student3,not read,0" in table


def test_what_was_taken_back_is_not_in_the_table(place, monkeypatch):
    grade_here(place, monkeypatch)
    place.path("submitted", "student5").unlink()
    place.path("submitted", "student5").parent.rmdir()
    ran, table = grade_here(place, monkeypatch)
    assert ran == 0 and b"student5" not in table and table.count(b"\n") == 6


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_an_interrupted_grading_goes_on(place, jobs, number, monkeypatch):
    process = start(place, jobs)
    deadline = time.monotonic() + 60
    while len(results(place)) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait(timeout=60) != 0
    done = len(results(place))
    assert 2 <= done < 6
    assert not grade.table_path(place).exists()
    for path in results(place):
        json.loads(path.read_text())
    done_students = {path.stem for path in results(place)} - {"student3"}
    ran, table = grade_here(place, monkeypatch)
    assert ran == 5 - len(done_students)
    for path in results(place):
        path.unlink()
    assert grade_here(place, monkeypatch) == (5, table)


def test_no_sandbox_outlives_a_grader_that_was_killed(place, tmp_path):
    needs_sandbox()
    notebook = release_notebook("digits")
    by_id(notebook)["forward-solution"].source = "import time; time.sleep(200)"
    for student in STUDENTS:
        hand_in(place, student, json.dumps(notebook))
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o755)
    program = [sys.executable, "-m", "homework", "grade", "--course", str(place.root)]
    program += ["--dataset", "digits", "--jobs", "2"]
    own = {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    process = subprocess.Popen(program, cwd=ROOT, env=os.environ | own)
    try:
        wait_for(lambda: len(processes_with(temporary)) >= 6, seconds=60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_for(lambda: processes_with(temporary) == [], seconds=30)


def test_nothing_collected_is_an_error(new_course, tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="Nothing has been collected"):
        grade_here(Course(tmp_path / "course", "digits"), monkeypatch)
    place = new_course(tmp_path / "course")
    with pytest.raises(CourseError, match="Nothing has been collected"):
        grade_here(place, monkeypatch)
    assert not grade.table_path(place).exists()
