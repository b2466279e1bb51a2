"""What can be taken along arrives whole, and opens without the app."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.browser.world import DATASET, HOSTILE

TABLES = [
    ("flagged", {}, "fl", "row"),
    ("graph_diff", {"gd_view": "Changed edges"}, "gd_table", "decision"),
    ("semantic_map", {"sm_view": "Aligned", "sm_find": "ghost"}, "sm_selected", "id"),
    ("data", {"da_set": DATASET, "da_tab": "Items"}, "da_items", "item_id"),
]


@pytest.mark.parametrize(("path", "query", "key", "column"), TABLES)
def test_tables_come_as_csv_and_as_parquet(screen, path, query, key, column):
    screen.open(path, **query)
    csv = pd.read_csv(screen.download(f"{key}.csv"))
    parquet = pd.read_parquet(screen.download(f"{key}.parquet"))
    assert len(csv) == len(parquet) > 5
    assert column in csv.columns
    assert csv.columns.tolist() == parquet.columns.tolist()
    assert csv[column].astype(str).tolist() == parquet[column].astype(str).tolist()


def test_the_list_of_flagged_is_the_filtered_one(screen, server):
    screen.open("flagged")
    screen.write("fl_text", "ghost")
    screen.until(lambda: "fl_text" in screen.query)
    csv = pd.read_csv(screen.download("fl.csv"))
    table = server.table("interactions").query("verdict != 'clean'")
    assert set(csv["row"]) == set(table.loc[table["title"].str.contains("ghost"), "row"])
    assert csv["title"].str.startswith(HOSTILE).all()


def test_a_figure_and_the_report_open_offline(screen, browser):
    screen.open()
    files = [screen.download("overview_price_html"), screen.download("overview_report")]
    assert all(file.suffix == ".html" for file in files)
    context = browser.new_context(offline=True)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: (errors.append(dialog.message), dialog.dismiss()))
    page.on(
        "request",
        lambda asked: errors.append(asked.url) if asked.url.startswith("http") else None,
    )
    for file in files:
        page.goto(file.as_uri())
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "LLMHNI report: browser"
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert {"Headline numbers", "Twenty noisy interactions", "Settings"} <= set(headings)
    assert HOSTILE[:40] in page.locator("body").inner_text()
    assert page.locator("img[src='x'], a[href*='evil']").count() == 0
    context.close()
    assert not errors
