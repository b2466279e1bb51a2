"""People at the page Label, in the words of its tests.

A module of tests takes the fixtures by name: they start an app of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from benchmarks.browser import serve
from tests.browser.screen import Screen
from tests.label_run import write_label_run

LABELS = {"1": "hard", "2": "noisy", "3": "clean", "4": "unsure"}


@dataclass(frozen=True)
class World:
    """The running app, and its interactions."""

    url: str
    pid: int
    table: pd.DataFrame


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):  # noqa: ARG001 - skipped without a browser
    """An app of its own: its workspace gets labels."""
    workspace = tmp_path_factory.mktemp("labels")
    table = write_label_run(workspace, n_users=110)  # 6,600 interactions, 5,280 of them clean
    with serve(workspace) as started:
        yield World(started.url, started.pid, table)


class Desk:
    """One person at the page."""

    def __init__(self, screen: Screen, who: str) -> None:
        self.screen, self.page, self.who = screen, screen.page, who

    def open(self, **query: object) -> Desk:
        self.page.goto(f"{self.screen.url}/label?" + "&".join(f"{k}={v}" for k, v in query.items()))
        return self.sign()

    def sign(self) -> Desk:
        self.screen.title("Label")
        field = self.page.locator(".st-key-la_name input")
        known = self.page.get_by_text(f"You label as {self.who}", exact=True)
        field.or_(known).first.wait_for()
        if field.count():  # the browser remembers the name, so that a reload does not ask
            field.fill(self.who)
            self.screen.press("Start")
        self.screen.says(f"You label as {self.who}")
        return self

    def ready(self) -> Desk:
        self.page.locator('.queue:not([data-shown=""])[data-shown]').wait_for()
        self.screen.idle()
        return self

    def ahead(self, n_items: int) -> None:
        """Wait where a slow machine has not brought the next items yet."""
        self.screen.until(lambda: int(self.queue.get_attribute("data-ahead") or 0) >= n_items)

    @property
    def queue(self):
        return self.page.locator(".queue")

    def shown(self) -> str:
        """Ids of the item on screen, as JSON."""
        return str(self.queue.get_attribute("data-shown"))

    def key(self, key: str) -> tuple[str, str]:
        """Press a key; return the item on screen before, and the label it stands for."""
        before = self.shown()
        self.page.keyboard.press(key)
        return before, LABELS.get(key, "")

    def saved(self) -> None:
        """Wait until nothing waits to be saved."""
        self.screen.until(lambda: self.queue.get_attribute("data-waiting") == "0")
        self.screen.idle()

    def labels(self) -> dict[str, str]:
        """Everything this person has said, from the file that the page exports."""
        return self.exported("label")

    def notes(self) -> dict[str, str]:
        """Notes of this person, without empty ones."""
        return {pair: note for pair, note in self.exported("note").items() if note}

    def exported(self, column: str) -> dict[str, str]:
        """A column of the file that the page exports, by the ids of the pair."""
        self.screen.switch("la_tab", "Import and export")
        table = pd.read_csv(self.screen.download("la_export.csv"), keep_default_na=False)
        own = table[table["who"] == self.who]
        assert not own.duplicated(["user_id", "item_id"]).any()
        names = [f'["{u}", "{i}"]' for u, i in zip(own["user_id"], own["item_id"], strict=True)]
        return dict(zip(names, own[column], strict=True))


@pytest.fixture
def desk(screen):
    """One window, a name of its own by test."""

    def start(who: str, **query: object) -> Desk:
        return Desk(screen, who).open(**query).ready()

    return start


@pytest.fixture
def second(server, browser, tmp_path):
    """Another window, such as of another person."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    yield lambda who: Desk(Screen(context.new_page(), server.url, tmp_path), who).open().ready()
    context.close()
