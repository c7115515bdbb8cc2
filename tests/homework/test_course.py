"""The course's folder: what is handed out, taken in, returned and published."""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: make homework-test")

from homework import collect, course, sandbox  # noqa: E402
from homework import grade as grading  # noqa: E402
from homework.__main__ import main  # noqa: E402
from homework.course import Course, CourseError  # noqa: E402
from homework.grade import grade  # noqa: E402
from homework.notebooks import stored_text  # noqa: E402
from mlp_lib.data import DataNotFoundError  # noqa: E402


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Return a course on the digits, just released."""
    place = Course(tmp_path_factory.mktemp("release") / "a course", "digits")
    course.release(place)
    return place


@pytest.fixture
def place(released, tmp_path):
    """Return a copy of it, to be changed."""
    shutil.copytree(released.root, tmp_path / released.root.name)
    return Course(tmp_path / released.root.name, "digits")


@pytest.fixture
def release(place):
    return place.path("release").read_bytes()


def test_release_makes_the_folder(place):
    assert nbformat.read(place.path("release"), as_version=4).cells
    assert len(place.secret()) == 32
    assert stat.S_IMODE((place.root / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.root.stat().st_mode) == 0o700


def test_a_second_release_keeps_the_secret_and_the_configuration(place):
    secret, config = place.secret(), place.root / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.Exchange.root = 'there'\n")
    before = config.read_text()
    course.release(place)
    assert place.secret() == secret
    assert config.read_text() == before


def test_release_has_no_solution_and_is_the_books_notebook(place, release):
    text = release.decode()
    assert "BEGIN SOLUTION" not in text and "HIDDEN" not in text
    ours = nbformat.reads(text, as_version=4)
    with open(f"book/homework/{place.assignment}.ipynb", encoding="utf-8") as file:
        book = nbformat.read(file, as_version=4)
    assert [cell.source for cell in ours.cells] == [cell.source for cell in book.cells]


def test_a_folder_that_is_no_course(tmp_path):
    with pytest.raises(CourseError, match="homework-release"):
        Course(tmp_path, "digits").secret()


# Collecting.


@pytest.fixture
def download(tmp_path, release):
    """Return a folder with one file for each way in which systems name them."""
    folder = tmp_path / "download"
    names = ["ada/digits_mlp.ipynb", "bob_123_digits_mlp.ipynb", "eve.ipynb"]
    names += ["Ida Noether_7_assignsubmission_file_/digits_mlp (1).ipynb", "井上/digits_mlp.ipynb"]
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(release)
    (folder / "max").mkdir()
    (folder / "max" / "report.pdf").write_bytes(b"%PDF")
    (folder / ".DS_Store").write_bytes(b"")
    return folder


STUDENTS = ["Ida-Noether", "ada", "bob", "eve", "max", "井上"]


def test_collect_from_a_folder(place, download, release):
    assert collect.from_folder(place, download) == {"new": 5, "none": 1}
    assert place.submissions() == STUDENTS
    assert place.path("submitted", "ada").read_bytes() == release


def test_collect_from_a_zip_file(place, download, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in download.rglob("*"):
            archive.write(path, path.relative_to(download))
    assert collect.from_folder(place, tmp_path / "all.zip") == {"new": 5, "none": 1}
    assert place.submissions() == STUDENTS


def test_collect_again_takes_the_new_version(place, download):
    collect.from_folder(place, download)
    (download / "ada" / "digits_mlp.ipynb").write_bytes(b"better")
    counts = collect.from_folder(place, download)
    assert counts == {"changed": 1, "unchanged": 4, "none": 1}
    assert place.path("submitted", "ada").read_bytes() == b"better"


def test_collect_nothing_is_an_error(place, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="Nothing was found"):
        collect.from_folder(place, tmp_path / "empty")
    with pytest.raises(CourseError, match="neither a folder nor a zip"):
        collect.from_folder(place, tmp_path / "missing")
    with pytest.raises(CourseError, match="homework-collect"):
        grade(place, iter)


def test_collect_does_not_guess_between_two_people_of_one_name(place, tmp_path, release):
    for number in (1, 2):
        (tmp_path / "two" / f"Li Wei_{number}").mkdir(parents=True)
        (tmp_path / "two" / f"Li Wei_{number}" / "digits_mlp.ipynb").write_bytes(release)
    with pytest.raises(CourseError, match="Li-Wei.*PATTERN"):
        collect.from_folder(place, tmp_path / "two")
    assert place.submissions() == []
    collect.from_folder(place, tmp_path / "two", r"(?P<student>[^/]+)/.*")
    assert place.submissions() == ["Li-Wei_1", "Li-Wei_2"]


def test_collect_names_what_belongs_to_no_one(place, download, release):
    (download / "_.ipynb").write_bytes(release)
    with pytest.raises(CourseError, match=r"5 were|6 were"):
        collect.from_folder(place, download)
    assert place.submissions() == STUDENTS


def test_collect_follows_no_link_and_leaves_no_folder(place, download, tmp_path):
    (tmp_path / "private.ipynb").write_text("private")
    (download / "mallory").mkdir()
    (download / "mallory" / "digits_mlp.ipynb").symlink_to(tmp_path / "private.ipynb")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("../../up/digits_mlp.ipynb", "up")
        archive.writestr("ada/../../digits_mlp.ipynb", "up")
    before = {path for path in tmp_path.rglob("*")}
    collect.from_folder(place, download)
    assert "mallory" not in place.submissions()
    try:
        collect.from_folder(place, tmp_path / "all.zip")
    except CourseError as error:
        assert "not clear who" in str(error)
    new = {path for path in tmp_path.rglob("*")} - before
    assert all(path.is_relative_to(place.root / "submitted") for path in new)


def test_collect_from_the_exchange(place, tmp_path, monkeypatch):
    """One person plays both parts; with two users it was tried by hand (homework/README.md)."""
    exchange, student = tmp_path / "exchange", tmp_path / "student"
    exchange.mkdir()
    exchange.chmod(0o777)
    student.mkdir()
    setting = f"c = get_config()\nc.Exchange.root = {str(exchange)!r}\n"
    config = place.root / "nbgrader_config.py"
    config.write_text(config.read_text() + setting)
    (student / "nbgrader_config.py").write_text(
        setting + f"c.CourseDirectory.course_id = {place.root.name!r}\n"
    )

    def nbgrader(step, folder):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", step, place.assignment],
            cwd=folder,
            check=True,
            capture_output=True,
        )

    nbgrader("release_assignment", place.root)
    with pytest.raises(CourseError, match="Nobody has submitted"):
        collect.from_exchange(place)
    nbgrader("fetch_assignment", student)
    nbgrader("submit", student)
    assert collect.from_exchange(place)["new"] == 1
    assert len(place.submissions()) == 1


# Returning.


def test_nothing_to_return_is_an_error(place):
    with pytest.raises(CourseError, match="homework-grade"):
        course.feedback(place, iter)


def test_solution_is_executed(place, tmp_path, monkeypatch):
    monkeypatch.setitem(course.RELEASED, "digits", tmp_path / "digits_mlp.ipynb")
    path = course.solution(place)
    assert path.name == "digits_mlp_solution.ipynb"  # as _toc.yml names it
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].source.startswith("# Solution of the homework")
    assert "BEGIN SOLUTION" not in stored_text(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            assert not [output for output in cell.outputs if output.output_type == "error"]
    assert [p.name for p in tmp_path.glob("*.ipynb")] == [path.name]


def test_commands_say_what_is_wrong(tmp_path):
    command = [sys.executable, "-m", "homework", "grade", "--course", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "homework-release" in done.stderr and "Traceback" not in done.stderr
    assert json.dumps(os.listdir(tmp_path)) == "[]"


def test_grading_without_mnist_says_so(tmp_path, monkeypatch):
    place = Course(tmp_path / "course", "mnist")
    course.release(place)
    handed = place.path("submitted", "ada")
    handed.parent.mkdir(parents=True)
    handed.write_text("{}")

    def missing():
        raise DataNotFoundError("MNIST cannot be loaded: there is none.")

    monkeypatch.setattr(grading, "load_mnist", missing)
    monkeypatch.setattr(sandbox, "check", lambda *hidden: None)
    with pytest.raises(SystemExit, match="homework: MNIST cannot be loaded"):
        main(["grade", "--course", str(place.root)])


def test_grading_without_the_containers_engine_says_so(place, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit, match="there is no podman"):
        main(["grade", "--course", str(place.root), "--sandbox", "podman"])
