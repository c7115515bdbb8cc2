"""The notebooks of the homework, all made from the one master.

    python -m homework.notebooks     write the students' notebooks into book/homework

Each comes for "mnist" and for "digits", which differ in one variable. The same master gives the
same bytes, so that a difference between two notebooks is a difference in their text.
"""

import copy
import functools
import hashlib
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions, ComputeChecksums, LockCells

ROOT = Path(__file__).resolve().parents[1]
MASTER = ROOT / "homework" / "master" / "mnist_mlp.md"
RELEASED = {name: ROOT / "book" / "homework" / f"{name}_mlp.ipynb" for name in ("mnist", "digits")}

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
DATASET = 'DATASET = "{}"'  # the cell that says which data set
DELIMITERS = ("### BEGIN SOLUTION", "### END SOLUTION")


@functools.cache
def _master() -> NotebookNode:
    return jupytext.read(MASTER)


def source_notebook(dataset: str) -> NotebookNode:
    """Return the teacher's notebook, with solutions: what nbgrader calls the source.

    Raises
    ------
    ValueError
        For another data set than "mnist" and "digits".
    """
    if dataset not in RELEASED:
        raise ValueError(f"the data set is {dataset!r}, expected one of {list(RELEASED)}")
    notebook = copy.deepcopy(_master())
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key == "nbgrader"}
        )
        if cell.source == DATASET.format("mnist"):
            cell.source = DATASET.format(dataset)
    _number(notebook)
    return notebook


def release_notebook(dataset: str) -> NotebookNode:
    """Return the student's notebook: no solutions, cells locked, nothing executed."""
    notebook = source_notebook(dataset)
    for preprocessor in (ClearSolutions(), LockCells(), ComputeChecksums()):
        notebook, _ = preprocessor.preprocess(notebook, {})
    _number(notebook)
    return notebook


def solution_notebook(dataset: str) -> NotebookNode:
    """Return the student's notebook with the reference answers filled in."""
    notebook = release_notebook(dataset)
    for cell, source in zip(notebook.cells, source_notebook(dataset).cells, strict=True):
        lines = source.source.splitlines()
        cell.source = "\n".join(line for line in lines if line.strip() not in DELIMITERS)
    return notebook


def stored_text(notebook: NotebookNode) -> str:
    """Text of the notebook's file: same notebook, same bytes."""
    return nbformat.writes(notebook, ensure_ascii=False).rstrip("\n") + "\n"


def _number(notebook: NotebookNode) -> None:
    """Give each cell an id that comes from its content."""
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha1(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


if __name__ == "__main__":
    for name, path in RELEASED.items():
        path.write_text(stored_text(release_notebook(name)), encoding="utf-8", newline="\n")
        print(f"wrote {path.relative_to(ROOT)}")
