"""The whole pipeline on small planted worlds, about a second per run."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from app.services import environment
from core import tables
from core.data.dataset import save_dataset
from core.engine import LOADING
from core.errors import Cancelled, ConfigError, DataError
from core.pipeline import STAGES, reproducible, run_pipeline
from core.separation import auc
from core.train import llmhni
from core.types import VERDICTS
from tests.worlds import dataset, fewer_trees, pairs, stamped, tastes, tiny_run

TABLES = (
    "edges",
    "embeddings",
    "interactions",
    "judgements",
    "loss_history",
    "metrics",
    "projection",
    "ranking",
    "vectors",
)
REUSED = ("texts", "align", "pretrain", "out-of-fold", "judge", "score")
"""Stages that settings of the final training do not touch."""


@pytest.fixture(scope="module", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        # Runs of this file share a cache of texts and compute the rest themselves.
        patch.setattr("core.pipeline.stage_keys", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def world():
    return tastes()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def base(world, cache, tmp_path_factory):
    """A finished run: outcome and folder."""
    folder = tmp_path_factory.mktemp("base")
    return run_pipeline(world[0], tiny_run(), folder, cache), folder


def table(folder, name):
    return pd.read_parquet(folder / f"{name}.parquet")


def assert_same_tables(left, right):
    for name in TABLES:
        pd.testing.assert_frame_equal(table(left, name), table(right, name), check_exact=True)


def parquet(folder):
    return {path.stem for path in folder.glob("*.parquet")}


# ---------------------------------------------------------------- what comes out


def test_every_table_is_there_with_the_right_number_of_rows(world, base):
    (data, _), (outcome, folder) = world, base
    assert parquet(folder) == set(TABLES)
    assert not list(folder.glob("*.tmp"))
    n_train, n_nodes = len(data.train), len(data.users.id) + len(data.items.id)
    found = {name: table(folder, name) for name in TABLES}
    assert len(found["interactions"]) == n_train
    assert len(found["embeddings"]) == len(found["projection"]) == n_nodes
    edges = found["edges"]
    assert edges.in_original.sum() == n_train
    assert len(edges) == n_train + (edges.origin == "added").sum()
    history = found["loss_history"]
    assert history.groupby("row").size().eq(history.epoch.max()).all()
    assert history.row.nunique() == n_train
    assert found["judgements"].observed.sum() == n_train
    assert set(found["metrics"].stage) >= {"pretrain", "train", "align final", "align fold 0"}
    assert outcome.n_judged >= len(found["judgements"])
    assert set(outcome.seconds) == {name for name, _ in STAGES}


def test_rows_are_the_train_interactions_in_order(world, base):
    data, frame = world[0], table(base[1], "interactions")
    np.testing.assert_array_equal(frame.row, np.arange(len(data.train)))
    np.testing.assert_array_equal(frame.user, data.train.user)
    np.testing.assert_array_equal(frame.item, data.train.item)
    assert frame.user_id.tolist() == [data.users.id[k] for k in data.train.user]
    assert frame.title.tolist() == [data.items.title[k] for k in data.train.item]


def test_outcome_and_table_say_the_same(base):
    outcome, folder = base
    frame, scores = table(folder, "interactions"), outcome.scores
    for name in ("loss", "loss_mean", "loss_variability", "score", "semantic", "p_noisy"):
        np.testing.assert_array_equal(frame[name], getattr(scores, name))
    assert frame.verdict.tolist() == [VERDICTS[k] for k in scores.verdict]
    assert frame.p_noisy.mean() == pytest.approx(outcome.noise_rate, abs=1e-3)
    assert (frame.verdict == "noisy").sum() == (frame.p_noisy >= outcome.threshold).sum()
    assert frame.p_noisy.between(0, 1).all()
    assert frame.score.between(0, 1).all()
    assert frame.semantic.between(-1.001, 1.001).all()


def test_planted_misclicks_have_a_higher_p_noisy(world, base):
    (_, noise), (outcome, _) = world, base
    p = outcome.scores.p_noisy
    assert p[noise].mean() > 1.5 * p[~noise].mean()
    assert auc(p, noise) > 0.8
    assert auc(-outcome.scores.semantic, noise) > 0.9
    assert auc(-outcome.scores.logical, noise) > 0.8


def test_progress_names_every_stage_in_order_and_never_goes_back(world, cache, tmp_path):
    told = []
    run_pipeline(world[0], tiny_run(), tmp_path, cache, told.append)
    order = list(dict.fromkeys(progress.stage for progress in told))
    assert order[0] == LOADING
    order = order[1:]
    assert order == [name for name, _ in STAGES if name in order]
    assert set(order) >= {name for name, _ in STAGES} - {"texts"}  # all texts were in the cache
    for name in order:
        fractions = [progress.fraction for progress in told if progress.stage == name]
        assert fractions == sorted(fractions)
        assert all(0 <= fraction <= 1 for fraction in fractions)
    assert sum(share for _, share in STAGES) == pytest.approx(1)


# ---------------------------------------------------------------- seeds and resume


def test_the_same_seed_gives_the_same_tables(world, base, cache, tmp_path):
    run_pipeline(world[0], tiny_run(), tmp_path, cache)
    assert_same_tables(tmp_path, base[1])


def test_sums_are_taken_in_one_order_however_many_threads_there_are():
    index = torch.randint(50, (300_000,), generator=torch.Generator().manual_seed(0))
    value = torch.randn(300_000, generator=torch.Generator().manual_seed(1))
    before, n_threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        with reproducible(torch.device("cpu")):
            sums = {
                torch.zeros(50).index_put_((index,), value, accumulate=True).numpy().tobytes()
                for _ in range(30)
            }
    finally:
        torch.set_num_threads(n_threads)
    assert len(sums) == 1
    assert torch.are_deterministic_algorithms_enabled() == before


def test_another_seed_gives_other_numbers(world, base, cache, tmp_path):
    other = run_pipeline(world[0], tiny_run(seed=1), tmp_path, cache)
    for name in ("loss", "semantic", "p_noisy"):
        assert not np.array_equal(getattr(other.scores, name), getattr(base[0].scores, name))
    drawn = []
    for folder in (tmp_path, base[1]):
        with np.load(folder / "stages" / "out-of-fold.npz") as kept:
            drawn.append(kept["item"][len(world[0].train) :].tolist())
    assert drawn[0] != drawn[1]  # other stand-ins, too


def test_a_run_stopped_again_and_again_ends_with_the_same_tables(world, base, tmp_path):
    """Stopped at the first report of each stage, in the middle of trainings, and at the end."""
    stops = [(name, 0.0) for name, _ in STAGES]
    stops += [("pretrain", 0.5), ("out-of-fold", 0.4), ("train", 0.3), ("train", 0.8)]
    stops += [("align", 0.5), ("project", 1.0)]
    stops.sort(key=lambda stop: ([name for name, _ in STAGES].index(stop[0]), stop[1]))
    reached = []
    for stop in stops:

        def on_progress(progress, stop=stop):
            if progress.stage == stop[0] and progress.fraction >= stop[1]:
                reached.append(stop)
                raise Cancelled("stop")

        try:
            run_pipeline(world[0], tiny_run(), tmp_path, tmp_path / "cache", on_progress)
        except Cancelled:
            assert not parquet(tmp_path)
    assert reached == stops
    outcome = run_pipeline(world[0], tiny_run(), tmp_path, tmp_path / "cache")
    assert_same_tables(tmp_path, base[1])
    assert outcome.ranking == base[0].ranking


def test_a_finished_run_that_is_run_again_computes_nothing(world, base, tmp_path):
    folder = shutil.copytree(base[1], tmp_path / "copy")
    shutil.rmtree(folder / "checkpoints")
    told = []
    outcome = run_pipeline(world[0], tiny_run(), folder, tmp_path / "no cache", told.append)
    assert not told
    assert not (tmp_path / "no cache").exists()
    assert_same_tables(folder, base[1])
    assert outcome.seconds == base[0].seconds


@pytest.mark.parametrize("stage", [name for name, _ in STAGES])
def test_a_damaged_stage_is_computed_again(world, base, cache, tmp_path, stage):
    folder = shutil.copytree(base[1], tmp_path / "copy")
    path = folder / "stages" / f"{stage}.npz"
    path.write_bytes(path.read_bytes()[:-300])
    run_pipeline(world[0], tiny_run(), folder, cache)
    assert_same_tables(folder, base[1])


def test_a_kill_while_writing_tables_leaves_whole_tables_only(
    world, base, tmp_path, monkeypatch, cache
):
    folder = tmp_path / "run"
    shutil.copytree(base[1] / "stages", folder / "stages")
    write, written = pq.write_table, []

    def killed(content, path):
        written.append(path)
        if len(written) == 3:
            path.write_bytes(b"PAR1 half")
            raise KeyboardInterrupt
        write(content, path)

    with monkeypatch.context() as patch:
        patch.setattr(tables.pq, "write_table", killed)
        with pytest.raises(KeyboardInterrupt):
            run_pipeline(world[0], tiny_run(), folder, cache)
    assert len(parquet(folder)) == 2
    for name in parquet(folder):
        pd.testing.assert_frame_equal(table(folder, name), table(base[1], name))
    run_pipeline(world[0], tiny_run(), folder, cache)
    assert_same_tables(folder, base[1])


def test_other_settings_or_another_dataset_are_refused_on_the_same_folder(
    world, base, cache, tmp_path
):
    folder = shutil.copytree(base[1], tmp_path / "copy")
    with pytest.raises(ConfigError, match="other settings or another dataset"):
        run_pipeline(world[0], tiny_run(seed=1), folder, cache)
    with pytest.raises(ConfigError, match="other settings or another dataset"):
        run_pipeline(tastes(seed=1)[0], tiny_run(), folder, cache)
    assert_same_tables(folder, base[1])


def test_settings_are_written_first_and_can_be_read_back(base):
    noted = json.loads((base[1] / "settings.json").read_text())
    assert type(tiny_run()).model_validate(noted["settings"]) == tiny_run()


# ---------------------------------------------------------------- switches


def variant(world, base, cache, folder, **changes):
    """A run with other settings of the final training; earlier stages are those of the base."""
    for name in REUSED:
        (folder / "stages").mkdir(exist_ok=True, parents=True)
        shutil.copy(base[1] / "stages" / f"{name}.npz", folder / "stages")
    outcome = run_pipeline(world[0], tiny_run(**changes), folder, cache)
    names = table(folder, "metrics").query("stage == 'train'").name
    return outcome, set(names), table(folder, "edges")


@pytest.mark.parametrize(
    ("switch", "gone", "n_draws", "n_drops"),
    [
        # 2 presets of 5 epochs, 2 of them warm-up; each epoch drops edges of G and of G'.
        (None, set(), 6, 20),
        ("semantic_negatives", set(), 0, 20),
        ("cross_graph_alignment", {"de"}, 6, 20),
        ("hallucination_suppression", {"hal"}, 6, 0),
        ("layer_contrast", {"layers"}, 6, 20),
        ("interaction_denoising", set(), 3, 10),  # there is one graph, so one training
    ],
)
def test_each_ablation_takes_its_part_away_and_no_other(
    world, base, cache, tmp_path, monkeypatch, switch, gone, n_draws, n_drops
):
    draws = counted(monkeypatch, llmhni.HardNegativePool, "draw")
    drops = counted(monkeypatch, llmhni, "drop_edges")
    changes = {} if switch is None else {switch: False}
    outcome, names, edges = variant(world, base, cache, tmp_path, train=changes)
    np.testing.assert_array_equal(outcome.scores.p_noisy, base[0].scores.p_noisy)
    terms = {"rec", "decay", "de", "hal", "layers"}
    assert names & terms == terms - gone
    rows = table(tmp_path, "metrics").query("stage == 'train'")
    by_name = rows.pivot_table(index="epoch", columns="name", values="value")
    total = by_name[sorted(terms - gone)].sum(axis=1)  # what is learnt from, nothing more
    np.testing.assert_allclose(by_name["loss"], total, rtol=1e-6)
    assert (len(draws), len(drops)) == (n_draws, n_drops)
    refined = switch != "interaction_denoising"
    assert (edges.weight != 1).any() == refined
    assert (edges.origin != "kept").any() == refined


def counted(monkeypatch, owner, name):
    """List of the calls of a function, which does what it did."""
    original, calls = getattr(owner, name), []

    def call(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_the_paper_preset_drops_and_adds_whole_edges(world, base, cache, tmp_path):
    outcome, _, edges = variant(world, base, cache, tmp_path, refine={"preset": "paper"})
    assert outcome.preset == "paper"
    assert set(edges.weight) <= {0.0, 1.0}
    assert (edges.weight == 0).equals(edges.origin == "dropped")
    assert {"kept", "dropped", "added"} == set(edges.origin)
    frame = table(tmp_path, "interactions")
    dropped = edges[: len(frame)].origin == "dropped"
    assert frame.low_scored[dropped].all()
    assert not ((frame.user_grade == 2) & (frame.item_grade == 2))[dropped].any()
    added = edges[edges.origin == "added"]
    observed = set(zip(frame.user, frame.item, strict=True))
    assert observed.isdisjoint(zip(added.user, added.item, strict=True))


def test_the_soft_preset_weighs_by_p_noisy(world, base, cache, tmp_path):
    outcome, _, edges = variant(world, base, cache, tmp_path, refine={"preset": "soft"})
    frame = table(tmp_path, "interactions")
    assert outcome.preset == "soft"
    expected = np.maximum(1 - frame.p_noisy, 0.05)
    np.testing.assert_allclose(edges.weight[: len(frame)], expected, atol=1e-6)
    assert not (edges.origin == "dropped").any()


def test_auto_takes_the_preset_that_is_better_on_validation(world, base, cache, tmp_path):
    """The answer comes from two runs with one preset each, which auto must repeat."""
    # With the default weights both come to the same recall here.
    train = {"lambda_alignment": 0.01, "lambda_hallucination": 0.01, "layer_contrast": False}
    recall = {}
    outcome, *_ = variant(world, base, cache, tmp_path / "auto", train=train)
    for preset in ("soft", "paper"):
        folder = tmp_path / preset
        variant(world, base, cache, folder, refine={"preset": preset}, train=train)
        measured = table(folder, "metrics").query("stage == 'train' and name == 'recall@20'")
        recall[preset] = measured.value.max()
    assert recall["soft"] != recall["paper"]  # else this test would say nothing
    better = max(recall, key=recall.get)
    assert outcome.preset == better
    np.testing.assert_array_equal(
        table(tmp_path / "auto", "vectors").refined.tolist(),
        table(tmp_path / better, "vectors").refined.tolist(),
    )


def test_same_graph_views_run(world, base, cache, tmp_path):
    _, names, _ = variant(world, base, cache, tmp_path, train={"hallucination_views": "same"})
    assert "hal" in names


def test_ngcf_runs_as_the_backbone(world, cache, tmp_path):
    outcome = run_pipeline(world[0], tiny_run(backbone={"kind": "ngcf"}), tmp_path, cache)
    assert auc(outcome.scores.p_noisy, world[1]) > 0.7


def test_shuffled_texts_leave_semantic_relevance_and_the_user_view_blind(
    world, base, cache, tmp_path
):
    _, noise = world
    areas = []
    for seed in range(2):
        settings = tiny_run(seed=seed, text={"shuffle": True})
        outcome = run_pipeline(world[0], settings, tmp_path / str(seed), cache)
        signals = (outcome.scores.semantic, outcome.scores.user_grade.astype(float))
        areas.append([auc(-signal, noise) for signal in signals])
    assert np.mean(areas, axis=0) == pytest.approx([0.5, 0.5], abs=0.12)
    for signal in (base[0].scores.semantic, base[0].scores.user_grade.astype(float)):
        assert auc(-signal, noise) > 0.8


def test_judging_candidates_alone_asks_fewer_and_grades_no_others(world, cache, tmp_path):
    settings = tiny_run(judge={"scope": "candidates", "observed_share": 0.2, "controls": 1})
    outcome = run_pipeline(world[0], settings, tmp_path, cache)
    frame = table(tmp_path, "interactions")
    assert (frame.user_grade >= 0).equals(frame.low_scored)
    assert frame.logical.notna().equals(frame.low_scored)
    assert (frame.user_reason != "").equals(frame.low_scored)
    assert not frame.from_grades[~frame.low_scored].any()
    assert outcome.n_judged == frame.low_scored.sum() + 60 * 4 + 60


def test_the_rule_of_grades_names_low_scored_pairs_by_grades_alone(world, base, cache, tmp_path):
    (tmp_path / "stages").mkdir()
    for name in REUSED[:-1]:
        shutil.copy(base[1] / "stages" / f"{name}.npz", tmp_path / "stages")
    run_pipeline(world[0], tiny_run(scoring={"rule": "grades"}), tmp_path, cache)
    frame = table(tmp_path, "interactions")
    high = (frame.user_grade == 2) & (frame.item_grade == 2)
    expected = np.where(frame.low_scored, np.where(high, "hard", "noisy"), "clean")
    assert frame.verdict.tolist() == expected.tolist()


# ---------------------------------------------------------------- what it must not depend on


def test_held_out_interactions_decide_nothing_but_when_to_stop(world, cache, tmp_path):
    """With a fixed number of epochs, p_noisy does not know valid and test."""
    data, _ = world
    fixed = {"pretrain": {"eval_every": 100}, "train": {"eval_every": 100, "epochs": 1}}
    one = run_pipeline(data, tiny_run(**fixed), tmp_path / "one", cache)
    swapped = stamped(data, valid=data.test, test=data.valid.select(np.arange(10)))
    other = run_pipeline(swapped, tiny_run(**fixed), tmp_path / "other", cache)
    assert_frames = pd.testing.assert_frame_equal
    for name in ("interactions", "loss_history", "judgements", "projection"):
        assert_frames(table(tmp_path / "one", name), table(tmp_path / "other", name))
    assert one.noise_rate == other.noise_rate
    assert one.ranking != other.ranking


def test_group_is_never_evidence(world, base, cache, tmp_path):
    data, _ = world
    nothing = stamped(data, items=replace(data.items, group=()))
    outcome = run_pipeline(nothing, tiny_run(), tmp_path, cache)
    np.testing.assert_array_equal(outcome.scores.p_noisy, base[0].scores.p_noisy)
    assert set(table(tmp_path, "projection").group) == {""}


# ---------------------------------------------------------------- unusual data


TITLES = ("a robot", "a horse", "a kiss", "a ghost", "a waltz", "a duel")
TOO_SMALL = {
    "one user": pairs([0] * 60, range(60), 1, 60),
    "one item": pairs(range(60), [0] * 60, 60, 1),
    "one pair": pairs([0], [0], 1, 1),
    "no pair": pairs([], [], 3, 3),
    "nobody": pairs([], [], 0, 0),
    "three pairs": pairs([0, 0, 1], [0, 1, 2], 2, 6),
}


@pytest.mark.parametrize("name", TOO_SMALL)
def test_too_little_data_is_refused_before_anything_is_written(name, cache, tmp_path):
    with pytest.raises(DataError, match="at least"):
        run_pipeline(dataset(TOO_SMALL[name]), tiny_run(), tmp_path / "run", cache)
    assert not (tmp_path / "run").exists()


def test_users_with_every_item_leave_nothing_to_compare_with(cache, tmp_path):
    full = pairs(np.repeat(range(12), 6), np.tile(range(6), 12), 12, 6)
    with pytest.raises(DataError, match="nearly every item"):
        run_pipeline(dataset(full, titles=TITLES), tiny_run(), tmp_path / "run", cache)
    assert not parquet(tmp_path / "run")


def test_users_with_one_interaction_and_users_with_none_are_fine(cache, tmp_path):
    single = pairs([*range(55), 57, 57], [*(np.arange(55) % 6), 1, 2], 60, 6)
    outcome = run_pipeline(dataset(single, titles=TITLES), tiny_run(), tmp_path, cache)
    assert outcome.scores.p_noisy.shape == (57,)
    assert np.isfinite(outcome.scores.p_noisy).all()
    assert parquet(tmp_path) == set(TABLES)
    edges = table(tmp_path, "edges")
    refined = edges[edges.in_refined]
    assert set(refined.user) >= {*range(55), 57}


def test_without_any_text_language_is_silent_and_behaviour_speaks(world, cache, tmp_path):
    data, noise = world
    items = replace(data.items, title=("",) * 48, attributes={}, group=())
    outcome = run_pipeline(stamped(data, items=items), tiny_run(), tmp_path, cache)
    frame = table(tmp_path, "interactions")
    assert np.isfinite(outcome.scores.p_noisy).all()
    assert frame.text_among_users.isna().all()  # not known
    assert frame.semantic_among_users.isna().all()
    assert auc(outcome.scores.p_noisy, noise) > 0.6
    # Grades rest on co-occurrence then, and still tell something.
    assert len(set(frame.user_grade)) > 1
    assert auc(-frame.user_grade.to_numpy(float), noise) > 0.6


def test_texts_that_are_all_the_same_tell_nothing(world, cache, tmp_path):
    """A real encoder gives the same vector to every empty text: that is no evidence either."""
    data, _ = world
    items = replace(data.items, title=("the same words",) * 48, attributes={}, group=())
    run_pipeline(stamped(data, items=items), tiny_run(), tmp_path, cache)
    frame = table(tmp_path, "interactions")
    assert frame.text_among_users.isna().all()  # not known
    assert frame.semantic_among_users.isna().all()


def test_as_few_judged_pairs_as_can_be_are_enough(world, cache, tmp_path):
    least = {"scope": "candidates", "observed_share": 1e-9, "unobserved": 0, "controls": 0}
    outcome = run_pipeline(world[0], tiny_run(judge=least), tmp_path, cache)
    assert outcome.n_judged == 60
    assert not table(tmp_path, "interactions").from_grades.any()
    assert not (table(tmp_path, "edges").origin == "added").any()


def test_nothing_held_out_gives_a_ranking_that_is_not_known(world, cache, tmp_path):
    data, _ = world
    nothing = pairs([], [], 60, 48)
    outcome = run_pipeline(stamped(data, valid=nothing, test=nothing), tiny_run(), tmp_path, cache)
    assert np.isnan(outcome.ranking["recall20"])
    assert np.isfinite(outcome.scores.p_noisy).all()
    last = table(tmp_path, "metrics").query("stage == 'pretrain'").epoch.max()
    assert last == tiny_run().pretrain.epochs


def test_a_seed_of_any_size_is_no_obstacle(world, cache, tmp_path):
    least = {"train": {"epochs": 1}, "pretrain": {"epochs": 1}}
    outcome = run_pipeline(world[0], tiny_run(seed=2**31 - 1, **least), tmp_path, cache)
    assert np.isfinite(outcome.scores.p_noisy).all()


# ---------------------------------------------------------------- planted truth stays closed

WATCHED_RUN = """
import ctypes, os, sys
from pathlib import Path

opened = []
sys.addaudithook(
    lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None
)
data, run, cache = (Path(argument) for argument in sys.argv[1:4])
kernel = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
if kernel is not None:  # libraries open files without telling Python
    watch = kernel.inotify_init1(os.O_NONBLOCK)
    assert kernel.inotify_add_watch(watch, str(data / "truth.parquet").encode(), 0x21) > 0

import pytest
from core.data.dataset import load_dataset
from core.pipeline import run_pipeline
from tests.worlds import fewer_trees, tiny_run

fewer_trees(pytest.MonkeyPatch())
run_pipeline(load_dataset(data), tiny_run(), run, cache)
bad = [name for name in opened if "truth" in Path(name).name]
assert not bad, bad
assert "core.evaluation" not in sys.modules
assert any(name.endswith("settings.tmp") for name in opened), "the hook hears nothing"
if kernel is not None:
    try:
        touched = os.read(watch, 4096)
    except BlockingIOError:
        touched = b""
    assert not touched, "truth.parquet was opened"
    open(data / "truth.parquet", "rb").close()
    assert os.read(watch, 4096), "the watch hears nothing"
print("closed")
"""


def test_the_file_of_planted_noise_is_never_opened(world, tmp_path):
    """Nor does its content matter: rubbish in its place changes no table."""
    data, noise = world
    kept = data.train.select(noise)
    planted = SimpleNamespace(user=kept.user, item=kept.item, kind=("uniform",) * len(kept))
    for name in ("told", "rubbish"):
        folder = tmp_path / name
        save_dataset(data, folder / "data", {}, planted)
        if name == "rubbish":
            (folder / "data" / "truth.parquet").write_bytes(b"rubbish")
        # Both in processes of their own: what other tests did to this one moves the last digits.
        places = [folder / "data", folder / "run", folder / "cache"]
        result = subprocess.run(
            [sys.executable, "-c", WATCHED_RUN, *places],
            cwd=environment.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert "closed" in result.stdout
    assert_same_tables(tmp_path / "rubbish" / "run", tmp_path / "told" / "run")
