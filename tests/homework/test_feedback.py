"""What the teacher does with the marks in nbgrader, and what students get back."""

import base64
import re
import shutil

import pytest
from nbformat.v4 import new_output

pytest.importorskip("nbgrader", reason="nbgrader is not installed: make homework-test")

from homework import course  # noqa: E402
from homework.grade import grade  # noqa: E402
from homework.notebooks import release_notebook, stored_text  # noqa: E402
from homework.submission import read, rebuild  # noqa: E402

PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1400).to_bytes(4) + (500).to_bytes(4)
).decode()


def no_bar(iterable, **options):
    """Stand in for tqdm."""
    return iterable


@pytest.fixture
def place(new_course, tmp_path):
    """Return a course with one submission that cannot be read, so nothing has to run."""
    place = new_course(tmp_path / "course")
    path = place.path("submitted", "ada")
    path.parent.mkdir(parents=True)
    path.write_text("broken")
    grade(place, no_bar)
    return place


def mark_by_hand(place):
    with place.gradebook() as gradebook:
        report = gradebook.find_grade("report", place.assignment, place.assignment, "ada")
        report.manual_score = 7.5
        gradebook.db.commit()


def score(place):
    with place.gradebook() as gradebook:
        return gradebook.find_submission(place.assignment, "ada").score


def test_points_given_by_hand_survive_another_grading(place):
    mark_by_hand(place)
    assert score(place) == 7.5
    place.path("submitted", "ada").write_text("broken in another way")
    grade(place, no_bar)
    assert score(place) == 7.5
    assert ",7.5," in course.export(place).read_text()


def test_marks_come_back_after_nbgraders_autograde(place):
    mark_by_hand(place)
    shutil.rmtree(place.path("autograded", "ada").parent)  # which is what the button does
    grade(place, no_bar)
    assert place.path("autograded", "ada").exists()
    assert score(place) == 7.5


def test_feedback_names_the_questions(place):
    assert course.feedback(place, no_bar) == 1
    page = place.path("feedback", "ada").with_suffix(".html").read_text(encoding="utf-8")
    listed = re.findall(r'<li><a href="#(\w+)">(.*?)</a>', page)
    assert dict(listed)["softmax"] == "2. Softmax for large logits"
    assert dict(listed)["report"] == "9. Report"
    assert "Test cell" not in page
    assert 'name="viewport"' in page


@pytest.fixture
def rebuilt():
    """Return a function that gives the notebook as it is shown, after a change of a cell."""

    def rebuilt(change):
        handed = release_notebook("digits")
        change(handed.cells)
        return rebuild(release_notebook("digits"), read(stored_text(handed).encode())).cells

    return rebuilt


def test_text_of_the_release_is_shown_as_it_is(rebuilt):
    shown = rebuilt(lambda cells: None)
    assert [cell.source for cell in shown] == [c.source for c in release_notebook("digits").cells]


def test_formulas_of_a_student_keep_their_alignment(rebuilt):
    def write(cells):
        cells[-1].source = (
            "$$\\begin{aligned} a &= b \\\\ & + c \\end{aligned}$$ <b onclick=f()>x</b>"
            '<a href="javascript&amp;colon;f()">y</a>'
        )

    report = rebuilt(write)[-1].source
    assert "a &= b" in report and "& + c" in report
    assert "onclick" not in report and "javascript&colon;" not in report


def test_a_wide_picture_fits_the_page(rebuilt):
    def show(cells):
        cell = next(c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == "sizes")
        cell.outputs = [new_output("display_data", {"image/png": PNG})]

    pictures = [o for cell in rebuilt(show) for o in cell.get("outputs", []) if "image" in str(o)]
    assert [p.metadata["image/png"]["width"] for p in pictures] == [720]
    assert pictures[0].metadata["image/png"]["alt"]
