"""Candidates of the tuning: equal budgets, known names, values that fit."""

from __future__ import annotations

import pytest

from app.services.fields import build, nested
from core.baselines import METHODS
from core.baselines.grids import BEYOND, GRIDS, N_CANDIDATES, NOT_TUNED
from core.config import RunConfig
from core.method_names import OURS


def test_every_method_and_llmhni_itself_have_candidates():
    assert set(GRIDS) == {OURS, *METHODS}


@pytest.mark.parametrize("method", sorted(GRIDS))
def test_all_have_four_different_candidates_and_one_beyond_but_those_that_only_look(method):
    found = GRIDS[method]
    assert len(found) == (1 if method in NOT_TUNED else N_CANDIDATES + (method in BEYOND))
    assert N_CANDIDATES == 4
    assert found[0] == {}
    configs = [build(RunConfig, {"method": method, **one})[0] for one in found]
    assert None not in configs
    assert len({config.model_dump_json() for config in configs}) == len(found)


def test_what_is_compared_has_no_candidate_that_its_rivals_have_not():
    assert OURS not in BEYOND
    assert set(BEYOND) <= set(METHODS) - NOT_TUNED


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
