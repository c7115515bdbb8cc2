"""JAX on the CPU: the whole step as one compiled function."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contenders import LR, Weights

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def logits(weights: list, X: jax.Array) -> jax.Array:
    *hidden, (W, b) = weights
    for V, c in hidden:
        X = jax.nn.relu(X @ V + c)
    return X @ W + b


def cost(weights: list, X: jax.Array, y: jax.Array) -> jax.Array:
    log_probabilities = jax.nn.log_softmax(logits(weights, X))
    return -jnp.take_along_axis(log_probabilities, y[:, None], axis=1).mean()


@partial(jax.jit, donate_argnums=0)
def adam_step(state: tuple, X: jax.Array, y: jax.Array) -> tuple[tuple, jax.Array]:
    """State after a mini-batch, and the cost before; without `optax`, Adam is written out."""
    weights, m, v, t = state
    J, grads = jax.value_and_grad(cost)(weights, X, y)
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
    t += 1

    def moved(W, m, v):
        return W - LR * (m / (1 - BETA1**t)) / (jnp.sqrt(v / (1 - BETA2**t)) + EPS)

    return (jax.tree.map(moved, weights, m, v), m, v, t), J


@jax.jit
def probabilities(weights: list, X: jax.Array) -> jax.Array:
    return jax.nn.softmax(logits(weights, X))


class Jax:
    """Batches are picked by NumPy, as mlp_lib does."""

    name = "JAX"

    def __init__(self, weights: Weights, batch_size: int, seed: int) -> None:
        weights, m, v = (jax.tree.map(make, weights) for make in (jnp.array, *[jnp.zeros_like] * 2))
        self.state = (weights, m, v, jnp.float32(0))
        self.batch_size = batch_size
        self.rng = np.random.default_rng(seed)

    def train(self, X: np.ndarray, y: np.ndarray) -> float:
        order, total = self.rng.permutation(len(X)), 0.0
        for start in range(0, len(X), self.batch_size):
            batch = order[start : start + self.batch_size]
            self.state, J = adam_step(self.state, X[batch], y[batch])
            total += J * len(batch)
        return float(total) / len(X)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(probabilities(self.state[0], X))


LIBRARY, FLOORS = Jax, []
