"""What every backbone takes and gives: a graph in, user and item vectors out.

Shape letters: U users, I items, N = U + I nodes, D embedding size, B batch.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from core.model.gather import gather_rows, split_rows


class PropagationGraph(Protocol):
    """What a backbone needs of a graph; :class:`core.graph.adjacency.Adjacency` is one."""

    @property
    def n_users(self) -> int:
        """U; users are the first nodes."""

    @property
    def n_items(self) -> int:
        """I; items are the last nodes."""

    def propagate(self, embedding: Tensor, n_layers: int) -> Tensor:
        """Mean of layers 0..K, ``(N, D)`` to ``(N, D)``."""

    def mean_at(self, embedding: Tensor, n_layers: int, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean of layers 0..K, and layer 0, at nodes ``(B,)``: ``(B, D)`` each."""

    def spmm(self, embedding: Tensor) -> Tensor:
        """One product with the normalised adjacency, ``(N, D)`` to ``(N, D)``."""


class Representations(NamedTuple):
    """User ``(U, D)`` and item ``(I, D)`` vectors of one pass over one graph."""

    user: Tensor
    item: Tensor


class Batch(NamedTuple):
    """Vectors of some sets of nodes, one ``(B, D)`` for each set."""

    vector: tuple[Tensor, ...]
    """What the backbone gives them."""
    initial: tuple[Tensor, ...]
    """Their rows of E0, to be kept small."""


class LooksUp(Protocol):
    """What every backbone can do for a batch."""

    def at(self, graph: PropagationGraph, *nodes: Tensor) -> Batch:
        """Vectors of some sets of nodes, int64 ``(B,)`` each."""


def look_up(found: Representations, table: Tensor, *nodes: Tensor) -> Batch:
    """Vectors of the nodes of a batch among those of all nodes.

    Args:
        found: Of all nodes.
        table: E0, ``(N, D)``.
        nodes: Node numbers, int64 ``(B,)`` each, users first; repeats add up in the gradient.
    """
    return Batch(gather_rows(torch.cat(found), *nodes), gather_rows(table, *nodes))


def score_pairs(representations: Representations, user: Tensor, item: Tensor) -> Tensor:
    """Dot product of matched pairs: int64 ``(B,)`` and ``(B,)`` to float ``(B,)``.

    The two number arrays may have any shapes that broadcast, e.g. ``(B, 1)`` and ``(B, K)``.
    """
    return (representations.user[user] * representations.item[item]).sum(dim=-1)


def split_nodes(nodes: Tensor, n_users: int) -> Representations:
    """Cut node vectors ``(N, D)`` into users (first) and items."""
    return Representations(*split_rows(nodes, n_users))


def check_graph(graph: PropagationGraph, n_users: int, n_items: int) -> None:
    """Refuse a graph of other users or items.

    Raises:
        ValueError: If the counts differ from those of the model.
    """
    if (graph.n_users, graph.n_items) != (n_users, n_items):
        raise ValueError(
            f"graph has {graph.n_users} users and {graph.n_items} items, "
            f"need {n_users} users and {n_items} items"
        )
