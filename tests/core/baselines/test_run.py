from dataclasses import replace

import numpy as np
import pytest
import torch

from core.baselines import METHODS
from core.baselines.negatives import DNSSettings
from core.baselines.run import run_method
from core.errors import Cancelled, ConfigError
from core.method_settings import NoSettings
from core.metrics import rank_metrics
from core.separation import auc
from core.types import Progress
from tests.baseline_inputs import taste_inputs
from tests.worlds import tastes

CHANCE = 20 / 40
"""About 40 of 48 items are left to rank for each user."""
TRAINED = {
    "bpr": {},
    "bpr-ngcf": {},
    # With 60 users of four tastes, most negatives of a contrast are of the same taste.
    "sgl": {"weight": 0.01},
    "sgl-node": {"weight": 0.01},
    "simgcl": {"weight": 0.01},
    "xsimgcl": {"weight": 0.01},
    "rlmrec": {},
    "llard": {"beta": 1.0},
    "dns": {"candidates": 4},
    "srns": {"memory": 4, "fresh": 4},
}
"""Settings for so small a world."""
ALL = sorted(name for name, method in METHODS.items() if method.kind != "detector")
"""Whatever is trained."""


def test_the_table_names_each_method_as_it_names_itself():
    others = "wbpr t-ce t-ce-pairwise r-ce r-ce-pairwise dcf bod pld random-edits".split()
    assert set(METHODS) == {*TRAINED, *others, "text-only", "cleanlab"}
    assert all(name == method.name for name, method in METHODS.items())


@pytest.mark.parametrize("name", TRAINED)
def test_a_method_ranks_held_out_items_above_chance_and_suspects_the_noise(name):
    inputs, (data, noise) = taste_inputs(), tastes()
    found = run_method(name, inputs, METHODS[name].settings(**TRAINED[name]))
    metrics = rank_metrics(found.embeddings.user, found.embeddings.item, data.train, data.test)
    assert metrics.recall[20] > CHANCE + 0.25
    assert found.suspicion.shape == (len(data.train),)
    assert found.suspicion.dtype == np.float32
    if name == "llard":  # its mask hardly tells anything apart so early
        assert np.ptp(found.suspicion) > 0.0
    else:
        assert auc(found.suspicion, noise) > 0.8
    assert 1 <= found.best_epoch <= len(found.history)


@pytest.mark.parametrize("name", ALL)
def test_the_same_inputs_give_the_same_result_and_another_seed_another(name):
    inputs = taste_inputs()
    short = replace(inputs, optimiser=inputs.optimiser.model_copy(update={"epochs": 4}))
    one, two = run_method(name, short), run_method(name, short)
    other = run_method(name, replace(short, seed=4))
    assert np.array_equal(one.embeddings.user, two.embeddings.user)
    assert np.array_equal(one.suspicion, two.suspicion)
    assert not np.array_equal(one.embeddings.user, other.embeddings.user)


@pytest.mark.parametrize("name", ALL)
def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(name, tmp_path):
    inputs = taste_inputs()
    short = replace(inputs, optimiser=inputs.optimiser.model_copy(update={"epochs": 8}))

    def stop(progress: Progress) -> None:
        if progress.values.get("epoch") == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_method(name, short, checkpoints=tmp_path, on_progress=stop)
    resumed = run_method(name, short, checkpoints=tmp_path)
    whole = run_method(name, short)
    assert len(resumed.history) == 8
    assert np.array_equal(resumed.embeddings.item, whole.embeddings.item)
    assert np.array_equal(resumed.suspicion, whole.suspicion)


def test_suspicion_is_that_of_the_best_epoch_and_not_of_the_last():
    inputs = taste_inputs()
    found = run_method("llard", inputs)
    assert found.best_epoch < len(found.history)
    best = inputs.optimiser.model_copy(update={"epochs": found.best_epoch})
    assert np.array_equal(
        run_method("llard", replace(inputs, optimiser=best)).suspicion, found.suspicion
    )


def test_a_method_that_only_looks_has_no_vectors_and_says_when_it_is_done():
    told = []
    found = run_method("text-only", taste_inputs(), on_progress=told.append)
    assert found.embeddings is None
    assert found.history == ()
    assert auc(found.suspicion, tastes()[1]) > 0.9
    assert [(step.stage, step.fraction) for step in told] == [("text-only", 1.0)]


def test_progress_bears_the_name_of_the_method():
    inputs, told = taste_inputs(), []
    short = replace(inputs, optimiser=inputs.optimiser.model_copy(update={"epochs": 2}))
    run_method("dns", short, DNSSettings(candidates=2), on_progress=told.append)
    assert [(step.stage, step.fraction) for step in told] == [("dns", 0.5), ("dns", 1.0)]


def test_a_name_that_is_not_in_the_table_is_answered_with_those_that_are():
    with pytest.raises(ConfigError, match=r"no method 'magic'.*bpr, bpr-ngcf"):
        run_method("magic", taste_inputs())


@pytest.mark.parametrize(
    ("name", "missing", "words"),
    [("rlmrec", "text", "run with texts"), ("llard", "judgements", "run with a judge")],
)
def test_a_missing_input_is_named_with_what_to_do(name, missing, words):
    with pytest.raises(ConfigError, match=words):
        run_method(name, replace(taste_inputs(), **{missing: None}))


def test_settings_of_another_method_are_refused():
    with pytest.raises(ValueError, match="dns takes DNSSettings, got NoSettings"):
        run_method("dns", taste_inputs(), NoSettings())


def test_nothing_is_drawn_from_the_global_generator_that_changes_a_result():
    inputs = taste_inputs()
    short = replace(inputs, optimiser=inputs.optimiser.model_copy(update={"epochs": 1}))
    torch.manual_seed(1)
    one = run_method("llard", short)
    torch.manual_seed(2)
    assert np.array_equal(one.embeddings.user, run_method("llard", short).embeddings.user)
