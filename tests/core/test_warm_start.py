"""Weights of a run as the start of another."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from core import engine
from core.graph.refine import ADDED
from core.packing import WEIGHT
from core.stages import read_arrays, write_arrays
from core.types import HIGH, MID, Judgements
from core.warm_start import ABOUT, FILE, from_scratch, read_start, save_weights, start_weights
from tests.worlds import tastes, tiny_run

DATA = tastes(30, 24)[0]
CONFIG = tiny_run()
TABLE = np.arange(54 * 8, dtype=np.float32).reshape(54, 8)


def trained(preset="soft"):
    return {"preset": np.array(preset), WEIGHT + "embedding": TABLE, "user": np.zeros(3)}


@pytest.fixture
def parent(tmp_path):
    save_weights(tmp_path, DATA, CONFIG, trained())
    return tmp_path


def test_weights_come_back_as_they_were(parent):
    start = read_start(parent, DATA, CONFIG)
    assert bool(start["use"])
    assert str(start["preset"]) == "soft"
    weights = start_weights(start)
    assert set(weights) == {"embedding"}
    np.testing.assert_array_equal(weights["embedding"], TABLE)
    assert "soft" in str(start["reason"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"backbone": {"n_layers": 1}}, "other backbone settings"),
        ({"backbone": {"kind": "ngcf"}}, "other backbone settings"),
        ({"refine": {"preset": "paper"}}, "preset soft, this one asks for paper"),
        ({"train": {"interaction_denoising": False}}, "interaction_denoising"),
        ({"train": {"layer_contrast": False}}, "layer_contrast"),
    ],
)
def test_other_settings_begin_from_scratch_and_say_why(parent, changes, reason):
    start = read_start(parent, DATA, tiny_run(**changes))
    assert start_weights(start) is None
    assert reason in str(start["reason"])


@pytest.mark.parametrize(
    "changes",
    [{"seed": 7}, {"refine": {"preset": "soft"}}, {"scoring": {"caution": 1.0}}],
)
def test_settings_that_do_not_touch_the_backbone_are_no_obstacle(parent, changes):
    assert start_weights(read_start(parent, DATA, tiny_run(**changes))) is not None


def test_weights_of_before_there_was_a_contrast_of_layers_suit_none_with_it(parent):
    arrays = read_arrays(parent / FILE, needed=ABOUT)
    about = json.loads(str(arrays[ABOUT]))
    del about["outer"]
    write_arrays(parent / FILE, {**arrays, ABOUT: json.dumps(about)})
    assert "layer_contrast" in str(read_start(parent, DATA, CONFIG)["reason"])
    without = tiny_run(train={"layer_contrast": False})
    assert start_weights(read_start(parent, DATA, without)) is not None


def test_another_dataset_begins_from_scratch(parent):
    start = read_start(parent, replace(DATA, fingerprint="other"), CONFIG)
    assert "another dataset" in str(start["reason"])


def test_no_or_damaged_weights_begin_from_scratch(parent, tmp_path):
    assert "no weights" in str(read_start(tmp_path / "gone", DATA, CONFIG)["reason"])
    path = parent / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    assert "no weights" in str(read_start(parent, DATA, CONFIG)["reason"])
    path.write_bytes(whole)
    arrays = read_arrays(path, needed=ABOUT)
    for about in ("no json", "[]", json.dumps({"preset": 3})):
        write_arrays(path, {**arrays, ABOUT: about})
        assert start_weights(read_start(parent, DATA, CONFIG)) is None


@pytest.mark.parametrize(
    "table",
    [TABLE[1:], TABLE[:, 1:], TABLE.astype(np.float64), np.where(TABLE > 3, np.nan, TABLE),
     np.full(TABLE.shape, "text")],
)  # fmt: skip
def test_weights_that_do_not_fit_are_not_used(parent, table):
    arrays = read_arrays(parent / FILE, needed=ABOUT)
    write_arrays(parent / FILE, {**arrays, WEIGHT + "embedding": table})
    assert "do not fit" in str(read_start(parent, DATA, CONFIG)["reason"])


def test_weights_of_a_run_without_denoising_suit_one_without(tmp_path):
    plain = tiny_run(train={"interaction_denoising": False})
    save_weights(tmp_path, DATA, plain, trained("none"))
    assert start_weights(read_start(tmp_path, DATA, plain)) is not None
    assert start_weights(read_start(tmp_path, DATA, CONFIG)) is None


def test_a_run_without_a_parent_says_so():
    start = from_scratch("no parent run was given")
    assert start_weights(start) is None
    assert str(start["reason"]) == "no parent run was given"


@pytest.mark.parametrize("preset", ["auto", "soft"])
@pytest.mark.parametrize("accept", ["high", "mid"])
def test_what_goes_on_takes_the_preset_of_its_parent_and_keeps_the_grades_it_accepts(
    parent, tmp_path, monkeypatch, preset, accept
):
    """One pair that was never observed has High and Mid: only *at least Mid* lets it join."""
    data = replace(DATA, train=DATA.train.select(np.arange(5)))
    one = np.zeros(1, np.int64)
    never = np.setdiff1d(np.arange(DATA.train.n_items), data.train.item)[:1]
    no = np.zeros(1, bool)
    support = np.full(1, np.nan, np.float32)
    grades = (np.full(1, HIGH, np.int8), np.full(1, MID, np.int8))
    judged = Judgements(
        one, never, no, no, *grades, ("",), ("",), "", user_support=support, item_support=support
    )
    monkeypatch.setattr(engine, "judgements_of", lambda _: judged)
    monkeypatch.setattr(engine, "final_training", lambda _, graphs, *__: graphs)
    monkeypatch.setattr(engine, "pack_final", lambda graphs: graphs)
    config = tiny_run(refine={"preset": preset, "accept": accept})
    made = engine.Engine(data, config, torch.device("cpu"), tmp_path, tmp_path, lambda _: None)
    scored = {"p_noisy": np.full(5, 0.5, np.float32)}
    vectors = {"user": np.zeros((30, 2), np.float32), "item": np.zeros((24, 2), np.float32)}
    start = read_start(parent, DATA, config)
    assert start_weights(start) is not None
    graphs = made.train(vectors, {"low": np.zeros(5, bool)}, scored, start)
    assert set(graphs) == {"soft"}  # the parent's; auto alone would try both
    assert int((graphs["soft"].origin == ADDED).sum()) == (1 if accept == "mid" else 0)
