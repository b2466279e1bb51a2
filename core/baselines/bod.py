"""BOD: a small network gives every pair a weight, and learns it by making two gradients agree.

Source: Wang et al., "Efficient Bi-Level Optimization for Recommendation Denoising", KDD 2023
(arXiv:2210.10321). Weight w_ui = g(e_u, e_i) in (0, 1).

Inner problem (the backbone, w fixed): BPR of weighted scores -log sigmoid(w_ui s_ui - w_uj s_uj),
plus weighted alignment w_ui |e_u - e_i|^2 of unit vectors, plus uniformity
log mean exp(-2 |e - e'|^2). Outer problem (g, the backbone fixed): one step per epoch on
sum_d 1 - cos(grad_d L_bpr, grad_d L_align), the gradients by the initial embeddings, one cosine
per dimension d and side.

Where we differ: g is a two-layer perceptron (the "VAE" of the authors' code comes to the same: no
noise, no activation before its last layer) with leaky instead of plain rectifiers; the authors'
code feeds the user twice for positives of the outer problem and lets gradients pass through the
inputs of g; here it is user and item, and w depends on the weights of g alone.

Shape letters: U users, E positives, N nodes, D embedding size, B batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from core.baselines.bod_terms import Triples, WeightGenerator, gradient_distance, uniformity
from core.baselines.method import Inputs, Method, Plan
from core.baselines.two_scores import as_array
from core.graph.adjacency import Graph
from core.method_settings import BODConfig
from core.model.representations import Representations
from core.train.objectives import BPR
from core.train.trainer import TrainResult
from core.types import FloatArray, Interactions


class BOD(BPR):
    """Both problems, in turn: the outer step at the start of each epoch but the first."""

    def __init__(
        self,
        positives: Interactions,
        graph: Graph,
        decay: float,
        settings: BODConfig,
        weigh: WeightGenerator,
    ) -> None:
        super().__init__(positives, graph, decay)
        self.settings, self.weigh = settings, weigh
        self._optimizer = torch.optim.Adam(weigh.parameters(), lr=settings.generator_rate)

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw negatives; then let the generator learn from one batch."""
        super().begin_epoch(epoch, backbone, generator)
        if epoch > 1:
            rows = torch.randperm(self.n_rows, generator=generator)[: self.settings.outer_batch]
            self._outer_step(backbone, rows.to(self.user.device))

    def _outer_step(self, backbone: nn.Module, rows: Tensor) -> None:
        table = backbone.get_parameter("embedding")
        found: Representations = backbone(self.graph)
        batch = self._batch(found, rows)
        by_ranking, by_alignment = (
            torch.autograd.grad(loss, table, create_graph=True)[0]
            for loss in (batch.ranking(), batch.alignment())
        )
        distance = gradient_distance(by_ranking, by_alignment, len(found.user))
        parameters = list(self.weigh.parameters())
        # Only g moves: gradients of the backbone are left as they are.
        for parameter, slope in zip(
            parameters, torch.autograd.grad(distance, parameters), strict=True
        ):
            parameter.grad = slope
        self._optimizer.step()

    def _batch(self, found: Representations, rows: Tensor) -> Triples:
        user, item = found.user[self.user[rows]], found.item[self.item[rows]]
        other = found.item[self.negative[rows]]
        return Triples(user, item, other, self.weigh(user, item), self.weigh(user, other))

    def _uniformity(self, found: Representations, rows: Tensor) -> Tensor:
        """Mean over users (twice: each is in a positive and a negative), items and negatives."""
        user = uniformity(found.user, self.user[rows])
        item = uniformity(found.item, self.item[rows])
        other = uniformity(found.item, self.negative[rows])
        return (2.0 * user + item + other) / 4.0

    def ranking_terms(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> dict[str, Tensor]:
        """Inner problem, the generator fixed."""
        found = backbone(self.graph) if found is None else found
        batch = self._batch(found, rows)
        batch = replace(
            batch, weight=batch.weight.detach(), other_weight=batch.other_weight.detach()
        )
        return {
            "rec": batch.ranking(),
            "align": self.settings.alignment * batch.alignment(),
            "uniform": self.settings.uniformity * self._uniformity(found, rows),
            "decay": super().ranking_terms(backbone, found, rows)["decay"],
        }

    def state(self) -> dict[str, Tensor]:
        """Generator and its optimiser."""
        weights = {f"weigh.{name}": value for name, value in self.weigh.state_dict().items()}
        moments = self._optimizer.state_dict()["state"]
        return weights | {
            f"adam.{place}.{name}": value
            for place, values in moments.items()
            for name, value in values.items()
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take both back."""
        whole = self._optimizer.state_dict()
        weights: dict[str, Tensor] = {}
        for key, value in state.items():
            kind, place, name = (*key.split(".", 2), "")[:3]
            if kind == "weigh":
                weights[f"{place}.{name}"] = value
            else:
                whole["state"].setdefault(int(place), {})[name] = value
        self.weigh.load_state_dict(weights)
        self._optimizer.load_state_dict(whole)


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    backbone = inputs.make_backbone(generator)
    with torch.no_grad():
        size = backbone(inputs.graph).user.shape[1]  # NGCF puts its layers side by side
    weigh = WeightGenerator(size, settings.hidden, generator).to(inputs.device)
    decay = inputs.optimiser.weight_decay
    objective = BOD(inputs.train, inputs.graph, decay, settings, weigh)

    @torch.no_grad()
    def suspicion(result: TrainResult | None) -> FloatArray | None:
        if result is None:
            return None
        found = result.embeddings
        user, item = (torch.from_numpy(side).to(inputs.device) for side in (found.user, found.item))
        return as_array(1.0 - weigh(user[objective.user], item[objective.item]))

    return Plan(backbone, objective, suspicion)


METHOD = Method(
    "bod",
    "BOD",
    "Wang et al., Efficient Bi-Level Optimization for Recommendation Denoising, KDD 2023, "
    "arXiv:2210.10321",
    "objective",
    BODConfig,
    _build,
    suspicion="1 - its weight",
)
