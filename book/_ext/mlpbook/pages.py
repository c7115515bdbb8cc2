"""What every page gets besides its text: a description, and what the header's buttons need."""

from html import escape

from docutils import nodes


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
    context["run_it"] = context["pathto"](app.config.root_doc) + "#run-it"


def setup(app):
    """Connect the step."""
    app.connect("html-page-context", complete_page)
