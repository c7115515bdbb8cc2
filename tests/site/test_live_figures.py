"""What holds for every live figure in the built book, whatever it shows."""

import os
import re

import pytest

SMALL, LARGE = {"width": 400, "height": 900}, {"width": 1400, "height": 900}
CONTROLS = "input, select, button, canvas, [tabindex='0']"
MOST_SCRIPT = 250_000  # bytes a page may load for its live figures
SOON = 200  # milliseconds from the first press to the answer on the screen

both_sizes = pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "narrow"])


def test_every_figure_has_its_place(module, pages_of_figures):
    assert pages_of_figures.get(module), f"no chapter shows the live figure {module}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@both_sizes
def test_no_violation_of_accessibility_rules(figure_of, module, size, scheme):
    if os.environ.get("MLP_REQUIRE_BROWSER") != "1":
        pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    figure = figure_of(module)
    page = figure.page
    page.set_viewport_size(size)
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    # Axe leaves the contrast of text on a drawing open. Hidden drawings cannot be under text; the
    # text in them has the colours of the paragraphs.
    page.add_style_tag(content=".mlp-figure svg[aria-hidden] { display: none !important }")
    options = {
        "preload": False,  # it would ask for style sheets under wrong addresses
        "checks": {"color-contrast": {"options": {"ignoreUnicode": False}}},
    }
    found = Axe().run(page, f"[data-module={module}] .mlp-figure", options).response
    assert "color-contrast" in [rule["id"] for rule in found["passes"]]
    doubts = [
        (rule["id"], node["html"], [check["message"] for check in node["any"]])
        for rule in found["violations"] + found["incomplete"]
        for node in rule["nodes"]
    ]
    assert [doubt for doubt in doubts if not doubt[1].startswith(("<text", "<tspan"))] == []


def test_theme_of_the_page(figure_of, module):
    figure = figure_of(module)
    colours = []
    for scheme in ("light", "dark"):
        figure.page.evaluate("s => { document.documentElement.dataset.theme = s }", scheme)
        style = "node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]"
        colours.append([sum(map(int, re.findall(r"\d+", c)[:3])) for c in figure.evaluate(style)])
    (light_paper, light_ink), (dark_paper, dark_ink) = colours
    assert light_paper > 700 > 150 > light_ink
    assert dark_ink > 650 > 150 > dark_paper


@both_sizes
def test_fits_and_can_be_touched(figure_of, module, size):
    figure = figure_of(module)
    page = figure.page
    page.set_viewport_size(size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    frame = figure.bounding_box()
    for control in figure.locator("input, select, button, .handle").all():
        if control.is_visible():
            box = control.bounding_box()
            assert min(box["width"], box["height"]) >= 24, control.evaluate("n => n.outerHTML")
    for part in figure.locator("input, select, button, canvas, svg, p, table").all():
        if part.is_visible():
            box = part.bounding_box()
            what = part.evaluate("node => node.outerHTML.slice(0, 200)")
            assert box["x"] >= frame["x"] - 0.5, what
            assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 0.5, what


def test_everything_is_reached_with_the_keyboard(figure_of, module):
    figure = figure_of(module)
    controls = figure.locator(CONTROLS)
    usable = [
        controls.nth(n)
        for n in range(controls.count())
        if controls.nth(n).is_visible() and controls.nth(n).is_enabled()
    ]
    assert usable
    usable[0].focus()
    for control in usable:
        text = control.evaluate("node => node.outerHTML.slice(0, 200)")
        assert control.evaluate("node => node === document.activeElement"), text
        assert control.evaluate("n => getComputedStyle(n).outlineStyle") == "solid", text
        figure.page.keyboard.press("Tab")


def test_the_page_scrolls_past_the_figure(figure_of, module):
    """A key that is not meant for a control must not be swallowed, nor the wheel."""
    figure = figure_of(module)
    before = figure.page.evaluate("scrollY")
    figure.hover(position={"x": 5, "y": 5})
    figure.page.mouse.wheel(0, -300 if before > 400 else 300)
    figure.page.wait_for_function("before => Math.abs(scrollY - before) > 100", arg=before)


def test_still_picture_without_javascript(browser, site_url, pages_of_figures, module):
    page = browser.new_page(java_script_enabled=False)
    for name in pages_of_figures[module]:
        page.goto(f"{site_url}/{name}")
        place = page.locator(f".live-figure[data-module={module}]").first
        assert place.locator("svg[role=img], img[alt], table").first.is_visible()
        assert len(re.findall(r"\d", place.inner_text())) >= 5  # numbers, not an empty frame
        assert place.bounding_box()["width"] <= 1400
        for picture in place.locator("svg").all():
            frame = picture.bounding_box()
            for words in picture.locator("text").all():
                box, said = words.bounding_box(), words.text_content()
                assert frame["x"] <= box["x"], said
                assert box["x"] + box["width"] <= frame["x"] + frame["width"], said
    page.close()


def test_page_opened_as_a_file(page, site, pages_of_figures, module, problems):
    page.goto((site / pages_of_figures[module][0]).as_uri())
    place = page.locator(f".live-figure[data-module={module}]").first
    place.scroll_into_view_if_needed()
    place.locator(".mlp-figure").first.wait_for()
    assert problems == []


def test_script_is_small_and_loaded_only_when_needed(page, site_url, pages_of_figures, module):
    for name in pages_of_figures[module]:
        loaded = {}
        page.on(
            "response",
            lambda response, loaded=loaded: (
                loaded.update({response.url: response})
                if "/_static/live" in response.url and ".js" in response.url
                else None
            ),
        )
        page.goto(f"{site_url}/{name}", wait_until="networkidle")
        assert not [url for url in loaded if f"live/{module}.js" in url]
        for place in page.locator(".live-figure").all():
            place.scroll_into_view_if_needed()
            place.locator(".mlp-figure").first.wait_for()
        assert [url for url in loaded if f"live/{module}.js" in url]
        assert sum(len(response.body()) for response in loaded.values()) <= MOST_SCRIPT


def test_first_answer_is_soon(figure_of, module):
    figure = figure_of(module)
    first = figure.locator("button, input[type=range], input[type=checkbox], select").first
    first.focus()
    measure = """node => new Promise((resolve) => {
        const start = performance.now();
        const key = node.matches("button, [type=checkbox]") ? "click" : "input";
        if (key === "click") node.click();
        else node.dispatchEvent(new Event("input", { bubbles: true }));
        node.dispatchEvent(new Event("change", { bubbles: true }));
        const answer = () => resolve(performance.now() - start);
        requestAnimationFrame(() => requestAnimationFrame(answer));
    })"""
    assert first.evaluate(measure) <= SOON


def test_no_number_is_missing(figure_of, module):
    assert not re.search("NaN|Infinity|undefined", figure_of(module).inner_text())
