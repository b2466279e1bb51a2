"""Small trainings that tests do in one process and in several, by the same code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.config import BackboneConfig, LLMHNIConfig, OptimiserConfig
from core.graph.adjacency import normalized_graph
from core.model.lightgcn import LightGCN
from core.model.noisy_layers import OuterLayers
from core.model.sampling import Observed, sample_uniform_negatives
from core.train.llmhni import LLMHNI, RefinedInput
from core.train.objectives import BPR
from core.train.pointwise import ReweightedCrossEntropy
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer, Validation
from core.types import Embeddings
from tests.worlds import tastes, tiny_run

N_COLUMNS = 10
"""Three processes or four have unequal shares."""
BACKBONE = BackboneConfig(embedding_size=N_COLUMNS, n_layers=2)
OPTIONS = {"epochs": 3, "batch_size": 206, "eval_every": 2, "learning_rate": 3e-2}
HEAVY = {
    "weight_decay": 1e-2,
    "lambda_alignment": 0.1,
    "lambda_hallucination": 0.1,
    "lambda_layers": 0.1,
}
"""Weights with which no term can be forgotten unseen."""
TINY = tiny_run(
    device="cpu",
    pretrain={"epochs": 2},
    train={"epochs": 2, "warmup_epochs": 1},
    scoring={"insertions": 1},
    refine={"preset": "soft"},
)
"""A whole run of few steps: on a busy machine, several processes wait for each other in each."""
KINDS = ("bpr", "crossentropy", "fresh", "pool")


def trainer(kind: str, checkpoint: Path | None = None, **changes) -> Trainer:
    """A training of one kind, always with the same draws."""
    data, _ = tastes(61, 43)
    generator = torch.Generator().manual_seed(7)
    contrasts = kind == "fresh"
    backbone = (OuterLayers if contrasts else LightGCN)(61, 43, BACKBONE, generator)
    graph = normalized_graph(data.train)
    options = OPTIONS | changes
    config = OptimiserConfig(**options)
    if kind == "bpr":
        objective = BPR(data.train, graph, 1e-2)
    elif kind == "crossentropy":
        objective = ReweightedCrossEntropy(data.train, graph, 1e-2)
    else:
        config = LLMHNIConfig(
            **options,
            **HEAVY,
            **(
                {"fresh": 4, "candidates": 2}
                if kind == "fresh"
                else {"fresh": 0, "pool": 6, "candidates": 2, "warmup_epochs": 1}
            ),
            hallucination_views="cross" if kind == "fresh" else "same",
        )
        objective = LLMHNI(_refined(data.train, graph), config, generator)
    shape = torch.from_numpy(data.train.user)[:, None].expand(-1, 3)
    negatives = sample_uniform_negatives(shape, Observed(data.train), 43, generator)
    recorder = LossRecorder(data.train.user, data.train.item, negatives)
    validation = Validation(data.train, data.valid)
    return Trainer(
        backbone, objective, config, generator, validation, recorder, checkpoint, keep_weights=True
    )


def _refined(train, graph) -> RefinedInput:
    """Half of the edges count half; texts at random."""
    rng = np.random.default_rng(3)
    weight = rng.choice([0.5, 1.0], len(train)).astype(np.float32)
    aligned = Embeddings(
        rng.normal(size=(train.n_users, 5)).astype(np.float32),
        rng.normal(size=(train.n_items, 5)).astype(np.float32),
    )
    return RefinedInput(graph, normalized_graph(train, weight), train, weight, train, aligned)


def outcome(kind: str, checkpoint: Path | None = None, **changes) -> dict[str, np.ndarray]:
    """Train and lay out all that came of it."""
    made = trainer(kind, checkpoint, **changes)
    found = made.fit(kind)
    names = ("loss", "rec", "decay", "de", "hal", "layers", "recall@20", "ndcg@20")
    history = [[row.get(name, -1.0) for name in names] for row in found.history]
    return {
        "user": found.embeddings.user,
        "item": found.embeddings.item,
        "weights": found.weights["embedding"],
        "recorded": found.recorded,
        "history": np.array(history),
        "recall": np.array(found.valid.recall[20]),
        "user_recall": found.valid.user_recall[5],
        "user_ndcg": found.valid.user_ndcg[20],
        "n_held_out": found.valid.n_held_out,
        "ranked": found.valid.user,
        "negative": made.objective.negative.numpy(),
    }
