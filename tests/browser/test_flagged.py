"""Flagged interactions: table, card and address speak of the same interaction."""

from __future__ import annotations

import re

from tests.browser.screen import TABLE
from tests.browser.world import HOSTILE


def card(screen):
    return screen.page.locator(".st-key-fl_card")


def facts(screen):
    """User and item of the card."""
    text = card(screen).inner_text()
    found = [re.search(rf"{kind} (\S+)", text) for kind in ("User", "Item")]
    return tuple(one[1] if one else "" for one in found)  # none while it is drawn anew


def marked(screen):
    """Places of the marked rows."""
    rows = screen.page.locator(TABLE).first.locator("tr[aria-selected='true']")
    return [int(row.get_attribute("aria-rowindex")) - 2 for row in rows.all()]


def chosen(screen):
    return int(screen.query.get("fl_row", ["-1"])[0])


def test_a_click_shows_the_card_and_names_it_in_the_address(screen, server):
    screen.open("flagged")
    screen.choose_row(2)
    screen.until(lambda: "fl_row" in screen.query)
    screen.idle()
    table = server.table("interactions").set_index("row")
    own = table.loc[chosen(screen)]
    # The address names the row before the card shows it.
    screen.until(lambda: facts(screen) == (own["user_id"], own["item_id"]))
    screen.shows(lambda: marked(screen), [2])
    assert screen.row(2)[2] == own["user_id"]
    assert HOSTILE in card(screen).locator("[data-testid='stText']").first.inner_text()


def test_another_order_keeps_the_chosen_interaction(screen, server):
    """The mark of a table is a place: another order must not make it another interaction."""
    screen.open("flagged")
    screen.choose_row(2)
    screen.until(lambda: "fl_row" in screen.query)
    screen.idle()
    row, about = chosen(screen), facts(screen)
    before = screen.row(2)
    screen.pick("fl_sort", "User, then item")
    screen.until(lambda: screen.cells(2) and screen.cells(2) != before)
    screen.idle()
    assert chosen(screen) == row
    screen.shows(lambda: facts(screen), about)
    ids = server.table("interactions").query("verdict != 'clean'")
    place = ids.sort_values(["user_id", "item_id"])["row"].tolist().index(row)
    screen.shows(lambda: marked(screen), [place] if place < 30 else [])
    screen.choose_row(place + 1 if place < 20 else 0)
    screen.until(lambda: facts(screen) != about)
    screen.until(lambda: chosen(screen) not in (-1, row))


def test_keys_walk_through_the_list_and_turn_its_pages(screen):
    screen.open("flagged", fl_sort="User, then item")
    screen.choose_row(1)
    screen.until(lambda: "fl_row" in screen.query)
    screen.idle()  # the address names the row before the card shows it
    first, row = facts(screen), screen.query["fl_row"]
    screen.page.locator("h1").click()
    screen.page.keyboard.press("j")
    screen.until(lambda: screen.query.get("fl_row", row) != row)
    screen.idle()
    assert facts(screen) != first
    screen.page.keyboard.press("k")
    screen.until(lambda: screen.query.get("fl_row") == row)
    screen.shows(lambda: facts(screen), first)
    screen.page.get_by_test_id("stPagination").get_by_role("button", name="Page 2").click()
    screen.until(lambda: screen.query.get("fl_page") == ["2"])
    screen.idle()
    screen.shows(lambda: facts(screen), first)  # a page is turned, the choice stays


def test_a_turned_page_leaves_the_card_alone_and_the_next_one_is_the_first_of_that_page(
    screen, server
):
    screen.open("flagged", fl_sort="User, then item")
    ids = server.table("interactions").query("verdict != 'clean'")
    rows = ids.sort_values(["user_id", "item_id"])["row"].tolist()
    first = facts(screen)
    screen.page.get_by_test_id("stPagination").get_by_role("button", name="Page 2").click()
    screen.until(lambda: screen.query.get("fl_page") == ["2"] and "fl_row" in screen.query)
    screen.idle()
    assert chosen(screen) == rows[0]  # so that the link says what is on screen
    assert facts(screen) == first
    screen.says("not on this page")
    screen.page.locator(".st-key-fl_Next button").click()
    screen.until(lambda: chosen(screen) == rows[30])
    screen.until(lambda: marked(screen) == [0])
    screen.page.locator(".st-key-fl_Previous button").click()
    screen.until(lambda: chosen(screen) == rows[29])
    screen.until(lambda: "fl_page" not in screen.query)
    own = server.table("interactions").set_index("row").loc[rows[29]]
    screen.until(lambda: facts(screen) == (own["user_id"], own["item_id"]))


def test_a_link_to_an_interaction_opens_its_card(screen, server):
    own = server.table("interactions").query("verdict == 'clean'").iloc[7]
    screen.open("flagged", fl_row=int(own["row"]))
    screen.until(lambda: "User" in card(screen).inner_text())
    screen.shows(lambda: facts(screen), (own["user_id"], own["item_id"]))


def test_the_card_leads_to_the_graph_around_its_user(screen):
    screen.open("flagged")
    user, _ = facts(screen)
    card(screen).get_by_role("button", name=re.compile("Neighbourhood")).first.click()
    screen.title("Graph diff")
    assert screen.query["gd_user"] == [user]
    screen.says("User in the middle")
