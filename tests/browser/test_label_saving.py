"""No label is lost or counted twice on its way into the database, whatever one does meanwhile."""

from __future__ import annotations

import os
import signal

import pandas as pd

from tests.browser import label_desk

desk, server = label_desk.desk, label_desk.server


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
        gus.screen.until(lambda: "does not answer" in gus.queue.inner_text())
    finally:
        os.kill(server.pid, signal.SIGCONT)
    gus.saved()
    assert gus.labels() == dict(pressed)


def test_labels_under_way_are_counted_where_a_click_leads(desk):
    kai = desk("Kai")
    kai.page.evaluate(HOLD_ALL_BUT_THE_FIRST)
    kai.key("1")
    kai.screen.until(lambda: kai.page.evaluate("llmhniOutbox.firstIsGone"))
    kai.key("2")
    kai.key("3")
    kai.screen.switch("la_tab", "Import and export")
    kai.screen.until(lambda: not kai.page.evaluate("llmhniOutbox.waiting.length"))
    told = kai.screen.says(" labels of ")
    everybody = pd.read_csv(kai.screen.download("la_export.csv"))
    assert told.startswith(f"{len(everybody)} labels of ")
    assert sorted(kai.labels().values()) == ["clean", "hard", "noisy"]


HOLD_ALL_BUT_THE_FIRST = """() => {
  const box = globalThis.llmhniOutbox, flush = box.flush.bind(box);
  box.flush = (urgent) => {
    if (!box.waiting.length || (box.firstIsGone && !urgent)) return;
    box.firstIsGone = true;
    flush(urgent);
  };
  box.again = () => {};
}"""
"""After the first parcel, whether it was answered or not, only what cannot wait goes."""


def test_what_waits_goes_up_from_every_view_of_the_page(desk):
    liv = desk("Liv")
    liv.page.evaluate("globalThis.llmhniOutbox.send = null")
    pressed = dict(liv.key(key) for key in "123")
    liv.screen.switch("la_tab", "Import and export")
    liv.screen.until(lambda: not liv.page.evaluate("llmhniOutbox.waiting.length"))
    assert liv.labels() == pressed


def test_leaving_asks_first_while_labels_wait(desk):
    mia = desk("Mia")
    leave = "() => dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert mia.page.evaluate(leave)
    mia.page.evaluate("globalThis.llmhniOutbox.send = null")
    mia.key("1")
    assert not mia.page.evaluate(leave)
    mia.page.reload()
    mia.sign().ready().saved()
    assert mia.page.evaluate(leave)


def test_skips_last_across_a_reload_until_they_are_brought_back(desk):
    nia = desk("Nia")
    skipped = [nia.key("s")[0] for _ in range(2)]
    third = nia.shown()
    nia.saved()
    nia.page.reload()
    nia.sign().ready().saved()
    assert nia.shown() == third
    nia.screen.press("Bring back 2 skipped")
    nia.screen.until(lambda: nia.shown() == skipped[0])
    nia.page.reload()
    assert nia.sign().ready().shown() == skipped[0]


def test_a_note_that_was_begun_survives_a_reload_and_goes_with_the_label(desk):
    ola = desk("Ola")
    first = ola.shown()
    ola.page.keyboard.press("n")
    ola.page.keyboard.type("a gift, I think")
    ola.page.reload()
    ola.sign().ready()
    assert ola.shown() == first
    assert "Note, goes with the label you give: a gift, I think" in ola.queue.inner_text()
    ola.key("2")
    ola.saved()
    assert ola.notes() == {first: "a gift, I think"}
    ola.screen.switch("la_tab", "Queue")
    ola.ready().page.keyboard.press("z")
    ola.screen.until(lambda: ola.shown() == first)
    assert "a gift" not in ola.queue.inner_text()
