"""A GPU gives what the CPU gives, to a stated tolerance, and steps without making the host wait.

Draws are made on the CPU and are therefore the same. Sums of many numbers are not: kernels add in
another order. Tolerances: 2e-6 of the norm for one float32 kernel and 2e-2 for bfloat16, 1e-4 for
the vectors after 20 steps (negatives given), .02 of Recall@20 for a whole training, where nearly
equal scores may choose other negatives.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.config import BackboneConfig, LLMHNIConfig
from core.graph.adjacency import drop_edges, normalized_graph
from core.graph.at_rows import mean_at
from core.graph.noisy import Noise, draw_directions, noisy_mean
from core.graph.propagation import propagate, spmm
from core.metrics import rank_metrics
from core.model.info_nce import info_nce
from core.model.lightgcn import LightGCN
from core.model.noisy_layers import OuterLayers
from core.model.representations import Representations
from core.model.sampling import Observed, sample_uniform_negatives
from core.top_items import top_items
from core.train.llmhni import LLMHNI, RefinedInput
from core.train.objectives import BPR
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer, Validation
from core.types import Embeddings
from tests.graph_cases import GRAPHS
from tests.worlds import tastes

DEVICE = "cuda"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
MOST = {"float32": 2e-6, "bfloat16": 2e-2}
SIZE = 32


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def near(found, expected, most):
    found, expected = found.detach().cpu().double(), expected.detach().double()
    return (found - expected).norm() <= most * expected.norm()


def every_second(x):
    return torch.arange(len(x), device=x.device) // 2 * 2


def noisy(x, graph):
    length = 0.2 if graph.value.dtype == torch.float32 else 0.0  # bfloat16 may turn a sign
    drawn = draw_directions(len(x), SIZE, seeded(4)).to(graph.value.dtype).to(x.device)
    return torch.cat(noisy_mean(x, graph, 3, Noise(length, drawn, seeded(6)), 2))


KERNELS = {
    "propagate": lambda x, graph: propagate(x, graph, 3),
    "spmm": lambda x, graph: spmm(graph, x),
    "mean_at": lambda x, graph: torch.cat(mean_at(x, graph, 3, every_second(x))),
    "noisy_mean": noisy,
}


@pytest.mark.parametrize("dtype", MOST)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", GRAPHS)
def test_kernels_agree_in_values_and_gradients(kind, kernel, dtype):
    data = GRAPHS[kind]()
    x = torch.randn(data.n_users + data.n_items, SIZE, generator=seeded(1))
    ours, theirs = x.clone().requires_grad_(), x.to(DEVICE).requires_grad_()
    here = KERNELS[kernel](ours, normalized_graph(data, dtype=dtype))
    there = KERNELS[kernel](theirs, normalized_graph(data, device=DEVICE, dtype=dtype))
    probe = torch.randn(here.shape, generator=seeded(2))
    (here * probe).sum().backward()
    (there * probe.to(DEVICE)).sum().backward()
    assert near(there, here, MOST[dtype])
    assert near(theirs.grad, ours.grad, MOST[dtype])


@pytest.mark.parametrize(("product", "most"), [(None, 1e-5), (torch.bfloat16, 2e-2)])
def test_contrasts_agree_with_float64(product, most):
    left, right = (torch.randn(700, SIZE, generator=seeded(n)) for n in (1, 2))
    exact = [one.double().requires_grad_() for one in (left, right)]
    there = [one.to(DEVICE).requires_grad_() for one in (left, right)]
    found, expected = info_nce(*there, 0.15, product=product), info_nce(*exact, 0.15)
    found.backward()
    expected.backward()
    assert near(found, expected, most)
    assert near(there[0].grad, exact[0].grad, most)


def test_draws_are_the_same_negatives_and_views():
    data = GRAPHS["random"]()
    drawn = []
    for device in ("cpu", DEVICE):
        user = torch.from_numpy(data.user).to(device)
        observed = Observed(data, device=device)
        negative = sample_uniform_negatives(user, observed, data.n_items, seeded(3))
        view = drop_edges(normalized_graph(data, device=device), 0.3, seeded(4))
        drawn.append((negative.cpu(), view.user.cpu(), view.column.cpu(), view.offsets.cpu()))
    for here, there in zip(*drawn, strict=True):
        assert torch.equal(here, there)


def test_losses_and_the_best_items_agree():
    data = GRAPHS["skewed"]()
    user = torch.randn(40, SIZE, generator=seeded(1))
    item = torch.randn(200, SIZE, generator=seeded(3))
    negatives = torch.randint(200, (len(data), 4), generator=seeded(2))
    loss, ranked = [], []
    for device in ("cpu", DEVICE):
        found = Representations(user.to(device), item.to(device))
        recorder = LossRecorder(data.user, data.item, negatives, device=device)
        loss.append(recorder.losses(found))
        masked = np.sort(data.key())
        blocks = top_items(found.user, found.item, np.arange(40), masked, 10)
        places, best = (np.concatenate(one) for one in zip(*blocks, strict=True))
        ranked.append(best[np.argsort(places)])
    assert near(loss[1], loss[0], 2e-6)
    np.testing.assert_array_equal(ranked[0], ranked[1])


def build(name, device, epochs=12):
    """A trainer on a small world; nothing but the device differs."""
    data, _ = tastes(60, 60, n_noise=1)
    train, generator = data.train, seeded(5)
    options = LLMHNIConfig(epochs=epochs, batch_size=128, eval_every=4, learning_rate=1e-2)
    graph = normalized_graph(train, device=device)
    config = BackboneConfig(embedding_size=SIZE, n_layers=2)
    kind = OuterLayers if name == "llmhni" else LightGCN
    backbone = kind(60, 60, config, generator).to(device)
    if name == "bpr":
        objective = BPR(train, graph, 1e-5)
    else:
        aligned = Embeddings(*np.random.default_rng(0).normal(size=(2, 60, 8)).astype(np.float32))
        weight = np.linspace(0.2, 1, len(train), dtype=np.float32)
        refined = normalized_graph(train, weight, device=device)
        data_of = RefinedInput(graph, refined, train, weight, train, aligned)
        objective = LLMHNI(data_of, options, generator)
    return Trainer(backbone, objective, options, generator, Validation(train, data.valid))


def test_the_same_steps_lead_to_the_same_vectors():
    tables = []
    for device in ("cpu", DEVICE):
        trainer = build("bpr", device)
        trainer.objective.begin_epoch(1, trainer.backbone, trainer.generator)
        for _, rows in zip(range(20), trainer._batches(), strict=False):
            loss = sum(trainer.objective.loss(trainer.backbone, rows).values())
            trainer.optimizer.zero_grad()
            loss.backward()
            trainer.optimizer.step()
        tables.append(trainer.backbone.embedding.detach().cpu())
    assert near(tables[1], tables[0], 1e-4)


@pytest.mark.parametrize("name", ["bpr", "llmhni"])
def test_a_whole_training_recommends_as_well(name):
    data, _ = tastes(60, 60, n_noise=1)
    recall = []
    for device in ("cpu", DEVICE):
        found = build(name, device).fit(name).embeddings
        ranked = rank_metrics(found.user, found.item, data.train, data.test)
        recall.append(ranked.recall[20])
    assert recall[1] == pytest.approx(recall[0], abs=0.02)


def test_a_step_of_plain_training_never_makes_the_host_wait():
    trainer = build("bpr", DEVICE)
    trainer.objective.begin_epoch(1, trainer.backbone, trainer.generator)
    batches = list(trainer._batches())
    torch.cuda.synchronize()

    def step(rows):
        terms = trainer.objective.loss(trainer.backbone, rows)
        trainer.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        trainer.optimizer.step()

    step(batches[0])  # the first one makes what later ones find
    torch.cuda.set_sync_debug_mode("error")
    try:
        step(batches[-1])
    finally:
        torch.cuda.set_sync_debug_mode("default")
