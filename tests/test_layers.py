"""Every layer: values by hand, gradients by finite differences, arguments left alone, errors."""

import re

import numpy as np
import pytest

from mlp_lib import (
    BatchNorm,
    Dropout,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    sigmoid,
    softmax,
)
from mlp_lib.gradcheck import check_layer
from mlp_lib.init import glorot, he, normal, zeros

LAYERS = {
    "Linear": lambda rng: Linear(4, 3, rng),
    "Linear without bias": lambda rng: Linear(4, 3, rng, bias=False),
    "ReLU": lambda rng: ReLU(),
    "LeakyReLU": lambda rng: LeakyReLU(np.float64(0.1)),
    "Sigmoid": lambda rng: Sigmoid(),
    "Tanh": lambda rng: Tanh(),
    "Softmax": lambda rng: Softmax(),
    "BatchNorm": lambda rng: BatchNorm(4),
    "Dropout": lambda rng: Dropout(0.4, rng),
}


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(params=LAYERS)
def layer(request, rng):
    made = LAYERS[request.param](rng)
    for name in made.params:  # γ = 1 and β = b = 0 would hide faults
        made.params[name] = rng.normal(size=made.params[name].shape)
    return made


@pytest.mark.parametrize("train", [True, False])
def test_gradients_agree_with_finite_differences(layer, rng, train):
    errors = check_layer(layer, rng.normal(size=(6, 4)), rng, train=train)
    assert set(errors) == {"X", *layer.params}
    assert max(errors.values()) < 1e-8, errors


@pytest.mark.parametrize("train", [True, False])
def test_arguments_are_not_changed_and_not_shared(layer, rng, train):
    X = rng.normal(size=(6, 4))
    X_before = X.copy()
    H = layer.forward(X, train=train)
    D = rng.normal(size=H.shape)
    D_before = D.copy()
    first = layer.backward(D)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(D, D_before)
    np.testing.assert_array_equal(first, layer.backward(D))  # and backward leaves no trace


def test_backward_needs_a_forward_and_the_right_shape(layer, rng):
    with pytest.raises(ValueError, match=r"D of shape \(6, 4\) before any forward"):
        layer.backward(np.ones((6, 4)))
    shape = layer.forward(rng.normal(size=(6, 4)), train=True).shape
    for wrong in ((5, 9), (1, shape[1]), shape[1:]):  # NumPy would stretch the last two
        with pytest.raises(ValueError, match=rf"D has shape {re.escape(str(wrong))}") as error:
            layer.backward(np.ones(wrong))
        assert str(shape) in str(error.value)


def test_dtype_is_kept(layer, rng):
    for arrays in (layer.params, layer.grads, layer.buffers):
        for name, value in list(arrays.items()):
            dict.__setitem__(arrays, name, value.astype(np.float32))
    for train in (True, False):
        H = layer.forward(rng.normal(size=(6, 4)).astype(np.float32), train=train)
        assert H.dtype == np.float32
        assert layer.backward(H).dtype == np.float32
        assert all(g.dtype == np.float32 for g in layer.grads.values())


def test_linear_by_hand():
    layer = Linear(2, 3, init=[[1, 0, -1], [2, 1, 0]])
    layer.params["b"] = [0, 1, 10]
    np.testing.assert_array_equal(
        layer.forward(np.array([[3.0, 4.0], [1.0, -1.0]])), [[11, 5, 7], [-1, 0, 9]]
    )
    D = np.array([[1.0, 0, 0], [0, 2, 0]])
    np.testing.assert_array_equal(layer.backward(D), [[1, 2], [0, 2]])
    np.testing.assert_array_equal(layer.grads["W"], [[3, 2, 0], [4, -2, 0]])
    np.testing.assert_array_equal(layer.grads["b"], [1, 2, 0])
    assert layer.backward(D, input_grad=False) is None


def test_linear_names_both_shapes():
    for layer in (Linear(4, 3, init=zeros), BatchNorm(4)):
        for shape in ((5, 2), (4,), (5, 1, 4)):
            message = rf"X has shape {re.escape(str(shape))}, expected \(N, 4\)"
            with pytest.raises(ValueError, match=message):
                layer.forward(np.ones(shape))
    with pytest.raises(ValueError, match=r"Linear\(4, 3\).*\(3, 4\)"):
        Linear(4, 3, init=np.ones((3, 4)))
    with pytest.raises(ValueError, match="default_rng"):
        Linear(4, 3)
    for widths in ((0, 4), (4, 0)):
        with pytest.raises(ValueError, match=r"Linear\(\d, \d\): expected widths of 1 or more"):
            Linear(*widths, init=zeros)


def test_initial_weights_given_as_an_array_are_copied():
    W = np.ones((2, 3))
    Linear(2, 3, init=W).params["W"][:] = 0.0
    assert W.all()


def test_parameters_are_written_not_replaced():
    layer = Linear(2, 2, init=zeros)
    W = layer.params["W"]
    layer.params["W"] = [[1, 2], [3, 4]]
    assert layer.params["W"] is W and W[1, 0] == 3
    with pytest.raises(ValueError, match=r"W has shape \(2, 2\), got \(2,\)"):
        layer.params["W"] = [1, 2]


def test_relu_has_derivative_zero_at_zero():
    layer = ReLU()
    U = np.array([[-1.0, 0.0, 2.0]])
    np.testing.assert_array_equal(layer.forward(U), [[0, 0, 2]])
    np.testing.assert_array_equal(layer.backward(np.ones((1, 3))), [[0, 0, 1]])
    leaky = LeakyReLU(0.01)
    np.testing.assert_array_equal(leaky.forward(U), [[-0.01, 0, 2]])
    np.testing.assert_array_equal(leaky.backward(np.ones((1, 3))), [[0.01, 0.01, 1]])


def test_sigmoid_and_softmax_survive_large_arguments():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(sigmoid(np.array([-1000.0, 0, 1000])), [0, 0.5, 1])
        np.testing.assert_array_equal(Softmax().forward(np.array([[1000.0, 0]])), [[1, 0]])
        np.testing.assert_allclose(
            Softmax().forward(np.array([[1000.0, 1001]])),
            [[0.26894142136999512, 0.7310585786300049]],
        )
        apart = softmax(np.array([[1000.0, 0], [0, 0]]))  # each row has its own largest exponent
        np.testing.assert_array_equal(apart, [[1, 0], [0.5, 0.5]])
        assert sigmoid(np.array([-100.0]))[0] == pytest.approx(np.exp(-100.0), rel=1e-15, abs=0)


def test_sigmoid_and_softmax_take_numbers_and_lists():
    for one in (2, 2.0, [2], [2.0]):
        assert sigmoid(one).dtype == np.float64
        np.testing.assert_allclose(sigmoid(one), 0.8807970779778823, rtol=1e-15)
    assert softmax([[0, 1000]]).tolist() == softmax([[0.0, 1000]]).tolist() == [[0, 1]]


def test_sigmoid_and_softmax_take_integers():
    np.testing.assert_allclose(
        sigmoid(np.array([1], np.uint8)), sigmoid(np.array([1.0])), rtol=1e-6
    )
    U = np.array([[200, 100]], np.uint8)
    np.testing.assert_allclose(Softmax().forward(U), [[1, 0]], atol=1e-12)


def test_batchnorm_standardises_and_keeps_running_statistics(rng):
    layer, X = BatchNorm(4), rng.normal(3, 5, size=(50, 4))
    Z = layer.forward(X, train=True)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Z.var(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.buffers["running_mean"], 0.1 * X.mean(axis=0))
    np.testing.assert_allclose(layer.buffers["running_var"], 0.9 + 0.1 * X.var(axis=0, ddof=1))
    before = layer.buffers["running_mean"].copy()
    layer.forward(X)
    np.testing.assert_array_equal(layer.buffers["running_mean"], before)


def test_two_rows_are_enough_for_running_statistics():
    layer = BatchNorm(1, momentum=0.5)
    layer.forward(np.array([[1.0], [3.0]]), train=True)
    assert layer.buffers["running_mean"] == 1.0  # half of 2
    assert layer.buffers["running_var"] == 1.5  # half of 1, and half of 2


def test_batchnorm_in_evaluation_uses_the_running_statistics():
    layer = BatchNorm(1, eps=0.0)
    layer.buffers["running_mean"], layer.buffers["running_var"] = [2.0], [9.0]
    np.testing.assert_allclose(layer.forward(np.array([[5.0], [2.0]])), [[1.0], [0.0]])


def test_batchnorm_of_one_row_gives_beta_and_learns_nothing_of_the_spread():
    layer = BatchNorm(2)
    layer.params["beta"] = [3.0, 4.0]
    np.testing.assert_array_equal(layer.forward(np.array([[7.0, -7.0]]), train=True), [[3, 4]])
    np.testing.assert_array_equal(layer.buffers["running_var"], [1, 1])
    np.testing.assert_array_equal(layer.buffers["running_mean"], [0, 0])
    np.testing.assert_array_equal(layer.backward(np.ones((1, 2))), [[0, 0]])


@pytest.mark.parametrize(
    "setting",
    [{"d": 0}, {"momentum": -0.1}, {"momentum": 1.1}, {"momentum": np.nan}]
    + [{"eps": -1e-5}, {"eps": np.inf}, {"eps": np.nan}],
)
def test_batchnorm_refuses_settings_that_make_no_sense(setting):
    name, value = next(iter(setting.items()))
    given = rf"BatchNorm\({value}," if name == "d" else rf"BatchNorm\(4, .*{name}={value}"
    with pytest.raises(ValueError, match=rf"{given}.*expected a width of 1 or more, 0 <= momentum"):
        BatchNorm(**{"d": 4} | setting)


def test_dropout_draws_anew_in_every_pass_and_for_every_entry(rng):
    layer, X = Dropout(0.5, rng), np.ones((20, 20))
    first, second = (layer.forward(X, train=True) for _ in range(2))
    assert (first != second).mean() == pytest.approx(0.5, abs=0.1)
    assert len(np.unique(first, axis=0)) == len(np.unique(first.T, axis=0)) == 20
    np.testing.assert_array_equal(Dropout(0.0, rng).forward(X, train=True), X)


def test_dropout_keeps_the_mean_and_rests_in_evaluation(rng):
    layer, X = Dropout(0.3, rng), np.ones((500, 200))
    H = layer.forward(X, train=True)
    assert set(np.unique(H)) == {0.0, 1 / 0.7}
    assert np.mean(H == 0) == pytest.approx(0.3, abs=0.01)
    assert H.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(layer.forward(X), X)
    for rate in (-0.1, 1.0):
        with pytest.raises(ValueError, match=rf"rate is {rate}"):
            Dropout(rate, rng)


def test_initial_weights_have_the_stated_variance(rng):
    d_in, d_out = 400, 300
    assert he(rng, d_in, d_out).var() == pytest.approx(2 / d_in, rel=0.02)
    W = glorot(rng, d_in, d_out)
    assert W.var() == pytest.approx(2 / (d_in + d_out), rel=0.02)
    assert np.abs(W).max() <= np.sqrt(6 / (d_in + d_out))
    assert normal(0.05)(rng, d_in, d_out).std() == pytest.approx(0.05, rel=0.02)
    for init in (he, glorot, normal(0.05)):
        assert init(rng, d_in, d_out).mean() == pytest.approx(0, abs=1e-3)
    assert not zeros(None, d_in, d_out).any()
    np.testing.assert_array_equal(
        he(np.random.default_rng(1), 3, 2), he(np.random.default_rng(1), 3, 2)
    )
