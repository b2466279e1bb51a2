"""What a person does with a page of the workbench, in the words of the tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.browser import DRAWN, PAGES

TABLE = '[data-testid="stDataFrame"]'
TIMEOUT_S = 60
"""Patience with a machine that has other work to do."""
SETTLE = """() => new Promise((done) => {
  setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 200);
})"""
"""Until the page has dealt with a click and says that its script runs. Timed by the page itself:
on a busy machine its own timers are late as well, and this one comes after them."""
HEADER, ROW = 35, 28
"""Height of the head and of a row of a table of interactions, in pixels."""


class Screen:
    """One browser window on the app."""

    def __init__(self, page: Any, url: str, folder: Path) -> None:
        self.page = page
        self.url = url
        self.folder = folder

    # ---- where it is
    def open(self, path: str = "", **query: object) -> None:
        """Open a page by its address."""
        self.page.goto(f"{self.url}/{path}?{urlencode(query, doseq=True)}")
        self.title(PAGES[path])

    def title(self, text: str) -> None:
        """Wait for the page of this title."""
        self.page.get_by_role("heading", level=1, name=text, exact=True).wait_for()
        self.idle()

    def idle(self) -> None:
        """Wait until the script of the page has run to its end, and everything is drawn."""
        self.page.evaluate(SETTLE)
        self.page.wait_for_function(DRAWN)
        assert not self.page.get_by_test_id("stException").count(), self.text()

    @property
    def query(self) -> dict[str, list[str]]:
        """What the address says."""
        return parse_qs(urlsplit(self.page.url).query)

    @property
    def path(self) -> str:
        """Which page the address names."""
        return urlsplit(self.page.url).path.strip("/")

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something is so."""
        for _ in range(TIMEOUT_S * 10):
            if holds():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"never came true at {self.page.url}\n{self.text()}")

    def says(self, part: str) -> str:
        """Wait until a line of the page has a text in it; return the line."""
        found: list[str] = []

        def look() -> list[str]:
            found[:] = [line for line in self.text().splitlines() if part in line]
            return found

        self.until(look)
        self.idle()
        self.until(look)  # it may be drawn anew meanwhile
        return found[0]

    def shows(self, found: Callable[[], object], wanted: object) -> None:
        """Wait until something that can be looked up is what it has to be."""
        self.until(lambda: found() == wanted)

    def text(self) -> str:
        """Everything that can be read on the page, but for the sidebar."""
        return str(self.page.get_by_test_id("stMain").inner_text())

    # ---- what a person does
    def go(self, title: str) -> None:
        """Go to a page by the sidebar."""
        self.page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
        self.title(title)

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button."""
        self.page.get_by_test_id("stMain").get_by_role("button", name=name).first.click()

    def pick(self, key: str, option: str) -> None:
        """Choose an option of a select box."""
        self.page.locator(f".st-key-{key} [role=combobox], .st-key-{key} input").first.click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.idle()

    def switch(self, key: str, option: str) -> None:
        """Choose one of a row of segments or pills."""
        self.page.locator(f".st-key-{key}").get_by_role("radio", name=option).or_(
            self.page.locator(f".st-key-{key}").get_by_role("button", name=option)
        ).first.click()
        self.idle()

    def write(self, key: str, text: str) -> None:
        """Type a text and press Enter."""
        field = self.page.locator(f".st-key-{key} input").first
        field.fill(text)
        field.press("Enter")
        self.idle()

    def choose_row(self, place: int, table: Any = None, row: int = ROW) -> None:
        """Click the mark at the left of a row of a table."""
        found = table if table is not None else self.page.locator(TABLE).first
        found.locator("canvas").first.wait_for()
        found.scroll_into_view_if_needed()
        box = found.bounding_box()
        self.page.mouse.click(box["x"] + 16, box["y"] + HEADER + row * place + row // 2)
        self.idle()

    def cells(self, place: int, table: Any = None) -> list[str]:
        """Texts of a row, from the copy of the table that screen readers get."""
        found = table if table is not None else self.page.locator(TABLE).first
        return list(found.locator(f'tr[aria-rowindex="{place + 2}"] td').all_text_contents())

    def row(self, place: int, table: Any = None) -> list[str]:
        """The same of a row that is there: the copy comes after the picture."""
        self.until(lambda: self.cells(place, table))
        return self.cells(place, table)

    def download(self, key: str) -> Path:
        """Press a download button; return the file."""
        with self.page.expect_download() as waiting:
            self.page.locator(f".st-key-{key.replace('.', '-')} button").first.click()
        target = self.folder / waiting.value.suggested_filename
        waiting.value.save_as(target)
        return target

    def plot(self, key: str, tool: str) -> Any:
        """Take a tool (``lasso``, ``select``, ``pan``) of a plotly figure; return its area."""
        figure = self.page.locator(f"[class*='st-key-{key}'] .js-plotly-plot").first
        figure.locator(".nsewdrag").first.wait_for(state="attached")
        figure.hover()
        figure.locator(f'.modebar-btn[data-attr="dragmode"][data-val="{tool}"]').click()
        return figure.locator(".nsewdrag").first

    def lasso(self, area: Any, corners: list[tuple[float, float]], closed: bool = True) -> None:
        """Draw an outline with the mouse; corners as shares of the area's width and height."""
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in [*places[1:], *places[: int(closed)]]:
            mouse.move(*place, steps=6)
        mouse.up()
