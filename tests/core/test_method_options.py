"""Options of a baseline among the settings of a run."""

from __future__ import annotations

import pickle

import pytest
from pydantic import ValidationError

from core.baselines import METHODS
from core.config import RunConfig
from core.method_options import METHOD_SETTINGS, Options


def why(method: str, **options: object) -> str:
    with pytest.raises(ValidationError) as caught:
        RunConfig(method=method, method_options=options)
    return caught.value.errors()[0]["msg"]


def test_each_baseline_has_the_settings_that_its_table_names():
    assert dict(METHOD_SETTINGS) == {name: method.settings for name, method in METHODS.items()}


def test_options_are_kept_complete_and_as_their_method_has_them():
    config = RunConfig(method="pld", method_options={"temperature": 1})
    assert config.method_options == {"pool": 5, "temperature": 1.0, "warmup_epochs": 5}
    assert isinstance(config.method_options["temperature"], float)
    assert RunConfig(method="pld").method_options["temperature"] == 0.1
    assert RunConfig().method_options == {}


def test_defaults_that_are_written_out_are_the_same_settings():
    assert RunConfig(method="r-ce") == RunConfig(method="r-ce", method_options={"alpha": 0.2})
    assert RunConfig(method="r-ce") != RunConfig(method="r-ce", method_options={"alpha": 0.3})


def test_a_file_of_settings_gives_the_same_settings_back():
    config = RunConfig(method="sgl", method_options={"weight": 0.01})
    assert config.model_dump(mode="json")["method_options"] == {
        "augmentation": "edge",
        "drop_rate": 0.1,
        "temperature": 0.2,
        "weight": 0.01,
    }
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    assert pickle.loads(pickle.dumps(config)) == config


def test_options_cannot_be_changed_but_hashed():
    options = Options({"a": 1, "b": 2})
    assert hash(options) == hash(Options({"b": 2, "a": 1}))
    with pytest.raises(TypeError):
        options["a"] = 2


def test_an_unknown_option_is_told_with_the_method_and_the_known_ones():
    assert why("dcf", alpha=0.3) == (
        "dcf has no option 'alpha'. Known are: drop_share, ramp_steps, relabel_share, confidence, "
        "window."
    )
    assert why("bpr", alpha=0.3) == "bpr has no option 'alpha'. It has none."


@pytest.mark.parametrize("value", [-1, "much", [1]])
def test_a_value_that_does_not_fit_is_told_with_the_option_and_the_method(value):
    assert why("r-ce", alpha=value).startswith(f"The option alpha of r-ce cannot be {value!r}: ")


def test_llmhni_takes_no_options():
    assert "llmhni has no options of its own" in why("llmhni", alpha=0.3)
