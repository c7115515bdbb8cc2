"""mlp_lib against PyTorch in float64, to 1e-10. Skipped where PyTorch is not installed."""

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
    Softmax,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)
from mlp_lib.optim import Optimiser

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn


def close(actual, expected):
    np.testing.assert_allclose(actual, expected.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.fixture
def rng():
    return np.random.default_rng(17)


def tensor(array, requires_grad=False):
    return torch.tensor(array, dtype=torch.float64, requires_grad=requires_grad)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ReLU(), nn.ReLU()),
        (LeakyReLU(0.1), nn.LeakyReLU(0.1)),
        (Sigmoid(), nn.Sigmoid()),
        (Tanh(), nn.Tanh()),
        (Softmax(), nn.Softmax(dim=1)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_activations(rng, ours, theirs):
    X, D = rng.normal(size=(2, 6, 4))
    X[0, 0] = 0.0  # the derivative of ReLU at 0
    x = tensor(X, requires_grad=True)
    h = theirs(x)
    h.backward(tensor(D))
    close(ours.forward(X), h)
    close(ours.backward(D), x.grad)


def test_linear(rng):
    ours, theirs = Linear(4, 3, rng), nn.Linear(4, 3, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(tensor(ours.params["W"].T))  # PyTorch's weight is out × in
        theirs.bias.copy_(tensor(ours.params["b"]))
    X, D = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    x = tensor(X, requires_grad=True)
    u = theirs(x)
    u.backward(tensor(D))
    close(ours.forward(X), u)
    close(ours.backward(D), x.grad)
    close(ours.grads["W"].T, theirs.weight.grad)
    close(ours.grads["b"], theirs.bias.grad)


@pytest.mark.parametrize("momentum", [0.1, 0.3])
def test_batchnorm_over_several_batches_and_in_evaluation(rng, momentum):
    ours = BatchNorm(4, momentum=momentum)
    theirs = nn.BatchNorm1d(4, momentum=momentum, dtype=torch.float64)
    ours.params["gamma"], ours.params["beta"] = rng.normal(size=(2, 4))
    with torch.no_grad():
        theirs.weight.copy_(tensor(ours.params["gamma"]))
        theirs.bias.copy_(tensor(ours.params["beta"]))
    for train in (True, True, True, False):
        theirs.train(train)
        theirs.zero_grad()
        X, D = rng.normal(3, 2, size=(6, 4)), rng.normal(size=(6, 4))
        x = tensor(X, requires_grad=True)
        z = theirs(x)
        z.backward(tensor(D))
        close(ours.forward(X, train=train), z)
        close(ours.backward(D), x.grad)
        close(ours.grads["gamma"], theirs.weight.grad)
        close(ours.grads["beta"], theirs.bias.grad)
        close(ours.buffers["running_mean"], theirs.running_mean)
        close(ours.buffers["running_var"], theirs.running_var)


@pytest.mark.parametrize("name", ["squared", "softmax", "sigmoid"])
def test_losses(rng, name):
    U, T = 3 * rng.normal(size=(5, 4)), rng.dirichlet(np.ones(4), size=5)
    u, t = tensor(U, requires_grad=True), tensor(T)
    ours, J = {
        "squared": (SquaredError(), lambda: nn.MSELoss()(u, t) * 4),  # PyTorch divides by N·K
        "softmax": (SoftmaxCrossEntropy(), lambda: nn.CrossEntropyLoss()(u, t)),
        "sigmoid": (SigmoidCrossEntropy(), lambda: nn.BCEWithLogitsLoss()(u, t) * 4),
    }[name]
    J = J()
    J.backward()
    close(ours.value(U, T), J)
    close(ours.grad(U, T), u.grad)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
        (Momentum(0.1, 0.8), lambda p: torch.optim.SGD(p, 0.1, momentum=0.8)),
        (
            Adam(0.01, 0.8, 0.95, 1e-6),
            lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-6),
        ),
    ],
    ids=["SGD", "Momentum", "Adam"],
)
def test_optimisers_over_twenty_steps(rng, ours: Optimiser, theirs):
    theta = rng.normal(size=10)
    p = tensor(theta, requires_grad=True)
    optimiser = theirs([p])
    for _ in range(20):
        grad = rng.normal(size=10)
        p.grad = tensor(grad)
        optimiser.step()
        ours.step(theta, grad)
    close(theta, p)


def test_a_whole_network_with_batchnorm_and_adam_over_ten_steps(rng):
    layers = [Linear(4, 8, rng), BatchNorm(8), Tanh(), Linear(8, 3, rng)]
    net = Network(layers, SoftmaxCrossEntropy(), weight_decay=0.01)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3)).double()
    with torch.no_grad():
        for ours, theirs in zip(layers, model, strict=True):
            for mine, name in (
                ("W", "weight"),
                ("b", "bias"),
                ("gamma", "weight"),
                ("beta", "bias"),
            ):
                if mine in ours.params:
                    getattr(theirs, name).copy_(tensor(ours.params[mine].T))
    groups = [
        {"params": [model[0].weight, model[3].weight], "weight_decay": 0.01},  # the λ/2 convention
        {"params": [model[0].bias, model[1].weight, model[1].bias, model[3].bias]},
    ]
    adam, optimiser = Adam(0.01), torch.optim.Adam(groups, 0.01)
    X, y = rng.normal(size=(12, 4)), rng.integers(0, 3, 12)
    for _ in range(10):
        net.cost_and_grad(X, y)
        optimiser.zero_grad()
        nn.CrossEntropyLoss()(model(tensor(X)), torch.tensor(y)).backward()
        # A bias before BatchNorm has gradient 0 up to rounding, which Adam would blow up to ±lr.
        layers[0].grads["b"] = np.zeros(8)
        model[0].bias.grad.zero_()
        adam.step(net.theta, net.grad)
        optimiser.step()
    model.eval()
    close(net.predict(X), torch.softmax(model(tensor(X)), dim=1))
