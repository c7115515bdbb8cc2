"""The plots show the given numbers, and the house style holds in a real notebook."""

import base64
import io
import struct

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb, to_rgba
from nbclient import NotebookClient

from mlp_lib import History, style
from mlp_lib.plot import (
    plot_confusion_matrix,
    plot_decision_regions,
    plot_history,
    show_images,
    use_style,
)


@pytest.fixture(autouse=True)
def clean_figures():
    plt.switch_backend("Agg")
    with plt.rc_context():
        yield
    plt.close("all")


HISTORY = History(cost=[3.0, 2.0, 1.5], val_cost=[3.2, 2.1, 2.4], val_metric=[0.2, 0.6, 0.5])
X = np.array([[-1.0, -1.0], [1.0, -1.0], [0.0, 2.0]])
Y = np.array([0, 1, 2])


def nearest(Z):
    """Probabilities by the distance to the three points of X."""
    P = np.exp(-4 * ((Z[:, None] - X) ** 2).sum(axis=2))
    return P / P.sum(axis=1, keepdims=True)


# ---------------------------------------------------------------------------------- the style


def pixels(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return struct.unpack(">II", file.getvalue()[16:24])


def test_figures_have_the_house_size_only_after_use_style():
    assert pixels(plt.figure()) != (700, 350)
    use_style()
    assert pixels(plt.figure()) == (700, 350)


def test_curves_differ_by_colour_and_by_line_style():
    use_style()
    _, ax = plt.subplots()
    lines = [ax.plot([0, 1], [k, k])[0] for k in range(8)]
    assert len({line.get_color() for line in lines}) == 8
    assert len({(line._dash_pattern[0], str(line._dash_pattern[1])) for line in lines}) == 8


def test_images_of_a_notebook_have_one_width_and_the_same_bytes_every_time():
    first = """
        from matplotlib import pyplot as plt
        from mlp_lib.diagrams import draw_network
        from mlp_lib.plot import use_style
        use_style()
    """
    cells = [
        "\n".join(line.strip() for line in first.strip().splitlines()),
        "plt.subplots()[1].plot([1, 2])\nplt.show()",
        "draw_network([2, 2], weights=[[[1, 2], [3, 4]]])\nplt.show()",
        "plt.subplots()[1].plot([1, 2])\nplt.show()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    images = [
        base64.b64decode(output.data["image/png"])
        for cell in notebook.cells
        for output in cell.outputs
        if output.output_type == "display_data"
    ]
    assert len(images) == 3
    assert {struct.unpack(">I", image[16:20]) for image in images} == {(1400,)}
    assert images[0] == images[2]
    assert not any(b"Software" in image for image in images)


def test_plots_change_neither_rcparams_nor_their_arguments():
    settings, C = dict(plt.rcParams), np.array([[5, 1], [0, 7]])
    plot_history(HISTORY)
    plot_decision_regions(nearest, X, Y, resolution=20)
    plot_confusion_matrix(C)
    show_images(np.ones((2, 3, 3)))
    assert dict(plt.rcParams) == settings
    assert C.tolist() == [[5, 1], [0, 7]]
    assert HISTORY.cost == [3.0, 2.0, 1.5]


def test_plots_draw_on_the_given_axes():
    _, axes = plt.subplots(3)
    assert plot_history(HISTORY, axes[0]) is axes[0]
    assert plot_decision_regions(nearest, X, Y, axes[1], resolution=20) is axes[1]
    assert plot_confusion_matrix(np.eye(2, dtype=int), ax=axes[2]) is axes[2]
    assert len(plt.get_fignums()) == 1


# ------------------------------------------------------------------------------------ history


def test_history_shows_costs_metric_and_best_epoch():
    cost, metric = plot_history(HISTORY)
    training, validation, best = cost.lines
    assert training.get_xydata().tolist() == [[1, 3.0], [2, 2.0], [3, 1.5]]
    assert validation.get_xydata().tolist() == [[1, 3.2], [2, 2.1], [3, 2.4]]
    assert best.get_xydata().tolist() == [[2, 2.1]]
    assert metric.lines[0].get_xydata().tolist() == [[1, 0.2], [2, 0.6], [3, 0.5]]
    assert metric.lines[1].get_xydata().tolist() == [[2, 0.6]]
    legend = [text.get_text() for text in cost.get_legend().get_texts()]
    assert legend == ["training", "validation", "best epoch: 2"]
    assert (cost.get_xlabel(), cost.get_ylabel()) == ("epoch", "cost $J$")
    # Validation looks the same in both panels, and unlike training.
    looks = [(line.get_color(), line.get_linestyle()) for line in (training, validation)]
    assert (metric.lines[0].get_color(), metric.lines[0].get_linestyle()) == looks[1]
    assert looks[0][0] != looks[1][0] and looks[0][1] != looks[1][1]


def test_history_without_validation_has_one_panel_and_one_curve():
    ax = plot_history(History(cost=[2.0, 1.0]))
    assert len(ax.figure.axes) == 1
    assert [line.get_ydata().tolist() for line in ax.lines] == [[2.0, 1.0]]


def test_history_without_an_epoch_is_an_error():
    with pytest.raises(ValueError, match="history.cost is empty"):
        plot_history(History())
    assert plt.get_fignums() == []


# --------------------------------------------------------------------------- decision regions


def paint(ax, x, y):
    """Return how much red, green and blue is missing from white at a point of the plane."""
    ax.figure.canvas.draw()
    image = np.asarray(ax.figure.canvas.buffer_rgba())[::-1, :, :3] / 255
    column, row = ax.transData.transform((x, y)).astype(int)
    return 1 - image[row, column]


def test_regions_have_the_colour_of_the_most_likely_class_paler_where_it_is_unsure():
    ax = plot_decision_regions(nearest, X, Y)
    for k, (x, y) in enumerate(X):
        full = 1 - np.array(to_rgb(style.COLOURS[k]))
        np.testing.assert_allclose(paint(ax, x, y - 0.2), 0.5 * full, atol=0.02)  # certain
    unsure = paint(ax, -0.02, -1)
    assert 0.2 < unsure.sum() / (1 - np.array(to_rgb(style.COLOURS[0]))).sum() < 0.4


def test_points_have_a_colour_and_a_marker_for_each_class():
    ax = plot_decision_regions(nearest, X, Y, resolution=20)
    points = [c for c in ax.collections if isinstance(c, PathCollection)]
    assert [p.get_offsets().tolist() for p in points] == [[x.tolist()] for x in X]
    assert [tuple(p.get_facecolor()[0]) for p in points] == [
        to_rgba(colour) for colour in style.COLOURS[:3]
    ]
    assert len({p.get_paths()[0].vertices.tobytes() for p in points}) == 3
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["class 0", "class 1", "class 2"]


def test_one_sigmoid_output_is_the_probability_of_class_1():
    def right(Z):
        return 1 / (1 + np.exp(-50 * Z[:, :1]))

    ax = plot_decision_regions(right, X, np.array([0, 1, 1]))
    for x, colour in ((-0.5, style.COLOURS[0]), (0.5, style.COLOURS[1])):
        full = 1 - np.array(to_rgb(colour))
        np.testing.assert_allclose(paint(ax, x, 0.5), 0.5 * full, atol=0.02)


@pytest.mark.parametrize(
    ("predict", "X", "y", "message"),
    [
        (nearest, np.ones((4, 3)), np.zeros(4, int), r"got X \(4, 3\) and y \(4,\)"),
        (nearest, np.ones((4, 2)), np.zeros(3, int), r"got X \(4, 2\) and y \(3,\)"),
        (nearest, np.ones((0, 2)), np.zeros(0, int), r"got X \(0, 2\) and y \(0,\)"),
        (nearest, X, np.array([0, 1, 3]), r"got \[0 1 3\] with K = 3"),
        (lambda Z: np.full((len(Z), 9), 1 / 9), X, Y, r"K - 1 < 8, .* with K = 9"),
        (lambda Z: Z[:, 0], X, Y, r"predict must map \(90000, 2\) to \(90000, K\), got \(90000,\)"),
    ],
)
def test_wrong_shapes_of_regions_are_named(predict, X, y, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_regions(predict, X, y)
    assert plt.get_fignums() == []


# --------------------------------------------------------------------------- confusion matrix


def test_confusion_matrix_shows_every_count_with_true_classes_in_rows():
    C = np.array([[90, 3, 0], [1, 80, 7], [0, 2, 70]])
    ax = plot_confusion_matrix(C, labels=["cat", "dog", "owl"])
    counts = {text.get_position(): text.get_text() for text in ax.texts}
    assert counts == {(j, i): str(C[i, j]) for i in range(3) for j in range(3)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", "dog", "owl"]
    assert ax.yaxis_inverted()  # the first class is on top


def test_colours_of_a_confusion_matrix_belong_to_the_errors():
    C = np.array([[9000, 3, 0], [1, 8000, 7], [0, 2, 7000]])
    ax = plot_confusion_matrix(C)
    image = ax.images[0]
    assert image.get_clim() == (0, 7)
    assert image.get_array().tolist() == [[0, 3, 0], [1, 0, 7], [0, 2, 0]]
    frames = [patch.get_xy() for patch in ax.patches]
    assert frames == [(k - 0.5, k - 0.5) for k in range(3)]


def test_a_confusion_matrix_without_errors_can_be_drawn():
    assert plot_confusion_matrix(np.diag([3, 4])).images[0].get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("C", "labels", "message"),
    [
        (np.ones((2, 3), int), None, r"square matrix \(K, K\), got \(2, 3\)"),
        (np.ones(3, int), None, r"got \(3,\)"),
        (np.ones((0, 0), int), None, r"got \(0, 0\)"),
        (np.eye(3, dtype=int), ["a", "b"], r"expected 3 labels .* got 2"),
    ],
)
def test_wrong_confusion_matrices_are_named(C, labels, message):
    with pytest.raises(ValueError, match=message):
        plot_confusion_matrix(C, labels)
    assert plt.get_fignums() == []


# ------------------------------------------------------------------------------------- images


def test_images_are_shown_in_order_on_one_scale_with_their_titles():
    rows = np.arange(30).reshape(5, 6)
    axes = show_images(rows, titles=list("abcde"), columns=3, image_shape=(2, 3))
    assert axes.shape == (2, 3)
    shown = [ax for ax in axes.flat if ax.images]
    assert [ax.get_title() for ax in shown] == list("abcde")
    for ax, row in zip(shown, rows, strict=True):
        assert ax.images[0].get_array().tolist() == row.reshape(2, 3).tolist()
        assert ax.images[0].get_clim() == (0, 29)
    assert not any(ax.axison for ax in axes.flat)


def test_images_fit_into_the_house_width():
    axes = show_images(np.zeros((20, 8, 8)), columns=10)
    assert axes.shape == (2, 10)
    assert axes[0, 0].figure.get_figwidth() == 7.0


@pytest.mark.parametrize(
    ("images", "more", "message"),
    [
        (np.ones((2, 6)), {}, r"got images \(2, 6\) and image_shape None"),
        (np.ones((2, 6)), {"image_shape": (2, 2)}, r"got images \(2, 6\) and image_shape \(2, 2\)"),
        (np.ones((0, 6)), {"image_shape": (2, 3)}, r"got images \(0, 2, 3\)"),
        (np.ones((2, 3, 3)), {"titles": ["one"]}, r"expected 2 titles, one an image, got 1"),
    ],
)
def test_wrong_images_are_named(images, more, message):
    with pytest.raises(ValueError, match=message):
        show_images(images, **more)
    assert plt.get_fignums() == []
