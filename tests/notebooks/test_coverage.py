"""Nothing of the sources is lost, nothing wrong passes: book/register against the notebooks.

The appendix "Sources and errata" shows the same lists to the reader.
"""

import re
from collections import Counter

import nbformat
import pytest
import yaml

from tools.notebooks import BOOK, book_notebooks

REGISTER = BOOK / "register"
ERRATUM = re.compile(r"\{admonition\} Erratum|\{exercise\}|\{solution\}")
EQUATION = re.compile(r"\$\$[ \t]*\((eq-\d+-\d+)\)")
QUICK_CHECK = ":class: quick-check"


def read_list(name):
    return yaml.safe_load((REGISTER / f"{name}.yml").read_text(encoding="utf-8"))


def cells():
    for path in book_notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            yield path.name, cell


CELLS = list(cells())
TREATED = Counter(one for _, cell in CELLS for one in cell.metadata.get("sources", []))


def treating(source):
    return [cell for _, cell in CELLS if source in cell.metadata.get("sources", [])]


# Nothing lost.


def test_the_list_has_all_items():
    counts = Counter(name[:2] for name in read_list("items"))
    assert counts == {"S0": 62, "S1": 59, "S2": 51, "S3": 60, "S4": 36}


def test_every_item_is_treated_and_none_is_unknown():
    assert {name for name in TREATED if name.startswith("S")} == set(read_list("items"))


# Nothing wrong.


def test_the_list_has_all_errata():
    counts = Counter(name[:2] for name in read_list("errata"))
    assert counts == {"E0": 27, "E1": 22, "E2": 25, "E3": 32, "E4": 18}


def test_no_erratum_is_unknown():
    assert {name for name in TREATED if name.startswith("E")} <= set(read_list("errata"))


@pytest.mark.parametrize(
    "name", [name for name, one in read_list("errata").items() if set(one["kind"]) & set("WMO")]
)
def test_erratum_that_misleads_has_a_box_or_an_exercise(name):
    assert any(ERRATUM.search(cell.source) for cell in treating(name))


def test_every_conflict_is_treated():
    conflicts = read_list("conflicts")
    assert len(conflicts) == 11
    assert {name for name in TREATED if name.startswith("X")} == set(conflicts)


def test_every_worked_number_is_asserted():
    numbers = read_list("numbers")
    assert Counter(name[0] for name in numbers) == {"D": 30, "F": 15}
    asserted = {
        name
        for _, cell in CELLS
        if cell.cell_type == "code" and "assert" in cell.source
        for name in cell.metadata.get("sources", [])
    }
    assert set(numbers) <= asserted
    assert {name for name in TREATED if name[0] in "DF"} <= set(numbers)


# Every equation is checked by a cell, or says why there is nothing to check.


@pytest.mark.parametrize("name", [path.name for path in book_notebooks()])
def test_every_equation_is_checked_or_says_why_not(name):
    own = [cell for notebook, cell in CELLS if notebook == name]
    labels = [label for cell in own for label in EQUATION.findall(cell.source)]
    checked = {label for cell in own for label in cell.metadata.get("checks", [])}
    reasons = {}
    for cell in own:
        reasons |= cell.metadata.get("unchecked", {})
        assert set(cell.metadata.get("unchecked", {})) <= set(EQUATION.findall(cell.source))
        if "checks" in cell.metadata:
            assert cell.cell_type == "code"
            assert re.search(r"\bassert", cell.source)
    assert sorted([*checked, *reasons]) == sorted(labels)
    assert all(len(reason) > 5 for reason in reasons.values())


def test_most_equations_are_checked(capsys):
    labels = sum(len(EQUATION.findall(cell.source)) for _, cell in CELLS)
    checked = sum(len(cell.metadata.get("checks", [])) for _, cell in CELLS)
    reasons = {}
    for _, cell in CELLS:
        reasons |= cell.metadata.get("unchecked", {})
    other = {label: reason for label, reason in reasons.items() if reason != "definition"}
    with capsys.disabled():
        print(f"\n{labels} labelled equations, {len(reasons) - len(other)} of them definitions,")
        print(f"{len(other)} without a check for another reason:")
        for label, reason in other.items():
            print(f"  {label}: {reason}")
    assert checked > len(reasons)


# Quick checks.


@pytest.mark.parametrize("name", [path.name for path in book_notebooks()])
def test_every_chapter_has_two_or_three_quick_checks(name):
    checks = [
        cell.source for notebook, cell in CELLS if notebook == name and QUICK_CHECK in cell.source
    ]
    assert 2 <= len(checks) <= 3
    places = [
        re.findall(r"^\d\. (Right|No)\.", source, re.MULTILINE).index("Right") for source in checks
    ]
    assert len(set(places)) > 1  # the right answer is not always in the same place
