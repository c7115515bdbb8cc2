"""The built site in a browser that reaches no other host: nothing is missing, nothing fails."""


def open_page(page, address):
    """Open an address and wait until its mathematics has been drawn."""
    page.goto(address)
    page.evaluate("window.MathJax?.startup?.promise")


def rendered(page):
    """Count the formulas of the page, those that are drawn, and those with an error."""
    return page.evaluate(
        """() => ["article .math", "article mjx-container", "article mjx-merror"]
        .map(selector => document.querySelectorAll(selector).length)"""
    )


def wide_formulas(page):
    """Unfold the page; return the paragraphs with a formula that is wider than they are."""
    return page.evaluate(
        """() => {
        document.querySelectorAll("article details").forEach(fold => fold.open = true);
        document.querySelectorAll("article .toggle-hidden")
            .forEach(fold => fold.classList.remove("toggle-hidden"));
        const right = element => element.getBoundingClientRect().right;
        return [...document.querySelectorAll("article p mjx-container:not([display]) > mjx-math")]
            .filter(formula => right(formula) > right(formula.closest("p")) + 1)
            .map(formula => formula.closest("p").innerText);
        }"""
    )


def test_page_is_complete_and_fits_a_telephone(page, site_url, page_name, problems):
    page.emulate_media(color_scheme="light")
    open_page(page, f"{site_url}/{page_name}")
    formulas, drawn, errors = rendered(page)
    assert drawn == formulas
    assert errors == 0

    for width in (320, 400):  # 320: the smallest telephones, and 1280 enlarged four times
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wide_formulas(page) == []  # MathJax does not break them, and a solution's box cuts them

    # At night: a filter on a figure would change the colours that the text speaks of.
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme == 'dark'")
    filters = page.evaluate(
        "[...document.querySelectorAll('article img')].map(img => getComputedStyle(img).filter)"
    )
    assert set(filters) <= {"none"}
    assert problems == []


def test_chapter_works_as_a_file(page, site, first_chapter, problems):
    open_page(page, (site / first_chapter).as_uri())
    formulas, drawn, errors = rendered(page)
    assert drawn == formulas > 0
    assert errors == 0
    assert problems == []


def test_first_address_sends_the_reader_on(page, site_url, problems):
    page.goto(f"{site_url}/index.html", wait_until="commit")
    page.wait_for_url(f"{site_url}/book/index.html")
    assert problems == []


def test_search_finds_a_word(page, site_url, problems):
    page.goto(f"{site_url}/search.html?q=gradient")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() >= 1
    assert problems == []


def test_dark_mode_is_remembered(page, site_url, problems):
    page.emulate_media(color_scheme="light")
    page.goto(f"{site_url}/book/index.html")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "light"
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    for _ in range(3):  # the button goes round light, dark and the system's own
        page.locator("button.theme-switch-button:visible").first.click()
        if page.evaluate(theme) == "dark":
            break
    assert page.evaluate(theme) == "dark"
    assert page.evaluate(background) != light
    page.reload()
    assert page.evaluate(theme) == "dark"
    assert problems == []


def test_solution_opens_with_the_keyboard(page, site_url, first_chapter, problems):
    open_page(page, f"{site_url}/{first_chapter}")
    solution = page.locator("div.solution").first
    text = solution.locator("section").first
    button = solution.locator("button.toggle-button")
    assert button.get_attribute("aria-expanded") == "false"
    assert not text.is_visible()
    button.focus()
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert text.is_visible()
    assert problems == []


def test_print_is_light_and_unfolded(page, site_url, first_chapter, problems):
    page.emulate_media(color_scheme="dark")
    open_page(page, f"{site_url}/{first_chapter}")
    state = """() => [document.documentElement.dataset.theme,
        document.querySelectorAll("details:not([open]), .toggle-hidden").length]"""
    before = page.evaluate(state)
    assert before[0] == "dark" and before[1] > 0

    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(state) == ["light", 0]
    # What fades in is invisible in the first picture, which is the one that is printed.
    assert page.evaluate("document.getAnimations().length") == 0

    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(state) == before
    assert problems == []


def test_quick_check_answers_by_keyboard_and_without_javascript(
    page, browser, site_url, first_chapter, problems
):
    open_page(page, f"{site_url}/{first_chapter}")
    option = page.locator(".quick-check details").first
    answer = option.locator("div").first
    assert not answer.is_visible()
    option.locator("summary").focus()
    page.keyboard.press("Enter")
    assert answer.is_visible()
    assert answer.inner_text().startswith(("Right.", "No."))
    assert problems == []

    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{site_url}/{first_chapter}")
    plain.locator(".quick-check summary").first.click()
    assert plain.locator(".quick-check details div").first.is_visible()
    plain.context.close()


def test_skip_link_is_the_first_stop(page, site_url):
    page.goto(f"{site_url}/book/index.html")
    page.keyboard.press("Tab")
    focus = page.evaluate("document.activeElement.getAttribute('href')")
    assert focus == "#main-content"
    assert page.locator("#pst-skip-link a").is_visible()


def test_run_button_leads_to_the_section_on_running(page, site_url, first_chapter, problems):
    page.goto(f"{site_url}/{first_chapter}")
    page.get_by_role("link", name="Run this chapter").click()
    assert page.url == f"{site_url}/book/index.html#run-it"
    # Waits: the browser scrolls there only when the page's style sheets have come.
    page.get_by_role("heading", name="Run this book").wait_for()
    top = "document.querySelector('#run-it').getBoundingClientRect().top"
    page.wait_for_function(f"0 <= {top} && {top} < innerHeight")
    assert problems == []


def test_download_button_gives_the_notebook(page, site_url, first_chapter):
    page.goto(f"{site_url}/{first_chapter}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this notebook").click()
    assert download.value.suggested_filename.endswith(".ipynb")
