"""What a random sample says, worked out by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from app.services import store
from app.services.labels import bulk as lists
from app.services.labels import current, estimates, events
from tests.review_run import write_review_run


@pytest.fixture
def run(workspace):
    """Six interactions: ann/i0, ann/i1 clean; bob/i2, cid/i0 hard; bob/i3, cid/i1 noisy."""
    folder = write_review_run(workspace)
    found = store.load_run(workspace, folder.name)
    pd.DataFrame(
        {"user_id": ["ann"], "item_id": ["i2"], "observed": False, "control": False}
        | {"by_grades": ["hidden like"]}
    ).to_parquet(folder / "judgements.parquet")
    return store.Run(found.id, found.folder, found.manifest.model_copy(update={"dataset": "d"}))


@pytest.mark.parametrize(
    ("n_yes", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # By hand, z^2 = 3.8415: (1 + 1.9207) / (2 + 3.8415) = .5, +- 1.96 / 5.8415 * 1.2102 = .406.
        (1, 2, 0.0945, 0.9055),
        (4, 4, 0.5101, 1.0),
    ],
)
def test_wilson_interval(n_yes, n, low, high):
    found = estimates.wilson(n_yes, n)
    assert (found.n, found.n_yes, found.share) == (n, n_yes, n_yes / n)
    assert found.low == pytest.approx(low, abs=6e-5)
    assert found.high == pytest.approx(high, abs=6e-5)


def test_nothing_says_nothing():
    found = estimates.wilson(0, 0)
    assert math.isnan(found.share)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_only_the_random_sample_counts(run, desk):
    said = {"ann/i0": "clean", "ann/i1": "noisy", "bob/i2": "hard", "cid/i0": "clean"}
    for pair, label in said.items():
        desk.say("ann", pair, label, "random")
    desk.say("ann", "bob/i3", "noisy", "noisy")  # another order
    desk.say("ann", "bob/i3", "noisy", "random part")  # a random order over what a filter left
    desk.say("ann", "cid/i1", "unsure", "random")
    desk.say("ann", "zoe/i9", "noisy", "random")  # not in this run
    desk.say("ann", "ann/i2", "like", "additions", observed=False)
    found = estimates.precision(run, desk.cursor)
    table = found.by_verdict.set_index("verdict")
    assert table["n"].to_dict() == {"clean": 2, "hard": 2, "noisy": 0}
    assert table["n_agree"].to_dict() == {"clean": 1, "hard": 1, "noisy": 0}
    assert table["of"].to_dict() == {"clean": 2, "hard": 2, "noisy": 2}
    assert table.loc["clean", "low"] == pytest.approx(0.0945, abs=6e-5)
    assert math.isnan(table.loc["noisy", "share"])
    assert (found.noise_rate.n, found.noise_rate.n_yes, found.noise_rate.share) == (4, 1, 0.25)
    assert (found.n_unsure, found.n_conflict, found.n_unknown) == (1, 0, 1)


def test_a_hard_label_agrees_with_the_verdict_clean(run, desk):
    desk.say("ann", "ann/i0", "hard", "random")
    desk.say("ann", "bob/i3", "noisy", "random")
    table = estimates.precision(run, desk.cursor).by_verdict.set_index("verdict")
    assert table["n_agree"].to_dict() == {"clean": 1, "hard": 0, "noisy": 1}


def test_what_was_drawn_stays_drawn_whoever_changes_it(run, desk):
    desk.say("ann", "bob/i3", "noisy", "random")
    desk.say("bob", "bob/i3", "hard", "second")
    desk.say("ann", "cid/i1", "noisy", "random")
    found = estimates.precision(run, desk.cursor)
    assert (found.noise_rate.n, found.n_conflict) == (1, 1)
    desk.say("cid", "bob/i3", "hard", "resolve")
    desk.say("ann", "cid/i1", "clean", "card")
    found = estimates.precision(run, desk.cursor)
    assert (found.noise_rate.n, found.noise_rate.n_yes, found.n_conflict) == (2, 0, 0)
    desk.undo("ann")
    assert estimates.precision(run, desk.cursor).noise_rate.n_yes == 1
    desk.undo("ann")  # cid/i1 has no label left
    assert estimates.precision(run, desk.cursor).noise_rate.n == 1


def test_a_run_without_labels_has_no_estimate(run, desk):
    found = estimates.precision(run, desk.cursor)
    assert found.by_verdict["n"].tolist() == [0, 0, 0]
    assert math.isnan(found.noise_rate.share)
    assert estimates.agreement(run, current.effective(desk.cursor, "d")).empty


def test_agreement_counts_all_labels(run, desk):
    said = {"ann/i0": "clean", "ann/i1": "clean", "bob/i3": "hard", "cid/i1": "noisy"}
    for pair, label in said.items():
        desk.say("ann", pair, label)
    desk.say("bob", "cid/i1", "hard")
    desk.say("ann", "ann/i2", "not", observed=False)
    desk.say("ann", "zoe/i9", "hard")
    found = estimates.agreement(run, current.effective(desk.cursor, "d"))
    assert found.to_numpy().tolist() == [
        ["clean", "clean", 2],
        ["hidden like", "not", 1],
        ["noisy", "conflict", 1],
        ["noisy", "hard", 1],
        ["not in this run", "hard", 1],
    ]


def test_people_agree_beyond_chance_or_not(desk):
    # ann: 6 noisy, 4 hard; bob: the same on 5 + 3, else the other way: chance .6 .6 + .4 .4 = .52.
    for number in range(10):
        mine = "noisy" if number < 6 else "hard"
        theirs = ("hard" if mine == "noisy" else "noisy") if number in (5, 9) else mine
        desk.say("ann", f"u/{number}", mine)
        desk.say("bob", f"u/{number}", theirs)
    desk.say("ann", "u/x", "unsure")
    desk.say("bob", "u/x", "hard")
    desk.say("cid", "u/0", "noisy")
    found = estimates.between_people(desk.cursor, "d").set_index(["who", "other"])
    first = found.loc[("ann", "bob")]
    assert (first["n"], first["n_agree"], first["share"]) == (10, 8, 0.8)
    assert first["kappa"] == pytest.approx((0.8 - 0.52) / 0.48)
    assert math.isnan(found.loc[("ann", "cid"), "kappa"])
    assert len(found) == 3


def agree(desk):
    found = estimates.between_people(desk.cursor, "d")
    return {(r.who, r.other): (r.n_agree, r.n) for r in found.itertuples()}


def test_agreement_is_of_first_judgements_and_not_of_what_was_settled(desk):
    desk.say("ann", "u/a", "hard")
    desk.say("bob", "u/a", "noisy", "second")
    desk.say("ann", "u/b", "hard")
    desk.say("bob", "u/b", "hard", "second")
    assert agree(desk) == {("ann", "bob"): (1, 2)}
    desk.say("ann", "u/a", "noisy", "resolve")  # gives way
    assert agree(desk) == {("ann", "bob"): (1, 2)}
    desk.say("cid", "u/a", "noisy", "resolve")  # settles it, and has not judged by himself
    desk.say("bob", "u/b", "clean")  # with the other label in sight
    assert agree(desk) == {("ann", "bob"): (1, 2)}


def test_slips_lists_and_what_was_taken_back_are_no_judgements(desk):
    desk.say("ann", "u/a", "hard")
    desk.say("bob", "u/a", "noisy")
    desk.undo("bob")  # a slip
    assert agree(desk) == {}
    desk.say("bob", "u/a", "hard")
    assert agree(desk) == {("ann", "bob"): (1, 1)}
    bulk(desk, "cid", "noisy", "u/a")
    assert agree(desk) == {("ann", "bob"): (1, 1)}
    desk.say("ann", "u/c", "unsure")
    desk.say("ann", "u/c", "hard")  # only after it saw what bob says
    desk.say("bob", "u/c", "hard")
    desk.say("bob", "u/a", None)
    assert agree(desk) == {}


def test_an_import_that_says_so_belongs_to_the_random_sample(run, desk):
    rows = pd.DataFrame(
        [("ann", "bob", "i3", "noisy", "random"), ("ann", "cid", "i1", "hard", "noisy")],
        columns=["who", "user_id", "item_id", "new", "origin"],
    )
    context = events.Context("eve", "d", "import", "run-1")
    lists.write(desk.cursor, context, rows.assign(observed=True), "file")
    assert rate(run, desk) == (1, 1, 0)
    bulk(desk, "ann", "hard", "bob/i3")
    assert rate(run, desk) == (1, 1, 0)
    desk.undo("ann")
    desk.undo("eve")
    assert rate(run, desk) == (0, 0, 0)
    desk.redo("eve")
    assert rate(run, desk) == (1, 1, 0)


def bulk(desk, who, label, *pairs, source="bulk"):
    rows = pd.DataFrame([pair.split("/") for pair in pairs], columns=["user_id", "item_id"])
    context = events.Context(who, "d", source, "run-1")
    events.record_table(desk.cursor, context, rows.assign(observed=True), label, events.new_batch())


def rate(run, desk):
    found = estimates.precision(run, desk.cursor)
    return found.noise_rate.n_yes, found.noise_rate.n, found.n_conflict


@pytest.mark.parametrize("source", ["bulk", "table", "import"])
def test_lists_do_not_replace_what_was_said_of_the_sample(run, desk, source):
    desk.say("ann", "bob/i3", "hard", "random")
    desk.say("ann", "cid/i1", "noisy", "random")
    bulk(desk, "ann", "noisy", "bob/i3", "cid/i1", "cid/i0", source=source)
    bulk(desk, "bob", "clean", "cid/i1", source=source)  # of a colleague: no disagreement
    assert rate(run, desk) == (1, 2, 0)
    desk.undo("ann")
    assert rate(run, desk) == (1, 2, 0)
    desk.redo("ann")
    desk.say("ann", "bob/i3", "clean", "card")  # by hand again: counts
    desk.say("bob", "bob/i3", "noisy", "noisy")  # who did not draw it, and was not asked
    assert rate(run, desk) == (1, 2, 0)
    table = estimates.precision(run, desk.cursor).by_verdict.set_index("verdict")
    assert (table.loc["noisy", "n"], table.loc["noisy", "n_agree"]) == (2, 1)


def test_a_drawn_label_that_was_taken_back_to_a_bulk_is_none(run, desk):
    bulk(desk, "ann", "noisy", "bob/i3")
    desk.say("ann", "bob/i3", "hard", "random")
    assert rate(run, desk) == (0, 1, 0)
    desk.undo("ann")
    assert rate(run, desk) == (0, 0, 0)
    desk.redo("ann")
    assert rate(run, desk) == (0, 1, 0)


def test_conflicts_widen_the_interval_both_ways(run, desk):
    for pair in ("bob/i3", "cid/i1"):
        desk.say("ann", pair, "noisy", "random")
    desk.say("bob", "cid/i1", "hard", "second")
    found = estimates.precision(run, desk.cursor)
    assert (found.noise_rate.n, found.noise_rate.n_yes, found.noise_rate.share) == (1, 1, 1.0)
    # Wilson of 1 of 2 from below (.0945), of 2 of 2 from above.
    assert found.noise_rate.low == pytest.approx(0.0945, abs=6e-5)
    assert found.noise_rate.high == 1.0
    noisy = found.by_verdict.set_index("verdict").loc["noisy"]
    assert (noisy["n"], noisy["low"]) == (1, pytest.approx(0.0945, abs=6e-5))
    clean = found.by_verdict.set_index("verdict").loc["clean"]
    assert math.isnan(clean["low"])


def test_verdicts_that_follow_given_labels_are_not_measured_by_them(run, desk):
    path = run.folder / "interactions.parquet"
    # ann/i0 decided by a person; bob/i3 taught the calibration; cid/i1 held out; bob/i2 none.
    columns = {
        "label": ["clean", "", "", "noisy", "", "noisy"],
        "held_out": [False, False, False, False, False, True],
        "decided_by": ["person", "model", "model", "model", "model", "model"],
    }
    pd.read_parquet(path).sort_values("row").assign(**columns).to_parquet(path)
    said = {"ann/i0": "clean", "bob/i3": "noisy", "cid/i1": "noisy", "bob/i2": "noisy"}
    for pair, label in said.items():
        desk.say("ann", pair, label, "random")
    found = estimates.precision(run, desk.cursor)
    table = found.by_verdict.set_index("verdict")
    assert table["n"].to_dict() == {"clean": 0, "hard": 1, "noisy": 1}
    assert table["n_agree"].to_dict() == {"clean": 0, "hard": 0, "noisy": 1}
    assert found.n_given == 2
    assert (found.noise_rate.n_yes, found.noise_rate.n) == (3, 4)
