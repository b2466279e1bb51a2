"""What retraining would change, counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.services import background, retrain, run_orders, store
from app.services.compare import next_settings
from app.services.retrain_labels import Edges
from core.config import RunConfig
from core.labels import held_out_pairs, read_labels
from core.types import Users
from tests.dataset_folder import write_dataset
from tests.job_folder import write_job
from tests.run_folder import write_run
from tests.worlds import dataset, pairs

EDGES = pd.DataFrame(
    {
        "user": [0, 0, 1, 1, 2],
        "item": [0, 1, 2, 3, 0],
        "user_id": ["ann", "ann", "bob", "bob", "cid"],
        "item_id": ["i0", "i1", "i2", "i3", "i0"],
        "in_original": [True, True, True, True, False],
        "in_refined": [True, False, True, True, True],
        "origin": ["kept", "dropped", "kept", "kept", "added"],
        "weight": np.array([1.0, 0.0, 0.4, 1.0, 1.0], dtype=np.float32),
        "reason": ["x"] * 5,
    }
)
LABELS = [
    ("ann", "i0", True, "noisy"),
    ("ann", "i1", True, "clean"),
    ("bob", "i2", True, "hard"),
    ("bob", "i3", True, "conflict"),
    ("cid", "i1", True, "unsure"),
    ("cid", "i0", False, "not"),
    ("cid", "i2", False, "like"),
]
NONE_HELD_OUT = {"labels": {"held_out": 0.0}}


def said(rows=LABELS):
    return pd.DataFrame(rows, columns=["user_id", "item_id", "observed", "label"])


def write_data(workspace):
    """The dataset of the run; no pair is in train and test at once, and 50 more users."""
    folder = write_dataset(workspace)
    more = pd.DataFrame({"user_id": ["ann", "bob", "cid", *(f"u{n}" for n in range(50))]})
    more.assign(text="").to_parquet(folder / "users.parquet")
    train = pd.read_parquet(folder / "train.parquet")[["user_id", "item_id"]]
    many = more.iloc[3:].assign(item_id="i0")
    pd.concat([train, many]).to_parquet(folder / "train.parquet")
    pd.DataFrame({"user_id": ["bob"], "item_id": ["i0"]}).to_parquet(folder / "test.parquet")


@pytest.fixture
def run(workspace):
    stages = {"pretrain": 10.0, "score": 2.0, "train": 40.0, "project": 5.0}
    settings = RunConfig().model_dump(mode="json")
    changes = {"stages": stages, "settings": settings, "dataset": "films",
               "dataset_fingerprint": "sha256:abc"}  # fmt: skip
    EDGES.to_parquet(write_run(workspace, "run-1", changes) / "edges.parquet")
    write_data(workspace)
    return store.load_run(workspace, "run-1")


def config(**changes):
    return RunConfig.model_validate(changes)


def test_labels_are_counted_by_kind_and_edges_by_what_changes(run):
    plan = retrain.plan(run, said(), config(**NONE_HELD_OUT))
    assert plan.n_by_label == {"clean": 1, "hard": 1, "noisy": 1, "like": 1, "not": 1}
    assert (plan.n_used, plan.n_held_out, plan.n_overrule_only) == (5, 0, 0)
    assert plan.left_out == {
        "conflict": 1, "unsure": 1, "unknown": 0, "reserved": 0, "misplaced": 0,
    }  # fmt: skip
    assert plan.n_left_out == 2
    # clean ann-i1 (dropped before), hard bob-i2 (there), like cid-i2 (new); noisy ann-i0 (there);
    # not cid-i0 (added before).
    assert plan.edges == Edges(3, 2, 1, 1, 1, 1)
    assert plan.changes == {"labels.held_out": (RunConfig().labels.held_out, 0.0)}


def test_labels_held_out_are_those_that_the_run_will_hold_out(run):
    rows = [(f"u{number}", "i0", True, "noisy") for number in range(50)]
    plan = retrain.plan(run, said(rows), config(labels={"held_out": 0.3}))
    expected = held_out_pairs([row[0] for row in rows], ["i0"] * 50, 0.3).sum()
    assert 0 < plan.n_held_out == expected
    assert plan.n_used == 50 - expected
    assert plan.edges.dropped == plan.n_used
    assert plan.edges.n_gone == 0


def test_labels_that_the_run_would_throw_away_are_not_counted_on(run):
    rows = [
        ("gone", "i0", True, "noisy"),
        ("cid", "gone", False, "like"),
        ("ann", "i2", False, "like"),  # validation
        ("bob", "i0", False, "not"),  # test
        ("cid", "i0", False, "noisy"),  # no train interaction
        ("bob", "i2", True, "like"),  # one
        ("ann", "i1", True, "clean"),
    ]
    plan = retrain.plan(run, said(rows), config(**NONE_HELD_OUT))
    assert plan.left_out == {
        "conflict": 0, "unsure": 0, "unknown": 2, "reserved": 2, "misplaced": 2,
    }  # fmt: skip
    assert plan.n_by_label == {"clean": 1, "hard": 0, "noisy": 0, "like": 0, "not": 0}
    assert plan.edges == Edges(1, 1, 0, 0, 0, 0)


def test_the_plan_leaves_out_what_the_engine_leaves_out(run, workspace):
    """The same counts from the labels that the run would read."""
    rows = [(u, i, True, k) for u in ("ann", "bob", "cid", "x") for i, k in
            (("i0", "noisy"), ("i1", "like"), ("i2", "clean"), ("i9", "not"))]  # fmt: skip
    folder = workspace / "datasets" / "films"
    parts = {
        name: pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "valid", "test")
    }
    users = ("ann", "bob", "cid", *(f"u{n}" for n in range(50)))
    items = ("i0", "i1", "i2")

    def numbers(frame):
        user = [users.index(name) for name in frame["user_id"]]
        return pairs(user, [items.index(name) for name in frame["item_id"]], len(users), len(items))

    data = dataset(numbers(parts["train"]), numbers(parts["valid"]), numbers(parts["test"]))
    data = replace(data, users=Users(users, ("",) * len(users)),
                   items=replace(data.items, id=items))  # fmt: skip
    path = workspace / "all.parquet"
    said(rows).assign(origin="card").to_parquet(path)
    for share in (0.0, 0.5):
        settings = config(labels={"held_out": share})
        found = read_labels(path, data, settings.labels)
        plan = retrain.plan(run, said(rows), settings)
        left_out = plan.left_out
        assert (left_out["unknown"], left_out["reserved"], left_out["misplaced"]) == (
            found.n_unknown, found.n_reserved, found.n_misplaced,
        )  # fmt: skip
        assert plan.n_held_out == found.labels.held_out.sum()
        assert plan.n_used == len(found.labels) - plan.n_held_out > 0


def test_labels_given_to_many_pairs_at_once_are_never_held_out(run):
    rows = [(f"u{number}", "i0", True, "noisy") for number in range(50)]
    bulk = said(rows).assign(origin=["bulk", "noisy"] * 25)
    plan = retrain.plan(run, bulk, config(labels={"held_out": 0.9}))
    expected = held_out_pairs([row[0] for row in rows[1::2]], ["i0"] * 25, 0.9).sum()
    assert plan.n_held_out == expected > 15
    assert (plan.n_overrule_only, plan.n_used) == (25, 50 - expected)


@pytest.mark.parametrize(
    "changes", [{"labels": {"override": False}}, {"train": {"interaction_denoising": False}}]
)
def test_where_labels_may_not_decide_edges_none_is_promised(run, changes):
    plan = retrain.plan(run, said(), config(**changes))
    assert plan.edges == Edges(0, 0, 0, 0, 0, 0)
    assert next(iter(changes)) in plan.no_edges
    assert plan.n_used > 0
    assert retrain.plan(run, said(), config()).no_edges == ""


def test_without_any_label_the_plan_is_empty(run):
    plan = retrain.plan(run, said([]), config())
    assert (plan.n_used, plan.n_held_out, plan.changes) == (0, 0, {})
    assert plan.edges == Edges(0, 0, 0, 0, 0, 0)


def test_the_time_is_that_of_the_stages_that_are_done_again(run, workspace):
    whole = retrain.plan(run, said(), config())
    assert (whole.reuses, whole.seconds) == (False, retrain.START_S + 57.0)
    (workspace / "cache" / "stages" / "x").mkdir(parents=True)
    late = retrain.plan(run, said(), config())
    assert (late.reuses, late.seconds) == (True, retrain.START_S + 42.0)
    early = retrain.plan(run, said(), config(pretrain={"epochs": 5}))
    assert early.seconds == retrain.START_S + 57.0
    half = RunConfig().train.epochs // 2
    fewer = retrain.plan(run, said(), config(train={"epochs": half}))
    assert fewer.seconds == pytest.approx(
        retrain.START_S + 2.0 + 40.0 * half / RunConfig().train.epochs
    )


def write_weights(run, **about):
    told = {
        "dataset": "sha256:abc",
        "backbone": RunConfig().backbone.model_dump(mode="json"),
        "denoising": RunConfig().train.interaction_denoising,
        "outer": RunConfig().leaves_input_layer_out,
        "preset": "soft",
    }
    np.savez(run.folder / "warm.npz", about=np.array(json.dumps(told | about)))


def test_a_warm_start_needs_weights_that_fit(run):
    assert "kept no weights" in retrain.plan(run, said(), config()).warm_reason
    write_weights(run)
    plan = retrain.plan(run, said(), config())
    assert plan.can_warm_start
    # One preset is trained where "auto" without weights compares two.
    assert plan.seconds == retrain.START_S + 17.0 + 20.0
    assert retrain.plan(run, said(), config(), from_scratch=True).seconds == retrain.START_S + 57.0
    other = retrain.plan(run, said(), config(backbone={"embedding_size": 8}))
    assert not other.can_warm_start
    assert "backbone" in other.warm_reason
    assert not retrain.plan(run, said(), config(refine={"preset": "paper"})).can_warm_start
    other = retrain.plan(run, said(), config(train={"layer_contrast": False}))
    assert "layer_contrast" in other.warm_reason


@pytest.mark.parametrize("place", [0, 2, 30, 60, 200, -60, -20, -4])
@pytest.mark.parametrize("cut", [True, False])
def test_damaged_weights_are_said_to_be_so_wherever_the_damage_is(run, place, cut):
    """Cut off there, or overwritten from there: each is another error of the reader."""
    write_weights(run)
    path = run.folder / "warm.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:place] if cut else whole[:place] + bytes(9) + whole[place:][9:])
    plan = retrain.plan(run, said([]), config())
    assert plan.can_warm_start or "cannot be read" in plan.warm_reason
    for nonsense in (b"", b"PK broken", b"PK\x03\x04" + bytes(400)):
        path.write_bytes(nonsense)
        assert "cannot be read" in retrain.plan(run, said([]), config()).warm_reason


def test_settings_of_what_if_are_offered_for_the_run_they_were_chosen_for(run):
    own, chosen = retrain.settings_to_start(run)
    assert (own["train.epochs"], chosen) == (RunConfig().train.epochs, None)
    next_settings.save(run, {"train.epochs": 7})
    own, chosen = retrain.settings_to_start(run)
    assert (own["train.epochs"], chosen["train.epochs"]) == (RunConfig().train.epochs, 7)
    path = next_settings.path_of(run)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"from_run": "other"}))
    assert retrain.settings_to_start(run)[1] is None
    path.write_text("{")
    assert retrain.settings_to_start(run)[1] is None


def test_a_retraining_is_ordered_with_labels_revision_parent_and_message(
    run, workspace, monkeypatch
):
    asked = []
    monkeypatch.setattr(background, "start_run", lambda *told: asked.append(told) or "new")
    labels = workspace / "labels.parquet"
    assert retrain.start(run, config(seed=3), labels, "rev", "why", from_scratch=True) == "new"
    given = run_orders.Retraining(labels, "rev", "run-1", "why", warm_start=False)
    assert asked == [("films", config(seed=3), workspace, given)]


def test_what_keeps_a_run_from_being_retrained_is_said(run, workspace):
    assert retrain.why_not(run) == ""
    path = workspace / "datasets" / "films" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fingerprint": "sha256:new"}))
    assert "prepared anew" in retrain.why_not(run)
    path.unlink()
    assert "not in this workspace" in retrain.why_not(run)


def test_retrainings_of_a_run_that_go_on_are_found(run, workspace):
    write_job(workspace, "a", "running", order={"parent": "run-1"})
    write_job(workspace, "b", "queued", place=1, order={"parent": "run-1"})
    write_job(workspace, "c", "failed", order={"parent": "run-1"})
    write_job(workspace, "d", "running", order={"parent": "other"})
    assert retrain.going_on(workspace, run) == ["a", "b"]


def many(n_noisy, n_clean):
    users = [f"u{n}" for n in range(n_noisy + n_clean)]
    labels = ["noisy"] * n_noisy + ["clean"] * n_clean
    return said([(user, "i0", True, label) for user, label in zip(users, labels, strict=True)])


@pytest.mark.parametrize(
    ("n_noisy", "part"),
    [
        (14, "will not correct P(noisy): 14 noisy and 20 clean or hard ones"),
        (15, "will correct P(noisy) if that holds in cross-validation: 15 noisy and 20"),
    ],
)
def test_it_says_before_whether_there_are_labels_enough_to_correct_p_noisy(run, n_noisy, part):
    plan = retrain.plan(run, many(n_noisy, 20), config(**NONE_HELD_OUT))
    assert part in plan.correction


def test_labels_given_to_many_at_once_do_not_count_towards_the_correction(run):
    table = many(15, 20)
    table["origin"] = ["bulk"] * 5 + ["noisy"] * 30
    assert "10 noisy and 20" in retrain.plan(run, table, config(**NONE_HELD_OUT)).correction


def test_switched_off_the_correction_says_so(run):
    off = config(labels={"held_out": 0.0, "calibrate": False})
    assert "labels.calibrate is off" in retrain.plan(run, many(15, 20), off).correction


def test_labels_that_the_run_was_given_and_nobody_has_here_are_counted(run):
    assert retrain.plan(run, said(), config()).n_forgotten == 0
    given = pd.DataFrame({"user_id": ["ann", "bob", "zed"], "item_id": ["i0", "i9", "i1"]})
    given.to_parquet(run.folder / "labels.parquet")
    assert retrain.plan(run, said(), config()).n_forgotten == 2


def test_the_time_without_stages_to_take_over_is_told_as_well(run, workspace):
    (workspace / "cache" / "stages").mkdir(parents=True)
    (workspace / "cache" / "stages" / "one.npz").touch()
    plan = retrain.plan(run, said(), config(), from_scratch=True)
    assert plan.seconds == retrain.START_S + 2 + 40
    assert plan.seconds_anew == retrain.START_S + 10 + 2 + 40 + 5


def test_a_baseline_is_not_retrained_because_labels_train_nothing_there(run, workspace):
    settings = RunConfig(method="r-ce-pairwise").model_dump(mode="json")
    changes = {"settings": settings, "dataset": "films", "dataset_fingerprint": "sha256:abc"}
    write_run(workspace, "run-b", changes)
    said = retrain.why_not(store.load_run(workspace, "run-b"))
    assert "the baseline R-CE, pairwise" in said
    assert "train nothing" in said
    assert retrain.why_not(run) == ""


def test_a_run_is_not_retrained_into_a_baseline(run):
    assert retrain.why_not(run, config()) == ""
    assert "The setting method is bpr" in retrain.why_not(run, config(method="bpr"))
