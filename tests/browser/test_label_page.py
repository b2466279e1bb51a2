"""The rest of the page Label in a real browser: several people, many labels, the full card."""

from __future__ import annotations

import re

import pytest

from tests.browser import label_desk

desk, second, server = label_desk.desk, label_desk.second, label_desk.server


def test_two_people_differ_and_one_settles_it(desk, second):
    lea, max_ = desk("Lea"), second("Max")
    mine = lea.key("1")
    lea.saved()
    theirs = max_.key("2")  # without a sight of what Lea says
    assert mine[0] == theirs[0]
    max_.saved()
    max_.page.keyboard.press("b")
    max_.screen.until(lambda: "Lea: ◆ hard" in " ".join(max_.queue.inner_text().split()))
    for one in (lea, max_):  # each of them sees it, with both labels
        one.screen.switch("la_tab", "Second opinions")
        assert re.match(r"[1-9]\d* to settle", one.screen.says("to settle"))
        one.screen.says("Lea: ◆ hard")
        one.screen.says("Max: ✕ noisy")
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
    assert len(clean) > 5000
    oli = desk("Oli", la_verdict="clean")
    kept = oli.key("4")
    oli.saved()
    oli.screen.switch("la_tab", "Bulk")
    oli.screen.says(f"{len(clean):,} interactions pass the filters")
    oli.screen.switch("la_bulk_label", "● clean")
    oli.screen.says("1 have another label of yours: they are left as they are")
    oli.screen.press(re.compile(f"Label {len(clean) - 1:,} interactions"))
    dialog = oli.page.get_by_role("dialog")
    n = f"{len(clean) - 1:,}"
    dialog.get_by_text(f"{n} interactions of the dataset labels get: ● clean").wait_for()
    dialog.get_by_text("As Oli. One undo takes it all back.").wait_for()
    dialog.get_by_role("button", name=re.compile(f"Yes, label {n}")).click()
    oli.screen.says(f"{n} interactions labelled: ● clean")
    labels = oli.labels()
    assert len(labels) == len(clean)
    assert labels.pop(kept[0]) == "unsure"
    assert set(labels.values()) == {"clean"}
    oli.screen.switch("la_tab", "Bulk")
    oli.screen.press(re.compile(f"Undo {n}"))
    oli.screen.says("labels set back")
    assert oli.labels() == {kept[0]: "unsure"}


def test_blind_the_full_card_asks_before_it_shows_what_the_model_says(desk):
    quin = desk("Quin", la_blind="true")
    card = quin.page.locator(".st-key-la_card")
    quin.page.keyboard.press("o")
    card.get_by_text("You label blind.").wait_for()
    assert "P(noisy) 1.000" not in quin.screen.text()
    quin.screen.press("Show it all the same")
    card.get_by_text("P(noisy) 1.000").wait_for()
    quin.key("1")
    quin.saved()
    quin.page.keyboard.press("o")
    card.get_by_text("You label blind.").wait_for()


@pytest.mark.parametrize("scheme", ["dark"])
def test_the_full_card_opens_beneath_and_goes_with_the_next_key(desk):
    pia = desk("Pia")
    pia.page.keyboard.press("o")
    pia.page.locator(".st-key-la_card").wait_for()
    pia.screen.idle()
    pia.key("1")
    pia.saved()
    pia.screen.until(lambda: not pia.page.locator(".st-key-la_card").count())
