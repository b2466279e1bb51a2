"""Pointwise training with cross-entropy in which doubtful entries count less.

Source: Wang et al., "Denoising Implicit Feedback for Recommendation", WSDM 2021
(arXiv:2006.04153), reweighted cross-entropy: L = y^alpha CE, with the chance y that the model gives
to what was observed; no gradient flows into the weight.

Shape letters: B batch, N nodes, D embedding size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.model.representations import Representations
from core.train.objectives import BPR

ALPHA = 0.2
"""The published default."""


class ReweightedCrossEntropy(BPR):
    """Draws, graph and weight decay of BPR; each of the two scores is judged by itself."""

    def ranking_terms(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> dict[str, Tensor]:
        """Weighted cross-entropy of positives and negatives ``(B,)`` each, and decay."""
        positive, other, decay = self.scored(backbone, found, rows)
        margin = torch.cat([positive, -other])  # (2B,), high = as observed
        weight = (ALPHA * functional.logsigmoid(margin.detach())).exp()
        return {
            "rec": (weight * -functional.logsigmoid(margin)).mean(),
            "decay": self._decay * decay,
        }
