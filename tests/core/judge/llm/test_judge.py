"""From replies to judgements."""

import json
import math
import re

import numpy as np
import pytest

from core.config import LLMConfig
from core.errors import Cancelled
from core.judge.llm.call import Endpoint
from core.judge.llm.judge import LLMJudge
from core.judge.llm.store import CallStore
from core.judge.quality import judge_quality_report
from core.types import HIGH, LOW, MID
from tests.core.judge.llm.world import (
    ENDPOINT,
    Scripted,
    context,
    pairs_of,
    profile_of,
    random_world,
    reply,
    targets_of,
    title,
    train_of,
)
from tests.llm_server import first_tries, serve

NAMES = {0: "Low", 1: "Mid", 2: "High"}


def truth(item, view):
    """The grade that the scripted model gives an item in a view."""
    return (item + (view == "item")) % 3


def by_title(messages):
    """A model that grades by the title of the target."""
    question = messages[1]["content"]  # the last one may ask to repair
    view = "user" if question.startswith("The profile") else "item"
    found = re.findall(r"<T\d+>title(\d+)x", question)
    grades = [NAMES[truth(int(item), view)] for item in found]
    return reply(grades, cites="P" if view == "user" else "H1")


def grader(call):
    return by_title(call.messages)


def judge_of(ask, endpoint=ENDPOINT, seed=0, **config):
    return LLMJudge(endpoint, "schema", None, LLMConfig(**config), seed, profile_of, ask)


def check(found, keys, n_items):
    assert (found.user * n_items + found.item).tolist() == list(keys)
    assert found.user_grade.tolist() == [truth(k, "user") for k in found.item.tolist()]
    assert found.item_grade.tolist() == [truth(k, "item") for k in found.item.tolist()]


def shown_users(world):
    return np.flatnonzero(np.bincount(world.train.user, minlength=25) > 1)


@pytest.mark.parametrize("scope", ["few", "all"])
@pytest.mark.parametrize("size", [1, 5])
def test_each_pair_gets_the_grade_of_its_own_target(scope, size):
    pairs, world = random_world(0, scope)
    found = judge_of(Scripted(grader), targets_per_call=size).judge(pairs, world)
    assert len(found) == len(pairs)
    assert (found.observed == pairs.observed).all()
    known = np.isin(found.user, shown_users(world))
    for view in ("user", "item"):
        grade = getattr(found, f"{view}_grade")[known]
        assert grade.tolist() == [truth(k, view) for k in found.item[known].tolist()]
    assert np.isnan(found.user_support).all()


def test_a_pair_that_occurs_twice_gets_the_same_grades_twice():
    train = train_of(range(6), n_items=20)
    pairs = pairs_of(train, [(0, 9), (0, 1), (0, 9)], control=[2])
    found = judge_of(Scripted(grader)).judge(pairs, context(train))
    check(found, [9, 1, 9], 20)
    assert found.control.tolist() == [False, False, True]


def test_refused_and_unreadable_replies_are_mid_and_counted():
    train = train_of(range(6), range(6), range(6), n_items=20)
    pairs = pairs_of(train, [(0, 8), (1, 8), (2, 8)])
    replies = iter(["refused", "what?", "what?", reply(["High"]), reply(["High"]), "refused"])
    judge = judge_of(Scripted(lambda _: next(replies)))
    found = judge.judge(pairs, context(train))
    assert found.user_grade.tolist() == [MID, MID, HIGH]
    assert found.item_grade.tolist() == [MID, HIGH, MID]
    assert found.n_unparsed == 4
    assert "refused" in found.user_reason[0]
    assert "could not be read" in found.item_reason[0]
    assert judge.targets["grade"] == [-1, -1, -1, 2, 2, -1]


def test_failed_calls_leave_their_pairs_out():
    train = train_of(range(6), range(6), n_items=20)
    pairs = pairs_of(train, [(0, 8), (1, 8)])
    replies = iter([reply(["High"]), "failed", reply(["High"]), reply(["Low"])])
    found = judge_of(Scripted(lambda _: next(replies))).judge(pairs, context(train))
    assert (found.user.tolist(), found.n_unparsed) == ([1], 0)
    assert (found.user_grade.tolist(), found.item_grade.tolist()) == ([HIGH], [LOW])


def test_a_budget_keeps_the_pairs_graded_in_both_views():
    pairs, world = random_world(0, "few")
    judge = judge_of(Scripted(grader, most=21), targets_per_call=4)
    planned = judge.plan(pairs, world)
    found = judge.judge(pairs, world)
    both = [
        {row for one in planned[:21] if one.view == v for row in one.rows} for v in ("user", "item")
    ]
    known = np.isin(pairs.user, shown_users(world))
    kept = [row for row in range(len(pairs)) if row in both[0] & both[1] or not known[row]]
    assert found.item.tolist() == pairs.item[kept].tolist()
    assert 0 < len(found) < len(pairs)
    assert judge.stopped_by == "the budget is spent"


def test_a_budget_holds_over_several_askings():
    train = train_of(range(6), range(6), n_items=20)
    ask = Scripted(grader)
    judge = judge_of(ask, budget_calls=3, budget_tokens=1000)
    judge.judge(pairs_of(train, [(0, 8)]), context(train))
    assert judge.stopped_by == ""
    judge.judge(pairs_of(train, [(1, 8)]), context(train))
    assert [config.budget_calls for config in ask.configs] == [3, 1]
    assert [config.budget_tokens for config in ask.configs] == [1000, 970]
    assert judge.spend.n_calls == 4  # this sender knows no budget
    last = judge.judge(pairs_of(train, [(1, 9)]), context(train))
    assert (len(last), len(ask.configs)) == (0, 2)
    assert "budget_calls" in judge.stopped_by
    assert judge.targets["pair"] == [0, 0, 1, 1]


def test_asking_again_twice_shares_one_budget():
    train = train_of(range(6), n_items=20)
    ask = Scripted(grader)
    judge = judge_of(ask, budget_calls=9)
    pairs = pairs_of(train, [(0, 8)])
    judge.judge(pairs, context(train))
    for number in (1, 2):
        judge.again(number).judge(pairs, context(train))
    assert [config.budget_calls for config in ask.configs] == [9, 7, 5]
    assert (judge.spend.n_calls, judge.spend_in_all.n_calls) == (2, 6)
    assert judge.spend_in_all.usage.prompt_tokens == 60


def test_a_user_without_anything_else_is_mid_and_costs_nothing():
    train = train_of([3], n_items=20)
    ask = Scripted(grader)
    found = judge_of(ask).judge(pairs_of(train, [(0, 3), (0, 5)]), context(train))
    assert found.user_grade.tolist() == found.item_grade.tolist() == [MID, MID]
    assert ask.calls == []


def test_reasons_name_titles_in_place_of_numbers():
    train = train_of(range(3), n_items=20)
    pairs = pairs_of(train, [(0, 8)])
    reasons = {"user": "T1 shares horror.", "item": "same maker as H2"}

    def told(call):
        view = call.prompt.split("-")[0]
        return reply(["High"], cites="P" if view == "user" else "H1, H2", reason=reasons[view])

    found = judge_of(Scripted(told)).judge(pairs, context(train))
    assert found.user_reason == ("This item shares horror.",)
    assert found.item_reason == (f"Same maker as '{title(2)}' (Rests on '{title(1)}'.)",)


def test_a_reason_without_citation_is_marked_and_counted_and_its_grade_stands():
    train = train_of(range(3), n_items=20)
    ask = Scripted(lambda _: reply(["High"], cites="H9", reason="because"))
    judge = judge_of(ask)
    found = judge.judge(pairs_of(train, [(0, 8)]), context(train))
    assert found.item_reason == ("Because (Rests on nothing that was shown.)",)
    assert found.item_grade.tolist() == [HIGH]
    assert judge.calls["n_uncited"] == [1, 1]
    assert judge.targets["cited"] == [False, False]


def test_calls_and_targets_feed_the_quality_report():
    pairs, world = random_world(0, "few")
    judge = judge_of(Scripted(grader), targets_per_call=4)
    report = judge_quality_report(
        judge.judge(pairs, world), calls=judge.calls, targets=judge.targets
    )
    assert report["outcomes"]["all"]["parsed"]["share"] == 1.0
    assert report["models"] == {"tiny-1": len(judge.calls["key"])}
    assert set(report["prompts"]) == {"user-centric/1", "item-centric/1"}


def test_positions_are_those_of_the_prompt():
    pairs, world = random_world(0, "few")
    ask = Scripted(grader)
    judge = judge_of(ask, targets_per_call=4)
    judge.judge(pairs, world)
    texts = [text for call in ask.calls for text in targets_of(call)]
    assert [
        f"title{item:03d}x" in text for item, text in zip(judge.targets["item"], texts, strict=True)
    ]
    assert judge.targets["position"][:3] == list(range(min(3, judge.calls["n_targets"][0])))


def test_progress_counts_and_can_stop():
    train = train_of(range(6), n_items=20)
    pairs, seen = pairs_of(train, [(0, 8), (0, 9)]), []
    judge_of(Scripted(grader)).judge(pairs, context(train), seen.append)
    assert [report.fraction for report in seen] == [0.5, 1.0, 1.0]
    assert seen[-1].values["n_judged"] == 2
    assert seen[-1].values["tokens"] == 30

    def stop(_):
        raise Cancelled

    with pytest.raises(Cancelled):
        judge_of(Scripted(grader)).judge(pairs, context(train), stop)


def test_the_name_says_model_host_and_prompts():
    endpoint = Endpoint("https://llm.example.org:8443/v1", "qwen", api_key="sk-secret")
    assert judge_of(None, endpoint).name == "qwen at llm.example.org:8443, prompts v1"
    local = Endpoint("http://127.0.0.1:4242/v1", "smol", place="local:smol")
    assert judge_of(None, local).name == "smol at local, prompts v1"


def test_over_the_real_protocol_and_again_from_the_store(tmp_path):
    pairs, world = random_world(0, "few")
    config = LLMConfig(targets_per_call=4, attempts=6)

    with serve(by_title) as server:
        endpoint = Endpoint(server.base_url, "tiny")
        results = []
        for _ in range(2):
            judge = LLMJudge(endpoint, "schema", CallStore(tmp_path), config, 0, profile_of)
            results.append(judge.judge(pairs, world))
            n_finished = sum(server.state.finished.values())
        assert n_finished == len(judge.calls["key"])
    known = np.isin(pairs.user, shown_users(world))
    for found in results:
        assert found.item.tolist() == pairs.item.tolist()
        expected = [truth(k, "user") for k in found.item[known].tolist()]
        assert found.user_grade[known].tolist() == expected
        assert found.n_unparsed == 0
    assert all(judge.calls["from_cache"])
    assert judge.spend.n_cached == len(judge.calls["key"])
    stored = [json.loads(path.read_text()) for path in tmp_path.glob("*/*.json")]
    assert len(stored) == n_finished
    assert math.isclose(judge.spend.money, 0.0)
    assert LOW in results[0].user_grade


def test_faults_of_the_server_change_no_grade(tmp_path):
    train = train_of(*[range(6)] * 4, n_items=20)
    pairs = pairs_of(train, [(user, item) for user in range(4) for item in (0, 8, 9)])
    faults = first_tries(["429", "wrong-schema", "drop", "prose", ""])
    with serve(by_title, faults) as server:
        endpoint, config = Endpoint(server.base_url, "tiny"), LLMConfig(targets_per_call=2)
        judge = LLMJudge(endpoint, "json", CallStore(tmp_path), config, 0, profile_of)
        check(judge.judge(pairs, context(train)), train.n_items * pairs.user + pairs.item, 20)
    assert set(judge.calls["outcome"]) == {"parsed", "repaired"}
