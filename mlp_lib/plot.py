"""Plots that several chapters share: curves, decision regions, confusion matrices, images.

Each function draws on Axes and returns them; none shows or saves a figure.
"""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from mlp_lib import style
from mlp_lib.style import use_style
from mlp_lib.training import History

__all__ = [
    "plot_confusion_matrix",
    "plot_decision_regions",
    "plot_history",
    "show_images",
    "use_style",
]


def plot_history(history: History, ax: Axes | None = None) -> Axes | np.ndarray:
    """Plot the cost after each epoch and, on a second panel, the validation metric.

    Parameters
    ----------
    history : History
        What `train` returned. Without a metric there is one panel; the best epoch is marked.
    ax : Axes, optional
        Where to draw the costs, without the metric.

    Returns
    -------
    Axes, or an array of two Axes.
    """
    if not history.cost:
        raise ValueError("history.cost is empty: expected one entry an epoch")
    panels = [("cost $J$", {"training": history.cost, "validation": history.val_cost})]
    if ax is None and history.val_metric:
        panels.append(("validation metric", {"validation": history.val_metric}))
    axes = np.atleast_1d(plt.subplots(1, len(panels))[1] if ax is None else ax)
    styles = {"training": (style.BLUE, "-"), "validation": (style.VERMILION, "--")}
    for panel, (ylabel, curves) in zip(axes, panels, strict=True):
        for name, curve in curves.items():
            colour, line = styles[name]
            if curve:
                panel.plot(range(1, len(curve) + 1), curve, color=colour, ls=line, label=name)
        if history.best_epoch is not None:
            best = (history.best_epoch, curves["validation"][history.best_epoch - 1])
            ring = {"ls": "none", "marker": "o", "ms": 8, "mfc": "none", "mec": "black"}
            panel.plot(*best, **ring, label=f"best epoch: {history.best_epoch}")
        panel.set(xlabel="epoch", ylabel=ylabel)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.legend()
    return axes if len(panels) > 1 else axes[0]


def plot_decision_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    ax: Axes | None = None,
    *,
    resolution: int = 300,
) -> Axes:
    """Colour the plane by the most likely class, the paler the less certain, and add the points.

    Parameters
    ----------
    predict : callable
        Maps points (M, 2) to probabilities (M, K), or to (M, 1), the probability of class 1.
    X : ndarray, shape (N, 2)
        The points to draw.
    y : ndarray of int, shape (N,)
        Their classes, 0 to K - 1.
    resolution : int
        Grid points along each side.
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),) or len(X) == 0:
        raise ValueError(f"expected X (N, 2) and y (N,), got X {X.shape} and y {y.shape}")
    margin = 0.08 * np.ptp(X, axis=0).max() or 1.0
    (x_min, y_min), (x_max, y_max) = X.min(axis=0) - margin, X.max(axis=0) + margin
    xs, ys = np.linspace(x_min, x_max, resolution), np.linspace(y_min, y_max, resolution)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    P = np.asarray(predict(grid))
    if P.ndim != 2 or len(P) != len(grid):
        raise ValueError(f"predict must map {grid.shape} to ({len(grid)}, K), got {P.shape}")
    P = np.hstack([1 - P, P]) if P.shape[1] == 1 else P
    K = P.shape[1]
    if K > len(style.COLOURS) or not np.isin(y, range(K)).all():
        raise ValueError(f"expected labels 0 to K - 1 < 8, got {np.unique(y)} with K = {K}")
    winner = P.argmax(axis=1)
    certainty = (P.max(axis=1) - 1 / K) / (1 - 1 / K)  # 0: all classes alike; 1: no doubt
    paint = np.array([to_rgb(colour) for colour in style.COLOURS])[winner]
    image = 1 - (0.1 + 0.4 * certainty[:, None]) * (1 - paint)
    if ax is None:
        _, ax = plt.subplots(figsize=(style.WIDTH, 4.5))
    extent = (x_min, x_max, y_min, y_max)
    ax.imshow(image.reshape(resolution, resolution, 3), extent=extent, origin="lower")
    for k in range(K):
        region = (winner == k).reshape(resolution, resolution)
        if 0 < region.sum() < region.size:
            ax.contour(xs, ys, region, levels=[0.5], colors="#333333", linewidths=0.8)
        point = {"marker": style.MARKERS[k], "color": style.COLOURS[k], "s": 22, "zorder": 3}
        ax.scatter(*X[y == k].T, **point, edgecolors="black", linewidths=0.6, label=f"class {k}")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.locator_params(nbins=5)
    ax.grid(False)
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 3.6}
    ax.legend(ncols=4, handletextpad=0.1, columnspacing=1.0, **below)
    return ax


def plot_confusion_matrix(
    C: np.ndarray, labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Show the counts of a confusion matrix, the errors on a colour scale.

    The right answers, far more than the errors, are framed and kept out of the scale.

    Parameters
    ----------
    C : ndarray of int, shape (K, K)
        Rows are the true classes, columns the predicted ones.
    labels : sequence of str, optional
        Names of the classes; 0 to K - 1 by default.
    """
    C = np.asarray(C)
    if C.ndim != 2 or C.shape[0] != C.shape[1] or len(C) == 0:
        raise ValueError(f"expected a square matrix (K, K), got {C.shape}")
    K = len(C)
    labels = range(K) if labels is None else labels
    if len(labels) != K:
        raise ValueError(f"expected {K} labels for a matrix {C.shape}, got {len(labels)}")
    if ax is None:
        _, ax = plt.subplots(figsize=(style.WIDTH, max(style.HEIGHT, 0.8 + 0.4 * K)))
    errors = C * (1 - np.eye(K, dtype=int))
    top = max(errors.max(), 1)
    scale = LinearSegmentedColormap.from_list("errors", ["white", style.ORANGE, "#A84300"])
    ax.imshow(errors, cmap=scale, vmin=0, vmax=top, aspect="auto")
    for i, j in np.ndindex(C.shape):
        colour = "white" if errors[i, j] > 0.7 * top else "black" if C[i, j] else "#767676"
        text = ax.text(j, i, C[i, j], color=colour, ha="center", va="center_baseline")
        if i == j:
            text.set_weight("bold")
            frame = {"fc": "#E3EEF6", "ec": "#222222", "lw": 0.8}
            ax.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, **frame))
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_xticks(range(K), labels)
    ax.set_yticks(range(K), labels)
    ax.tick_params(length=0)
    ax.grid(False)
    return ax


def show_images(
    images: np.ndarray,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    image_shape: tuple[int, int] | None = None,
) -> np.ndarray:
    """Show grey images in a grid, dark on light, all on one scale.

    Parameters
    ----------
    images : ndarray, shape (N, height, width), or (N, pixels) with `image_shape`
        The larger a number, the darker its pixel.
    titles : sequence of str, optional
        A text above each image.

    Returns
    -------
    ndarray of Axes, shape (rows, columns).
    """
    images = np.asarray(images)
    if image_shape is not None and images.ndim == 2 and images.shape[1] == np.prod(image_shape):
        images = images.reshape(-1, *image_shape)
    if images.ndim != 3 or len(images) == 0:
        raise ValueError(
            "expected images (N, height, width), or (N, pixels) and their image_shape, "
            f"got images {images.shape} and image_shape {image_shape}"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"expected {len(images)} titles, one an image, got {len(titles)}")
    rows = -(-len(images) // columns)
    cell = style.WIDTH / columns * images.shape[1] / images.shape[2] + 0.3 * (titles is not None)
    _, axes = plt.subplots(rows, columns, figsize=(style.WIDTH, rows * cell), squeeze=False)
    for n, ax in enumerate(axes.flat):
        ax.axis("off")
        if n < len(images):
            ax.imshow(images[n], cmap="gray_r", vmin=images.min(), vmax=images.max())
            ax.set_title("" if titles is None else titles[n])
    return axes
