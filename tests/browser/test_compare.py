"""Compare: two runs side by side, other rules at once, and the data to take away."""

from __future__ import annotations

import zipfile

import pandas as pd

from tests.browser.world import OLDER


def test_two_runs_other_rules_and_the_data_to_take_away(screen, server):
    screen.open("compare", co_runs=[OLDER, server.run.name], co_view="Verdicts")
    assert "Interactions in both\n540" in screen.text().replace("\n\n", "\n")
    screen.says("No verdict differs.")  # the older run is a copy

    screen.switch("co_view", "What if")
    screen.says("Settings of the next run")
    noisy = int((server.table("interactions")["verdict"] == "noisy").sum())
    assert f"{noisy:,}" in screen.text()
    thumb = screen.page.locator(".st-key-co_w_share input")
    thumb.focus()
    for _ in range(20):  # 2 % fewer
        thumb.press("ArrowLeft")
    screen.idle()
    screen.until(lambda: "against now" in screen.text())
    assert screen.query["co_view"] == ["What if"]
    screen.press("Save as settings of the next run")
    screen.says("Retraining this run offers these settings")
    assert list((server.workspace / "next_settings").glob("*.json"))

    screen.switch("co_view", "Take it away")
    screen.pick("co_only", "refined")
    target = screen.download("co_take")
    with zipfile.ZipFile(target) as packed:
        train = pd.read_csv(packed.open("train.csv"))
    edges = server.table("edges")
    refined = edges.loc[edges["in_refined"], ["user_id", "item_id", "in_original"]]
    held_out = {
        pair
        for name in ("valid", "test")
        for pair in pd.read_parquet(server.dataset / f"{name}.parquet")[
            ["user_id", "item_id"]
        ].itertuples(index=False, name=None)
    }
    # Pairs that were added and that measuring needs are not handed out as data to train on.
    wanted = {
        (u, i) for u, i, own in refined.itertuples(index=False) if own or (u, i) not in held_out
    }
    assert set(zip(train["user_id"], train["item_id"], strict=True)) == wanted
