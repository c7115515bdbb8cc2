"""Live figures in the page: the scripts that start them, without a kernel and without a server."""

import re
from pathlib import Path

from sphinx.errors import ExtensionError

from mlp_lib.figures import FIGURES, write_page_files

MODULE_OF_FIGURE = re.compile(r'class="live-figure"[^>]*\bdata-module="(\w+)"')


def write_scripts(app, exception):
    """Write one plain script for each live figure, and their style, into _static/live."""
    if exception is None:
        write_page_files(Path(app.outdir, "_static", "live"))


def add_scripts(app, pagename, templatename, context, doctree):
    """Load style on pages that show a live figure, and `live.js`, which loads a figure's script."""
    names = sorted(set(MODULE_OF_FIGURE.findall(context.get("body", ""))))
    for name in names:
        if name not in FIGURES:
            raise ExtensionError(
                f"{pagename} shows the live figure {name!r}; mlp_lib.figures has {list(FIGURES)}"
            )
    if names:
        for name in ("figures", *names):
            app.add_css_file(f"live/{name}.css")
        app.add_js_file("live.js", loading_method="defer")


def setup(app):
    """Connect the two steps."""
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_scripts)
