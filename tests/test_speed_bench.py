"""The logic of `make bench` at a tiny scale; no test looks at a time."""

import copy
import importlib
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import contenders, machine, measure, memory, report, speed, trials
from benchmarks.contenders import Floor, MlpLib, ScikitLearn, initial_weights
from benchmarks.measure import Plan, Shape
from mlp_lib.data import load_digits

WIDTHS = (64, 12, 8, 10)
PLAN = Plan(
    shapes=(Shape((64, 6, 10), 32, rounds=2, aim=2.8), Shape(WIDTHS, 64, rounds=2, aim=1.3)),
    rows=128,
    warm_up=3,
    memory_of=0,
    memory_rows=256,
    trial_of=0,
    target=0.5,
    seeds=(0, 1),
    max_epochs=8,
    repeats=2,
    repeats_of_one=3,
)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def uninstall(patch):
    """As where neither PyTorch nor JAX is installed."""
    for module, package, _ in contenders.OPTIONAL.values():
        patch.delitem(sys.modules, module, raising=False)
        patch.setitem(sys.modules, package, None)


@pytest.fixture
def pinned_alone(monkeypatch):
    uninstall(monkeypatch)


@pytest.fixture(scope="module")
def results(digits):
    """All of one tiny run, without PyTorch and JAX."""
    with pytest.MonkeyPatch.context() as patch:
        uninstall(patch)
        patch.setattr(measure, "ROWS", 1280)
        found = speed.measure_all(PLAN, digits)
        head = {"command": "bench", "quick": False, "threads": 1, "minutes": 1.0}
        return head | machine.describe(contenders.packages()) | found


def optional(name):
    """The module with the contender; skips the test where its package is not installed."""
    module, package, _ = contenders.OPTIONAL[name]
    pytest.importorskip(package, reason=f"{name} is not installed")
    return importlib.import_module(module)


def trained(kind, X, y, steps=10):
    """Costs of `steps` full-batch steps, and predictions after them."""
    contender = kind(initial_weights(WIDTHS, seed=3), len(X), seed=3)
    return [contender.train(X, y) for _ in range(steps)], contender.predict(X)


@pytest.mark.parametrize("other", ["scikit-learn", *contenders.OPTIONAL])
def test_all_contenders_compute_the_same(other, digits):
    kind = ScikitLearn if other == "scikit-learn" else optional(other).LIBRARY
    X, y = digits.X_train[:200], digits.y_train[:200]
    costs, predictions = trained(MlpLib, X, y)
    assert costs[-1] < costs[0]
    other_costs, other_predictions = trained(kind, X, y)
    np.testing.assert_allclose(other_costs, costs, rtol=1e-4)
    np.testing.assert_allclose(other_predictions, predictions, atol=1e-4)


def test_mini_batches_train_every_contender(digits):
    kinds = contenders.found()[0]
    for kind in kinds:
        contender = kind(initial_weights(WIDTHS, seed=0), 64, seed=0)
        costs = [contender.train(digits.X_train, digits.y_train) for _ in range(12)]
        accuracy = (contender.predict(digits.X_test).argmax(axis=1) == digits.y_test).mean()
        assert costs[-1] < costs[0] / 2 and accuracy > 0.7, kind.name


def test_the_contenders_leave_the_initial_weights_alone(digits):
    weights = initial_weights(WIDTHS, seed=0)
    before = copy.deepcopy(weights)
    for kind in (*contenders.found()[0], *contenders.found()[1]):
        kind(weights, 64, seed=0).train(digits.X_train[:256], digits.y_train[:256])
        for pair, original in zip(weights, before, strict=True):
            for array, expected in zip(pair, original, strict=True):
                np.testing.assert_array_equal(array, expected, err_msg=kind.name)


def product_shapes(floor):
    return [(tuple(A.shape), tuple(B.shape), tuple(out.shape)) for A, B, out in floor.products]


@pytest.mark.parametrize("by", ["NumPy", "PyTorch"])
def test_the_floor_is_the_products_of_a_step(by):
    kind = Floor if by == "NumPy" else optional(by).FLOORS[0]
    floor = kind(initial_weights((7, 5, 3, 2), seed=0), 4, seed=0)
    forward = [((4, 7), (7, 5), (4, 5)), ((4, 5), (5, 3), (4, 3)), ((4, 3), (3, 2), (4, 2))]
    weight_gradients = [((a[1], a[0]), out, b) for a, b, out in forward]
    input_gradients = [(out, (b[1], b[0]), a) for a, b, out in forward[1:]]
    expected = forward + weight_gradients + input_gradients  # L forward, 2L - 1 backward
    assert sorted(product_shapes(floor)) == sorted(expected)


def test_a_pass_of_the_floor_does_the_products_of_every_full_batch():
    floor = Floor(initial_weights((7, 5, 2), seed=0), 4, seed=0)
    done = []

    class Counted:
        def __iter__(self):
            done.append(1)
            return iter(products)

    products, floor.products = floor.products, Counted()
    floor.train(np.zeros((14, 7), np.float32), np.zeros(14, int))
    assert len(done) == 3
    A, B, out = products[0]
    np.testing.assert_allclose(out, A @ B)


def test_every_contender_is_first_in_turn():
    assert [measure.in_turn(list("abc"), r) for r in range(4)] == [
        list("abc"),
        list("bca"),
        list("cab"),
        list("abc"),
    ]


def test_summary_and_ratio():
    found = measure.rounds([4.0, 1.0, 2.0, 3.0, 5.000049])
    assert found == {"median": 3.0, "q1": 2.0, "q3": 4.0, "rounds": [4.0, 1.0, 2.0, 3.0, 5.0]}
    found = measure.ratio(np.array([0.4, 0.6, 0.45]), 0.5)
    assert found == {"median": 0.45, "low": 0.4, "high": 0.6, "aim": 0.5}


def test_warm_up_rounds_do_not_count(digits, monkeypatch):
    """Rounds that each take one second longer than the one before, by the clock."""
    clock = iter(range(10**6))
    monkeypatch.setattr(measure, "seconds", lambda work, *arguments: float(next(clock)))
    monkeypatch.setattr(measure, "ROWS", PLAN.rows)
    monkeypatch.setattr(measure, "parts", lambda *arguments: None)
    found, _ = measure.training(PLAN.shapes[0], digits, PLAN, [MlpLib, Floor])
    assert found["first_epoch"]["mlp_lib"]["rounds"] == [0, 3, 4]
    assert found["steady"]["mlp_lib"]["rounds"] == [7, 8]
    assert found["steady"]["products, NumPy"]["rounds"] == [6, 9]
    assert found["ratios"]["products, NumPy"]["high"] == measure.short(7 / 6)


def test_a_run_has_all_the_results(results):
    names = ["mlp_lib", "scikit-learn"]
    for training, shape in zip(results["training"], PLAN.shapes, strict=True):
        assert (training["shape"], training["batch_size"]) == (shape.name, shape.batch_size)
        assert list(training["steady"]) == list(training["first_epoch"])
        assert list(training["steady"]) == [*names, "products, NumPy"]
        assert all(len(s["rounds"]) == shape.rounds for s in training["steady"].values())
        assert training["ratios"]["scikit-learn"]["aim"] == 0.5
        assert training["ratios"]["products, NumPy"]["aim"] == shape.aim
    for step in results["steps"]:
        assert list(step["microseconds"]) == list(measure.PARTS)
    assert list(results["memory"]["megabytes"]) == names
    for runs in results["accuracy"]["runs"].values():
        assert [run["seed"] for run in runs] == [0, 1]
        for run in runs:
            assert run["reached"] == (run["accuracy"] >= PLAN.target)
    assert results["prediction"]["images"] == 360
    assert list(results["prediction"]["one"]) == names


def test_what_is_missing_is_named(pinned_alone, results):
    libraries, floors, missing = contenders.found()
    assert [kind.name for kind in libraries] == ["mlp_lib", "scikit-learn"]
    assert [kind.name for kind in floors] == ["products, NumPy"]
    assert contenders.packages() == ["numpy", "scikit-learn"]
    for name, (_, package, _) in contenders.OPTIONAL.items():
        assert package in missing[name] and f"pip install {package}==" in missing[name]
        rows = [row for row in report.markdown(results).splitlines() if f"| {name} " in row]
        assert len(rows) == 3 and all("not measured: " + missing[name] in row for row in rows)


def test_an_accuracy_that_is_not_reached_is_said_so(digits, results):
    plan = replace(PLAN, target=1.01, max_epochs=1, seeds=(0,))
    found = trials.to_accuracy(digits, plan, [MlpLib])
    assert found["seconds"] == {"mlp_lib": None}
    found["seconds"]["scikit-learn"] = None
    assert "not reached" in report.markdown(results | {"accuracy": found})


def test_random_labels_have_no_accuracy(digits, monkeypatch, pinned_alone):
    monkeypatch.setattr(memory, "measure", lambda *arguments: 1.0)
    plan = replace(PLAN, shapes=PLAN.shapes[:1])
    found = speed.measure_all(plan, replace(digits, name="random"))
    assert found["accuracy"] is None and found["data"] == "random"


def test_memory_of_a_process_of_its_own():
    """The parameters, their gradients and Adam's two memories are there at least."""
    parameters = 500 * 2000 + 2000 * 10
    found = memory.measure("mlp_lib", (500, 2000, 10), 32, 64)
    assert 4 * 4 * parameters / 1e6 < found < 100


def test_memory_that_cannot_be_measured_is_an_error():
    with pytest.raises(RuntimeError, match="memory of nothing could not be measured"):
        memory.measure("nothing", (4, 2), 2, 4)


def made_up():
    """Results as they could be, for two shapes."""

    def times(median):
        return {"median": median, "q1": median - 0.25, "q3": median + 0.25, "rounds": [median]}

    steady = {"mlp_lib": times(1.5), "PyTorch": times(2.0), "products, NumPy": times(1.0)}
    ratios = {
        "PyTorch": {"median": 0.75, "low": 0.7, "high": 0.8, "aim": 1.0},
        "products, NumPy": {"median": 1.5, "low": 1.4, "high": 1.6, "aim": None},
    }
    training = [
        {"shape": name, "batch_size": 64, "steady": steady, "first_epoch": steady, "ratios": ratios}
        for name in ("784-100-10", "784-256-10")
    ]
    parts = dict.fromkeys(measure.PARTS, 20.0)
    return {
        "command": "python -m benchmarks.speed --threads 1",
        "quick": False,
        "threads": 1,
        "minutes": 5.25,
        "machine": {"cpu": "A Processor", "cores": 2, "system": "Linux"},
        "versions": {"Python": "3.11.0", "numpy": "2.4.0"},
        "blas": ["openblas 0.3.30, kernels for Haswell"],
        "date": "2026-01-02",
        "data": "MNIST",
        "rows": 60000,
        "missing": {"scikit-learn": "it is gone; to install it: python -m pip install it"},
        "training": training,
        "steps": [{**t, "microseconds": parts} for t in training],
        "accuracy": {
            "shape": "784-256-10",
            "batch_size": 128,
            "target": 0.98,
            "runs": {},
            "seconds": {"mlp_lib": {"median": 4.0, "low": 3.0, "high": 5.0}, "PyTorch": None},
        },
        "prediction": {
            "shape": "784-256-10",
            "images": 10000,
            "all": {"mlp_lib": times(0.5), "PyTorch": times(0.75)},
            "one": {"mlp_lib": times(0.5), "PyTorch": times(0.75)},
        },
        "memory": {
            "shape": "784-512-512-10",
            "batch_size": 128,
            "megabytes": {"mlp_lib": 20.0, "PyTorch": 40.0},
        },
    }


def test_tables_of_made_up_results():
    text = report.markdown(made_up())
    for line in (
        "| mlp_lib | 1.5 (1.25–1.75) | 1.5 (1.25–1.75) |",
        "| PyTorch | 0.75 (0.70–0.80); aim: ≤ 1.0 | 0.75 (0.70–0.80); aim: ≤ 1.0 |",
        "| products, NumPy | 1.50 (1.40–1.60) | 1.50 (1.40–1.60) |",
        "| whole step | 120 | 120 |",
        "| mlp_lib | 20 | 500 (250–750) | 5e+05 (2.5e+05–7.5e+05) | 4.00 (3.00–5.00) |",
    ):
        assert line in text.splitlines()
    assert "A Processor, 2 cores, Linux" in text and "one thread for every library" in text
    assert text.count("not measured: it is gone; to install it: python -m pip install it") == 3
    assert "quick" not in text
    assert "A quick run" in report.markdown(made_up() | {"quick": True})
    for row in text.splitlines():
        if row.startswith("|"):
            assert row.count("|") in (4, 6), row


def test_files_are_complete_and_read_back(tmp_path):
    contents = report.files(made_up())
    machine.write_files(tmp_path / "new", contents)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(contents)
    assert json.loads((tmp_path / "new" / "speed.json").read_text("utf-8")) == made_up()
    assert contents["speed.png"].startswith(b"\x89PNG")


def test_writing_that_fails_changes_nothing(tmp_path):
    old = {"a": b"old", "b": b"old"}
    machine.write_files(tmp_path, old)
    with pytest.raises(TypeError):
        machine.write_files(tmp_path, {"a": b"new", "b": None})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_threads_that_are_not_as_asked_are_an_error(monkeypatch):
    pool = {"internal_api": "openblas", "user_api": "blas", "num_threads": 4}
    monkeypatch.setattr(machine, "threadpool_info", lambda: [pool])
    machine.check_threads(4)
    with pytest.raises(machine.ThreadsError, match="openblas uses 4 threads, expected 1"):
        machine.check_threads(1)


def command(monkeypatch, *arguments):
    """Run the command with a tiny plan and one thread as it is."""
    monkeypatch.setattr(sys, "argv", ["speed", *arguments])
    monkeypatch.setattr(speed, "THREADS", ())
    monkeypatch.setattr(machine, "check_threads", lambda threads: None)
    monkeypatch.setattr(measure, "find_data", load_digits)
    speed.main()


def test_an_interrupted_command_writes_nothing(tmp_path, monkeypatch):
    def interrupted(plan, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(speed, "measure_all", interrupted)
    with pytest.raises(SystemExit, match="nothing was written"):
        command(monkeypatch, "--quick", "--out", str(tmp_path / "results"))
    assert not (tmp_path / "results").exists()


def test_a_quick_command_never_touches_the_kept_results(tmp_path, monkeypatch, capsys):
    measured = ("data", "rows", "missing", "training", "steps", "accuracy", "prediction", "memory")
    found = {key: made_up()[key] for key in measured}
    monkeypatch.setattr(speed, "measure_all", lambda plan, data: found)
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "kept")
    monkeypatch.setattr(speed.tempfile, "mkdtemp", lambda: str(tmp_path / "rough"))
    command(monkeypatch, "--quick")
    assert not (tmp_path / "kept").exists()
    kept = json.loads((tmp_path / "rough" / "speed.json").read_text("utf-8"))
    assert kept["command"] == "python -m benchmarks.speed --threads 1 --quick" and kept["quick"]
    command(monkeypatch)
    assert (tmp_path / "kept" / "speed.md").exists()
    assert str(tmp_path) not in (tmp_path / "kept" / "speed.json").read_text("utf-8")
