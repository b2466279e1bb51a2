"""Every method that trains, on a world of four tastes with misclicks: it learns, and repeats."""

import numpy as np
import pytest
import torch

from core.baselines import (
    bod,
    confident_learning,
    dcf,
    pld,
    random_edits,
    reweighted,
    text_only,
    truncated,
    wbpr,
)
from core.baselines.method import HeldOut, Inputs, plain_loss
from core.config import BackboneConfig, OptimiserConfig
from core.errors import Cancelled
from core.graph.adjacency import normalized_graph
from core.separation import auc
from core.train.trainer import Trainer, Validation
from core.types import Embeddings
from tests.worlds import tastes

OPTIMISER = OptimiserConfig(epochs=12, batch_size=128, eval_every=2, learning_rate=2e-2)
SETTINGS = {
    "t-ce": {"ramp_steps": 20},
    "t-ce-pairwise": {"ramp_steps": 20},
    "dcf": {"ramp_steps": 20},
    "pld": {"warmup_epochs": 2},
    "random-edits": {"n_dropped": 20, "n_added": 20},
}
TRAINED = {
    method.name: method
    for method in (
        *truncated.METHODS,
        *reweighted.METHODS,
        dcf.METHOD,
        bod.METHOD,
        pld.METHOD,
        wbpr.METHOD,
        random_edits.METHOD,
    )
}
TELLING = set(TRAINED) - {"bod", "random-edits"}
"""Methods whose suspicion is worth something after a few epochs."""


@pytest.fixture(scope="module")
def world():
    data, noise = tastes()
    taste = np.eye(4, dtype=np.float32)[np.arange(data.train.n_items) % 4]
    score = np.where(noise, 0.2, 0.9).astype(np.float32)
    inputs = Inputs(
        data.train,
        data.valid,
        normalized_graph(data.train),
        BackboneConfig(embedding_size=8, n_layers=2),
        OPTIMISER,
        torch.device("cpu"),
        seed=0,
        text=Embeddings(taste[:1], taste),
        held_out=HeldOut(-np.log(score)[None], score, np.linspace(0, 1, 200, dtype=np.float32)),
    )
    return inputs, noise


def trained(name, inputs, checkpoint=None, stop_after=None):
    method, generator = TRAINED[name], inputs.generator()
    plan = method.build(inputs, method.settings(**SETTINGS.get(name, {})), generator)
    validation = Validation(inputs.train, inputs.valid)
    trainer = Trainer(
        plan.backbone, plan.objective, OPTIMISER, generator, validation, checkpoint=checkpoint
    )

    def report(progress):
        if progress.values["epoch"] == stop_after:
            raise Cancelled

    result = trainer.fit("train", report)
    found = plan.suspicion(result) if plan.suspicion else plain_loss(inputs, result.embeddings)
    return result, found


@pytest.mark.parametrize("name", TRAINED)
def test_it_learns_the_tastes_and_gives_the_same_again(name, world):
    inputs, noise = world
    (result, suspicion), (again, same) = trained(name, inputs), trained(name, inputs)
    assert result.valid.recall[20] > 0.75  # 20 of about 40 items: chance is a half
    assert suspicion.shape == (len(inputs.train),)
    assert suspicion.dtype == np.float32
    assert np.isfinite(suspicion).all()
    assert np.array_equal(result.embeddings.user, again.embeddings.user)
    assert np.array_equal(suspicion, same)
    if name in TELLING:
        assert auc(suspicion, noise) > 0.75


@pytest.mark.parametrize("name", ["t-ce", "dcf", "bod", "pld"])
def test_a_stopped_training_goes_on_as_if_it_had_not_been_stopped(name, world, tmp_path):
    inputs, _ = world
    whole, suspicion = trained(name, inputs)
    with pytest.raises(Cancelled):
        trained(name, inputs, tmp_path / "it.pt", stop_after=5)
    resumed, same = trained(name, inputs, tmp_path / "it.pt")
    assert np.array_equal(whole.embeddings.item, resumed.embeddings.item)
    assert np.array_equal(suspicion, same)


def test_detectors_need_no_training_and_find_the_noise(world):
    inputs, noise = world
    plan = text_only.METHOD.build(inputs, text_only.TextOnlyConfig(), inputs.generator())
    assert plan.objective is None
    assert auc(plan.suspicion(None), noise) > 0.95


def test_cleanlab_puts_the_label_issues_first(world):
    pytest.importorskip("cleanlab", reason="cleanlab is missing: requirements-bench.txt")
    inputs, noise = world
    method = confident_learning.METHOD
    plan = method.build(inputs, method.settings(), inputs.generator())
    suspicion = plan.suspicion(None)
    assert auc(suspicion, noise) == 1.0
    assert np.array_equal(suspicion > 1.0, noise)
