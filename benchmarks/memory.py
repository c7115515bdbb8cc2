"""Peak memory of training, each library in a process of its own.

python -m benchmarks.memory NAME WIDTHS BATCH_SIZE ROWS prints the megabytes that the process
took at its peak beyond what it had with the libraries imported and the data in memory.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.contenders import found, initial_weights

ROOT = Path(__file__).parents[1]


def peak_kilobytes() -> int:
    """The most memory that this process has had so far."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:
        # Not so on Linux: there a child inherits the peak of its parent in this number.
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == "darwin" else peak  # bytes on macOS


def measure(name: str, widths: tuple[int, ...], batch_size: int, rows: int) -> float:
    """Megabytes that library `name` takes, measured in a new process."""
    what = [name, "-".join(map(str, widths)), str(batch_size), str(rows)]
    command = [sys.executable, "-m", "benchmarks.memory", *what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the memory of {name} could not be measured:\n{done.stderr}")
    return float(done.stdout)


def main(name: str, widths: str, batch_size: str, rows: str) -> None:
    library = next(library for library in found()[0] if library.name == name)
    widths = tuple(map(int, widths.split("-")))
    rng = np.random.default_rng(0)
    # Random data: reading MNIST would have a peak of its own.
    X = rng.random((int(rows), widths[0]), dtype=np.float32)
    y = rng.integers(widths[-1], size=len(X))
    before = peak_kilobytes()
    library(initial_weights(widths, seed=0), int(batch_size), seed=0).train(X, y)
    print((peak_kilobytes() - before) / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
