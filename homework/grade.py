"""Grade all submissions: run each in the sandbox, mark what came out, record and list the marks.

Only `mark` decides about points, and it runs here, on arrays. What a submission does while it runs
can cost its own points and nothing else.
"""

import csv
import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat
import numpy as np
from joblib import Parallel, delayed
from nbformat import NotebookNode
from nbformat.v4 import new_output

from homework.challenge import OwnData, own_data, student_rng
from homework.course import Course, CourseError
from homework.execute import PRELUDE, Result, Task, execute, npz, read_array
from homework.questions import QUESTIONS, Failure, Mark
from homework.signature import sign
from homework.submission import MAX_BYTES, SubmissionError, read, rebuild
from mlp_lib.data import ImageData, load_digits, load_mnist

# Beside a notebook from nbgrader's exchange: when it was handed in, and how its author finds the
# feedback.
EXCHANGE_FILES = ("timestamp.txt", "submission_secret.txt")
PR_SET_PDEATHSIG = 1  # of Linux's prctl


@dataclass(frozen=True)
class Row:
    """What is known of one submission: a line of the table of marks.

    Attributes
    ----------
    student : str
        The name of the folder that the submission lay in.
    status : str
        "graded"; "ended early" if the run did not reach the notebook's end; "not read" if there
        was nothing to run; "not recorded" if nbgrader failed.
    reason : str
        Why it was not simply graded.
    points : dict of float
        For each question.
    """

    student: str
    status: str
    reason: str
    points: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A submission before its run."""

    notebook: NotebookNode
    given: dict[str, dict[str, np.ndarray]]
    own: OwnData
    task: Task


def grade(
    course: Course,
    progress: Callable[..., Iterable],
    **execution,
) -> list[Row]:
    """Grade what was handed in since the last time, and write the table of all marks.

    What was graded before is not run again, as long as neither the submission nor the checks
    have changed; after an interruption, the next call goes on where this one stopped.

    Parameters
    ----------
    course : Course
        With submissions.
    progress : function
        Like `tqdm`, with its argument `total`.
    **execution
        What differs from the defaults of `Task`: the kind of sandbox, the limits.

    Raises
    ------
    CourseError
        If nothing was collected.
    DataNotFoundError
        If MNIST cannot be had.
    """
    students = course.submissions()
    if not students:
        raise CourseError(
            f"Nothing has been collected for {course.assignment}: {course.root / 'submitted'} has "
            "no submission. Run `make homework-collect` first."
        )
    release, secret = course.released(), course.secret()
    version = _version(release, secret)
    keys: dict[str, str] = {}
    waiting: dict[str, Prepared | SubmissionError] = {}

    def tasks() -> Iterator:
        for student in keys:
            content = _content(course, student)
            keys[student] = _key(content, version)
            try:
                waiting[student] = prepare(content, student, release, source, secret)
                task = replace(waiting[student].task, **execution)
            except SubmissionError as error:
                waiting[student], task = error, None
            yield delayed(_execute)(student, task, os.getpid())

    # Here and not in `tasks`, which joblib calls in a thread of its own: MNIST may be missing.
    source = load_mnist() if course.dataset == "mnist" else load_digits()
    # In how many processes, on which machines: joblib's `parallel_config` says it.
    parallel = Parallel(return_as="generator_unordered")
    for student in students:
        key = _key(_content(course, student), version)
        if _load(course, student, key) is None:
            keys[student] = key
    for student, result in progress(parallel(tasks()), total=len(keys), desc="graded"):
        prepared = waiting.pop(student)
        if result is None:
            notebook, row = _not_read(release, student, str(prepared))
        else:
            notebook, row = mark(student, prepared, result)
        sign(notebook, student, secret)
        _store(course, student, notebook, row, keys[student])
    rows = [_record(course, student) for student in progress(students, desc="recorded")]
    write_table(course, rows)
    return rows


def _execute(student: str, task: Task | None, grader: int) -> tuple[str, Result | None]:
    """Run a task somewhere; there is none for a file that could not be read."""
    if os.getppid() == grader and sys.platform == "linux":
        # One of its worker processes: end when the grader is killed, and the sandbox with it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return student, None if task is None else execute(task)


def prepare(
    content: bytes | SubmissionError,
    student: str,
    release: NotebookNode,
    source: ImageData,
    secret: bytes,
) -> Prepared:
    """Make the notebook that is run, and what its questions are given.

    Raises
    ------
    SubmissionError
        If the file is no notebook.
    """
    if isinstance(content, SubmissionError):
        raise content
    notebook = rebuild(release, read(content))
    own = own_data(source, student_rng(secret, student, "data"))
    given = {q.id: q.given(student_rng(secret, student, q.id), own) for q in QUESTIONS}
    data = own.visible
    arrays = {name: getattr(data, name) for name in ("X_train", "y_train", "X_test", "y_test")}
    prelude = PRELUDE.format(
        name=data.name, image_shape=tuple(data.image_shape), n_classes=data.n_classes
    )
    cells = [(prelude, None)]
    for cell in _code_cells(notebook):
        grade_id = _grade_id(cell)
        cells.append((cell.source, grade_id if grade_id in given else None))
    files = {"data": npz(arrays)} | {name: npz(arrays) for name, arrays in given.items()}
    expressions = {question.id: question.expressions for question in QUESTIONS}
    return Prepared(notebook, given, own, Task(cells, files, expressions))


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _grade_id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def mark(student: str, prepared: Prepared, result: Result) -> tuple[NotebookNode, Row]:
    """Mark the answers, and write the marks into the notebook."""
    marks = {}
    for question in QUESTIONS:
        answers = {name: _answer(result, question.id, name) for name in question.expressions}
        marks[question.id] = question.mark(prepared.given[question.id], answers, prepared.own)
    for number, cell in enumerate(_code_cells(prepared.notebook), start=1):  # 0 is the prelude
        if _grade_id(cell) in marks:
            cell.outputs = _shown(marks[_grade_id(cell)])
        elif number in result.errors:
            text = f"When this was graded, the cell ended with: {result.errors[number]}\n"
            cell.outputs.append(new_output("stream", name="stdout", text=text))
    points = {name: sum(mark.points for mark in given) for name, given in marks.items()}
    status = "ended early" if result.ended else "graded"
    return prepared.notebook, Row(student, status, result.ended, points)


def _answer(result: Result, question: str, name: str) -> np.ndarray | Failure:
    key = f"{question}/{name}"
    if key in result.answers:
        try:
            return read_array(result.answers[key])
        except ValueError as error:
            return Failure(error)
    return Failure(result.failures.get(key) or f"it was not reached ({result.ended})")


def _shown(marks: list[Mark]) -> list[NotebookNode]:
    """Return a test cell's outputs: a line for each part, then the points, which nbgrader reads."""
    lines = [f"{mark.points:g} of {mark.out_of:g}  {mark.message}\n" for mark in marks]
    points = f"{sum(mark.points for mark in marks):g}"
    return [
        new_output("stream", name="stdout", text="".join(lines)),
        new_output("execute_result", {"text/plain": points}, execution_count=None),
    ]


def _not_read(release: NotebookNode, student: str, reason: str) -> tuple[NotebookNode, Row]:
    """Return the release with no points and the reason, for what is no notebook."""
    notebook = rebuild(release, [])
    for cell in _code_cells(notebook):
        if cell.metadata.nbgrader.grade:
            zero = Mark(0, cell.metadata.nbgrader.points, f"Nothing could be run: {reason}.")
            cell.outputs = _shown([zero])
    row = Row(student, "not read", reason, {question.id: 0 for question in QUESTIONS})
    return notebook, row


# What is kept between two calls.


def _content(course: Course, student: str) -> bytes | SubmissionError:
    """Return the file that a student handed in, or why there is none."""
    path = course.path("submitted", student)
    notebooks = sorted(path.parent.glob("*.ipynb"))
    if not path.exists() and len(notebooks) == 1:
        path = notebooks[0]  # renamed, as browsers do: mnist_mlp (1).ipynb
    if path.resolve() != course.root.resolve() / path.relative_to(course.root):
        return SubmissionError(f"{path.name} is a link to another file")
    if not path.is_file():
        found = ", ".join(sorted(p.name for p in path.parent.iterdir())[:5])
        if not found:
            return SubmissionError("no notebook was handed in")
        found = os.fsencode(found).decode(errors="replace")  # a name need not be text
        return SubmissionError(f"there is no {path.name}, only {found}")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _version(release: NotebookNode, secret: bytes) -> bytes:
    """Return what changes whenever marks could: the checks, the notebook, the secret."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    parts = [path.read_bytes() for path in code] + [nbformat.writes(release).encode(), secret]
    return b"".join(hashlib.sha256(part).digest() for part in parts)


def _key(content: bytes | SubmissionError, version: bytes) -> str:
    content = content if isinstance(content, bytes) else str(content).encode()
    return hashlib.sha256(version + content).hexdigest()


def _result_path(course: Course, student: str) -> Path:
    return course.root / "results" / course.assignment / f"{student}.json"


def _load(course: Course, student: str, key: str | None = None) -> dict | None:
    """Return what is kept of a submission, if it is this one."""
    try:
        kept = json.loads(_result_path(course, student).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return kept if key in (None, kept["key"]) else None


def _store(course: Course, student: str, notebook: NotebookNode, row: Row, key: str) -> None:
    """Keep the marked notebook, and then the result, each whole or not at all."""
    checked = course.path("checked", student)
    _write(checked, nbformat.writes(notebook))
    for name in EXCHANGE_FILES:
        path = course.path("submitted", student).with_name(name)
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1000:
            shutil.copy(path, checked.with_name(name))
    kept = {"key": key, "row": asdict(row), "recorded": False}
    _write(_result_path(course, student), json.dumps(kept))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def _record(course: Course, student: str) -> Row:
    """Put the marks into nbgrader's gradebook, unless they are there."""
    kept = _load(course, student)
    row = Row(**kept["row"])
    # nbgrader removes its own copy when someone presses Autograde in the formgrader.
    if kept["recorded"] and course.path("autograded", student).exists():
        return row
    try:
        course.nbgrader("autograde", student, submitted_directory="checked")
    except CourseError as error:
        # The log says why in the line of the first exception, in the middle of much else.
        lines = str(error).strip().splitlines()
        causes = [line.strip() for line in lines if re.match(r"\s*[\w.]+(Error|Exception): ", line)]
        return Row(student, "not recorded", [*causes, lines[-1]][0], row.points)
    _write(_result_path(course, student), json.dumps(kept | {"recorded": True}))
    return row


def table_path(course: Course) -> Path:
    """Path of the table of marks."""
    return course.root / f"marks_{course.assignment}.csv"


def write_table(course: Course, rows: list[Row]) -> None:
    """Write one line for each submission: automatic points, in all and for each question."""
    names = [question.id for question in QUESTIONS]
    path = table_path(course)
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "status", "points", *names, "reason"])
        for row in rows:
            points = [f"{row.points[name]:g}" for name in names]
            total = f"{sum(row.points.values()):g}"
            writer.writerow([row.student, row.status, total, *points, _in_a_table(row.reason)])
    os.replace(new, path)


def _in_a_table(reason: str) -> str:
    """Return what a spreadsheet takes for one line of text: a student may have written it."""
    text = "".join(letter if letter.isprintable() else " " for letter in reason)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
