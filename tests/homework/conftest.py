"""The reference answers, and a student's own data set, made without nbgrader or jupytext."""

import copy
import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import yaml

from homework.challenge import own_data, student_rng
from homework.questions import QUESTIONS, Failure
from mlp_lib.data import load_digits
from tests.homework.watching import no_traces

MASTER = Path(__file__).parents[2] / "homework" / "master" / "mnist_mlp.md"
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n---\n(.*?)^---\n(.*?)^```", re.MULTILINE | re.DOTALL)


def master_cells():
    """Return nbgrader's metadata and the source of each of the teacher's code cells."""
    found = CELL.findall(MASTER.read_text(encoding="utf-8"))
    return [(yaml.safe_load(head)["nbgrader"], source) for head, source in found]


def fetch(question, namespace, own):
    """Evaluate a question's expressions as the grader does, but here."""
    given = question.given(student_rng(b"secret", "ada", question.id), own)
    answers = {}
    for name, expression in question.expressions.items():
        namespace["given"] = copy.deepcopy(given)
        try:
            with warnings.catch_warnings(action="ignore"):
                answers[name] = np.asarray(eval(expression, namespace))
        except Exception as error:
            answers[name] = Failure(f"{type(error).__name__}: {error}")
    return given, answers


class Reference:
    """The reference on one data set: where it stands after each question, and its answers."""

    def __init__(self, own):
        self.own, self.after, self.fetched = own, {}, {}
        questions = {question.id: question for question in QUESTIONS}
        namespace = {"data": own.visible}
        for meta, source in master_cells():
            if meta["grade_id"] != "data":
                exec(source, namespace)
            if meta["grade_id"] in questions:
                question = questions[meta["grade_id"]]
                self.after[question.id] = {
                    name: value for name, value in namespace.items() if name != "__builtins__"
                }
                self.fetched[question.id] = fetch(question, namespace, own)

    def marks(self, question, **changed):
        """Marks of the reference's answers to a question, some of them changed."""
        given, answers = self.fetched[question.id]
        return question.mark(copy.deepcopy(given), answers | changed, self.own)

    def marks_with(self, question, code):
        """Marks of the reference after a student's code was run on top of it."""
        after = self.after[question.id]
        data = {k: v for k, v in after.items() if isinstance(v, list | dict | np.ndarray)}
        namespace = after | copy.deepcopy(data)
        exec(code, namespace)
        given, answers = fetch(question, namespace, self.own)
        return question.mark(given, answers, self.own)


@pytest.fixture(scope="session")
def reference():
    """Return the reference on a data set made from the small digits."""
    own = own_data(load_digits(), student_rng(b"secret", "ada", "data"))
    with no_traces():
        return Reference(own)


@pytest.fixture(scope="session")
def points_in_master():
    """Return the points that the master gives to each question."""
    return {meta["grade_id"]: meta["points"] for meta, _ in master_cells() if meta["grade"]}


@pytest.fixture(scope="session")
def new_course(tmp_path_factory):
    """Return a function that makes a course on the digits in a folder.

    nbgrader takes seconds to make a course's database, so it is made once, and copied.
    """
    from homework import course

    template = tmp_path_factory.mktemp("course") / "course"
    course.release(course.Course(template, "digits"))

    def new(root):
        shutil.copytree(template, root)
        return course.Course(root, "digits")

    return new
