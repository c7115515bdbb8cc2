"""Mini-batches, the loop, validation, early stopping."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mlp_lib import (
    SGD,
    Adam,
    BatchNorm,
    Dropout,
    History,
    Linear,
    Network,
    ReLU,
    SoftmaxCrossEntropy,
    SquaredError,
    accuracy,
    train,
)
from mlp_lib.init import zeros
from mlp_lib.optim import exponential_decay
from mlp_lib.training import minibatches


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def rings(rng, N=120):
    """Two classes, told apart by the distance from the origin."""
    X = rng.normal(size=(N, 2))
    return X, (np.hypot(*X.T) > 1).astype(int)


def classifier(rng):
    return Network(
        [Linear(2, 12, rng), BatchNorm(12), ReLU(), Linear(12, 2, rng)], SoftmaxCrossEntropy()
    )


def test_minibatches_shuffle_samples_and_keep_the_short_one(rng):
    batches = list(minibatches(10, 4, rng))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    everything = np.concatenate(batches)
    assert sorted(everything) == list(range(10))
    assert list(everything) != list(range(10))
    assert list(everything) != list(np.concatenate(list(minibatches(10, 4, rng))))
    assert [len(batch) for batch in minibatches(3, 100, rng)] == [3]
    assert [len(batch) for batch in minibatches(9, 4, rng)] == [4, 4, 1]


def test_the_epoch_cost_weights_the_short_batch_rightly(rng):
    """With all costs equal to T² and a rate near 0, the epoch's cost is the mean over samples."""
    net = Network([Linear(1, 1, init=zeros)], SquaredError())
    T = np.array([0.0, 0, 0, 0, 10])[:, None]
    history = train(net, np.zeros((5, 1)), T, SGD(1e-12), epochs=3, batch_size=4, rng=rng)
    assert history.cost == pytest.approx([20.0] * 3)


def test_one_full_batch_is_gradient_descent(rng):
    X, y = rings(rng)
    net, by_hand = classifier(np.random.default_rng(1)), classifier(np.random.default_rng(1))
    costs = []
    for _ in range(5):
        costs.append(by_hand.cost_and_grad(X, y))
        by_hand.theta -= 0.1 * by_hand.grad
    history = train(net, X, y, SGD(0.1), epochs=5, batch_size=len(X), rng=rng)
    np.testing.assert_allclose(net.theta, by_hand.theta, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(history.cost, costs, rtol=1e-12)


def test_it_learns_and_records(rng):
    (X, y), validation = rings(rng, 400), rings(rng, 100)
    net = classifier(rng)
    history = train(
        net,
        X,
        y,
        Adam(0.01),
        epochs=40,
        batch_size=32,
        rng=rng,
        validation=validation,
        metric=accuracy,
    )
    assert len(history.cost) == len(history.val_cost) == len(history.val_metric) == 40
    assert history.cost[-1] < 0.5 * history.cost[0]
    assert history.val_metric[-1] > 0.93
    assert history.val_metric[-1] == accuracy(validation[1], net.predict(validation[0]))
    assert history.val_cost[-1] == pytest.approx(net.cost(*validation))


def test_validation_sees_the_penalty_and_the_predictions(rng):
    data = rings(rng)
    layers = [Linear(2, 12, rng), ReLU(), Linear(12, 2, rng)]
    net = Network(layers, SoftmaxCrossEntropy(), weight_decay=0.1)
    history = train(
        net,
        *data,
        SGD(0.1),
        epochs=1,
        batch_size=20,
        rng=rng,
        validation=data,
        metric=lambda T, Y_hat: Y_hat.sum(axis=1).mean(),
    )
    assert history.val_cost == [net.cost(*data)]
    assert history.val_metric == pytest.approx([1.0])  # probabilities, not logits


def test_a_float32_network_is_trained_in_float32(rng):
    seen = set()

    class Watched(ReLU):
        def forward(self, X, train=False):
            seen.add(X.dtype)
            return super().forward(X, train)

        def backward(self, D, input_grad=True):
            seen.add(D.dtype)
            return super().backward(D, input_grad)

    layers = [Linear(2, 4, rng), Watched(), Linear(4, 2, rng)]
    net = Network(layers, SoftmaxCrossEntropy(), weight_decay=0.1, dtype=np.float32)
    data, weight = rings(rng), rng.random(120)
    assert data[0].dtype == weight.dtype == np.float64
    train(net, *data, Adam(), epochs=1, batch_size=50, rng=rng, sample_weight=weight)
    assert seen == {np.dtype(np.float32)}


def test_equal_seeds_give_equal_networks():
    thetas = []
    for seed in (1, 1, 2):
        rng = np.random.default_rng(seed)
        X, y = rings(np.random.default_rng(0))
        net = classifier(np.random.default_rng(0))
        train(net, X, y, Adam(), epochs=2, batch_size=16, rng=rng)
        thetas.append(net.theta)
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])


def test_global_random_state_is_neither_read_nor_set(rng):
    _, before, position, *_ = np.random.get_state()  # noqa: NPY002
    X, y = rings(rng)
    train(classifier(rng), X, y, Adam(), epochs=1, batch_size=16, rng=rng)
    _, after, position_after, *_ = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after, before)
    assert position_after == position  # a few numbers drawn move only this


def test_early_stopping_restores_the_best_epoch(rng):
    X, y = rings(rng, 30)
    noisy = np.where(rng.random(30) < 0.3, 1 - y, y)
    validation = rings(rng, 200)
    net = classifier(rng)
    history = train(
        net,
        X,
        noisy,
        Adam(0.03),
        epochs=500,
        batch_size=10,
        rng=rng,
        validation=validation,
        patience=5,
    )
    assert len(history.cost) < 500
    assert history.best_epoch == len(history.cost) - 5
    assert history.best_epoch == int(np.argmin(history.val_cost)) + 1
    assert net.cost(*validation) == pytest.approx(min(history.val_cost), rel=1e-12)


def test_patience_also_restores_when_the_epochs_run_out(rng):
    X, y = rings(rng, 30)
    noisy = np.where(rng.random(30) < 0.3, 1 - y, y)
    validation = rings(rng, 200)
    net = classifier(rng)
    history = train(
        net,
        X,
        noisy,
        Adam(0.05),
        epochs=40,
        batch_size=10,
        rng=rng,
        validation=validation,
        patience=39,
    )
    assert history.val_cost[-1] > min(history.val_cost)
    assert net.cost(*validation) == pytest.approx(min(history.val_cost), rel=1e-12)


def test_without_validation_there_is_no_best_epoch(rng):
    history = train(classifier(rng), *rings(rng), SGD(0.1), epochs=2, batch_size=8, rng=rng)
    assert history.best_epoch is None and history.val_cost == history.val_metric == []


def test_an_equal_cost_is_not_a_better_one():
    assert History(val_cost=[3.0, 1.0, 2.0, 1.0]).best_epoch == 2


def test_data_are_not_changed(rng):
    X, y = rings(rng)
    X_before, y_before = X.copy(), y.copy()
    train(classifier(rng), X, y, SGD(0.1), epochs=1, batch_size=7, rng=rng)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_the_progress_bar_counts_epochs():
    """In a process of its own: tqdm reads TQDM_DISABLE, which the tests set, when imported."""
    program = """
import numpy as np
from mlp_lib import SGD, Linear, Network, SquaredError, train
rng = np.random.default_rng(0)
net = Network([Linear(1, 1, rng)], SquaredError())
data = np.ones((4, 1)), np.ones((4, 1))
train(net, *data, SGD(0.1), epochs=3, batch_size=2, rng=rng, progress={})
"""
    env = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    for progress, shown in ((True, True), (False, False)):
        command = [sys.executable, "-c", program.format(progress)]
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert ("epochs: 100%" in result.stdout) == shown


def test_divergence_is_told_as_such(rng):
    X = rng.normal(size=(20, 3))
    net = Network([Linear(3, 5, rng), ReLU(), Linear(5, 1, rng)], SquaredError())
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            FloatingPointError, match=r"cost became (nan|inf) in step \d.*lr = 10.*too large"
        ),
    ):
        train(net, X, X.sum(axis=1), SGD(10.0), epochs=50, batch_size=5, rng=rng)


def test_settings_may_be_numpys_integers(rng):
    settings = {"epochs": np.int64(2), "batch_size": np.uint8(8), "patience": np.int32(2)}
    data = rings(rng)
    history = train(classifier(rng), *data, SGD(0.1), rng=rng, validation=data, **settings)
    assert len(history.cost) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0, expected a whole number, 1 or more"),
        ({"batch_size": 0}, "batch_size is 0, expected a whole number, 1 or more"),
        ({"batch_size": 2.5}, "batch_size is 2.5, expected a whole number"),
        ({"batch_size": None}, "batch_size is None, expected a whole number"),
        ({"patience": 0, "validation": True}, "patience is 0, expected a whole number"),
        ({"patience": 3}, "pass validation="),
        ({"metric": accuracy}, "pass validation="),
        ({"validation": np.ones((8, 2))}, r"validation is a ndarray, expected a pair \(X, T\)"),
        ({"validation": (np.ones((8, 2)),)}, r"validation is a tuple, expected a pair \(X, T\)"),
    ],
)
def test_settings_that_make_no_sense_are_refused(rng, settings, message):
    data = rings(rng)
    settings = {"epochs": 1, "batch_size": 8, **settings}
    if settings.get("validation") is True:
        settings["validation"] = data
    with pytest.raises(ValueError, match=message):
        train(classifier(rng), *data, SGD(0.1), rng=rng, **settings)


def test_overflow_in_the_last_step_is_told_too(rng):
    X = rng.normal(size=(20, 3))
    net = Network([Linear(3, 1, rng)], SquaredError())
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="overflowed in step 1 of an epoch, after 1 steps"),
    ):
        train(net, 1e10 * X, X[:, 0], SGD(1e300), epochs=1, batch_size=20, rng=rng)


def test_divergence_leaves_the_last_complete_epoch(rng):
    X = rng.normal(size=(20, 3))
    net = Network([Linear(3, 1, rng)], SquaredError())
    optimiser = SGD(lambda t: 0.1 if t <= 8 else 1e300)
    settings = {"batch_size": 5, "rng": rng}
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        train(net, X, X[:, 0], optimiser, epochs=9, **settings)
    twin = Network([Linear(3, 1, init=zeros)], SquaredError())
    assert np.isfinite(net.theta).all() and net.cost(X, X[:, 0]) < twin.cost(X, X[:, 0])


def test_divergence_seen_on_the_validation_data_is_told_as_such(rng):
    """The only step of an epoch leaves finite parameters, and outputs that overflow."""
    X = rng.normal(size=(20, 3))
    net = Network([Linear(3, 5, rng), ReLU(), Linear(5, 1, rng)], SquaredError())
    before, data = net.state(), (X, X.sum(axis=1))
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="validation cost became nan, after 1 steps"),
    ):
        train(net, *data, SGD(1e160), epochs=9, batch_size=20, rng=rng, validation=data)
    np.testing.assert_array_equal(net.theta, before["theta"])


@pytest.mark.parametrize("where", ["schedule", "metric"])
def test_any_error_leaves_the_last_complete_epoch(rng, where):
    def fail_late(*arguments):
        fail_late.calls += 1
        if fail_late.calls == 5:
            raise RuntimeError("by and by")
        return 0.1

    fail_late.calls = 0
    data, settings = rings(rng, 30), {}
    # A schedule fails in the second of three steps of epoch 2; a metric, looked at once before
    # training, after epoch 4.
    optimiser, complete = SGD(fail_late), 1
    if where == "metric":
        optimiser, complete = SGD(0.1), 3
        settings = {"validation": data, "metric": fail_late}
    nets = []
    for epochs in (9, complete):
        net = classifier(np.random.default_rng(1))
        plan = {"epochs": epochs, "batch_size": 10, "rng": np.random.default_rng(2)}
        if epochs == 9:
            with pytest.raises(RuntimeError, match="by and by"):
                train(net, *data, optimiser, **plan, **settings)
        else:
            train(net, *data, SGD(0.1), **plan)
        nets.append(net.state())
    for name, value in nets[1].items():
        np.testing.assert_array_equal(nets[0][name], value)


def test_a_class_in_place_of_an_optimiser_is_refused(rng):
    with pytest.raises(ValueError, match="optimiser is <class .*SGD'>, expected an instance of"):
        train(classifier(rng), *rings(rng), SGD, epochs=1, batch_size=8, rng=rng)


def test_the_rate_of_a_schedule_is_told_on_divergence(rng):
    X = rng.normal(size=(20, 3))
    net = Network([Linear(3, 1, rng)], SquaredError())
    rate = exponential_decay(10.0, 0.99, steps=1)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=r"lr = [1-9]\.\d"):
        train(net, X, X[:, 0], SGD(rate), epochs=500, batch_size=20, rng=rng)


class InterruptedAt(SGD):
    """Ctrl-C in the middle of the given step."""

    def __init__(self, lr, step):
        super().__init__(lr)
        self.last = step

    def update(self, theta, grad, lr):
        theta[: theta.size // 2] -= lr * grad[: theta.size // 2]
        if self.t == self.last:
            raise KeyboardInterrupt
        theta[theta.size // 2 :] -= lr * grad[theta.size // 2 :]


@pytest.mark.parametrize(("patience", "step", "complete"), [(None, 8, 2), (5, 8, 2), (None, 1, 0)])
def test_ctrl_c_keeps_the_last_complete_epoch(patience, step, complete):
    def run(optimiser, epochs):
        rng = np.random.default_rng(3)
        net = classifier(rng)
        if epochs == 0:
            return net, None
        data = rings(rng)
        validation = data if patience else None
        return net, train(
            net, *data, optimiser, epochs=epochs, batch_size=40, rng=rng,
            patience=patience, validation=validation,
        )  # fmt: skip

    with pytest.warns(UserWarning, match=f"interrupted: {complete} of 9 epochs done"):
        net, history = run(InterruptedAt(0.1, step), 9)
    assert history.interrupted and len(history.cost) == complete
    assert len(history.val_cost) == (complete if patience else 0)
    uninterrupted, its_history = run(SGD(0.1), complete)
    for name, value in uninterrupted.state().items():
        np.testing.assert_array_equal(net.state()[name], value)
    if complete:
        assert not its_history.interrupted
        assert history.cost == its_history.cost


def test_training_may_go_on_with_the_same_optimiser():
    def start():
        rng = np.random.default_rng(8)
        return rng, classifier(rng), Adam(0.01), rings(rng)

    rng, once, optimiser, data = start()
    whole = train(once, *data, optimiser, epochs=4, batch_size=32, rng=rng)
    rng, twice, optimiser, data = start()
    costs = [
        train(twice, *data, optimiser, epochs=2, batch_size=32, rng=rng).cost for _ in range(2)
    ]
    np.testing.assert_array_equal(twice.theta, once.theta)
    assert sum(costs, []) == whole.cost


@pytest.mark.parametrize("size", [1e-300, 1e308])
def test_only_the_proportions_of_the_weights_matter(rng, size):
    data, weight, thetas = rings(rng, 30), rng.random(30), []
    for factor in (1.0, size):
        net = classifier(np.random.default_rng(1))
        train(net, *data, SGD(0.1), epochs=2, batch_size=30, rng=rng, sample_weight=factor * weight)
        thetas.append(net.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)


def test_a_weight_of_two_is_the_sample_twice_and_of_zero_is_none(rng):
    X, y = rings(rng, 30)
    count = rng.integers(0, 4, size=30)
    nets = []
    for data, weight in (((X, y), 5.0 * count), ((X.repeat(count, 0), y.repeat(count)), None)):
        net = Network([Linear(2, 6, np.random.default_rng(1)), ReLU(), Linear(6, 2, init=zeros)],
                      SoftmaxCrossEntropy(), weight_decay=0.01)  # fmt: skip
        history = train(
            net, *data, Adam(0.01), epochs=20, batch_size=200, rng=rng, sample_weight=weight
        )
        nets.append((net.theta, history.cost))
    for weighted, repeated in zip(*nets, strict=True):
        np.testing.assert_allclose(weighted, repeated, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(7), r"sample_weight has shape \(7,\), X has 120 rows"),
        (np.ones((120, 1)), r"sample_weight has shape \(120, 1\)"),
        (np.zeros(120), "runs from 0.0 to 0.0, expected finite numbers, 0 or more and not all 0"),
        (np.linspace(-1, 1, 120), "runs from -1.0 to 1.0"),
        (np.full(120, np.nan), "runs from nan"),
    ],
)
def test_bad_sample_weights_are_refused(rng, weight, message):
    with pytest.raises(ValueError, match=message):
        train(
            classifier(rng), *rings(rng), SGD(0.1), epochs=1, batch_size=8, rng=rng,
            sample_weight=weight,
        )  # fmt: skip


def test_a_seed_in_place_of_a_generator_is_refused(rng):
    with pytest.raises(ValueError, match=r"train needs a numpy.random.Generator, got 0; pass rng="):
        train(classifier(rng), *rings(rng), SGD(0.1), epochs=1, batch_size=8, rng=0)
    with pytest.raises(ValueError, match=r"Dropout needs a numpy.random.Generator, got 0"):
        Dropout(0.5, 0)


def test_bad_validation_data_are_found_before_any_step(rng):
    net = classifier(rng)
    before = net.theta.copy()
    with pytest.raises(ValueError, match=r"\(5, 3\), expected \(N, 2\)"):
        train(
            net,
            *rings(rng),
            SGD(0.1),
            epochs=1,
            batch_size=8,
            rng=rng,
            validation=(np.ones((5, 3)), np.zeros(5, int)),
        )
    np.testing.assert_array_equal(net.theta, before)
