"""Networks with scikit-learn's interface. Thin: `Network` computes and `train` trains."""

from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from math import ceil
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_scalar, validate_data

import mlp_lib as mlp
from mlp_lib.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from mlp_lib.init import glorot, he
from mlp_lib.optim import cosine_decay, exponential_decay

CHOICES = {
    "activation": {"relu": ReLU, "leaky_relu": LeakyReLU, "tanh": Tanh, "sigmoid": Sigmoid},
    "solver": {"adam": mlp.Adam, "momentum": mlp.Momentum, "sgd": mlp.SGD},
    "learning_rate": {
        "constant": lambda lr, steps: lr,
        "cosine": cosine_decay,
        "exponential": lambda lr, steps: exponential_decay(lr, 0.01, steps),
    },
}


@dataclass(eq=False, repr=False)  # writes __init__, and nothing else
class _MLP(BaseEstimator):
    hidden_layer_sizes: int | tuple[int, ...] = (100,)
    activation: str = "relu"
    _: KW_ONLY
    batch_norm: bool = False
    dropout: float = 0.0
    solver: str = "adam"
    learning_rate: str = "constant"
    learning_rate_init: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 64
    max_iter: int = 100
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    random_state: int | np.random.Generator | np.random.RandomState | None = None
    verbose: bool = False

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a new network; in its cost, a sample counts as often as its weight says."""
        X, y = self._read(X, y)
        X, y, weight = _drop_weights_of_zero(X, y, sample_weight)
        T, K = self._targets(y)
        net, optimiser, rng = self._start(X, K)
        options = {}
        if self.early_stopping:
            kept, held_out = self._split(T, rng)
            options["validation"] = X[held_out], T[held_out]
            options |= {"metric": self._metric, "patience": self.n_iter_no_change}
            X, T, weight = X[kept], T[kept], None if weight is None else weight[kept]
        steps = self.max_iter * ceil(len(X) / self.batch_size)
        optimiser.lr = self._chosen("learning_rate")(self.learning_rate_init, steps)
        options |= {"epochs": self.max_iter, "sample_weight": weight}
        return self._train(net, optimiser, rng, X, T, **options)

    def _partial_fit(self, X, y, classes=None):
        if self.early_stopping or self.learning_rate != "constant":
            raise ValueError("partial_fit needs early_stopping=False and learning_rate='constant'")
        first = not hasattr(self, "network_")
        X, y = self._read(X, y, reset=first)
        T, K = self._targets(y, classes)
        net, optimiser, rng = self._start(X, K) if first else self._run
        before = [] if first else self.loss_curve_
        optimiser.lr = self.learning_rate_init
        return self._train(net, optimiser, rng, X, T, before, epochs=1)

    def _read(self, X, y, reset=True):
        for name in ("batch_size", "max_iter", "n_iter_no_change"):
            check_scalar(getattr(self, name), name, Integral, min_val=1)
        dtypes = [np.float64, np.float32]  # float32 stays, whatever else it is becomes float64
        return validate_data(self, X, y, reset=reset, dtype=dtypes, **self._y_options)

    def _chosen(self, name):
        value = getattr(self, name)
        if value not in list(CHOICES[name]):
            raise ValueError(f"{name} is {value!r}, expected one of {', '.join(CHOICES[name])}")
        return CHOICES[name][value]

    def _split(self, T, rng):
        """Rows to train on, and rows held out for validation; classes in equal shares."""
        share = self.validation_fraction
        if not 0 < share < 1:
            raise ValueError(f"validation_fraction is {share}, expected between 0 and 1")
        return train_test_split(
            np.arange(len(T)),
            test_size=share,
            stratify=T if self._metric else None,
            random_state=int(rng.integers(2**32)),
        )

    def _start(self, X, K):
        """Return a new network, optimiser and generator."""
        rng, layers = np.random.default_rng(self.random_state), []
        Activation = self._chosen("activation")
        init = he if Activation in (ReLU, LeakyReLU) else glorot
        widths = [X.shape[1], *np.atleast_1d(self.hidden_layer_sizes).tolist()]
        for d_in, d_out in pairwise(widths):
            check_scalar(d_out, "each of hidden_layer_sizes", Integral, min_val=1)
            # BatchNorm takes every constant away, so a bias before it would do nothing.
            layers.append(mlp.Linear(d_in, d_out, rng, init, bias=not self.batch_norm))
            if self.batch_norm:
                layers.append(mlp.BatchNorm(d_out))
            layers.append(Activation())
            if self.dropout:
                layers.append(mlp.Dropout(self.dropout, rng))
        layers.append(mlp.Linear(widths[-1], K, rng, init))
        net = mlp.Network(layers, self._loss(), self.weight_decay, X.dtype)
        return net, self._chosen("solver")(self.learning_rate_init), rng

    def _train(self, net, optimiser, rng, X, T, before=(), **options):
        options |= {"batch_size": self.batch_size, "progress": bool(self.verbose)}
        history = mlp.train(net, X, T, optimiser, rng=rng, **options)
        optimiser.lr = self.learning_rate_init  # the schedule is over, and cannot be pickled
        history.cost = [*before, *history.cost]
        self.network_, self.history_ = net, history
        self._run = net, optimiser, rng  # for partial_fit
        self.loss_curve_, self.n_iter_ = history.cost, len(history.cost)
        return self

    def _output(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=self.network_.dtype)
        return self.network_.predict(X)


def _drop_weights_of_zero(X, y, weight):
    """Leave out samples that do not count: BatchNorm and the mini-batches would notice them."""
    if weight is None:
        return X, y, None
    weight = np.asarray(weight)
    if weight.shape != (len(X),):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected ({len(X)},)")
    if not weight.any():
        raise ValueError("sample_weight is all zeros, expected some numbers above 0")
    return X[weight != 0], y[weight != 0], weight[weight != 0]


class MLPClassifier(ClassifierMixin, _MLP):
    """Multi-layer perceptron for two or more classes, with softmax and cross-entropy.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int
        Widths of the hidden layers; () for none.
    activation : {"relu", "leaky_relu", "tanh", "sigmoid"}
        Decides on the initial weights too: He's for the first two, Glorot's for the others.
    batch_norm : bool
        Batch normalisation before every activation.
    dropout : float
        Rate of dropout after every activation.
    solver : {"adam", "momentum", "sgd"}
        The optimiser; the last two usually need a larger rate than Adam.
    learning_rate : {"constant", "cosine", "exponential"}
        Schedule. In `max_iter` epochs, cosine falls to 0, exponential to 1 % of the first rate.
    learning_rate_init : float
        The first rate.
    weight_decay : float
        λ of the penalty (λ/2)‖W‖².
    batch_size : int
        Samples in a mini-batch.
    max_iter : int
        Number of epochs.
    early_stopping : bool
        Hold out some samples, of each class alike, and go back to the epoch of the lowest cost on
        them, in which weights do not count.
    validation_fraction : float
        Share of the samples that is held out.
    n_iter_no_change : int
        Stop after so many epochs in a row without a lower cost on them.
    random_state : int or Generator or RandomState or None
        None gives another network every time.
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    network_ : Network
        The trained network, in float32 if X was, else in float64.
    history_ : History
        What `train` saw.
    loss_curve_ : list of float
        The cost of each epoch.
    n_iter_ : int
        How many epochs there were.
    classes_ : ndarray (K,)
        The classes in the order of `predict_proba`.
    """

    _loss, _metric, _y_options = mlp.SoftmaxCrossEntropy, staticmethod(mlp.accuracy), {}

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Train for one epoch more, at a constant rate; the first call needs all `classes`."""
        known = getattr(self, "classes_", classes)
        if known is None or (classes is not None and not np.array_equal(np.unique(classes), known)):
            raise ValueError(f"classes is {classes}, expected all, the same in every call")
        return self._partial_fit(X, y, known)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Probabilities (N, K)."""
        return self._output(X)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable class (N,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _targets(self, y, classes=None):
        check_classification_targets(y)
        encoder = LabelEncoder().fit(y if classes is None else classes)
        if len(encoder.classes_) < 2:
            raise ValueError(f"y has only one class, {encoder.classes_[0]}; expected two or more")
        T, self.classes_ = encoder.transform(y), encoder.classes_
        return T, len(self.classes_)


class MLPRegressor(MultiOutputMixin, RegressorMixin, _MLP):
    """Multi-layer perceptron for real targets, squared error; all else as in `MLPClassifier`."""

    _loss, _metric, _y_options = mlp.SquaredError, None, {"multi_output": True, "y_numeric": True}

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train for one epoch more."""
        return self._partial_fit(X, y)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predictions (N,), or (N, K) where y had K > 1 columns."""
        Y_hat = self._output(X)
        return Y_hat[:, 0] if Y_hat.shape[1] == 1 else Y_hat

    def _targets(self, y, classes=None):
        return y.reshape(len(y), -1), y.size // len(y)
