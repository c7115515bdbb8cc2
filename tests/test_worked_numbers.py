"""The numbers worked by hand in the book (D- and F-numbers), to double precision."""

import tracemalloc

import numpy as np
import pytest

from mlp_lib import (
    SGD,
    Adam,
    BatchNorm,
    Linear,
    Network,
    ReLU,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    sigmoid,
    softmax,
)
from mlp_lib.init import zeros


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


# ------------------------------------------- the 2–2–2 classifier of source S2

W = np.array([[0.1, 0.3], [0.2, 0.4]])
X_S2 = np.array([[1.0, 0.5]])


@pytest.fixture
def s2():
    layers = [Linear(2, 2, init=W, bias=False), Sigmoid(), Linear(2, 2, init=W, bias=False)]
    return Network(layers, SoftmaxCrossEntropy())


def test_s2_forward(s2):  # D-01 to D-05
    U1 = s2.layers[0].forward(X_S2)
    H = s2.layers[1].forward(U1)
    U2 = s2.layers[2].forward(H)
    close(U1, [[0.2, 0.5]])
    close(H, [[0.549833997312478, 0.6224593312018546]])
    close(U2, [[0.17947526597161872, 0.4139339316744852]])
    close(s2.predict(X_S2), [[0.4416523739735259, 0.5583476260264741]])
    close(s2.cost(X_S2, [0]), 0.817232190568205)


def test_s2_backward(s2):  # D-06 to D-10
    U2 = s2.forward(X_S2)
    D2 = s2.loss.grad(U2, [0])
    close(D2, [[-0.5583476260264741, 0.5583476260264741]])
    D_H = s2.layers[2].backward(D2)
    H = s2.layers[1].forward(s2.layers[0].forward(X_S2))
    close(H * (1 - H), [[0.24751657271185995, 0.2350037122015945]])
    close(s2.layers[1].backward(D_H), [[0.027640058155175236, 0.026242752963033807]])
    s2.cost_and_grad(X_S2, [0])
    close(
        s2.layers[2].grads["W"],
        [[-0.3069985071080688, 0.3069985071080688], [-0.3475486898745823, 0.3475486898745823]],
    )
    close(
        s2.layers[0].grads["W"],
        [
            [0.027640058155175236, 0.026242752963033807],
            [0.013820029077587618, 0.013121376481516903],
        ],
    )


def test_s2_update_and_second_forward(s2):  # D-11 to D-13
    s2.cost_and_grad(X_S2, [0])
    SGD(0.005).step(s2.theta, s2.grad)
    close(
        s2.layers[0].params["W"],
        [[0.09986179970922412, 0.2998687862351848], [0.19993089985461207, 0.39993439311759243]],
    )
    close(
        s2.layers[2].params["W"],
        [[0.10153499253554035, 0.29846500746445964], [0.20173774344937292, 0.39826225655062714]],
    )
    close(
        s2.layers[1].forward(s2.layers[0].forward(X_S2)), [[0.5497912383665785, 0.6224207857754598]]
    )
    close(s2.predict(X_S2), [[0.44260625368668205, 0.5573937463133181]])
    close(s2.cost(X_S2, [0]), 0.8150747220328292)


def test_s2_batch(s2):  # F-06
    X, y = np.array([[1, 0.5], [0, 1]]), np.array([0, 1])
    close(s2.cost_and_grad(X, y), 0.7010541329628198)
    close(
        s2.layers[2].grads["W"],
        [
            [-0.031759107571568405, 0.031759107571568405],
            [-0.04121738502531656, 0.04121738502531656],
        ],
    )
    close(
        s2.layers[0].grads["W"],
        [
            [0.013820029077587616, 0.013121376481516905],
            [-0.004050640437910614, -0.004078660509372434],
        ],
    )


def test_first_step_of_adam(s2):  # F-07
    s2.cost_and_grad(X_S2, [0])
    Adam(lr=0.001).step(s2.theta, s2.grad)
    close(
        s2.layers[2].params["W"],
        [[0.10099999996742656, 0.29900000003257343], [0.20099999997122706, 0.39900000002877295]],
    )


# -------------------------------------------------- the 3–2–1 network of source S3

X_S3, T_S3 = np.array([[2.0, 3.0, 1.0]]), np.array([[20.0]])
PRINTED = [[3, -2], [1, -3], [2, -1]]  # gives -14 where the source prints -11
SHOWN = [[3, -2], [1, -2], [2, -1]]  # gives the -11 that the source prints


def s3(W1):
    layers = [Linear(3, 2, init=W1, bias=False), ReLU(), Linear(2, 1, init=[[3], [2]], bias=False)]
    return Network(layers, SquaredError())


@pytest.mark.parametrize(("W1", "second"), [(PRINTED, -14), (SHOWN, -11)])
def test_s3_forward_and_backward(W1, second):  # D-14 to D-17
    net = s3(W1)
    U = net.layers[0].forward(X_S3)
    np.testing.assert_array_equal(U, [[11, second]])
    np.testing.assert_array_equal(net.layers[1].forward(U), [[11, 0]])
    np.testing.assert_array_equal(net.predict(X_S3), [[33]])
    assert net.cost_and_grad(X_S3, T_S3) == 169
    np.testing.assert_array_equal(net.loss.grad(net.forward(X_S3), T_S3), [[26]])
    np.testing.assert_array_equal(net.layers[2].grads["W"], [[286], [0]])
    np.testing.assert_array_equal(net.layers[2].backward(np.array([[26.0]])), [[78, 52]])
    np.testing.assert_array_equal(net.layers[1].backward(np.array([[78.0, 52.0]])), [[78, 0]])
    np.testing.assert_array_equal(net.layers[0].grads["W"], [[156, 0], [234, 0], [78, 0]])


def test_s3_update_of_two_weights():  # D-18, D-19
    net = s3(SHOWN)
    net.cost_and_grad(X_S3, T_S3)
    W1, W2 = net.layers[0], net.layers[2]
    w1 = 3 - 0.01 * W2.grads["W"][0, 0]
    w2 = 3 - 0.01 * W1.grads["W"][0, 0]
    assert w1 == 0.14000000000000012
    close(w2, 1.44)
    W2.params["W"][0, 0], W1.params["W"][0, 0] = w1, w2
    close(W1.forward(X_S3)[0, 0], 7.88)
    close(net.predict(X_S3), [[1.1032]])
    close(net.cost(X_S3, T_S3), 357.08905024)


def test_s3_update_of_all_weights():  # D-20
    net = s3(SHOWN)
    net.cost_and_grad(X_S3, T_S3)
    SGD(0.01).step(net.theta, net.grad)
    close(net.layers[0].params["W"][:, 0], [1.44, -1.34, 1.22])
    np.testing.assert_allclose(net.layers[0].forward(X_S3)[0, 0], 0.08, rtol=1e-12)
    np.testing.assert_allclose(net.predict(X_S3), [[0.0112]], rtol=1e-11)
    close(net.cost(X_S3, T_S3), 399.55212544)


def test_s3_descent_with_a_smaller_rate():  # F-13
    net, costs = s3(SHOWN), []
    optimiser = SGD(0.001)
    for _ in range(4):
        costs.append(net.cost_and_grad(X_S3, T_S3))
        optimiser.step(net.theta, net.grad)
    np.testing.assert_allclose(costs, [169, 47.476399, 17.538576, 7.263184], atol=5e-7)


# ------------------------------------------------- the 3–3–3–2 network of source S1


def test_s1_forward_and_backward():  # F-01, with the source's matrices transposed
    W1 = np.array([[1, 0, -1], [2, -1, 1], [0, 1, 1]]).T
    W2 = np.array([[1, -1, 2], [0, 1, -1], [-1, 2, 1]]).T
    W3 = np.array([[1, 2, -1], [0, -1, 2]]).T
    net = Network(
        [Linear(3, 3, init=W1), ReLU(), Linear(3, 3, init=W2), ReLU(), Linear(3, 2, init=W3)],
        SquaredError(),
    )
    first, _, second, _, third = net.layers
    first.params["b"], second.params["b"], third.params["b"] = [0, -1, 1], [1, 0, -1], [-1, 1]
    assert net.theta.size == 32  # D-29
    X, T = np.array([[1.0, 2, -1]]), np.array([[3.0, 2]])

    signals = [X]
    for layer in net.layers:
        signals.append(layer.forward(signals[-1]))
    for signal, expected in zip(
        signals[1:], ([2, -2, 2], [2, 0, 2], [7, -2, -1], [7, 0, 0], [6, 1]), strict=True
    ):
        np.testing.assert_array_equal(signal, [expected])

    D, errors = net.loss.grad(signals[-1], T), []
    for layer in reversed(net.layers):
        errors.append(D)
        D = layer.backward(D)
    for error, expected in zip(
        errors, ([6, -2], [6, 14, -10], [6, 0, 0], [6, -6, 12], [6, 0, 12]), strict=True
    ):
        np.testing.assert_array_equal(error, [expected])

    assert net.cost_and_grad(X, T) == 10
    np.testing.assert_array_equal(third.grads["W"].T, [[42, 0, 0], [-14, 0, 0]])
    np.testing.assert_array_equal(third.grads["b"], [6, -2])
    np.testing.assert_array_equal(second.grads["W"].T, [[12, 0, 12], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(second.grads["b"], [6, 0, 0])
    np.testing.assert_array_equal(first.grads["W"].T, [[6, 12, -6], [0, 0, 0], [12, 24, -12]])
    np.testing.assert_array_equal(first.grads["b"], [6, 0, 12])


# ------------------------------------------------------------- functions and layers


def test_cross_entropies():  # D-22, F-02, F-08
    wine = np.array([[0.0, np.log(0.85 / 0.15)]])
    close(wine[0, 1], 1.7346010553881064)
    close(softmax(wine), [[0.15, 0.85]])
    close(SoftmaxCrossEntropy().value(wine, [1]), 0.16251892949777494)
    close(SoftmaxCrossEntropy().value(wine, [0]), 1.8971199848858813)

    U = np.array([[2.0, 1, 0]])
    P = np.array([0.6652409557748219, 0.24472847105479764, 0.09003057317038046])
    close(softmax(U), [P])
    close(SoftmaxCrossEntropy().value(U, [0]), 0.4076059644443803)
    close(SoftmaxCrossEntropy().grad(U, [0]), [P - [1, 0, 0]])
    close(P[0] - 1, -0.3347590442251781)

    assert SoftmaxCrossEntropy().value(np.array([[1000.0, 0]]), [1]) == 1000.0


def test_sigmoid_and_its_derivative():  # D-21, F-03
    u = np.array([[-2.0, -1, 0, 1, 2]])
    layer = Sigmoid()
    close(
        layer.forward(u),
        [[0.11920292202211755, 0.2689414213699951, 0.5, 0.7310585786300049, 0.8807970779778823]],
    )
    slopes = layer.backward(np.ones((1, 5)))
    close(
        slopes,
        [[0.1049935854035065, 0.19661193324148185, 0.25, 0.19661193324148185, 0.1049935854035065]],
    )
    assert slopes[0, 2] ** 2 == 0.0625


def test_tanh_and_its_derivative():  # F-04
    u = np.array([[1.0, 2.0]])
    layer = Tanh()
    close(layer.forward(u), [[0.7615941559557649, 0.9640275800758169]])
    close(layer.backward(np.ones((1, 2))), [[0.41997434161402614, 0.07065082485316443]])
    close(np.tanh(u), 2 * sigmoid(2 * u) - 1)


def test_batch_normalisation():  # F-05
    layer = BatchNorm(1, eps=0.0)
    layer.params["gamma"], layer.params["beta"] = [2.0], [1.0]
    X = np.array([[1.0], [2], [3], [4]])
    close(
        layer.forward(X, train=True)[:, 0],
        [-1.6832815729997477, 0.10557280900008414, 1.8944271909999157, 3.6832815729997477],
    )
    D_X = layer.backward(np.array([[1.0], [0], [0], [0]]))[:, 0]
    close(
        D_X,
        [0.5366563145999494, -0.7155417527999327, -0.17888543819998318, 0.35777087639996635],
    )
    close(layer.grads["gamma"], [-1.3416407864998738])
    close(layer.grads["beta"], [1])
    assert abs(D_X.sum()) < 1e-15
    assert abs(D_X @ (X[:, 0] - 2.5)) < 1e-14


@pytest.mark.parametrize(
    ("sizes", "weights", "parameters"),
    [
        ([784, 100, 10], 79_400, 79_510),  # D-23
        ([2, 8, 8, 8, 1], 152, 177),  # D-25
        ([2, 4, 3], 20, 27),  # D-28
        ([3, 3, 3, 2], 24, 32),  # D-29
        ([4, 3, 2], 18, 23),  # D-30
    ],
)
def test_parameter_counts(sizes, weights, parameters):
    layers = [Linear(a, b, init=zeros) for a, b in zip(sizes, sizes[1:], strict=False)]
    net = Network(layers, SquaredError())
    assert net.theta.size == parameters
    assert net.is_weight.sum() == weights


def test_a_hand_made_network_solves_xor():  # F-11
    net = Network(
        [Linear(2, 2, init=np.ones((2, 2))), ReLU(), Linear(2, 1, init=[[1], [-2]])], SquaredError()
    )
    net.layers[0].params["b"] = [0, -1]
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(net.predict(X)[:, 0], [0, 1, 1, 0])


class Counted(np.ndarray):
    """Array that counts the matrix products it takes part in."""

    products = 0

    def __array_ufunc__(self, ufunc, method, *arrays, out=None, **options):
        Counted.products += ufunc is np.matmul
        arrays = [np.asarray(one) for one in arrays]
        if out is not None:
            options["out"] = tuple(np.asarray(one) for one in out)
        return np.asarray(getattr(ufunc, method)(*arrays, **options)).view(Counted)


@pytest.mark.parametrize("sizes", [(4, 3, 2), (4, 3, 3, 2), (4, 3, 3, 3, 2)])
def test_matrix_products_of_a_pass(sizes):  # D-24: L forward, 2L - 1 backward
    rng, layers = np.random.default_rng(3), []
    for d_in, d_out in zip(sizes, sizes[1:], strict=False):
        layers += [Linear(d_in, d_out, rng), ReLU()]
    net = Network(layers[:-1], SquaredError())
    for layer in net.layers[::2]:
        dict.__setitem__(layer.params, "W", layer.params["W"].view(Counted))
    X = rng.normal(size=(5, 4)).view(Counted)
    L, Counted.products = len(sizes) - 1, 0
    net.forward(X, train=True)
    assert Counted.products == L
    net.cost_and_grad(X, np.zeros((5, 2)))
    assert Counted.products == L + L + (2 * L - 1)


def test_one_buffer_needs_less_memory_than_a_list():  # F-14
    def peak(add_up):
        tracemalloc.start()
        try:
            add_up(np.full(100_000, float(k)) for k in range(50))
            return tracemalloc.get_traced_memory()[1] / 2**20
        finally:
            tracemalloc.stop()

    def one_buffer(parts):
        buffer = np.zeros(100_000)
        for part in parts:
            buffer += part

    def list_then_sum(parts):
        parts, result = list(parts), np.zeros(100_000)
        for part in parts:
            result = result + part

    assert peak(one_buffer) < 3 * 100_000 * 8 / 2**20 + 0.1
    assert peak(list_then_sum) == pytest.approx(52 * 100_000 * 8 / 2**20, abs=0.1)
