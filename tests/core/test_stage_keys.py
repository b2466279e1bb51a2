"""A key changes with everything that its stage depends on; what it must not know leaves it."""

import os

import numpy as np
import pytest
import torch

from core.config import RunConfig, Settings
from core.engine import Engine
from core.pipeline import _all_stages, reproducible
from core.stage_keys import DEPENDS, stage_keys
from core.stages import Stages
from core.warm_start import from_scratch
from tests.worlds import fewer_trees, tastes, tiny_run

CPU = torch.device("cpu")
EARLY = set(DEPENDS)
AFTER_ALIGN = EARLY - {"texts", "pretrain"}
AFTER_PRETRAIN = {"pretrain", "out-of-fold", "judge", "signals"}
TOUCHED = {
    "method": set(),  # what comes before the training is the same for every method
    "seed": EARLY,
    "device": set(),  # what it comes to is part of the key, see below
    "text.": EARLY - {"pretrain"},
    "alignment.": AFTER_ALIGN,
    "backbone.": AFTER_PRETRAIN,
    "pretrain.": AFTER_PRETRAIN,
    "judge.": {"judge", "signals"},
    "scoring.folds": {"signals"},
    "scoring.caution": {"signals"},
    "scoring.use_": {"signals"},
    "scoring.insertions": {"out-of-fold", "judge", "signals"},
    "scoring.stand_ins": {"out-of-fold", "judge", "signals"},
    "scoring.references": {"out-of-fold", "judge", "signals"},
    "scoring.flag_factor": set(),
    "scoring.rule": set(),
    "refine.": set(),
    "train.": set(),
    "labels.": set(),
    "projection.": {"project"},
}
"""Stages whose key a setting changes, worked out by hand from what each stage reads."""


def leaves(settings, path=""):
    """Every single setting with its value, by its path."""
    for name, value in settings.items():
        here = f"{path}{name}"
        if isinstance(value, dict):
            yield from leaves(value, f"{here}.")
        else:
            yield here, value


PLAIN = RunConfig(device="cpu").model_dump(mode="json")
ALL = dict(leaves(PLAIN))
CHOICES = {
    "method": "bpr",
    "text.encoder": "hashing",
    "device": "auto",
    "backbone.kind": "ngcf",
    "backbone.dtype": "bfloat16",
    "judge.scope": "candidates",
    "refine.preset": "soft",
    "refine.accept": "mid",
    "train.hallucination_views": "same",
    "scoring.rule": "grades",
    "scoring.caution": 0.4,
    "projection.method": "pca",
    "judge.kind": "openai",  # what others than the evidence judge say has no key at all
    "text.writer": "openai",
    "judge.first": "recorded",
    "judge.second": "evidence",
    "judge.recorded": "grades.csv",
    "judge.flip": 0.1,
    "judge.settle": 0.1,
    "judge.llm.base_url": "http://127.0.0.1:8000/v1",
    "judge.llm.model": "tiny",
    "judge.llm.model_file": "tiny.gguf",
    "judge.llm.mode": "json",
    "judge.llm.temperature": 0.5,
    "judge.llm.budget_money": 1.0,
    "judge.llm.price_prompt": 1.0,
    "judge.llm.price_output": 1.0,
}


def perturbed(path):
    """The settings with one of them changed."""
    value = ALL[path]
    if path in CHOICES:
        other = CHOICES[path]
    elif isinstance(value, bool):
        other = not value
    else:
        other = value + 1 if isinstance(value, int) else value * 0.5 or 0.5
    settings = RunConfig(device="cpu").model_dump(mode="json")
    *sections, name = path.split(".")
    section = settings
    for part in sections:
        section = section[part]
    assert section[name] != other
    section[name] = other
    return RunConfig.model_validate(settings)


def changed(config):
    """Stages whose key is not that of the plain settings."""
    plain = stage_keys("data", RunConfig(device="cpu"), CPU)
    found = stage_keys("data", config, CPU)
    return {stage for stage in plain if plain[stage] != found.get(stage)}


@pytest.mark.parametrize("path", list(ALL))
def test_every_setting_changes_the_keys_of_the_stages_it_touches_and_no_others(path):
    matching = [stages for prefix, stages in TOUCHED.items() if path.startswith(prefix)]
    assert len(matching) == 1
    expected = matching[0] - ({"project"} if path.startswith(("judge", "scoring")) else set())
    if path == "alignment.folds":
        expected = AFTER_ALIGN | {"align"}
    assert changed(perturbed(path)) == expected


def test_whatever_a_stage_reads_is_in_its_key(tmp_path, monkeypatch):
    """A whole run is watched: each single setting a stage looks at must be able to change it."""
    fewer_trees(monkeypatch)
    read, stage_now = {}, [None]
    owner = {
        type(section): f"{name}."
        for name in RunConfig.model_fields
        if isinstance(section := getattr(RunConfig(), name), Settings)
    } | {RunConfig: ""}
    plain = Settings.__getattribute__

    def watch(self, name):
        kind = type(self)
        if stage_now[0] is not None and kind in owner and name in kind.model_fields:
            read.setdefault(stage_now[0], set()).add(f"{owner[kind]}{name}")
        return plain(self, name)

    class Watched(Stages):
        def _get(self, name, compute):
            before, stage_now[0] = stage_now[0], name
            try:
                return super()._get(name, compute)
            finally:
                stage_now[0] = before

    data = tastes(30, 24)[0]
    config = tiny_run(device="cpu", projection={"method": "umap", "epochs": 5})
    engine = Engine(data, config, CPU, tmp_path / "c", tmp_path / "cache", lambda _: None)
    with monkeypatch.context() as patch, reproducible(CPU):
        patch.setattr(Settings, "__getattribute__", watch, raising=False)
        _all_stages(engine, Watched(tmp_path / "stages"), from_scratch(""))
    assert read["out-of-fold"] >= {"scoring.stand_ins", "scoring.references", "pretrain.epochs"}
    assert "train.pool" in read["train"]  # the watch sees the far end of a run, too
    missing = []
    for stage in DEPENDS:
        for path in read[stage] & set(ALL):
            if CHOICES.get(path, "") is not None and stage not in changed(perturbed(path)):
                missing.append((stage, path))
    assert missing == []


def test_data_device_threads_libraries_and_code_are_in_every_key(monkeypatch):
    config = RunConfig(device="cpu")
    plain = stage_keys("data", config, CPU)

    def all_new():
        found = stage_keys("data", config, CPU)
        return all(found[stage] != plain[stage] for stage in EARLY)

    assert stage_keys("data", config, CPU) == plain
    other = stage_keys("other data", config, CPU)
    assert all(other[stage] != plain[stage] for stage in EARLY)
    with monkeypatch.context() as patch:
        patch.setattr("core.stage_keys._version", lambda name: f"2 of {name}")
        assert all_new()
    with monkeypatch.context() as patch:
        patch.setattr("core.stage_keys._code", lambda: "edited")
        assert all_new()
    with monkeypatch.context() as patch:
        patch.setattr(torch, "get_num_threads", lambda: 77)
        assert all_new()
    with monkeypatch.context() as patch:
        patch.setitem(os.environ, "OPENBLAS_NUM_THREADS", "77")
        assert all_new()
    assert not all_new()


def test_a_model_folder_that_is_replaced_under_its_name_gives_other_keys(tmp_path):
    (tmp_path / "weights").write_bytes(b"one")
    config = RunConfig(device="cpu", text={"encoder": str(tmp_path)})
    before = stage_keys("data", config, CPU)
    assert stage_keys("data", config, CPU) == before
    (tmp_path / "weights").write_bytes(b"another")
    after = stage_keys("data", config, CPU)
    assert all(before[stage] != after[stage] for stage in EARLY)


def test_stages_that_labels_touch_are_never_shared():
    assert EARLY.isdisjoint({"score", "train", "start"})
    assert len(set(stage_keys("data", RunConfig(device="cpu"), CPU).values())) == len(EARLY)
    assert np.char.isalnum(list(stage_keys("data", RunConfig(device="cpu"), CPU).values())).all()
