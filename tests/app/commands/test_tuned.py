"""Options that a study chose, taken into a run."""

from __future__ import annotations

import json

import pytest

from app import cli
from app.commands import tuned
from app.commands.settings import build_config
from app.commands.tuned import tuned_settings
from core.errors import ConfigError
from core.study.tuning import candidates
from core.study.variants import METHODS

CHOICES = {
    "sample": {
        "dns": {"method_options.candidates": 4, "train.weight_decay": 0.003},
        "llmhni": {"train.fresh": 8},
    }
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "settings.json").write_text(json.dumps({"choices": CHOICES}))
    monkeypatch.setattr(tuned.tuned_settings, "__defaults__", (tmp_path,))
    return tmp_path


@pytest.fixture
def ran(monkeypatch):
    """Settings that a run was started with."""
    found = []
    monkeypatch.setattr(
        cli.runs, "run_dataset", lambda _data, config, *_: found.append(config) or {}
    )
    return found


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [["--method", "dns"], ["--set", "method=dns"], ["--config"]])
def test_options_are_of_the_method_however_it_is_named(words, ran, tmp_path):
    file = tmp_path / "dns.json"
    file.write_text(json.dumps({"method": "dns", "method_options": {"candidates": 16}}))
    words = [*words, str(file)] if words == ["--config"] else words
    assert cli.main(["run", "sample", *words, "--tuned", "sample"]) == 0
    assert ran[0].method == "dns"
    assert ran[0].method_options["candidates"] == 4
    assert ran[0].train.weight_decay == 0.003
    assert ran[0].train.fresh != 8  # LLMHNI's


@pytest.mark.usefixtures("folder")
def test_what_one_sets_goes_before_what_was_tuned():
    config = build_config(assignments=["train.weight_decay=0.01", "method=dns"], tuned="sample")
    assert (config.method_options["candidates"], config.train.weight_decay) == (4, 0.01)
    assert build_config(tuned="sample").train.fresh == 8


@pytest.mark.usefixtures("folder")
def test_what_was_not_tuned_is_said_with_what_was(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing on 'shop'\. It did on: sample"):
        build_config(tuned="shop")
    with pytest.raises(ConfigError, match=r"nothing on ''"):
        build_config(tuned="")
    with pytest.raises(ConfigError, match=r"not tuned pld on sample.*Tuned were: dns"):
        tuned_settings("sample", "pld")
    with pytest.raises(ConfigError, match="give one of them"):
        build_config(tuned="sample", preset="paper")
    with pytest.raises(ConfigError, match="does not say"):
        tuned_settings("sample", "dns", tmp_path / "nowhere")


@pytest.mark.parametrize("method", [name for name in METHODS if candidates(name)])
def test_the_projects_study_tuned_every_method_with_candidates_on_the_sample(method):
    assert build_config(assignments=[f"method={method}"], tuned="sample").method == method
