"""The tables of the appendix: what of the sources is treated where, the exercises, the glossary.

The lists are in `book/register/*.yml`; where something is treated is taken from the notebooks: from
the `sources` in the metadata of their cells, and from the term in bold that a chapter introduces.
A place is the section in which such a cell stands. It is known when all pages have been read, so
the tables are made with gaps (`Places`), which are filled when the page is written.
"""

import json
import re
from functools import cache
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .numbers import chapter_number, warn

EXERCISE = re.compile(r"\{exercise\} (.*)\n:label: (\S+)")
LINES_OF_A_CELL = 10_000  # MyST-NB counts a notebook's lines so: those of cell 0 from 10,002 on


class Places(nodes.General, nodes.Inline, nodes.Element):
    """Gap for links to the sections that treat an item, or to the one that introduces a term."""


class PlacesRole(SphinxRole):
    """``{treated}`S0-01` `` and ``{introduced}`mini-batch` ``."""

    def run(self):
        """Return the gap."""
        return [Places("", **{self.name: self.text})], []


@cache
def read(parse, path, changed):
    """Return what a file holds. `changed` is the file's time: another file, another call."""
    return parse(path.read_text(encoding="utf-8"))


def chapters(env):
    """Return the chapters' names and cells, in order."""
    names = [name for name in env.found_docs if chapter_number(name) is not None]
    paths = {name: Path(env.doc2path(name)) for name in sorted(names)}
    return {
        name: read(json.loads, path, path.stat().st_mtime_ns)["cells"]
        for name, path in paths.items()
    }


def cell_text(cell):
    """Return the source of a cell as one string."""
    return "".join(cell["source"])


def treats(source):
    """Return a function that gives the last line of a cell which treats an item, else None.

    A cell may end one section and begin another; what it treats is mostly in the second.
    """
    return lambda cell: (
        LINES_OF_A_CELL - 3 if source in cell["metadata"].get("sources", []) else None
    )


def introduces(term):
    """Return a function that gives the line in which a cell introduces a term, else None."""
    bold = re.compile(rf"\*\*{re.escape(term)}s?\*\*", re.IGNORECASE)

    def line(cell):
        match = cell["cell_type"] == "markdown" and bold.search(cell_text(cell))
        return cell_text(cell).count("\n", 0, match.start()) if match else None

    return line


def sections(env, docname):
    """Return the sections of a page: the line in which each begins, and its link's target."""
    slugs = env.metadata[docname].get("myst_slugs", {})
    titles = {link["anchorname"]: link for link in env.tocs[docname].findall(nodes.reference)}
    for line, name, _ in slugs.values():
        # The page's own title has an empty anchor in the table of contents.
        yield line, name, titles.get(f"#{name}", titles.get(""))


def find(env, line_in):
    """Return the sections for which `line_in(cell)` gives a line, in the book's order."""
    found = {}
    for docname, cells in chapters(env).items():
        for index, cell in enumerate(cells):
            if (line := line_in(cell)) is not None:
                line += (index + 1) * LINES_OF_A_CELL + 2
                begun = (one for one in sections(env, docname) if one[0] <= line)
                _, name, title = max(begun, key=lambda one: one[0])
                found[docname, name] = title
    return found


def fill(app, doctree, docname):
    """Put the links into the gaps of a page."""
    for gap in list(doctree.findall(Places)):
        line_in = treats(gap["treated"]) if "treated" in gap else introduces(gap["introduced"])
        found = find(app.env, line_in)
        if "introduced" in gap:
            found = dict(list(found.items())[:1])
            if not found:
                warn("no chapter introduces **%s**", gap["introduced"], location=docname)
        links = []
        for (target, name), title in found.items():
            uri = app.builder.get_relative_uri(docname, target) + f"#{name}"
            chapter = nodes.Text(f"{chapter_number(target)}\N{NO-BREAK SPACE}· ")
            parts = [child.deepcopy() for child in title.children]
            if title["anchorname"] == "":  # the title of a chapter begins with its number
                chapter = nodes.Text("")
            link = nodes.reference("", "", chapter, *parts, refuri=uri, internal=True)
            links += [nodes.Text("; "), link]
        gap.replace_self(links[1:] or [nodes.Text("–")])


def items(lists, prefix, env):
    """Table of a source's items, or of the worked numbers."""
    yield from ("| item | what it is | where |", "| --- | --- | --- |")
    for name, title in (lists["items"] | lists["numbers"]).items():
        if name.startswith(prefix):
            yield f"| {name} | {title} | {{treated}}`{name}` |"


def errata(lists, prefix, env):
    """Table of a source's errata."""
    yield from ("| erratum | what is said | what is right | where |", "| --- | --- | --- | --- |")
    for name, one in lists["errata"].items():
        if name.startswith(prefix):
            where = f"{{treated}}`{name}`"
            yield f"| {name} {one['kind']} | {one['says']} | {one['right']} | {where} |"


def conflicts(lists, prefix, env):
    """Table of what the sources decide differently."""
    yield from (
        "| conflict | about | the sources | this book | where |",
        "| --- | --- | --- | --- | --- |",
    )
    for name, one in lists["conflicts"].items():
        where = f"{{treated}}`{name}`"
        yield f"| {name} | {one['about']} | {one['sources']} | {one['book']} | {where} |"


def glossary(lists, prefix, env):
    """Table of the terms, in English and Japanese."""
    yield from ("| English | Japanese | introduced in |", "| --- | --- | --- |")
    for one in sorted(lists["glossary"], key=lambda one: one["en"].lower()):
        term = one.get("bold", one["en"])
        yield f"| {one['en']} | {one['ja']} | {{introduced}}`{term}` |"


def exercises(lists, prefix, env):
    """List of the exercises, chapter by chapter."""
    for docname, cells in chapters(env).items():
        title = cell_text(cells[0]).partition("\n# ")[2].partition("\n")[0]
        yield f"\n**[{title}](/{docname}.ipynb)**\n"
        for cell in cells:
            for name, label in EXERCISE.findall(cell_text(cell)):
                yield f"- [Exercise {label[3:].replace('-', '.')}](#{label}): {name}"


TABLES = {one.__name__: one for one in (items, errata, conflicts, glossary, exercises)}


class Register(SphinxDirective):
    """`{register} items S0`: one of `TABLES`, of the entries whose name begins so."""

    required_arguments = 1
    optional_arguments = 1

    def run(self):
        """Return the table's nodes."""
        name, prefix = (*self.arguments, "")[:2]
        self.env.metadata[self.env.docname]["register"] = "yes"
        lists = {}
        for path in sorted(Path(self.env.srcdir, "book", "register").glob("*.yml")):
            lists[path.stem] = read(yaml.safe_load, path, path.stat().st_mtime_ns)
            self.env.note_dependency(str(path))
        made = self.parse_text_to_nodes("\n".join(TABLES[name](lists, prefix, self.env)))
        for table in made:
            table["classes"].append(f"register-{name}")  # for the style sheet
        return made


def outdated(app, env, added, changed, removed):
    """Name the pages with such tables, if any page has changed: they depend on all others."""
    tables = [name for name in env.found_docs if "register" in env.metadata.get(name, {})]
    return tables if added or changed or removed else []


def setup(app):
    """Register the directive, the roles and the steps."""
    app.add_directive("register", Register)
    app.add_role("treated", PlacesRole())
    app.add_role("introduced", PlacesRole())
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-resolved", fill)
