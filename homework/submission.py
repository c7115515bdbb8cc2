"""From what a student handed in to a notebook that can be run and graded.

Only two things are taken from the file: the text of the cells that are the student's, and the
pictures and text below the cells, for people to look at. All the rest comes from the release.
"""

import base64
import binascii
import html
import json
import re
from dataclasses import dataclass
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode

MAX_BYTES = 20 * 2**20
MAX_CELLS = 500
MAX_SOURCE = 100_000  # characters in a cell
MAX_MARKDOWN = 5_000  # characters of a text that is rendered, which may take a second
MAX_OUTPUT = 20_000  # characters of text below a cell
MAX_WIDTH = 720  # of a picture as shown: nbgrader's pages let it stand out otherwise
PNG = b"\x89PNG\r\n\x1a\n"
# In formulas: a link or a style that a page would follow.
UNSAFE_TEX = re.compile(r"\\(href|url|style|class|cssId|html\w*|require)\b")

# Addresses in links and pictures: on the web, or without a scheme.
SAFE_ADDRESS = re.compile(r"(https?:|mailto:|[^:]*([/?#]|$))")
ACTIVE = ["script", "style", "link", "meta", "base", "iframe", "object", "embed", "form", "svg"]


class SubmissionError(ValueError):
    """The file is no notebook that could be graded; the message says why."""


@dataclass(frozen=True)
class Handed:
    """A cell as it was handed in: nothing but text, and outputs that are safe to look at."""

    kind: str
    source: str
    grade_id: str | None
    outputs: list[NotebookNode]


def read(content: bytes) -> list[Handed]:
    """Read the cells of a notebook that may be anything.

    Raises
    ------
    SubmissionError
        If it is not a notebook of format 4, or too large.
    """
    if len(content) > MAX_BYTES:
        raise SubmissionError(
            f"the file has {len(content) / 2**20:.0f} MB, at most {MAX_BYTES // 2**20} are read"
        )
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        raise SubmissionError("the file is not a notebook: it cannot be read as JSON") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise SubmissionError("the file is not a notebook of format 4: it has no list of cells")
    if len(notebook["cells"]) > MAX_CELLS:
        raise SubmissionError(
            f"it has {len(notebook['cells'])} cells, at most {MAX_CELLS} are read"
        )
    return [_cell(cell, number) for number, cell in enumerate(notebook["cells"], start=1)]


def _cell(cell: Any, number: int) -> Handed:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise SubmissionError(f"cell {number} is neither code nor text")
    source = _text(cell.get("source"))
    if source is None or len(source) > MAX_SOURCE:
        raise SubmissionError(f"cell {number} has no text, or more than {MAX_SOURCE} characters")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    outputs = cell.get("outputs") if cell["cell_type"] == "code" else None
    return Handed(
        kind=cell["cell_type"],
        source=source,
        grade_id=grade_id if isinstance(grade_id, str) else None,
        outputs=_outputs(outputs if isinstance(outputs, list) else []),
    )


def _text(value: Any) -> str | None:
    """Return a text, which a notebook may store as a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    if not isinstance(value, str):
        return None
    # Half of a surrogate pair cannot be written to a file.
    return value.encode("utf-8", "replace").decode("utf-8")


def _outputs(outputs: list) -> list[NotebookNode]:
    """Keep text and PNG pictures: nothing that a browser would execute."""
    kept, room = [], MAX_OUTPUT
    for output in outputs:
        if not isinstance(output, dict):
            continue
        data = output.get("data") if isinstance(output.get("data"), dict) else {}
        picture, text = _picture(data.get("image/png")), _text(data.get("text/plain"))
        if picture:
            shown = {"width": min(_width(picture), MAX_WIDTH), "alt": "figure, as handed in"}
            kept.append(
                nbformat.v4.new_output(
                    "display_data", {"image/png": picture}, metadata={"image/png": shown}
                )
            )
            continue
        if output.get("output_type") == "stream":
            text = _text(output.get("text"))
        elif output.get("output_type") == "error":
            name, value = _text(output.get("ename")), _text(output.get("evalue"))
            text = f"{name or 'Error'}: {value or ''}"
        if text and room > 0:
            kept.append(nbformat.v4.new_output("stream", name="stdout", text=text[:room]))
            room -= len(text)
    return kept


def _width(picture: str) -> int:
    """Width of a PNG picture in its own pixels, as its first chunk says."""
    return int.from_bytes(base64.b64decode(picture[:32])[16:20])


def _picture(value: Any) -> str | None:
    text = _text(value)
    if text is None:
        return None
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(content).decode() if content.startswith(PNG) else None


def rebuild(release: NotebookNode, handed: list[Handed]) -> NotebookNode:
    """Put the student's text into the teacher's notebook.

    Cells stand in the order in which they were handed in. A cell of the release is known by its
    ``grade_id``: where the student may write, its text is the student's; everywhere else it is
    the release's. Missing ones are put back, and stay unanswered. If there are several with one
    ``grade_id``, the last that differs from the release is meant. All other cells are the
    student's own.

    Returns
    -------
    NotebookNode
        With nbgrader's metadata as released, safe to be shown in a browser.
    """
    ours = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in release.cells
        if "nbgrader" in cell.metadata
    }
    texts = {cell.source for cell in release.cells if cell.cell_type == "markdown"}

    def is_changed(cell: Handed) -> bool:
        return cell.source != ours[cell.grade_id].source

    meant: dict[str, int] = {}
    for index, cell in enumerate(handed):
        if cell.grade_id in ours:
            before = meant.get(cell.grade_id)
            if before is None or is_changed(cell) or not is_changed(handed[before]):
                meant[cell.grade_id] = index
    cells = []
    for index, cell in enumerate(handed):
        if meant.get(cell.grade_id) == index:
            cells.append(_ours(ours[cell.grade_id], cell))
        else:
            cells.append(_own(cell, texts))
    place = 0
    for grade_id, cell in ours.items():  # in the release's order
        if grade_id not in meant:
            cells.insert(place, _ours(cell, None))
        place = 1 + next(i for i, c in enumerate(cells) if _grade_id(c) == grade_id)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=release.metadata)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return notebook


def _grade_id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _ours(released: NotebookNode, handed: Handed | None) -> NotebookNode:
    cell = nbformat.from_dict(json.loads(json.dumps(released)))
    if handed is not None and cell.metadata.nbgrader.solution:
        if handed.source != cell.source:
            cell.source = handed.source
            _make_safe(cell)
    if cell.cell_type == "code":
        cell.outputs = handed.outputs if handed is not None else []
        cell.execution_count = None
    return cell


def _own(handed: Handed, released: set[str]) -> NotebookNode:
    if handed.kind == "code":
        return nbformat.v4.new_code_cell(handed.source, outputs=handed.outputs)
    cell = nbformat.v4.new_markdown_cell(handed.source)
    if handed.source not in released:
        _make_safe(cell)
    return cell


def _make_safe(cell: NotebookNode) -> None:
    """Take out of a text what a browser would execute."""
    if cell.cell_type != "markdown":
        return
    plain = "```text\n" + re.sub("`{3,}|~{3,}", "", cell.source) + "\n```"
    if len(cell.source) > MAX_MARKDOWN:
        cell.source = plain
        return
    # Entities are read before, or they would hide a word from what looks for it.
    cell.source = html.unescape(html.unescape(cell.source))
    SanitizeHTML().preprocess_cell(cell, {}, 0)
    # Formulas and quotations need these two, which begin no tag.
    source = re.sub(r"^([> ]*)&gt;", r"\1>", cell.source, flags=re.MULTILINE)
    source = UNSAFE_TEX.sub(r"\\text{\1}", source.replace("&amp;", "&"))
    # Pictures inside of a text are not kept, and nbconvert fails where one is missing.
    source = re.sub(r"attachment\s*:", "not-kept-", source, flags=re.IGNORECASE)
    cell.source = source if _is_harmless(source) else plain


def _is_harmless(source: str) -> bool:
    """Whether the page that is made of a text has nothing that acts when it is opened or clicked.

    Links in Markdown are none before it is rendered, so this looks at the result.
    """
    try:
        page = BeautifulSoup(markdown2html_mistune(source), "html.parser")
    except Exception:  # whatever the renderer cannot do, as attachments or very deep quotations
        return False
    for tag in page.find_all(True):
        for name, value in tag.attrs.items():
            address = re.sub(r"[\x00-\x20]", "", str(value)).lower()
            if name in ("href", "src") and not SAFE_ADDRESS.match(address):
                return False
            if name.startswith("on") or name.startswith("form") or name == "srcdoc":
                return False
    return page.find(ACTIVE) is None
