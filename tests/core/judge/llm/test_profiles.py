"""Profiles written by a language model."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from core.config import LLMConfig
from core.errors import Cancelled
from core.judge.llm.call import Endpoint, MalformedReply
from core.judge.llm.profiles import plan_profiles, read_profile, written_profiles
from core.judge.llm.store import CallStore
from core.types import Profiles, ignore_progress
from tests.core.judge.llm.world import ENDPOINT, Scripted, items, said, title, train_of
from tests.llm_server import serve

TRAIN = train_of(range(3), [4], range(2, 9), n_items=10)
COMPOSED = Profiles(tuple(f"user {u}" for u in range(3)), tuple(f"item {k}" for k in range(10)))


def about(messages):
    """A model that names the titles it was shown."""
    titles = re.findall(r"title(\d+)x", messages[-1]["content"])
    return json.dumps({"profile": "About " + " ".join(titles)})


def write(ask, n_titles=5, catalogue=None, on_progress=ignore_progress, **config):
    rng = np.random.default_rng(0)
    catalogue = catalogue or items(10)
    place = (ENDPOINT, "schema", None, LLMConfig(**config), n_titles, rng, on_progress, ask)
    return written_profiles(catalogue, TRAIN, COMPOSED, *place)


def test_one_profile_per_item_and_per_user():
    found = write(Scripted(lambda call: about(call.messages)))
    assert found.profiles.item == tuple(f"About {k:03d}" for k in range(10))
    assert found.profiles.user[:2] == ("About 000 001 002", "About 004")
    assert (found.n_items, found.n_users, found.n_refused, found.n_left) == (10, 3, 0, 0)


def test_users_are_described_by_train_items_alone_and_by_few_of_them():
    calls = plan_profiles(items(10), TRAIN, 5, np.random.default_rng(0))
    named = [int(k) for k in re.findall(r"title(\d+)x", said(calls["user", 2]))]
    assert len(named) == len(set(named)) == 5
    assert set(named) <= set(range(2, 9))


def test_ids_and_groups_are_not_sent():
    everything = "".join(
        map(said, plan_profiles(items(10), TRAIN, 5, np.random.default_rng(0)).values())
    )
    assert "secret" not in everything
    assert "planted" not in everything


def test_whoever_is_not_answered_keeps_the_composed_text_and_is_counted():
    replies = {"item": iter(["refused", "what?", "failed"]), "user": iter(["refused"])}

    def told(call):
        return next(replies[call.prompt.split("-")[0]], '{"profile": "Written."}')

    found = write(Scripted(told))
    assert found.profiles.item[:4] == ("item 0", "item 1", "item 2", "Written.")
    assert found.profiles.user == ("user 0", "Written.", "Written.")
    assert (found.n_items, found.n_users, found.n_refused, found.n_left) == (7, 2, 3, 1)


def test_a_spent_budget_leaves_the_rest_composed():
    found = write(Scripted(lambda call: about(call.messages), most=4))
    assert found.profiles.item[3:5] == ("About 003", "item 4")
    assert found.profiles.user == COMPOSED.user
    assert (found.n_left, found.spend.stopped_by) == (9, "the budget is spent")


def test_items_without_any_text_are_not_asked_about():
    blank = replace(items(10), title=("", *items(10).title[1:]), attributes={})
    found = write(Scripted(lambda call: about(call.messages)), catalogue=blank)
    assert found.profiles.item[0] == "item 0"
    assert found.profiles.user[0] == "About 001 002"
    assert found.n_without_text == 1


def test_the_profile_of_a_user_does_not_change_with_the_others():
    whole = plan_profiles(items(10), TRAIN, 3, np.random.default_rng(0))
    fewer = train_of([1], [4], range(2, 9), n_items=10)
    assert said(plan_profiles(items(10), fewer, 3, np.random.default_rng(0))["user", 2]) == said(
        whole["user", 2]
    )


@pytest.mark.parametrize(
    "text", ["", "A nice film.", '{"profile": ""}', '{"profile": " \u200b- "}', '{"profile": 3}',
             '{"profile": "a", "score": 1}', '{"text": "a"}'],
)  # fmt: skip
def test_anything_but_a_text_is_malformed(text):
    with pytest.raises(MalformedReply):
        read_profile(text)


def test_progress_can_stop_it():
    seen = []
    write(Scripted(lambda call: about(call.messages)), on_progress=seen.append)
    assert (seen[-1].stage, seen[-1].fraction) == ("texts", 1.0)
    assert seen[-1].values["n_written"] == 13

    def stop(_):
        raise Cancelled

    with pytest.raises(Cancelled):
        write(Scripted(lambda call: about(call.messages)), on_progress=stop)


def test_over_the_real_protocol_and_again_from_the_store(tmp_path):
    with serve(about) as server:
        endpoint, store = Endpoint(server.base_url, "tiny"), CallStore(tmp_path)
        for n_cached in (0, 13):
            found = written_profiles(
                *(items(10), TRAIN, COMPOSED, endpoint, "schema", store, LLMConfig(), 12),
                *(np.random.default_rng(0), ignore_progress),
            )
            assert found.profiles.item[9] == "About 009"
            assert found.spend.n_cached == n_cached
        assert sum(server.state.finished.values()) == 13
    assert title(9) in "".join(path.read_text() for path in tmp_path.glob("*/*.json"))
