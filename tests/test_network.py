"""The network: flat vectors with views, gradients, bad input, copies, files."""

import copy
import io
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from scipy.optimize import minimize

from mlp_lib import (
    SGD,
    BatchNorm,
    Dropout,
    Linear,
    Network,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    train,
)
from mlp_lib.gradcheck import check_network
from mlp_lib.init import zeros


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def classifier(rng, dtype=np.float64, weight_decay=0.0):
    layers = [Linear(4, 6, rng), BatchNorm(6), Tanh(), Linear(6, 5, rng), ReLU(), Linear(5, 3, rng)]
    return Network(layers, SoftmaxCrossEntropy(), weight_decay=weight_decay, dtype=dtype)


@pytest.fixture
def net(rng):
    return classifier(rng)


@pytest.fixture
def batch(rng):
    return rng.normal(size=(8, 4)), rng.integers(0, 3, size=8)


def test_parameters_and_gradients_are_views_of_two_vectors(net, batch):
    assert net.theta.shape == net.grad.shape == (4 * 6 + 6 + 2 * 6 + 6 * 5 + 5 + 5 * 3 + 3,)
    W = net.layers[0].params["W"]
    net.theta[0] = 42.0
    assert W[0, 0] == 42.0
    W[0, 1] = 43.0
    assert net.theta[1] == 43.0
    net.theta -= 1.0
    net.layers[0].params["W"] = W + 1
    assert W[0, 0] == net.theta[0] == 42.0
    net.cost_and_grad(*batch)
    assert np.shares_memory(net.grad, net.layers[-1].grads["b"])
    np.testing.assert_array_equal(net.grad[-3:], net.layers[-1].grads["b"])
    assert net.grad[-3:].any()
    net.grad = np.zeros_like(net.grad)
    assert not net.layers[-1].grads["b"].any()


def test_is_weight_marks_the_matrices_only(net):
    assert net.is_weight.sum() == 4 * 6 + 6 * 5 + 5 * 3
    assert net.is_weight[:24].all() and not net.is_weight[24:42].any()


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_gradient_agrees_with_finite_differences(rng, batch, weight_decay):
    net = classifier(rng, weight_decay=weight_decay)
    errors = check_network(net, *batch)
    assert len(errors) == 8
    # BatchNorm takes every constant away: this gradient is 0, and one unit in the last place of J
    # makes a difference of 1e-11, which counts as 1e-7 (gradcheck.SMALL).
    assert errors.pop("0 Linear(4, 6) b") < 1e-6
    assert max(errors.values()) < 1e-8, errors


def test_penalty_leaves_out_biases_gamma_and_beta(rng, batch):
    net = classifier(rng, weight_decay=0.5)
    plain = classifier(np.random.default_rng(11))
    plain.theta = net.theta
    squares = sum((layer.params["W"] ** 2).sum() for layer in net.layers if "W" in layer.params)
    assert net.penalty() == pytest.approx(0.25 * squares)
    assert net.cost(*batch) == pytest.approx(plain.cost(*batch) + 0.25 * squares)
    assert net.cost_and_grad(*batch) == pytest.approx(plain.cost_and_grad(*batch) + 0.25 * squares)
    np.testing.assert_allclose(net.grad - plain.grad, 0.5 * net.theta * net.is_weight, atol=1e-15)


def test_cost_and_grad_returns_the_cost_in_training_mode(net, batch):
    assert copy.deepcopy(net).cost(*batch, train=True) == net.cost_and_grad(*batch)


def test_predictions_are_probabilities_of_the_evaluation_mode(net, batch):
    X, _ = batch
    P = net.predict(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_allclose(net.predict(X[:1]), P[:1])  # BatchNorm uses running statistics
    assert not np.allclose(net.forward(X, train=True), net.forward(X))


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_float32_from_end_to_end(rng, batch, weight_decay):
    net = classifier(rng, dtype=np.float32, weight_decay=weight_decay)
    assert net.forward(batch[0]).dtype == net.predict(batch[0]).dtype == np.float32
    net.cost_and_grad(*batch)
    SGD(0.1).step(net.theta, net.grad)
    assert net.theta.dtype == net.grad.dtype == np.float32
    SGD(np.float64(0.1)).step(net.theta, net.grad)
    arrays = [
        a
        for layer in net.layers
        for d in (layer.params, layer.grads, layer.buffers)
        for a in d.values()
    ]
    arrays += [kept for layer in net.layers for kept in layer._kept[1] if np.ndim(kept)]
    assert {a.dtype for a in arrays} <= {np.dtype(np.float32), np.dtype(bool)}


BAD_INPUT = {
    "wrong width": (np.ones((8, 5)), r"\(8, 5\), expected \(N, 4\)"),
    "one sample as a vector": (np.ones(4), r"\(4,\), expected \(N, 4\); one sample is a row"),
    "rank 3": (np.ones((8, 2, 2)), r"\(8, 2, 2\), expected \(N, 4\)"),
    "empty batch": (np.ones((0, 4)), r"\(0, 4\): an empty batch; expected one row or more"),
    "infinite": (np.full((1, 4), np.inf), "4 values .* row 0, column 0"),
    "infinite above": (np.where(np.eye(8, 4) > 0, np.inf, 1), "4 values .* row 0, column 0"),
    "infinite below": (np.where(np.eye(8, 4) > 0, -np.inf, 1), "4 values .* row 0, column 0"),
    "object": (np.array([[None] * 4] * 8), "dtype object, expected numbers"),
    "text": (np.array([["1"] * 4] * 8), "dtype <U1, expected numbers"),
    "NaN": (np.where(np.eye(8, 4, -2) > 0, np.nan, 1), "4 values .* row 2, column 0"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_refused_with_both_sides_named(net, batch, case):
    X, message = BAD_INPUT[case]
    _, y = batch
    calls = [
        lambda: net.forward(X),
        lambda: net.predict(X),
        lambda: net.cost(X, y),
        lambda: net.cost_and_grad(X, y),
        lambda: train(net, X, y, SGD(0.1), epochs=1, batch_size=4, rng=np.random.default_rng(0)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(8), "run from 0 to 7, expected 0 to 2"),
        (np.zeros(7, int), r"shape \(7,\), the output of the network has \(8, 3\)"),
        (np.ones((8, 3)), "sum to 3 … 3, expected 1"),
    ],
)
def test_bad_targets_are_refused(net, batch, y, message):
    for method in (net.cost, net.cost_and_grad, net.check):
        with pytest.raises(ValueError, match=message):
            method(batch[0], y)


def test_layers_that_do_not_fit_are_refused(rng):
    with pytest.raises(
        ValueError, match=r"Linear\(4, 6\) gives 6 columns, Linear\(5, 3\) expects 5"
    ):
        Network([Linear(4, 6, rng), ReLU(), Linear(5, 3, rng)], SquaredError())
    layer = Linear(4, 4, rng)
    with pytest.raises(ValueError, match=r"layer 1, Linear\(4, 4\), has its place in a network"):
        Network([layer, layer], SquaredError())
    net = Network([layer], SquaredError())
    with pytest.raises(ValueError, match=r"layer 0, .* make a new layer, or copy.deepcopy it"):
        Network(net.layers, SquaredError())
    Network(copy.deepcopy(net.layers), SquaredError()).theta[:] = 0.0
    assert net.theta.any()
    with pytest.raises(ValueError, match="at least one Linear"):
        Network([ReLU()], SquaredError())


def test_classes_in_place_of_layers_and_losses_are_refused(rng):
    layer = Linear(4, 3, rng)
    for layers, loss, message in [
        ([layer, ReLU], SquaredError(), "layer 1 is <class .*, expected an instance of Layer"),
        ([layer, "relu"], SquaredError(), "layer 1 is 'relu', expected an instance of Layer"),
        ([layer], SquaredError, r"loss is <class .*e.g. SquaredError\(\); the brackets are miss"),
        ([layer], None, "loss is None, expected an instance of Loss, e.g. SquaredError"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network(layers, loss)
    assert not layer.bound


@pytest.mark.parametrize("dtype", [int, np.float16, complex])
def test_dtypes_that_cannot_train_are_refused(rng, dtype):
    with pytest.raises(ValueError, match=f"dtype is {np.dtype(dtype)}, expected float32 or"):
        Network([Linear(4, 3, rng)], SquaredError(), dtype=dtype)


@pytest.mark.parametrize("weight_decay", [-0.1, np.nan, np.inf])
def test_a_penalty_below_zero_is_refused(rng, weight_decay):
    with pytest.raises(ValueError, match=f"weight_decay is {weight_decay}, expected 0 or more"):
        Network([Linear(4, 3, rng)], SquaredError(), weight_decay=weight_decay)


def test_input_too_large_for_the_dtype_is_refused(rng):
    net = Network([Linear(1, 1, rng)], SquaredError(), dtype=np.float32)
    with pytest.raises(ValueError, match="infinite in float32, the first in row 0, column 0"):
        net.predict([[1e300]])


def test_update_of_parameters_writes_into_the_views(net):
    net.layers[0].params.update(W=np.zeros((4, 6)))
    assert not net.theta[:24].any()
    net.layers[0].params |= {"W": np.ones((4, 6))}
    assert (net.theta[:24] == 1).all()


def test_theta_and_parameters_keep_their_shape(net):
    with pytest.raises(ValueError, match="broadcast"):
        net.theta = np.zeros(3)
    with pytest.raises(ValueError, match=r"W has shape \(4, 6\), got \(6, 4\)"):
        net.layers[0].params["W"] = np.zeros((6, 4))


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_are_whole_and_apart(net, batch, duplicate):
    other = duplicate(net)
    np.testing.assert_array_equal(other.predict(batch[0]), net.predict(batch[0]))
    before = net.theta.copy()
    other.theta[:] = 0.0
    assert not other.layers[0].params["W"].any()
    np.testing.assert_array_equal(net.theta, before)
    other.cost_and_grad(*batch)
    assert np.shares_memory(other.grad, other.layers[0].grads["W"])


def test_a_pickle_does_not_carry_the_last_batch(net):
    before = len(pickle.dumps(net))
    net.forward(np.ones((1000, 4)))
    assert len(pickle.dumps(net)) < before + 100


def test_save_and_load_bring_everything_back(net, batch, tmp_path):
    net.forward(batch[0], train=True)  # moves the running statistics
    net.save(tmp_path / "net.npz")
    other = classifier(np.random.default_rng(99))
    assert not np.allclose(other.predict(batch[0]), net.predict(batch[0]))
    other.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(other.predict(batch[0]), net.predict(batch[0]))
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


def test_a_second_save_replaces_the_first(net, tmp_path):
    for value in (1.0, 2.0):
        net.theta[:] = value
        net.save(tmp_path / "net.npz")
    net.theta[:] = 3.0
    net.load(tmp_path / "net.npz")
    assert (net.theta == 2.0).all()


def test_a_file_that_may_not_be_read_is_told_as_such(net, tmp_path, monkeypatch):
    def forbid(path):
        raise PermissionError(f"not allowed: {path}")

    monkeypatch.setattr(zipfile, "ZipFile", forbid)
    with pytest.raises(PermissionError, match="not allowed"):
        net.load(tmp_path / "net.npz")


def test_load_names_what_is_wrong(net, tmp_path, rng):
    with pytest.raises(FileNotFoundError):
        net.load(tmp_path / "absent.npz")
    for name, content in (("text", b"not a network"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} is not a file written by Network.save"):
            net.load(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(ValueError, match=r"other.npz holds the layers \[\], this network has"):
        net.load(tmp_path / "other.npz")
    np.savez(tmp_path / "scalar.npz", layers=np.array("one"), **net.state())
    with pytest.raises(ValueError, match=r"scalar.npz holds the layers \['one'\], this network"):
        net.load(tmp_path / "scalar.npz")
    np.savez(tmp_path / "pickled.npz", layers=np.array([object()]), theta=net.theta)
    with pytest.raises(ValueError, match="is not a file written by Network.save"):
        net.load(tmp_path / "pickled.npz")
    layers = [str(layer) for layer in net.layers]
    np.savez(tmp_path / "part.npz", layers=layers, theta=net.theta)
    with pytest.raises(ValueError, match="the saved state lacks 1.running_mean, 1.running_var"):
        net.load(tmp_path / "part.npz")
    net.save(tmp_path / "cut.npz")
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    before = net.theta.copy()
    with pytest.raises(ValueError, match="is not a file written by Network.save"):
        net.load(tmp_path / "cut.npz")
    np.testing.assert_array_equal(net.theta, before)
    twins = []
    for activation in (ReLU, Tanh):
        layers = [Linear(4, 3, rng), activation(), Linear(3, 3, rng)]
        twins.append(Network(layers, SoftmaxCrossEntropy()))
    twins[0].save(tmp_path / "relu.npz")
    with pytest.raises(ValueError, match=r"relu.npz holds .*'ReLU\(\)'.* has .*'Tanh\(\)'"):
        twins[1].load(tmp_path / "relu.npz")
    small = Network([Linear(4, 3, rng)], SoftmaxCrossEntropy())
    small.save(tmp_path / "small.npz")
    with pytest.raises(ValueError, match=r"small.npz holds the layers \['Linear\(4, 3\)'\], this"):
        net.load(tmp_path / "small.npz")


def huge(net, size=10**12):
    """A file of a few bytes that claims to hold 8 terabytes."""
    header = io.BytesIO()
    claim = {"descr": "<f8", "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(header, claim)
    return header.getvalue() + bytes(80)


def long_header(net):
    """Numbers after a header of 60,000 characters."""
    text = ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }" + " " * 60_000).encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(24)


def not_an_array(net):
    return b"#" * 1000


def pickled(net):
    content = io.BytesIO()
    np.save(content, np.array([Bomb()], dtype=object), allow_pickle=True)
    return content.getvalue()


class Bomb:
    """Unpickling it would end the tests."""

    def __reduce__(self):
        return os._exit, (1,)


@pytest.mark.parametrize("content", [huge, long_header, not_an_array, pickled])
def test_malicious_files_are_refused_before_they_are_unpacked(net, tmp_path, content):
    path = tmp_path / "bad.npz"
    net.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.npy", content(net))
    before = net.theta.copy()
    tracemalloc.start()
    with pytest.raises(ValueError, match="bad.npz is not a file written by Network.save"):
        net.load(path)
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()
    np.testing.assert_array_equal(net.theta, before)


def test_a_claim_below_zero_does_not_pay_for_a_large_one(net, tmp_path):
    path = tmp_path / "bad.npz"
    net.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        for size in (10**12, -(10**12)):
            archive.writestr(f"{size}.npy", huge(net, size))
    with pytest.raises(ValueError, match=r"arrays claim [\d,]+ bytes, expected [\d,]+ at most"):
        net.load(path)


def test_a_packed_file_does_not_unpack_without_bound(net, tmp_path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, layers=np.array(["x"]), theta=np.zeros(20_000_000))
    assert path.stat().st_size < 200_000
    with pytest.raises(
        ValueError, match=r"arrays claim 160,000,004 bytes, expected [\d,]+ at most"
    ):
        net.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"theta": np.ones(1)}, r"theta in the saved state is float64 of shape \(1,\), expected"),
        ({"theta": None}, "the saved state lacks theta"),
        ({"theta": np.array("text")}, r"theta in the saved state is <U4 of shape \(\)"),
        ({"1.running_var": np.ones((6, 1))}, r"1.running_var .* \(6, 1\), expected .* \(6,\)"),
        ({"1.running_var": np.full(6, np.nan)}, "1.running_var holds NaN or infinite"),
        ({"1.running_mean": np.ones(6, complex)}, "1.running_mean in the saved state is complex"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(net, tmp_path, change, message):
    arrays = {"layers": [str(layer) for layer in net.layers], **net.state(), **change}
    np.savez(tmp_path / "bad.npz", **{k: v for k, v in arrays.items() if v is not None})
    before = net.state()
    with pytest.raises(ValueError, match=message):
        net.load(tmp_path / "bad.npz")
    for name, value in net.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_half_precision_loads(net, tmp_path):
    half = {name: value.astype(np.float16) for name, value in net.state().items()}
    np.savez(tmp_path / "half.npz", layers=[str(layer) for layer in net.layers], **half)
    net.load(tmp_path / "half.npz")
    np.testing.assert_array_equal(net.theta, half["theta"])
    assert net.theta.dtype == np.float64


def test_a_save_that_fails_leaves_the_old_file(net, tmp_path, monkeypatch):
    net.save(tmp_path / "net.npz")
    before = (tmp_path / "net.npz").read_bytes()

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        net.save(tmp_path / "net.npz")
    assert (tmp_path / "net.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


def test_scipy_can_drive_the_network(rng):
    X = rng.uniform(-2, 2, size=(40, 1))
    net = Network([Linear(1, 8, rng), Tanh(), Linear(8, 1, rng)], SquaredError())
    T = np.sin(2 * X)
    before = net.cost(X, T)

    def f(theta):
        net.theta = theta
        return net.cost_and_grad(X, T), net.grad

    result = minimize(f, net.theta, jac=True, method="L-BFGS-B")
    assert result.fun < 0.01 * before
    net.theta = result.x
    assert net.cost(X, T) == pytest.approx(result.fun)


def test_repr_is_a_table_of_shapes_and_counts(rng):
    net = Network(
        [Linear(784, 100, rng), Sigmoid(), Dropout(0.5, rng), Linear(100, 10, init=zeros)],
        SoftmaxCrossEntropy(),
        dtype=np.float32,
    )
    lines = repr(net).splitlines()
    assert lines[2].split() == ["Linear(784,", "100)", "(N,", "100)", "78,500"]
    assert lines[-1].split() == ["SoftmaxCrossEntropy()", "total,", "float32", "79,510"]
    assert all(not line.endswith(" ") for line in lines)
