"""SGL: contrast two randomly thinned views of the graph.

Source: Wu et al., "Self-supervised Graph Learning for Recommendation", SIGIR 2021
(arXiv:2010.10783): L = L_BPR + weight * (L_user + L_item) + decay, where L_user is the InfoNCE of
the same users in two views, drawn anew each epoch. Edge dropout keeps each edge, node dropout each
node with its edges, with chance 1 - drop_rate.

Where we differ: a dropped edge goes in both directions and the degrees of what is left are counted
again, as the paper's text and its authors' code have it and several implementations do not; how
many edges are dropped varies (the code: always the same number). Denominators run over the batch,
as in SELFRec (the authors' code: over all users and all items).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.baselines.contrast import contrast, nodes_of
from core.baselines.method import Inputs, Method, Plan
from core.graph.adjacency import Graph, drop_edges, keep_edges
from core.method_settings import SGLNodeSettings, SGLSettings
from core.model.representations import Representations
from core.train.objectives import BPR


def drop_nodes(graph: Graph, rate: float, generator: torch.Generator) -> Graph:
    """Drop each user and item with the same chance, and all their edges with them.

    Args:
        graph: The full graph.
        rate: Chance of a node, 0 <= rate < 1.
        generator: Source of the draw, on any device.
    """
    draw = torch.rand(graph.n_nodes, generator=generator, device=generator.device)
    keep = (draw >= rate).to(graph.user.device)  # (N,)
    return keep_edges(graph, keep[graph.user] & keep[graph.n_users + graph.item])


class SGL(BPR):
    """BPR on the whole graph plus InfoNCE between two thinned ones."""

    def __init__(self, inputs: Inputs, settings: SGLSettings) -> None:
        super().__init__(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
        self.settings = settings
        self.views = (self.graph, self.graph)

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw the negatives and both views."""
        super().begin_epoch(epoch, backbone, generator)
        drop = drop_edges if self.settings.augmentation == "edge" else drop_nodes
        rate = self.settings.drop_rate
        self.views = (drop(self.graph, rate, generator), drop(self.graph, rate, generator))

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR, decay and the contrast of some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        terms = self.ranking_terms(backbone, backbone(self.graph), rows)
        left, right = (_of(backbone, view) for view in self.views)
        nodes = nodes_of(self.user[rows], self.item[rows])
        found = contrast(left, right, *nodes, self.settings.temperature)
        return {**terms, "contrast": self.settings.weight * found}


def _of(backbone: nn.Module, graph: Graph) -> Representations:
    found: Representations = backbone(graph)
    return found


def _build(inputs: Inputs, settings: SGLSettings, generator: torch.Generator) -> Plan:
    return Plan(inputs.make_backbone(generator), SGL(inputs, settings))


PAPER = "Wu et al., SIGIR 2021, arXiv:2010.10783"
SGLS = (
    Method("sgl", "SGL, edges dropped", PAPER, "objective", SGLSettings, _build),
    Method("sgl-node", "SGL, nodes dropped", PAPER, "objective", SGLNodeSettings, _build),
)
