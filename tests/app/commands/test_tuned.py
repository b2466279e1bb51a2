"""Options that a study chose, taken into a run."""

from __future__ import annotations

import json

import pytest

from app.commands.settings import build_config
from app.commands.tuned import tuned_settings
from core.errors import ConfigError

CHOICES = {"sample": {"dns": {"method_options.candidates": 4, "train.weight_decay": 0.003}}}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"choices": CHOICES}))
    return tmp_path


def test_what_was_chosen_becomes_the_settings_of_a_run(folder):
    tuned = tuned_settings("sample", "dns", folder)
    config = build_config(assignments=[*tuned, "train.weight_decay=0.01", "method=dns"])
    assert config.method_options["candidates"] == 4
    assert config.train.weight_decay == 0.01  # what one sets goes before


def test_what_was_not_tuned_is_said_with_what_was(folder, tmp_path):
    with pytest.raises(ConfigError, match=r"nothing on 'shop'\. It did on: sample"):
        tuned_settings("shop", "dns", folder)
    with pytest.raises(ConfigError, match=r"not tuned pld on sample.*Tuned were: dns"):
        tuned_settings("sample", "pld", folder)
    with pytest.raises(ConfigError, match="does not say"):
        tuned_settings("sample", "dns", tmp_path / "nowhere")


def test_the_projects_study_tuned_every_method_that_has_options_on_the_sample():
    assert tuned_settings("sample", "dns")
    assert tuned_settings("sample", "llmhni") is not None
