"""Steps of PyG's LightGCN, in RecBole's environment; needs nothing of the workbench's engine.

PyG gives model and loss and leaves the loop to its users: batches and negatives are drawn here,
outside of the step's time.
"""

from __future__ import annotations

import numpy as np
import torch
from torch_geometric.nn.models import LightGCN

from benchmarks.speed.graphs import load
from benchmarks.speed.loop import Job, Measure, repeated, warmed

SIZE, LAYERS, BATCH, DECAY = 64, 3, 2048, 1e-5


def prepare(job: Job) -> Measure:
    """Model, graph and batches; ``form`` is ``edges`` (its own form) or ``csr`` (normalised)."""
    torch.manual_seed(0)
    torch.set_num_threads(job["threads"])
    drawn = load(job["graph"])
    user, item = torch.from_numpy(drawn.user), torch.from_numpy(drawn.item) + drawn.n_users
    n_nodes = drawn.n_users + drawn.n_items
    edges = torch.stack([torch.cat([user, item]), torch.cat([item, user])])
    csr = job["form"] == "csr"
    model = LightGCN(n_nodes, SIZE, LAYERS, **({"normalize": False} if csr else {}))
    graph = _csr(edges, n_nodes) if csr else edges
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)

    def step() -> None:
        rows = torch.from_numpy(rng.integers(0, len(user), BATCH))
        negative = torch.from_numpy(rng.integers(0, drawn.n_items, BATCH)) + drawn.n_users
        wanted = torch.cat(
            [torch.stack([user[rows], item[rows]]), torch.stack([user[rows], negative])], dim=1
        )
        positive, other = model(graph, wanted).chunk(2)
        loss = model.recommendation_loss(positive, other, node_id=wanted.unique(), lambda_reg=DECAY)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def measure() -> dict[str, float]:
        warmed(step)
        return repeated(step, job["steps"], "step")

    return measure


def _csr(edges: torch.Tensor, n_nodes: int) -> torch.Tensor:
    """The normalised adjacency as PyTorch's own sparse rows."""
    degree = torch.bincount(edges[0], minlength=n_nodes).float()
    value = (degree[edges[0]] * degree[edges[1]]).rsqrt()
    sizes = (n_nodes, n_nodes)
    found = torch.sparse_coo_tensor(edges, value, sizes, check_invariants=False)
    return found.coalesce().to_sparse_csr()
