"""The HTML files of the built site, read without a browser."""

import re
from functools import cache
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

LOADED = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src"}


@cache
def parse(path):
    """Read a page once."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture
def soup(site, page_name):
    """Return a page of the site, parsed."""
    return parse(site / page_name)


@pytest.fixture
def chapter(site, chapter_name):
    """Return a chapter, parsed, and its number as it stands in the file's name."""
    return parse(site / chapter_name), int(re.search(r"\d+", chapter_name)[0])


def test_page_has_title_language_and_description(soup):
    assert soup.html["lang"] == "en"
    assert len(soup.title.text.strip()) > 10
    descriptions = soup.find_all("meta", attrs={"name": "description"})
    assert len(descriptions) == 1
    assert len(descriptions[0]["content"]) > 20


def test_page_loads_nothing_from_another_host(soup):
    elements = soup.find_all(list(LOADED))
    addresses = [element.get(LOADED[element.name], "") for element in elements]
    assert [address for address in addresses if urlsplit(address).netloc] == []


def test_page_has_a_theme_without_javascript(soup):
    assert soup.html["data-theme"] == "light"


def test_what_unfolds_has_a_name_that_is_seen(chapter):
    soup, _ = chapter
    names = []
    for summary in BeautifulSoup(str(soup.article), "html.parser").select("summary"):
        for formula in summary.select(".math"):
            formula.decompose()  # browsers take no formula into the name of a button
        names.append(summary.get("aria-label") or summary.get_text().strip())
    assert names and set(names) & {"", "Toggle hidden content"} == set()


def test_ids_are_unique(soup):
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert sorted(name for name in set(ids) if ids.count(name) > 1) == []


def test_images_have_alternative_text(soup):
    in_text = soup.select("article img")
    assert [image["src"] for image in in_text if not image.get("alt", "").strip()] == []
    assert [image["src"] for image in soup.find_all("img") if not image.has_attr("alt")] == []


def test_internal_links_lead_somewhere(site, soup, page_name):
    broken = []
    for link in soup.find_all("a", href=True):
        address = urlsplit(link["href"])
        if address.scheme or address.netloc:
            continue
        path = site / page_name
        if address.path:
            path = (path.parent / unquote(address.path)).resolve()
        if not path.is_file():
            broken.append(link["href"])
        elif address.fragment and path.suffix == ".html":
            if parse(path).find(id=unquote(address.fragment)) is None:
                broken.append(link["href"])
    assert broken == []


def test_equations_are_numbered_by_chapter(chapter):
    soup, number = chapter
    shown = [element.get_text().strip("()# \n") for element in soup.select("span.eqno")]
    assert shown == [f"{number}.{count}" for count in range(1, len(shown) + 1)]
    assert shown


@pytest.mark.parametrize(
    ("selector", "word"),
    [
        ("figcaption .caption-number", "Fig."),
        ("table > caption .caption-number", "Table"),
        ("div.exercise > .admonition-title .caption-number", "Exercise"),
    ],
)
def test_captions_are_numbered_by_chapter(chapter, selector, word):
    soup, number = chapter
    shown = [element.get_text().strip() for element in soup.select(selector)]
    assert shown == [f"{word} {number}.{count}" for count in range(1, len(shown) + 1)]
    assert shown or word == "Table"


def test_references_to_equations_show_their_numbers(chapter):
    soup, _ = chapter
    links = soup.select("article a.reference.internal[href*='#equation-eq-']")
    wrong = {}
    for link in links:
        number = link["href"].rpartition("#equation-eq-")[2].replace("-", ".")
        if number not in link.get_text():
            wrong[link["href"]] = link.get_text()
    assert wrong == {}
    assert links


def test_every_exercise_has_a_solution(chapter):
    soup, _ = chapter
    assert len(soup.select("div.exercise")) == len(soup.select("div.solution")) >= 1


def test_no_markup_is_left_unrendered(chapter):
    soup, _ = chapter
    article = BeautifulSoup(str(soup.find("article")), "html.parser")
    for element in article.select("pre, code, script, .math"):
        element.decompose()
    text = article.get_text()
    left = ("{eq}", "{ref}", "{numref}", "{cite", "```", "$", "\\begin{", "enumerator:")
    assert [markup for markup in left if markup in text] == []


def test_appendix_says_where_every_item_is(site):
    rows = parse(site / "book/sources.html").select("tbody tr")
    cells = {row.td.text: row.find_all("td") for row in rows}
    items = [name for name in cells if re.fullmatch(r"S\d-\d\d|X-\d\d|[DF]-\d\d", name)]
    assert len(items) == 268 + 11 + 45
    assert [name for name in items if not cells[name][-1].find("a")] == []
    assert len([name for name in cells if re.match(r"E\d-\d\d", name)]) == 124


@pytest.mark.parametrize("name", ["glossary", "api", "exercises"])
def test_appendix_is_not_empty(site, name):
    assert len(parse(site / f"book/{name}.html").article.text.split()) > 300
