"""Two judges as one."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from core.config import LLMConfig
from core.judge.ensemble import EnsembleJudge
from core.judge.llm.judge import LLMJudge
from core.types import HIGH, LOW, MID, Judgements, Progress, ignore_progress
from tests.core.judge.llm.world import (
    ENDPOINT,
    Scripted,
    context,
    pairs_of,
    profile_of,
    reply,
    targets_of,
    train_of,
)


@dataclass
class Told:
    """A judge with given grades by item."""

    name: str
    user: dict
    item: dict
    stopped_by: str = ""

    def judge(self, pairs, _context, on_progress):
        row = np.flatnonzero(np.isin(pairs.item, list(self.user)))
        on_progress(Progress("judge", 0.5, {"n_judged": 1.0}))
        asked = pairs.item[row].tolist()
        return Judgements(
            *(getattr(pairs, name)[row] for name in ("user", "item", "observed", "control")),
            np.array([self.user[k] for k in asked], np.int8),
            np.array([self.item[k] for k in asked], np.int8),
            tuple(f"u{k}" for k in asked),
            tuple(f"i{k}" for k in asked),
            self.name,
            n_unparsed=1,
        )


TRAIN = train_of([0, 1], [0, 2], n_items=8)
A = Told("first", {5: HIGH, 0: LOW, 6: LOW, 7: MID}, {5: HIGH, 0: HIGH, 6: LOW, 7: LOW})
B = Told("second", {0: LOW, 5: HIGH, 7: HIGH, 1: LOW}, {0: LOW, 5: HIGH, 7: LOW, 1: LOW}, "budget")


def judged(on_progress=ignore_progress):
    ensemble = EnsembleJudge(A, B)
    pairs = pairs_of(TRAIN, [(0, 7), (0, 6), (0, 5), (0, 0), (0, 1)])
    return ensemble, ensemble.judge(pairs, context(TRAIN), on_progress)


def test_equal_grades_stand_and_different_ones_are_mid():
    _, found = judged()
    assert found.item.tolist() == [7, 5, 0]
    assert found.user_grade.tolist() == [MID, HIGH, LOW]
    assert found.item_grade.tolist() == [LOW, HIGH, MID]
    assert found.observed.tolist() == [False, False, True]
    assert found.n_unparsed == 2


def test_reasons_name_both_judges_and_their_grades():
    _, found = judged()
    assert found.user_reason[0] == "first: Mid. u7 | second: High. u7"


def test_agreement_is_share_and_kappa_per_view():
    agreement = judged()[0].agreement
    # user: (Mid, High), (High, High), (Low, Low): chance = (1*1 + 1*0 + 1*2) / 9 = 1/3
    assert agreement["user"].share == pytest.approx(2 / 3)
    assert agreement["user"].kappa == pytest.approx((2 / 3 - 1 / 3) / (1 - 1 / 3))
    assert agreement["user"].matrix == ((1, 0, 0), (0, 0, 1), (0, 0, 1))
    assert agreement["item"].n == 3


def test_without_pairs_nothing_is_known():
    ensemble = EnsembleJudge(A, B)
    assert len(ensemble.judge(pairs_of(TRAIN, []), context(TRAIN))) == 0
    assert np.isnan(ensemble.agreement["user"].share)


@pytest.mark.parametrize("is_first", [False, True])
def test_a_language_model_is_asked_only_about_users_whom_the_other_judge_knows(is_first):
    ask = Scripted(lambda call: reply(["High"] * len(targets_of(call))))
    model = LLMJudge(ENDPOINT, "schema", None, LLMConfig(), 0, profile_of, ask)
    members = (model, A) if is_first else (A, model)
    ensemble = EnsembleJudge(*members)
    pairs = pairs_of(TRAIN, [(0, 7), (0, 6), (0, 5), (0, 3), (1, 4), (1, 3)])
    found = ensemble.judge(pairs, context(TRAIN))
    assert set(model.targets["user"]) == {0}  # of user 1 nothing is recorded
    assert sorted(set(model.targets["item"])) == [3, 5, 6, 7]  # the calls of user 0 as ever
    assert found.item.tolist() == [7, 6, 5]
    assert found.user_grade.tolist() == [MID, MID, HIGH]
    place = 0 if is_first else 1
    assert found.user_reason[2].split(" | ")[place].startswith("tiny at 127.0.0.1:1")
    assert ensemble.agreement["user"].matrix == (
        ((0, 0, 0), (0, 0, 0), (1, 1, 1)) if is_first else ((0, 0, 1), (0, 0, 1), (0, 0, 1))
    )


def test_two_language_models_share_one_budget():
    ask = Scripted(lambda call: reply(["High"] * len(targets_of(call))))
    options = ("schema", None, LLMConfig(budget_calls=9), 0, profile_of, ask)
    one, other = LLMJudge(ENDPOINT, *options), LLMJudge(replace(ENDPOINT, model="b"), *options)
    ensemble, pairs = EnsembleJudge(one, other), pairs_of(TRAIN, [(0, 7)])
    for _ in range(2):  # two views, so two calls each
        ensemble.judge(pairs, context(TRAIN))
    assert [config.budget_calls for config in ask.configs] == [9, 7, 5, 3]
    assert one.spend.n_calls == other.spend.n_calls == 8
    assert ensemble.stopped_by == ""


def test_progress_runs_through_both_and_a_stop_is_told():
    seen = []
    ensemble, _ = judged(seen.append)
    assert [one.fraction for one in seen] == [0.25, 0.75]
    assert ensemble.stopped_by == "budget"
    assert ensemble.name == "first, with second"
