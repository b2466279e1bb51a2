"""Candidates of the tuning: equal budgets, known names, values that fit."""

from __future__ import annotations

import pytest

from app.services.fields import build, nested
from core.baselines import METHODS
from core.baselines.grids import GRIDS, HEAVIER, N_CANDIDATES, NOT_TUNED, SECOND_ROUND
from core.config import RunConfig
from core.method_names import OURS


def test_every_method_and_llmhni_itself_have_candidates():
    assert set(GRIDS) == {OURS, *METHODS}


@pytest.mark.parametrize("method", sorted(GRIDS))
def test_all_have_four_different_candidates_and_a_second_round_but_those_that_only_look(method):
    found = GRIDS[method]
    second = SECOND_ROUND.get(method, ())
    assert len(found) == (1 if method in NOT_TUNED else N_CANDIDATES + len(second))
    assert N_CANDIDATES == 4
    assert found[0] == {}
    configs = [build(RunConfig, {"method": method, **one})[0] for one in found]
    assert None not in configs
    assert len({config.model_dump_json() for config in configs}) == len(found)


def test_what_is_compared_has_no_candidate_that_its_rivals_have_not():
    assert set(SECOND_ROUND) == {OURS, *METHODS} - NOT_TUNED
    assert len(SECOND_ROUND[OURS]) == min(len(found) for found in SECOND_ROUND.values()) == 1
    decays = {name: [one.get("train.weight_decay") for one in SECOND_ROUND[name]] for name in GRIDS
              if name not in NOT_TUNED}  # fmt: skip
    assert all(HEAVIER in found for found in decays.values())


def test_what_is_not_tuned_ranks_alike_whatever_its_options():
    detectors = {name for name, method in METHODS.items() if method.kind == "detector"}
    assert NOT_TUNED == detectors | {"random-edits"}


@pytest.mark.parametrize(
    ("method", "default"), [("sgl", 0.1), ("simgcl", 0.5), ("xsimgcl", 0.2), ("rlmrec", 0.01)]
)
def test_contrastive_methods_are_offered_weights_ten_times_lighter(method, default):
    weights = [one.get("method_options.weight", default) for one in GRIDS[method]]
    assert METHODS[method].settings().weight == default
    assert min(weights) <= default / 10


def test_a_candidate_reaches_the_settings_of_the_run():
    config = RunConfig.model_validate({"method": "sgl", **nested(GRIDS["sgl"][2])})
    assert dict(config.method_options) == {
        "augmentation": "edge",
        "drop_rate": 0.1,
        "temperature": 0.2,
        "weight": 0.01,
    }
