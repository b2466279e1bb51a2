"""Settings from the command line become a checked configuration."""

from __future__ import annotations

import json

import pytest

from app.commands.settings import ABLATIONS, build_config, known_settings
from core.config import RunConfig
from core.errors import ConfigError


def test_without_options_the_defaults_are_used():
    assert build_config() == RunConfig()


def test_later_sources_win(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"seed": 1, "train": {"pool": 8, "epochs": 9}}))
    config = build_config(file, ["train.pool=16", "text.encoder=hashing"], seed=2)
    assert (config.seed, config.train.pool, config.train.epochs) == (2, 16, 9)
    assert config.text.encoder == "hashing"


def test_settings_written_by_a_run_are_read_back(tmp_path):
    config = build_config(assignments=["train.lambda_alignment=0.3", "projection.method=none"])
    file = tmp_path / "settings.json"
    for values in (config.model_dump(), {"dataset": "0f", "settings": config.model_dump()}):
        file.write_text(json.dumps(values))
        assert build_config(file) == config


@pytest.mark.parametrize("flag", ABLATIONS)
def test_every_ablation_changes_one_setting(flag):
    name, value = ABLATIONS[flag]
    step, field = name.split(".")
    changed = build_config(flags=[flag])
    assert getattr(getattr(changed, step), field) is value
    assert getattr(getattr(RunConfig(), step), field) is not value


def test_an_unknown_name_lists_its_neighbours():
    with pytest.raises(ConfigError, match=r"no setting 'train\.pol'.*train\.pool") as caught:
        build_config(assignments=["train.pol=3"])
    assert "judge.controls" not in str(caught.value)


def test_an_unknown_name_that_is_nearly_right_is_guessed():
    with pytest.raises(ConfigError, match=r"Did you mean train\.epochs\? Known are: train\."):
        build_config(assignments=["train.epoch=3"])
    with pytest.raises(ConfigError, match=r"Did you mean .*pretrain\.epochs or .*train\.epochs\?"):
        build_config(assignments=["epochs=3"])
    with pytest.raises(ConfigError) as caught:
        build_config(assignments=["train.anything_else=3"])
    assert "Did you mean" not in str(caught.value)


def test_an_unknown_name_in_a_file_is_an_error(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text('{"judge": {"king": "evidence"}}')
    with pytest.raises(ConfigError, match=r"no setting 'judge\.king'.*judge\.kind"):
        build_config(file)


@pytest.mark.parametrize("assignment", ["train.pool=0", "train.pool=many", "pretrain.folds=1"])
def test_a_value_out_of_range_names_the_setting(assignment):
    with pytest.raises(ConfigError, match=assignment.partition("=")[0].replace(".", r"\.")):
        build_config(assignments=[assignment])


@pytest.mark.parametrize("text", ["no json", "[1]"])
def test_a_file_that_holds_no_settings_is_refused(tmp_path, text):
    file = tmp_path / "settings.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="settings"):
        build_config(file)


def test_an_assignment_needs_an_equals_sign():
    with pytest.raises(ConfigError, match=r"step\.name=value"):
        build_config(assignments=["train.pool"])


def test_every_setting_has_a_help_text():
    known = list(known_settings())
    assert len(known) > 50
    assert [setting.name for setting in known if not setting.help] == []


def test_options_of_a_baseline_are_assigned_by_name_before_or_after_it():
    for order in (1, -1):
        said = ["method=r-ce", "method_options.alpha=0.3"][::order]
        assert build_config(assignments=said).method_options == {"alpha": 0.3}


def test_an_unknown_option_is_told_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"r-ce has no option 'alpa'\. Known are: alpha\."):
        build_config(assignments=["method=r-ce", "method_options.alpa=1"])


def test_options_in_a_file_go_with_the_method_in_the_file(tmp_path):
    file = tmp_path / "settings.json"
    file.write_text('{"method": "r-ce", "method_options": {"alpha": 0.3}}')
    assert build_config(file).method_options == {"alpha": 0.3}
    assert build_config(file, ["seed=1", "method=r-ce"]).method_options == {"alpha": 0.3}
    assert build_config(file, ["method=llmhni"]).method_options == {}
    assert build_config(file, ["method_options.pool=3", "method=pld"]).method_options["pool"] == 3
