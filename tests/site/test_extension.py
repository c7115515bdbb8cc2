"""The book's own Sphinx extension, on a book of two small chapters."""

import io
import os
import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import nbformat
import pytest
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace, patch_docutils

EXTENSION = Path(__file__).parents[2] / "book" / "_ext"

CHAPTER = """\
---
numbering:
  enumerator: {n}.%s
---

(ch-{n})=
# {n}. A chapter

See {{eq}}`eq-{n}-2`, {{ref}}`ex-{n}-1`, [Fig. {n}.1](#fig-{n}-a) and [(3.1)](#eq-3-1).

$$
a = b
$$ (eq-{n}-1)

$$
b = c
$$ (eq-{n}-2)

```{{figure}} a.png
:name: fig-{n}-a

A caption.
```

```{{exercise}} First
:label: ex-{n}-1

Do it.
```

```{{solution}} ex-{n}-1
:class: dropdown

Done.
```

```{{exercise}} Second
:label: ex-{n}-2

Do it again.
```
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return a function that builds chapters 3 and 7, with texts replaced, and its warnings."""
    monkeypatch.syspath_prepend(str(EXTENSION))
    source = tmp_path / "book"
    source.mkdir()
    (source / "a.png").write_bytes(b"")
    (source / "index.md").write_text("# Book\n\n```{toctree}\n03_one\n07_two\n```\n")

    def build(*replacements):
        for name, number in {"03_one": 3, "07_two": 7}.items():
            text = CHAPTER.format(n=number)
            for old, new in replacements:
                assert any(old in CHAPTER.format(n=n) for n in (3, 7))
                text = text.replace(old, new)
            cell = nbformat.v4.new_markdown_cell(text, id="cell")
            notebook = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
            path = source / f"{name}.ipynb"
            if not path.exists() or path.read_text() != notebook:  # as an author would save it
                path.write_text(notebook)
        warnings = io.StringIO()
        with patch_docutils(), docutils_namespace():
            Sphinx(
                srcdir=source,
                confdir=None,
                outdir=tmp_path / "html",
                doctreedir=tmp_path / "doctrees",
                buildername="html",
                confoverrides={
                    "extensions": ["myst_nb", "sphinx_exercise", "sphinx.ext.mathjax", "mlpbook"],
                    "myst_enable_extensions": ["amsmath", "dollarmath"],
                    "nb_execution_mode": "off",
                    "numfig": True,
                    "math_numfig": True,
                    "mathjax_path": "mathjax/tex-chtml.js",
                    "html_title": "A small book",
                },
                status=None,
                warning=warnings,
            ).build()
        return re.sub(r"\x1b\[\d*(;\d+)*m", "", warnings.getvalue())

    build.html = tmp_path / "html"
    build.source = source
    return build


def numbers(page):
    """Return the numbers that a page shows, in its order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"\(\d+\.\d+\)|(?:Fig\.|Exercise) \d+\.\d+", re.sub(r"<[^>]*>", "", text))


EXPECTED = [
    "(7.2)",
    "Exercise 7.1",
    "Fig. 7.1",
    "(3.1)",
    "(7.1)",
    "(7.2)",
    "Fig. 7.1",
    "Exercise 7.1",
    "Exercise 7.1",
    "Exercise 7.2",
]


def test_numbers_begin_with_the_chapters(book):
    assert book() == ""
    assert numbers(book.html / "07_two.html") == EXPECTED


def test_numbers_survive_a_second_build_of_one_page(book):
    book()
    assert book(("# 7. A chapter", "# 7. The same chapter")) == ""
    assert "The same chapter" in (book.html / "07_two.html").read_text(encoding="utf-8")
    assert numbers(book.html / "07_two.html") == EXPECTED
    assert [n.replace("7.", "3.") for n in EXPECTED] == numbers(book.html / "03_one.html")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(eq-7-2)", "(eq-7-3)", "displaymath 7.2 has the label 'eq-7-3'; expected 'eq-7-2'"),
        ("(eq-7-1)", "(eq-5-1)", "displaymath 7.1 has the label 'eq-5-1'; expected 'eq-7-1'"),
        (" (eq-7-1)", "", "this equation has no label: a = b"),
        (":label: ex-7-2", ":label: ex-7-9", "exercise 7.2 has the label 'ex-7-9'"),
        ("fig-7-a", "fig-5-a", "figure 7.1 has the label 'fig-5-a'; expected 'fig-7-' and a name"),
        ("[Fig. 7.1]", "[Fig. 7.2]", "'Fig. 7.2' refers to number 7.1"),
        ("[(3.1)](#eq", "[(3.2)](#eq", "'(3.2)' refers to number 3.1"),
        ("{ref}`ex-7-1`", "{ref}`7.2 <ex-7-1>`", "'7.2' refers to number 7.1"),
        ("enumerator: 7.%s", "enumerator: 5.%s", "should begin with the front matter"),
        ("---\nnumbering:\n  enumerator: 7.%s\n---\n\n", "", "should begin with the front matter"),
    ],
)
def test_wrong_number_is_a_warning(book, old, new, message):
    assert message in book((old, new))


def test_front_matter_is_not_printed(book):
    book()
    page = (book.html / "07_two.html").read_text(encoding="utf-8")
    assert "enumerator" not in page
    assert "<title>7. A chapter" in page


def test_ids_of_exercises_are_unique(book):
    book()
    ids = re.findall(r'\bid="([^"]*)"', (book.html / "07_two.html").read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids))


def test_page_is_described_by_the_beginning_of_its_text(book):
    book(("See {eq}", "This page is about 1 < 2 & 2 < 3. See {eq}"))
    page = (book.html / "07_two.html").read_text(encoding="utf-8")
    expected = '<meta name="description" content="This page is about 1 &lt; 2 &amp; 2 &lt; 3. See'
    assert expected in page


def test_punctuation_stays_with_its_formula(book):
    assert book(("Do it.", "Take $x$, not $y$ alone ($z$).")) == ""
    page = (book.html / "07_two.html").read_text(encoding="utf-8")
    kept = re.findall(
        r'<span class="keep-together"><span [^>]*>\\\((.)\\\)</span>([^<]*)</span>', page
    )
    assert kept == [("x", ","), ("z", ").")]
    assert re.search(r"\\\(y\\\)</span> alone", page)


QUICK_CHECK = """\
````{admonition} Quick check
:class: quick-check

What is $1 + 1$?

1. one
2. two

```{admonition} Answer
:class: dropdown

1. No. That is half of it.
2. Right. Count them.
```
````
"""


def test_quick_check_answers_in_its_options(book):
    assert book(("Do it.\n```\n", "Do it.\n```\n\n" + QUICK_CHECK)) == ""
    page = (book.html / "07_two.html").read_text(encoding="utf-8")
    options = re.findall(r'<details class="(\w+)">(.*?)</details>', page, re.DOTALL)
    texts = [(kind, re.sub(r"<[^>]*>|\s+", " ", text).split()) for kind, text in options]
    assert texts == [
        ("wrong", "Option 1: one No. That is half of it.".split()),
        ("right", "Option 2: two Right. Count them.".split()),
    ]
    assert "dropdown" not in page.partition("quick-check")[2].partition("</details>")[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Right. Count", "Yes. Count"),
        ("No. That", "Right. That"),
        ("Right. Count", "No. Count"),
        ("2. Right. Count them.\n", ""),
        ("1. one\n2. two\n", ""),
    ],
)
def test_quick_check_without_one_right_answer_is_a_warning(book, old, new):
    assert old in QUICK_CHECK
    wrong = QUICK_CHECK.replace(old, new)
    assert "a quick check needs one answer for each option" in book(
        ("Do it.\n```\n", "Do it.\n```\n\n" + wrong)
    )


def test_mathjax_is_a_small_part_of_the_package(book):
    book()
    files = [path for path in (book.html / "_static" / "mathjax").rglob("*") if path.is_file()]
    assert any(path.name == "tex-chtml.js" for path in files)
    assert any(path.suffix == ".woff" for path in files)
    assert sum(path.stat().st_size for path in files) < 2_500_000


def test_missing_mathjax_names_the_package(book, monkeypatch):
    from mlpbook import mathjax

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(mathjax, "distribution", missing)
    with pytest.raises(ExtensionError, match="pip install -r requirements.txt"):
        book()


def test_live_figure_loads_its_scripts_on_its_page_only(book):
    from mlp_lib.figures import FIGURES

    name = next(iter(FIGURES))
    figure = f'<div class="live-figure" data-module="{name}" data-state="{{}}">fallback</div>'
    assert book(("# 7. A chapter\n", f"# 7. A chapter\n\n{figure}\n")) == ""
    pages = {n: (book.html / f"{n}.html").read_text(encoding="utf-8") for n in ("03_one", "07_two")}
    scripts = re.findall(r'src="(_static/live[^"?]*)', pages["07_two"])
    assert scripts == ["_static/live.js"]
    assert (book.html / "_static" / "live" / f"{name}.js").is_file()
    assert "_static/live/figures.css" in pages["07_two"]
    assert f"_static/live/{name}.css" in pages["07_two"]
    assert "_static/live" not in pages["03_one"]
    assert os.listdir(book.html / "_static" / "live")


def test_unknown_live_figure_stops_the_build(book):
    figure = '<div class="live-figure" data-module="nothing" data-state="{}">fallback</div>'
    with pytest.raises(ExtensionError, match="shows the live figure 'nothing'"):
        book(("# 7. A chapter\n", f"# 7. A chapter\n\n{figure}\n"))


def test_launchers_need_the_address_of_a_repository(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSION))
    from mlpbook.launch import find_launchers

    assert find_launchers("") == {}
    assert find_launchers("https://github.com/name/book/") == {
        "Binder": "https://mybinder.org/v2/gh/name/book/main?urlpath=lab/tree/",
        "Colab": "https://colab.research.google.com/github/name/book/blob/colab/",
    }
    for wrong in ("name/book", "https://github.com/name", "https://example.org/name/book"):
        with pytest.raises(ExtensionError, match="launch_repository is"):
            find_launchers(wrong)
