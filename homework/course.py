"""A course's folder: what nbgrader keeps in it, and the steps that nbgrader does by itself.

The folder:

    nbgrader_config.py                       written by `release`
    secret                                   for the students' own data sets; only the teacher's
    source/ASSIGNMENT/ASSIGNMENT.ipynb       with solutions
    release/ASSIGNMENT/ASSIGNMENT.ipynb      what students get
    submitted/STUDENT/ASSIGNMENT/…           what they handed in, as it came
    checked/STUDENT/ASSIGNMENT/…             that, with marks (homework.grade)
    autograded/, feedback/, gradebook.db     nbgrader's
"""

import os
import re
import secrets
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from homework.notebooks import RELEASED, solution_notebook, source_notebook, stored_text

# nbgrader starts `alembic` by its name, which is beside the interpreter.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

CONFIG = """\
# Written by `make homework-release`; what you add here is kept.
from pathlib import Path

c = get_config()
root = Path(__file__).resolve().parent
c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = {course_id!r}

# No student's code runs outside of the sandbox: nbgrader only records what `make homework-grade`
# has marked and signed, and refuses everything else.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "homework.signature.OnlySigned",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.OnlySigned.secret = str(root / "secret")
"""

PAGE_HEAD = """\
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
#toc ol { list-style: none; padding-left: 1em; }
.output_png img { max-width: 100%; height: auto; }
.input_area pre, .output_area pre, .text_cell_render { overflow-x: auto; }
@media (max-width: 600px) {
  .container, .panel-body, #notebook-container { padding-left: 4px; padding-right: 4px; }
  h1 { font-size: 24px; }
}
</style>
"""


class CourseError(RuntimeError):
    """A step cannot be done; the message says what to do."""


@dataclass(frozen=True)
class Course:
    """The folder of one course, and one of the two assignments.

    Attributes
    ----------
    root : Path
        The folder; `release` makes it.
    dataset : str
        "mnist" or "digits".
    """

    root: Path
    dataset: str

    @property
    def assignment(self) -> str:
        """The assignment's name, which is that of its notebook too."""
        return f"{self.dataset}_mlp"

    def path(self, step: str, student: str = ".") -> Path:
        """Path of the notebook in one of nbgrader's folders."""
        return self.root / step / student / self.assignment / f"{self.assignment}.ipynb"

    def secret(self) -> bytes:
        """What makes the students' data sets unpredictable, and signs their marks."""
        return self._existing(self.root / "secret").read_bytes()

    def released(self) -> NotebookNode:
        """The notebook that the students got."""
        return nbformat.read(self._existing(self.path("release")), as_version=4)

    def _existing(self, path: Path) -> Path:
        if not path.is_file():
            raise CourseError(f"There is no {path}. Run `make homework-release` first.")
        return path

    def submissions(self) -> list[str]:
        """Names of the students who handed in, in order."""
        folders = (self.root / "submitted").glob(f"*/{self.assignment}")
        return sorted(folder.parent.name for folder in folders if folder.is_dir())

    def nbgrader(self, step: str, *args, **config) -> None:
        """Do one of nbgrader's steps: a method of its API.

        Raises
        ------
        CourseError
            With nbgrader's own messages, if it did not succeed.
        """
        api = NbGraderAPI(config=self.config(**config))
        with warnings.catch_warnings():
            # How nbgrader uses its database; it says nothing about the marks.
            warnings.filterwarnings("ignore", message="Object of type .* not in session")
            outcome = getattr(api, step)(self.assignment, *args)
        if not outcome["success"]:
            raise CourseError(f"nbgrader: {step} failed.\n{outcome.get('log') or outcome['error']}")

    def config(self, **course_directory: str) -> Config:
        """nbgrader's configuration, with other folders for single steps."""
        self._existing(self.root / "nbgrader_config.py")
        config = PyFileConfigLoader("nbgrader_config.py", str(self.root)).load_config()
        config.CourseDirectory.update(course_directory)
        return config

    def gradebook(self) -> Gradebook:
        """nbgrader's database, to be used in a `with` statement."""
        return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}")


def release(course: Course) -> Path:
    """Write the teacher's and the students' notebook; make the course's folder if need be."""
    # Others on the same computer, students perhaps, have no business in it.
    course.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = course.root / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG.format(course_id=course.root.resolve().name), encoding="utf-8")
    secret = course.root / "secret"
    if not secret.exists():
        # Written whole or not at all, and never readable by others.
        new = course.root / ".secret.new"
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        new.rename(secret)
    source = course.path("source")
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(stored_text(source_notebook(course.dataset)), encoding="utf-8")
    course.nbgrader("generate_assignment", True, True)
    return course.path("release")


def feedback(course: Course, progress: Callable) -> int:
    """Write a page for each graded student, into the folder ``feedback``."""
    students = sorted(
        path.parent.name for path in (course.root / "autograded").glob(f"*/{course.assignment}")
    )
    if not students:
        raise CourseError("Nothing has been graded yet. Run `make homework-grade` first.")
    titles, failed = _titles(course.released()), []
    for student in progress(students, desc="pages"):
        try:
            course.nbgrader("generate_feedback", student, True)
        except CourseError as error:
            failed.append(f"{student}: {str(error).strip().splitlines()[-1]}")
            continue
        page = course.path("feedback", student).with_suffix(".html")
        page.write_text(_readable(page.read_text(encoding="utf-8"), titles), encoding="utf-8")
    if failed:  # once all others have their page
        raise CourseError("There is no page for " + "; ".join(failed))
    return len(students)


def _titles(release: NotebookNode) -> dict[str, str]:
    """Title of the question that each marked cell belongs to."""
    titles, title = {}, ""
    for cell in release.cells:
        if heading := re.match(r"## (.*?) \(", cell.source):
            title = heading[1]
        if cell.metadata.get("nbgrader", {}).get("grade"):
            titles[cell.metadata.nbgrader.grade_id] = title
    return titles


def _readable(page: str, titles: dict[str, str]) -> str:
    """Make nbgrader's page fit a telephone, and name the questions in its list of marks."""
    for name, title in titles.items():
        page = page.replace(
            f'<a href="#{name}">Test cell</a>', f'<a href="#{name}">{title}</a>', 1
        ).replace(f'<a href="#{name}">Written response</a>', f'<a href="#{name}">{title}</a>', 1)
    return page.replace("</head>", PAGE_HEAD + "</head>", 1)


def export(course: Course) -> Path:
    """Write all marks of nbgrader's gradebook, those given by hand included, as a table."""
    path = course.root / "grades.csv"
    plugin = CsvExportPlugin()
    plugin.to = str(path)
    with course.gradebook() as gradebook:
        plugin.export(gradebook)
    return path


def solution(course: Course) -> Path:
    """Write the reference solution, executed, to where the book takes it in as a page."""
    notebook = solution_notebook(course.dataset)
    title = notebook.cells[0]
    title.source = title.source.replace("# Homework", "# Solution of the homework", 1)
    NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
    path = RELEASED[course.dataset].with_stem(f"{course.assignment}_solution")
    new = path.with_suffix(".new")
    new.write_text(stored_text(notebook), encoding="utf-8")
    new.rename(path)
    return path
