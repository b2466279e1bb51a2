"""Asking again, asking less, and grades flipped on purpose."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from tests.judge_tables import N_USERS, VIEWS, by_pair, table
from tests.llm_server import serve
from tests.taste_grader import GRADES, by_number, judged_by


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
    assert 20 <= n_pairs < 29  # whole users of 5 pairs at least, and 9 at most
    assert n_more > 2 * 2 * 20 / 3  # two passes, two views, at most 3 targets a call
    assert n_more < base[2]
    first = again["user"]["matrix"]
    assert [row[1:] for row in first] == [[0, 0]] * 3  # Low for everybody the second time
    assert again["user"]["equal"]["n_yes"] == first[0][0] > 0
    # Questions with the history in another order are new ones, but for those of the profile.
    assert quality["repeats"]["shuffled"]["item"]["equal"]["share"] > 0.5
    assert len(table(folder, "judge_calls")) == base[2]  # of the first asking alone
    assert quality["asked"]["repeats"]["n_calls"] == n_more
    assert quality["asked"]["repeats"]["tokens"] > 0
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))


def test_a_judge_that_repeats_itself_is_found_to(judged, server):
    again = judged(**judged_by(server, repeat=1, flip=0.5))[0]["repeats"]["again"]
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


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_flipping_changes_that_share_of_the_grades(judged, server, share):
    n_before = len(server.state.requests)
    quality, folder = judged(**judged_by(server, flip=share))
    assert len(server.state.requests) == n_before
    found, before = table(folder), table(judged("plain", **judged_by(server))[1])
    for view in VIEWS:
        changed = found[view] != before[view]
        assert changed.sum() == round(share * len(found))
        assert found[view.replace("grade", "reason")].str.startswith("(Flipped").eq(changed).all()
    assert quality["flipped"] == share
    counts = before["user_grade"].value_counts()  # what is measured is the judge, not the flips
    assert [part["n_yes"] for part in quality["grades"]["user"]] == [counts[k] for k in GRADES]
    assert f"{share:.0%} of the grades flipped" in quality["judge"]


def test_settings_that_are_not_given_come_from_the_environment(judged, base, server, monkeypatch):
    monkeypatch.setenv("LLMHNI_LLM_BASE_URL", server.base_url)
    monkeypatch.setenv("LLMHNI_LLM_MODEL", "tiny")
    quality, folder = judged(kind="openai", llm={"targets_per_call": 3})
    assert quality["spend"]["paid_now"]["n_calls"] == 0  # the same address, the same answers
    pd.testing.assert_frame_equal(by_pair(folder), by_pair(base[1]))
