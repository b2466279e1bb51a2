"""A variant of LLaRD: learn an edge mask with what a language model knows as its guide.

Source: Wang et al., "Unleashing the Power of Large Language Model for Denoising Recommendation",
WWW 2025 (arXiv:2502.09058):
L = L_BPR + alpha (L_pref + L_rel) + beta HSIC(masked, unmasked), where L_pref is the InfoNCE of
vectors over the masked graph and MLP(text), and L_rel = BPR over the model's graph plus
0.01 InfoNCE of the masked graph and that one, which has vectors of its own.

What is reconstructed, since its inputs do not exist here: the chain of thought of its language
model is replaced by the grades of this run's judge. Of each user's interactions at most one is
removed, the least supported of those that both views grade Low; at most one unobserved item is
added, the best supported of those that both grade High. Its links between users have no
counterpart and are left out; texts are the profiles of this run. And where its code would be
hard to defend: the mask is the same in both directions, inference uses the mask without noise,
HSIC is divided by the number of nodes compared (not the batch size), and the best epoch is
chosen on validation (its code: on test).

Shape letters: E train interactions, B batch, D embedding size.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from core.baselines.contrast import one_way
from core.baselines.edge_mask import MaskedLightGCN, hsic
from core.baselines.method import Inputs, Method, Plan
from core.baselines.rlmrec import PROJECTOR, TextContrast
from core.graph.adjacency import Graph, normalized_graph
from core.keys import among
from core.method_settings import LLaRDSettings
from core.model.lightgcn import LightGCN
from core.model.losses import bpr_loss, weight_decay
from core.model.representations import Representations, score_pairs
from core.relevance.projector import Projector
from core.train.objectives import BPR
from core.types import (
    HIGH,
    LOW,
    Embeddings,
    FloatArray,
    IntArray,
    Interactions,
    Judgements,
)

RELATION = "relation"
"""Name of the second encoder among the modules of the backbone."""
RELATION_CONTRAST = 0.01


def edited(train: Interactions, judgements: Judgements) -> Interactions:
    """Remove at most one judged interaction of each user and add at most one item.

    Of several that which the views support least, or most; of equals the first judged.
    """
    support = np.nan_to_num(judgements.user_support + judgements.item_support, nan=1.0)
    removable = judgements.observed & (judgements.user_grade == LOW)
    removable &= judgements.item_grade == LOW
    addable = ~judgements.observed & ~judgements.control & (judgements.user_grade == HIGH)
    addable &= judgements.item_grade == HIGH
    away = _one_each(judgements.user, np.flatnonzero(removable), support)
    more = _one_each(judgements.user, np.flatnonzero(addable), -support)
    gone = judgements.user[away] * np.int64(train.n_items) + judgements.item[away]
    kept = train.select(~among(train.key(), gone))
    return Interactions(
        np.concatenate([kept.user, judgements.user[more]]),
        np.concatenate([kept.item, judgements.item[more]]),
        train.n_users,
        train.n_items,
    )


def _one_each(user: IntArray, rows: IntArray, value: FloatArray) -> IntArray:
    """Of some rows the one with the lowest value of each user."""
    rows = rows[np.lexsort((rows, value[rows], user[rows]))]
    _, first = np.unique(user[rows], return_index=True)
    return np.asarray(rows[first])


class LLaRD(BPR):
    """BPR over the masked graph, text and relations as guides, HSIC against the whole graph.

    Args:
        inputs: Interactions and graph.
        settings: Weights.
        encoder: The masked recommender, with the other modules in it.
        text: Profile embeddings.
        relations: The edited graph.
        generator: Source of the mask's noise until the first epoch gives another.
    """

    def __init__(
        self,
        inputs: Inputs,
        settings: LLaRDSettings,
        encoder: MaskedLightGCN,
        text: Embeddings,
        relations: Graph,
        generator: torch.Generator,
    ) -> None:
        super().__init__(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
        self.settings, self.encoder, self.relations = settings, encoder, relations
        self.decay, self.generator = inputs.optimiser.weight_decay, generator
        self.align = TextContrast(text, inputs.device, settings.temperature)

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw the negatives; the mask is drawn per batch."""
        super().begin_epoch(epoch, backbone, generator)
        self.generator = generator

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """All terms of some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        mask = self.encoder.mask(self.graph, self.generator)
        found = self.encoder.masked(self.graph, mask)
        nodes = self.user[rows], self.item[rows], self.negative[rows]
        terms = self.ranking_terms(backbone, found, rows)
        preference = self.align(backbone.get_submodule(PROJECTOR), found, *nodes)
        relation = self._relation(backbone.get_submodule(RELATION), found, *nodes)
        terms["language"] = self.settings.alpha * (preference + relation)
        terms["bottleneck"] = self.settings.beta * self._dependence(found, nodes[0], nodes[1])
        return terms

    def _relation(
        self, encoder: nn.Module, found: Representations, user: Tensor, item: Tensor, other: Tensor
    ) -> Tensor:
        """BPR over the edited graph, and the contrast of it with the masked one."""
        known: Representations = encoder(self.relations)
        ranking = bpr_loss(score_pairs(known, user, item), score_pairs(known, user, other))
        table = encoder.get_parameter("embedding")
        n_users = len(known.user)
        decay = weight_decay(table[user], table[n_users + item], table[n_users + other])
        rows, tau = torch.unique(user), self.settings.temperature
        contrast = one_way(found.user[rows], known.user[rows], tau)
        for group in (torch.unique(item), torch.unique(other)):
            contrast = contrast + one_way(found.item[group], known.item[group], tau)
        return ranking + self.decay * decay + RELATION_CONTRAST * contrast

    def _dependence(self, found: Representations, user: Tensor, item: Tensor) -> Tensor:
        whole, sigma = self.encoder.whole(self.graph), self.settings.sigma
        users, items = torch.unique(user), torch.unique(item)
        of_users = hsic(whole.user[users], found.user[users], sigma)
        return of_users + hsic(whole.item[items], found.item[items], sigma)


def _build(inputs: Inputs, settings: LLaRDSettings, generator: torch.Generator) -> Plan:
    if inputs.text is None or inputs.judgements is None:
        raise ValueError("LLaRD needs text embeddings and judgements")
    train, options = inputs.train, inputs.backbone
    encoder = MaskedLightGCN(train.n_users, train.n_items, options, generator)
    size = inputs.text.item.shape[1]
    encoder.add_module(PROJECTOR, Projector(size, options.embedding_size, generator))
    encoder.add_module(RELATION, LightGCN(train.n_users, train.n_items, options, generator))
    encoder.to(inputs.device)
    relations = normalized_graph(edited(train, inputs.judgements), device=inputs.device)
    objective = LLaRD(inputs, settings, encoder, inputs.text, relations, generator)

    @torch.no_grad()
    def doubt(_: object) -> FloatArray:
        # In the order of train. Not the mask itself: it is 1 to the last digit for most edges.
        return np.asarray(-encoder.logits(inputs.graph).cpu().numpy(), np.float32)

    return Plan(encoder, objective, doubt)


LLARD = Method(
    "llard",
    "LLaRD-style mask",
    "Wang et al., WWW 2025, arXiv:2502.09058 (a reconstruction)",
    "graph",
    LLaRDSettings,
    _build,
    frozenset({"text", "judgements"}),
    "- the logit of the learned mask of the edge",
)
