"""What is taken from a file that a student handed in, and what of it a browser gets to see."""

import base64
import copy
import io
import json
import random
import re
import shutil
import time

import numpy as np
import pytest

pytest.importorskip("nbgrader", reason="the homework needs nbgrader: make homework-test")
pytest.importorskip("jupytext", reason="the homework needs jupytext: make homework-test")

import nbformat  # noqa: E402
from bs4 import BeautifulSoup  # noqa: E402
from nbconvert.filters.markdown_mistune import markdown2html_mistune  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output  # noqa: E402

from homework import course, execute, grade  # noqa: E402
from homework.course import CourseError  # noqa: E402
from homework.execute import Result, read_array  # noqa: E402
from homework.notebooks import release_notebook, source_notebook  # noqa: E402
from homework.sandbox import Outcome  # noqa: E402
from homework.submission import SubmissionError, read, rebuild  # noqa: E402
from tests.homework.hostile import by_id, forge, is_test  # noqa: E402

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


@pytest.fixture(scope="module")
def release():
    """Return the notebook that students get."""
    return release_notebook("digits")


@pytest.fixture
def handed(release):
    """Return a copy of it, to be changed."""
    return copy.deepcopy(release)


def rebuilt(release, handed):
    return rebuild(release, read(json.dumps(handed).encode()))


def teachers(notebook):
    """Return what must never change: the cells' metadata, and their text where it is locked."""
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {
        cell.metadata.nbgrader.grade_id: (
            cell.cell_type,
            dict(cell.metadata),
            None if cell.metadata.nbgrader.solution else cell.source,
        )
        for cell in cells
    }


# The teacher's cells.


def test_untouched_comes_out_as_it_was(release, handed):
    notebook = rebuilt(release, handed)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in release.cells]
    assert teachers(notebook) == teachers(release)


def test_answers_and_own_cells_are_kept(release, handed):
    by_id(handed)["forward-solution"].source = "def forward(): return 1"
    by_id(handed)["report"].source = "My *report*."
    handed.cells.insert(5, new_code_cell("mine = 1"))
    handed.cells.insert(6, new_markdown_cell("Mine, and $x$."))
    notebook = rebuilt(release, handed)
    assert by_id(notebook)["forward-solution"].source == "def forward(): return 1"
    assert by_id(notebook)["report"].source == "My *report*."
    assert [cell.source for cell in notebook.cells[5:7]] == ["mine = 1", "Mine, and $x$."]
    assert teachers(notebook) == teachers(release)


CHANGES = {
    "edited": lambda cells: [cell.update(source="assert True") for cell in cells],
    "emptied": lambda cells: [cell.update(source="") for cell in cells],
    "copied": lambda cells: cells.extend(copy.deepcopy(cells)),
    "deleted": lambda cells: cells.clear(),
    "half deleted": lambda cells: cells.__delitem__(slice(None, None, 2)),
    "turned round": lambda cells: cells.reverse(),
    "of another type": lambda cells: [
        cell.update(cell_type="markdown" if cell.cell_type == "code" else "code") for cell in cells
    ],
    "raw": lambda cells: [cell.update(cell_type="raw") for cell in cells],
    "without metadata": lambda cells: [cell.update(metadata={}) for cell in cells],
    "all solutions": lambda cells: [
        cell.metadata.nbgrader.update(solution=True, locked=False, points=100, grade=True)
        for cell in cells
        if "nbgrader" in cell.metadata
    ],
    "all called forward": lambda cells: [
        cell.metadata.nbgrader.update(grade_id="forward")
        for cell in cells
        if "nbgrader" in cell.metadata
    ],
    "a test's name on an own cell": lambda cells: cells.append(
        new_code_cell("3", metadata=copy.deepcopy(by_id({"cells": cells})["forward"].metadata))
    ),
    "names swapped": lambda cells: [
        by_id({"cells": cells})[a].metadata.nbgrader.update(grade_id=b)
        for a, b in (("forward", "forward-solution"),)
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_teachers_cells_are_restored(release, handed, change):
    CHANGES[change](handed.cells)
    notebook = rebuilt(release, handed)
    assert teachers(notebook) == teachers(release)
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    assert len([i for i in ids if i]) == len(teachers(release))
    nbformat.validate(notebook)


def test_of_two_answers_the_changed_one_counts(release, handed):
    own = copy.deepcopy(by_id(handed)["forward-solution"])
    own.source = "def forward(): return 1"
    handed.cells.insert(0, own)
    assert by_id(rebuilt(release, handed))["forward-solution"].source == own.source


def test_forged_marks_do_not_stay_in_own_cells(release, handed):
    for cell in filter(is_test, handed.cells):
        forge(cell)
    handed.metadata["marked"] = {"signature": "0" * 64}
    assert "marked" not in rebuilt(release, handed).metadata


def test_formulas_and_quotations_of_a_report_stay(release, handed):
    text = "> Quoted, and AT&T:\n\n$$\\begin{pmatrix} 1 & 2 \\end{pmatrix}$$"
    by_id(handed)["report"].source = text
    assert by_id(rebuilt(release, handed))["report"].source == text


# What is no notebook.


def nested(depth):
    return "[" * depth + "]" * depth


NO_NOTEBOOKS = {
    "nothing": b"",
    "text": "Übung".encode("latin-1"),
    "a list": b"[]",
    "a number": b"1e999",
    "many digits": b"1" * 100_000,
    "no cells": b"{}",
    "cells are a dict": b'{"cells": {}}',
    "format 3": b'{"nbformat": 3, "worksheets": [{"cells": []}]}',
    "null cells": b'{"cells": [null]}',
    "cell of no type": b'{"cells": [{"cell_type": ["code"], "source": ""}]}',
    "no source": b'{"cells": [{"cell_type": "code"}]}',
    "source of numbers": b'{"cells": [{"cell_type": "code", "source": [1, 2]}]}',
    "too many cells": json.dumps({"cells": [{"cell_type": "raw", "source": ""}] * 501}).encode(),
    "too long": json.dumps({"cells": [{"cell_type": "raw", "source": "x" * 100_001}]}).encode(),
    "too large": b"x" * (20 * 2**20 + 1),
    "deep": nested(100_000).encode(),
    "deep cells": f'{{"cells": {nested(5000)}}}'.encode(),
    "zip": b"PK\x03\x04" + bytes(100),
    "utf-16": '{"cells": 1}'.encode("utf-16"),
}


@pytest.mark.parametrize("kind", NO_NOTEBOOKS)
def test_what_is_no_notebook_is_refused(kind):
    with pytest.raises(SubmissionError) as caught:
        read(NO_NOTEBOOKS[kind])
    assert 10 < len(str(caught.value)) < 200


def test_any_change_of_the_structure_is_read_or_refused(release):
    rng = random.Random(20)
    values = [None, True, -1, 1e308, "", "\ud800", "x" * 1000, [], {}, [[]], ["a", 1], {"a": {}}]
    values += [json.loads(nested(400)), {"nbgrader": 1}, {"nbgrader": {"grade_id": []}}]
    values += [[{"output_type": "stream"}], [{"data": {"image/png": ["", PNG]}}], [None, {}]]
    base = copy.deepcopy(release)
    for cell in base.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                new_output("stream", text="text"),
                new_output("error", ename="E", evalue="value", traceback=["a"]),
                new_output("display_data", {"image/png": PNG, "text/plain": "text"}),
            ]
    refused = 0
    for _ in range(300):
        notebook = copy.deepcopy(base)
        for _ in range(rng.choice([1, 3, 10])):
            change_somewhere(notebook, rng, values)
        try:
            found = rebuilt(release, notebook)
        except SubmissionError:
            refused += 1
            continue
        assert teachers(found) == teachers(release)
        nbformat.writes(found).encode()
    assert 10 < refused < 250


def change_somewhere(node, rng, values):
    """Replace, add or delete something at a random place of nested lists and dicts."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(node[key], dict | list) and rng.random() < 0.8:
            node = node[key]
            continue
        if rng.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(rng.choice(values))
        return


# Answers.


def npy(header, body=b""):
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + body


def described(shape, descr="'<f8'"):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


FORGED = [
    b"",
    b"\x93NUMPY",
    b"\x93NUMPY\x09\x00",
    b"PK\x03\x04",
    b"cos\nsystem\n(S'true'\ntR.",
    npy(described("(1000000000000,)")),
    npy(described("(0, 99999999999999999999)")),
    npy(described("(-2, -2)"), bytes(32)),
    npy(described("(True,)"), bytes(8)),
    npy(described("(2.0,)"), bytes(16)),
    npy(described("(1,) * 9"), bytes(8)),
    npy(described("(1, 1, 1, 1, 1)"), bytes(8)),
    npy(described("(1,)", "'|O'"), b"cos\nsystem\n(S'true'\ntR."),
    npy(described("(1,)", "'<U2'"), bytes(8)),
    npy(described("(1,)", "'<c16'"), bytes(16)),
    npy(described("(1,)", "'<f16'"), bytes(16)),
    npy(described("(1,)", "[('a', '<f8')]"), bytes(8)),
    npy(described("(1,)", "('<f8', (2,))"), bytes(16)),
    npy(described("(1,)", "'<M8[s]'"), bytes(8)),
    npy("{'descr': \""),
    npy("{'descr': '''"),
    npy("("),
    npy("(" * 900),
    npy("-" * 900 + "1"),
    npy("\0\0"),
    npy("{[]: 1}"),
    npy(" x\n y"),
]


@pytest.mark.parametrize("content", FORGED)
def test_forged_arrays_are_refused(content):
    with pytest.raises(ValueError):
        read_array(content)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_arrays_are_read_or_refused():
    rng, file = random.Random(21), io.BytesIO()
    np.save(file, np.arange(12.0).reshape(3, 4))
    for _ in range(2000):
        content = bytearray(file.getvalue())
        for _ in range(rng.choice([1, 2, 5])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        try:
            assert read_array(bytes(content)).nbytes <= len(content)
        except ValueError:
            pass


@pytest.mark.parametrize(
    "array",
    [np.zeros(0), np.zeros((0, 3)), np.float32(2), np.eye(3, dtype=">i4"), np.ones(2, bool)],
)
def test_arrays_come_as_they_were(array):
    file = io.BytesIO()
    np.save(file, array)
    assert np.array_equal(read_array(file.getvalue()), array)


def test_damaged_output_gives_what_stands_before_it():
    pieces = b"3 answers/a/b\nxyz2 cells/4\nno5 failures/a/c\nwrong"
    whole = execute._unpack(Outcome(pieces, ""))
    assert whole == Result({"a/b": b"xyz"}, {"a/c": "wrong"}, {4: "no"}, "")
    rng = random.Random(22)
    for _ in range(2000):
        content = bytearray(pieces * 2)
        for _ in range(rng.choice([1, 2, 5])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        assert isinstance(execute._unpack(Outcome(bytes(content), "")), Result)
    for end in range(1, len(pieces)):
        part = execute._unpack(Outcome(pieces[:end], "longer than 1 s"))
        assert part.ended == "longer than 1 s"
        assert part.answers in ({}, whole.answers)


@pytest.mark.parametrize("piece", ["\\\\[", "<ul><li>", "\\begin{align}", "[a](", "> ", "*a "])
def test_a_text_takes_no_time(release, handed, piece):
    by_id(handed)["report"].source = piece * (100_000 // len(piece))
    for _ in range(20):
        handed.cells.append(new_markdown_cell(piece * (5_000 // len(piece))))
    start = time.perf_counter()
    for cell in rebuilt(release, handed).cells:
        if cell.cell_type == "markdown":
            markdown2html_mistune(cell.source)
    assert time.perf_counter() - start < 30


# What a browser sees.

RUN = "window.ran=1"
TEXTS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"[a](javascript:{RUN})",
    f"[a](JaVaScRiPt:{RUN})",
    f"[a](&#106;avascript:{RUN})",
    f"[a](<java{chr(9)}script:{RUN}>)",
    f"[a](&#1;javascript:{RUN})",
    f"[a][b]\n\n[b]: javascript:{RUN}",
    f"![a](javascript:{RUN})",
    f'![a](x"onerror="{RUN})',
    f"![a](x 'b\" onerror=\"{RUN}')",
    "![a](attachment:a.svg)",
    f"[a](javascript\\:{RUN})",
    f"[a](vbscript:{RUN})",
    f"[a](data:text/html,{RUN})",
    f"<javascript:{RUN}>",
    f"<a href='javascript:{RUN}'>a</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>a</a>",
    f'<a title="\n\n<img src=x onerror={RUN}>\n\n">a</a>',
    f'`<a title="`<img src=x onerror={RUN}>`">`',
    f"<iframe src='javascript:{RUN}'></iframe><iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"<svg onload={RUN}><script>{RUN}</script></svg>",
    f"<math><mtext><style><img src=x onerror={RUN}></style></mtext></math>",
    f"<object data='javascript:{RUN}'></object><embed src='javascript:{RUN}'>",
    f"<form action='javascript:{RUN}'><input autofocus onfocus={RUN}></form>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'><base href='http://192.0.2.1'>",
    "<style>@import 'http://192.0.2.1';</style><link rel=stylesheet href='http://192.0.2.1'>",
    f"<details open ontoggle={RUN}>a</details>",
    f"<div style='background:url(javascript:{RUN})'>a</div>",
    f"```\n</code></pre><script>{RUN}</script>\n```",
    f"    </code></pre><script>{RUN}</script>",
    f"\\<script>{RUN}\\</script>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&amp;lt;script&gt;{RUN}&lt;/script&gt;",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>',
    f"$\\href{{javascript:{RUN}}}{{a}}$",
    f"$\\hr&#101;f{{javascript:{RUN}}}{{a}}$",
    f"&#36;\\hr&#101;f{{javascript:{RUN}}}{{a}}&#36;",
    f"\\\\(\\hre&#102;{{javascript:{RUN}}}{{a}}\\\\)",
    "$$\\style{position: fixed}{a} \\class{b}{a} \\cssId{c}{a} \\require{html}$$",
    f"$a<img src=x onerror={RUN}>b$",
    f"\\begin{{align}}</script><script>{RUN}</script>\\end{{align}}",
    "| a |\n|---|\n| " + f"<script>{RUN}</script> |",
]
OUTPUTS = [
    {"output_type": "display_data", "metadata": {}, "data": {mime: f"<script>{RUN}</script>"}}
    for mime in ("text/html", "image/svg+xml", "text/markdown", "text/latex", "image/png")
] + [
    {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": RUN}},
    {
        "output_type": "display_data",
        "metadata": {"image/png": {"width": f'1" onerror="{RUN}'}},
        "data": {"image/png": PNG + f'" onerror="{RUN}'},
    },
    {
        "output_type": "display_data",
        "metadata": {},
        "data": {
            "application/vnd.jupyter.widget-view+json": {"model_id": "a"},
            "text/plain": f"<script>{RUN}</script>",
        },
    },
    {"output_type": "stream", "name": "stdout", "text": f"\x1b[31m<script>{RUN}</script>\x1b[0m"},
    {"output_type": "stream", "name": f"<script>{RUN}</script>", "text": "text"},
    {
        "output_type": "error",
        "ename": f"<script>{RUN}</script>",
        "evalue": f"<img src=x onerror={RUN}>",
        "traceback": [f"<script>{RUN}</script>"],
    },
    {
        "output_type": "execute_result",
        "execution_count": f"<script>{RUN}</script>",
        "metadata": {},
        "data": {"text/plain": ["30"], "text/html": ["<script>", RUN, "</script>"]},
    },
]


def no_bar(iterable, **options):
    return iterable


@pytest.fixture(scope="module")
def feedback(new_course, release, tmp_path_factory):
    """Return the course and the feedback pages of "plain" and "evil", for runs that gave nothing.

    No notebook is executed for this: the sandbox's result is made up, and evil too.
    """
    place = new_course(tmp_path_factory.mktemp("feedback") / "course")
    evil = copy.deepcopy(release)
    evil.metadata["title"] = evil.metadata["authors"] = f"</title><script>{RUN}</script>"
    evil.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": RUN}}
    evil.metadata["kernelspec"]["display_name"] = f"<script>{RUN}</script>"
    by_id(evil)["report"].source = "\n\n".join(TEXTS)
    for text in TEXTS:
        cell = new_markdown_cell(text)
        cell["attachments"] = {"a.svg": {"image/svg+xml": f"<svg onload='{RUN}'/>"}}
        evil.cells.append(cell)
        evil.cells.append(new_code_cell(f'"""\n{text}\n"""'))
        evil.cells.append(nbformat.v4.new_raw_cell(text, metadata={"format": "text/html"}))
    by_id(evil)["forward-solution"].outputs = OUTPUTS
    for source in ("%%html\n" + TEXTS[0], "%%javascript\n" + RUN):
        cell = new_code_cell(source)
        cell["outputs"] = OUTPUTS
        evil.cells.append(cell)
    for student, notebook in (("plain", release), ("evil", evil)):
        path = place.path("submitted", student)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))
    said = f"<script>{RUN}</script>\x1b[31m"
    result = Result({}, {"forward/batch": said}, {1: said, 9: said}, said)
    patch = pytest.MonkeyPatch()
    patch.setattr(grade, "execute", lambda task: result)
    grade.grade(place, no_bar)
    patch.undo()
    course.feedback(place, no_bar)
    pages = [place.path("feedback", student).with_suffix(".html") for student in ("plain", "evil")]
    return place, dict(zip(("plain", "evil"), pages, strict=True))


def test_no_script_of_a_student_is_in_the_feedback(feedback):
    soups = {name: BeautifulSoup(p.read_text(), "html.parser") for name, p in feedback[1].items()}
    scripts = [sorted(map(str, soup.find_all("script"))) for soup in soups.values()]
    assert scripts[0] == scripts[1]
    for tag in ("style", "link", "meta", "base"):
        assert len(soups["plain"].find_all(tag)) == len(soups["evil"].find_all(tag)), tag
    evil = soups["evil"]
    assert evil.find_all(["iframe", "object", "embed", "form", "svg", "math", "details"]) == []
    plain = {attribute for tag in soups["plain"].find_all(True) for attribute in tag.attrs}
    for tag in evil.find_all(True):
        for attribute, value in tag.attrs.items():
            assert not attribute.startswith("on"), tag
            assert attribute in plain | {"title", "alt", "src", "href"}, tag
            if attribute in ("href", "src", "action", "formaction"):
                scheme = re.sub(r"[\x00-\x20]", "", str(value)).partition(":")[0].lower()
                assert scheme not in ("javascript", "vbscript"), tag
                assert scheme != "data" or str(value).startswith("data:image/png;base64,"), tag
    for tag in evil.find_all("pre"):  # where MathJax does not look
        tag.decompose()
    assert not re.search(r"\\(href|style|class|cssId|require)\b", evil.get_text())


def test_nothing_runs_in_a_browser(feedback):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if executable is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        page = browser.new_page()
        messages = []
        page.route(re.compile("^https?:"), lambda route: route.abort())
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        page.goto(feedback[1]["evil"].as_uri())
        page.evaluate("addEventListener('click', event => event.preventDefault())")
        page.evaluate("document.querySelectorAll('a').forEach(a => a.click())")
        page.wait_for_timeout(500)
        assert page.evaluate("window.ran") is None
        assert page.url.startswith("file:") and messages == []
        browser.close()


def test_no_output_but_text_and_pictures_is_kept(feedback):
    place, _ = feedback
    notebook = nbformat.read(place.path("checked", "evil"), as_version=4)
    kinds, marked = set(), set()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            kinds |= set(output.get("data", {}))
            if output.output_type == "execute_result":
                marked.add(cell.metadata.nbgrader.grade_id)
    assert kinds <= {"text/plain", "image/png"}
    assert marked == {cell.metadata.nbgrader.grade_id for cell in notebook.cells if is_test(cell)}
    assert not any("attachments" in cell for cell in notebook.cells)


def secrets_of(place):
    """Return what no student may see: the secret, the lines of the solutions."""
    secret = place.secret()
    lines = re.findall(
        r"### BEGIN SOLUTION\n(.*?)### END SOLUTION",
        "\n".join(cell.source for cell in source_notebook("digits").cells),
        re.DOTALL,
    )
    lines = {line.strip() for block in lines for line in block.splitlines()}
    return {line for line in lines if len(line) > 25} | {
        secret.hex(),
        base64.b64encode(secret).decode(),
    }


def test_nothing_secret_is_handed_out(feedback):
    place, pages = feedback
    shown = [place.path("release"), *pages.values()]
    assert len(secrets_of(place)) > 30
    for path in shown:
        # Pages are coloured, so that the tags stand between the words.
        text = BeautifulSoup(path.read_text(), "html.parser").get_text()
        found = [line for line in secrets_of(place) if line in text]
        assert found == [], path
        for word in ("BEGIN SOLUTION", "BEGIN HIDDEN", "y_new", str(place.root)):
            assert word not in text, (word, path)


def test_raw_submissions_are_refused_by_nbgrader(feedback):
    place, _ = feedback
    with pytest.raises(CourseError, match="plain was not marked: its outputs"):
        place.nbgrader("autograde", "plain", True)


def test_a_mark_cannot_be_changed_or_given_to_another(feedback, tmp_path):
    place, _ = feedback
    path = place.path("checked", "plain")
    right = path.read_text()
    notebook = json.loads(right)
    try:
        forge(by_id(notebook)["forward"])
        path.write_text(json.dumps(notebook))
        with pytest.raises(CourseError, match="was not marked"):
            place.nbgrader("autograde", "plain", True, submitted_directory="checked")
        path.write_text(place.path("checked", "evil").read_text())
        with pytest.raises(CourseError, match="was not marked"):
            place.nbgrader("autograde", "plain", True, submitted_directory="checked")
    finally:
        path.write_text(right)
