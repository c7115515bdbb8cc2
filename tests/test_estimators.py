"""scikit-learn's interface: its own checks, its tools, searches on several processes."""

import os
import pickle
import subprocess
import sys
from unittest import mock

import joblib
import numpy as np
import psutil
import pytest
from dask.distributed import Client, LocalCluster
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_moons, make_regression
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_info

import mlp_lib as mlp
from mlp_lib.estimators import MLPClassifier, MLPRegressor
from mlp_lib.init import glorot, he
from mlp_lib.optim import cosine_decay

ESTIMATORS = pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}
GOOD = {"learning_rate_init": 0.02, "random_state": 0}


@pytest.fixture(scope="module")
def moons():
    return make_moons(200, noise=0.2, random_state=1)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), np.array(["setosa", "versicolor", "virginica"])[y]


# scikit-learn's checks

# These need pandas, or the variable SCIPY_ARRAY_API before SciPy is imported.
MAY_BE_SKIPPED = {
    "check_array_api_input",
    "check_classifier_data_not_an_array",
    "check_regressor_data_not_an_array",
    "check_sample_weights_pandas_series",
}


@pytest.mark.parametrize(("estimator", "at_least"), [(MLPClassifier(), 59), (MLPRegressor(), 57)])
def test_all_checks_pass(estimator, at_least):
    """Counted are the calls of checks that returned; one that fails raises here."""
    results = check_estimator(estimator, on_skip=None)
    names = {
        status: [result["check_name"] for result in results if result["status"] == status]
        for status in ("passed", "skipped", "failed", "xfail")
    }
    assert names["failed"] == names["xfail"] == []
    assert set(names["skipped"]) <= MAY_BE_SKIPPED
    assert len(names["passed"]) >= at_least
    assert "check_sample_weight_equivalence_on_dense_data" in names["passed"]


# Network and train do the work


def test_it_is_what_network_and_train_do(iris):
    X, y = iris
    T = np.unique(y, return_inverse=True)[1]
    rng = np.random.default_rng(3)
    layers = [
        *(mlp.Linear(4, 7, rng, he, bias=False), mlp.BatchNorm(7), mlp.ReLU()),
        *(mlp.Dropout(0.2, rng), mlp.Linear(7, 3, rng, he)),
    ]
    net = mlp.Network(layers, mlp.SoftmaxCrossEntropy(), weight_decay=0.01)
    schedule = cosine_decay(0.02, 5 * 8)  # 150 samples are 8 batches of 20
    options = dict(epochs=5, batch_size=20, rng=rng)
    history = mlp.train(net, X, T, mlp.Momentum(schedule), **options)

    model = MLPClassifier(
        7,
        batch_norm=True,
        dropout=0.2,
        solver="momentum",
        learning_rate="cosine",
        learning_rate_init=0.02,
        weight_decay=0.01,
        batch_size=20,
        max_iter=5,
        random_state=3,
    ).fit(X, y)
    assert repr(model.network_) == repr(net)
    np.testing.assert_array_equal(model.network_.theta, net.theta)
    np.testing.assert_array_equal(model.predict_proba(X), net.predict(X))
    assert model.loss_curve_ == model.history_.cost == history.cost and model.n_iter_ == 5


@pytest.mark.parametrize(
    ("activation", "Layer", "init"),
    [
        ("relu", mlp.ReLU, he),
        ("leaky_relu", mlp.LeakyReLU, he),
        ("tanh", mlp.Tanh, glorot),
        ("sigmoid", mlp.Sigmoid, glorot),
    ],
)
def test_activations_and_their_initial_weights(moons, activation, Layer, init):
    options = {"learning_rate_init": 1e-12, "max_iter": 1, "random_state": 4}
    layers = MLPClassifier((5, 3), activation, **options).fit(*moons).network_.layers
    assert [type(layer) for layer in layers] == [mlp.Linear, Layer] * 2 + [mlp.Linear]
    rng = np.random.default_rng(4)
    for layer, shape in zip(layers[::2], [(2, 5), (5, 3), (3, 2)], strict=True):
        np.testing.assert_allclose(layer.params["W"], init(rng, *shape), atol=1e-9)


@pytest.mark.parametrize(
    ("schedule", "last"), [("constant", 0.1), ("exponential", 0.001), ("cosine", 0.0)]
)
def test_schedules_run_over_all_epochs(moons, monkeypatch, schedule, last):
    rates = []
    update = mlp.SGD.update
    monkeypatch.setattr(mlp.SGD, "update", lambda *args: (rates.append(args[-1]), update(*args))[1])
    options = {"solver": "sgd", "learning_rate_init": 0.1, "batch_size": 30, "max_iter": 40}
    MLPClassifier(learning_rate=schedule, **options).fit(*moons)
    assert len(rates) == 40 * 7
    assert rates[0] == 0.1 and rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(last, rel=0.02, abs=1e-4)


def test_no_hidden_layer_is_softmax_regression(iris):
    model = MLPClassifier((), learning_rate_init=0.05, random_state=0).fit(*iris)
    assert len(model.network_.layers) == 1
    assert model.score(*iris) > 0.94


def test_targets_in_one_or_more_columns():
    X, Y = make_regression(100, 6, n_targets=3, random_state=0)
    Y /= Y.std(axis=0)
    options = {"learning_rate_init": 0.01, "max_iter": 200, "random_state": 0}
    model = MLPRegressor(20, **options).fit(X, Y)
    assert model.predict(X).shape == (100, 3) and model.score(X, Y) > 0.95
    flat, column = (MLPRegressor(20, **options).fit(X, y).predict(X) for y in (Y[:, 0], Y[:, :1]))
    assert flat.shape == (100,)
    np.testing.assert_array_equal(flat, column)


# Weights of samples


@ESTIMATORS
def test_weight_0_is_absence_to_the_last_bit(Estimator, moons):
    """With batches, BatchNorm, dropout and early stopping, all of which see single samples."""
    X, y = moons
    weight = np.arange(200) % 3
    options = {"batch_norm": True, "dropout": 0.1, "early_stopping": True, "batch_size": 16}
    model = Estimator(**QUICK, **options)
    weighted = clone(model).fit(X, y, sample_weight=weight).network_.theta
    there = weight > 0
    without = clone(model).fit(X[there], y[there], sample_weight=weight[there]).network_.theta
    np.testing.assert_array_equal(weighted, without)
    unweighted = clone(model).fit(X[there], y[there]).network_.theta
    assert not np.allclose(weighted, unweighted)


@ESTIMATORS
def test_in_full_batches_weight_2_is_twice_the_sample(Estimator, moons):
    X, y = moons
    weight = 1 + np.arange(200) % 2
    model = Estimator(**QUICK, batch_size=400)
    weighted = clone(model).fit(X, y, sample_weight=10 * weight)  # only proportions matter
    repeated = clone(model).fit(X.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(weighted.network_.theta, repeated.network_.theta, rtol=1e-9)


@ESTIMATORS
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(200), "all zeros, expected some numbers above 0"),
        (np.ones(199), r"has shape \(199,\), expected \(200,\)"),
        (np.ones((200, 1)), r"has shape \(200, 1\), expected \(200,\)"),
        (np.linspace(-1, 1, 200), "from -1.0 to 1.0, expected finite numbers, 0 or more"),
        (np.where(np.arange(200), 1, np.nan), "expected finite numbers, 0 or more"),
    ],
)
def test_weights_that_make_no_sense_are_refused(Estimator, moons, weight, message):
    with pytest.raises(ValueError, match=f"sample_weight .*{message}"):
        Estimator(**QUICK).fit(*moons, sample_weight=weight)


# Randomness and precision


@ESTIMATORS
def test_the_same_state_gives_the_same_predictions(Estimator, moons):
    X, y = moons
    options = {**QUICK, "dropout": 0.3, "early_stopping": True}
    states = [5, 5, np.random.default_rng(5), np.random.RandomState(5), 6, None]
    models = [Estimator(**options | {"random_state": state}).fit(X, y) for state in states]
    first, *others = [model.network_.predict(X) for model in models]
    equal = [np.array_equal(first, other) for other in others]
    assert equal == [True, True, False, False, False]
    np.testing.assert_array_equal(models[0].fit(X, y).network_.predict(X), first)


@ESTIMATORS
@pytest.mark.parametrize("random_state", [0, None])
def test_global_random_state_is_neither_read_nor_set(Estimator, moons, random_state):
    _, before, position, *_ = np.random.get_state()  # noqa: NPY002
    options = {**QUICK, "random_state": random_state, "early_stopping": True, "dropout": 0.1}
    Estimator(**options).fit(*moons)
    _, after, position_after, *_ = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after, before)
    assert position_after == position


@ESTIMATORS
@pytest.mark.parametrize(
    ("given", "used"), [(np.float32, np.float32), (np.float64, np.float64), (int, np.float64)]
)
def test_float32_stays_float32(Estimator, moons, given, used):
    X, y = moons[0].astype(given), moons[1]
    options = {**QUICK, "batch_norm": True, "learning_rate": "cosine"}
    model = Estimator(**options).fit(X, y, sample_weight=np.arange(1.0, 201))
    for array in (model.network_.theta, model._run[1].sum_g, model.network_.predict(X)):
        assert array.dtype == used
    output = model.predict_proba(moons[0]) if Estimator is MLPClassifier else model.predict(X)
    assert output.dtype == used


# More epochs


@ESTIMATORS
def test_partial_fit_goes_on_where_fit_stopped(Estimator, moons):
    X, y = moons
    model = Estimator(**QUICK, batch_norm=True, dropout=0.1, batch_size=30)
    at_once = clone(model).set_params(max_iter=6).fit(X, y)
    in_parts = clone(model).fit(X, y).partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(in_parts.network_.theta, at_once.network_.theta)
    assert in_parts.loss_curve_ == in_parts.history_.cost == at_once.loss_curve_
    assert in_parts.n_iter_ == at_once.n_iter_ == 6

    alone = clone(model)
    for _ in range(6):
        alone.partial_fit(X, y, *([[0, 1]] if Estimator is MLPClassifier else []))
    np.testing.assert_array_equal(alone.network_.theta, at_once.network_.theta)
    assert alone.loss_curve_ == at_once.loss_curve_


def test_partial_fit_takes_a_new_rate(moons):
    model = MLPClassifier(**QUICK, learning_rate="cosine").fit(*moons)
    model.set_params(learning_rate="constant", learning_rate_init=0.01)
    assert model.partial_fit(*moons)._run[1].rate(model._run[1].t) == 0.01


def test_partial_fit_knows_classes_that_have_not_come_yet(iris):
    X, y = iris
    model = MLPClassifier(**QUICK).partial_fit(X[:100], y[:100], np.unique(y))
    assert model.predict_proba(X).shape == (150, 3)
    model.partial_fit(X[100:], y[100:])  # one class alone
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"] and model.n_iter_ == 2
    with pytest.raises(ValueError, match="unseen labels.*rose"):
        model.partial_fit(X[:2], ["rose", "setosa"])
    with pytest.raises(ValueError, match=r"classes is \['setosa'\], expected all, the same"):
        model.partial_fit(X, y, ["setosa"])
    with pytest.raises(ValueError, match="classes is None, expected all"):
        MLPClassifier().partial_fit(X, y)


@pytest.mark.parametrize("setting", [{"early_stopping": True}, {"learning_rate": "cosine"}])
def test_partial_fit_refuses_what_needs_an_end(moons, setting):
    with pytest.raises(ValueError, match="partial_fit needs early_stopping=False and learning_rat"):
        MLPClassifier(**setting).partial_fit(*moons, [0, 1])


# Early stopping


def test_early_stopping_returns_to_the_best_epoch(iris, monkeypatch):
    X, y = iris
    seen = {}
    train = mlp.train

    def spy(net, X, T, optimiser, **options):
        seen.update(options, T=T)
        return train(net, X, T, optimiser, **options)

    monkeypatch.setattr(mlp, "train", spy)
    options = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 3}
    options |= {"learning_rate_init": 0.1, "max_iter": 300, "random_state": 0}
    model = MLPClassifier(**options).fit(X, y)
    history = model.history_
    assert model.n_iter_ == len(history.val_cost) == history.best_epoch + 3 < 300
    assert model.network_.cost(*seen["validation"]) == pytest.approx(min(history.val_cost))
    assert history.val_metric[-1] > 0.9  # accuracy
    assert list(np.bincount(seen["validation"][1])) == [10, 10, 10]
    assert list(np.bincount(seen["T"])) == [40, 40, 40]

    regressor = MLPRegressor(**options).fit(X[:, 1:], X[:, 0])
    assert regressor.n_iter_ == regressor.history_.best_epoch + 3 < 300
    assert len(seen["T"]) == 120 and regressor.history_.val_metric == []


# Messages


@ESTIMATORS
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"activation": "selu"}, "activation is 'selu', expected one of relu, leaky_relu, tanh, s"),
        ({"solver": "lbfgs"}, "solver is 'lbfgs', expected one of adam, momentum, sgd"),
        ({"solver": ["sgd"]}, r"solver is \['sgd'\], expected one of adam"),
        ({"learning_rate": 0.1}, "learning_rate is 0.1, expected one of constant, cosine, expon"),
        ({"learning_rate_init": 0}, "lr is 0, expected a positive number"),
        ({"hidden_layer_sizes": (5, 0)}, "each of hidden_layer_sizes == 0, must be >= 1"),
        ({"hidden_layer_sizes": 2.5}, "each of hidden_layer_sizes must be an instance of int"),
        ({"hidden_layer_sizes": "5"}, "each of hidden_layer_sizes must be an instance of int"),
        ({"hidden_layer_sizes": None}, "each of hidden_layer_sizes must be an instance of int"),
        ({"dropout": 1.0}, "rate is 1.0, expected 0 <= rate < 1"),
        ({"weight_decay": -1}, "weight_decay is -1, expected 0 or more"),
        ({"batch_size": 0}, "batch_size == 0, must be >= 1"),
        ({"batch_size": "auto"}, "batch_size must be an instance of int, not str"),
        ({"max_iter": 0}, "max_iter == 0, must be >= 1"),
        ({"n_iter_no_change": 1.5}, "n_iter_no_change must be an instance of int"),
        ({"early_stopping": True, "validation_fraction": 1}, "validation_fraction is 1, expected"),
        ({"random_state": "a"}, "expects int"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_fit(Estimator, moons, setting, message):
    model = Estimator(**setting)  # scikit-learn: nothing is checked before fit
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(*moons)
    assert not hasattr(model, "network_")


def test_data_that_make_no_sense_are_refused(moons):
    X, y = moons
    with pytest.raises(ValueError, match="y has only one class, 1; expected two or more"):
        MLPClassifier().fit(X[y == 1], y[y == 1])
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MLPClassifier().fit(X, X[:, 0])
    model = MLPClassifier(**QUICK).fit(X.astype(np.float32), y)
    with pytest.raises(ValueError, match="X has 1 features, but MLPClassifier is expecting 2"):
        model.predict(X[:, :1])
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="too large for .*float32"):
        model.predict(1e300 * X)


def test_divergence_is_told_and_keeps_the_earlier_network():
    X, y = make_regression(50, 3, random_state=0)
    model = MLPRegressor(**QUICK).fit(X, y)
    before = model.predict(X)
    model.set_params(solver="sgd", learning_rate_init=10.0, max_iter=50)
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match=r"in step .*lr = 10.*a learning rate that is too"),
    ):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


def test_verbose_shows_progress(moons, monkeypatch):
    shown = []
    monkeypatch.setattr("mlp_lib.training.tqdm", lambda epochs, **_: shown.append(epochs) or epochs)
    MLPClassifier(**QUICK).fit(*moons)
    assert shown == []
    MLPClassifier(**QUICK, verbose=True).fit(*moons)
    assert shown == [range(1, 5)]


# scikit-learn's tools


def test_clone_has_the_parameters_alone(moons):
    options = {"hidden_layer_sizes": (4, 3), "activation": "tanh", "dropout": 0.2}
    copy = clone(MLPClassifier(**QUICK | options).fit(*moons))
    assert copy.get_params() == MLPClassifier(**QUICK | options).get_params()
    assert not hasattr(copy, "network_")


@ESTIMATORS
@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential"])
def test_pickled_and_restored_it_predicts_and_goes_on_the_same(Estimator, moons, schedule):
    X, y = moons
    options = {**QUICK, "learning_rate": schedule, "batch_norm": True, "dropout": 0.1}
    model = Estimator(**options).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    for _ in range(2):
        np.testing.assert_array_equal(copy.network_.predict(X), model.network_.predict(X))
        assert copy.loss_curve_ == model.loss_curve_
        for one in (model, copy):
            one.set_params(learning_rate="constant").partial_fit(X, y)


def test_pipeline_and_cross_validation():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), MLPClassifier(10, **GOOD))
    folds = KFold(3, shuffle=True, random_state=0)
    assert np.mean(cross_val_score(model, X, y, cv=folds)) > 0.93
    model = make_pipeline(StandardScaler(), MLPRegressor(10, **GOOD))
    assert np.mean(cross_val_score(model, X[:, :3], X[:, 3], cv=folds)) > 0.9


def test_randomised_search(iris):
    choices = {"hidden_layer_sizes": [4, (8, 8)], "solver": ["adam", "momentum"]}
    model = MLPClassifier(**GOOD)
    search = RandomizedSearchCV(model, choices, n_iter=3, cv=3, random_state=0).fit(*iris)
    assert len(search.cv_results_["params"]) == 3
    assert search.best_score_ == search.cv_results_["mean_test_score"].max() > 0.93


def test_calibration(moons):
    model = MLPClassifier(20, **GOOD)
    calibrated = CalibratedClassifierCV(model, method="sigmoid", cv=3).fit(*moons)
    assert calibrated.score(*moons) > 0.9
    np.testing.assert_allclose(calibrated.predict_proba(moons[0]).sum(axis=1), 1)


def test_permutation_importance():
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = MLPClassifier(20, **GOOD).fit(X, X[:, 1] > 0)
    importance = permutation_importance(model, X, X[:, 1] > 0, n_repeats=3, random_state=0)
    assert importance.importances_mean[1] > 0.3
    assert np.abs(importance.importances_mean[[0, 2]]).max() < 0.05


# A search on several processes


def score_and_look(model, X, y):
    """Accuracy, and from inside the worker: its process, and the threads of its BLAS."""
    threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {"accuracy": model.score(X, y), "process": os.getpid(), "threads": max(threads)}


def search(**backend):
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=8, random_state=0))
    choices = {
        "mlpclassifier__hidden_layer_sizes": [(5,), (12,), (8, 8)],
        "mlpclassifier__learning_rate_init": [0.003, 0.03],
    }
    grid = GridSearchCV(model, choices, scoring=score_and_look, refit="accuracy", cv=3)
    with joblib.parallel_config(**backend):
        results = grid.fit(X, y).cv_results_
    accuracy, process, threads = (
        np.array([results[f"split{i}_test_{name}"] for i in range(3)])
        for name in ("accuracy", "process", "threads")
    )
    return accuracy, set(process.astype(int).flat), set(threads.flat)


@pytest.fixture(scope="module")
def sequential():
    accuracy, processes, _ = search(n_jobs=1)
    assert processes == {os.getpid()}
    assert len(np.unique(accuracy)) > 3  # there is something to tell apart
    return accuracy


@pytest.fixture
def threads_unlimited():
    """The tests' own limit removed, so that the workers must set theirs; all put back after."""
    with mock.patch.dict(os.environ):
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.pop(name, None)
        yield


def assert_gone(processes):
    there = [psutil.Process(process) for process in processes if psutil.pid_exists(process)]
    assert not psutil.wait_procs(there, timeout=10)[1]


def test_search_on_loky(sequential, threads_unlimited):
    try:
        accuracy, processes, threads = search(backend="loky", n_jobs=2, inner_max_num_threads=1)
    finally:
        get_reusable_executor(reuse=True).shutdown(wait=True)
    np.testing.assert_array_equal(accuracy, sequential)
    assert processes and os.getpid() not in processes
    assert threads == {1}
    assert_gone(processes)


def test_search_on_a_dask_cluster(sequential, threads_unlimited, tmp_path):
    here = {
        "host": "127.0.0.1",
        "dashboard_address": "127.0.0.1:0",
        "scheduler_kwargs": {"dashboard": False},
        "local_directory": tmp_path,
    }
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **here) as cluster,
        Client(cluster) as client,
    ):
        accuracy, processes, threads = search(backend="dask")
        workers = set(client.run(os.getpid).values())
        family = [psutil.Process(), *map(psutil.Process, workers)]
        ports = [port for one in family for port in one.net_connections()]
    np.testing.assert_array_equal(accuracy, sequential)
    assert processes == workers and len(workers) == 2 and os.getpid() not in workers
    assert threads == {1}
    listening = {port.laddr.ip for port in ports if port.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    assert_gone(workers)
    assert not [path for path in tmp_path.rglob("*") if "worker" in path.name]


def test_the_core_does_without_scikit_learn():
    """`import mlp_lib` must not load it: that is why the estimators are imported by name."""
    code = "import sys, mlp_lib; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
