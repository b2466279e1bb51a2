import numpy as np
import pytest
import torch

from core.config import AlignmentConfig
from core.incidence import interaction_matrix
from core.relevance.leave_out import unit, user_means
from core.relevance.projector import Projector, Task, _batch_loss, fit_projector
from core.types import Interactions


@pytest.fixture
def task():
    rng = np.random.default_rng(0)
    item = unit(rng.normal(size=(12, 6)))
    user = np.repeat(np.arange(8), 5)
    chosen = np.concatenate([rng.choice(12, 5, replace=False) for _ in range(8)])
    train = Interactions(user, chosen, 8, 12)
    return Task(train, np.arange(40), item, user_means(train, item), 0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_network_is_two_layers_with_the_mean_size_between():
    projector = Projector(384, 64, generator())
    assert projector.first.weight.shape == (224, 384)
    assert projector.second.weight.shape == (64, 224)
    text = torch.randn(3, 384, generator=generator())
    hidden = text @ projector.first.weight.T
    expected = torch.where(hidden > 0, hidden, 0.01 * hidden) @ projector.second.weight.T
    torch.testing.assert_close(projector(text), expected)


def test_batch_loss_is_the_formula_with_the_users_other_positives_left_out(task):
    projector = Projector(6, 4, generator())
    rows = np.array([0, 7, 13, 21])
    loss = _batch_loss(projector, task, rows, interaction_matrix(task.train), 0.2).item()
    user, item = task.train.user[rows], task.train.item[rows]
    liked = {(u, i) for u, i in zip(task.train.user, task.train.item, strict=True)}
    z_item = projector.unit(task.item)
    expected = []
    for u, i in zip(user, item, strict=True):
        others = [j for v, j in zip(task.train.user, task.train.item, strict=True) if v == u != -1]
        z = projector.unit(unit(task.item[[j for j in others if j != i]].sum(0, keepdims=True)))[0]
        rivals = [i] + [j for j in item if j != i and (u, j) not in liked]
        logits = np.array([z @ z_item[j] for j in rivals]) / 0.2
        expected.append(np.log(np.exp(logits).sum()) - logits[0])
    assert loss == pytest.approx(np.mean(expected), abs=1e-4)


def test_training_lowers_the_loss_and_the_same_seed_repeats_it(task):
    config = AlignmentConfig(size=4, learning_rate=0.01)
    first, records = fit_projector(task, config, generator(), lambda _: None, epochs=30)
    second, _ = fit_projector(task, config, generator(), lambda _: None, epochs=30)
    assert len(records) == 30
    assert records[-1].loss < records[0].loss
    assert all(np.isnan(record.held_out) for record in records)
    assert torch.equal(first.first.weight, second.first.weight)
    assert not any(p.requires_grad for p in first.parameters())


def test_training_stops_early_and_returns_the_best_epoch(task):
    # A huge step makes the held-out loss rise at once.
    config = AlignmentConfig(size=4, learning_rate=1.0, patience=3, epochs=40)
    projector, records = fit_projector(task, config, generator(), lambda _: None)
    best = int(np.argmin([record.held_out for record in records]))
    assert len(records) <= best + 1 + 3 < 40
    again, _ = fit_projector(
        task, config.model_copy(update={"epochs": best + 1}), generator(), lambda _: None
    )
    assert torch.equal(projector.first.weight, again.first.weight)
