"""Is back-propagation right? Compare it with finite differences (eq. 13.14, eq. 13.15)."""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np

from mlp_lib.layers import Layer
from mlp_lib.network import Network

SMALL = 1e-4  # smaller gradients are compared as if this large: differences have noise near 1e-11


def numerical_gradient(
    f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Gradient of f at x by central differences (eq. 13.14), in the shape of x.

    The error falls with h² until rounding, near 1e-16 / h, takes over; 1e-5 balances the two
    in float64 (eq. 13.16). Keep x away from kinks (ReLU at 0) by more than h.
    """
    x = np.array(x, dtype=float)
    g = np.empty_like(x)
    for i in np.ndindex(x.shape):
        centre = x[i]
        x[i] = centre + h
        above = f(x)
        x[i] = centre - h
        below = f(x)
        x[i] = centre
        g[i] = (above - below) / (2 * h)
    return g


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference between two gradients over their largest entry (eq. 13.15).

    Infinite where an entry is NaN or infinite.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"gradients have shapes {a.shape} and {b.shape}, expected the same")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    scale = max(np.abs(a).max(), np.abs(b).max(), SMALL)
    return float(np.abs(a - b).max() / scale)


def check_layer(
    layer: Layer, X: np.ndarray, rng: np.random.Generator, train: bool = True
) -> dict[str, float]:
    """Relative error of ∂J/∂X and of every parameter's gradient of one layer.

    J is a random weighted sum of the outputs, so that every output counts. Works on copies:
    running statistics and random generators stay as they are. 1e-6 and less is right.
    """
    X = np.array(X, dtype=float)
    if types := {str(value.dtype) for value in layer.params.values()} - {"float64"}:
        raise ValueError(f"the layer has dtype {types.pop()}, a gradient check needs float64")
    layer = copy.deepcopy(layer)  # so that `rng` may be the generator of a Dropout layer
    used = copy.deepcopy(layer)
    R = rng.normal(size=used.forward(X.copy(), train).shape)

    def cost(value: np.ndarray, name: str) -> float:
        other = copy.deepcopy(layer)
        if name != "X":
            other.params[name] = value
        return float((R * other.forward(value.copy() if name == "X" else X.copy(), train)).sum())

    gradients = {"X": used.backward(R.copy()), **used.grads}
    return {
        name: relative_error(gradients[name], numerical_gradient(partial(cost, name=name), value))
        for name, value in {"X": X, **layer.params}.items()
    }


def check_network(net: Network, X: np.ndarray, T: np.ndarray) -> dict[str, float]:
    """Relative error of the gradient of every parameter, e.g. {"0 Linear(2, 3) W": 1e-10}.

    Compares `cost_and_grad` with differences of `cost` in training mode; works on copies.
    """
    if net.dtype != np.float64:
        raise ValueError(f"the network has dtype {net.dtype}, a gradient check needs float64")
    used = copy.deepcopy(net)
    used.cost_and_grad(X, T)

    def cost(theta: np.ndarray) -> float:
        other = copy.deepcopy(net)
        other.theta[:] = theta
        return other.cost(X, T, train=True)

    numerical = copy.deepcopy(net)
    numerical.grad[:] = numerical_gradient(cost, net.theta)
    return {
        f"{i} {layer} {name}": relative_error(layer.grads[name], reference.grads[name])
        for i, (layer, reference) in enumerate(zip(used.layers, numerical.layers, strict=True))
        for name in layer.grads
    }
