"""mlp_lib: the multi-layer perceptron in plain NumPy, as the book derives it.

The core fits in an hour's reading, in this order: `checks`, `init`, `layers`, `activations`,
`batchnorm`, `losses`, `storage`, `network`, `optim`, `training`, `gradcheck`, `metrics`. It imports
nothing but NumPy, and tqdm for the progress bar. Around it stand `data`, `augment`, `deskew`,
`estimators` (scikit-learn's interface), `plot`, `diagrams`, `figures` and `explore`.
"""

from mlp_lib.activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh, sigmoid, softmax
from mlp_lib.batchnorm import BatchNorm
from mlp_lib.layers import Dropout, Layer, Linear
from mlp_lib.losses import Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError
from mlp_lib.metrics import accuracy, confusion_matrix
from mlp_lib.network import Network
from mlp_lib.optim import SGD, Adam, Momentum
from mlp_lib.training import History, train

__all__ = [
    "SGD",
    "Adam",
    "BatchNorm",
    "Dropout",
    "History",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "Momentum",
    "Network",
    "ReLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "Softmax",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Tanh",
    "accuracy",
    "confusion_matrix",
    "sigmoid",
    "softmax",
    "train",
]
