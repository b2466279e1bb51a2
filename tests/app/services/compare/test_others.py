"""Settings, metrics, graphs, losses and labels of the two hand-made runs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from app.services.compare import graph, labels, losses, metrics, settings
from app.services.compare.graph import Change
from tests.compare_run import AFTER, BEFORE, CHILD, PARENT


def test_only_what_differs_is_listed(both):
    found = settings.differences(both).set_index("name")
    assert found.loc["train.pool", [PARENT, CHILD]].tolist() == ["64", "32"]
    assert found.loc["parent", [PARENT, CHILD]].tolist() == ["–", PARENT]
    assert found.loc["message", CHILD] == "**twelve** labels"
    assert "scoring.caution" not in found.index
    assert "hard negatives" in found.loc["train.pool", "meaning"]


def test_runs_made_alike_differ_in_nothing(both):
    assert settings.differences([both[0], both[0]]).empty


def test_numbers_at_the_best_epoch_side_by_side(both):
    found = metrics.side_by_side(both).set_index("what")
    assert found.loc["Best epoch"].tolist() == [10, 10]
    assert found.loc["Recall@20, validation"].tolist() == [0.25, 0.25]
    assert found.loc["Called noisy"].tolist() == [2, 3]
    assert found.loc["Threshold of P(noisy)"].tolist() == [0.5, 0.78]
    assert "NDCG@20, validation" not in found.index  # neither measured it


def test_of_equal_epochs_the_first_is_the_best(both):
    table = {"stage": "train", "epoch": [1, 2, 3], "name": "recall@20", "value": [0.1, 0.3, 0.3]}
    pd.DataFrame(table).to_parquet(both[0].folder / "metrics.parquet")
    assert metrics.best(both[0])["epoch"] == 2


def test_edges_by_both_decisions(both):
    found = graph.summary(both[0], CHILD)
    flows = graph.flows(found).set_index(["before", "after"])
    assert flows["n"].to_dict() == {
        ("added", "absent"): 1,
        ("added", "added"): 1,
        ("dropped", "dropped"): 1,
        ("dropped", "kept"): 1,
        ("kept", "kept"): 2,
        ("kept", "weakened"): 1,
        ("weakened", "weakened"): 1,
    }
    assert flows.loc[("kept", "weakened"), "moved"] == 1
    why = found[(found["before"] == "dropped") & (found["after"] == "kept")].iloc[0]
    assert (why["reason_a"], why["reason_b"]) == ("**noise**", "a person")


def test_changed_edges_with_their_weights(both):
    found = graph.page(both[0], CHILD, Change(), 10, 0)
    assert graph.n_of(graph.summary(both[0], CHILD), Change()) == len(found) == 3
    assert found[["user_id", "item_id", "weight_a", "weight_b"]].values.tolist() == [
        ["bob", "i3", 0.0, 1.0],
        ["bob", "i0", 0.5, 0.0],
        ["ann", "i0", 1.0, pytest.approx(0.9)],
    ]
    which = Change(before="added", after="absent")
    assert graph.page(both[0], CHILD, which, 10, 0)["item_id"].tolist() == ["i0"]
    assert graph.n_of(graph.summary(both[0], CHILD), which) == 1


def test_a_run_without_edges_says_so(both):
    (both[1].folder / "edges.parquet").unlink()
    assert CHILD in graph.missing(both[0], CHILD)


def test_losses_in_common_bins(both):
    found = losses.histogram(both[0], 4.0, 4).set_index(["verdict", "loss"])["n"]
    assert found["clean"].tolist() == [1, 1, 0, 0]
    assert found["hard"].tolist() == [0, 0, 1, 1]  # 2.0 and 3.5
    assert found["noisy"].tolist() == [0, 0, 0, 1]  # 4.0; the other is not known
    assert losses.medians(both[0])["noisy"] == pytest.approx(4.0, abs=0.01)
    assert losses.shares(both[0]).groupby("verdict")["share"].last().tolist() == [1.0, 1.0, 1.0]


def test_labels_that_neither_run_used(both):
    found = labels.held_out(both[0], CHILD).every
    # Held out: row 0 clean, 3 noisy, 4 hard.
    assert (found.n_noisy, found.n_genuine) == (1, 2)
    assert (found.auc_a, found.auc_b) == (1.0, 1.0)
    assert found.same_a == found.noisy_or_not_a == 1.0
    # The hard one is called noisy now.
    assert found.same_b == found.noisy_or_not_b == pytest.approx(2 / 3)


def test_a_clean_verdict_is_no_hard_label_but_not_noisy_either(both):
    table = pd.DataFrame(AFTER | {"verdict": ["clean"] * 4 + ["clean", "clean"]})
    table.to_parquet(both[1].folder / "interactions.parquet")
    found = labels.held_out(both[0], CHILD).every
    assert found.same_b == pytest.approx(1 / 3)  # the clean one alone
    assert found.noisy_or_not_b == pytest.approx(2 / 3)  # and the hard one


def test_a_label_that_the_baseline_used_does_not_measure(both):
    table = pd.DataFrame(BEFORE | {"label": ["", "", "", "noisy", "", ""], "held_out": [False] * 6})
    table.to_parquet(both[0].folder / "interactions.parquet")
    assert labels.held_out(both[0], CHILD).every.n_noisy == 0


def said(run, rows, **more):
    """Write the labels that a run was given."""
    columns = ["user_id", "item_id", "label"]
    pd.DataFrame(rows, columns=columns).assign(**more).to_parquet(run.folder / "labels.parquet")


def test_pairs_of_the_random_order_are_measured_apart(both):
    rows = [("ann", "i0", "clean"), ("bob", "i3", "noisy"), ("cid", "i0", "hard")]
    said(both[1], rows, sampled=[False, True, True])
    found = labels.held_out(both[0], CHILD)
    assert (found.sampled.n_noisy, found.sampled.n_genuine) == (1, 1)
    assert (found.sampled.same_a, found.sampled.same_b) == (1.0, 0.5)
    assert found.every.n_genuine == 2


def test_a_run_that_does_not_say_what_was_random_is_not_guessed_at(both):
    assert labels.held_out(both[0], CHILD).sampled is None
    said(both[1], [("bob", "i3", "noisy")])
    assert labels.held_out(both[0], CHILD).sampled is None


def test_planted_truth_is_compared_over_the_same_rows(both):
    # A person decided row 1 in the child: it is left out of both. Noise 3, hard 2 of the others.
    kinds = {"row": [1, 2, 3], "kind": ["uniform", "tail", "uniform"]}
    flags = {"noise": [True, False, True], "hard": [False, True, False]}
    for run in both:
        pd.DataFrame(kinds | flags).to_parquet(run.folder / "kinds.parquet")
    found, n_left_out = metrics.against_truth(both[0], CHILD)
    found = found.set_index("what")
    assert n_left_out == 1
    assert found.loc["Planted noise found"].tolist() == [1.0, 1.0]  # A missed row 1
    assert found.loc["Planted noise among the noisy"].tolist() == [1 / 2, 1 / 2]
    assert found.loc["Hard kept"].tolist() == [1.0, 1.0]
    assert found.loc["AUC of P(noisy), all"].tolist() == [1.0, 1.0]
    assert found.loc["Hard kept at noise recall 0.7"].tolist() == [1.0, 1.0]
    beside = metrics.beside(both[0], (CHILD,)).set_index("what")
    assert beside.loc["Planted noise found"].tolist() == [1.0, 1.0]  # 0.7 in the manifests


def test_what_follows_the_score_knows_nothing_at_equal_score(both):
    # Of 400 clicks every other one is noise; A suspects by the score alone, B by the truth.
    rows = np.arange(400)
    noise = rows % 2 == 1
    score = (np.sin(rows * 3.7) - 0.8 * noise).astype(np.float32)
    kinds = {"row": rows, "kind": np.where(noise, "uniform", "tail"), "noise": noise}
    for run, p in zip(both, (1 - score, noise.astype(np.float32)), strict=True):
        pd.DataFrame(kinds | {"hard": ~noise}).to_parquet(run.folder / "kinds.parquet")
        told = pd.read_parquet(run.folder / "interactions.parquet").iloc[np.zeros(400, int)]
        ours = {"row": rows, "item_id": rows.astype(str), "item": rows, "user_id": "ann"}
        ours |= {"p_noisy": p, "score": score, "loss": 1 - score}
        told.assign(**ours).to_parquet(run.folder / "interactions.parquet")
    found = metrics.against_truth(both[0], CHILD)[0].set_index("what")
    assert found.loc["AUC of P(noisy), all", "a"] > 0.7
    by_score, by_truth = found.loc["AUC of P(noisy), equal score"]
    assert by_score == pytest.approx(0.5, abs=0.05)
    assert by_truth == 1.0
    assert found.loc["Hard kept at noise recall 0.7", "b"] == 1.0
    assert found.loc["Hard kept at noise recall 0.7", "a"] < 0.7


def test_without_labels_each_run_says_itself_how_much_it_found(both):
    path = both[1].folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"labels": None}))
    found, n_left_out = metrics.against_truth(both[0], CHILD)
    assert found.set_index("what").loc["Planted noise found"].tolist() == [0.7, 0.7]
    assert n_left_out == 0


def test_neighbours_of_used_labels(both):
    found = labels.neighbours(both[0], CHILD).set_index("group")
    # Used: row 1 (ann, i1) noisy. Without a label: row 2 (bob, i2) and 5 (cid, i1).
    assert found["n"].to_dict() == {
        **{"user_noisy": 0, "item_noisy": 1, "user_genuine": 0, "item_genuine": 0},
        **{"rest": 1, "all": 2},
    }
    assert found.loc["item_noisy", "change"] == pytest.approx(-0.05)
    assert found.loc["item_noisy", "from_noisy"] == 1
    assert found.loc["all", "change"] == pytest.approx(-0.025)


def test_a_run_without_labels_says_so(both):
    assert not labels.has_labels(both[0])
    assert labels.quality(both[0]) is None
    assert set(AFTER) - set(BEFORE) >= {"label", "held_out"}
