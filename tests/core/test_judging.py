"""Asking in rounds: whole users, the telling ones first, no more than it takes."""

import numpy as np
import pytest

from core.config import JudgeConfig
from core.judge import JudgeContext, JudgePairs
from core.judging import ask, count_calls, in_rounds
from core.types import HIGH, VERDICTS, Items, Judgements
from tests.worlds import pairs as interactions

CLEAN, HARD, NOISY = (VERDICTS.index(name) for name in ("clean", "hard", "noisy"))
USER = np.array([0, 0, 0, 1, 2, 2, 3, 3, 3, 3])
N_PAIRS = len(USER)
PAIRS = JudgePairs(
    USER,
    np.arange(N_PAIRS),
    np.array([True, True, False, True, True, True, False, True, True, True]),
    np.zeros(N_PAIRS, bool),
    np.full((N_PAIRS, 2), -1),
)
WORTH = np.array([0.1, 0.2, 0.0, 5.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0], np.float32)
NOTHING = JudgeContext(
    Items((), (), (), {}), interactions([], [], 4, N_PAIRS), np.zeros((0, 0), np.float32)
)


class Noted:
    """Judges everything High, and notes whom it was asked about."""

    name = "noted"

    def __init__(self, stops_at: int = 10**9) -> None:
        self.asked: list[list[int]] = []
        self.stops_at = stops_at

    @property
    def stopped_by(self) -> str:
        return "budget" if sum(map(len, self.asked)) >= self.stops_at else ""

    def judge(self, pairs, context, on_progress):  # noqa: ARG002
        self.asked.append(pairs.item.tolist())
        n_pairs = len(pairs)
        high = np.full(n_pairs, HIGH, np.int8)
        return Judgements(
            pairs.user,
            pairs.item,
            pairs.observed,
            pairs.control,
            high,
            high,
            tuple(f"u{k}" for k in pairs.item),
            tuple(f"i{k}" for k in pairs.item),
            self.name,
            n_unparsed=1,
        )


class Scripted:
    """Verdicts of which a given number changes with each round."""

    def __init__(self, changes) -> None:
        self.changes = [0, *changes]
        self.verdict = np.zeros(100, np.int8)
        self.known: list[int] = []

    def information(self, pairs):  # noqa: ARG002
        return WORTH

    def __call__(self, judgements):
        self.known.append(0 if judgements is None else len(judgements))
        turned = self.changes[len(self.known) - 1]
        self.verdict = self.verdict.copy()
        self.verdict[:turned] = np.where(self.verdict[:turned] == NOISY, CLEAN, NOISY)
        self.verdict[50:] = HARD if len(self.known) % 2 else CLEAN  # which settles nothing
        return self.verdict


def settings(**changes):
    return JudgeConfig.model_validate({"rounds": 4, "llm": {"targets_per_call": 2}} | changes)


def nobody(progress):  # noqa: ARG001
    return None


def test_users_come_whole_and_by_what_a_call_about_them_is_worth():
    # By call: user 1 is worth 5 / 1, user 2 2 / 1, user 3 3 / 2, user 0 .3 / 2.
    found = [rows.tolist() for rows in in_rounds(USER, WORTH, 2, 4)]
    assert found == [[3], [4, 5], [6, 7, 8, 9], [0, 1, 2]]


def test_more_rounds_than_users_ask_nothing_twice():
    found = [rows.tolist() for rows in in_rounds(USER, WORTH, 2, 9)]
    assert sorted(np.concatenate(found)) == list(range(N_PAIRS))
    assert all(found)


@pytest.mark.parametrize(("size", "expected"), [(1, 20), (2, 12), (3, 10), (20, 8)])
def test_a_call_holds_targets_of_one_user_and_there_are_two_views(size, expected):
    assert count_calls(USER, size) == expected


def test_without_rounds_all_is_asked_at_once_in_the_given_order():
    judge = Noted()
    found = ask(judge, PAIRS, NOTHING, settings(), nobody)
    assert judge.asked == [list(range(N_PAIRS))]
    assert (found.n_calls, found.n_calls_all, found.rounds) == (12, 12, ())


def test_two_rounds_that_change_next_to_nothing_end_it():
    judge, settling = Noted(), Scripted([1, 0, 1, 0])
    found = ask(judge, PAIRS, NOTHING, settings(settle=0.5), nobody, settling)
    # Round 1 asks 1 observed pair and changes 1 verdict: not below half of it. Round 2 changes
    # none of 2, round 3 1 of 3: both are below.
    assert judge.asked == [[3], [4, 5], [6, 7, 8, 9]]
    assert settling.known == [0, 1, 3, 7]
    assert [(r.n_pairs, r.n_observed, r.n_changed) for r in found.rounds] == [
        (1, 1, 1),
        (2, 2, 0),
        (4, 3, 1),
    ]
    assert (found.n_calls, found.n_calls_all) == (8, 12)
    assert found.judgements.item.tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert found.judgements.user_reason[:2] == ("u3", "u4")
    assert found.judgements.n_unparsed == 3


def test_it_asks_to_the_end_while_verdicts_move():
    judge = Noted()
    found = ask(judge, PAIRS, NOTHING, settings(settle=0.1), nobody, Scripted([9, 9, 9, 9]))
    assert sum(map(len, judge.asked)) == N_PAIRS
    assert found.n_calls == found.n_calls_all


def test_a_budget_that_is_used_up_ends_it():
    judge = Noted(stops_at=3)
    ask(judge, PAIRS, NOTHING, settings(settle=0.1), nobody, Scripted([9, 9, 9, 9]))
    assert judge.asked == [[3], [4, 5]]
