"""Recorded judgements, and two judges as one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigError
from core.pipeline import run_judging, run_pipeline
from tests.judge_tables import VIEWS, by_pair, table
from tests.taste_grader import judged_by
from tests.worlds import tiny_run


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_recorded_judgements_give_the_same_grades(base, judged, server, tmp_path, ending):
    frame = table(judged("first", **judged_by(server))[1])
    path = tmp_path / f"mine.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    elif ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    quality, folder = judged("second", kind="recorded", recorded=str(path))
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))
    assert quality["judge"].startswith("recorded: tiny at 127.0.0.1")
    assert quality["spend"] is None
    assert not (folder / "judge_calls.parquet").exists()


def test_what_recorded_judgements_lack_is_said(judged, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("user_id,item_id,user_grade,item_grade\nnobody,i1,High,Low\nu0,i1,High,Low\n")
    quality, _ = judged(kind="recorded", recorded=str(path))
    assert [problem["count"] for problem in quality["problems"]] == [1]
    assert "nobody" in str(quality["problems"][0]["rows"])
    assert quality["judges"] is None


def test_two_judges_give_mid_where_they_differ(base, judged, server, tmp_path):
    mine = table(judged("first", **judged_by(server))[1]).drop_duplicates(["user_id", "item_id"])
    mine["user_grade"] = "High"
    mine = mine.iloc[:-5]
    path = tmp_path / "mine.csv"
    mine[["user_id", "item_id", *VIEWS]].to_csv(path, index=False)
    both = {"first": "recorded", "recorded": str(path), "second": "openai"}
    quality, folder = judged("both", **judged_by(server, **both, kind="ensemble"))
    found, alone = by_pair(folder), by_pair(base[1])
    assert len(found) == len(alone) - 5  # what one judge alone graded is left out
    alone = alone.loc[found.index]
    wanted = np.where(alone["user_grade"] == 2, 2, 1)
    assert found["user_grade"].tolist() == wanted.tolist()
    assert found["item_grade"].tolist() == alone["item_grade"].tolist()
    assert quality["judge"].startswith("recorded: mine, with tiny at ")
    reasons = table(folder)["user_reason"]
    assert reasons.str.contains("recorded: mine: High", regex=False).all()
    told = quality["judges"]
    assert told["first"] == "recorded: mine"
    assert told["user"]["n"] == len(table(folder))
    assert told["user"]["share"] == pytest.approx((table(folder)["user_grade"] == "High").mean())
    assert told["item"]["share"] == told["item"]["kappa"] == 1.0
    assert told["user"]["matrix"][0] == [0, 0, 0]  # the first judge says High alone
    calls = table(folder, "judge_calls")  # those of the model are kept
    assert calls["from_cache"].all()


def test_the_evidence_judge_can_be_one_of_two(base, judged, server):
    evidence = by_pair(judged("evidence", kind="evidence", scope="candidates")[1])
    both = judged_by(server, kind="ensemble", first="evidence", second="openai")
    quality, folder = judged("both", **both)
    model, found = by_pair(base[1]), by_pair(folder)
    pd.testing.assert_index_equal(found.index, evidence.index)
    pd.testing.assert_frame_equal(found, model.where(model == evidence, 1).astype(np.int8))
    assert not quality["judge"].startswith("tiny")


@pytest.mark.parametrize(
    ("judge", "match"),
    [
        ({"kind": "ensemble", "first": "evidence", "second": "evidence"}, "different"),
        ({"kind": "openai", "llm": {"model": "m"}}, "OPENAI_API_KEY"),
        ({"kind": "recorded", "recorded": "nowhere"}, "nowhere"),
    ],
)
def test_what_the_judge_will_lack_is_said_before_any_work(data, tmp_path, judge, match):
    told, config = [], tiny_run(judge=judge)
    for run in (run_judging, run_pipeline):
        with pytest.raises(ConfigError, match=match):
            run(data, config, tmp_path / "run", tmp_path / "cache", told.append)
    assert told == []
