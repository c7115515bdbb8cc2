"""A confusion matrix, down to the images."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mlp_lib import style
from mlp_lib.explore.explorer import Explorer, dropdown
from mlp_lib.metrics import confusion_matrix, labels
from mlp_lib.plot import plot_confusion_matrix

MOST_IMAGES = 16


def explore_confusion(
    X: np.ndarray, T: np.ndarray, Y_hat: np.ndarray, image_shape: tuple[int, int]
) -> Explorer:
    """Show a confusion matrix, and the images behind the entry that the reader chooses.

    Parameters
    ----------
    X : ndarray (N, pixels)
        The images; `image_shape` is their height and width.
    T : ndarray (N,)
        True classes.
    Y_hat : ndarray (N, K)
        Predicted probabilities.

    Returns
    -------
    Explorer
        With the controls `true` and `predicted`; at first the most frequent mistake.
    """
    K, predicted = Y_hat.shape[1], labels(Y_hat)
    C = confusion_matrix(T, Y_hat, K)
    mistakes = C * (1 - np.eye(K, dtype=int))
    i, j = map(int, np.unravel_index(mistakes.argmax(), C.shape))
    classes = {str(k): k for k in range(K)}
    true = dropdown("True class", classes, i)
    guess = dropdown("Predicted class", classes, j)
    explorer = Explorer({"true": true, "predicted": guess})
    images = X.reshape(-1, *image_shape)
    look = {"cmap": "gray_r", "vmin": X.min(), "vmax": X.max()}

    def draw(change: Any = None) -> None:
        i, j = true.value, guess.value
        found = np.flatnonzero((T == i) & (predicted == j))
        found = found[np.argsort(-Y_hat[found, j], kind="stable")][:MOST_IMAGES]
        figure = Figure(figsize=(style.WIDTH, 4.2), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=(7, 4))
        ax = plot_confusion_matrix(C, ax=left.subplots())
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, ec=style.BLUE, lw=3))
        right.suptitle(f"{i} read as {j}" if i != j else f"{i}, read rightly")
        for n, ax in enumerate(right.subplots(4, 4).flat):
            ax.axis("off")
            if n < len(found):
                ax.imshow(images[found[n]], **look)
                ax.set_title(f"{Y_hat[found[n], j]:.2f}")
        sentence = f"{i} was read as {j} in {C[i, j]} of {C[i].sum()} images."
        if C[i, j] > MOST_IMAGES:
            sentence += f" The {MOST_IMAGES} of which the network is surest are shown."
        explorer.show(figure, sentence)

    true.observe(draw, "value")
    guess.observe(draw, "value")
    draw()
    return explorer
