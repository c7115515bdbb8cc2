"""What made a result, and how it is written."""

import os
import platform
import time
from importlib import metadata
from pathlib import Path

from threadpoolctl import threadpool_info


def describe(packages: list[str]) -> dict:
    """Processor, versions, and the libraries that do the matrix products."""
    return {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system()},
        "versions": {"Python": platform.python_version()}
        | {package: metadata.version(package) for package in packages},
        "blas": sorted({_blas(pool) for pool in threadpool_info() if pool["user_api"] == "blas"}),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def _blas(pool: dict) -> str:
    """E.g. OpenBLAS 0.3.31, with kernels for SkylakeX."""
    return f"{pool['internal_api']} {pool['version']}, kernels for {pool['architecture']}"


class ThreadsError(RuntimeError):
    """A library does not use the number of threads asked for."""


def check_threads(threads: int) -> None:
    """ThreadsError unless every library that this process has loaded uses `threads` threads."""
    for pool in threadpool_info():
        if pool["num_threads"] != threads:
            raise ThreadsError(
                f"{pool['internal_api']} uses {pool['num_threads']} threads, expected {threads} "
                f"on a machine with {os.cpu_count()} cores; set OPENBLAS_NUM_THREADS and "
                "OMP_NUM_THREADS before Python starts, or choose another number with --threads"
            )


def write_files(folder: Path, contents: dict[str, bytes]) -> None:
    """Write all the files, each replaced only by a complete one."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {folder / name: folder / f"{name}.part" for name in contents}
    try:
        for part, content in zip(parts.values(), contents.values(), strict=True):
            part.write_bytes(content)
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
