"""Calls to a model page by page."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services import judge_calls, judge_subject, store
from app.services.judge_calls import CallFilter
from core.judge.llm.call import Usage
from core.judge.llm.store import CallStore, Stored
from tests.judge_folder import HOSTILE, write_judged_run

KEY = "ab" * 32


@pytest.fixture
def subject(workspace):
    write_judged_run(workspace)
    return judge_subject.of_run(store.load_run(workspace, "run-1"))


def test_calls_that_went_wrong_come_first_in_pages(subject):
    every = judge_calls.page(subject, CallFilter(), 1)
    assert every["outcome"].tolist() == ["refused", "repaired", "parsed", "parsed"]
    second = judge_calls.page(subject, CallFilter(), 2, size=3)
    assert second["key"].tolist() == ["c1"]
    assert "reply" not in every.columns


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (CallFilter(outcomes=("parsed", "refused")), {"a1", "b1", "c1"}),
        (CallFilter(views=("item",)), {"a2", "c1"}),
        (CallFilter(user="an"), {"a1", "a2"}),
        (CallFilter(user="' OR true --"), set()),
        (CallFilter(outcomes=("parsed",), views=("item",), user="cid"), {"c1"}),
    ],
)
def test_filters_leave_the_calls_that_pass_all(subject, wanted, keys):
    assert set(judge_calls.page(subject, wanted, 1)["key"]) == keys
    assert judge_calls.count(subject, wanted) == len(keys)


def test_targets_stand_in_the_order_of_the_call_with_grade_and_reason(subject):
    found = judge_calls.targets(subject, "a1")
    assert found["position"].tolist() == [1, 2, 3]
    assert found["item_id"].tolist() == ["i0", "i1", "i2"]
    assert found["title"].tolist() == ["Alien", HOSTILE, "Dune"]
    assert found["grade"].tolist() == ["High", "Mid", "Low"]
    assert found["reason"].tolist() == ["space", "so so", "sand"]
    refused = judge_calls.targets(subject, "b1")
    assert refused["grade"].isna().all()
    assert refused["reason"].isna().all()


def test_targets_are_there_without_judgements_of_the_pairs(subject):
    (subject.folder / "judgements.parquet").unlink()
    found = judge_calls.targets(subject, "a1")
    assert found["grade"].tolist() == ["High", "Mid", "Low"]
    assert found["title"].isna().all()


def test_a_reply_is_shown_as_it_is_but_no_more_than_so_many_letters(subject):
    assert judge_calls.reply(subject, "b1") == HOSTILE
    assert len(judge_calls.reply(subject, "a1")) == judge_calls.MOST_LETTERS
    assert judge_calls.reply(subject, "unknown") == ""


def test_the_question_is_read_from_the_answers_that_are_kept(workspace):
    assert judge_calls.question(workspace, KEY) == []
    folder = workspace / "cache" / "judge"
    folder.mkdir(parents=True)
    stored = Stored(
        key=KEY, prompt="user-centric/1", model="tiny", served_by="tiny", host="h",
        messages=({"role": "user", "content": "y" * 30_000},), text="{}", ending="whole",
        outcome="parsed", n_replies=1, mode="schema", usage=Usage(), seconds=1.0, n_requests=1,
        time="2030-01-01T00:00:00Z",
    )  # fmt: skip
    CallStore(folder).put(stored)
    ((role, text),) = judge_calls.question(workspace, KEY)
    assert (role, len(text)) == ("user", judge_calls.MOST_LETTERS)
    assert judge_calls.question(workspace, "../../ab12") == []


def test_what_was_filtered_is_taken_away_with_its_replies(subject, tmp_path):
    target = tmp_path / "calls.csv"
    judge_calls.export(subject, CallFilter(user="bob"), target)
    found = pd.read_csv(target)
    assert found["key"].tolist() == ["b1"]
    assert found["reply"].tolist() == [HOSTILE]
