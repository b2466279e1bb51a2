"""What the queue component is told about labels: one's own, and those of others."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services import database, store
from app.services.labels import current, events
from app.ui.label import content, desk
from tests.review_run import write_review_run


@pytest.fixture
def log(workspace):
    with database.connect(workspace) as connection:
        database.prepare(connection)
        yield connection.cursor()


def say(log, who, user, item, label, note="", dataset="six rows"):
    decision = events.Decision(user, item, True, label, 0, note=note)
    context = events.Context(who, dataset, "card", "run-1")
    events.record(log, context, [decision])


def item(user, item_id):
    made = {"id": content.ahead.id_of(user, item_id), "user_id": user, "item_id": item_id}
    return made | {"label": None, "note": "", "others": []}


def test_an_item_tells_the_own_label_and_note_and_what_others_say(log):
    say(log, "ann", "u", "a", "hard", "why")
    say(log, "bob", "u", "a", "noisy", "theirs")
    say(log, "bob", "u", "b", "clean")
    items = [item("u", "a"), item("u", "b"), item("u", "c")]
    opinions = content.Opinions(log, "six rows", "ann", items)
    first, second, third = (opinions.fill(one) for one in items)
    assert (first["label"], first["note"]) == ("hard", "why")
    assert first["others"] == [{"who": "bob", "label": "noisy"}]
    assert (second["label"], second["note"]) == (None, "")
    assert second["others"] == [{"who": "bob", "label": "clean"}]
    assert (third["label"], third["others"]) == (None, [])
    assert items[0]["label"] is None  # what is kept for all people says nothing of one of them


def test_the_random_order_tells_the_label_that_it_asks_about_again(log, workspace, monkeypatch):
    run = store.load_run(workspace, write_review_run(workspace).name)
    (run.folder / "judgements.parquet").unlink()  # of this hand-made run it names no ids
    pairs = pd.DataFrame({"user_id": ["bob", "cid"], "item_id": ["i3", "i1"]})
    monkeypatch.setattr(
        content.ahead,
        "described",
        lambda _, found: [
            item(*pair) for pair in zip(found["user_id"], found["item_id"], strict=True)
        ],
    )
    # Everything that anybody ever said is not asked for: it may be half a million labels.
    monkeypatch.delattr(current, "own")
    monkeypatch.delattr(desk, "labels_of_others")
    monkeypatch.setattr(desk, "restored", lambda: (5_000_000, ("bob", "i3")))
    dataset = run.manifest.dataset
    say(log, "ann", "bob", "i3", "hard", "seen", dataset=dataset)
    say(log, "zoe", "bob", "i3", "noisy", dataset=dataset)
    data = content.build(
        run,
        log,
        "ann",
        pairs,
        source="random",
        token="t",
        goal=10,
        blind=False,
        empty=["", ""],
    )
    assert [one["label"] for one in data["items"]] == ["hard", None]
    assert data["items"][0]["note"] == "seen"
    assert data["told"] == {content.ahead.id_of("bob", "i3"): [{"who": "zoe", "label": "noisy"}]}
    assert data["restored"]["at"] == 5
    assert data["restored"]["item"]["label"] == "hard"
