"""Orders of the queue, over six interactions whose order is worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import selection, store
from app.services.flagged import Filters
from app.services.labels import current, queue, queue_order
from tests.review_run import HOSTILE, write_review_run

NOTHING = pd.DataFrame({"user_id": [], "item_id": []})
JUDGED = pd.DataFrame(
    {
        "user": [0, 1, 2, 2, 0, 1],
        "item": [2, 1, 2, 3, 3, 0],
        "user_id": ["ann", "bob", "cid", "cid", "ann", "bob"],
        "item_id": ["i2", "i1", "i2", "i3", "i3", "i0"],
        "title": ["**Casino**", "<b>Bambi</b>", "**Casino**", "Dune", "Dune", "Alien"],
        "observed": False,
        "control": [False, False, False, False, True, False],
        "user_grade": [2, 2, 0, 0, 0, 1],
        "item_grade": [2, 2, 0, 0, 0, 1],
        "user_support": [0.75, 0.9, 0.2, 0.1, 0.5, 0.5],
        "item_support": [0.75, 0.9, 0.2, 0.1, 0.5, 0.5],
        "user_reason": "",
        "item_reason": HOSTILE,
        "by_grades": [
            "hidden like",
            "hidden like",
            "hard negative",
            "hard negative",
            "control",
            "hidden like",
        ],
    }
)
JUDGED.loc[5, ["user_support", "item_support"]] = float("nan")


@pytest.fixture
def run(workspace):
    folder = write_review_run(workspace)
    JUDGED.to_parquet(folder / "judgements.parquet")
    return store.load_run(workspace, folder.name)


def rows(run, order, *without, **more):
    labelled = pd.DataFrame(list(without), columns=["user_id", "item_id"])
    return queue.next_items(run, order, labelled, **more)["row"].tolist()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("noisy", [3, 5, 4, 2, 1, 0]),  # p .95 .8 .3 .2 .02 .01
        # Log-odds: -4.6, -3.9, -1.39, 2.94, -.85, 1.39. Rows 2 and 5 are as far, but for rounding.
        ("uncertain", [4, 2, 5, 3, 1, 0]),
        # Places by behaviour (-1 -.5 .6 1.5 .3 .4): 0 1 4 5 2 3; by language
        # (-1 -.5 -.8 1 -.1 .5): 0 2 1 5 3 4; apart by 0 1 3 0 1 1.
        ("disagreement", [2, 1, 4, 5, 0, 3]),
        # All users and items 0, 1 have two interactions (1.414), items 2 and 3 one (1.707), times
        # p (1 - p): .0099 .0196 .16 .0475 .21 .16 -> .014 .028 .273 .081 .297 .226.
        ("influence", [4, 2, 5, 3, 1, 0]),
        ("an unknown one", [3, 5, 4, 2, 1, 0]),
    ],
)
def test_orders(run, order, expected):
    found = rows(run, order)
    if order == "uncertain":
        assert sorted(found[1:3]) == [2, 5]
        found[1:3] = [2, 5]
    assert found == expected


def test_uncertain_looks_at_the_threshold_of_the_run(run):
    other = store.Run(run.id, run.folder, run.manifest.model_copy(update={"threshold": 0.9}))
    queue_order._ranked.cache_clear()
    assert rows(other, "uncertain")[0] == 3  # .95 lies .75 from .9 in log-odds; .8 lies .81
    queue_order._ranked.cache_clear()


def test_what_is_labelled_or_put_off_does_not_come_again(run):
    assert rows(run, "noisy", ("bob", "i3"), ("cid", "i0"), ("zoe", "i0")) == [5, 2, 1, 0]
    assert rows(run, "noisy", ("bob", "i3"), skip=[("cid", "i1"), ("ann", "i1")]) == [4, 2, 0]
    assert rows(run, "noisy", n=2) == [3, 5]
    everything = list(
        zip(
            ["ann", "ann", "bob", "bob", "cid", "cid"],
            ["i0", "i1", "i2", "i3", "i0", "i1"],
            strict=True,
        )
    )
    assert rows(run, "noisy", *everything) == []
    assert len(rows(run, "noisy", *everything[:2])) == 4


def test_a_long_list_of_labels_at_the_front_is_walked_over(workspace):
    n = 5000
    numbers = np.arange(n)
    folder = write_review_run(workspace, planted=False)
    columns = pd.read_parquet(folder / "interactions.parquet").iloc[[0] * n].reset_index(drop=True)
    ids = [f"i{number}" for number in numbers]
    frame = columns.assign(row=numbers, item=numbers, item_id=ids, p_noisy=1 - numbers / n)
    frame.sample(frac=1, random_state=0).to_parquet(folder / "interactions.parquet")
    run = store.load_run(workspace, folder.name)
    queue_order._ranked.cache_clear()
    labelled = frame[["user_id", "item_id"]].head(4000)
    assert queue.next_items(run, "noisy", labelled, n=3)["row"].tolist() == [4000, 4001, 4002]
    shuffled = queue_order.rows_in_order(run, "random")
    assert sorted(shuffled) == list(range(n))
    # No pattern: the halves are mixed (a fair order keeps 1250 of each within 5 deviations).
    assert abs((shuffled[: n // 2] < n // 2).sum() - n // 4) < 5 * np.sqrt(n / 16)


def test_filters_and_review_lists_restrict_the_queue(run):
    assert rows(run, "noisy", filters=Filters(verdicts=("hard",))) == [4, 2]
    assert rows(run, "noisy", filters=Filters(text="cid", p_high=0.5)) == [4]
    assert rows(run, "influence", filters=Filters(edges=("dropped", "weakened"))) == [5, 3]
    picked = selection.save(run, [0, 3, 4], "three")
    assert rows(run, "noisy", filters=Filters(list_path=str(picked.path))) == [3, 4, 0]


def test_the_random_order_is_the_same_for_all_and_in_every_run(run):
    first = rows(run, "random")
    assert sorted(first) == [0, 1, 2, 3, 4, 5]
    queue_order._ranked.cache_clear()
    assert rows(run, "random") == first
    # Of another run of the dataset with fewer rows, other numbers and other verdicts.
    table = pd.read_parquet(run.folder / "interactions.parquet")
    pairs = [tuple(table.loc[row, ["user_id", "item_id"]]) for row in first]
    fewer = table[table["row"] != first[2]].assign(verdict="clean", p_noisy=0.5)
    fewer = fewer.assign(user=2 - fewer["user"], item=9 - fewer["item"], row=range(5))
    fewer.to_parquet(run.folder / "interactions.parquet")
    queue_order._ranked.cache_clear()
    found = queue.next_items(run, "random", NOTHING)
    assert list(zip(found["user_id"], found["item_id"], strict=True)) == pairs[:2] + pairs[3:]
    queue_order._ranked.cache_clear()


def test_the_random_order_asks_again_about_labels_of_other_orders(run):
    labelled = pd.DataFrame({"user_id": ["ann", "ann"], "item_id": ["i0", "i1"]})
    assert len(rows(run, "random", ("ann", "i0"), ("ann", "i1"))) == 4
    sampled = labelled.assign(sampled=[True, False])
    assert len(queue.next_items(run, "random", sampled)) == 5
    assert len(queue.next_items(run, "noisy", sampled)) == 4


def test_additions_come_in_turns_the_clearest_first(run):
    found = queue.next_items(run, "additions", NOTHING)
    assert list(zip(found["user_id"], found["item_id"], found["verdict"], strict=True)) == [
        ("bob", "i1", "hidden like"),
        ("cid", "i3", "hard negative"),
        ("ann", "i2", "hidden like"),
        ("cid", "i2", "hard negative"),
        ("bob", "i0", "hidden like"),  # no support is known
    ]
    assert found["row"].isna().all()
    assert not found["observed"].any()
    assert found["p_noisy"].isna().all()
    labelled = pd.DataFrame({"user_id": ["bob"], "item_id": ["i1"]})
    left = queue.next_items(run, "additions", labelled, Filters(text="CASINO"), n=1)
    assert left["user_id"].tolist() == ["ann"]
    assert len(queue.next_items(run, "additions", labelled)) == 4
    assert len(queue.next_items(run, "additions", labelled, Filters(user_id="cid"))) == 2


def test_a_run_without_judgements_has_no_additions(run):
    (run.folder / "judgements.parquet").unlink()
    found = queue.next_items(run, "additions", NOTHING)
    assert found.empty
    assert list(found) == list(queue.next_items(run, "noisy", NOTHING))


def test_given_pairs_are_told_in_their_order(run):
    pairs = pd.DataFrame(
        {"user_id": ["cid", "zoe", "cid", "ann"], "item_id": ["i3", "i0", "i0", "i1"]}
    )
    found = queue.items(run, pairs)
    assert found["item_id"].tolist() == ["i3", "i0", "i1"]
    assert found["row"].fillna(-1).tolist() == [-1, 4, 1]
    assert found["observed"].tolist() == [False, True, True]
    assert list(found) == list(queue.next_items(run, "noisy", NOTHING))
    assert queue.items(run, NOTHING).empty


def test_second_opinions_tell_the_pair_and_not_the_label(run, desk):
    for pair in ("ann/i0", "cid/i1", "zoe/i0"):
        desk.say("ann", pair, "hard")
    given = store.Run(run.id, run.folder, run.manifest.model_copy(update={"dataset": "d"}))
    found = queue.second_opinions(given, desk.cursor, "bob")
    assert sorted(found["row"]) == [0, 5]
    assert "label" not in found
    found = queue.second_opinions(given, desk.cursor, "bob", skip=[("ann", "i0")])
    assert found["row"].tolist() == [5]
    assert queue.second_opinions(given, desk.cursor, "ann").empty
    assert len(current.awaiting(desk.cursor, "d", "bob")) == 3


def test_a_random_order_over_a_part_does_not_ask_twice(run):
    labelled = pd.DataFrame({"user_id": ["cid"], "item_id": ["i0"], "sampled": [False]})
    hard = Filters(verdicts=("hard",))
    assert set(queue.next_items(run, "random", NOTHING, hard)["row"]) == {2, 4}
    assert queue.next_items(run, "random", labelled, hard)["row"].tolist() == [2]
    assert len(queue.next_items(run, "random", labelled)) == 6


def test_a_sample_of_a_part_is_no_random_sample():
    assert queue.source("random") == "random"
    assert queue.source("random", Filters(verdicts=("noisy",))) == "random part"
    assert queue.source("noisy", Filters(verdicts=("noisy",))) == "noisy"
    assert queue.source("x") == "noisy"


def test_pairs_of_validation_and_test_are_no_additions(run, workspace):
    folder = workspace / "datasets" / "six rows"
    pairs = {"valid": ("bob", "i1"), "test": ("cid", "i3")}
    for name, (user, item) in pairs.items():
        pd.DataFrame({"user_id": [user], "item_id": [item]}).to_parquet(folder / f"{name}.parquet")
    found = queue.next_items(run, "additions", NOTHING)
    assert found["user_id"].tolist() == ["ann", "cid", "bob"]
    assert found["item_id"].tolist() == ["i2", "i2", "i0"]
    # Of another dataset under the same name nothing is known.
    manifest = run.manifest.model_copy(update={"dataset_fingerprint": "of another one"})
    other = store.Run(run.id, run.folder, manifest)
    assert len(queue.next_items(other, "additions", NOTHING)) == 5


def test_labelled_pairs_as_arrow_texts_are_left_out(run, desk):
    desk.say("ann", "bob/i3", "hard", "random")
    desk.say("ann", "cid/i1", "hard")
    labelled = current.own_keys(desk.cursor, "d", "ann")
    found = queue.next_items(run, "noisy", labelled, skip=[("cid", "i0")])
    assert found["row"].tolist() == [2, 1, 0]
    assert 5 in queue.next_items(run, "random", labelled)["row"].tolist()


def test_what_people_decided_in_this_run_has_the_place_that_the_signals_give_it(workspace):
    folder = write_review_run(workspace)
    path = folder / "interactions.parquet"
    table = pd.read_parquet(path)
    table["decided_by"] = ["person", *["model"] * 4, "person"]
    table["p_noisy_model"] = table["p_noisy"]
    table.loc[0, "p_noisy"], table.loc[5, "p_noisy"] = 1.0, 0.0  # the model said .01 and .8
    table.to_parquet(path)
    run = store.load_run(workspace, folder.name)
    assert rows(run, "noisy") == [3, 5, 4, 2, 1, 0]


def test_disagreement_of_a_baseline_goes_by_loss_and_texts(run):
    # Places by loss (0 1 2 4 3.5 -): 0 1 2 4 3 -; by the opposite of semantic relevance
    # (.9 .8 .7 .1 .8 .2): 0 1 3 5 1 4; apart by 0 0 1 1 2 and unknown.
    baseline = run.manifest.model_copy(update={"settings": {"method": "bpr"}})
    queue_order._ranked.cache_clear()
    assert rows(store.Run(run.id, run.folder, baseline), "disagreement") == [4, 2, 3, 0, 1, 5]
    queue_order._ranked.cache_clear()
