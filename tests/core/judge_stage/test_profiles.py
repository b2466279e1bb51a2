"""Profiles that a model writes, before it judges anything."""

from __future__ import annotations

import json

import pandas as pd

from core.pipeline import run_judging
from tests.judge_tables import N_ITEMS, N_USERS
from tests.llm_server import serve
from tests.taste_grader import by_number, judged_by
from tests.worlds import tiny_run


def writing(messages):
    """Write a profile where one is asked for; grade all else."""
    said = messages[-1]["content"] if len(messages) == 2 else messages[1]["content"]
    if "Write the profile" not in said:
        return by_number(messages)
    return json.dumps({"profile": f"Seeks {said[:60]}"})


def test_they_are_asked_for_first_counted_and_on_the_bill_of_the_run(data, tmp_path):
    with serve(writing) as server:
        judge = judged_by(server)
        config = tiny_run(judge=judge, text={"encoder": "hashing", "writer": "openai"})
        quality = run_judging(data, config, tmp_path / "a", tmp_path / "cache")
        n_first = len(server.state.requests)
        budget = judge | {"llm": judge["llm"] | {"budget_calls": N_USERS + N_ITEMS}}
        short = tiny_run(judge=budget, text={"encoder": "hashing", "writer": "openai"})
        # Nothing is known yet in this cache: the profiles use up the whole budget.
        broke = run_judging(data, short, tmp_path / "b", tmp_path / "empty")
        n_second = len(server.state.requests) - n_first
    assert quality["profiles"] == {
        "n_users": N_USERS,
        "n_items": N_ITEMS,
        "n_refused": 0,
        "n_left": 0,
        "n_without_text": 0,
    }
    calls = pd.read_parquet(tmp_path / "a" / "judge_calls.parquet")
    assert n_first == N_USERS + N_ITEMS + len(calls)
    assert broke["n_pairs"] == 0
    assert "budget" in broke["asked"]["stopped_by"]
    assert n_second == N_USERS + N_ITEMS


def test_what_is_no_profile_keeps_the_composed_one_and_is_counted(data, tmp_path):
    with serve(by_number) as server:  # which answers everything with grades
        config = tiny_run(judge=judged_by(server), text={"encoder": "hashing", "writer": "openai"})
        quality = run_judging(data, config, tmp_path / "a", tmp_path / "cache")
    assert quality["profiles"]["n_refused"] == N_USERS + N_ITEMS
    assert quality["n_pairs"] > 0
