"""The judging of a run, over a server whose grades are known beforehand; budgets and faults."""

from __future__ import annotations

import json
from collections import Counter

import pandas as pd
import pytest

from app.services import run_folder
from core.errors import JudgeError
from tests.judge_tables import N_USERS, by_pair, numbers, table
from tests.llm_server import always, serve
from tests.taste_grader import by_number, item_grade, judged_by, user_grade

# ---------------------------------------------------------------- a whole run


def test_every_pair_has_the_grades_that_the_server_gives_it(base, data):
    found = table(base[1])
    kinds = Counter(zip(found["observed"], found["control"], strict=True))
    assert kinds == {(True, False): N_USERS, (False, False): 4 * N_USERS, (False, True): 24}
    assert found["user_grade"].tolist() == numbers(found).map(user_grade).tolist()
    assert found["item_grade"].tolist() == numbers(found).map(item_grade).tolist()
    assert len(data.train) == 5 * N_USERS  # of whose 5 the lowest-scored fifth is one


def test_every_call_and_every_target_is_kept(base):
    _, folder, n_requests = base
    calls, targets = table(folder, "judge_calls"), table(folder, "judge_targets")
    assert len(calls) == n_requests == calls["key"].nunique()
    assert set(calls["outcome"]) == {"parsed"}
    assert set(calls["model"]) == {"tiny"}
    assert not calls["from_cache"].any()
    assert (calls["prompt_tokens"] > 0).all()
    assert all(json.loads(reply)["answers"] for reply in calls["reply"])
    assert set(calls["prompt"]) == {"user-centric/1", "item-centric/1"}
    assert calls.groupby("view")["n_targets"].sum().eq(len(by_pair(folder))).all()
    assert calls["n_targets"].sum() == len(targets)
    of_user = targets[targets["view"] == "user"]
    assert of_user["grade"].tolist() == numbers(of_user).map(user_grade).tolist()
    assert set(targets["call"]) == set(calls["key"])
    assert targets["cited"].all()
    assert set(targets["user_id"]) == {f"u{k}" for k in range(N_USERS)}


def test_the_quality_of_the_judge_is_measured(base, server):
    outcome, folder, n_requests = base
    quality, grades = run_folder.plain(outcome.judging), table(folder)
    json.dumps(quality, allow_nan=False)
    host = server.base_url.split("/")[2]
    assert quality["judge"] == outcome.judge == f"tiny at {host}, prompts v1"
    assert quality["n_pairs"] == len(grades) == outcome.n_judged
    counts = grades["user_grade"].value_counts()
    assert [part["n_yes"] for part in quality["grades"]["user"]] == [counts[k] for k in range(3)]
    assert quality["outcomes"]["all"]["parsed"]["share"] == 1.0
    assert quality["spend"]["paid_now"]["n_calls"] == n_requests
    assert quality["asked"]["n_calls"] == quality["asked"]["n_calls_all"] == n_requests
    assert quality["asked"]["stopped_by"] == ""
    assert quality["repeats"] is None
    assert set(quality["position"]) == {"user", "item"}


def test_the_same_settings_again_send_nothing(base, judged, server):
    before = len(server.state.requests)
    quality, folder = judged(**judged_by(server))
    assert len(server.state.requests) == before
    assert quality["spend"]["paid_now"]["n_calls"] == 0
    assert table(folder, "judge_calls")["from_cache"].all()
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))


# ---------------------------------------------------------------- budgets, and faults


def test_a_budget_leaves_pairs_out_and_more_of_it_pays_for_the_rest_alone(base, judged):
    with serve(by_number) as server:
        quality, folder = judged("poor", **judged_by(server, llm={"budget_calls": 11}))
        assert len(server.state.requests) == 11
        assert "budget_calls" in quality["asked"]["stopped_by"]
        poor = by_pair(folder)
        assert 0 < len(poor) < len(by_pair(base[1]))
        pd.testing.assert_frame_equal(poor, by_pair(base[1]).loc[poor.index])
        quality, folder = judged("rich", **judged_by(server, llm={"budget_calls": 1000}))
        assert set(server.state.asked.values()) == {1}
        assert len(server.state.requests) == base[2]
    assert quality["spend"]["paid_now"]["n_calls"] == base[2] - 11
    assert quality["asked"]["stopped_by"] == ""
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))


def test_a_budget_in_money_stops_at_the_prices_of_the_settings(base, judged):
    llm = {"budget_money": 0.01, "price_prompt": 2.0, "price_output": 8.0}
    with serve(by_number) as server:
        quality, folder = judged(**judged_by(server, llm=llm))
        assert len(server.state.requests) < base[2]
    paid = quality["spend"]["paid_now"]
    calls = table(folder, "judge_calls")
    by_hand = (2 * calls["prompt_tokens"].sum() + 8 * calls["output_tokens"].sum()) / 1e6
    assert paid["money"] == pytest.approx(by_hand)
    assert 0 < paid["money"] <= 0.01
    assert "budget_money" in quality["asked"]["stopped_by"]


def test_what_cannot_be_read_counts_as_mid_and_is_counted(judged):
    with serve(by_number, always("prose")) as server:
        quality, folder = judged(**judged_by(server))
    calls = table(folder, "judge_calls")
    assert set(calls["outcome"]) == {"unparsed"}
    assert quality["n_unparsed"] == len(calls)
    assert (by_pair(folder) == 1).all(axis=None)
    assert (table(folder, "judge_targets")["grade"] == -1).all()
    assert quality["answers"]["user"]["unanswered"]["share"] == 1.0


def test_a_wrong_key_ends_the_judging_with_what_to_do(judged):
    with serve(by_number, key="right") as server, pytest.raises(JudgeError, match="API_KEY"):
        judged(**judged_by(server))
