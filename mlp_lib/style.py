"""The house style of the book's figures."""

import sys

import matplotlib.pyplot as plt
from cycler import cycler

WIDTH, HEIGHT = 7.0, 3.5  # inches; at 10 pt, text in a figure is about as large as the page's
# Okabe & Ito (2008), Color universal design: eight colours that stay apart for colour-blind
# readers. Yellow, too light for a line on white, stands last.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, YELLOW = "#E69F00", "#56B4E9", "#000000", "#F0E442"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, YELLOW)
# A second difference beside the colour, for lines and for points.
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

STYLE = {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.dpi": 100,
    "figure.facecolor": "white",  # opaque, so that figures stay readable in dark mode
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.08,  # inches
    "figure.constrained_layout.h_pad": 0.08,
    "savefig.dpi": "figure",
    "savefig.bbox": "standard",
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the same on every computer
    "font.size": 10,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 10,
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=LINE_STYLES),
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.edgecolor": "#444444",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


def use_style() -> None:
    """Set the house style for all figures that follow.

    In a notebook images get two pixels for each point of the screen, and are not trimmed, so
    that all have one width.
    """
    plt.rcParams.update(STYLE)
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
        from matplotlib_inline.config import InlineBackend

        # Without the version of Matplotlib in it, the same picture is the same file.
        options = {"bbox_inches": None, "metadata": {"Software": None}}
        set_matplotlib_formats("retina", **options)
        # Matplotlib 3.8, which the browser has, asks here again after the first cell.
        settings = InlineBackend.instance()
        settings.print_figure_kwargs, settings.figure_formats = options, {"retina"}
