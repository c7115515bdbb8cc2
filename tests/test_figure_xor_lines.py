"""Live figure of XOR, the Python side."""

import numpy as np
import pytest

from mlp_lib.data import xor
from mlp_lib.figures import XorLines
from mlp_lib.figures.xor_lines import HIGH, LOW


@pytest.fixture
def figure():
    return XorLines()


def area(polygon):
    """Area by the shoelace formula."""
    x, y = np.array(polygon).T if len(polygon) else (np.zeros(1), np.zeros(1))
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def test_start_by_hand(figure):
    assert figure.outputs.tolist() == [0, -2, 1, -1]  # ReLU(2 x1 - 1) - 2 ReLU(2 x2 - 1)
    assert figure.right == 3
    assert figure.linear_outputs.tolist() == [-1, -1, 1, 1]
    assert figure.linear_right == 2
    assert repr(figure) == "XorLines: 3 of 4 points right, the line 2"


def test_solution_of_the_chapter(figure):
    figure.W2, figure.b2 = [[5], [5]], [3]
    figure.show_solution()
    assert figure.outputs.tolist() == xor()[1].tolist()  # eq. 3.7
    assert figure.right == 4


def test_solution_of_the_exercise():
    figure = XorLines([[1, -1], [-1, 1]], [0, 0], W2=[[1], [1]])  # Exercise 3.4
    assert figure.outputs.tolist() == [0, 1, 1, 0]


def test_smaller_weights_take_too_little_away(figure):
    """What the chapter lets the reader find: the second unit must give 0.75 or more at (1, 1)."""
    figure.show_solution()
    for scale, right in [(0.76, 4), (0.75, 4), (0.74, 3)]:
        figure.W1, figure.b1 = [[1, scale], [1, scale]], [0, -scale]
        assert figure.right == right, scale


def test_no_line_has_four_right(figure):
    rng = np.random.default_rng(0)
    counts = set()
    for w1, w2, b in rng.normal(size=(500, 3)):
        figure.linear_W, figure.linear_b = [[w1], [w2]], [b]
        counts.add(figure.linear_right)
    assert counts == {1, 2, 3}


def test_regions_are_where_the_output_is_above_the_limit():
    rng = np.random.default_rng(1)
    places = rng.uniform(LOW, HIGH, size=(20_000, 2))
    for _ in range(10):
        figure = XorLines(rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(2, 1)))
        share = np.mean(figure.network.predict(places) > 0.5)
        total = sum(map(area, figure._regions())) / (HIGH - LOW) ** 2
        np.testing.assert_allclose(total, share, atol=0.02)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("W1", [1, 2], r"W1 must have the shape \(2, 2\), got \(2,\)"),
        ("W1", [[1, 0], [1, 0]], r"column 1 of W1 must have a length .* got \[0.0, 0.0\]"),
        ("linear_W", [[1e-9], [0]], "column 0 of linear_W must have a length"),
        ("W1", [[5000, 1], [1, 1]], "column 0 of W1 must have a length from 0.001 to 1000"),
        ("b1", [0, np.inf], "b1 must be finite"),
        ("b1", [0, 2e6], "b1 must lie from -1e6 to 1e6"),
        ("W2", [["a"], [1]], "W2 must be numbers of shape"),
        ("b2", 0, r"b2 must have the shape \(1,\)"),
    ],
)
def test_refused_values(figure, name, value, message):
    before = figure.state()
    with pytest.raises(ValueError, match=message):
        setattr(figure, name, value)
    assert figure.state() == before


def test_stored_state_and_numbers(figure):
    assert set(figure.state()) == {"W1", "b1", "W2", "b2", "linear_W", "linear_b"}
    text = figure.fallback()
    assert "−2, wrong" in text and "3 of 4" in text and "2 of 4" in text
    figure.show_solution()
    assert "4 of 4" in figure.fallback()
