"""MathJax from the Python package sphinx-mathjax-offline, so that the site needs no other host."""

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from sphinx.errors import ExtensionError

PACKAGE = "sphinx-mathjax-offline"
# TeX in, HTML out, and the TeX packages that MathJax loads when a formula asks for one. The
# package holds 24 MB; a page that uses no other input or output needs these 2 MB.
PARTS = ("tex-chtml.js", "input/tex/extensions/*.js", "output/chtml/fonts/woff-v2/*.woff")


def find_mathjax():
    """Return the folder of the installed MathJax.

    Raises
    ------
    ExtensionError
        If the package is not installed, or holds none of the expected files.
    """
    try:
        folder = Path(distribution(PACKAGE).locate_file(f"{PACKAGE}/static/mathjax"))
    except PackageNotFoundError:
        raise ExtensionError(
            f"MathJax is missing: install the Python package {PACKAGE}"
            " (pip install -r requirements.txt)"
        ) from None
    for part in PARTS:
        if not any(folder.glob(part)):
            raise ExtensionError(f"{PACKAGE} is installed, but {folder} has no {part}")
    return folder


def copy_mathjax(app, exception):
    """Copy the parts that the pages use into _static/mathjax."""
    if exception is not None:
        return
    target = Path(app.outdir, "_static", "mathjax")
    for part in PARTS:
        for source in app.mathjax_folder.glob(part):
            copy = target / source.relative_to(app.mathjax_folder)
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)


def setup(app):
    """Look for MathJax at once, so that a missing package stops the build before it starts."""
    app.mathjax_folder = find_mathjax()
    app.connect("build-finished", copy_mathjax)
