"""Training to an accuracy, and prediction: what a user waits for."""

import numpy as np
from tqdm import tqdm

from benchmarks.contenders import initial_weights
from benchmarks.measure import Plan, in_turn, seconds, short, summary
from mlp_lib import accuracy
from mlp_lib.data import ImageData


def to_accuracy(data: ImageData, plan: Plan, kinds: list[type]) -> dict:
    """Seconds of training until the test accuracy is `plan.target`; evaluation is not counted."""
    shape = plan.shapes[plan.trial_of]
    runs = {kind.name: [] for kind in kinds}
    for place, seed in enumerate(tqdm(plan.seeds, desc=f"training to {plan.target:.0%}")):
        weights = initial_weights(shape.widths, seed)
        for kind in in_turn(kinds, place):
            contender = kind(weights, shape.batch_size, seed)
            runs[kind.name].append({"seed": seed, **_run(contender, data, plan)})
    found = {"shape": shape.name, "batch_size": shape.batch_size, "target": plan.target}
    return found | {"runs": runs, "seconds": {name: _spread(of) for name, of in runs.items()}}


def _run(contender, data: ImageData, plan: Plan) -> dict:
    taken, epochs, reached = 0.0, 0, 0.0
    while reached < plan.target and epochs < plan.max_epochs:
        taken += seconds(contender.train, data.X_train, data.y_train)
        epochs += 1
        reached = float(accuracy(data.y_test, contender.predict(data.X_test)))
    return {
        "seconds": short(taken),
        "epochs": epochs,
        "accuracy": round(reached, 4),
        "reached": reached >= plan.target,
    }


def _spread(runs: list[dict]) -> dict | None:
    """Median and range; None if a run did not get there."""
    if not all(run["reached"] for run in runs):
        return None
    times = [run["seconds"] for run in runs]
    return {"median": short(np.median(times)), "low": min(times), "high": max(times)}


def prediction(data: ImageData, plan: Plan, kinds: list[type]) -> dict:
    """Seconds for the probabilities of all test images at once, and of one image."""
    shape = plan.shapes[plan.trial_of]
    weights = initial_weights(shape.widths, seed=0)
    contenders = [kind(weights, shape.batch_size, seed=0) for kind in kinds]
    found = {"shape": shape.name, "images": len(data.X_test)}
    one = data.X_test[:1]
    for key, X, repeats in (("all", data.X_test, plan.repeats), ("one", one, plan.repeats_of_one)):
        times = {contender.name: [] for contender in contenders}
        for r in range(repeats + 1):
            for contender in in_turn(contenders, r):
                times[contender.name].append(seconds(contender.predict, X))
        # The first time does not count: buffers are made in it.
        found[key] = {name: summary(all_[1:]) for name, all_ in times.items()}
    return found
