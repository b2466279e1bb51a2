"""Whole runs with labels, with kept stages, and with a parent."""

import shutil

import numpy as np
import pandas as pd
import pytest

from core.errors import Cancelled, ConfigError, DataError
from core.labels import held_out_pairs
from core.pipeline import STAGES, run_pipeline
from core.separation import auc
from core.warm_start import FILE
from tests.worlds import fewer_trees, tastes, tiny_run

EARLY = ("texts", "align", "pretrain", "out-of-fold", "judge", "project")


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        yield


@pytest.fixture(scope="module")
def world():
    return tastes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def base(world, place):
    """A finished run without labels."""
    return run_pipeline(world[0], tiny_run(), place / "base", place / "cache"), place / "base"


def table(folder, name):
    return pd.read_parquet(folder / f"{name}.parquet")


def assert_same_tables(left, right):
    names = {path.stem for path in left.glob("*.parquet")}
    assert names == {path.stem for path in right.glob("*.parquet")}
    for name in names:
        pd.testing.assert_frame_equal(table(left, name), table(right, name), check_exact=True)


def write(path, frame):
    frame[["user_id", "item_id", "label"]].to_parquet(path)
    return path


@pytest.fixture(scope="module")
def contrary(world, base, place):
    """People say the opposite of the verdicts, and of what the judge adds and ignores."""
    frame = table(base[1], "interactions")
    noisy, clean = frame[frame.verdict == "noisy"][:8], frame[frame.verdict == "clean"][:8]
    judged = table(base[1], "judgements")
    parts = (world[0].valid, world[0].test)  # labels of these pairs are not used
    reserved = np.concatenate([part.key() for part in parts])
    judged = judged[~(judged.user * 48 + judged.item).isin(reserved)]
    added = judged[judged.by_grades == "hidden like"][:4]
    ignored = judged[judged.by_grades == "hard negative"][:4]
    said = pd.concat(
        [
            noisy.assign(label="hard"),
            clean.assign(label="noisy"),
            added.assign(label="not"),
            ignored.assign(label="like"),
        ]
    )
    return write(place / "contrary.parquet", said), said


@pytest.fixture(scope="module")
def overruled(world, place, contrary):
    folder = place / "overruled"
    config = tiny_run(labels={"held_out": 0.25})
    return run_pipeline(world[0], config, folder, place / "cache", labels=contrary[0]), folder


def held_out(said, share=0.25):
    return held_out_pairs(said.user_id.tolist(), said.item_id.tolist(), share)


# ---------------------------------------------------------------- labels overrule


def test_people_have_the_last_word_in_every_table(overruled, contrary):
    said = contrary[1][~held_out(contrary[1])]
    frame = table(overruled[1], "interactions").set_index(["user_id", "item_id"])
    edges = table(overruled[1], "edges").set_index(["user_id", "item_id"])
    for pair, label in zip(zip(said.user_id, said.item_id, strict=True), said.label, strict=True):
        if label == "not":
            assert pair not in edges.index
            continue
        edge = edges.loc[pair]
        assert edge.decided_by == "person"
        if label == "like":
            assert (edge.origin, edge.weight) == ("added", 1)
            continue
        row = frame.loc[pair]
        assert (row.verdict, row.label, row.decided_by) == (label, label, "person")
        assert row.p_noisy == (label == "noisy")
        assert not row.held_out
        assert "a person decided so" in row.explanation
        expected = ("dropped", 0) if label == "noisy" else ("kept", 1)
        assert (edge.origin, edge.weight) == expected


def test_held_out_labels_change_nothing(world, overruled, contrary, base, place):
    held = contrary[1][held_out(contrary[1])]
    assert 3 < len(held) < 15
    frame = table(overruled[1], "interactions").set_index(["user_id", "item_id"])
    rows = frame[frame.held_out]
    observed = held[held.label.isin(["hard", "noisy"])]
    assert set(rows.index) == set(zip(observed.user_id, observed.item_id, strict=True))
    assert (rows.decided_by == "model").all()
    assert (rows.label != "").all()
    # A run that is given the other labels alone ends with the same graph and vectors.
    path = write(place / "used.parquet", contrary[1][~held_out(contrary[1])])
    config = tiny_run(labels={"held_out": 0.25})
    run_pipeline(world[0], config, place / "used", place / "cache", labels=path)
    for name in ("edges", "vectors", "judgements", "ranking"):
        pd.testing.assert_frame_equal(table(place / "used", name), table(overruled[1], name))
    same = ["p_noisy", "verdict", "decided_by", "from_language"]
    left, right = table(place / "used", "interactions"), table(overruled[1], "interactions")
    pd.testing.assert_frame_equal(left[same], right[same])
    # All labels held out: as without labels.
    run_pipeline(
        world[0],
        tiny_run(labels={"held_out": 0.9}),
        place / "all held out",
        place / "cache",
        labels=write(place / "held.parquet", held),
    )
    assert held_out(held, 0.9).all()
    for name in ("edges", "vectors"):
        pd.testing.assert_frame_equal(table(place / "all held out", name), table(base[1], name))


def test_without_labels_nobody_decided_and_nothing_is_measured(base):
    outcome, folder = base
    frame = table(folder, "interactions")
    assert outcome.labels is None
    assert (frame.label == "").all()
    assert (frame.decided_by == "model").all()
    assert not frame.held_out.any()
    pd.testing.assert_series_equal(frame.p_noisy, frame.p_noisy_model, check_names=False)
    assert set(table(folder, "edges").decided_by) <= {"model", "judge"}


def test_the_model_alone_is_kept_beside_what_people_made_of_it(overruled, base):
    frame, before = table(overruled[1], "interactions"), table(base[1], "interactions")
    np.testing.assert_array_equal(frame.p_noisy_model, before.p_noisy)


def test_the_outcome_accounts_for_the_labels(overruled, contrary):
    said, found = contrary[1], overruled[0].labels
    assert found["n"] == len(said)
    assert found["n_held_out"] == held_out(said).sum()
    assert found["n_used"] == (~held_out(said)).sum()
    assert not found["calibrated"]
    assert "15 of either kind" in found["why_not"]
    assert found["n_overruled"] == overruled[0].scores.by_person.sum() > 5


def test_labels_may_measure_and_correct_without_overruling(world, contrary, base, place):
    config = tiny_run(labels={"override": False, "held_out": 0.25})
    run_pipeline(world[0], config, place / "meek", place / "cache", labels=contrary[0])
    frame = table(place / "meek", "interactions")
    assert (frame.label != "").sum() == 16
    assert (frame.decided_by == "model").all()
    pd.testing.assert_frame_equal(table(place / "meek", "edges"), table(base[1], "edges"))


def test_a_run_without_denoising_keeps_the_graph_whatever_people_say(world, contrary, place):
    config = tiny_run(train={"interaction_denoising": False})
    run_pipeline(world[0], config, place / "whole", place / "cache", labels=contrary[0])
    assert set(table(place / "whole", "edges").origin) == {"kept"}


# ---------------------------------------------------------------- labels correct p_noisy


@pytest.fixture(scope="module")
def corrected(world, base, place):
    """Labels by truth for a third of the interactions, chosen by chance."""
    frame = table(base[1], "interactions")
    frame["label"] = np.where(world[1], "noisy", "clean")
    rows = np.random.default_rng(0).random(len(frame)) < 0.4
    path = write(place / "truth.parquet", frame[rows])
    outcome = run_pipeline(world[0], tiny_run(), place / "true", place / "cache", labels=path)
    return outcome, place / "true", rows


def test_true_labels_make_p_noisy_better_where_nobody_labelled(world, corrected):
    outcome, folder, rows = corrected
    found = outcome.labels
    assert found["calibrated"], found["why_not"]
    measured = found["cross_validated"]
    assert measured["log_loss_after"] < measured["log_loss_before"]
    frame, noise = table(folder, "interactions"), world[1]
    other = ~rows
    p, before = frame.p_noisy[other].to_numpy(), frame.p_noisy_model[other].to_numpy()

    def log_loss(p_noisy):
        return -np.log(np.clip(np.where(noise[other], p_noisy, 1 - p_noisy), 1e-4, 1)).mean()

    assert log_loss(p) < log_loss(before)
    assert auc(p, noise[other]) > auc(before, noise[other]) - 0.02
    assert outcome.noise_rate == pytest.approx(noise.mean(), abs=0.06)
    held = found["held_out"]
    assert held["n_noisy"] + held["n_genuine"] == found["n_held_out"]
    assert held["log_loss_calibrated"] < held["log_loss_model"]


def test_the_threshold_follows_the_corrected_rate(corrected):
    outcome, folder, _ = corrected
    frame = table(folder, "interactions")
    free = frame[frame.decided_by != "person"]
    assert ((free.p_noisy >= outcome.threshold) == (free.verdict == "noisy")).all()
    assert outcome.noise_rate == outcome.labels["noise_rate_after"]


def test_corrected_parts_still_add_up_to_p_noisy(corrected):
    frame = table(corrected[1], "interactions").query("decided_by != 'person'")
    parts = frame.from_language + frame.from_behaviour + frame.from_grades
    logit = np.log(frame.p_noisy / (1 - frame.p_noisy))
    assert np.ptp(logit - parts) < 1e-2


# ---------------------------------------------------------------- resume and refusal


def test_a_run_with_labels_that_was_stopped_ends_the_same(world, contrary, overruled, place):
    config, folder = tiny_run(labels={"held_out": 0.25}), place / "stopped"
    for stage in ("align", "score", "train"):

        def stop(progress, stage=stage):
            if progress.stage == stage:
                raise Cancelled("stop")

        with pytest.raises(Cancelled):
            run_pipeline(world[0], config, folder, place / "own cache", stop, contrary[0])
    outcome = run_pipeline(world[0], config, folder, place / "own cache", labels=contrary[0])
    assert_same_tables(folder, overruled[1])
    assert outcome.labels == overruled[0].labels
    assert outcome.reused == ()


def test_other_labels_or_another_parent_are_refused_on_the_same_folder(
    world, contrary, overruled, base, place
):
    config = tiny_run(labels={"held_out": 0.25})
    for changes in ({}, {"labels": place / "used.parquet"}):
        with pytest.raises(ConfigError, match="other labels or another parent"):
            run_pipeline(world[0], config, overruled[1], place / "cache", **changes)
    with pytest.raises(ConfigError, match="other labels or another parent"):
        run_pipeline(
            world[0],
            config,
            overruled[1],
            place / "cache",
            labels=contrary[0],
            parent=base[1],
        )


def test_damaged_labels_are_refused_before_anything_is_written(world, place, tmp_path):
    (tmp_path / "labels.parquet").write_bytes(b"rubbish")
    with pytest.raises(DataError, match="cannot be read"):
        run_pipeline(
            world[0],
            tiny_run(),
            tmp_path / "run",
            place / "cache",
            labels=tmp_path / "labels.parquet",
        )
    assert not (tmp_path / "run").exists()


# ---------------------------------------------------------------- kept stages


@pytest.mark.usefixtures("base")
def test_a_second_run_reuses_early_stages_and_equals_one_without_a_cache(world, place):
    config = tiny_run(scoring={"caution": 0.9, "flag_factor": 1.5})
    told = []
    kept = run_pipeline(world[0], config, place / "kept", place / "cache", told.append)
    alone = run_pipeline(world[0], config, place / "alone", place / "other cache")
    assert kept.reused == EARLY
    assert alone.reused == ()
    assert_same_tables(place / "kept", place / "alone")
    assert kept.ranking == alone.ranking
    assert set(kept.seconds) == {name for name, _ in STAGES}
    assert [kept.seconds[name] < 0.5 for name in EARLY] == [True] * len(EARLY)
    assert {progress.stage for progress in told} == {name for name, _ in STAGES}


@pytest.mark.usefixtures("base")
def test_another_seed_or_stand_ins_reuse_nothing_that_they_touch(world, place):
    other = run_pipeline(world[0], tiny_run(seed=3), place / "seed", place / "cache")
    assert other.reused == ()
    config = tiny_run(scoring={"stand_ins": 3})
    found = run_pipeline(world[0], config, place / "stand-ins", place / "cache")
    assert found.reused == ("texts", "align", "pretrain", "project")


# ---------------------------------------------------------------- warm start


@pytest.fixture(scope="module")
def long():
    """Enough epochs to converge on a small world."""
    return tiny_run(train={"epochs": 60, "patience": 4}, refine={"preset": "soft"})


@pytest.fixture(scope="module")
def parent(world, long, place):
    return run_pipeline(world[0], long, place / "parent", place / "cache")


@pytest.mark.usefixtures("parent", "corrected")
def test_a_warm_start_is_as_good_and_goes_on_where_the_parent_was(world, long, place):
    """Equal within 0.05 Recall@20 on 60 users, on validation and on test."""
    labels = place / "truth.parquet"
    cold = run_pipeline(world[0], long, place / "cold", place / "cache", labels=labels)
    warm = run_pipeline(
        world[0], long, place / "warm", place / "cache", labels=labels, parent=place / "parent"
    )
    assert (cold.warm_start, cold.warm_reason) == (False, "no parent run was given")
    assert warm.warm_start
    assert "weights of the parent" in warm.warm_reason
    ranked = [table(place / name, "ranking") for name in ("cold", "warm")]
    for split in ("valid", "test"):
        cold_recall, warm_recall = (frame[frame.split == split].recall20.mean() for frame in ranked)
        assert warm_recall == pytest.approx(cold_recall, abs=0.05)
    first = [
        table(place / name, "metrics").query("stage == 'train' and name == 'loss'").value.iloc[0]
        for name in ("cold", "warm")
    ]
    assert first[1] < first[0]  # it goes on where the parent was


def test_auto_takes_the_preset_of_the_parent_alone(world, base, contrary, place):
    outcome = run_pipeline(
        world[0],
        tiny_run(),
        place / "child",
        place / "cache",
        labels=contrary[0],
        parent=base[1],
    )
    assert (outcome.warm_start, outcome.preset) == (True, base[0].preset)
    with np.load(place / "child" / "stages" / "train.npz") as kept:
        assert kept["presets"].tolist() == [base[0].preset]


def test_where_it_is_not_sound_it_is_a_run_from_scratch(world, base, place):
    config = tiny_run(backbone={"n_layers": 1})
    told = run_pipeline(world[0], config, place / "l1", place / "cache", parent=base[1])
    alone = run_pipeline(world[0], config, place / "l1 alone", place / "cache")
    assert not told.warm_start
    assert "other backbone settings" in told.warm_reason
    assert alone.ranking == told.ranking
    assert_same_tables(place / "l1", place / "l1 alone")


def test_a_resumed_warm_start_does_not_need_the_parent_any_more(world, base, place):
    parent = shutil.copytree(base[1], place / "short-lived")
    whole = run_pipeline(world[0], tiny_run(), place / "w1", place / "cache", parent=parent)

    def stop(progress):
        if progress.stage == "train" and progress.fraction > 0.5:
            raise Cancelled("stop")

    folder = place / "w2"
    with pytest.raises(Cancelled):
        run_pipeline(world[0], tiny_run(), folder, place / "cache", stop, parent=parent)
    shutil.rmtree(parent)
    resumed = run_pipeline(world[0], tiny_run(), folder, place / "cache", parent=parent)
    assert resumed.warm_start
    assert_same_tables(place / "w1", folder)
    assert resumed.ranking == whole.ranking


def test_every_run_leaves_its_weights_without_pickle(base, world):
    with np.load(base[1] / FILE, allow_pickle=False) as kept:
        found = {name: kept[name].shape for name in kept.files}
    n_nodes = world[0].train.n_users + world[0].train.n_items
    assert found == {"about": (), "parameter embedding": (n_nodes, 8)}


def test_ngcf_goes_on_from_all_its_weights(world, place):
    config = tiny_run(backbone={"kind": "ngcf"}, refine={"preset": "soft"})
    run_pipeline(world[0], config, place / "n1", place / "cache")
    child = run_pipeline(world[0], config, place / "n2", place / "cache", parent=place / "n1")
    assert child.warm_start
