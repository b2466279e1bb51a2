"""Keys of the queue in a real browser: each labels the item that was on screen, at any speed."""

from __future__ import annotations

import json
import re
import time

from tests.browser import label_desk
from tests.browser.label_desk import LABELS, Desk
from tests.label_run import HOSTILE

PAUSE_S = 0.03
"""Between two keys: 33 a second, faster than anybody labels."""
desk, server = label_desk.desk, label_desk.server

WATCH = """addEventListener("keydown", (event) => {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot);
  const queue = hosts.map((one) => one.shadowRoot.querySelector(".queue")).find(Boolean);
  if (queue) (globalThis.pressed ??= []).push([queue.dataset.shown, event.key]);
}, true)"""
"""Notes, before the queue hears of a key, what is on screen when it comes."""


def typed(desk, keys):
    """Press keys one after the other; return the seconds that it took."""
    start = time.monotonic()
    for place, key in enumerate(keys):
        desk.page.keyboard.press(key)
        time.sleep(max(0.0, start + PAUSE_S * (place + 1) - time.monotonic()))
    return time.monotonic() - start


def test_two_hundred_keys_label_two_hundred_items_and_each_the_one_on_screen(screen):
    screen.page.add_init_script(WATCH)
    ana = Desk(screen, "Ana").open().ready()
    ana.page.evaluate("globalThis.pressed = []")
    took = 0.0
    for block in range(10):
        took += typed(ana, ["1234"[(block + place) % 4] for place in range(20)])
        ana.ahead(20)
    ana.saved()
    pressed = {shown: LABELS[key] for shown, key in ana.page.evaluate("globalThis.pressed")}
    # On a busy machine any key takes long: then as long as keys that do nothing, or nearly so.
    assert took < 10 or took < 3 * typed(ana, ["F9"] * 200)
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


def test_undo_takes_a_note_back_and_redo_brings_it_again(desk):
    lou = desk("Lou")
    first = lou.key("1")[0]
    lou.page.keyboard.press("b")
    lou.page.keyboard.press("n")
    lou.page.keyboard.type("twice")
    lou.page.keyboard.press("Enter")
    assert "Note: twice" in lou.queue.inner_text()
    lou.page.keyboard.press("z")
    assert "twice" not in lou.queue.inner_text()
    assert lou.shown() == first
    lou.page.keyboard.press("y")
    lou.page.keyboard.press("b")
    assert "Note: twice" in lou.queue.inner_text()
    lou.saved()
    assert lou.labels() == {first: "hard"}
    assert lou.notes() == {first: "twice"}


def test_a_click_on_a_label_keeps_the_note_that_is_being_written(desk):
    ned = desk("Ned")
    first = ned.shown()
    ned.page.keyboard.press("n")
    ned.page.keyboard.type("seen")
    ned.queue.locator("[data-label=noisy]").click()
    assert not ned.queue.locator(".note input").is_visible()
    ned.saved()
    assert ned.labels() == {first: "noisy"}
    assert ned.notes() == {first: "seen"}


def said_in_another_order(desk, who: str, **query) -> tuple[Desk, str]:
    """Label the first pair of the random order in the order of noise; go back to the random one."""
    one = desk(who, la_order="Random sample", **query)
    first = one.shown()
    one.open(la_user=json.loads(first)[0], **query).ready()
    for _ in range(80):
        if one.shown() == first:
            break
        one.key("s")
        one.ahead(2)
    one.key("2")
    one.saved()
    one.open(la_order="Random sample", **query).ready()
    return one, first


def test_the_random_order_asks_again_and_says_what_was_said(desk):
    ron, first = said_in_another_order(desk, "Ron")
    assert ron.shown() == first
    assert "Your label so far ✕ noisy" in " ".join(ron.queue.inner_text().split())
    ron.key("1")
    ron.saved()
    assert "elsewhere" not in ron.queue.inner_text()
    assert ron.labels() == {first: "hard"}


def test_blind_one_is_asked_again_without_what_one_said(desk):
    sue, first = said_in_another_order(desk, "Sue", la_blind="true")
    assert sue.shown() == first
    assert "What you said of it before is hidden." in sue.queue.inner_text()
    sue.key("1")
    sue.saved()
    assert "elsewhere" not in sue.queue.inner_text()
    assert sue.labels() == {first: "hard"}
