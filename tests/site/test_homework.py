"""The homework in the built site: no answer is published, in any form of the page."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

MASTER = Path(__file__).parents[2] / "homework" / "master" / "mnist_mlp.md"
PLACES = ("book/homework/*.html", "_sources/book/homework/*", "_downloads/*/*_mlp.ipynb")


def lines_of(path):
    """Lines of a file as a reader sees them."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
    if path.suffix == ".html":
        text = BeautifulSoup(text, "html.parser").get_text()
    return {line.strip() for line in text.splitlines()}


@pytest.mark.parametrize("place", PLACES)
def test_no_answer_is_published(site, place):
    master = MASTER.read_text(encoding="utf-8")
    regions = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", master, re.DOTALL)
    answers = {line.strip() for line in "".join(regions).splitlines() if len(line.strip()) > 3}
    assert len(answers) > 50

    files = [path for path in site.glob(place) if "_solution" not in path.name]
    assert len(files) == 2
    for path in files:
        lines = lines_of(path)
        assert "raise NotImplementedError()" in lines or "index" in path.name
        assert answers & lines == set()
        assert not any("BEGIN SOLUTION" in line for line in lines)


def test_search_does_not_know_the_master(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "book/homework/mnist_mlp" in index
    assert "homework/master" not in index and "mnist_mlp.md" not in index
