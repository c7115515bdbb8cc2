"""Equation, figure, table and exercise numbers that begin with the chapter's number.

The chapter's number is typed in its title and its file name (`05_forward_pass` is chapter 5), so
that a book with gaps keeps its numbers. Sphinx counts through the whole book; here its numbers
are replaced before any page is written: (5.1), Fig. 5.1, Exercise 5.1. What an author types by
hand is compared with them, and a difference is a warning, which fails the strict build.
"""

import re
from pathlib import PurePosixPath

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

# What a label begins with, and whether the rest of it is the number: eq-5-1, but fig-5-network.
LABELS = {
    "displaymath": ("eq", True),
    "exercise": ("ex", True),
    "figure": ("fig", False),
    "table": ("tab", False),
}

LINKS = (nodes.reference, pending_xref)


def chapter_number(docname):
    """Return 5 for `book/05_forward_pass`, None for a page that is not a chapter."""
    match = re.match(r"(\d+)_", PurePosixPath(docname).name)
    return int(match[1]) if match else None


def warn(message, *values, location):
    """Report a number that is not what the author typed."""
    logger.warning(message, *values, location=location, type="mlpbook", subtype="number")


def check_equations_have_labels(app, doctree):
    """Ask for a label: JupyterLab numbers every equation, so the page has to do the same."""
    if chapter_number(app.env.docname) is None:
        return
    for node in doctree.findall(nodes.math_block):
        if not node.get("label"):
            warn("this equation has no label: %s", node.astext().strip(), location=node)


def number_by_chapter(app, env):
    """Count each kind of numbered thing from 1 on every page, with the chapter in front."""
    for docname, kinds in env.toc_fignumbers.items():
        chapter = chapter_number(docname)
        for kind, numbers in kinds.items():
            for count, node_id in enumerate(numbers, start=1):
                numbers[node_id] = (count,) if chapter is None else (chapter, count)
                if chapter is not None and kind in LABELS:
                    check_label(docname, kind, node_id, numbers[node_id])
    return []


def check_label(docname, kind, node_id, number):
    """Compare a label with the printed number."""
    prefix, ends_in_number = LABELS[kind]
    label = node_id.removeprefix("equation-")
    chapter, count = number
    if ends_in_number:
        expected = f"{prefix}-{chapter}-{count}"
        right, more = label == expected, ""
    else:
        expected = f"{prefix}-{chapter}-"
        right, more = label.startswith(expected), " and a name"
    if not right:
        values = (kind, chapter, count, label, expected, more)
        warn("%s %d.%d has the label %r; expected %r%s", *values, location=docname)


class CheckTypedNumbers(SphinxPostTransform):
    """Compare the number typed in `[Fig. 5.1](#fig-5-network)` with the figure's number.

    It runs first: for an equation, Sphinx would print its own number in place of the typed one.
    """

    default_priority = 1

    def run(self):
        """Look at every link that names the label of something numbered."""
        printed = {
            node_id.removeprefix("equation-"): ".".join(map(str, number))
            for kinds in self.env.toc_fignumbers.values()
            for numbers in kinds.values()
            for node_id, number in numbers.items()
        }
        for node in self.document.findall(lambda n: isinstance(n, LINKS)):
            target = node.get("reftarget") or node.get("refid")
            typed = re.findall(r"\d+\.\d+", node.astext())
            if target in printed and typed and typed != [printed[target]]:
                warn("%r refers to number %s", node.astext(), printed[target], location=node)


def setup(app):
    """Connect the steps; numbers are replaced after Sphinx's own collector (priority 500)."""
    app.connect("doctree-read", check_equations_have_labels)
    app.connect("env-get-updated", number_by_chapter, priority=600)
    app.add_post_transform(CheckTypedNumbers)
