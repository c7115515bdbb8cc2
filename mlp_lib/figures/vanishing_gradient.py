"""Live figure: the size of the signal and of the error term in every layer of a deep network."""

from dataclasses import dataclass

import numpy as np

from mlp_lib.figures.activation_functions import ACTIVATIONS
from mlp_lib.figures.base import Checked, LiveFigure, bundle, show_number, style
from mlp_lib.figures.checks import SEED, between, one_of, whole
from mlp_lib.figures.seeded import normals
from mlp_lib.figures.static import Axes, picture
from mlp_lib.layers import Linear

WIDTH, SAMPLES, MOST_LAYERS = 64, 32, 30
LEAST_SCALE, MOST_SCALE = 0.1, 4


@dataclass(frozen=True)
class Sizes:
    """Root mean squares of one pass forward and back; index 0 of `signal` is the input."""

    signal: np.ndarray
    error: np.ndarray
    slope: np.ndarray


class VanishingGradient(LiveFigure):
    """Signal and error term in every layer of a deep network with random weights.

    All layers have 64 neurons and no biases. 32 random samples go forward, random numbers come
    back from the end, as in the chapter's `error_norms`. Browser and Python draw the same
    numbers from the seed, and the weights of the first layers do not depend on the depth.

    Parameters
    ----------
    activation : str
        `"identity"`, `"sigmoid"`, `"tanh"`, `"relu"` or `"leaky_relu"`.
    scale : float
        √(d_in Var(w)), the standard deviation of the weights times √64: from 0.1 to 4.
        Glorot's weights have 1 (eq. 14.8), He's √2 (eq. 14.6).
    depth : int
        Number of layers, from 1 to 30.
    seed : int
        Seed of the random numbers, from 0 to 2³² - 1.

    Raises
    ------
    ValueError
        If there is no such activation function, or a number is outside its range.

    References
    ----------
    Source items S1-29, S3-44, S3-47 to S3-49, E3-09.

    Examples
    --------
    >>> figure = VanishingGradient("identity", scale=2, depth=3)
    >>> figure.factors
    array([2., 2.])
    """

    module = "vanishing_gradient"
    _esm = bundle(module)
    _css = style(module)

    activation = Checked(one_of(ACTIVATIONS))
    scale = Checked(between(LEAST_SCALE, MOST_SCALE))
    depth = Checked(whole(1, MOST_LAYERS))
    seed = Checked(SEED)

    def __init__(
        self, activation: str = "sigmoid", scale: float = 1.0, depth: int = 20, seed: int = 14
    ) -> None:
        super().__init__(activation=activation, scale=scale, depth=depth, seed=seed)

    def __repr__(self) -> str:
        network = f"{self.depth} layers, {self.activation}, scale {self.scale:.4g}"
        return f"VanishingGradient: {network}: gradient {self.gradient_sizes[0]:.1e} in layer 1"

    @property
    def std(self) -> float:
        """Standard deviation of the weights."""
        return self.scale / np.sqrt(WIDTH)

    @property
    def signal_sizes(self) -> np.ndarray:
        """Root mean square of the input and of the activations of layers 1 to L: L + 1 numbers."""
        return self._sizes().signal

    @property
    def gradient_sizes(self) -> np.ndarray:
        """Root mean square of the error term in layers 1 to L, relative to layer L: L numbers."""
        error = self._sizes().error
        return error / error[-1]

    @property
    def factors(self) -> np.ndarray:
        """By which factor eq. 14.7 says that the error term changes into layers 1 to L - 1."""
        return self.scale * self._sizes().slope[:-1]  # d_out Var(w) = scale²

    def fallback(self) -> str:
        """Return the sizes as a drawing, and the ends of both lines in words."""
        name = ACTIVATIONS[self.activation][0]
        signal, error = (np.log10(sizes) for sizes in (self.signal_sizes, self.gradient_sizes))
        low = min(-5, 5 * np.floor(min(signal.min(), error.min()) / 5))
        high = max(5, 5 * np.ceil(max(signal.max(), error.max()) / 5))
        spacing = 10 if high - low > 40 else 5
        axes = Axes((0, MOST_LAYERS), (low, high), 48, 24, 300, 236)
        first = spacing * np.ceil(low / spacing)
        ticks = np.arange(first, high + 1, spacing).tolist()
        still = picture(
            f"Powers of ten of signal and error term in {self.depth} layers, {name}",
            360,
            300,
            axes.frame(range(0, 31, 5), ticks, "layer", "power of ten"),
            axes.curve(enumerate(signal), "one"),
            axes.dots(enumerate(signal), "one", 3),
            axes.curve(enumerate(error, 1), "two"),
        )
        words = (
            f"{self.depth} layers of 64 neurons, {name}, weights with the standard deviation "
            f"{_rough(self.std)}. Signal (line with dots): {_rough(self.signal_sizes[0])} at the "
            f"input, {_rough(self.signal_sizes[-1])} in layer {self.depth}. Error term (dashed), "
            f"relative to layer {self.depth}: {_rough(self.gradient_sizes[0])} in layer 1."
        )
        return f"{still}\n<p>{words}</p>"

    def _sizes(self) -> Sizes:
        numbers = normals(self.seed, 2 * SAMPLES * WIDTH + self.depth * WIDTH**2)
        inputs, back, weights = np.split(numbers, [SAMPLES * WIDTH, 2 * SAMPLES * WIDTH])
        H, D = inputs.reshape(SAMPLES, WIDTH), back.reshape(SAMPLES, WIDTH)
        layers = []
        signal, slope, error = [_size(H)], [], []
        for W in self.std * weights.reshape(self.depth, WIDTH, WIDTH):
            linear = Linear(WIDTH, WIDTH, init=W, bias=False)
            phi = ACTIVATIONS[self.activation][1]()
            H = phi.forward(linear.forward(H))
            signal.append(_size(H))
            slope.append(_size(phi.backward(np.ones_like(H))))
            layers += [linear, phi]
        for layer in reversed(layers):
            D = layer.backward(D)
            if not isinstance(layer, Linear):  # D is now the error term of this layer
                error.append(_size(D))
        return Sizes(np.array(signal), np.array(error[::-1]), np.array(slope))


def _size(A: np.ndarray) -> float:
    return float(np.sqrt(np.mean(A**2)))


def _rough(value: float) -> str:
    return show_number(float(f"{value:.2g}"))
