"""The gradient checker: it is accurate, it leaves no trace, and it catches planted faults."""

import copy

import numpy as np
import pytest

from mlp_lib import (
    BatchNorm,
    Dropout,
    Linear,
    Network,
    ReLU,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    sigmoid,
)
from mlp_lib.gradcheck import check_layer, check_network, numerical_gradient, relative_error


@pytest.fixture
def rng():
    return np.random.default_rng(13)


def test_numerical_gradient_of_a_known_function(rng):
    x = rng.normal(size=(3, 2))
    before = x.copy()
    x.flags.writeable = False
    g = numerical_gradient(lambda x: float((np.sin(x) * x).sum()), x)
    np.testing.assert_allclose(g, np.sin(x) + x * np.cos(x), rtol=1e-8)
    np.testing.assert_array_equal(x, before)


def test_relative_error():
    assert relative_error([1.0, 2], [1, 2]) == 0
    assert relative_error([1.0, 2], [1, 4]) == relative_error([1.0, 4], [1, 2]) == 0.5
    assert relative_error([0.0], [1e-11]) < 1e-6  # noise of differences is no fault
    assert relative_error([1e-3], [1.1e-3]) > 0.05  # a fault in a small gradient is one
    assert relative_error([1.0], [np.nan]) == relative_error([np.nan], [1.0]) == np.inf
    with pytest.raises(ValueError, match=r"\(1,\) and \(2,\)"):
        relative_error([1.0], [1.0, 2.0])


def test_a_check_leaves_no_trace(rng):
    net = Network(
        [Linear(3, 4, rng), BatchNorm(4), Dropout(0.5, rng), Linear(4, 2, rng)],
        SoftmaxCrossEntropy(),
    )
    before, generator = copy.deepcopy(net.state()), rng.bit_generator.state
    check_network(net, np.ones((5, 3)) * np.arange(5)[:, None], [0, 1, 0, 1, 0])
    for name, value in net.state().items():
        np.testing.assert_array_equal(value, before[name])
    assert not net.grad.any()
    assert rng.bit_generator.state == generator


def test_float32_is_refused(rng):
    net = Network([Linear(3, 2, rng)], SoftmaxCrossEntropy(), dtype=np.float32)
    with pytest.raises(ValueError, match="network has dtype float32, a gradient check needs float"):
        check_network(net, np.ones((1, 3)), [0])
    with pytest.raises(ValueError, match="layer has dtype float32, a gradient check needs float64"):
        check_layer(net.layers[0], np.ones((1, 3)), rng)


@pytest.mark.parametrize("X", [[[1, 2, 3], [0, 5, 1]], np.eye(3, dtype=np.float32)])
def test_inputs_of_any_type_are_checked_in_float64(rng, X):
    for layer in (Linear(3, 2, rng), Dropout(0.3, rng), Softmax()):
        assert max(check_layer(layer, X, rng).values()) < 1e-8


def test_a_gradient_that_is_nan_does_not_pass(rng):
    class Lost(Linear):
        def backward(self, D, input_grad=True):
            result = super().backward(D, input_grad)
            self.grads["b"] = np.full(self.d_out, np.nan)
            return result

    assert check_layer(Lost(3, 2, rng), rng.normal(size=(5, 3)), rng)["b"] == np.inf
    net = Network([Lost(3, 2, rng)], SoftmaxCrossEntropy())
    assert check_network(net, rng.normal(size=(5, 3)), [0, 1, 0, 1, 0])["0 Lost(3, 2) b"] == np.inf


def test_a_layer_that_works_in_place_is_judged_by_its_gradient(rng):
    class InPlace(Sigmoid):
        def forward(self, X, train=False):
            H = super().forward(X, train)
            X[...] = np.nan
            return H

        def backward(self, D, input_grad=True):
            (H,) = self._recall(D)
            D *= H * (1 - H)
            return D

    X = rng.normal(size=(5, 3))
    assert check_layer(InPlace(), X, rng)["X"] < 1e-8
    assert np.isfinite(X).all()


class BiasNotSummed(Linear):
    """Takes the first sample's error term for the whole batch's."""

    def backward(self, D, input_grad=True):
        result = super().backward(D, input_grad)
        self.grads["b"] = D[0]
        return result


class SoftmaxOverAll(Softmax):
    """Divides by the sum over the whole array, yet differentiates row by row."""

    def forward(self, X, train=False):
        E = np.exp(X - X.max())
        H = E / E.sum()
        return self._keep(H, H)


class GateOnOutput(ReLU):
    """Tests the output with ≥ 0: the gate is always open."""

    def forward(self, X, train=False):
        H = np.maximum(X, 0)
        return self._keep(H, H >= 0)


class FrozenStatistics(BatchNorm):
    """Treats μ and σ as if they did not depend on X."""

    def backward(self, D, input_grad=True):
        super().backward(D, input_grad)
        _, inv_std, _ = self._recall(D)
        return self.params["gamma"] * inv_std * D


class MissingDecay(Network):
    """Adds the penalty to the cost and forgets it in the gradient."""

    def backprop(self, X, T):
        decay, self.weight_decay = self.weight_decay, 0.0
        J = super().backprop(X, T)
        self.weight_decay = decay
        return J + self.penalty()


class UpdatesTooSoon(Network):
    """Updates each layer before the error term of the layer before it is computed."""

    def backprop(self, X, T):
        J, D = self.loss.value_and_grad(self._forward(X, train=True), T)
        for layer in reversed(self.layers):
            layer.backward(D)
            for name in layer.params:
                layer.params[name] -= 1.0 * layer.grads[name]
            D = layer.backward(D)
        return J


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        (
            Linear(3, 4, np.random.default_rng(0)),
            BiasNotSummed(3, 4, np.random.default_rng(0)),
            "b",
        ),
        (Softmax(), SoftmaxOverAll(), "X"),
        (ReLU(), GateOnOutput(), "X"),
        (BatchNorm(3), FrozenStatistics(3), "X"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_faults_in_a_layer_are_caught(rng, right, wrong, where):
    X = rng.normal(size=(5, 3))
    assert max(check_layer(right, X, rng).values()) < 1e-8
    errors = check_layer(wrong, X, rng)
    assert errors.pop(where) > 0.1
    assert all(error < 1e-8 for error in errors.values())


@pytest.mark.parametrize("fault", [MissingDecay, UpdatesTooSoon])
def test_faults_in_a_network_are_caught(rng, fault):
    def build(kind):
        rng = np.random.default_rng(1)
        layers = [Linear(3, 4, rng), Tanh(), Linear(4, 2, rng)]
        return kind(layers, SoftmaxCrossEntropy(), weight_decay=0.2)

    X, y = rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    assert max(check_network(build(Network), X, y).values()) < 1e-8
    errors = check_network(build(fault), X, y)
    assert errors["0 Linear(3, 4) W"] > 0.01


def test_faults_are_caught_in_a_network_too(rng):
    net = Network([BiasNotSummed(3, 4, rng), Sigmoid(), Linear(4, 2, rng)], SoftmaxCrossEntropy())
    errors = check_network(net, rng.normal(size=(6, 3)), rng.integers(0, 2, 6))
    assert errors.pop("0 BiasNotSummed(3, 4) b") > 0.1
    assert max(errors.values()) < 1e-8


W = np.array([[0.1, 0.3], [0.2, 0.4]])


def cost_of_first_weight(dtype):
    """The source's 2–2–2 network as a function of the entry (1, 1) of its first matrix."""
    X, W2 = np.array([[1, 0.5]], dtype), W.astype(dtype)

    def cost(w):
        W1 = W.astype(dtype)
        W1[0, 0] = w
        U = sigmoid(X @ W1) @ W2
        return (
            SoftmaxCrossEntropy().value(U, [0])
            if dtype == np.float64
            else dtype(np.log(np.exp(U).sum()) - U[0, 0])
        )

    return cost


EXACT = 0.027640058155175236  # D-10


@pytest.mark.parametrize(
    ("h", "error", "tolerance"),  # rounding shows in the second digit at 1e-4
    [(1e-1, 8.2e-4, 0.01), (1e-2, 8.2e-6, 0.01), (1e-3, 8.2e-8, 0.01), (1e-4, 8.1e-10, 0.1)],
)
def test_central_differences_gain_two_digits_a_decade(h, error, tolerance):  # F-09, first regime
    cost = cost_of_first_weight(np.float64)
    g = (cost(0.1 + h) - cost(0.1 - h)) / (2 * h)
    assert abs(g - EXACT) / EXACT == pytest.approx(error, rel=tolerance)


def test_smaller_steps_drown_in_rounding():  # F-09, second regime
    cost = cost_of_first_weight(np.float64)

    def error(h):
        return abs((cost(0.1 + h) - cost(0.1 - h)) / (2 * h) - EXACT) / EXACT

    assert error(1e-5) < 1e-9
    assert error(1e-12) > 1e-5
    forward = (cost(0.1 + 1e-5) - cost(0.1)) / 1e-5
    assert abs(forward - EXACT) / EXACT == pytest.approx(3.9e-7, rel=0.05)
    single = cost_of_first_weight(np.float32)
    h = np.float32(1e-7)
    w = np.float32(0.1)
    assert abs((single(w + h) - single(w - h)) / (2 * h) - EXACT) / EXACT > 0.3


def test_across_a_kink_the_difference_is_neither_slope():  # F-10
    g = numerical_gradient(lambda u: float(np.maximum(u, 0).sum()), np.array([1e-7]), h=1e-5)
    assert g[0] == pytest.approx(0.505, abs=1e-3)
