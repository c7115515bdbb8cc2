"""The teacher's commands, which `make` calls; README.md is the guide.

Each is a word after ``python -m homework``: release, collect, grade, feedback, export, solution.
"""

import argparse
import shutil
import sys
from collections import Counter
from pathlib import Path

from joblib import parallel_config
from tqdm import tqdm

from homework import collect, course, grade, sandbox
from homework.course import Course, CourseError
from mlp_lib.data import DataNotFoundError

RISK = """\
WITHOUT A SANDBOX: the submissions run as you, on this computer. Each of them can read and delete
your files, other submissions and the course's secret, use the network, and go on running. With
the secret they can forge any mark."""
SANDBOX = "grade: what encloses each submission"
FROM = "collect: a folder or zip file; without it, from nbgrader's exchange"


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m homework", description="Teacher's commands.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--course", type=Path, default=Path("course"), metavar="DIR")
    parser.add_argument("--dataset", choices=("mnist", "digits"), default="mnist")
    parser.add_argument("--jobs", type=int, default=1, help="grade: so many at the same time")
    parser.add_argument("--dask", metavar="ADDRESS", help="grade: on the cluster of this scheduler")
    parser.add_argument(
        "--sandbox",
        choices=sandbox.KINDS,
        default="bubblewrap",
        help="grade: what encloses each run",
    )
    parser.add_argument("--from", dest="source", type=Path, metavar="PATH", help=FROM)
    parser.add_argument("--pattern", default=collect.PATTERN, help="collect: who handed in a file")
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command](Course(options.course, options.dataset), options)
    except (CourseError, sandbox.SandboxError, DataNotFoundError) as error:
        sys.exit(f"homework: {error}")
    except KeyboardInterrupt:
        sys.exit(
            "homework: interrupted. What was done is kept; the same command goes on from there."
        )


def _grade(place: Course, options: argparse.Namespace) -> None:
    secret = place.root / "secret"
    place.secret()
    if options.sandbox == "none":
        print(RISK, file=sys.stderr)
    elif options.sandbox == "bubblewrap":
        sandbox.check(secret)
    elif shutil.which(options.sandbox) is None:
        raise sandbox.SandboxError(f"there is no {options.sandbox} on this computer.")
    if options.dask:
        from distributed import Client

        client = Client(options.dask)
        if options.sandbox == "bubblewrap":
            client.run(sandbox.check)
        where = parallel_config("dask")  # all its workers
    else:
        where = parallel_config(n_jobs=options.jobs)
    with where:
        rows = grade.grade(place, tqdm, sandbox=options.sandbox)
    counts = Counter(row.status for row in rows)
    print(", ".join(f"{count} {status}" for status, count in counts.items()))
    print(f"The marks: {grade.table_path(place)}")


def _collect(place: Course, options: argparse.Namespace) -> None:
    if options.source is None:
        counts = collect.from_exchange(place)
    else:
        counts = collect.from_folder(place, options.source, options.pattern)
    print("Collected: " + ", ".join(f"{count} {what}" for what, count in counts.items()))


def _feedback(place: Course, options: argparse.Namespace) -> None:
    count = course.feedback(place, tqdm)
    print(f"{count} pages in {place.root / 'feedback'}")


COMMANDS = {
    "release": lambda place, options: print(f"For the students: {course.release(place)}"),
    "collect": _collect,
    "grade": _grade,
    "feedback": _feedback,
    "export": lambda place, options: print(f"The table: {course.export(place)}"),
    "solution": lambda place, options: print(f"Executed: {course.solution(place)}"),
}

if __name__ == "__main__":
    main()
