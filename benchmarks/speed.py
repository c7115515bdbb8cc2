"""`make bench`: mlp_lib's speed beside that of the libraries that people use.

Everything is measured in one run, the contenders in turn, with the same number of threads. The
results are written when all is done: numbers, tables and a plot.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
# What OpenBLAS, OpenMP, MKL and JAX take their number of threads from.
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


def measure_all(plan, data) -> dict:
    """All results, as they stand in speed.json."""
    from tqdm import tqdm

    from benchmarks import contenders, measure, memory, trials

    libraries, floors, missing = contenders.found()
    for name, why in missing.items():
        print(f"{name} is left out: {why}")
    results = {"training": [], "steps": []}
    for shape in plan.shapes:
        training, step = measure.training(shape, data, plan, libraries + floors)
        results["training"].append(training)
        results["steps"].append(step)
    # Random labels cannot be learnt.
    learnable = data.name != "random"
    results["accuracy"] = trials.to_accuracy(data, plan, libraries) if learnable else None
    results["prediction"] = trials.prediction(data, plan, libraries)
    shape = plan.shapes[plan.memory_of]
    results["memory"] = {
        "shape": shape.name,
        "batch_size": shape.batch_size,
        "megabytes": {
            kind.name: measure.short(
                memory.measure(kind.name, shape.widths, shape.batch_size, plan.memory_rows)
            )
            for kind in tqdm(libraries, desc="memory")
        },
    }
    return {"data": data.name, "rows": measure.ROWS, "missing": missing} | results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="for every library (default: 1)")
    parser.add_argument("--quick", action="store_true", help="less of everything: a rough look")
    parser.add_argument("--out", type=Path, help="folder for the results")
    args = parser.parse_args()
    # They are read when NumPy, PyTorch and JAX are imported, so these are imported afterwards.
    os.environ.update(dict.fromkeys(THREADS, str(args.threads)))
    from benchmarks import contenders, machine, measure, report

    command = [parser.prog, f"--threads {args.threads}", *["--quick"] * args.quick]
    start = time.perf_counter()
    try:
        contenders.found()  # imports them all
        machine.check_threads(args.threads)
        plan = measure.QUICK if args.quick else measure.FULL
        results = measure_all(plan, measure.find_data())
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was written")
    except machine.ThreadsError as error:
        sys.exit(str(error))
    head = {
        "command": " ".join(command),
        "quick": args.quick,
        "threads": args.threads,
        "minutes": measure.short((time.perf_counter() - start) / 60),
    }
    results = head | machine.describe(contenders.packages()) | results
    folder = args.out or (Path(tempfile.mkdtemp()) if args.quick else RESULTS)
    machine.write_files(folder, report.files(results))
    print(report.markdown(results))
    print(f"written to {folder}: speed.json, speed.md, speed.png")


if __name__ == "__main__":
    main()
