"""What every page gets besides its text: a description, and what the header's buttons need.

And what the theme's templates and MyST-NB write into every page and leave no option for.
"""

from html import escape
from pathlib import Path

from docutils import nodes

CORRECTIONS = {
    # Without JavaScript a page stays as it was written, and "auto" is neither light nor dark.
    'data-theme="auto"': 'data-theme="light"',
    # The name is the text that is seen, "Show the code".
    '<summary aria-label="Toggle hidden content">': "<summary>",
}


def describe(title, book, doctree):
    """Return the beginning of the page's text, cut after a word; its title where it has no text."""
    text = ""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        if isinstance(paragraph.parent, nodes.section) and len(text) < 120:
            text = f"{text} {paragraph.astext()}"
    text = " ".join(text.split()) or f"{title}: {book}"
    if len(text) > 200:
        text = text[:200].rsplit(" ", 1)[0] + " …"
    return text


def complete_page(app, pagename, templatename, context, doctree):
    """Add the description, and the address of the section on running the book."""
    description = describe(context.get("title", ""), app.config.html_title, doctree)
    context["metatags"] = (
        context.get("metatags", "") + f'\n<meta name="description" content="{escape(description)}">'
    )
    if pagename == app.config.root_doc:
        context["docstitle"] = ""  # the page's own title is the book's
    context["run_it"] = context["pathto"](app.config.root_doc) + "#run-it"


def correct_pages(app, exception):
    """Replace what cannot be set otherwise."""
    if exception is not None:
        return
    for page in Path(app.outdir).rglob("*.html"):
        old = text = page.read_text(encoding="utf-8")
        for wrong, right in CORRECTIONS.items():
            text = text.replace(wrong, right)
        if text != old:
            page.write_text(text, encoding="utf-8")


def setup(app):
    """Connect the two steps."""
    app.connect("html-page-context", complete_page)
    app.connect("build-finished", correct_pages)
