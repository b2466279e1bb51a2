"""The judging of a run, over a server on this machine whose grades are known beforehand."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from app.services import run_folder
from core.config import LLMConfig
from core.errors import ConfigError, JudgeError
from core.pipeline import run_judging, run_pipeline
from tests.llm_server import always, serve
from tests.taste_grader import GRADES, by_number, item_grade, judged_by, user_grade
from tests.worlds import fewer_trees, tastes, tiny_run

VIEWS = ("user_grade", "item_grade")
N_USERS, N_ITEMS = 24, 32


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        for name in ("LLMHNI_LLM_BASE_URL", "LLMHNI_LLM_MODEL", "LLMHNI_LLM_API_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("LLMHNI_SECRETS", "")
        yield


@pytest.fixture(scope="module")
def data():
    return tastes(N_USERS, N_ITEMS)[0]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Runs of this file share what comes before the judging; each server has answers of its own."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def server():
    with serve(by_number) as found:
        yield found


@pytest.fixture
def judged(data, workspace, tmp_path):
    """Judge with some settings: quality, and the folder of the tables."""

    def run(name: str = "judged", **judge):
        folder, config = tmp_path / name, tiny_run(judge=judge)
        return run_judging(data, config, folder, workspace / "cache"), folder

    return run


@pytest.fixture(scope="module")
def base(data, workspace, server, tmp_path_factory):
    """Everything judged by the server, in a whole run: outcome, folder, requests it took."""
    folder = tmp_path_factory.mktemp("base")
    outcome = run_pipeline(data, tiny_run(judge=judged_by(server)), folder, workspace / "cache")
    return outcome, folder, len(server.state.requests)


def table(folder, name="judgements"):
    return pd.read_parquet(folder / f"{name}.parquet")


def by_pair(folder):
    """Grades as numbers by pair; a control may be the same pair as another one."""
    found = table(folder).drop_duplicates(["user_id", "item_id"]).set_index(["user_id", "item_id"])
    grades = found.sort_index()[list(VIEWS)]
    return grades if grades.dtypes.iloc[0] == np.int8 else grades.map(GRADES.index).astype(np.int8)


def numbers(frame):
    """Numbers of the items, of which tests know the grades."""
    return frame["item_id"].str[1:].astype(int)


# ---------------------------------------------------------------- a whole run


def test_every_pair_has_the_grades_that_the_server_gives_it(base, data):
    found = table(base[1])
    kinds = Counter(zip(found["observed"], found["control"], strict=True))
    assert kinds == {(True, False): 2 * N_USERS, (False, False): 4 * N_USERS, (False, True): 24}
    assert found["user_grade"].tolist() == numbers(found).map(user_grade).tolist()
    assert found["item_grade"].tolist() == numbers(found).map(item_grade).tolist()
    assert len(data.train) == 144  # 6 per user, of which the lowest-scored fifth, rounded up, is 2


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
    quality, folder = judged(**judged_by(server))
    assert len(server.state.requests) == base[2]
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


# ---------------------------------------------------------------- recorded, and two judges


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


def test_one_judge_twice_is_refused(judged):
    with pytest.raises(ConfigError, match="different"):
        judged(kind="ensemble", first="evidence", second="evidence")


# ---------------------------------------------------------------- asking again, asking less


def test_asked_again_it_really_sends_and_what_differs_is_seen(judged, base):
    asked = Counter()

    def fickle(messages):
        """Low whenever a question comes a second time."""
        question = messages[1]["content"]
        asked[question] += 1
        if asked[question] == 1:
            return by_number(messages)
        return by_number(messages).replace("High", "Low").replace("Mid", "Low")

    with serve(fickle) as server:
        quality, folder = judged(**judged_by(server, repeat=20))
        n_more = len(server.state.requests) - base[2]
        assert len(server.state.requests) == sum(asked.values())
    again = quality["repeats"]["again"]
    n_pairs = again["user"]["equal"]["n"]
    assert 20 <= n_pairs < 30  # whole users of 7 pairs or so
    assert 4 * 3 <= n_more < 0.2 * 2 * base[2]
    first = again["user"]["matrix"]
    assert [row[1:] for row in first] == [[0, 0]] * 3  # Low for everybody the second time
    assert again["user"]["equal"]["n_yes"] == first[0][0] > 0
    # Questions with the history in another order are new ones, but for those of the profile.
    assert quality["repeats"]["shuffled"]["item"]["equal"]["share"] > 0.5
    assert len(table(folder, "judge_calls")) == base[2]  # of the first asking alone
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))


def test_a_judge_that_repeats_itself_is_found_to(judged, server):
    again = judged(**judged_by(server, repeat=1))[0]["repeats"]["again"]
    assert again["both"]["share"] == 1.0
    assert again["n_missing"] == 0


def test_asking_until_verdicts_settle_asks_fewer_and_says_so(judged, base):
    with serve(by_number) as server:
        quality, folder = judged(**judged_by(server, settle=0.99, rounds=6))
        n_requests = len(server.state.requests)
    asked = quality["asked"]
    assert len(asked["rounds"]) == 2  # any two rounds in a row change less than that
    assert n_requests == asked["n_calls"] < base[2] / 2
    assert asked["n_calls_all"] == pytest.approx(base[2], rel=0.1)
    assert sum(one["n_pairs"] for one in asked["rounds"]) == len(table(folder))
    n_asked = table(folder)["user_id"].nunique()
    assert n_asked == N_USERS / 3  # two of six rounds, whole users
    found = by_pair(folder)
    pd.testing.assert_frame_equal(found, by_pair(base[1]).loc[found.index])


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_flipping_changes_that_share_of_the_grades(judged, base, server, share):
    n_before = len(server.state.requests)
    quality, folder = judged(**judged_by(server, flip=share))
    assert len(server.state.requests) == n_before
    found, before = table(folder), table(judged("plain", **judged_by(server))[1])
    for view in VIEWS:
        changed = found[view] != before[view]
        assert changed.sum() == round(share * len(found))
        assert found[view.replace("grade", "reason")].str.startswith("(Flipped").eq(changed).all()
    assert quality["flipped"] == share
    assert f"{share:.0%} of the grades flipped" in quality["judge"]


def test_settings_that_are_not_given_come_from_the_environment(
    judged, base, server, monkeypatch
):
    monkeypatch.setenv("LLMHNI_LLM_BASE_URL", server.base_url)
    monkeypatch.setenv("LLMHNI_LLM_MODEL", "tiny")
    quality, folder = judged(kind="openai")
    assert len(server.state.requests) >= base[2]
    assert quality["spend"]["paid_now"]["n_calls"] == 0  # the same address, the same answers
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))
    assert LLMConfig().base_url == ""
