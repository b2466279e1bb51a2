"""Random edits of the graph: as many edges dropped and added as another method, but any.

The control for every refined graph: what is left of its gain is due to *which* edges it edits.
Plain BPR is then trained on the edited edges. Whoever can keep an edge does: a dropped edge is
never the last of its user or item while others are left to drop, as in the refined graph.

Shape letters: U users, I items, E train interactions, P observed pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from core.baselines.method import Inputs, Method, Plan
from core.errors import ConfigError
from core.graph.adjacency import normalized_graph
from core.keys import distinct
from core.method_settings import RandomEditsConfig
from core.model.sampling import Observed
from core.train.objectives import BPR
from core.types import BoolArray, Interactions


def random_drop(train: Interactions, n_dropped: int, rng: np.random.Generator) -> BoolArray:
    """Choose edges to drop, ``(E,)``.

    One random edge of every user and of every item is dropped only where all others are.

    Raises:
        ConfigError: If there are not so many edges.
    """
    if n_dropped > len(train):
        raise ConfigError(f"cannot drop {n_dropped:,} of {len(train):,} edges; drop fewer")
    order = rng.permutation(len(train))
    spared = np.zeros(len(train), np.bool_)
    for node in (train.user, train.item):
        spared[order[np.unique(node[order], return_index=True)[1]]] = True  # first of each node
    order = order[np.argsort(spared[order], kind="stable")]
    dropped = np.zeros(len(train), np.bool_)
    dropped[order[:n_dropped]] = True
    return dropped


def random_additions(train: Interactions, n_added: int, rng: np.random.Generator) -> Interactions:
    """Draw different pairs uniformly from all that were not observed.

    Raises:
        ConfigError: If there are not so many.
    """
    key = distinct(train.key())  # (P,)
    n_free = train.n_users * train.n_items - len(key)
    if n_added > n_free:
        raise ConfigError(f"cannot add {n_added:,} edges: only {n_free:,} are free; add fewer")
    rank = rng.choice(n_free, n_added, replace=False)
    # The r-th free pair is r plus the number of observed pairs before it.
    free = rank + np.searchsorted(key - np.arange(len(key)), rank, side="right")
    return Interactions(free // train.n_items, free % train.n_items, train.n_users, train.n_items)


def random_edits(
    train: Interactions, n_dropped: int, n_added: int, rng: np.random.Generator
) -> tuple[Interactions, BoolArray]:
    """Edit the edges: those kept, in order, then those added; and which were dropped ``(E,)``.

    Raises:
        ConfigError: If there are not so many edges to drop or to add.
    """
    dropped = random_drop(train, n_dropped, rng)
    added = random_additions(train, n_added, rng)
    edges = Interactions(
        np.concatenate([train.user[~dropped], added.user]),
        np.concatenate([train.item[~dropped], added.item]),
        train.n_users,
        train.n_items,
    )
    return edges, dropped


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    rng = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
    edges, dropped = random_edits(inputs.train, settings.n_dropped, settings.n_added, rng)
    graph = normalized_graph(edges, device=inputs.device, dtype=inputs.backbone.dtype)
    observed = Observed(inputs.train, edges, device=inputs.device)
    objective = BPR(edges, graph, inputs.optimiser.weight_decay, observed)
    return Plan(inputs.make_backbone(generator), objective, lambda _: dropped.astype(np.float32))


METHOD = Method(
    "random-edits",
    "Random edge edits",
    "No paper: a control of equal size",
    "graph",
    RandomEditsConfig,
    _build,
    suspicion="1 for the edges it dropped, else 0",
)
