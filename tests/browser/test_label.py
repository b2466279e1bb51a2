"""Labelling in a real browser: no key is lost, doubled or given to another item."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass

import pandas as pd
import pytest

from benchmarks.browser import serve
from tests.browser.screen import Screen
from tests.label_run import HOSTILE, write_label_run

LABELS = {"1": "hard", "2": "noisy", "3": "clean", "4": "unsure"}
PAUSE_S = 0.03
"""Between two keys: 33 a second, faster than anybody labels."""


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
    table = write_label_run(workspace)
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
        self.page.locator(".st-key-la_name input").fill(self.who)
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
        self.screen.switch("la_tab", "Import and export")
        table = pd.read_csv(self.screen.download("la_export.csv"), keep_default_na=False)
        own = table[table["who"] == self.who]
        assert not own.duplicated(["user_id", "item_id"]).any()
        names = [f'["{u}", "{i}"]' for u, i in zip(own["user_id"], own["item_id"], strict=True)]
        return dict(zip(names, own["label"], strict=True))


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


WATCH = """addEventListener("keydown", (event) => {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot);
  const queue = hosts.map((one) => one.shadowRoot.querySelector(".queue")).find(Boolean);
  if (queue) (globalThis.pressed ??= []).push([queue.dataset.shown, event.key]);
}, true)"""
"""Notes, before the queue hears of a key, what is on screen when it comes."""


def test_two_hundred_keys_label_two_hundred_items_and_each_the_one_on_screen(screen):
    screen.page.add_init_script(WATCH)
    ana = Desk(screen, "Ana").open().ready()
    ana.page.evaluate("globalThis.pressed = []")
    took = 0.0
    for block in range(10):
        start = time.monotonic()
        for place in range(20):
            ana.page.keyboard.press("1234"[(block + place) % 4])
            time.sleep(max(0.0, start + PAUSE_S * (place + 1) - time.monotonic()))
        took += time.monotonic() - start
        ana.ahead(20)
    ana.saved()
    pressed = {shown: LABELS[key] for shown, key in ana.page.evaluate("globalThis.pressed")}
    assert took < 10
    assert len(pressed) == 200  # as many items
    assert ana.labels() == pressed


def test_a_held_key_labels_one_item(desk):
    ben = desk("Ben")
    before = ben.shown()
    for _ in range(5):
        ben.page.keyboard.down("2")
    ben.page.keyboard.up("2")
    ben.saved()
    assert ben.labels() == {before: "noisy"}


def test_undo_and_redo_follow_the_keys(desk):
    cid = desk("Cid")
    first, second, third = (cid.key(key) for key in "123")
    cid.page.keyboard.press("z")
    assert cid.shown() == third[0]
    cid.page.keyboard.press("z")
    assert cid.shown() == second[0]
    cid.page.keyboard.press("y")
    assert cid.shown() == third[0]
    cid.saved()
    assert cid.labels() == dict([first, second])


def test_undo_works_after_a_reload_and_shows_what_it_took_back(desk):
    dan = desk("Dan")
    pressed = [dan.key(key) for key in "122"]
    dan.saved()
    dan.page.reload()
    dan.sign().ready()
    dan.page.keyboard.press("z")
    dan.screen.until(lambda: dan.shown() == pressed[-1][0])
    dan.saved()
    assert dan.labels() == dict(pressed[:2])


def test_what_was_not_sent_before_a_reload_is_sent_after_it(desk):
    eva = desk("Eva")
    eva.page.evaluate("globalThis.llmhniOutbox.send = null")
    pressed = [eva.key(key) for key in "1212"]
    assert eva.queue.get_attribute("data-waiting") == "4"
    eva.page.reload()
    eva.sign().ready().saved()
    assert eva.shown() not in dict(pressed)
    assert eva.labels() == dict(pressed)


def test_what_was_sent_in_the_last_moment_before_a_reload_counts_once(desk):
    fay = desk("Fay")
    pressed = [fay.key(key) for key in "3331"]
    fay.page.reload()
    fay.sign().ready().saved()
    assert fay.labels() == dict(pressed)


def test_a_server_that_does_not_answer_for_a_while_loses_nothing(desk, server):
    gus = desk("Gus")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        pressed = [gus.key(key) for key in "12341234"]
        gus.page.wait_for_timeout(7000)
        assert "does not answer" in gus.queue.inner_text()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    gus.saved()
    assert gus.labels() == dict(pressed)


def test_keys_before_the_first_item_are_told_and_label_nothing(screen):
    hal = Desk(screen, "Hal")
    hal.page.goto(f"{screen.url}/label")
    hal.screen.title("Label")
    hal.page.locator(".st-key-la_name input").fill("Hal")
    hal.page.get_by_role("button", name="Start").click()
    n_pressed = 0
    while n_pressed < 400:
        hal.page.keyboard.press("2")
        n_pressed += 1
        if hal.queue.count() and hal.shown() not in ("", "None"):
            break
        hal.page.wait_for_timeout(50)
    hal.ready().saved()
    told = re.search(r"(\d+) keys? \(", hal.queue.inner_text())
    n_told = int(told[1]) if told else 0
    hal.key("1")
    hal.saved()
    assert len(hal.labels()) + n_told == n_pressed + 1


def test_back_skip_note_and_own_keys(desk):
    ida = desk("Ida")
    first = ida.key("1")[0]
    skipped = ida.key("s")[0]
    ida.page.keyboard.press("b")
    assert ida.shown() == skipped
    ida.page.keyboard.press("ArrowLeft")
    assert ida.shown() == first
    ida.page.keyboard.press("n")
    ida.page.keyboard.type("123 zsb")  # letters of a note label nothing
    ida.page.keyboard.press("Enter")
    ida.page.keyboard.press("3")
    ida.page.keyboard.press("?")
    ida.page.locator("[data-key=second]").press("x")
    ida.page.keyboard.press("Escape")
    assert ida.shown() == skipped
    ida.page.keyboard.press("x")
    ida.saved()
    assert ida.labels() == {first: "clean", skipped: "noisy"}


def test_additions_have_their_own_labels(desk):
    joe = desk("Joe", la_order="Additions")
    like, no = joe.key("1"), joe.key("2")
    joe.page.keyboard.press("3")
    assert "That label is for pairs that were observed" in joe.queue.inner_text()
    joe.saved()
    assert joe.labels() == {like[0]: "like", no[0]: "not"}


def test_titles_and_reasons_are_plain_text(desk):
    kim = desk("Kim")
    text = kim.queue.inner_text()
    assert text.count(HOSTILE) >= 3
    assert kim.queue.locator("img, a, h3 b").count() == 0


def test_two_people_differ_and_one_settles_it(desk, second):
    lea, max_ = desk("Lea"), second("Max")
    mine, theirs = lea.key("1"), max_.key("2")
    assert mine[0] == theirs[0]
    lea.saved()
    max_.saved()
    max_.page.keyboard.press("b")
    assert "Lea" in max_.queue.inner_text()
    lea.screen.switch("la_tab", "Second opinions")
    said = lea.screen.says("to settle")
    assert re.match(r"[1-9]\d* to settle", said)
    lea.screen.says("Max: ✕ noisy")
    settle = lea.page.get_by_test_id("stForm")
    settle.get_by_text("● clean", exact=True).click()
    settle.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    lea.screen.says("1 settled")
    assert lea.labels()[mine[0]] == "clean"


def test_two_windows_of_one_person_are_told_of_each_other(desk, second):
    noa, again = desk("Noa"), second("Noa")
    noa.key("1")
    noa.saved()
    again.key("2")
    again.saved()
    said = again.queue.inner_text()
    assert "labelled ◆ hard elsewhere" in said
    assert "now it is ✕ noisy" in said


def test_five_thousand_are_labelled_and_set_back_at_once(desk, server):
    clean = server.table.query("verdict == 'clean'")
    assert len(clean) > 4000
    oli = desk("Oli", la_verdict="clean")
    kept = oli.key("4")
    oli.saved()
    oli.screen.switch("la_tab", "Bulk")
    oli.screen.says(f"{len(clean):,} interactions pass the filters")
    oli.screen.switch("la_bulk_label", "● clean")
    oli.screen.says("1 have another label of yours: they are left as they are")
    oli.screen.press(re.compile(f"Label {len(clean) - 1:,} interactions"))
    oli.page.get_by_role("dialog").get_by_role("button", name=re.compile("Yes, label")).click()
    oli.screen.says(f"{len(clean) - 1:,} interactions labelled: ● clean")
    labels = oli.labels()
    assert len(labels) == len(clean)
    assert labels.pop(kept[0]) == "unsure"
    assert set(labels.values()) == {"clean"}
    oli.screen.switch("la_tab", "Bulk")
    oli.screen.press(re.compile(f"Undo {len(clean) - 1:,}"))
    oli.screen.says("labels set back")
    assert oli.labels() == {kept[0]: "unsure"}


@pytest.mark.parametrize("scheme", ["dark"])
def test_the_full_card_opens_beneath_and_goes_with_the_next_key(desk):
    pia = desk("Pia")
    pia.page.keyboard.press("o")
    pia.page.locator(".st-key-la_card").wait_for()
    pia.screen.idle()
    pia.key("1")
    pia.saved()
    pia.screen.until(lambda: not pia.page.locator(".st-key-la_card").count())
