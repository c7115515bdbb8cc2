"""Run one student's notebook in the sandbox and read what comes out. Works on any machine.

A `Task` holds all that is needed, so that it can be sent to another process or computer; a
`Result` holds plain bytes, which nothing has looked into but to bound them.
"""

import io
import json
import math
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import matplotlib.font_manager
import numpy as np

from homework import inside
from homework.sandbox import Limits, Outcome, enclosed, run

# mlp_lib's data sets are the student's own here, however often the notebook loads them.
PRELUDE = """\
def _own_data():
    import os
    import numpy as np
    import mlp_lib.data
    arrays = dict(np.load(os.environ["TASK"] + "/data.npz", allow_pickle=False))
    data = mlp_lib.data.ImageData(
        name={name!r}, image_shape={image_shape!r}, n_classes={n_classes!r}, **arrays
    )
    mlp_lib.data.load_mnist = mlp_lib.data.load_digits = lambda *args, **kwargs: data
_own_data()
del _own_data
"""


@dataclass(frozen=True)
class Task:
    """A notebook to be run, and what to fetch from it.

    Attributes
    ----------
    cells : list of (str, str or None)
        The source of each code cell; after a question's last cell, the question's name.
    files : dict of bytes
        Arrays in NumPy's format .npz: ``data``, and for each question what it is given.
    expressions : dict of dict of str
        For each question, name and source of what is evaluated after its cell.
    sandbox : str
        One of `sandbox.KINDS`.
    cell_seconds : int
        For each cell, and each expression.
    limits : Limits
        For all of it together.
    """

    cells: list[tuple[str, str | None]]
    files: dict[str, bytes]
    expressions: dict[str, dict[str, str]]
    sandbox: str = "bubblewrap"
    cell_seconds: int = 300
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Result:
    """What came out of the sandbox; all of it may be forged by the notebook.

    Attributes
    ----------
    answers : dict of bytes
        ``question/name``: an array in NumPy's format .npy, or something else.
    failures : dict of str
        ``question/name``: why there is no array.
    errors : dict of str
        Number of a cell: the error in which it ended.
    ended : str
        Why the run ended before the notebook's end, or nothing.
    """

    answers: dict[str, bytes]
    failures: dict[str, str]
    errors: dict[int, str]
    ended: str


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Return the arrays as a file of NumPy's format .npz."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def execute(task: Task) -> Result:
    """Run the task's notebook in the sandbox."""
    with tempfile.TemporaryDirectory() as private:
        folder, work = Path(private) / "task", Path(private) / "work"
        folder.mkdir()
        work.mkdir()
        shutil.copy(inside.__file__, folder / "inside.py")
        _copy_font_list(folder / "matplotlib")
        for name, content in task.files.items():
            (folder / f"{name}.npz").write_bytes(content)
        description = {
            "cells": [{"source": source, "question": name} for source, name in task.cells],
            "expressions": task.expressions,
            "cell_seconds": task.cell_seconds,
        }
        (folder / "task.json").write_text(json.dumps(description), encoding="utf-8")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)  # the sandbox is another user to root
        script = Path(inside.__file__).name
        command = enclosed(task.sandbox, folder, work, task.limits, script)
        outcome = run(command, task.limits)
    return _unpack(outcome)


def _copy_font_list(folder: Path) -> None:
    """Copy Matplotlib's list of fonts, which takes seconds to make, every time anew."""
    folder.mkdir()
    for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(path, folder)


# The first line of each piece that `inside` writes: length and name.
PIECE = re.compile(rb"(\d{1,9}) (answers|failures|cells|ended)/([\w/]{0,100})\n")


def _unpack(outcome: Outcome) -> Result:
    """Take the pieces apart, which may end anywhere or be none at all."""
    result = Result({}, {}, {}, outcome.ended)
    output, place, ended = outcome.output, 0, outcome.ended
    while place < len(output):
        first = PIECE.match(output, place)
        end = first.end() + int(first[1]) if first else 0
        if not 0 < end <= len(output):
            ended = ended or "the notebook tampered with its results"
            break
        kind, name, content = first[2].decode(), first[3].decode(), output[first.end() : end]
        text = content[: inside.MAX_TEXT].decode(errors="replace")
        if kind == "answers":
            result.answers[name] = content
        elif kind == "failures":
            result.failures[name] = text
        elif kind == "cells" and name.isdecimal():
            result.errors[int(name)] = text
        elif kind == "ended":
            ended = text
        place = end
    return Result(result.answers, result.failures, result.errors, ended)


def read_array(content: bytes) -> np.ndarray:
    """Read an array of numbers that may be forged.

    Raises
    ------
    ValueError
        If it is anything else than one array of at most four dimensions, whole.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read_header(file, max_header_size=1000)
    except Exception:  # NumPy's parser and Python's, at a forged header: TokenError, for example
        raise ValueError("it is not an array") from None
    if dtype.kind not in "biuf" or dtype.hasobject or dtype.itemsize > 8:
        raise ValueError(f"expected numbers, got {dtype}")
    numbers = content[file.tell() :]
    # The shape is not to be believed before the size was compared.
    is_shape = len(shape) <= 4 and all(type(n) is int and 0 <= n < 2**31 for n in shape)
    if not is_shape or len(numbers) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"its shape {shape} does not go with its size")
    array = np.frombuffer(numbers, dtype=dtype).reshape(shape, order="F" if fortran_order else "C")
    return array.astype(dtype.newbyteorder("="))
