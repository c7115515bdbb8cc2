"""A training run with settings to choose, and curves that grow as it learns."""

from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlp_lib import style
from mlp_lib.activations import ReLU
from mlp_lib.explore.explorer import Explorer, dropdown
from mlp_lib.layers import Dropout, Layer, Linear
from mlp_lib.losses import SoftmaxCrossEntropy
from mlp_lib.metrics import accuracy
from mlp_lib.network import Network
from mlp_lib.optim import SGD, Adam, Momentum
from mlp_lib.plot import plot_history
from mlp_lib.training import History, train


def _listed(*values: float) -> dict[str, float]:
    return {f"{value:g}": value for value in values}


WIDTHS = {"none": (), "32": (32,), "100": (100,), "256": (256,), "100, 100": (100, 100)}
OPTIMISERS = {"Adam": Adam, "Momentum": Momentum, "SGD": SGD}
CHOICES: dict[str, tuple[str, dict[str, Any], Any]] = {  # label, {text: value}, value at first
    "widths": ("Hidden layers", WIDTHS, (100,)),
    "optimiser": ("Optimiser", OPTIMISERS, Adam),
    "lr": ("Learning rate", _listed(1e-4, 1e-3, 1e-2, 0.1, 1), 1e-3),
    "batch_size": ("Batch size", _listed(8, 32, 128, 512), 32),
    "dropout": ("Dropout", _listed(0, 0.2, 0.5), 0),
    "weight_decay": ("Weight decay", _listed(0, 1e-4, 1e-3, 1e-2), 0),
    "epochs": ("Epochs", _listed(5, 10, 20, 40), 10),
}


def explore_training(
    X: np.ndarray, y: np.ndarray, X_val: np.ndarray, y_val: np.ndarray, seed: int = 0
) -> Explorer:
    """Train a classifier with settings that the reader chooses, and draw its curves as it learns.

    Parameters
    ----------
    X, X_val : ndarray (N, d)
        Samples to train on, and samples that are only looked at.
    y, y_val : ndarray of int (N,)
        Their classes.
    seed : int
        Decides start values, dropout and the order of the samples.

    Returns
    -------
    Explorer
        With a control for each setting and the button `train`; `history` is that of the last run.
    """
    K = int(max(y.max(), y_val.max())) + 1
    choices = {name: dropdown(*choice) for name, choice in CHOICES.items()}
    start = widgets.Button(description="Train", button_style="primary")
    explorer = Explorer(choices | {"train": start})
    explorer.history = History()

    def run(button: Any = None) -> None:
        settings = {name: control.value for name, control in choices.items()}
        before, explorer.history = explorer.history, History()
        rng, epochs = np.random.default_rng(seed), settings["epochs"]
        net = _network(X.shape[1], K, settings, rng)
        optimiser = settings["optimiser"](settings["lr"])
        plan = {"epochs": 1, "batch_size": settings["batch_size"], "rng": rng}
        watched = {"validation": (X_val, y_val), "metric": accuracy}
        end = ""
        while len(explorer.history.cost) < epochs and not end:
            try:
                epoch = train(net, X, y, optimiser, **plan, **watched)
            except FloatingPointError:
                end = " Then the cost grew beyond all numbers: the learning rate is too large."
            else:
                for name in ("cost", "val_cost", "val_metric"):
                    getattr(explorer.history, name).extend(getattr(epoch, name))
                end = " Interrupted." if epoch.interrupted else ""
            over = end or len(explorer.history.cost) == epochs
            if button or over:  # the cell itself draws the end alone
                picture = _curves(explorer.history, before, epochs)
                explorer.show(picture, _result(explorer.history) + end)

    start.on_click(run)
    run()
    return explorer


def _network(d: int, K: int, settings: dict[str, Any], rng: np.random.Generator) -> Network:
    layers: list[Layer] = []
    for width in settings["widths"]:
        layers += [Linear(d, width, rng), ReLU()]
        layers += [Dropout(settings["dropout"], rng)] if settings["dropout"] else []
        d = width
    layers.append(Linear(d, K, rng))
    return Network(layers, SoftmaxCrossEntropy(), settings["weight_decay"])


def _curves(history: History, before: History, epochs: int) -> Figure:
    """Costs and accuracy of a run; dotted: the run before."""
    figure = Figure(figsize=(style.WIDTH, style.HEIGHT), layout="constrained")
    costs, right = figure.subplots(1, 2)
    if history.cost:
        plot_history(history, costs)
    seen = range(1, len(history.cost) + 1)
    look = {"color": style.VERMILION, "ls": "--", "label": "validation"}
    right.plot(seen, history.val_metric, **look)
    past = {"color": style.BLACK, "ls": ":", "lw": 1, "label": "validation, run before"}
    for ax, curve in ((costs, before.val_cost), (right, before.val_metric)):
        if curve:
            ax.plot(range(1, len(curve) + 1), curve, **past)
        ax.set_xlim(0.5, max(epochs, len(before.cost)) + 0.5)  # the same while the curves grow
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if ax.lines:
            ax.legend()
    right.set(xlabel="epoch", ylabel="right answers, share")
    return figure


def _result(history: History) -> str:
    if not history.cost:
        return "No epoch was completed."
    J, J_val, right = history.cost[-1], history.val_cost[-1], history.val_metric[-1]
    return (
        f"After epoch {len(history.cost)}: cost {J:.3g} in training, {J_val:.3g} on the validation "
        f"data, {100 * right:.1f} % of which are classified rightly."
    )
