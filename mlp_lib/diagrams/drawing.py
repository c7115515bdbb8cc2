"""Nodes and numbers on an Axes whose unit is one inch.

In inches a circle is round, and the room that a text needs is known before anything is drawn.
"""

from collections.abc import Sequence
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Patch, Polygon
from matplotlib.textpath import text_to_path

from mlp_lib.style import WIDTH

INK = "#222222"
PAPER = "white"
FORWARD = "#005A8F"  # darker than the blue of the palette: small type needs the contrast
BACKWARD = "#A84300"  # a darker vermilion
BACKWARD_PAPER = "#FCE3D1"
FONT = FontProperties(family="DejaVu Sans", size=10)
LINE_HEIGHT = 0.19  # inches, of one line of numbers with the box behind it
MARGIN = 0.15  # inches
EDGE, NOTE, SHAPE, TEXT = 1, 2, 3, 4  # zorder


def room(height: float, ax: Axes | None) -> np.ndarray:
    """Width and height in inches of `ax`, or of the new figure of the wanted height."""
    if ax is None:
        return np.array([WIDTH, height])
    ax.figure.draw_without_rendering()  # lets the layout engine set the size of the Axes
    return ax.get_window_extent().size / ax.figure.dpi


def sheet(width: float, height: float, ax: Axes | None) -> Axes:
    """Return Axes in inches without a frame: `ax`, or those that fill a new figure."""
    if ax is None:
        # A layout engine that does nothing. With layout="none" Matplotlib 3.11 falls back to
        # the engine of the rcParams once the figure has been saved.
        layout = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True)
        figure = plt.figure(figsize=(width, height), layout=layout, facecolor=PAPER)
        ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return ax


def as_text(value, fmt: str, prefix: str = "") -> str:
    """Write a number with the format `fmt` and a true minus sign; leave a string as it is."""
    if value is None or isinstance(value, str):
        return value or ""
    return prefix + format(value, fmt).replace("-", "\N{MINUS SIGN}")


def as_texts(
    name: str,
    given: Sequence | None,
    shapes: Sequence[tuple[int, ...]],
    fmt: str,
    halves: bool = False,
    prefix: str = "",
) -> list[np.ndarray | None]:
    """Turn the argument `name`, one entry a layer, into arrays of strings.

    Entry l must have the shape shapes[l], or with `halves` (2, *shapes[l]), or be None.
    """
    given = [None] * len(shapes) if given is None else given
    if len(given) != len(shapes):
        raise ValueError(f"{name}: expected {len(shapes)} entries, got {len(given)}")
    texts = []
    for l, (entry, shape) in enumerate(zip(given, shapes, strict=True)):
        wanted = [shape, (2, *shape)] if halves else [shape]
        array = np.array(entry, dtype=object)
        if entry is not None and array.shape not in wanted:
            wanted = " or ".join(map(str, wanted))
            raise ValueError(f"{name}[{l}]: expected shape {wanted}, got {array.shape}")
        write_all = np.vectorize(lambda value: as_text(value, fmt, prefix), otypes=[object])
        texts.append(None if entry is None else write_all(array))
    return texts


@cache
def text_width(string: str) -> float:
    """Width of a text in inches; it may have several lines."""
    lines = string.split("\n")
    size = text_to_path.get_text_width_height_descent
    return max(size(line, FONT, ismath="$" in line)[0] for line in lines) / 72


def write(ax: Axes, x: float, y: float, string: str, **style) -> None:
    """Write a text around (x, y)."""
    va = "center" if "\n" in string else "center_baseline"
    # The font comes first: it sets the slant too, which the style may change.
    text = ax.text(x, y, string, font=FONT, ha="center", va=va)
    text.set(**{"color": INK, "zorder": TEXT} | style)


def box_around(x: float, y: float, *strings: str) -> np.ndarray:
    """Box (x0, y0, x1, y1) around (x, y) that takes the strings, one above the other."""
    width = max(map(text_width, strings)) + 0.06
    height = LINE_HEIGHT * len(strings)
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def note(ax: Axes, box: Sequence[float], string: str, colour: str) -> None:
    """Write a text into an opaque box (x0, y0, x1, y1); a gradient slanted, in a tinted one."""
    x0, y0, x1, y1 = box
    ground = {"fc": BACKWARD_PAPER if colour == BACKWARD else PAPER, "ec": "none", "zorder": NOTE}
    boxstyle = "round,pad=0,rounding_size=0.04"
    ax.add_artist(FancyBboxPatch((x0, y0), x1 - x0, y1 - y0, boxstyle=boxstyle, **ground))
    slant = "italic" if colour == BACKWARD else "normal"
    write(ax, (x0 + x1) / 2, (y0 + y1) / 2, string, color=colour, style=slant, zorder=NOTE)


def key(ax: Axes, x: float, y: float) -> None:
    """Explain the two kinds of numbers."""
    note(ax, box_around(x - 0.45, y, "value"), "value", FORWARD)
    note(ax, box_around(x + 0.45, y, "gradient"), "gradient", BACKWARD)


def round_node(
    ax: Axes, x: float, y: float, width: float, height: float, divided: bool = False
) -> Patch:
    """Draw a circle around (x, y), or two half circles with straight lines between."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, 60)
    right = np.column_stack([np.cos(turn), np.sin(turn)]) * height / 2
    right[:, 0] += (width - height) / 2
    outline = np.vstack([right, -right]) + (x, y)
    shape = ax.add_artist(Polygon(outline, fc="#F2F6FA", ec=INK, lw=1.2, zorder=SHAPE))
    if divided:
        ends = (y - height / 2, y + height / 2)
        ax.add_artist(Line2D((x, x), ends, color=INK, lw=0.8, ls="-", zorder=SHAPE))
    return shape


def box_node(ax: Axes, x: float, y: float, width: float, height: float) -> Patch:
    """Draw a box around (x, y)."""
    style = {"boxstyle": "round,pad=0,rounding_size=0.07", "fc": "#EAEAEA", "ec": INK, "lw": 1.2}
    corner = (x - width / 2, y - height / 2)
    return ax.add_artist(FancyBboxPatch(corner, width, height, zorder=SHAPE, **style))
