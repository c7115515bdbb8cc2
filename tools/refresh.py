"""Execute notebooks and store their outputs: the one way in which outputs are written.

    python -m tools.refresh                              every notebook of the book
    python -m tools.refresh book/05_forward_pass.ipynb   these

A notebook is executed from a fresh kernel in its own folder, brought to its one stored form
(`tools.notebooks.stored_text`) and written only if all its cells ran. A second run gives the same
bytes.
"""

import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools.notebooks import (
    CELL_TIMEOUT,
    ROOT,
    book_notebooks,
    data_missing,
    needs_torch,
    pin_environment,
    stored_text,
    torch_missing,
)


class CellFailed(Exception):
    """A cell of a notebook did not run to its end; the message names the cell and the error."""


def execute(path: Path) -> NotebookNode:
    """Execute the notebook at `path` from a fresh kernel; the file is not written.

    Raises
    ------
    CellFailed
        If a cell raises, takes longer than `CELL_TIMEOUT` seconds, or kills its kernel.
    """
    notebook = nbformat.read(path, as_version=4)
    started: list[int] = []
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        force_raise_errors=True,  # whatever the tag raises-exception says
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: started.append(cell_index),
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        # nbval counts the code cells from 0; so does this message.
        number = sum(cell.cell_type == "code" for cell in notebook.cells[: started[-1]])
        message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).rstrip()
        raise CellFailed(f"Cell {number}:\n{message}") from error
    return notebook


def refresh(path: Path) -> str:
    """Execute `path`, store its outputs, and return "written" or "unchanged".

    Raises
    ------
    CellFailed
        If a cell fails; the file is then as it was.
    """
    before = path.read_bytes()
    after = stored_text(execute(path)).encode("utf-8")
    if after == before:
        return "unchanged"
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(after)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return "written"


def missing(path: Path) -> str | None:
    """Why `path` cannot be refreshed here, or None if it can."""
    notebook = nbformat.read(path, as_version=4)
    torch = torch_missing() if any(map(needs_torch, notebook.cells)) else None
    return data_missing(notebook) or torch


def main(names: list[str]) -> int:
    """Refresh the named notebooks, or all; return the exit status."""
    pin_environment()
    paths = [Path(name).absolute() for name in names] or book_notebooks()
    if not paths:
        print("refresh: there is no notebook in book/", file=sys.stderr)
        return 1
    failed = []
    for path in paths:
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        if path.suffix != ".ipynb" or not path.is_file():
            print(f"refresh: {name} is not a notebook", file=sys.stderr)
            failed.append(name)
        elif reason := missing(path):
            # All that can be refreshed is; what was asked for by name must be.
            print(f"{name}: {'FAILED' if names else 'skipped'}. {reason}", flush=True)
            failed += [name] if names else []
        else:
            start = time.perf_counter()
            try:
                result = refresh(path)
            except CellFailed as error:
                print(f"{name}: FAILED, the file is as it was. {error}", flush=True)
                failed.append(name)
            else:
                print(f"{name}: {result}, {time.perf_counter() - start:.1f} s", flush=True)
    if failed:
        print(f"refresh: not refreshed: {', '.join(map(str, failed))}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
