"""The pictures of networks and graphs show what was given, and no number hides another."""

import io
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch, Polygon

from mlp_lib import softmax
from mlp_lib.diagrams import draw_graph, draw_network
from mlp_lib.diagrams import drawing as d

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(autouse=True)
def clean_figures():
    plt.switch_backend("Agg")
    with plt.rc_context():
        yield
    plt.close("all")


def relu(U):
    return np.maximum(U, 0)


# ---------------------------------------------------------------- the book's worked networks


def s3():
    """S3's 3-2-1 network, D-14 to D-17."""
    x, W1, W2 = np.array([2, 3, 1]), np.array([[3, -2], [1, -3], [2, -1]]), np.array([[3], [2]])
    u = x @ W1
    h = relu(u)
    y = h @ W2
    d2 = 2 * (y - 20)
    dh = W2 @ d2
    d1 = dh * (u > 0)
    return {
        "sizes": [3, 2, 1],
        "values": [x, [u, h], y],
        "gradients": [None, [d1, dh], d2],
        "labels": [
            ["$x_1$", "$x_2$", "$x_3$"],
            [["$u_1$", "$u_2$"], ["$h_1$", "$h_2$"]],
            [r"$\hat{y}$"],
        ],
        "weights": [W1, W2],
        "weight_gradients": [np.outer(x, d1), np.outer(h, d2)],
        "layer_names": ["inputs", "hidden layer", "output"],
    }


def s2():
    """S2's 2-2-2 network, D-01 to D-10."""
    x, W, t = np.array([1, 0.5]), np.array([[0.1, 0.3], [0.2, 0.4]]), np.array([1, 0])
    u1 = x @ W
    h = 1 / (1 + np.exp(-u1))
    u2 = h @ W
    y = softmax(u2[None])[0]
    d2 = y - t
    dh = W @ d2
    d1 = dh * h * (1 - h)
    return {
        "sizes": [2, 2, 2],
        "values": [x, [u1, h], [u2, y]],
        "gradients": [None, [d1, dh], [d2, [None, None]]],
        "labels": [
            ["$x_1$", "$x_2$"],
            [["$u_1$", "$u_2$"], ["$h_1$", "$h_2$"]],
            [["$u_1$", "$u_2$"], [r"$\hat{y}_1$", r"$\hat{y}_2$"]],
        ],
        "weights": [W, W],
        "weight_gradients": [np.outer(x, d1), np.outer(h, d2)],
    }


def f01():
    """S1's 3-3-3-2 network, F-01."""
    x, t = np.array([1, 2, -1]), np.array([3, 2])
    W = np.array([[1, 0, -1], [2, -1, 1], [0, 1, 1]]).T
    V = np.array([[1, -1, 2], [0, 1, -1], [-1, 2, 1]]).T
    U = np.array([[1, 2, -1], [0, -1, 2]]).T
    b, c, e = np.array([0, -1, 1]), np.array([1, 0, -1]), np.array([-1, 1])
    q = x @ W + b
    g = relu(q)
    r = g @ V + c
    h = relu(r)
    f = h @ U + e
    d3 = 2 * (f - t)
    dh = U @ d3
    d2 = dh * (r > 0)
    dg = V @ d2
    d1 = dg * (q > 0)
    return {
        "sizes": [3, 3, 3, 2],
        "values": [x, [q, g], [r, h], f],
        "gradients": [None, [d1, dg], [d2, dh], d3],
        "labels": [["age", "weight", "BMI"], None, None, ["cholesterol", "sugar"]],
        "weights": [W, V, U],
        "weight_gradients": [np.outer(x, d1), np.outer(g, d2), np.outer(h, d3)],
        "biases": [b, c, e],
        "layer_names": ["inputs", "hidden layer 1", "hidden layer 2", "outputs"],
    }


def only_forward(network):
    return {k: v for k, v in network.items() if "gradients" not in k}


def updated():
    network = s3()
    pairs = zip(network["weights"], network["weight_gradients"], strict=True)
    weights = [W - 0.01 * G for W, G in pairs]
    return {"sizes": [3, 2, 1], "labels": network["labels"], "weights": weights}


def random(sizes):
    rng = np.random.default_rng(0)
    shapes = list(zip(sizes, sizes[1:], strict=False))
    return {"sizes": sizes, "weights": [rng.normal(size=shape) for shape in shapes]}


NETWORKS = {
    "S3": s3(),
    "S3 forward": only_forward(s3()),
    "S3 updated": updated(),
    "S2": s2(),
    "S2 forward": only_forward(s2()),
    "F-01": f01(),
    "F-01 forward": only_forward(f01()),
    "2-4-3": random([2, 4, 3]),
    "4-3-2": random([4, 3, 2]),
}


# ----------------------------------------------------------------------------- and graphs


def softmax_graph():
    """Softmax and cross-entropy of S2's logits (D-03) for class 1, with gradients."""
    u = np.array([0.17947526597161872, 0.4139339316744852])
    e = np.exp(u)
    s = e.sum()
    p = e / s
    return {
        "variables": {"u1": (0, 0, "$u_1$"), "u2": (0, 2, "$u_2$"), "J": (5, 0, "$J$")},
        "operations": {
            "exp1": (1, 0, "exp"),
            "exp2": (1, 2, "exp"),
            "sum": (2, 1, "+"),
            "divide": (3, 0, "÷"),
            "log": (4, 0, r"$-\log$"),
        },
        "edges": [
            ("u1", "exp1", u[0], p[0] - 1),
            ("u2", "exp2", u[1], p[1]),
            ("exp1", "divide", e[0], -1 / e[0]),
            ("exp1", "sum", e[0], 1 / s),
            ("exp2", "sum", e[1], 1 / s),
            ("sum", "divide", s, 1 / s),
            ("divide", "log", p[0], -1 / p[0]),
            ("log", "J", -np.log(p[0]), 1),
        ],
    }


def weight_decay_graph():
    """S4-14: cross-entropy and weight decay."""
    return {
        "variables": {
            "X": (0, 0, "$X$"),
            "W1": (0, 1.2, "$W^{(1)}$"),
            "W2": (3, 1.2, "$W^{(2)}$"),
            "T": (5, -0.8, "$T$"),
            "lambda": (4, 2.6, r"$\lambda/2$"),
            "J": (7, 0.8, "$J$"),
        },
        "operations": {
            "matmul1": (1, 0, "matmul"),
            "relu": (2, 0, "ReLU"),
            "matmul2": (3, 0, "matmul"),
            "ce": (5, 0, "cross-\nentropy"),
            "square1": (1, 2, r"$\Vert\cdot\Vert^2$"),
            "square2": (4, 1.2, r"$\Vert\cdot\Vert^2$"),
            "sum": (5, 1.6, "+"),
            "times": (6, 1.6, "×"),
            "total": (6, 0.8, "+"),
        },
        "edges": {
            "cross-entropy": [
                ("X", "matmul1"),
                ("W1", "matmul1"),
                ("matmul1", "relu", "$U^{(1)}$"),
                ("relu", "matmul2", "$H$"),
                ("W2", "matmul2"),
                ("matmul2", "ce", "$U^{(2)}$"),
                ("T", "ce"),
                ("ce", "total", r"$J_{\mathrm{data}}$"),
                ("total", "J"),
            ],
            "weight decay": [
                ("W1", "square1"),
                ("W2", "square2"),
                ("square1", "sum"),
                ("square2", "sum"),
                ("sum", "times"),
                ("lambda", "times"),
                ("times", "total", r"$J_{\mathrm{reg}}$"),
            ],
        },
    }


GRAPHS = {"softmax": softmax_graph(), "weight decay": weight_decay_graph()}


# -------------------------------------------------------------------------- what is drawn


def strings(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def nodes(ax):
    """Return the round nodes, column by column from the left, each from the top."""
    shapes = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    boxes = [shape.get_path().get_extents() for shape in shapes]
    centre = {id(s): (b.x0 + b.x1, -b.y0 - b.y1) for s, b in zip(shapes, boxes, strict=True)}
    return sorted(shapes, key=lambda shape: np.round(centre[id(shape)], 6).tolist())


def edges(ax):
    return [line for line in ax.lines if line.get_zorder() == d.EDGE]


def written(*parts):
    """Return all numbers of nested lists as the diagram should write them."""
    flat = []
    for part in parts:
        if isinstance(part, (list, tuple)):
            flat += written(*part)
        elif isinstance(part, str):
            flat.append(part)
        elif part is not None:
            flat += [f"{v:z.4g}".replace("-", MINUS) for v in np.ravel(part)]
    return flat


@pytest.mark.parametrize("name", NETWORKS)
def test_network_shows_every_number_every_node_and_every_edge(name):
    network = NETWORKS[name]
    ax = draw_network(**network)
    sizes = network["sizes"]
    assert len(nodes(ax)) == sum(sizes)
    assert len(edges(ax)) == sum(m * n for m, n in zip(sizes, sizes[1:], strict=False))
    biases = [f"$b=${s}" for s in written(*network.get("biases", []))]
    key = ["value", "gradient"] if "gradients" in network else []
    given = [v for k, v in network.items() if k not in ("sizes", "biases")]
    assert sorted(strings(ax)) == sorted(written(*given) + biases + key)


def test_known_numbers_of_the_worked_networks_are_in_the_pictures():
    assert {"11", f"{MINUS}14", "0", "33", "286", "156", "234", "78", "26"} <= {
        *strings(draw_network(**s3()))
    }
    assert {"0.14", "1.44", f"{MINUS}1.34", "1.22"} <= {*strings(draw_network(**updated()))}
    assert {"0.5498", "0.6225", "0.4417", "0.5583", f"{MINUS}0.307", "0.02764"} <= {
        *strings(draw_network(**s2()))
    }
    assert {"42", f"{MINUS}14", "24", f"{MINUS}12", f"{MINUS}10", "14"} <= {
        *strings(draw_network(**f01()))
    }


def test_each_number_stands_at_its_own_edge():
    W = np.arange(1, 10).reshape(3, 3)
    ax = draw_network([3, 3], weights=[W], weight_gradients=[10 * W])
    ends = [np.array(line.get_xydata()) for line in edges(ax)]
    ys = [shape.get_path().get_extents() for shape in nodes(ax)]
    middle = [(box.y0 + box.y1) / 2 for box in ys]
    for (i, j), weight in np.ndenumerate(W):
        (line,) = [e for e in ends if np.allclose(e[:, 1], (middle[i], middle[3 + j]))]
        value, slope = (
            next(np.array(t.get_position()) for t in ax.texts if t.get_text() == f"{v}")
            for v in (weight, 10 * weight)
        )
        along = line[1] - line[0]
        offset = (value + slope) / 2 - line[0]
        distance = (along[0] * offset[1] - along[1] * offset[0]) / np.linalg.norm(along)
        assert abs(distance) < 1e-6
        assert value[1] > slope[1] and value[0] == slope[0]


def test_marked_edges_are_the_thick_ones():
    ax = draw_network(**s3(), highlight={(0, 2, 1), (1, 0, 0)})
    widths = [line.get_linewidth() for line in edges(ax)]
    order = [(0, i, j) for i in range(3) for j in range(2)] + [(1, i, 0) for i in range(2)]
    thick = [edge for edge, width in zip(order, widths, strict=True) if width > 2]
    assert thick == [(0, 2, 1), (1, 0, 0)]
    assert len(set(widths)) == 2
    assert len({line.get_color() for line in edges(ax)}) == 2


def test_gradients_differ_from_values_by_more_than_colour():
    ax = draw_network(**s3())
    style = {text.get_text(): text.get_style() for text in ax.texts}
    assert (style["33"], style["286"]) == ("normal", "italic")
    assert (style["value"], style["gradient"]) == ("normal", "italic")


def test_small_type_has_enough_contrast():
    def luminance(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    for ink, paper in ((d.FORWARD, d.PAPER), (d.BACKWARD, d.BACKWARD_PAPER)):
        # Web Content Accessibility Guidelines 2.2, success criterion 1.4.3
        assert (luminance(paper) + 0.05) / (luminance(ink) + 0.05) >= 4.5


def test_strings_are_written_as_they_are_and_none_leaves_a_gap():
    weights = [[["$w_1$", None], [-0.0, -2.5]]]
    ax = draw_network([2, 2], weights=weights, biases=[["$b_1$", 0.5]], fmt="z.2f")
    assert sorted(strings(ax)) == sorted(["$w_1$", "0.00", f"{MINUS}2.50", "$b_1$", "$b=$0.50"])


def test_an_edge_may_have_a_weight_without_a_gradient():
    ax = draw_network([1, 1], weights=[[[2]]], weight_gradients=[[[None]]])
    assert strings(ax) == ["2", "value", "gradient"]


def test_long_layers_are_shortened():
    ax = draw_network([784, 100, 10], labels=[None, None, [f"{k}" for k in range(10)]])
    assert len(nodes(ax)) == 6 + 6 + 10
    assert len(edges(ax)) == 6 * 6 + 6 * 10
    assert strings(ax) == ["$\\vdots$", "$\\vdots$", *(f"{k}" for k in range(10))]


@pytest.mark.parametrize("name", GRAPHS)
def test_graph_shows_every_node_edge_and_number(name):
    graph = GRAPHS[name]
    ax = draw_graph(**graph)
    groups = graph["edges"] if isinstance(graph["edges"], dict) else {"": graph["edges"]}
    flat = [edge for group in groups.values() for edge in group]
    labels = [node[2] for part in ("variables", "operations") for node in graph[part].values()]
    key = ["value", "gradient"] if any(len(edge) == 4 for edge in flat) else []
    assert sorted(strings(ax)) == sorted(labels + written(*[list(edge[2:]) for edge in flat]) + key)
    assert len(nodes(ax)) == len(graph["variables"])
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == len(edges(ax)) == len(flat)


def test_groups_differ_by_colour_and_line_style_and_have_a_legend():
    ax = draw_graph(**weight_decay_graph())
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["cross-entropy", "weight decay"]
    looks = [(line.get_color(), line.get_linestyle()) for line in edges(ax)]
    assert len(set(looks[:9])) == len(set(looks[9:])) == 1
    assert looks[0][0] != looks[-1][0] and looks[0][1] != looks[-1][1]


def test_values_of_a_graph_stand_above_their_edge_and_gradients_below():
    nodes = {"a": (0, 1, "$a$"), "b": (1, 0, "$b$"), "c": (2, 0, "$c$"), "d": (3, 1, "$d$")}
    ax = draw_graph(nodes, {}, [("a", "b", 1, -1), ("b", "c", 2, -2), ("c", "d", 3, -3)])
    place = {text.get_text(): text.get_position() for text in ax.texts}
    for k, edge in enumerate(edges(ax), start=1):
        (x0, y0), (x1, y1) = edge.get_xydata()
        for name, side in ((f"{k}", 1), (f"{MINUS}{k}", -1)):
            x, y = place[name]
            assert side * (y - (y0 + (x - x0) / (x1 - x0) * (y1 - y0))) > 0.05


def test_edges_of_a_graph_run_from_node_to_node():
    ax = draw_graph({"a": (0, 0, "$a$"), "b": (1, 1, "$b$")}, {}, [("a", "b")])
    first, second = (shape.get_path() for shape in nodes(ax))
    (line,) = edges(ax)
    start, end = line.get_xydata()
    assert not first.contains_point(start) and first.contains_point(start, radius=0.02)
    assert not second.contains_point(end)
    assert np.linalg.norm(end - second.get_extents().get_points().mean(axis=0)) < 0.35


# --------------------------------------------------------------------- nothing hides a number


def clashes(ax):
    """Return pairs of texts that overlap, texts over a node's border and texts off the figure."""
    renderer = ax.figure.canvas.get_renderer()
    boxes = {t: t.get_window_extent(renderer) for t in ax.texts if t.get_text()}
    found = [
        (a.get_text(), b.get_text())
        for (a, box), (b, other) in combinations(boxes.items(), 2)
        if min(box.x1, other.x1) > max(box.x0, other.x0) + 1
        and min(box.y1, other.y1) > max(box.y0, other.y0) + 1
    ]
    shapes = [p for p in ax.patches if p.get_zorder() == d.SHAPE]
    outlines = [shape.get_path().transformed(ax.transData) for shape in shapes]
    for text, box in boxes.items():
        corners = [(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)]
        for outline in outlines:
            if outline.contains_points(corners).sum() not in (0, 4):
                found.append((text.get_text(), "border of a node"))
        figure = ax.figure.bbox
        if box.x0 < 0 or box.y0 < 0 or box.x1 > figure.x1 or box.y1 > figure.y1:
            found.append((text.get_text(), "edge of the figure"))
    return found


def test_long_names_stay_on_the_sheet():
    labels = [["a rather long name"], ["another long name"]]
    assert clashes(draw_network([1, 1], values=[[1], [2]], labels=labels)) == []
    assert clashes(draw_network([1, 1], layer_names=["the first layer", "the last layer"])) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_no_edge_but_its_own_runs_through_a_number(name):
    ax = draw_network(**NETWORKS[name], fmt="z.3g")
    numbers = [text for text in ax.texts if text.get_zorder() == d.NOTE and text.get_text()]
    for text in numbers:
        box = text.get_window_extent().transformed(ax.transData.inverted())
        through = [edge for edge in edges(ax) if edge.get_path().intersects_bbox(box, filled=False)]
        assert len(through) <= 1, text.get_text()


@pytest.mark.parametrize("name", NETWORKS)
def test_no_number_of_a_network_hides_another(name):
    assert clashes(draw_network(**NETWORKS[name])) == []


@pytest.mark.parametrize("name", GRAPHS)
def test_no_number_of_a_graph_hides_another(name):
    assert clashes(draw_graph(**GRAPHS[name])) == []


def test_six_digits_fit_too():
    assert clashes(draw_network(**s2(), fmt=".6f")) == []


def test_clashes_are_seen():
    ax = draw_network(**s3())
    first, second = ax.texts[-2:]
    second.set_position(first.get_position())
    assert len(clashes(ax)) >= 1


# ------------------------------------------------------------------------- manners and errors


def png(ax):
    file = io.BytesIO()
    ax.figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def test_the_same_call_gives_the_same_file():
    assert png(draw_network(**f01())) == png(draw_network(**f01()))
    assert png(draw_graph(**softmax_graph())) == png(draw_graph(**softmax_graph()))


def test_new_figure_has_the_house_width_and_given_axes_are_used():
    ax = draw_network([2, 1])
    assert ax.figure.get_figwidth() == 7.0
    before = plt.get_fignums()
    _, (left, right) = plt.subplots(1, 2)
    assert draw_network([2, 2, 1], ax=left) is left
    assert draw_graph({"a": (0, 0, "$a$"), "b": (1, 0, "$b$")}, {}, [("a", "b")], ax=right) is right
    assert len(plt.get_fignums()) == len(before) + 1


def test_arguments_and_rcparams_stay_as_they_were():
    network, settings = f01(), dict(plt.rcParams)
    copies = [W.copy() for W in network["weights"]]
    draw_network(**network)
    draw_graph(**softmax_graph())
    assert dict(plt.rcParams) == settings
    for W, copy in zip(network["weights"], copies, strict=True):
        assert np.array_equal(W, copy)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"values": [[1, 2, 3], [1, 2]]}, r"values: expected 3 entries, got 2"),
        ({"values": [[1, 2], None, None]}, r"values\[0\]: .* \(3,\) or \(2, 3\), got \(2,\)"),
        ({"weights": [np.ones((2, 3)), None]}, r"weights\[0\]: .* \(3, 2\), got \(2, 3\)"),
        ({"weight_gradients": [None, np.ones(2)]}, r"weight_gradients\[1\].*\(2, 1\), got \(2,\)"),
        ({"biases": [[1, 2, 3], [1]]}, r"biases\[0\]: expected shape \(2,\), got \(3,\)"),
        ({"layer_names": ["inputs", "outputs"]}, r"layer_names: expected 3 entries, got 2"),
        ({"highlight": {(1, 2, 0)}}, r"\(1, 2, 0\) is not an edge of the network \[3, 2, 1\]"),
        ({"sizes": [3]}, r"two or more layers"),
        ({"sizes": [3, 0, 1]}, r"at least one node"),
        ({"sizes": [1] * 30}, r"does not fit into 7\.0 × "),
    ],
)  # fmt: skip
def test_a_wrong_network_is_named_and_leaves_no_figure(call, message):
    with pytest.raises(ValueError, match=message):
        draw_network(**({"sizes": [3, 2, 1]} | call))
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"edges": [("a", "c")]}, r"two of the nodes a, b; got \('a', 'c'\)"),
        ({"edges": [("a", "a")]}, r"two of the nodes a, b; got \('a', 'a'\)"),
        ({"operations": {"c": (2, "+")}}, r"c: expected \(column, row, label\), got \(2, '\+'\)"),
        ({"edges": [("a", "b", 1, 2, 3)]}, r"got \('a', 'b', 1, 2, 3\)"),
        ({"operations": {"a": (1, 1, "+")}}, r"both variable and operation"),
        ({"operations": {"c": (0, 0.1, "+")}}, r"a, c do not fit side by side"),
    ],
)
def test_a_wrong_graph_is_named_and_leaves_no_figure(call, message):
    graph = {"variables": {"a": (0, 0, "$a$"), "b": (1, 0, "$b$")}, "operations": {}, "edges": []}
    with pytest.raises(ValueError, match=message):
        draw_graph(**(graph | call))
    assert plt.get_fignums() == []
