"""The whole report over a few judgements."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.judge.quality import answer_shares, judge_quality_report
from core.types import LABELS, Labels
from tests.judged_pairs import CALLS, judgements

LOW, MID, HIGH, NONE = 0, 1, 2, -1
JUDGED = judgements([HIGH, LOW, HIGH], [HIGH, MID, LOW])
TARGETS = {
    "pair": [0, 1, 2, 0, 1, 2],
    "view": ["user", "user", "user", "item", "item", "item"],
    "call": ["a", "a", "a", "b", "b", "c"],
    "position": [0, 1, 2, 1, 0, 0],
    "grade": [HIGH, LOW, HIGH, HIGH, MID, NONE],
    "cited": [True, True, False, True, False, False],
    "cannot_tell": [False, False, False, False, True, False],
}


def full():
    said = Labels(
        np.array([0]), np.array([0]), np.array([LABELS.index("clean")], np.int8), np.array([True])
    )
    calls = {**CALLS, "model": ["m"] * 4, "prompt": ["user/1", "user/1", "item/1", "item/1"]}
    return judge_quality_report(
        JUDGED,
        calls=calls,
        targets=TARGETS,
        labels=said,
        repeats={"again": JUDGED, "shuffled": judgements([LOW], [HIGH])},
        prices=(1.0, 0.0),
    )


def test_the_report_is_plain_json_and_has_every_part():
    report = full()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["judge"] == "by hand"
    assert report["views"]["observed"]["matrix"] == [[0, 1, 0], [0, 0, 0], [1, 0, 1]]
    assert report["prompts"] == {"item/1": 2, "user/1": 2}
    assert report["spend"]["all"]["money"] == pytest.approx(0.0042)
    assert report["labels"]["all"]["observed"]["user"][HIGH]["n_yes"] == 1
    assert report["repeats"]["again"]["both"]["n_yes"] == 3
    assert report["repeats"]["shuffled"]["user"]["opposite"]["n_yes"] == 1


def test_grades_are_shares_of_the_graded_pairs():
    grades = judge_quality_report(judgements([HIGH, NONE, LOW, HIGH], [MID, NONE, MID, MID]))
    shares = [share["share"] for share in grades["grades"]["user"]]
    assert shares == pytest.approx([1 / 3, 0, 2 / 3])


def test_answers_and_places_are_of_each_view():
    report = full()
    assert report["answers"]["user"]["uncited"]["n_yes"] == 1
    assert report["answers"]["item"]["unanswered"]["n_yes"] == 1
    assert [place["n"] for place in report["position"]["user"]["places"]] == [1, 1, 1]
    assert report["position"]["item"]["n_calls"] == 1  # the other has no grade


def test_what_was_not_answered_counts_neither_as_cited_nor_as_uncited():
    found = answer_shares({name: values[3:] for name, values in TARGETS.items()})
    assert found["uncited"]["n"] == 2
    assert found["uncited"]["n_yes"] == 1
    assert found["cannot_tell"]["share"] == 0.5


def test_where_it_is_not_known_who_could_not_tell_nothing_is_claimed():
    known = {name: values for name, values in TARGETS.items() if name != "cannot_tell"}
    assert answer_shares(known)["cannot_tell"] is None


def test_a_judge_without_calls_has_none_where_nothing_is_known():
    report = judge_quality_report(JUDGED)
    for part in ("spend", "latency", "outcomes", "answers", "position", "labels", "repeats"):
        assert report[part] is None


def test_no_judgement_at_all_is_a_report_of_nothing():
    report = judge_quality_report(judgements([], []))
    assert report["views"]["all"]["kappa"] is None
    assert report["views"]["all"]["equal"]["share"] is None
