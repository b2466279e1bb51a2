"""What the loss-based baselines share: a batch is positives, each with a negative, and two scores.

Shape letters: E positives, B batch, N nodes, D embedding size.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.model.representations import Representations, score_pairs
from core.train.objectives import BPR
from core.types import Embeddings, FloatArray, Interactions


class TwoScores(BPR):
    """Draws, graph and weight decay of BPR; a subclass says what is made of the scores."""

    step = 0
    """Batches so far: schedules count iterations, not epochs."""

    @abstractmethod
    def rank(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:
        """Loss of the scores of positives and negatives ``(B,)`` each, of the rows ``(B,)``."""

    def ranking_terms(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> dict[str, Tensor]:
        """L_rec of the method, and the weight decay of plain BPR."""
        positive, other, decay = self.scored(backbone, found, rows)
        ranking = self.rank(positive, other, rows)
        self.step += 1
        return {"rec": ranking, "decay": self._decay * decay}

    def state(self) -> dict[str, Tensor]:
        """Where the schedule is."""
        return {"step": torch.tensor(self.step)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on there."""
        self.step = int(state["step"])


def both_logits(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """Mixed batch of pointwise training, positives first: logits and targets, ``(2B,)`` each."""
    logit = torch.cat([positive, negative])
    return logit, torch.cat([torch.ones_like(positive), torch.zeros_like(negative)])


def cross_entropies(logit: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of each entry, in the shape of ``logit``."""
    return functional.binary_cross_entropy_with_logits(logit, target, reduction="none")


def scores_of(train: Interactions, found: Embeddings) -> Tensor:
    """Dot product of each train interaction, ``(E,)``."""
    vectors = Representations(torch.from_numpy(found.user), torch.from_numpy(found.item))
    return score_pairs(vectors, torch.from_numpy(train.user), torch.from_numpy(train.item))


def as_array(value: Tensor) -> FloatArray:
    """Make a NumPy array of a detached float tensor."""
    array: FloatArray = value.detach().float().cpu().numpy()
    return array
