"""A layered network, left to right."""

from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mlp_lib.diagrams import drawing as d
from mlp_lib.diagrams.placement import FRACTIONS, place
from mlp_lib.style import GREEN


def draw_network(
    sizes: Sequence[int],
    *,
    values: Sequence | None = None,
    gradients: Sequence | None = None,
    labels: Sequence | None = None,
    weights: Sequence | None = None,
    weight_gradients: Sequence | None = None,
    biases: Sequence | None = None,
    highlight: Collection[tuple[int, int, int]] = (),
    layer_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    fmt: str = "z.4g",
) -> Axes:
    """Draw a network with the numbers that belong to it.

    Of a layer with more than ten nodes only the first and the last three are drawn.
    A number may also be a string, which is written as it is (mathematics in `$…$`), or None,
    which leaves its place empty; an entry of a list may be None too.

    Parameters
    ----------
    sizes : sequence of int
        Nodes in each layer, the inputs first: L + 1 numbers for L layers of weights.
    values : sequence, optional
        One entry a layer: n numbers, one in each node; or two rows of n numbers, u and h,
        written u | h into nodes with two halves.
    gradients : sequence, optional
        The same for ∂J/∂ of the values, written below the nodes.
    labels : sequence, optional
        The same for names, written above the nodes, or into them when there are no values.
    weights, weight_gradients : sequence, optional
        One array (d_in, d_out) a layer of weights, written on the edges, the gradient below.
    biases : sequence, optional
        One array (d_out,) a layer of weights, written above the nodes.
    highlight : collection of (l, i, j), optional
        Edges to mark: those of `weights[l][i, j]`, counted from 0.
    layer_names : sequence of str, optional
        Headings of the columns.
    ax : Axes, optional
        Where to draw; by default in a new figure, as high as the network needs.
    fmt : str
        Format of the numbers.

    Raises
    ------
    ValueError
        If an argument does not fit `sizes`; the message names both shapes.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"expected two or more layers of at least one node, got sizes {sizes}")
    nodes, edges = [(n,) for n in sizes], list(zip(sizes, sizes[1:], strict=False))
    texts = (
        d.as_texts("values", values, nodes, fmt, halves=True),
        d.as_texts("labels", labels, nodes, fmt, halves=True),
        d.as_texts("gradients", gradients, nodes, fmt, halves=True),
        [None, *d.as_texts("biases", biases, nodes[1:], fmt, prefix="$b=$")],
    )
    numbers = d.as_texts("weights", weights, edges, fmt)
    slopes = d.as_texts("weight_gradients", weight_gradients, edges, fmt)
    names = d.as_texts("layer_names", layer_names, [()] * len(nodes), fmt)
    for l, i, j in highlight:
        if not (0 <= l < len(edges) and 0 <= i < edges[l][0] and 0 <= j < edges[l][1]):
            raise ValueError(f"highlight: ({l}, {i}, {j}) is not an edge of the network {sizes}")

    # Heights in inches: rows of nodes at one distance, with room for the numbers on the edges.
    rows = [[*range(n)] if n <= 10 else [*range(3), None, *range(n - 3, n)] for n in sizes]
    crowd = max(map(len, rows))
    radius, space = (0.2, 0.25) if crowd < 7 else (0.14, 0.1)
    columns = [_Column(radius, *parts) for parts in zip(rows, *texts, strict=True)]
    up, down = max(column.up for column in columns), max(column.down for column in columns)
    lines = (weights is not None) + (weight_gradients is not None)
    longest = max([3, *(len(t) for a in numbers + slopes if a is not None for t in a.flat)])
    has_key = gradients is not None or weight_gradients is not None
    bundle = max(min(edge) for edge in edges)  # of edges that cross one another
    needed = 0.15 + lines * (0.3 + 0.13 * bundle) + 0.08 * (bundle - 2) * (longest - 3)
    pitch = max(up + 2 * radius + down + space, needed * (lines > 0))
    head = d.MARGIN + 0.3 * (layer_names is not None) + up + radius
    foot = d.MARGIN + 0.3 * has_key + down + radius
    width, height = d.room(head + (crowd - 1) * pitch + foot, ax)
    pitch = (height - head - foot) / max(crowd - 1, 1)

    # Widths: equal gaps between the columns, and no text over the edge of the sheet.
    named = list(zip(columns, ("" if name is None else name.item() for name in names), strict=True))
    sides = [max(c.overhang, (d.text_width(name) - c.width) / 2) for c, name in named]
    x = d.MARGIN + sides[0]
    free = width - x - sides[-1] - d.MARGIN - sum(column.width for column in columns)
    if free < 0.3 * len(edges) or (crowd > 1 and pitch < 2 * radius):
        raise ValueError(f"the network {sizes} does not fit into {width:.1f} × {height:.1f} inches")
    ax = d.sheet(width, height, ax)
    for column, name in named:
        column.x = x + column.width / 2
        x += column.width + free / len(edges)
        top = height - head - (crowd - len(column.rows)) * pitch / 2
        column.y = {n: top - row * pitch for row, n in enumerate(column.rows)}
        d.write(ax, column.x, height - 0.2, name)
    for l, (left, right) in enumerate(zip(columns, columns[1:], strict=False)):
        marked = {(i, j) for k, i, j in highlight if k == l}
        _draw_edges(ax, left, right, marked, numbers[l], slopes[l])
    for column in columns:
        column.draw(ax)
    if has_key:
        d.key(ax, width / 2, 0.2)
    return ax


class _Column:
    """One layer in the picture: its nodes, what is written in and around them, its place."""

    def __init__(self, radius, rows, values, labels, gradients, biases) -> None:
        self.radius, self.rows = radius, rows
        inside, above = (labels, None) if values is None else (values, labels)
        # Line 0 is in the node, lines 1 and 2 stand above it, line -1 below.
        notes = (
            (0, inside, d.INK if values is None else d.FORWARD),
            (1, above, d.INK),
            (1 if above is None else 2, biases, d.FORWARD),
            (-1, gradients, d.BACKWARD),
        )
        self.notes = [(k, np.atleast_2d(t), colour) for k, t, colour in notes if t is not None]
        self.halves = 2 if np.ndim(inside) == 2 else 1
        shown = [n for n in rows if n is not None]
        widths = {
            (line, len(texts)): max(map(d.text_width, texts[:, shown].flat))
            for line, texts, _ in self.notes
        }
        beside = [width for (line, halves), width in widths.items() if line == 0 or halves == 2]
        self.cell = max([2 * radius / self.halves, *(width + 0.14 for width in beside)])
        self.width = self.halves * self.cell
        self.overhang = max(0, max(widths.values(), default=0) - self.width) / 2
        lines = [0, *(line for line, _, _ in self.notes)]
        self.up, self.down = self._off(max(lines)), self._off(-min(lines))
        self.x, self.y = 0.0, {}

    def _off(self, lines: int) -> float:
        """Height that a number of lines takes beside the node."""
        return lines * d.LINE_HEIGHT + 0.03 * (lines > 0)

    def box(self, n: int) -> tuple[float, float, float, float]:
        """Return the box around node n and its texts."""
        half, y = self.width / 2 + self.overhang, self.y[n]
        return self.x - half, y - self.radius - self.down, self.x + half, y + self.radius + self.up

    def draw(self, ax: Axes) -> None:
        for n, y in self.y.items():
            if n is None:
                d.write(ax, self.x, y, "$\\vdots$")
                continue
            d.round_node(ax, self.x, y, self.width, 2 * self.radius, divided=self.halves == 2)
            for line, texts, colour in self.notes:
                for k, string in enumerate(texts[:, n]):
                    x = self.x + (k - (len(texts) - 1) / 2) * self.cell
                    if line == 0:
                        d.write(ax, x, y, string, color=colour)
                    elif string:
                        dy = self.radius + self._off(abs(line)) - d.LINE_HEIGHT / 2
                        box = d.box_around(x, y + np.sign(line) * dy, string)
                        d.note(ax, box, string, colour)


def _draw_edges(ax: Axes, left: _Column, right: _Column, marked: set, numbers, slopes) -> None:
    pairs = [(i, j) for i in left.y for j in right.y if i is not None and j is not None]
    start_x = left.x + left.width / 2 - left.radius
    end_x = right.x - right.width / 2 + right.radius
    starts = np.array([(start_x, left.y[i]) for i, _ in pairs])
    ends = np.array([(end_x, right.y[j]) for _, j in pairs])
    for pair, start, end in zip(pairs, starts, ends, strict=True):
        style = {"color": GREEN, "lw": 3} if pair in marked else {"color": "#8A8A8A", "lw": 0.9}
        ax.add_artist(Line2D(*zip(start, end, strict=True), ls="-", zorder=d.EDGE, **style))

    lines = [(t, c) for t, c in ((numbers, d.FORWARD), (slopes, d.BACKWARD)) if t is not None]
    owners = [e for e, pair in enumerate(pairs) if any(texts[pair] for texts, _ in lines)]
    if not owners:
        return
    boxes = np.empty((len(owners), len(FRACTIONS), 1, 4))
    for m, e in enumerate(owners):
        strings = [texts[pairs[e]] for texts, _ in lines]
        for c, t in enumerate(FRACTIONS):
            boxes[m, c, 0] = d.box_around(*(1 - t) * starts[e] + t * ends[e], *strings)
    nodes = np.array([column.box(n) for column in (left, right) for n in column.y if n is not None])
    chosen = place(boxes, np.array(owners), starts, ends, nodes)
    for m, e in enumerate(owners):
        x0, y0, x1, y1 = boxes[m, chosen[m], 0]
        cuts = np.linspace(y1, y0, len(lines) + 1)
        for (texts, colour), top, bottom in zip(lines, cuts, cuts[1:], strict=False):
            if texts[pairs[e]]:
                d.note(ax, (x0, bottom, x1, top), texts[pairs[e]], colour)
