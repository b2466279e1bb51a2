"""LightGCN with BPR in plain PyTorch: what our kernels are held against for recall.

Dense products of layers, plain indexing and autograd's own transpose; nothing of the engine but
the sampler's contract (uniform unobserved items) and the measure of recall.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.speed.graphs import Drawn, load
from benchmarks.speed.loop import Job, Measure
from benchmarks.speed.ours import DECAY, curve
from core.config import LLMHNIConfig
from core.metrics import rank_metrics

DENSE = 4_000
"""Nodes up to which the adjacency is a dense matrix; larger ones are sparse, by PyTorch."""
SIZE, LAYERS, SPREAD = 64, 3, 0.1


class Reference:
    """Has what :func:`benchmarks.speed.ours.curve` asks of a training."""

    def __init__(self, drawn: Drawn, job: Job) -> None:
        self.drawn = drawn
        self.rng = np.random.default_rng(job["round"])
        self.generator = torch.Generator().manual_seed(job["round"])
        n_nodes = drawn.n_users + drawn.n_items
        self.table = torch.empty(n_nodes, SIZE).normal_(std=SPREAD, generator=self.generator)
        self.table.requires_grad_()
        self.adjacency = adjacency_of(drawn)
        self.optimizer = torch.optim.Adam([self.table], lr=job["learning_rate"])
        self.batch_size = LLMHNIConfig().batch_size
        self.n_steps = -(-len(drawn.user) // self.batch_size)
        self.known = np.sort(drawn.user * drawn.n_items + drawn.item)
        self.order: list[np.ndarray] = []
        self.negative = np.empty(0, np.int64)

    def begin_epoch(self) -> None:
        """Shuffle, and draw one unobserved item per positive, by rejection."""
        drawn = self.drawn
        rows = self.rng.permutation(len(drawn.user))
        self.order = [
            rows[at : at + self.batch_size] for at in range(0, len(rows), self.batch_size)
        ]
        self.negative = self.rng.integers(0, drawn.n_items, len(rows))
        while len(taken := np.flatnonzero(self._observed(self.negative))):
            self.negative[taken] = self.rng.integers(0, drawn.n_items, len(taken))

    def _observed(self, item: np.ndarray) -> np.ndarray:
        key = self.drawn.user * self.drawn.n_items + item
        place = np.searchsorted(self.known, key).clip(max=len(self.known) - 1)
        return self.known[place] == key

    def step(self) -> None:
        """One batch."""
        rows, n_users = self.order.pop(), self.drawn.n_users
        user, item, other = (
            torch.from_numpy(nodes)
            for nodes in (
                self.drawn.user[rows],
                self.drawn.item[rows] + n_users,
                self.negative[rows] + n_users,
            )
        )
        found = propagated(self.adjacency, self.table)
        positive = (found[user] * found[item]).sum(1)
        loss = functional.softplus((found[user] * found[other]).sum(1) - positive).mean()
        own = [self.table[nodes] for nodes in (user, item, other)]
        norm = torch.stack([part.square().sum() for part in own]).sum()
        self.optimizer.zero_grad()
        (loss + DECAY * 0.5 * norm / len(rows)).backward()
        self.optimizer.step()

    @torch.no_grad()
    def evaluate(self) -> float:
        """Recall@20 of what is held out."""
        found, drawn = propagated(self.adjacency, self.table), self.drawn
        user, item = found[: drawn.n_users], found[drawn.n_users :]
        return rank_metrics(user, item, drawn.train, drawn.held_out, ks=(20,)).recall[20]


def adjacency_of(drawn: Drawn) -> Tensor:
    """Normalised adjacency, ``(N, N)``, dense where that is small (arXiv:2002.02126, eq. 8)."""
    user, item = torch.from_numpy(drawn.user), torch.from_numpy(drawn.item) + drawn.n_users
    n_nodes = drawn.n_users + drawn.n_items
    edges = torch.stack([torch.cat([user, item]), torch.cat([item, user])])
    degree = torch.bincount(edges[0], minlength=n_nodes).float()
    value = (degree[edges[0]] * degree[edges[1]]).rsqrt()
    sizes = (n_nodes, n_nodes)
    found = torch.sparse_coo_tensor(edges, value, sizes, check_invariants=False).coalesce()
    return found.to_dense() if n_nodes <= DENSE else found


def propagated(adjacency: Tensor, table: Tensor) -> Tensor:
    """Mean of layers 0..K (eq. 4)."""
    layers = [table]
    for _ in range(LAYERS):
        layers.append(adjacency @ layers[-1])
    return torch.stack(layers).mean(0)


def prepare(job: Job) -> Measure:
    """Set up one training."""
    torch.set_num_threads(job["threads"])
    training = Reference(load(job["graph"]), job)
    return lambda: curve(training, job["epochs"], job["patience"])
