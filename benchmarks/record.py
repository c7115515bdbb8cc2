"""The MNIST record: `make record`, and `python -m benchmarks.record ablation`.

Every finished run is written to benchmarks/results/ at once; a series that was interrupted goes on
with the runs that are missing. To run one anew, remove it from the file. All settings were
chosen on a validation split of the training data; the test data are used in `final` alone, once
for each network, when its training is over.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from benchmarks.machine import describe, write_files
from benchmarks.record_training import Settings, fit, predict, prepare
from mlp_lib import Network
from mlp_lib.data import ImageData, load_mnist, split
from mlp_lib.storage import write_arrays

RESULTS = Path(__file__).parent / "results"
SEEDS = (0, 1, 2)
KEPT = 0  # the weights of this seed are kept: decided beforehand, whichever turns out best
DISTORTED = Settings(
    epochs=230,  # as many as 15 minutes allow on two cores
    averaged=10,
    distortion={
        "rotation": 6.0,
        "scale": 0.1,
        "shear": 3.0,
        "shift": 0.5,
        "elastic": 1.1,
        "sigma": 4.0,
    },
    copies=16,
)
KINDS = {
    "with distortions": DISTORTED,
    "without distortions": Settings(epochs=30, input_dropout=0.2, dropout=0.3),
    "images as they are": Settings(
        epochs=30, batch_size=128, lr=1e-3, input_dropout=0.2, dropout=0.3, deskew=False
    ),
}
SHORT = replace(DISTORTED, epochs=15, averaged=3, copies=8)
ABLATION = {
    "as chosen, but 15 epochs": SHORT,
    "no deskewing": replace(SHORT, deskew=False),
    "no distortions": replace(SHORT, distortion={}, copies=0),
    "affine distortions only": replace(SHORT, distortion=SHORT.distortion | {"elastic": 0.0}),
    "no averaging of weights": replace(SHORT, averaged=0),
    "two hidden layers of 800": replace(SHORT, hidden=(800, 800)),
}


def errors(net: Network, X, y, image_shape, settings: Settings) -> dict:
    """Error in percent, cross-entropy and the images that are wrong, without and with copies."""
    found = {}
    for copies in dict.fromkeys((0, settings.copies)):
        P = predict(net, X, image_shape, replace(settings, copies=copies))
        wrong = np.flatnonzero(P.argmax(axis=1) != y)
        found[f"{copies} copies"] = {
            "error_percent": round(100 * len(wrong) / len(y), 4),
            "cross_entropy": round(float(-np.log(P[np.arange(len(y)), y]).mean()), 5),
            "wrong": wrong.tolist(),
        }
    return found


def validate(X, y, image_shape, settings: Settings, seed: int) -> dict:
    """Train on five sixths of the training data, look at the rest. The split is always the same."""
    X, X_val, y, y_val = split(X, y, 1 / 6, np.random.default_rng(0))
    prepared = prepare(X_val, image_shape, settings)

    def watch(net: Network) -> int:
        return int((net.predict(prepared).argmax(axis=1) != y_val).sum())

    net, log = fit(X, y, image_shape, settings, seed, watch=watch)
    to_half(net)
    return {"log": log, "validation": errors(net, X_val, y_val, image_shape, settings)}


def final(data: ImageData, settings: Settings, seed: int, weights: Path | None = None) -> dict:
    """Train on all training data, then look at the test data."""
    net, log = fit(data.X_train, data.y_train, data.image_shape, settings, seed)
    half = to_half(net)
    if weights is not None:
        weights.parent.mkdir(parents=True, exist_ok=True)
        write_arrays(weights, {"layers": list(map(str, net.layers)), **half})
    found = errors(net, data.X_test, data.y_test, data.image_shape, settings)
    return {"log": log, "test": found}


def to_half(net: Network) -> dict[str, np.ndarray]:
    """Round the network to half precision and return its state in that type."""
    with np.errstate(over="ignore"):
        half = {name: value.astype(np.float16) for name, value in net.state().items()}
    if not all(np.isfinite(value).all() for value in half.values()):
        raise OverflowError("a weight or running statistic is too large for half precision")
    net.set_state(half)
    return half


def series(path: Path, runs: dict[str, tuple], work: Callable[..., dict]) -> dict:
    """Do `work(*arguments)` for each named run that `path` lacks; write the file after each."""
    done = json.loads(path.read_text()) if path.exists() else {}
    for name, (settings, seed, *more) in runs.items():
        chosen = json.loads(json.dumps(asdict(settings)))  # tuples become lists, as in the file
        if name in done and done[name]["settings"] == chosen:
            print(f"{name}: done before", flush=True)
            continue
        start = time.perf_counter()
        result = work(settings, seed, *more)
        seconds = round(time.perf_counter() - start, 1)
        made_by = describe(["numpy"]) | {"blas_threads": blas_threads()}
        done[name] = {"settings": chosen, "seed": seed, "seconds": seconds} | made_by | result
        lines = (f"{json.dumps(key)}: {json.dumps(run)}" for key, run in done.items())
        content = "{\n" + ",\n".join(lines) + "\n}\n"  # one run a line
        write_files(path.parent, {path.name: content.encode()})
        found = result.get("test") or result["validation"]
        shown = ", ".join(f"{how} {e['error_percent']:.2f} %" for how, e in found.items())
        print(f"{name}: {shown}, {seconds:.0f} s", flush=True)
    return done


def blas_threads() -> int:
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def summary(runs: dict) -> str:
    """Mean over the seeds for each kind of run, with the single errors."""
    lines = []
    for kind in dict.fromkeys(name.split(", seed ")[0] for name in runs):
        found = [run["test"] for name, run in runs.items() if name.split(", seed ")[0] == kind]
        for how in found[0]:
            percent = [one[how]["error_percent"] for one in found]
            each = ", ".join(f"{p:.2f}" for p in percent)
            lines.append(f"{kind}, {how}: {np.mean(percent):.3f} % (mean of {each})")
    return "\n".join(lines)


def record(data: ImageData, results: Path = RESULTS) -> dict:
    """The series of the record: each way of training with each seed."""
    jobs = {}
    for kind, settings in KINDS.items():
        for seed in SEEDS:
            keep = settings.distortion and seed == KEPT
            weights = results / "record.npz" if keep else None
            jobs[f"{kind}, seed {seed}"] = (settings, seed, weights)
    return series(results / "record.json", jobs, partial(final, data))


def ablation(train_part: tuple, image_shape, results: Path = RESULTS) -> dict:
    """Each means left out or put in by itself, on the validation split."""
    jobs = {name: (settings, 0) for name, settings in ABLATION.items()}
    work = partial(validate, *train_part, image_shape)
    return series(results / "record_ablation.json", jobs, work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("what", nargs="?", choices=["record", "ablation"], default="record")
    what = parser.parse_args().what
    data = load_mnist()
    try:
        if what == "record":
            print(summary(record(data)))
        else:
            ablation((data.X_train, data.y_train), data.image_shape)
    except KeyboardInterrupt:
        sys.exit("Stopped. The finished runs are kept; the same command goes on from there.")


if __name__ == "__main__":
    main()
