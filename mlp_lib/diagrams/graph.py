"""A computational graph."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch

from mlp_lib.diagrams import drawing as d
from mlp_lib.diagrams.placement import FRACTIONS, place
from mlp_lib.style import COLOURS, LINE_STYLES

SIZE = 0.4  # inches, of the smallest node


def draw_graph(
    variables: Mapping[str, tuple[float, float, str]],
    operations: Mapping[str, tuple[float, float, str]],
    edges: Sequence[tuple] | Mapping[str, Sequence[tuple]],
    ax: Axes | None = None,
    fmt: str = "z.4g",
) -> Axes:
    """Draw a computational graph: values flow along the arrows, gradients against them.

    Parameters
    ----------
    variables, operations : mapping of name to (column, row, label)
        Round nodes, and boxes. Columns count from the left and rows from the top; fractions
        place a node between them. The label is a text, with mathematics in `$…$`.
    edges : sequence of tuples, or mapping of a group's name to such a sequence
        (from, to), (from, to, value) or (from, to, value, gradient), with the names of two
        nodes. Value and gradient, numbers or strings, are written above and below the edge;
        None leaves a place empty. A group has its own colour, line style and legend entry.
    ax : Axes, optional
        Where to draw; by default in a new figure, as high as the graph needs.
    fmt : str
        Format of the numbers.

    Raises
    ------
    ValueError
        If a node or an edge is not as described, or two nodes overlap.
    """
    nodes = {**variables, **operations}
    groups = edges if isinstance(edges, Mapping) else {"": edges}
    flat = [(group, *edge) for group, members in groups.items() for edge in members]
    if len(nodes) < len(variables) + len(operations):
        raise ValueError(f"{set(variables) & set(operations)}: both variable and operation")
    for name, node in nodes.items():
        if len(node) != 3:
            raise ValueError(f"{name}: expected (column, row, label), got {node}")
    for _, *edge in flat:
        if not 2 <= len(edge) <= 4 or len({*edge[:2]} & {*nodes}) < 2:
            raise ValueError(
                f"expected (from, to), (from, to, value) or (from, to, value, gradient) with two "
                f"of the nodes {', '.join(nodes)}; got {tuple(edge)}"
            )

    has_key = any(len(edge) == 5 for edge in flat)
    foot = d.MARGIN + 0.3 * has_key + 0.3 * isinstance(edges, Mapping)
    columns, rows = (np.array([node[k] for node in nodes.values()], dtype=float) for k in (0, 1))
    rows -= rows.min()
    widths = np.array([max(SIZE, d.text_width(node[2]) + 0.2) for node in nodes.values()])
    width, height = d.room(d.MARGIN + SIZE + 0.9 * rows.max() + foot, ax)
    x = d.MARGIN + _spread(columns, widths, width - 2 * d.MARGIN)
    y = height - d.MARGIN - SIZE / 2 - rows * (height - d.MARGIN - SIZE - foot) / (rows.max() or 1)
    clash = (np.abs(x[:, None] - x) < (widths[:, None] + widths) / 2 + 0.1) & (
        np.abs(y[:, None] - y) < SIZE + 0.1
    )
    if clash.sum() > len(nodes):
        both = [name for name, row in zip(nodes, clash, strict=True) if row.sum() > 1]
        raise ValueError(f"the nodes {', '.join(both)} do not fit side by side: move them apart")
    centres = dict(zip(nodes, np.column_stack([x, y]), strict=True))
    ax = d.sheet(width, height, ax)
    shapes = {}
    for (name, (_, _, label)), node_width in zip(nodes.items(), widths, strict=True):
        draw = d.round_node if name in variables else d.box_node
        shapes[name] = draw(ax, *centres[name], node_width, SIZE)
        d.write(ax, *centres[name], label)

    styles = {
        group: {"color": COLOURS[k], "ls": LINE_STYLES[k], "lw": 1.8}
        if isinstance(edges, Mapping)
        else {"color": "#555555", "ls": "-", "lw": 1.2}
        for k, group in enumerate(groups)
    }
    ends = np.array([_visible(shapes, centres, *edge[1:3]) for edge in flat])
    for (group, *_), (start, end) in zip(flat, ends, strict=True):
        neck = end - 0.1 * (end - start) / np.linalg.norm(end - start)
        ax.add_artist(Line2D(*zip(start, neck, strict=True), zorder=d.EDGE, **styles[group]))
        head = styles[group] | {"ls": "-", "arrowstyle": "-|>", "mutation_scale": 11}
        ax.add_artist(FancyArrowPatch(neck, end, shrinkA=0, shrinkB=1, zorder=d.EDGE, **head))
    _write_numbers(ax, [[d.as_text(v, fmt) for v in edge[3:]] for edge in flat], ends, shapes)
    if isinstance(edges, Mapping):
        lines = [Line2D([], [], label=group, **style) for group, style in styles.items()]
        where = {"loc": "center", "bbox_to_anchor": (width / 2, 0.2 + 0.3 * has_key)}
        ax.legend(
            handles=lines,
            ncols=len(lines),
            prop=d.FONT,
            frameon=False,
            handlelength=4,
            bbox_transform=ax.transData,
            **where,
        )
    if has_key:
        d.key(ax, width / 2, 0.2)
    return ax


def _spread(columns: np.ndarray, widths: np.ndarray, total: float) -> np.ndarray:
    """Centres of nodes in columns with equal gaps, as wide as the widest node of each column."""
    places, index = np.unique(columns, return_inverse=True)
    half = np.array([widths[index == k].max() for k in range(len(places))]) / 2
    steps = np.diff(places)
    gap = (total - 2 * half.sum()) / (steps.sum() or 1)
    return (half[0] + np.append(0, np.cumsum(half[:-1] + steps * gap + half[1:])))[index]


def _visible(shapes: Mapping[str, Patch], centres: Mapping, source: str, target: str) -> np.ndarray:
    """Ends of the part of an edge that lies outside its two nodes."""
    way = centres[source] + np.linspace(0, 1, 1000)[:, None] * (centres[target] - centres[source])
    hidden = [shapes[name].get_path().contains_points(way) for name in (source, target)]
    return way[~np.logical_or(*hidden)][[0, -1]]


def _write_numbers(ax: Axes, texts: list[list[str]], ends: np.ndarray, shapes: Mapping) -> None:
    """Write value and gradient beside each edge, the value above (or left of) it."""
    owners = [e for e, strings in enumerate(texts) if any(strings)]
    if not owners:
        return
    boxes = np.zeros((len(owners), len(FRACTIONS), 2, 4))
    for m, e in enumerate(owners):
        start, way = ends[e][0], ends[e][1] - ends[e][0]
        normal = np.array([-way[1], way[0]]) / np.linalg.norm(way)
        normal *= np.sign(normal[1]) or -np.sign(normal[0])
        for k, string in enumerate((texts[e] + [""])[:2]):
            box = d.box_around(0, 0, string)
            shift = (0.04 + np.abs(normal) @ box[2:]) * (normal if k == 0 else -normal)
            for c, t in enumerate(FRACTIONS):
                boxes[m, c, k] = box + np.tile(start + t * way + shift, 2)
    nodes = np.array([shape.get_path().get_extents().extents for shape in shapes.values()])
    chosen = place(boxes, np.array(owners), ends[:, 0], ends[:, 1], nodes)
    for m, e in enumerate(owners):
        for k, string in enumerate(texts[e]):
            if string:
                d.note(ax, boxes[m, chosen[m], k], string, (d.FORWARD, d.BACKWARD)[k])
