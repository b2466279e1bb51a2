"""Data: files of one's own become a dataset without leaving the page."""

from __future__ import annotations

import json

import pandas as pd

N_ROWS = 300


def write_clicks(path):
    """300 stars of 15 visitors for 20 articles, in columns of other names than usual."""
    rows = [
        {"visitor": f"v{n % 15}", "article": f"a{(n * 7 + n // 15) % 20}", "stars": 1 + n % 5}
        for n in range(N_ROWS)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)


def test_a_csv_becomes_a_prepared_dataset(screen, server, tmp_path):
    write_clicks(tmp_path / "clicks.csv")
    screen.open("data", da_view="Import")
    upload = screen.page.locator(".st-key-da_path_upload input[type=file]")
    upload.set_input_files(tmp_path / "clicks.csv")
    screen.says("Recognised.")
    screen.press("Look at the columns")
    screen.says("as they are in the file")
    assert screen.query["da_step"] == ["2 Columns"]
    for field, column in (("user", "visitor"), ("item", "article"), ("rating", "stars")):
        screen.pick(f"da_c_clicks_{field}", column)
    screen.press("Look for problems")
    screen.says("Choose how to prepare")
    assert f"{N_ROWS}" in screen.text()
    screen.press("Choose how to prepare")
    screen.page.locator("[class*='st-key-da_p_clicks_name'] input").first.wait_for()
    screen.idle()  # until then there may be the button of the step before, which says "prepare" too
    screen.press("Prepare")
    screen.says("The dataset is ready.")
    manifest = server.workspace / "datasets" / "clicks" / "manifest.json"
    counts = json.loads(manifest.read_text(encoding="utf-8"))["counts"]
    assert (counts["n_users"], counts["n_items"]) == (15, 20)

    screen.press("Browse it")
    screen.says("15 users")


def test_a_file_that_is_no_table_is_refused_in_words(screen, tmp_path):
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 40)
    screen.open("data", da_view="Import")
    upload = screen.page.locator(".st-key-da_path_upload input[type=file]")
    upload.set_input_files(tmp_path / "noise.csv")
    screen.says("This cannot be imported.")
