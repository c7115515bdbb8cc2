"""Bring what was handed in into the course's folder, from a download or nbgrader's exchange."""

import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from homework.course import Course, CourseError
from homework.submission import MAX_BYTES

# What the systems in use make of a download: alice/mnist_mlp.ipynb, alice.ipynb,
# alice_1234_mnist_mlp.ipynb, "Alice Smith_1234_assignsubmission_file/mnist_mlp.ipynb".
PATTERN = r"(?P<student>[^/_.][^/_]*?)(_[^/]*)?(/.*|\.[^/.]*)"


def from_folder(course: Course, source: Path, pattern: str = PATTERN) -> Counter:
    """Copy notebooks out of a folder or a zip file, one folder for each student.

    A student who handed in something, but no notebook, gets an empty folder, and so a line in the
    table of marks. What was collected before is replaced.

    Parameters
    ----------
    course : Course
        Where to.
    source : Path
        A folder, or a zip file, as a learning management system makes them.
    pattern : str
        Regular expression for a whole path in it, with a group ``student``.

    Returns
    -------
    Counter
        How many notebooks are "new", "changed", "unchanged", and how many students have "none".

    Raises
    ------
    CourseError
        If nothing was found, or a file belongs to no one.
    """
    students, owners, strays = defaultdict(dict), defaultdict(set), []
    for name, content in _files(source):
        match = re.fullmatch(pattern, name)
        student = re.sub(r"[^\w.@-]+", "-", match["student"]).strip(".-") if match else ""
        if student:
            owners[student].add(name.partition("/")[0])
            students[student] |= {PurePosixPath(name).name: content} if content else {}
        elif content:
            strays.append(name)
    for student, names in owners.items():
        if len(names) > 1:
            raise CourseError(
                f"Nothing was collected: {' and '.join(sorted(names)[:2])} would both be of "
                f"{student}. Say how the names are built: PATTERN='(?P<student>…)…'."
            )
    if not students:
        raise CourseError(f"Nothing was found in {source}: expected student/…, or student_….ipynb.")
    counts: Counter = Counter()
    for student, notebooks in students.items():
        folder = course.path("submitted", student).parent
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.ipynb"):
            if path.name not in notebooks:
                path.unlink()
        for name, content in notebooks.items():
            path = folder / name
            before = path.read_bytes() if path.is_file() else None
            counts[
                "new" if before is None else "unchanged" if before == content else "changed"
            ] += 1
            path.write_bytes(content)
        if not notebooks:
            counts["none"] += 1
    if strays:
        raise CourseError(
            f"{sum(counts.values())} were collected, but it is not clear who handed in "
            f"{', '.join(strays[:5])}. Say how the names are built: PATTERN='(?P<student>…)…'."
        )
    return counts


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Give each file's path and, for a notebook, its content; never more than what is graded."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file() and not path.is_symlink():
                is_notebook = path.suffix == ".ipynb"
                with path.open("rb") as file:
                    content = file.read(MAX_BYTES + 1) if is_notebook else b""
                yield path.relative_to(source).as_posix(), content
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    is_notebook = entry.filename.endswith(".ipynb")
                    with archive.open(entry) as file:
                        content = file.read(MAX_BYTES + 1) if is_notebook else b""
                    yield entry.filename, content
    else:
        raise CourseError(f"{source} is neither a folder nor a zip file.")


def from_exchange(course: Course) -> Counter:
    """Collect from nbgrader's exchange, as on a JupyterHub.

    Raises
    ------
    CourseError
        If nobody has handed in anything.
    """
    before = set(course.submissions())
    try:
        course.nbgrader("collect")
    except CourseError as error:
        raise CourseError(
            f"{error}\nTo collect from a download instead: FROM=folder or zip."
        ) from None
    after = set(course.submissions())
    if not after:
        raise CourseError(f"Nobody has submitted {course.assignment} to the exchange.")
    return Counter({"new": len(after - before), "there before": len(before)})
