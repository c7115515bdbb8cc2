"""A comma after an inline formula stays on the formula's line.

MathJax draws a formula as one box, and browsers may break a line between a box and the comma or
full stop behind it.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

PUNCTUATION = re.compile(r"[,.;:!?)\]%’”]+")


class KeepPunctuation(SphinxPostTransform):
    """Put a formula and the punctuation behind it into one span that does not break."""

    default_priority = 900
    formats = ("html",)

    def run(self):
        """Look at the text behind every inline formula."""
        for formula in list(self.document.findall(nodes.math)):
            text = formula.next_node(descend=False, siblings=True)
            if not isinstance(text, nodes.Text):
                continue
            match = PUNCTUATION.match(text)
            if match:
                text.parent.replace(text, nodes.Text(text[match.end() :]))
                kept = nodes.inline("", "", formula.deepcopy(), nodes.Text(match[0]))
                kept["classes"].append("keep-together")
                formula.replace_self(kept)


def setup(app):
    """Connect the transform."""
    app.add_post_transform(KeepPunctuation)
