"""Exercises and solutions: every one gets an id of its own inside.

sphinx-exercise 1.2 gives the same id, `exercise-content`, to the body of every exercise, and an id
may occur once in a page.
"""

from docutils import nodes


def make_ids_unique(app, doctree):
    """Name the body of an exercise or a solution after its label."""
    for section in doctree.findall(nodes.section):
        if section["ids"] in (["exercise-content"], ["solution-content"]):
            section["ids"] = [f"{section.parent['label']}-content"]


def setup(app):
    """Connect the step, before Sphinx's own collectors (priority 500)."""
    app.connect("doctree-read", make_ids_unique, priority=400)
