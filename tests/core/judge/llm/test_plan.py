"""Leaks: no call may tell whether a target was chosen."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core.judge import JudgePairs
from core.judge.llm.plan import plan_calls
from core.types import Profiles
from tests.core.judge.llm.world import (
    context,
    pairs_of,
    profile_of,
    random_world,
    said,
    shown_of,
    targets_of,
    title,
    train_of,
)

SCOPES = [(seed, scope, size) for seed in (0, 1) for scope in ("few", "all") for size in (1, 3, 8)]


def plan(pairs, context, size=8, seed=0, profile=profile_of):
    return plan_calls(pairs, context, profile, size, np.random.default_rng(seed))


def by_user_and_view(planned):
    groups = {}
    for one in planned:
        groups.setdefault((one.user, one.view), []).append(one)
    return groups


@pytest.mark.parametrize(("seed", "scope", "size"), SCOPES)
def test_no_target_stands_in_the_profile_or_history_shown_with_it(seed, scope, size):
    pairs, world = random_world(seed, scope)
    for one in plan(pairs, world, size):
        assert not np.isin(pairs.item[one.rows], one.shown).any()
        assert not any(title(item) in shown_of(one.call) for item in pairs.item[one.rows])


@pytest.mark.parametrize(("seed", "scope", "size"), SCOPES)
def test_all_calls_of_a_user_show_equally_many_items_whatever_their_targets(seed, scope, size):
    pairs, world = random_world(seed, scope)
    for calls in by_user_and_view(plan(pairs, world, size)).values():
        assert len({len(one.shown) for one in calls}) == 1
        assert len({len(re.findall(r"title\d+x", shown_of(one.call))) for one in calls}) == 1


@pytest.mark.parametrize("scope", ["few", "all"])
def test_prompts_do_not_depend_on_what_is_observed_or_a_control(scope):
    pairs, world = random_world(0, scope)
    other = replace(pairs, observed=~pairs.observed, control=~pairs.control)
    assert [said(a.call) for a in plan(pairs, world)] == [said(b.call) for b in plan(other, world)]


@pytest.mark.parametrize("scope", ["few", "all"])
def test_every_distinct_pair_is_asked_once_in_each_view(scope):
    pairs, world = random_world(0, scope)
    planned = plan(pairs, world, size=3)
    shows = {user for user in range(25) if (world.train.user == user).sum() > 1}
    for view in ("user", "item"):
        rows = np.concatenate([one.rows for one in planned if one.view == view])
        assert len(rows) == len(set(rows.tolist()))
        assert set(np.flatnonzero(np.isin(pairs.user, list(shows)))) <= set(rows.tolist())
    assert max(len(one.rows) for one in planned) <= 3


def test_a_pair_that_occurs_twice_is_asked_once():
    train = train_of(range(6), n_items=20)
    planned = plan(pairs_of(train, [(0, 9), (0, 1), (0, 9)], control=[2]), context(train))
    assert [sorted(one.rows.tolist()) for one in planned] == [[0, 1], [0, 1]]


def test_targets_are_the_texts_of_their_rows():
    pairs, world = random_world(0, "few")
    for one in plan(pairs, world):
        found = [re.search(r"title\d+x", text)[0] for text in targets_of(one.call)]
        assert found == [title(item) for item in pairs.item[one.rows]]


def test_neither_ids_nor_groups_nor_users_are_named():
    pairs, world = random_world(0, "few")
    everything = "".join(said(one.call) for one in plan(pairs, world))
    assert "secret-item" not in everything
    assert "planted" not in everything
    for word in ("observed", "control", "interact", "noise", "noisy", "stranger", "held out"):
        assert word not in everything.lower()


def test_written_profiles_of_users_are_never_shown():
    pairs, world = random_world(0, "few")
    profiles = Profiles(("LEAKED",) * 25, tuple(f"{title(k)}, a film" for k in range(60)))
    everything = "".join(said(one.call) for one in plan(pairs, replace(world, profiles=profiles)))
    assert "LEAKED" not in everything
    assert "a film" in everything


def test_one_profile_without_all_judged_items_serves_all_calls_of_a_user():
    train = train_of(range(10), n_items=40)
    pairs = pairs_of(train, [(0, 0), (0, 1), *[(0, k) for k in range(20, 30)]])
    profiles = [one.shown.tolist() for one in plan(pairs, context(train), 4) if one.view == "user"]
    assert profiles == [list(range(2, 10))] * 3


def test_where_most_items_are_judged_only_the_call_s_own_are_left_out():
    train = train_of(range(10), n_items=40)
    pairs = pairs_of(train, [(0, k) for k in range(10)])
    for one in plan(pairs, context(train), 4):
        assert len(one.shown) >= 5
        assert not set(one.shown) & set(pairs.item[one.rows])


def test_at_least_half_of_the_items_stay_to_be_shown_however_large_a_call_may_be():
    train = train_of(range(6), n_items=40)
    pairs = pairs_of(train, [(0, k) for k in range(6)])
    planned = plan(pairs, context(train), 20)
    assert [len(one.shown) for one in planned] == [3] * 4
    assert [len(one.rows) for one in planned] == [3] * 4


def test_the_place_in_a_call_says_nothing():
    train = train_of(*[range(10)] * 400, n_items=30)
    pairs = pairs_of(train, [(u, k) for u in range(400) for k in (0, 1, 20, 21)])
    places = Counter()
    for one in plan(pairs, context(train)):
        places.update(np.flatnonzero(pairs.observed[one.rows]).tolist())
    # 1,600 observed targets over 4 places: 400 each, sd about 14
    assert all(abs(places[place] - 400) < 70 for place in range(4))


def test_the_history_is_what_stands_highest_over_the_targets_own_histories():
    train = train_of(range(6), n_items=20)
    history = np.array([[3, 1, 0, 2], [3, 0, 1, 5]])
    pairs = JudgePairs(
        np.zeros(2, np.int64),
        np.array([5, 11]),
        np.array([True, False]),
        np.zeros(2, bool),
        history,
    )
    item_view = [one for one in plan(pairs, context(train)) if one.view == "item"]
    # 3: 4 + 4, 0: 2 + 3, 1: 3 + 2 (tie: by number), 2: 1; 5 is a target
    assert item_view[0].shown.tolist() == [3, 0, 1, 2]


def test_without_anything_else_about_a_user_nothing_is_asked():
    train = train_of([3], range(5), n_items=20)
    planned = plan(pairs_of(train, [(0, 3), (0, 7), (1, 8)]), context(train))
    assert [(one.user, one.view) for one in planned] == [(1, "user"), (1, "item")]


def test_calls_of_a_user_do_not_change_with_the_other_users():
    train = train_of(range(9), range(5, 15), n_items=30)
    both = pairs_of(train, [(0, 20), (1, 5), (0, 1), (1, 22), (1, 23)])
    alone = pairs_of(train, [(1, 22), (1, 5), (1, 23)])
    known = {said(one.call) for one in plan(both, context(train), 2)}
    assert {said(one.call) for one in plan(alone, context(train), 2)} <= known


def test_calls_are_sorted_by_user_and_share_all_but_their_end():
    pairs, world = random_world(0, "few")
    planned = plan(pairs, world, 2)
    assert [one.user for one in planned] == sorted(one.user for one in planned)
    for (_, view), calls in by_user_and_view(planned).items():
        if view == "user":
            assert len({shown_of(one.call) for one in calls}) == 1
    assert len({one.call.messages[0]["content"] for one in planned}) == 2


def test_another_seed_is_another_order_and_the_same_seed_the_same():
    pairs, world = random_world(0, "few")
    first, again, other = (
        [said(one.call) for one in plan(pairs, world, seed=s)] for s in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_no_pairs_are_no_calls():
    train = train_of(range(6), n_items=20)
    assert plan(pairs_of(train, []), context(train)) == []
