"""Live figures: drawings whose numbers a reader can change, in JupyterLab and in the page.

`base` says how they are made and how to add one.
"""

from pathlib import Path

from mlp_lib.figures.activation_functions import ActivationFunctions
from mlp_lib.figures.base import LiveFigure, own_style
from mlp_lib.figures.batchnorm_figure import BatchNormFigure
from mlp_lib.figures.descent import Descent
from mlp_lib.figures.draw_digit import DrawDigit
from mlp_lib.figures.playground import Playground
from mlp_lib.figures.softmax_figure import SoftmaxFigure
from mlp_lib.figures.step_by_step import StepByStep
from mlp_lib.figures.vanishing_gradient import VanishingGradient
from mlp_lib.figures.worked_network import WorkedNetwork
from mlp_lib.figures.xor_lines import XorLines

__all__ = [
    "FIGURES",
    "ActivationFunctions",
    "BatchNormFigure",
    "Descent",
    "DrawDigit",
    "LiveFigure",
    "Playground",
    "SoftmaxFigure",
    "StepByStep",
    "VanishingGradient",
    "WorkedNetwork",
    "XorLines",
    "write_page_files",
]

FIGURES: dict[str, type[LiveFigure]] = {
    figure.module: figure
    for figure in (
        WorkedNetwork,
        StepByStep,
        ActivationFunctions,
        XorLines,
        SoftmaxFigure,
        Descent,
        VanishingGradient,
        BatchNormFigure,
        Playground,
        DrawDigit,
    )
}


def write_page_files(folder: Path) -> None:
    """Write what pages with live figures load: `figures.css`, and a script and style for each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.css").write_text(own_style("figures"), encoding="utf-8")
    for module, figure in FIGURES.items():
        (folder / f"{module}.js").write_text(figure.page_script(), encoding="utf-8")
        (folder / f"{module}.css").write_text(own_style(module), encoding="utf-8")
