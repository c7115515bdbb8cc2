"""Files of arrays: written as a whole or not at all, checked when they are read."""

import math
import os
import zipfile
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


def read_arrays(path: str | os.PathLike, max_bytes: int) -> dict[str, np.ndarray]:
    """Read an .npz file whose arrays take `max_bytes` of memory at most.

    Raises
    ------
    ValueError
        If the file is of another kind, damaged or larger. Nothing in it is executed, and nothing
        is unpacked before the sizes that it claims are known to be small enough.
    FileNotFoundError, PermissionError
        If it cannot be opened.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [_claimed_bytes(archive, name) for name in archive.namelist()]
        if min(sizes, default=0) < 0 or sum(sizes) > max_bytes:
            raise ValueError(
                f"its arrays claim {sum(sizes):,} bytes, expected {max_bytes:,} at most"
            )
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        for name, value in arrays.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise ValueError(f"{name} holds NaN or infinite values")
        return arrays
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # whatever NumPy makes of a file of another kind
        raise ValueError(f"{path} is not a file written by Network.save: {error}") from error


def _claimed_bytes(archive: zipfile.ZipFile, name: str) -> int:
    with archive.open(name) as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return math.prod(shape) * dtype.itemsize
