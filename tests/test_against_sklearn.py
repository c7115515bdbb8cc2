"""The same weights in scikit-learn's MLPClassifier give the same probabilities, to 1e-12."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from mlp_lib import Linear, Network, ReLU, Sigmoid, SoftmaxCrossEntropy, Tanh


@pytest.mark.parametrize(
    ("name", "activation"), [("relu", ReLU), ("tanh", Tanh), ("logistic", Sigmoid)]
)
def test_probabilities_agree(name, activation):
    rng = np.random.default_rng(23)
    X, y = rng.normal(size=(60, 5)), rng.integers(0, 3, size=60)
    theirs = MLPClassifier((7, 6), activation=name, max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
    layers = []
    for W, b in zip(theirs.coefs_, theirs.intercepts_, strict=True):
        linear = Linear(*W.shape, init=W)
        linear.params["b"] = b
        layers += [linear, activation()]
    net = Network(layers[:-1], SoftmaxCrossEntropy())
    np.testing.assert_allclose(net.predict(X), theirs.predict_proba(X), rtol=1e-12)
