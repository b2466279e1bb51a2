"""The interaction graph: a symmetric, degree-normalised adjacency in compressed rows.

Source: He et al., "LightGCN", SIGIR 2020 (arXiv:2002.02126), eq. 8; weighted degrees are ours.

Shape letters: U users, I items, N = U + I nodes, E undirected edges (2E stored entries).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.graph import at_rows, noisy, propagation
from core.types import Interactions

StorageType: TypeAlias = Literal["float32", "bfloat16"]

STORAGE_TYPES: dict[StorageType, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}

MAX_EDGES = 2**30 - 1
"""Offsets are int32, and every edge is stored twice."""


@dataclass(frozen=True, eq=False)
class Adjacency:
    """D^-1/2 A D^-1/2 of the bipartite graph; users are nodes 0..U-1, items nodes U..N-1.

    Each edge is stored in both directions, so the matrix equals its transpose: the backward
    pass of a product is the same product. Rows of isolated nodes are empty, or all zero.
    """

    n_users: int
    n_items: int
    offsets: Tensor
    """Where each row starts among the entries, int32 ``(N + 1,)``."""
    column: Tensor
    """Node number of each entry, int32 ``(2E,)``, ascending within a row."""
    value: Tensor
    """Normalised weight of each entry, ``(2E,)``, in the storage type of propagation."""

    @property
    def n_nodes(self) -> int:
        """N, users and items together."""
        return self.n_users + self.n_items

    @cached_property
    def matrix(self) -> Tensor:
        """The same matrix as a sparse CSR tensor ``(N, N)``, made once."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            return torch.sparse_csr_tensor(
                self.offsets,
                self.column,
                self.value,
                (self.n_nodes, self.n_nodes),
                check_invariants=False,
            )

    def to_dense(self) -> Tensor:
        """All ``(N, N)`` values; for small graphs only."""
        row = torch.repeat_interleave(self.offsets.diff())  # (2E,)
        dense = self.value.new_zeros(self.n_nodes, self.n_nodes)
        return dense.index_put_((row, self.column.long()), self.value, accumulate=True)

    def propagate(self, embedding: Tensor, n_layers: int) -> Tensor:
        """Mean of layers 0..K over this graph: :func:`core.graph.propagation.propagate`."""
        return propagation.propagate(embedding, self, n_layers)

    def mean_at(self, embedding: Tensor, n_layers: int, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The same at some nodes, and layer 0 there: :func:`core.graph.at_rows.mean_at`."""
        return at_rows.mean_at(embedding, self, n_layers, rows)

    def noisy_mean(
        self, embedding: Tensor, n_layers: int, noise: noisy.Noise, contrasted: int
    ) -> tuple[Tensor, Tensor]:
        """Mean of noisy layers, and one of them: :func:`core.graph.noisy.noisy_mean`."""
        return noisy.noisy_mean(embedding, self, n_layers, noise, contrasted)

    def spmm(self, embedding: Tensor) -> Tensor:
        """One product with this graph: :func:`core.graph.propagation.spmm`."""
        return propagation.spmm(self, embedding)


@dataclass(frozen=True, eq=False)
class Graph(Adjacency):
    """The same with its edges: what dropping, masking and weighting them need."""

    user: Tensor
    """User of each edge, int64 ``(E,)``."""
    item: Tensor
    """Item number (0..I-1) of each edge, int64 ``(E,)``."""
    weight: Tensor
    """Weight of each edge before normalisation, float32 ``(E,)``."""
    edge: Tensor
    """Which edge each entry belongs to, int32 ``(2E,)``; saves sorting when edges change."""

    @property
    def n_edges(self) -> int:
        """E, undirected edges."""
        return len(self.user)

    @property
    def adjacency(self) -> Adjacency:
        """The matrix alone, of the same memory: half of it where the edges are not kept."""
        return Adjacency(self.n_users, self.n_items, self.offsets, self.column, self.value)


def normalized_graph(
    interactions: Interactions,
    weight: Tensor | NDArray[np.floating] | None = None,
    device: str | torch.device = "cpu",
    dtype: StorageType = "float32",
) -> Graph:
    """Build the graph of some interactions.

    Args:
        interactions: The E edges. A pair given twice counts twice.
        weight: Weight of each edge, ``(E,)``, finite and not negative; all ones if omitted.
            A constant: no gradient flows into it.
        device: Where the graph lives.
        dtype: Storage type during propagation.

    Raises:
        ValueError: If the weights have the wrong shape, are negative or not finite, or if there
            are more edges than int32 offsets can count.
    """
    if len(interactions) > MAX_EDGES:
        raise ValueError(f"{len(interactions):,} edges; one graph holds at most {MAX_EDGES:,}")
    user = torch.tensor(interactions.user, dtype=torch.int64, device=device)
    item = torch.tensor(interactions.item, dtype=torch.int64, device=device)
    edge_weight = _edge_weight(weight, len(user), user.device)
    n_nodes = interactions.n_users + interactions.n_items

    row = torch.cat([user, item + interactions.n_users])  # (2E,) both directions
    column = torch.cat([item + interactions.n_users, user])
    order = torch.argsort(row * n_nodes + column, stable=True)
    offsets = torch.zeros(n_nodes + 1, dtype=torch.int32, device=device)
    offsets[1:] = torch.bincount(row, minlength=n_nodes).cumsum(0)
    number = torch.arange(len(user), dtype=torch.int32, device=device)
    edge = torch.cat([number, number]).index_select(0, order)
    value = _normalized(user, item, edge_weight, interactions.n_users, interactions.n_items)
    return Graph(
        interactions.n_users,
        interactions.n_items,
        offsets,
        column.index_select(0, order).int(),
        value.index_select(0, edge).to(STORAGE_TYPES[dtype]),
        user,
        item,
        edge_weight,
        edge,
    )


def drop_edges(graph: Graph, rate: float, generator: torch.Generator) -> Graph:
    """Drop each undirected edge with the same chance and normalise what is left again.

    Both directions go together, and the order of the remaining entries is kept, so drawing a
    new view each epoch costs a few passes over the edges and no sort.

    Args:
        graph: The full graph.
        rate: Chance of an edge to be dropped, 0 <= rate < 1.
        generator: Source of the draw. It may live on another device than the graph.

    Raises:
        ValueError: If ``rate`` is outside 0 <= rate < 1.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"rate is {rate}, need 0 <= rate < 1")
    if rate == 0.0:
        return graph
    draw = torch.rand(graph.n_edges, generator=generator, device=generator.device)
    return keep_edges(graph, (draw >= rate).to(graph.user.device))


def keep_edges(graph: Graph, keep: Tensor) -> Graph:
    """Keep some undirected edges, bool ``(E,)``, in their order, and normalise them again."""
    kept = keep.index_select(0, graph.edge)  # (2E,)
    n_before = torch.cat([kept.new_zeros(1, dtype=torch.int32), kept.cumsum(0, dtype=torch.int32)])
    number = keep.cumsum(0, dtype=torch.int32) - 1  # new number of each kept edge
    # A look-up by a mask counts the mask anew each time, and a GPU makes the host wait for that.
    edges, entry = keep.nonzero()[:, 0], kept.nonzero()[:, 0]
    user, item, weight = (
        part.index_select(0, edges) for part in (graph.user, graph.item, graph.weight)
    )
    edge = number.index_select(0, graph.edge.index_select(0, entry))
    value = _normalized(user, item, weight, graph.n_users, graph.n_items)
    return Graph(
        graph.n_users,
        graph.n_items,
        n_before.index_select(0, graph.offsets),
        graph.column.index_select(0, entry),
        value.index_select(0, edge).to(graph.value.dtype),
        user,
        item,
        weight,
        edge,
    )


def _edge_weight(
    weight: Tensor | NDArray[np.floating] | None, n_edges: int, device: torch.device
) -> Tensor:
    if weight is None:
        return torch.ones(n_edges, device=device)
    raw = weight.detach() if isinstance(weight, Tensor) else torch.tensor(weight)
    if raw.shape != (n_edges,):
        raise ValueError(f"weight has shape {tuple(raw.shape)}, need {(n_edges,)}")
    if not bool(torch.isfinite(raw).all() & (raw >= 0).all()):
        raise ValueError("weights must be finite and not negative")
    return raw.to(device=device, dtype=torch.float32, copy=True)


def _normalized(user: Tensor, item: Tensor, weight: Tensor, n_users: int, n_items: int) -> Tensor:
    """Normalised weight of each edge, float32 ``(E,)``.

    Degrees are summed in float64: the order of a parallel sum is then invisible after rounding.
    """
    exact = weight.double()
    user_scale = _inverse_root(exact.new_zeros(n_users).index_add_(0, user, exact))  # (U,)
    item_scale = _inverse_root(exact.new_zeros(n_items).index_add_(0, item, exact))  # (I,)
    return (exact * user_scale[user] * item_scale[item]).float()


def _inverse_root(degree: Tensor) -> Tensor:
    return degree.rsqrt().masked_fill(~(degree > 0), 0.0)
