"""The mathematics in JavaScript gives the numbers of mlp_lib, on random networks."""

import numpy as np
import pytest

from mlp_lib import (
    SGD,
    Adam,
    BatchNorm,
    LeakyReLU,
    Linear,
    Momentum,
    Network,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from mlp_lib.figures.base import bundle

LAYERS = {"relu": ReLU, "leaky_relu": LeakyReLU, "sigmoid": Sigmoid, "tanh": Tanh}
LOSSES = {
    "squared_error": SquaredError,
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "sigmoid_cross_entropy": SigmoidCrossEntropy,
}
OPTIMISERS = {"SGD": SGD, "Momentum": Momentum, "Adam": Adam}

# Builds the network that `recipe` describes, trains it, and returns what it computed.
RUN = """({ widths, activation, normalised, weights, loss, decay, optimiser, lr, X, T, steps }) => {
    const layers = [];
    widths.slice(1).forEach((width, l) => {
        const last = l === widths.length - 2;
        const W = Matrix.from(weights[l]);
        layers.push(normalised && !last ? new Linear(W, null) : new Linear(W));
        if (last) return;
        if (normalised) layers.push(new BatchNorm(width));
        layers.push(new Activation(activation));
    });
    const network = new Network(layers, loss, decay);
    const rule = new { SGD, Momentum, Adam }[optimiser](lr);
    [X, T] = [Matrix.from(X), Matrix.from(T)];
    const costs = [], gradients = [];
    for (let step = 0; step < steps; step += 1) {
        costs.push(network.costAndGrad(X, T));
        gradients.push([...network.grad]);
        rule.step(network.theta, network.grad);
    }
    const outputs = network.predict(X).toRows();
    return { costs, gradients, theta: [...network.theta], outputs, cost: network.cost(X, T) };
}"""


@pytest.fixture(scope="module")
def scripts(browser):
    """Return a page in which everything that the shared modules export is a global name."""
    page = browser.new_page()
    names = "Matrix, Linear, Activation, Network, BatchNorm, Dropout, SGD, Momentum, Adam, softmax"
    text = bundle("batchnorm", "dropout", "optimisers")
    page.add_script_tag(type="module", content=f"{text}\nObject.assign(globalThis, {{ {names} }});")
    page.wait_for_function("globalThis.Network !== undefined")
    yield page
    page.close()


def targets(rng, loss, N, K):
    if loss == "squared_error":
        return rng.normal(size=(N, K))
    if loss == "softmax_cross_entropy":
        return np.eye(K)[rng.integers(K, size=N)]
    return rng.random((N, K))


@pytest.mark.parametrize("normalised", [False, True], ids=["plain", "BatchNorm"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", LAYERS)
@pytest.mark.parametrize(("optimiser", "lr"), [("SGD", 0.05), ("Momentum", 0.01), ("Adam", 0.01)])
def test_training_agrees_with_mlp_lib(scripts, activation, loss, optimiser, lr, normalised):
    rng = np.random.default_rng([len(activation), len(loss), len(optimiser), normalised])
    for _ in range(3):
        widths = [int(width) for width in rng.integers(2, 9, size=rng.integers(2, 5))]
        X = rng.normal(size=(12, widths[0]))
        T = targets(rng, loss, 12, widths[-1])
        layers = []
        for l, (a, b) in enumerate(zip(widths, widths[1:], strict=False)):
            # A bias before BatchNorm has gradient 0, of which Adam would magnify the rounding.
            layers.append(Linear(a, b, rng, bias=not (normalised and l < len(widths) - 2)))
            if l < len(widths) - 2:
                layers += [BatchNorm(b)] * normalised + [LAYERS[activation]()]
        network = Network(layers, LOSSES[loss](), weight_decay=0.01)
        rule = OPTIMISERS[optimiser](lr)
        weights = [layer.params["W"].tolist() for layer in layers if isinstance(layer, Linear)]
        costs, gradients = [], []
        for _ in range(5):
            costs.append(network.cost_and_grad(X, T))
            gradients.append(network.grad.copy())
            rule.step(network.theta, network.grad)
        found = scripts.evaluate(
            RUN,
            {
                "widths": widths,
                "activation": activation,
                "normalised": normalised,
                "weights": weights,
                "loss": loss,
                "decay": 0.01,
                "optimiser": optimiser,
                "lr": lr,
                "X": X.tolist(),
                "T": T.tolist(),
                "steps": 5,
            },
        )
        close = {"rtol": 1e-9, "atol": 1e-11}
        np.testing.assert_allclose(found["costs"], costs, **close)
        np.testing.assert_allclose(found["gradients"], gradients, **close)
        np.testing.assert_allclose(found["theta"], network.theta, **close)
        np.testing.assert_allclose(found["outputs"], network.predict(X), **close)
        np.testing.assert_allclose(found["cost"], network.cost(X, T), **close)


def test_dropout_keeps_its_share_and_the_mean(scripts):
    kept, back, still = scripts.evaluate(
        """() => {
            let state = 1;
            const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
            const dropout = new Dropout(0.3, random);
            const ones = new Matrix(100, 100).map(() => 1);
            const train = dropout.forward(ones, true);
            const back = dropout.backward(ones);
            return [train, back, dropout.forward(ones, false)].map((M) => [...M.data]);
        }"""
    )
    assert set(kept) == {0, 1 / 0.7}
    assert abs(np.mean(kept) - 1) < 0.03  # five standard errors of a share of 10,000
    assert back == kept
    assert set(still) == {1}


def test_large_logits_stay_finite(scripts):
    assert scripts.evaluate("softmax([1000, 0, -1000])") == [1, 0, 0]
