"""All pages: addresses, themes, and the way between them."""

from __future__ import annotations

import re

import pytest

from benchmarks.browser import PAGES
from tests.browser.world import DATASET, OLDER

WITH_TITLES = (
    ("", {}),
    ("losses", {"ls_view": "Loss curves"}),
    ("flagged", {}),
    ("graph_diff", {"gd_user": "u03"}),
    ("graph_diff", {"gd_view": "Changed edges"}),
    ("data", {"da_set": DATASET, "da_tab": "Items", "da_item": "i05"}),
    ("method", {}),
)
"""Pages where titles of items are on show."""


DRAWN = ("", "losses", "semantic_map", "graph_diff")
"""Pages whose figures have colours of their own for a dark screen."""


@pytest.mark.parametrize(("scheme", "pages"), [("light", tuple(PAGES)), ("dark", DRAWN)])
def test_every_page_opens_by_its_address(screen, scheme, pages):
    for path in pages:
        screen.open(path)
        ground = screen.page.locator('[data-testid="stApp"]').evaluate(
            "element => getComputedStyle(element).backgroundColor"
        )
        red = int(re.findall(r"\d+", ground)[0])
        assert red > 200 if scheme == "light" else red < 60
        screen.page.locator("[data-testid='stSidebar'] input[value*='browser']").wait_for()


def test_the_sidebar_keeps_run_and_review_list(screen):
    screen.open("losses", run=OLDER, ls_view="Loss curves")
    screen.press("Review them")
    screen.title("Flagged interactions")
    screen.until(lambda: {"run", "list"} <= set(screen.query))
    kept = {name: screen.query[name] for name in ("run", "list")}
    assert kept["run"] == [OLDER]
    listed = screen.says(" of 540 interactions")
    for title in ("Overview", "Loss distributions", "Semantic map", "Graph diff", "Data", "Method"):
        screen.go(title)
        screen.shows(lambda: {name: screen.query.get(name) for name in kept}, kept)
    screen.go("Flagged interactions")
    screen.shows(lambda: screen.query.get("list"), kept["list"])
    screen.shows(lambda: screen.says(" of 540 interactions"), listed)


def test_a_reload_shows_what_a_review_list_showed(screen):
    screen.open("losses", ls_view="Loss curves", ls_order="Lowest loss")
    screen.press("Review them")
    screen.title("Flagged interactions")
    listed = screen.says(" of 540 interactions")
    screen.page.reload()
    screen.title("Flagged interactions")
    screen.shows(lambda: screen.says(" of 540 interactions"), listed)


def test_back_and_reload_keep_the_filters(screen):
    screen.open("flagged")
    screen.write("fl_text", "ghost")
    found = screen.says(" of 540 interactions")
    screen.until(lambda: screen.query.get("fl_text") == ["ghost"])
    screen.page.reload()
    screen.title("Flagged interactions")
    screen.shows(lambda: screen.says(" of 540 interactions"), found)
    screen.go("Method")
    screen.page.go_back()
    screen.title("Flagged interactions")
    screen.shows(lambda: screen.query.get("fl_text"), ["ghost"])
    screen.shows(lambda: screen.says(" of 540 interactions"), found)
    assert screen.page.locator(".st-key-fl_text input").input_value() == "ghost"


def test_titles_of_the_data_stay_text(screen):
    for path, query in WITH_TITLES:
        screen.open(path, **query)
        screen.until(lambda: "onerror" in screen.page.content())  # it is there, in letters
        main = screen.page.get_by_test_id("stMain")
        for working in ("img[src='x']", "a[href*='evil']", ".katex", "b:text-is('b')"):
            assert main.locator(working).count() == 0, (path, working)
        assert main.locator("strong").filter(has_text="bold").count() == 0, path
        shown = main.locator("[data-testid='stText'], td, svg text").filter(has_text="<b>b</b><i")
        assert shown.count(), path
