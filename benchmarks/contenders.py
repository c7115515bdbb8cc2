"""The libraries that are compared, each behind the same three methods.

All start from the same weights and do the same: Adam with the rate 0.001 on the mean softmax
cross-entropy, ReLU, float32, no penalty, mini-batches in an order drawn anew in every pass.
"""

import importlib

import numpy as np
from sklearn.neural_network import MLPClassifier

from mlp_lib import Adam, Linear, Network, ReLU, SoftmaxCrossEntropy, train
from mlp_lib.init import he

LR = 1e-3
Weights = list[tuple[np.ndarray, np.ndarray]]  # W (d_in, d_out) and b (d_out,) of each layer


def initial_weights(widths: tuple[int, ...], seed: int) -> Weights:
    """He's initial weights in float32, biases 0."""
    rng = np.random.default_rng(seed)
    pairs = zip(widths[:-1], widths[1:], strict=True)
    return [(he(rng, *pair).astype(np.float32), np.zeros(pair[1], np.float32)) for pair in pairs]


class MlpLib:
    """This project's library."""

    name = "mlp_lib"

    def __init__(self, weights: Weights, batch_size: int, seed: int) -> None:
        layers = []
        for W, b in weights:
            linear = Linear(*W.shape, init=W)
            linear.params["b"] = b
            layers += [linear, ReLU()]
        self.net = Network(layers[:-1], SoftmaxCrossEntropy(), dtype=np.float32)
        self.optimiser = Adam(LR)
        self.settings = dict(epochs=1, batch_size=batch_size, rng=np.random.default_rng(seed))

    def train(self, X: np.ndarray, y: np.ndarray) -> float:
        """One pass over X in mini-batches; their mean cost."""
        return train(self.net, X, y, self.optimiser, **self.settings).cost[0]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (N, K)."""
        return self.net.predict(X)


class ScikitLearn:
    """scikit-learn's MLPClassifier, pass by pass with `partial_fit`."""

    name = "scikit-learn"

    def __init__(self, weights: Weights, batch_size: int, seed: int) -> None:
        widths = [W.shape[1] for W, _ in weights]
        self.model = MLPClassifier(
            widths[:-1],
            solver="adam",
            learning_rate_init=LR,
            alpha=0,
            batch_size=batch_size,
            random_state=seed,
        )
        # Its weights exist only after a first call. Then ours replace them, and Adam's memory
        # of that call is dropped.
        self.model.batch_size = 1
        blank = np.zeros((1, len(weights[0][0])), np.float32)
        self.model.partial_fit(blank, [0], classes=range(widths[-1]))
        self.model.batch_size = batch_size
        self.model.coefs_ = [W.copy() for W, _ in weights]
        self.model.intercepts_ = [b.copy() for _, b in weights]
        del self.model._optimizer

    def train(self, X: np.ndarray, y: np.ndarray) -> float:
        return self.model.partial_fit(X, y).loss_

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(X)


class Floor:
    """The matrix products of the same steps and nothing else: no library can be faster."""

    name = "products, NumPy"

    def __init__(self, weights: Weights, batch_size: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.batch_size = batch_size
        widths = [len(weights[0][0]), *(W.shape[1] for W, _ in weights)]

        def matrix(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape, np.float32)

        H = [matrix(batch_size, d) for d in widths]  # inputs of the layers, and the logits
        D = [matrix(batch_size, d) for d in widths]  # error terms in the same places
        self.products = []
        for l, (W, _) in enumerate(weights):
            self.products.append((H[l], W.copy(), H[l + 1]))  # eq. 13.1
            self.products.append((H[l].T, D[l + 1], np.empty_like(W)))  # eq. 13.2
            if l > 0:
                self.products.append((D[l + 1], W.copy().T, D[l]))  # eq. 13.4

    def train(self, X: np.ndarray, y: np.ndarray) -> None:
        """The products of one pass over X."""
        for _ in range(len(X) // self.batch_size):
            for A, B, out in self.products:
                np.matmul(A, B, out=out)


# What is not among this project's pins: the module with the contender, the package, its version.
OPTIONAL = {
    "PyTorch": ("benchmarks.with_torch", "torch", "2.13.0"),
    "JAX": ("benchmarks.with_jax", "jax", "0.10.2"),
}


def found() -> tuple[list[type], list[type], dict[str, str]]:
    """Libraries that are installed, their bare products, and why the others are missing."""
    libraries, floors, missing = [MlpLib, ScikitLearn], [Floor], {}
    for name, (module, package, version) in OPTIONAL.items():
        try:
            contender = importlib.import_module(module)
        except ImportError as error:
            missing[name] = f"{error}; to install it: python -m pip install {package}=={version}"
        else:
            libraries.append(contender.LIBRARY)
            floors += contender.FLOORS
    return libraries, floors, missing


def packages() -> list[str]:
    """The installed packages that the results depend on."""
    missing = found()[2]
    optional = [package for name, (_, package, _) in OPTIONAL.items() if name not in missing]
    return ["numpy", "scikit-learn", *optional]
