"""Files of arrays: written as a whole or not at all, checked when they are read."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an .npz file; a file of that name is replaced only by a complete one."""
    part = Path(f"{os.fspath(path)}.part")
    try:
        with open(part, "wb") as file:
            np.savez(file, **arrays)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read an .npz file.

    Raises
    ------
    ValueError
        If the file is of another kind or damaged. Nothing in it is executed.
    FileNotFoundError, PermissionError
        If it cannot be opened.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # whatever NumPy makes of a file of another kind
        raise ValueError(f"{path} is not a file written by Network.save: {error}") from error
