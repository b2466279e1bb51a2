from __future__ import annotations

import json

import pandas as pd
import pytest

from app.services import store
from app.services.compare import verdicts
from app.services.compare.verdicts import ORDERS, Flips
from core.errors import DataError
from tests.compare_run import AFTER, CHILD

FIRST = next(iter(ORDERS))


def test_flows_count_every_pair_of_verdicts(both):
    found = verdicts.flows(both[0], CHILD).set_index(["before", "after"])["n"].to_dict()
    assert found == {
        ("clean", "clean"): 1,
        ("clean", "noisy"): 1,
        ("hard", "clean"): 1,
        ("hard", "noisy"): 1,
        ("noisy", "clean"): 1,
        ("noisy", "noisy"): 1,
    }


def test_each_change_is_told_by_what_caused_it(both):
    found = verdicts.page(both[0], CHILD, Flips(), "User", 10, 0).set_index("row_a")
    assert found["why"].to_dict() == {
        1: "label",
        2: "grades changed",
        4: "behaviour",
        5: "threshold",
    }
    assert found.loc[4, ["p_a", "p_b"]].tolist() == pytest.approx([0.3, 0.6])
    assert found.loc[4, ["behaviour_a", "behaviour_b"]].tolist() == pytest.approx([0.5, 1.5])
    # ln(0.3 / 0.7) = -0.8473 without the parts 0.5 + 0.5 - 1.0 = 0.
    assert found.loc[4, "level_a"] == pytest.approx(-0.8473, abs=1e-4)
    assert found.loc[1, ["label", "decided_by"]].tolist() == ["noisy", "person"]


def test_another_rule_explains_what_it_decides(both, workspace):
    path = both[1].folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["settings"]["scoring"]["rule"] = "grades"
    path.write_text(json.dumps(manifest))
    found = verdicts.reasons(store.load_run(workspace, both[0].id), CHILD)
    assert set(found["why"]) == {"label", "rule"}


def test_corrected_by_labels_only_where_the_model_said_otherwise(both):
    path = both[1].folder / "interactions.parquet"
    table = pd.DataFrame(AFTER)
    table.loc[4, "p_noisy_model"] = 0.4
    table.to_parquet(path)
    manifest = json.loads((both[1].folder / "manifest.json").read_text())
    manifest |= {"labels": {"calibrated": True}, "threshold": 0.55}
    (both[1].folder / "manifest.json").write_text(json.dumps(manifest))
    found = verdicts.page(both[0], CHILD, Flips(), "User", 10, 0).set_index("row_a")
    assert found.loc[4, "why"] == "labels"


def test_filters_orders_and_pages(both):
    which = Flips(after="noisy")
    assert verdicts.count(both[0], CHILD, which) == 2
    assert verdicts.rows(both[0], CHILD, which, "b") == [1, 4]
    found = verdicts.page(both[0], CHILD, Flips(), FIRST, 1, 0)
    assert found["row_a"].tolist() == [1]  # 0.02 -> 0.9
    assert verdicts.page(both[0], CHILD, Flips(), FIRST, 1, 1)["row_a"].tolist() == [4]
    assert verdicts.count(both[0], CHILD, Flips(text="BRAZIL")) == 1
    assert verdicts.count(both[0], CHILD, Flips(why="threshold", before="hard")) == 0


def test_interactions_are_matched_by_ids_where_the_data_differ(both, workspace):
    table = pd.DataFrame(AFTER).iloc[::-1].head(5).reset_index(drop=True)  # without row 0
    table["row"] = range(5)
    table.to_parquet(both[1].folder / "interactions.parquet")
    path = both[1].folder / "manifest.json"
    manifest = json.loads(path.read_text()) | {"dataset_fingerprint": "x", "n_interactions": 5}
    path.write_text(json.dumps(manifest))
    one = store.load_run(workspace, both[0].id)
    assert verdicts.flows(one, CHILD)["n"].sum() == 5
    found = verdicts.page(one, CHILD, Flips(), "User", 10, 0)
    assert dict(zip(found["row_a"], found["row_b"], strict=True)) == {1: 4, 2: 3, 4: 1, 5: 0}


def test_runs_without_parts_are_compared_all_the_same(both):
    table = pd.DataFrame(AFTER).drop(columns=["from_language", "decided_by", "label"])
    table.to_parquet(both[1].folder / "interactions.parquet")
    found = verdicts.page(both[0], CHILD, Flips(), "User", 10, 0).set_index("row_a")["why"]
    assert found[4] == "other"
    assert found[5] == "threshold"


def test_runs_of_other_datasets_are_refused(both):
    path = both[1].folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dataset": "another"}))
    with pytest.raises(DataError, match="another"):
        verdicts.flows(both[0], CHILD)


def test_export_writes_all_that_is_meant(both, tmp_path):
    verdicts.export(both[0], CHILD, Flips(after="clean"), "User", tmp_path / "flips.parquet")
    assert pd.read_parquet(tmp_path / "flips.parquet")["row_a"].tolist() == [2, 5]


def test_what_only_the_baseline_had_from_labels_is_told_as_gone(both, workspace):
    # The other way round: the child, where row 1 was decided by a person, is the baseline.
    path = both[1].folder / "interactions.parquet"
    table = pd.DataFrame(AFTER)
    table["p_noisy_model"] = table["p_noisy"]
    table.loc[4, "p_noisy_model"] = 0.3  # the correction alone made it noisy
    table.to_parquet(path)
    manifest = json.loads((both[1].folder / "manifest.json").read_text())
    manifest |= {"labels": {"calibrated": True}}
    (both[1].folder / "manifest.json").write_text(json.dumps(manifest))
    child = store.load_run(workspace, CHILD)
    found = verdicts.page(child, both[0].id, Flips(), "User", 10, 0).set_index("row_a")["why"]
    assert found[1] == "unlabelled"
    assert found[4] == "uncorrected"


def of_method(run, method, **changes):
    """Make a run one of another method."""
    path = run.folder / "manifest.json"
    manifest = json.loads(path.read_text()) | changes
    manifest["settings"]["method"] = method
    path.write_text(json.dumps(manifest))


def test_between_two_methods_no_signal_is_named_as_the_cause(both):
    of_method(both[1], "bpr")
    found = verdicts.page(both[0], CHILD, Flips(), "User", 10, 0).set_index("row_a")
    assert found["why"].to_dict() == {1: "label", 2: "method", 4: "method", 5: "method"}
    assert found[["language_b", "behaviour_b", "grades_b", "level_b"]].isna().all(axis=None)
    assert found.loc[4, "behaviour_a"] == pytest.approx(0.5)


def test_within_one_baseline_the_rank_or_the_threshold_moved(both, workspace):
    for run in both:
        of_method(run, "bpr")
    one = store.load_run(workspace, both[0].id)
    found = verdicts.page(one, CHILD, Flips(), "User", 10, 0).set_index("row_a")
    assert found.loc[[4, 5], "why"].tolist() == ["rank", "threshold"]
    assert found[["language_a", "level_a"]].isna().all(axis=None)
