"""What services say of a small study, worked out by hand."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest

from app.services import study, study_ablations, study_cells, study_methods
from app.services.study_cells import Filters
from core.study.rows import append_rows
from tests.study_folder import cell, write_study


@pytest.fixture
def one(workspace, monkeypatch):
    monkeypatch.setattr(study, "COMMITTED", workspace / "none")
    write_study(workspace / "studies" / "small")
    (found,) = study.every(workspace)
    return found


def test_the_study_of_the_project_comes_first_and_the_newest_of_the_workspace_next(
    workspace, monkeypatch
):
    monkeypatch.setattr(study, "COMMITTED", workspace / "committed")
    assert study.every(workspace) == []
    for place, name in enumerate(("old", "new")):
        write_study(workspace / "studies" / name)
        os.utime(workspace / "studies" / name / "rows.csv", (1000 + place, 1000 + place))
    write_study(workspace / "committed")
    names = [one.name for one in study.every(workspace)]
    assert names == ["docs/results/study", "studies/new", "studies/old"]


def test_about_says_seeds_times_code_and_what_is_missing(one):
    about = study.about(one)
    assert about.seeds == (0, 1)
    assert about.n_rows == 25
    assert (about.first[:10], about.last[:10]) == ("2026-01-01", "2026-01-02")
    assert about.codes == ("abc123",)
    assert about.hard == {"sample": "planted"}
    assert "DNS" in about.missing["sample"]
    assert "T-CE" not in about.missing["sample"]
    assert about.mixed == ()
    assert about.untuned == ()


def test_methods_with_other_options_than_the_best_on_validation_are_named(one):
    for options, reached in (("{}", 0.1), ('{"train.fresh":2}', 0.2)):
        told = {"options": options, "valid_ndcg20": reached}
        append_rows(one.folder, [cell("t-ce", 1000, part="tuning", noise="mixed") | told])
    assert study.about(one).untuned == ("T-CE on sample",)  # its rows have the defaults


def test_a_new_row_is_read_at_once(one):
    before = len(study.rows(one))
    append_rows(one.folder, [cell("dns", 0, recall20=0.2)])
    assert len(study.rows(one)) == before + 1


def test_means_stand_beside_llmhni_less_the_method(one):
    table = study_methods.means(one, "sample", "hard_kept_70").set_index("variant")
    assert table.loc["bpr", "mean"] == pytest.approx(0.61)
    assert table.loc["t-ce", "difference"] == pytest.approx(0.30)
    assert table.loc["t-ce", "difference_low"] == pytest.approx(0.30)
    assert np.isnan(table.loc["llmhni", "difference"])
    assert table.loc["t-ce", "family"] == "loss-based"
    assert "oracle" not in table.index


def test_recovered_is_the_share_of_the_gap_and_decline_that_of_the_start(one):
    recovered = study_methods.recovered(one, "sample", "recall20").set_index("variant")
    assert recovered.loc["llmhni", "recovered"] == pytest.approx(0.8)
    assert recovered.loc["t-ce", "recovered"] == pytest.approx(-0.2)
    decline = study_methods.decline(one, "sample", "recall20").set_index("variant")
    assert decline.loc["llmhni", "slope"] == pytest.approx(-0.04)
    assert decline.loc["bpr", "difference"] == pytest.approx(0.16)
    assert decline.loc["t-ce", "n"] == 1


def test_a_trade_off_has_both_measures_and_gaps_where_one_is_missing(one):
    table = study_methods.trade(one, "sample", "position", 0.2, "hard_kept_70", "recall20")
    known = table.set_index("variant")
    assert known.loc["llmhni", ["x", "y"]].tolist() == pytest.approx([0.81, 0.24])
    assert np.isnan(known.loc["oracle", "x"])
    assert known.loc["oracle", "y"] == pytest.approx(0.25)


def test_seeds_of_a_method_stand_side_by_side(one):
    table = study_methods.by_seed(one, "sample", "position", 0.2, "hard_kept_70", ("llmhni", "bpr"))
    assert table.set_index("variant").loc["bpr"].tolist() == pytest.approx([0.60, 0.62])


def test_a_change_is_told_less_full(one):
    table = study_ablations.effects(one, "sample", "mixed", 0.2, "recall20").set_index("variant")
    assert table["difference"].to_dict() == pytest.approx({"no-denoising": -0.01, "pool-16": -0.02})
    assert table["setting"].to_dict() == {"no-denoising": "", "pool-16": "pool"}


@pytest.mark.parametrize(
    ("variant", "setting", "value", "line"),
    [
        ("drop-rate-0.05", "drop-rate", 0.05, ""),
        ("flip-0.3-no-hal", "flip", 0.3, study_ablations.WITHOUT),
    ],
)
def test_a_sweep_is_read_off_the_name(variant, setting, value, line):
    assert study_ablations.change(variant) == (setting, value, line)


def test_negatives_have_both_measures_by_scheme(one):
    table = study_ablations.negatives(one)
    assert table["scheme"].tolist() == ["uniform", "llmhni"]
    assert table["hardness"].tolist() == pytest.approx([0.1, 0.2])
    assert table["false_negative_rate"].tolist() == pytest.approx([0.01, 0.02])


def test_progress_counts_cells_and_the_schemes_of_negatives_as_one(one):
    table = study_cells.progress(one, "own").set_index(["part", "noise"])
    assert table["n_cells"].to_dict() == {
        ("methods", "position"): 8,
        ("methods", "none"): 8,
        ("negatives", "position"): 2,
    }
    assert table["n_done"].tolist() == [8, 7, 2]


def test_progress_of_an_unknown_or_broken_plan_is_empty(one):
    assert study_cells.progress(one, "other").empty
    (one.folder / "settings.json").write_text('{"plans": {"own": {"blocks": [{"noise": ["?"]}]}}}')
    assert study_cells.progress(one, "own").empty
    (one.folder / "settings.json").write_text("no json")
    assert study_cells.plans(one) == []


def test_rows_are_filtered_and_written_whole(one, tmp_path):
    wanted = Filters(part=("methods",), noise=("position",), variant=("bpr", "t-ce"), seed=(0.0,))
    found = study_cells.found(one, wanted)
    assert sorted(found["variant"]) == ["bpr", "t-ce"]
    assert "ndcg20" not in found.columns
    study_cells.write(one, wanted, tmp_path / "rows.parquet")
    written = pd.read_parquet(tmp_path / "rows.parquet")
    assert len(written) == 2
    assert "ndcg20" in written.columns


def test_a_plan_that_was_recorded_whole_reaches_all_its_cells(one):
    reach = study_cells.reach(one, "own")
    assert (reach.n_cells, reach.n_done) == (18, 17)
    assert (reach.n_whole, reach.n_whole_done) == (0, 0)  # no plan of the project has this name
    assert reach.n_beside == 6  # the ablations


def test_a_record_of_a_part_is_held_against_the_plan_and_the_rows(one):
    block = {"noise": ["position"], "seeds": [0], "variants": ["llmhni", "bpr"]}
    plans = {"quick": {"name": "quick", "blocks": [block]}}
    (one.folder / "settings.json").write_text(json.dumps({"plans": plans}))
    append_rows(one.folder, [cell("signal:loss", 0, family="signal")])
    reach = study_cells.reach(one, "quick")
    assert (reach.n_cells, reach.n_done) == (2, 2)
    assert reach.n_whole > 100
    assert reach.n_whole_done == 8  # LLMHNI, BPR, T-CE and the oracle with both seeds
    assert reach.n_beside == 21  # 23 finished cells, the signals aside, less the 2


def test_reach_of_a_record_that_cannot_be_read_is_of_the_rows_alone(one):
    (one.folder / "settings.json").write_text("no json")
    assert study_cells.reach(one, "own").n_cells == 0


def test_the_command_of_a_part_goes_where_the_study_lies(one, monkeypatch):
    command = study.command_of(one, "negatives")
    assert f"--plan full --parts negatives --out {one.folder}" in command
    monkeypatch.setattr(study, "COMMITTED", one.folder)
    assert "--out" not in study.command_of(one, "negatives")
