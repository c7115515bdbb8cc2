"""The book's own Sphinx extension: one module for each thing it does."""

import gc
from importlib import import_module

PARTS = (
    "citations",
    "exercises",
    "launch",
    "live",
    "mathjax",
    "notebooks",
    "numbers",
    "pages",
    "punctuation",
    "quickchecks",
    "register",
)


def setup(app):
    """Connect every part of the extension to Sphinx."""
    # The pages' trees live as long as the build: to look for garbage in them took a sixth of it.
    gc.disable()
    for part in PARTS:
        import_module(f".{part}", __name__).setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
