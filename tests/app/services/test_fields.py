from __future__ import annotations

import json

from app.services import fields
from core.config import PrepareConfig, RunConfig


def known(model):
    return {setting.name: setting for setting in fields.settings_of(model)}


def test_every_setting_of_a_run_is_asked_for_once():
    names = [setting.name for setting in fields.settings_of(RunConfig)]
    assert len(names) == len(set(names))
    assert {"seed", "train.pool", "projection.method"} <= set(names)


def test_the_kind_of_a_field_follows_its_type():
    settings = known(RunConfig) | known(PrepareConfig)
    kinds = {name: setting.kind for name, setting in settings.items()}
    assert kinds["train.semantic_negatives"] == "switch"
    assert kinds["train.epochs"] == "whole"
    assert kinds["scoring.caution"] == "number"
    assert kinds["text.encoder"] == "text"
    assert settings["refine.preset"].choices == ("paper", "soft", "auto")
    assert (kinds["min_rating"], settings["min_rating"].optional) == ("number", True)


def test_help_is_the_docstring_with_the_limits():
    rate = known(PrepareConfig)["plant_rate"]
    assert rate.help == (
        "Planted noise as a share of the noised train set. (at least 0, at most 0.9)"
    )


def test_answers_make_settings():
    config, errors = fields.build(RunConfig, {"seed": 3, "train.epochs": 7})
    assert (config.seed, config.train.epochs, errors) == (3, 7, {})


def test_an_answer_that_does_not_fit_is_named():
    config, errors = fields.build(RunConfig, {"train.epochs": 0, "train.no": 1, "seed": -1})
    assert config is None
    assert set(errors) == {"train.epochs", "train.no", "seed"}
    assert "greater than 0" in errors["train.epochs"]


def test_a_bad_name_is_explained_in_words():
    _, errors = fields.build(PrepareConfig, {"name": "../x"})
    assert "letters, digits" in errors["name"]


def test_only_what_differs_from_the_defaults_is_passed_on():
    assert fields.changed(RunConfig()) == {}
    config, _ = fields.build(RunConfig, {"judge.scope": "candidates", "train.epochs": 7})
    assert fields.changed(config) == {"judge.scope": "candidates", "train.epochs": 7}
    assert json.loads(json.dumps(fields.changed(config)))


def test_options_are_asked_for_by_method():
    names = [setting.name for setting in fields.options_of("pld")]
    assert names == [f"method_options.{name}" for name in ("pool", "temperature", "warmup_epochs")]
    assert fields.options_of("llmhni") == fields.options_of("bpr") == fields.options_of(None) == []
    first = fields.options_of("r-ce")[0]
    assert (first.title, first.kind, first.default) == ("Alpha", "number", 0.2)
    assert first.help.endswith("0 weighs all alike. (at least 0)")


def test_an_option_that_does_not_fit_is_named_by_its_field():
    answers = {"method": "r-ce", "method_options.alpha": -1.0}
    assert list(fields.build(RunConfig, answers)[1]) == ["method_options.alpha"]


def test_only_options_that_differ_from_those_of_the_method_are_changed():
    config = RunConfig(method="sgl", method_options={"weight": 0.01})
    assert fields.changed(config) == {"method": "sgl", "method_options.weight": 0.01}
