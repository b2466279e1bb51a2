"""Back and Forward of the browser: one press for one page, and the page is as it was left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.browser import PAGES
from tests.browser.world import OLDER

ENGINE = ("torch", "umap", "numba", "sentence_transformers", "sklearn")
"""What no page loads."""
MOST_MB = 1000
LEFT_HALF = [(0.03, 0.03), (0.5, 0.03), (0.5, 0.97), (0.03, 0.97)]
CORNER = [(0.03, 0.03), (0.3, 0.03), (0.3, 0.3), (0.03, 0.3)]


def entries(screen):
    """Length of the browser's history."""
    return screen.page.evaluate("history.length")


def back(screen, title):
    screen.page.go_back()
    screen.title(title)


def forward(screen, title):
    screen.page.go_forward()
    screen.title(title)


def card(screen):
    return screen.page.locator(".st-key-fl_card")


def about(screen):
    """User and item of the card."""
    return re.findall(r"(?:User|Item) (\S+)", card(screen).inner_text())[:2]


def choose(screen, place):
    """Choose a row of the list and wait until the address names it."""
    before = screen.query.get("fl_row")
    screen.choose_row(place)
    screen.until(lambda: screen.query.get("fl_row", before) != before)
    screen.idle()


def assert_light(pid):
    """The engine's libraries are not mapped into the process, and it is small."""
    process = Path(f"/proc/{pid}")
    if not process.is_dir():
        pytest.skip("only Linux says what a process has loaded")
    loaded = (process / "maps").read_text()
    assert [name for name in ENGINE if f"/site-packages/{name}/" in loaded] == []
    resident = int(re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())[1]) / 1024
    assert resident < MOST_MB


def test_one_press_returns_to_the_list_with_filter_row_and_run(screen):
    screen.open("flagged", run=OLDER)
    screen.write("fl_text", "ghost")
    choose(screen, 2)
    left, shown = screen.page.url, about(screen)
    screen.go("Method")
    screen.shows(lambda: screen.query, {"run": [OLDER]})
    back(screen, "Flagged interactions")
    screen.shows(lambda: screen.page.url, left)
    screen.shows(lambda: about(screen), shown)
    assert screen.page.locator(".st-key-fl_text input").input_value() == "ghost"
    assert screen.says(" of 540 interactions")
    forward(screen, "Method")
    screen.shows(lambda: screen.query, {"run": [OLDER]})


def test_one_press_returns_from_the_graph_to_the_card(screen):
    screen.open("flagged")
    choose(screen, 3)
    left, shown = screen.page.url, about(screen)
    card(screen).get_by_role("button", name=re.compile("Neighbourhood")).first.click()
    screen.title("Graph diff")
    screen.says("User in the middle")
    assert screen.query["gd_user"] == [shown[0]]
    there = screen.page.url
    back(screen, "Flagged interactions")
    screen.shows(lambda: screen.page.url, left)
    screen.shows(lambda: about(screen), shown)
    forward(screen, "Graph diff")
    screen.shows(lambda: screen.page.url, there)
    screen.says("User in the middle")


def test_every_page_is_one_entry_of_the_history_and_the_engine_stays_out(screen, server):
    screen.open()
    before = entries(screen)
    left = []
    for title in list(PAGES.values())[1:]:
        left.append(screen.page.url)
        screen.go(title)
        if title == "Jobs":  # says which job it shows a moment after it is drawn
            screen.until(lambda: "jo_id" in screen.query)
    assert entries(screen) == before + len(left)
    for title, url in zip(reversed(list(PAGES.values())[:-1]), reversed(left), strict=True):
        back(screen, title)
        screen.shows(lambda: screen.page.url, url)
    assert_light(server.pid)  # every page was seen


def test_what_is_done_on_a_page_adds_nothing_to_the_history(screen):
    screen.open()
    screen.go("Flagged interactions")
    before = entries(screen)
    screen.write("fl_text", "e")
    listed = screen.row(2)
    screen.pick("fl_sort", "User, then item")
    screen.until(lambda: screen.cells(2) not in ([], listed))
    screen.idle()
    choose(screen, 2)
    choose(screen, 4)
    screen.page.locator("h1").click()
    row = screen.query["fl_row"]
    screen.page.keyboard.press("j")
    screen.until(lambda: screen.query.get("fl_row", row) != row)
    assert entries(screen) == before
    back(screen, "Overview")


def test_filters_come_back_by_the_sidebar(screen):
    screen.open("flagged")
    screen.write("fl_text", "ghost")
    choose(screen, 1)
    left, shown = screen.query, about(screen)
    screen.go("Data")
    screen.go("Method")
    screen.go("Flagged interactions")
    screen.until(lambda: screen.query == left)
    screen.shows(lambda: about(screen), shown)
    back(screen, "Method")
    screen.shows(lambda: screen.query, {"run": left["run"]})


def test_back_brings_the_run_back_that_was_shown(screen):
    screen.open("flagged")
    (newest,) = screen.query["run"]
    screen.go("Method")
    field = screen.page.get_by_test_id("stSidebar").locator("input[role=combobox], input").first
    field.click()
    screen.page.get_by_role("option", name=OLDER).click()
    screen.until(lambda: screen.query.get("run") == [OLDER])
    screen.idle()
    back(screen, "Flagged interactions")
    screen.shows(lambda: screen.query.get("run"), [newest])
    screen.shows(field.input_value, newest)


def test_back_brings_the_outline_back_that_was_drawn(screen):
    screen.open("semantic_map", sm_view="Aligned", sm_draw="Pixels")
    area = screen.page.locator(".map canvas.over")
    screen.page.locator(".map[data-painted]").wait_for()
    screen.lasso(area, LEFT_HALF)
    said = screen.says(" points outlined")
    screen.until(lambda: "sm_area" in screen.query)
    first = screen.query["sm_area"]
    screen.go("Method")
    screen.go("Semantic map")
    screen.page.locator(".map[data-painted]").wait_for()
    screen.shows(lambda: screen.query.get("sm_area"), first)
    screen.lasso(area, CORNER)
    screen.until(lambda: screen.query.get("sm_area", first) != first)
    screen.idle()
    screen.until(lambda: screen.says(" points outlined") != said)
    back(screen, "Method")
    back(screen, "Semantic map")
    screen.shows(lambda: screen.query.get("sm_area"), first)
    screen.shows(lambda: screen.says(" points outlined"), said)


@pytest.mark.parametrize(
    ("path", "query"),
    [("", {}), ("graph_diff", {}), ("losses", {"run": "gone", "ls_view": "Threshold"})],
)
def test_one_press_leaves_the_app_however_short_the_address_was(screen, path, query):
    """The app completes an address that does not say all; that is no page of its own."""
    screen.open(path, **query)
    screen.until(lambda: screen.query.get("run", ["gone"]) != ["gone"])
    screen.page.go_back()
    screen.until(lambda: screen.page.url == "about:blank")


def test_the_link_of_a_heading_is_an_ordinary_step(screen):
    screen.open("method")
    screen.page.evaluate("location.hash = '#method'")
    screen.idle()
    screen.until(lambda: screen.page.url.endswith("#method"))
    back(screen, "Method")
    assert "#" not in screen.page.url
    assert screen.path == "method"


def test_back_after_a_reload(screen):
    screen.open("flagged")
    screen.write("fl_text", "ghost")
    left = screen.page.url
    screen.go("Graph diff")
    screen.page.reload()
    screen.title("Graph diff")
    back(screen, "Flagged interactions")
    screen.shows(lambda: screen.page.url, left)
    assert screen.page.locator(".st-key-fl_text input").input_value() == "ghost"
