"""Pairs asked again, with a judge that writes down what it was asked."""

from __future__ import annotations

import numpy as np
import pytest

from core.config import LLMConfig
from core.judge import JudgeContext, JudgePairs
from core.judge.llm.call import Answer, Endpoint, Spend
from core.judge.llm.judge import LLMJudge
from core.judge.llm.reply import TargetGrade
from core.judge.llm.store import CallStore
from core.judge.repeat import ask_again, sample_to_repeat, shuffled_history
from core.types import Interactions, Items, Progress, ignore_progress
from tests.judged_pairs import judgements

USERS = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3]


def make_pairs(length=6):
    user = np.array(USERS, np.int64)
    item = np.arange(len(user)) + 100
    history = user[:, None] * 10 + np.arange(length)
    history[5, 2:] = -1  # user 2 has two items
    none = np.zeros(len(user), bool)
    return JudgePairs(user, item, ~none, none, history)


class Scribe:
    """Grades by its number, and keeps what it was asked."""

    name = "scribe"
    stopped_by = ""

    def __init__(self, number):
        self.number = number

    def judge(self, pairs, context, on_progress):
        self.asked, self.context = pairs, context
        on_progress(Progress("judge", 0.5, {"n_judged": 1.0}))
        grade = [self.number] * len(pairs)
        return judgements(grade, grade, user=pairs.user, item=pairs.item)


def test_whole_users_are_drawn_until_there_are_enough_pairs():
    pairs = make_pairs()
    for seed in range(20):
        rows = sample_to_repeat(pairs, 4, np.random.default_rng(seed))
        drawn = set(pairs.user[rows].tolist())
        assert rows.tolist() == [k for k, user in enumerate(USERS) if user in drawn]
        sizes = [USERS.count(user) for user in drawn]
        assert sum(sizes) >= 4
        # One user less would not have been enough.
        assert sum(sizes) - max(sizes) < 4


def test_a_sample_larger_than_all_is_all():
    rows = sample_to_repeat(make_pairs(), 99, np.random.default_rng(0))
    assert rows.tolist() == list(range(len(USERS)))


def test_samples_differ_by_generator_and_none_is_refused():
    pairs = make_pairs()
    found = {tuple(sample_to_repeat(pairs, 3, np.random.default_rng(k))) for k in range(10)}
    assert len(found) > 1
    with pytest.raises(ValueError, match="not 0"):
        sample_to_repeat(pairs, 0, np.random.default_rng(0))


def test_a_shuffled_history_has_the_same_items_in_one_order_per_user():
    pairs = make_pairs()
    found = shuffled_history(pairs, np.random.default_rng(1))
    assert (np.sort(found.history, axis=1) == np.sort(pairs.history, axis=1)).all()
    assert (found.history != pairs.history).any()
    assert (found.history[0] == found.history[2]).all()  # both of user 0
    assert not (found.history[0] % 10 == found.history[9] % 10).all()  # users 0 and 3
    assert found.history[5, 2:].tolist() == [-1] * 4
    assert (found.item == pairs.item).all()


def test_histories_of_a_user_that_differ_keep_a_common_order():
    none = np.zeros(2, bool)
    history = np.array([[1, 2, 3, 4, 5], [2, 3, 4, 5, 6]])
    pairs = JudgePairs(np.array([7, 7]), np.array([8, 9]), none, none, history)
    one, two = shuffled_history(pairs, np.random.default_rng(5)).history.tolist()
    assert [item for item in one if item in two] == [item for item in two if item in one]


def test_pairs_without_history_stay():
    pairs = make_pairs().at(np.zeros(0, np.int64))
    assert len(shuffled_history(pairs, np.random.default_rng(0))) == 0


def test_both_passes_ask_the_same_pairs_of_judges_with_numbers_of_their_own():
    judges, told, context = {}, [], object()

    def judge_of(number):
        judges[number] = Scribe(number)
        return judges[number]

    rng = np.random.default_rng(2)
    found = ask_again(judge_of, make_pairs(), context, 4, rng, told.append)
    again, shuffled = judges[1].asked, judges[2].asked
    assert sorted(judges) == [1, 2]
    assert (again.user == shuffled.user).all()
    assert (again.item == shuffled.item).all()
    first_rows = np.searchsorted(make_pairs().item, again.item)
    assert (again.history == make_pairs().history[first_rows]).all()
    assert judges[1].context is judges[2].context is context
    assert set(found.by_name()) == {"again", "shuffled"}
    assert found.again.user_grade[0] == 1
    assert found.shuffled.user_grade[0] == 2
    assert [progress.fraction for progress in told] == [0.25, 0.75]
    assert told[0].values == {"n_judged": 1.0}


def test_a_language_model_is_sent_the_same_questions_under_keys_of_their_own(tmp_path):
    sent = []

    def ask(calls, endpoint, _mode, _store, _config, on_answer, _on_tick):
        sent.append({call.key(endpoint): call.messages for call in calls})
        for call in calls:
            grades = [TargetGrade(2, False, "as H1", ("H1",))] * call.read.keywords["n_targets"]
            on_answer(Answer(call, call.key(endpoint), "parsed", grades))
        return Spend()

    def judge_of(number):
        place = Endpoint("http://127.0.0.1:1/v1", "m", seed=number)
        profile = lambda _user, items: f"liked {items.tolist()}"  # noqa: E731
        return LLMJudge(place, "text", CallStore(tmp_path), LLMConfig(), 0, profile, ask)

    user = np.repeat(np.arange(4), 6)
    train = Interactions(user, np.arange(24) % 12, 4, 30)
    names = tuple(f"Film {k}" for k in range(30))
    context = JudgeContext(Items(names, names, names), train, np.zeros((30, 0), np.float32))
    asked, none = np.arange(20, 30), np.zeros(40, bool)
    history = np.stack([train.item[train.user == k][:5] for k in range(4)])
    pairs = JudgePairs(
        np.repeat(np.arange(4), 10), np.tile(asked, 4), none, none, history[np.repeat(range(4), 10)]
    )
    judge_of(0).judge(pairs, context, ignore_progress)
    found = ask_again(judge_of, pairs, context, 15, np.random.default_rng(0))
    first, again, shuffled = sent
    assert len(found.again) == len(found.shuffled) == 20  # two of the four users
    assert 0 < len(again) < len(first)
    assert all(messages in first.values() for messages in again.values())
    assert not set(first) & (set(again) | set(shuffled))
    assert not set(again) & set(shuffled)
    same = [messages in again.values() for messages in shuffled.values()]
    assert 0 < sum(same) < len(same)  # profiles stay, histories do not
