"""The chapters as they are opened elsewhere: copies with what the reader needs to know there.

    python -m tools.launch     write those for Google Colab into _build/colab

`make lite` takes those for the browser; the workflow that publishes the book puts those for Colab
on the branch `colab`, where the pages' buttons look for them.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.notebooks import ROOT, book_notebooks

WELCOME = """\
:::{note} In your browser
Python runs inside this browser. The first cell that imports something loads NumPy and the other
packages, which takes a while. What you change is kept in this browser: *File*, *Download* gives you
a copy.
"""
# What a chapter cannot do in a browser, by the tag of the cells or by what the notebook requires.
LIMITS = {
    "needs-torch": "There is no PyTorch here: the cells that use it end with an error.",
    "needs-processes": "There is one process only, and no Dask: the cells that start more end with "
    "an error.",
    "mnist": "MNIST cannot be downloaded from here: the cells run on the small digits that come "
    "with scikit-learn, while the text and the stored outputs are about MNIST.",
}
ON_DIGITS = "# Only in the browser, where MNIST cannot be had.\n%env MLP_DATASET=digits"
ON_COLAB = """\
# Only on Colab: the book's files, and its package.
!git clone --quiet --depth 1 {repository} /content/book-files
%pip install --quiet /content/book-files
%cd /content/book-files/book"""


def for_browser(notebook: NotebookNode) -> None:
    """Say in the notebook what is different in a browser, and let it run to its end there."""
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    limits = [name for name in LIMITS if name in {*tags, notebook.metadata.get("requires")}]
    for cell in notebook.cells:
        if not set(limits).isdisjoint(cell.metadata.get("tags", [])):
            # *Run all* goes on after it
            cell.metadata.tags = sorted({*cell.metadata.tags, "raises-exception"})
    items = "".join(f"- {LIMITS[name]}\n" for name in limits)
    note = WELCOME + ("\nSome things do not work here:\n\n" + items if limits else "") + ":::"
    notebook.cells.insert(1, new_markdown_cell(note, id="in-browser"))
    if "mnist" in limits:
        notebook.cells.insert(2, new_code_cell(ON_DIGITS, id="on-digits"))


def for_colab(notebook: NotebookNode) -> None:
    """Let the notebook fetch the book and install `mlp_lib` first."""
    cell = new_code_cell(ON_COLAB.format(repository=repository()), id="on-colab")
    notebook.cells.insert(1, cell)


def repository() -> str:
    """Return the repository's public address, or nothing if _config.yml does not say it."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return config["sphinx"]["config"]["launch_repository"]


def write_copies(folder: Path, change: Callable[[NotebookNode], None]) -> None:
    """Write a copy of every chapter into `folder`, changed."""
    folder.mkdir(parents=True)
    for path in book_notebooks():
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        nbformat.write(notebook, folder / path.name)


if __name__ == "__main__":
    if not repository():
        sys.exit("launch: _config.yml does not say where the repository is (launch_repository)")
    write_copies(ROOT / "_build" / "colab" / "book", for_colab)
