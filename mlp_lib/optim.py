"""Optimisers: textbook formulas on two vectors, and learning rates that change with time."""

from collections.abc import Callable

import numpy as np

Schedule = Callable[[int], float]


class Optimiser:
    """What the optimisers share: the learning rate and the count t of steps.

    Parameters
    ----------
    lr : float or function t -> float
        Learning rate η, or a schedule that gives it for step t = 1, 2, …
    """

    def __init__(self, lr: float | Schedule) -> None:
        if not callable(lr) and not 0 < lr < np.inf:
            raise ValueError(f"{type(self).__name__}: lr is {lr}, expected a positive number")
        self.lr = lr
        self.t = 0

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Change theta in place, given the gradient there."""
        if np.shape(grad) != theta.shape:
            raise ValueError(f"grad has shape {np.shape(grad)}, theta has {theta.shape}")
        if self.t == 0:
            self.start(theta)
            self.size = theta.size
        if theta.size != self.size:
            raise ValueError(
                f"{type(self).__name__} remembers {self.size} parameters, theta has {theta.size}; "
                "make a new optimiser for each network"
            )
        self.t += 1
        lr = self.rate(self.t)
        if not 0 <= lr < np.inf:
            raise ValueError(f"the schedule gives lr = {lr} at step {self.t}, expected 0 or more")
        self.update(theta, grad, lr)

    def rate(self, t: int) -> float:
        """η of step t."""
        # A NumPy float64 would make every product with float32 vectors a slow float64 one.
        return float(self.lr(t) if callable(self.lr) else self.lr)

    def start(self, theta: np.ndarray) -> None:
        """Allocate what is remembered from step to step."""

    def update(self, theta: np.ndarray, grad: np.ndarray, lr: float) -> None:
        """One step with learning rate `lr`."""
        raise NotImplementedError


class SGD(Optimiser):
    """θ ← θ - η g (eq. 17.1)."""

    def update(self, theta, grad, lr):
        theta -= lr * grad


class Momentum(Optimiser):
    """Gradient descent with a velocity that remembers earlier gradients (eq. 17.2).

    Parameters
    ----------
    lr : float or function t -> float
        Learning rate η.
    momentum : float
        Share μ of the velocity that is kept, 0 ≤ μ < 1.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    """

    def __init__(self, lr: float | Schedule, momentum: float = 0.9) -> None:
        super().__init__(lr)
        self.momentum = _share("Momentum", "momentum", momentum)

    def start(self, theta):
        self.velocity = np.zeros_like(theta)

    def update(self, theta, grad, lr):
        self.velocity *= self.momentum
        self.velocity += grad
        theta -= lr * self.velocity


class Adam(Optimiser):
    """Adaptive moment estimation (eq. 17.3 to eq. 17.6).

    Parameters
    ----------
    lr : float or function t -> float
        Learning rate η, about the length of a step in every direction.
    beta1, beta2 : float
        Shares of the running means of g and of g² that are kept, from 0 up to 1.
    eps : float
        Keeps the division finite where the gradient is 0.

    References
    ----------
    Kingma & Ba (2015), Adam: a method for stochastic optimization, algorithm 1; as at the end of
    their section 2, constant factors are taken out of the vectors.
    """

    BLOCK = 32768  # numbers: five blocks fit into the second-level cache of most processors

    def __init__(
        self,
        lr: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(lr)
        self.beta1 = _share("Adam", "beta1", beta1)
        self.beta2 = _share("Adam", "beta2", beta2)
        if not 0 <= eps < np.inf:
            raise ValueError(f"Adam: eps is {eps}, expected 0 or more")
        self.eps = eps

    def start(self, theta):
        self.sum_g = np.zeros_like(theta)  # m / (1 - β1): sums need fewer passes than means
        self.sum_gg = np.zeros_like(theta)  # v / (1 - β2)

    def update(self, theta, grad, lr):
        # eq. 17.5 and the factors 1 - β act on numbers here, not on vectors.
        root = ((1 - self.beta2) / (1 - self.beta2**self.t)) ** 0.5
        lr = lr * (1 - self.beta1) / (1 - self.beta1**self.t) / root
        # Block by block and in place: all passes but the first read numbers from the cache.
        for start in range(0, theta.size, self.BLOCK):
            part = slice(start, start + self.BLOCK)
            sum_g, sum_gg, g = self.sum_g[part], self.sum_gg[part], grad[part]
            sum_g *= self.beta1
            sum_g += g  # eq. 17.3
            work = g * g
            sum_gg *= self.beta2
            sum_gg += work  # eq. 17.4
            np.sqrt(sum_gg, out=work)
            work += self.eps / root
            np.divide(sum_g, work, out=work)
            work *= lr
            theta[part] -= work  # eq. 17.6
        if self.t % 100 == 0:
            # Where gradients stay 0, the sums shrink for ever, into denormal numbers, with which
            # processors are slow. 0 in time changes nothing: eps is far larger.
            tiny = 1e6 * np.finfo(theta.dtype).smallest_normal
            for total in (self.sum_g, self.sum_gg):
                total[np.abs(total) < tiny] = 0


def exponential_decay(lr: float, factor: float, steps: int) -> Schedule:
    """Schedule that starts at `lr` and is multiplied by `factor` in every `steps` steps."""
    return lambda t: lr * factor ** ((t - 1) / steps)


def cosine_decay(lr: float, steps: int) -> Schedule:
    """Schedule that falls from `lr` to 0 along half a cosine in `steps` steps.

    References
    ----------
    Loshchilov & Hutter (2017), SGDR: stochastic gradient descent with warm restarts, eq. 5.
    """
    return lambda t: lr * (1 + np.cos(np.pi * min(t - 1, steps) / steps)) / 2


def _share(optimiser: str, name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{optimiser}: {name} is {value}, expected 0 <= {name} < 1")
    return value
