"""What is timed, and how: always in turn, so that whatever slows the machine slows all alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from benchmarks.contenders import Floor, MlpLib, initial_weights
from mlp_lib.data import DataNotFoundError, ImageData, load_mnist

ROWS = 60_000  # of an epoch
# Of a step. Linear: products and biases. The rest: checks, the state that is kept, Python itself.
PARTS = ("Linear", "Adam", "ReLU", "loss", "gather", "rest")


@dataclass(frozen=True)
class Shape:
    """A network, its mini-batches, and how often it is timed."""

    widths: tuple[int, ...]
    batch_size: int
    rounds: int
    aim: float  # mlp_lib's time as a multiple of the bare products' to stay below

    @property
    def name(self) -> str:
        return "-".join(map(str, self.widths))


@dataclass(frozen=True)
class Plan:
    """All that is measured."""

    shapes: tuple[Shape, ...] = (
        Shape((784, 100, 10), 64, rounds=15, aim=2.8),
        Shape((784, 256, 10), 128, rounds=15, aim=2.2),
        Shape((784, 512, 512, 10), 128, rounds=12, aim=1.6),
        Shape((784, 1024, 1024, 10), 256, rounds=9, aim=1.3),
    )
    rows: int = 20_480  # a round is a third of an epoch: a multiple of every batch size
    warm_up: int = 6  # rounds, two epochs; the first three are reported as the first epoch
    memory_of: int = 2  # place among the shapes
    memory_rows: int = ROWS
    trial_of: int = 1  # the shape for time to an accuracy, and for prediction
    target: float = 0.98
    seeds: tuple[int, ...] = (0, 1, 2)
    max_epochs: int = 40
    repeats: int = 20  # predictions of the whole test set
    repeats_of_one: int = 2000


FULL = Plan()
QUICK = replace(
    FULL,
    shapes=tuple(replace(shape, rounds=3) for shape in FULL.shapes),
    rows=2560,
    memory_rows=2560,
    target=0.95,
    seeds=(0,),
    repeats=5,
    repeats_of_one=200,
)


def find_data() -> ImageData:
    """MNIST, or random numbers of its size where it cannot be had."""
    try:
        return load_mnist()
    except DataNotFoundError:
        rng = np.random.default_rng(0)
        X = rng.random((ROWS + 10_000, 784), dtype=np.float32)
        y = rng.integers(10, size=len(X))
        return ImageData("random", X[:ROWS], y[:ROWS], X[ROWS:], y[ROWS:], (28, 28), 10)


def summary(values: Sequence[float]) -> dict:
    """Median and quartiles."""
    q1, median, q3 = map(short, np.percentile(values, (25, 50, 75)))
    return {"median": median, "q1": q1, "q3": q3}


def rounds(values: Sequence[float]) -> dict:
    """Summary of the rounds, and the rounds themselves."""
    return summary(values) | {"rounds": [short(x) for x in values]}


def short(x: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{x:.4g}")


def in_turn(contenders: list, r: int) -> list:
    """All contenders, another one first in each round r."""
    r %= len(contenders)
    return contenders[r:] + contenders[:r]


def seconds(work: Callable, *arguments) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def training(shape: Shape, data: ImageData, plan: Plan, kinds: list[type]) -> tuple[dict, dict]:
    """Seconds an epoch of each contender, round by round; then mlp_lib's time part by part."""
    weights = initial_weights(shape.widths, seed=0)
    contenders = [kind(weights, shape.batch_size, seed=0) for kind in kinds]
    times = {contender.name: [] for contender in contenders}
    starts = np.linspace(0, len(data.X_train) - plan.rows, 3).astype(int)
    for r in tqdm(range(plan.warm_up + shape.rounds), desc=f"training {shape.name}"):
        third = slice(starts[r % 3], starts[r % 3] + plan.rows)
        X, y = data.X_train[third], data.y_train[third]
        for contender in in_turn(contenders, r):
            taken = seconds(contender.train, X, y)
            times[contender.name].append(taken * ROWS / plan.rows)
    own_times = np.array(times[MlpLib.name][plan.warm_up :])
    aims = {"scikit-learn": 0.5, "PyTorch": 1.0, Floor.name: shape.aim}
    found = {
        "shape": shape.name,
        "batch_size": shape.batch_size,
        "steady": {name: rounds(all_[plan.warm_up :]) for name, all_ in times.items()},
        "first_epoch": {name: rounds(all_[:3]) for name, all_ in times.items()},
        "ratios": {
            name: ratio(own_times / all_[plan.warm_up :], aims.get(name))
            for name, all_ in times.items()
            if name != MlpLib.name
        },
    }
    own = next(contender for contender in contenders if contender.name == MlpLib.name)
    return found, parts(shape, own, X, y)


def ratio(values: np.ndarray, aim: float | None) -> dict:
    """mlp_lib's time over another's in the same round: median and range."""
    found = {"median": np.median(values), "low": values.min(), "high": values.max()}
    return {name: short(x) for name, x in found.items()} | {"aim": aim}


def parts(shape: Shape, own: MlpLib, X: np.ndarray, y: np.ndarray) -> dict:
    """Microseconds a step that mlp_lib's parts take, in the course of training."""
    taken = {}

    def clock(owner: object, method: str, part: str) -> None:
        work = getattr(owner, method)

        def timed(*args, **kwargs):
            start = time.perf_counter()
            result = work(*args, **kwargs)
            taken[part] += time.perf_counter() - start
            return result

        setattr(owner, method, timed)

    clock(own.optimiser, "step", "Adam")
    clock(own.net.loss, "value_and_grad", "loss")
    for layer in own.net.layers:
        clock(layer, "forward", type(layer).__name__)
        clock(layer, "backward", type(layer).__name__)

    found, steps = [], len(X) // shape.batch_size
    batches = np.random.default_rng(0).permutation(len(X)).reshape(steps, -1)
    for _ in range(5):
        taken.update(dict.fromkeys(PARTS, 0.0))
        whole = seconds(own.train, X, y)
        taken["gather"] = seconds(lambda: [X[batch].shape for batch in batches])
        taken["rest"] = whole - sum(taken.values())
        found.append([taken[part] * 1e6 / steps for part in PARTS])
    microseconds = dict(zip(PARTS, map(short, np.median(found, axis=0)), strict=True))
    return {"shape": shape.name, "batch_size": shape.batch_size, "microseconds": microseconds}
