"""All that baselines may see, of a small world of four tastes."""

from __future__ import annotations

import numpy as np
import torch

from core.baselines.method import HeldOut, Inputs
from core.config import BackboneConfig, OptimiserConfig
from core.graph.adjacency import normalized_graph
from core.types import HIGH, LOW, Embeddings, Interactions, Judgements
from tests.worlds import N_TASTES, pairs, tastes

OPTIMISER = OptimiserConfig(epochs=24, batch_size=128, eval_every=4, learning_rate=2e-2)


def inputs_of(train: Interactions, valid: Interactions | None = None, **changes) -> Inputs:
    """Inputs around some interactions, with nothing but what is given."""
    settings = {
        "backbone": BackboneConfig(embedding_size=8, n_layers=2),
        "optimiser": OPTIMISER,
        "device": torch.device("cpu"),
        "seed": 3,
    } | changes
    nothing = pairs([], [], train.n_users, train.n_items)
    return Inputs(train, valid or nothing, normalized_graph(train), **settings)


def taste_inputs(seed: int = 0, **changes) -> Inputs:
    """Inputs in which texts and grades know the taste of every user and item."""
    data, noise = tastes(seed=seed)
    train = data.train
    signals = {
        "text": taste_vectors(train.n_users, train.n_items),
        "aligned": taste_vectors(train.n_users, train.n_items),
        "judgements": judgements(train, noise),
        "held_out": held_out(noise),
    }
    return inputs_of(train, data.valid, **(signals | changes))


def taste_vectors(n_users: int, n_items: int) -> Embeddings:
    """The taste as a unit vector, with a little noise."""
    rng = np.random.default_rng(7)

    def vectors(n: int) -> np.ndarray:
        clean = np.eye(N_TASTES)[np.arange(n) % N_TASTES]
        return (clean + rng.normal(0, 0.05, clean.shape)).astype(np.float32)

    return Embeddings(vectors(n_users), vectors(n_items))


def judgements(train: Interactions, noise: np.ndarray) -> Judgements:
    """Both views grade train interactions Low where they are noise, else High."""
    grade = np.where(noise, LOW, HIGH).astype(np.int8)
    there = np.ones(len(train), bool)
    reasons = ("",) * len(train)
    return Judgements(
        train.user, train.item, there, ~there, grade, grade, reasons, reasons, "a test"
    )


def held_out(noise: np.ndarray) -> HeldOut:
    """Signals that lean to the truth."""
    rng = np.random.default_rng(5)
    score = np.clip(0.8 - 0.5 * noise + rng.normal(0, 0.15, len(noise)), 0, 1).astype(np.float32)
    loss = np.stack([1.5 - score, 1.2 - score]).astype(np.float32)
    return HeldOut(loss, score, rng.random(2 * len(noise)).astype(np.float32) * 0.6)
