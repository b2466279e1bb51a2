"""Which interactions a filter leaves, over six rows whose answers are worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services import flagged, selection, store
from app.services.flagged import Filters
from tests.review_run import write_review_run
from tests.run_folder import write_run


@pytest.fixture
def run(workspace):
    return store.load_run(workspace, write_review_run(workspace).name)


def left(run, **filters):
    return flagged.rows(run, Filters(**filters)).tolist()


def order(run, name, **filters):
    return flagged.page(run, Filters(**filters), name, 1, 10)["row"].tolist()


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"verdicts": ("hard", "noisy")}, [2, 3, 4, 5]),
        ({"p_low": 0.2, "p_high": 0.8}, [2, 4, 5]),
        ({"graded": True}, [2, 3, 4, 5]),
        ({"graded": False}, [0, 1]),
        ({"user_id": "bob"}, [2, 3]),
        ({"item_id": "i0"}, [0, 4]),
        ({"text": "ALIEN"}, [0]),
        ({"text": "cid"}, [4, 5]),
        ({"reason": "deserts"}, [3]),
        ({"edges": ("dropped",)}, [3]),
        ({"edges": ("weakened", "dropped")}, [3, 5]),
        ({"edges": ("kept",)}, [0, 1, 2, 4]),
        ({"kinds": ("uniform",)}, [3]),
        ({"kinds": ("tail", "none")}, [0, 1, 2, 4, 5]),
        ({"verdicts": ("noisy",), "edges": ("weakened",)}, [5]),
    ],
)
def test_filters(run, filters, rows):
    assert left(run, **filters) == rows


@pytest.mark.parametrize("field", ["text", "reason", "user_id", "item_id"])
def test_what_was_typed_is_a_value_and_no_question(run, field):
    assert left(run, **{field: "x' OR true; DROP VIEW interactions; --"}) == []
    assert left(run, **{field: "%"}) == []


def test_unknown_names_of_an_address_do_no_harm(run):
    assert left(run, pattern="x); DROP", verdicts=("' OR 1=1",)) == []
    assert left(run, pattern="nothing of this name") == [0, 1, 2, 3, 4, 5]
    assert order(run, "p_noisy; DROP")[0] == 2


def test_patterns_use_thirds_and_grades(run):
    # Known losses 0, 1, 2, 3.5, 4: thirds end at 1.33 and 3.0; semantic thirds at 0.57 and 0.8.
    assert left(run, pattern="model_against_language") == [4]
    assert left(run, pattern="all_noise") == [3]
    assert left(run, pattern="all_genuine") == [0, 1]
    assert left(run, pattern="language_against_model") == []
    assert left(run, pattern="views") == []
    assert left(run, pattern="pull") == [2]  # -0.8 against +0.6; row 4 has -0.1 against +0.3


def test_orders_put_the_unknown_last(run):
    assert order(run, "loss_high") == [3, 4, 2, 1, 0, 5]
    assert order(run, "loss_low") == [0, 1, 2, 4, 3, 5]
    assert order(run, "p_high") == [3, 5, 4, 2, 1, 0]
    assert order(run, "border") == [4, 2, 5, 3, 1, 0]  # 0.5: away by .2 .3 .3 .45 .48 .49
    # Opposed by .6, .1; the same way by .4, .5, 1, 1.
    assert order(run, "opposed") == [2, 4, 5, 1, 0, 3]


def test_pages_do_not_overlap_and_end(run):
    pages = [flagged.page(run, Filters(), "p_high", number, 4) for number in (1, 2, 3)]
    assert [page["row"].tolist() for page in pages] == [[3, 5, 4, 2], [1, 0], []]
    assert pages[0]["edge"].tolist() == ["dropped", "weakened", "kept", "kept"]
    assert pages[0]["kind"].tolist()[0] == "uniform"


def test_counts_by_verdict(run):
    assert flagged.counts(run, Filters(p_low=0.2)) == {"hard": 2, "noisy": 2}
    assert flagged.counts(run, Filters(text="nothing like it")) == {}


def test_a_review_list_narrows_it(run):
    kept = selection.save(run, [1, 3], "two")
    assert left(run, list_path=str(kept.path)) == [1, 3]
    assert left(run, list_path=str(kept.path), verdicts=("noisy",)) == [3]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_export_has_all_pages_in_order_with_edge_and_kind(run, tmp_path, suffix):
    target = tmp_path / f"it's{suffix}"
    flagged.export(run, Filters(verdicts=("hard", "noisy")), "border", target)
    table = pd.read_csv(target) if suffix == ".csv" else pd.read_parquet(target)
    assert table["row"].tolist() == [4, 2, 5, 3]
    assert table["edge"].tolist() == ["kept", "kept", "weakened", "dropped"]
    assert table["planted_kind"].fillna("").tolist() == ["", "tail", "", "uniform"]
    assert "place" not in table


def test_without_planted_truth(workspace):
    run = store.load_run(workspace, write_review_run(workspace, planted=False).name)
    assert flagged.kinds(run) == []
    assert flagged.page(run, Filters(), "p_high", 1, 10)["kind"].isna().all()


def test_a_text_is_found_by_the_list_of_nodes_as_in_every_row(run):
    """Where a run has its nodes each title is looked at once; the answers are the same."""
    path = run.folder / "interactions.parquet"
    table = pd.read_parquet(path)
    table["title"] = table.groupby("item")["title"].transform("first")
    table.to_parquet(path)
    asked = ("an", "B", "i2", "dune", "CASINO", "%", "nothing like it", "<")
    by_row = {text: flagged.rows(run, Filters(text=text)).tolist() for text in asked}
    users = table[["user", "user_id"]].drop_duplicates().to_numpy().tolist()
    items = table[["item", "item_id", "title"]].drop_duplicates("item").to_numpy().tolist()
    nodes = [("user", number, name, name) for number, name in users]
    nodes += [("item", number, name, title) for number, name, title in items]
    frame = pd.DataFrame(nodes, columns=["kind", "number", "id", "title"])
    frame.to_parquet(run.folder / "projection.parquet")
    by_node = {text: flagged.rows(run, Filters(text=text)).tolist() for text in asked}
    assert by_node == by_row
    assert len({tuple(rows) for rows in by_row.values()}) > 4


def test_a_baseline_is_not_ordered_by_signals_that_moved_nothing(workspace):
    found = store.load_run(workspace, write_review_run(workspace).name)
    baseline = found.manifest.model_copy(update={"settings": {"method": "bpr"}})
    found = store.Run(found.id, found.folder, baseline)
    assert "opposed" not in flagged.orders(found)
    assert flagged.orders(found)[0] == "p_high"
    assert order(found, "opposed") == [3, 5, 4, 2, 1, 0]  # by P(noisy), highest first


def test_an_order_by_the_threshold_needs_one(workspace):
    write_run(workspace, "run-c", {"threshold": None})
    assert "border" not in flagged.orders(store.load_run(workspace, "run-c"))


def test_llmhni_begins_with_the_signals_most_at_odds(run):
    assert flagged.orders(run)[0] == "opposed"
    assert "border" in flagged.orders(run)
