"""The front matter of a chapter's first cell, which is for JupyterLab and not for the page.

`numbering: {enumerator: 5.%s}` makes JupyterLab (with its MyST extension) number equations and
exercises as the page does. MyST-NB does not know front matter in a notebook and would print it.
"""

import json
import re

import yaml

from .numbers import chapter_number, warn

FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n+", re.DOTALL)


def drop_front_matter(app, docname, source):
    """Remove the front matter, and warn where its number is not the chapter's."""
    if app.env.doc2path(docname, base=False).endswith(".ipynb"):
        notebook = json.loads(source[0])
        first = notebook["cells"][0]
        text = "".join(first["source"])
        match = FRONT_MATTER.match(text)
        chapter = chapter_number(docname)
        numbering = (yaml.safe_load(match[1]) if match else {}).get("numbering", {})
        if chapter is not None and numbering.get("enumerator") != f"{chapter}.%s":
            warn(
                "the first cell should begin with the front matter"
                " `numbering: {enumerator: %d.%%s}`, found %r",
                chapter,
                text[:60],
                location=docname,
            )
        if match:
            first["source"] = text[match.end() :]
            source[0] = json.dumps(notebook)


def setup(app):
    """Connect the step."""
    app.connect("source-read", drop_front_matter)
