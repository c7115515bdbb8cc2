"""How far printed numbers may move before a comparison fails."""

import pytest

from tools.tolerance import settle

STORED = "epochs 8\nright  98.24 %, cost 6e-02, 1,234 weights\n"


@pytest.mark.parametrize(
    ("text", "is_close"),
    [
        (STORED, True),
        (STORED.replace("98.24", "98.51"), True),
        (STORED.replace("right  98", "right 98"), True),
        (STORED.replace("98.24", "99.99"), False),
        (STORED.replace("98.24", "-98.24"), False),
        (STORED.replace("1,234", "1,244"), False),
        (STORED.replace("6e-02", "6e+02"), False),
        (STORED.replace("right", "wrong"), False),
        (STORED.replace("8\n", "8 9\n"), False),
        (STORED.replace("98.24", "nan"), False),
        ("", False),
    ],
)
def test_numbers_within_the_tolerance_are_settled(text, is_close):
    assert (settle(text, STORED, {"abs": 0.3}) == STORED) == is_close


def test_relative_tolerance():
    assert settle("J = 0.11", "J = 0.10", {"rel": 0.2}) == "J = 0.10"
    assert settle("J = 0.13", "J = 0.10", {"rel": 0.2}) == "J = 0.13"
