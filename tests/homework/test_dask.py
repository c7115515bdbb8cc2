"""A cluster gives the same marks as this computer."""

import shutil

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: make homework-test")
if shutil.which("bwrap") is None:
    pytest.skip("bubblewrap is not installed", allow_module_level=True)

from distributed import Client, LocalCluster  # noqa: E402
from joblib import parallel_config  # noqa: E402

from homework import sandbox  # noqa: E402
from homework.grade import grade, table_path  # noqa: E402
from homework.notebooks import release_notebook, solution_notebook, stored_text  # noqa: E402


@pytest.fixture
def place(new_course, tmp_path):
    """Return a course with a solved, an untouched and a broken submission."""
    place = new_course(tmp_path / "course")
    files = {
        "ada": stored_text(solution_notebook("digits")),
        "bob": stored_text(release_notebook("digits")),
        "eve": "{",
    }
    for student, text in files.items():
        path = place.path("submitted", student)
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return place


def test_a_cluster_gives_the_same_table(place):
    with parallel_config(n_jobs=1):
        grade(place, lambda results, **kwargs: results)
    here = table_path(place).read_bytes()
    shutil.rmtree(place.root / "results")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client, parallel_config("dask"):
            client.run(sandbox.check)
            grade(place, lambda results, **kwargs: results)
    assert table_path(place).read_bytes() == here
    assert b"ada,graded,30," in here and b"bob,graded,0," in here and b"eve,not read,0," in here
