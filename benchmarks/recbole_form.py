"""Our SGL with RecBole's contrast, to see whether that one difference explains another recall.

Everything else (graph, views, negatives, optimiser, loop, early stop, measure) stays ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from core.baselines.method import Inputs, Outcome
from core.baselines.sgl import SGL, SGLSettings
from core.model.representations import Representations
from core.train.trainer import Trainer, Validation
from core.types import OnProgress


class RowsAgainstAll(SGL):
    """Contrast of the rows of the batch, repeats included, with all nodes of the kind."""

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR, decay and the contrast of some positives ``(B,)``."""
        terms = self.ranking_terms(backbone, backbone(self.graph), rows)
        left, right = (self.seen(backbone, view) for view in self.views)
        tau = self.settings.temperature
        found = rows_against_all(left.user, right.user, self.user[rows], tau)
        found = found + rows_against_all(left.item, right.item, self.item[rows], tau)
        return {**terms, "contrast": self.settings.weight * found}

    def seen(self, backbone: nn.Module, view: object) -> Representations:
        """Representations on one view."""
        found: Representations = backbone(view)
        return found


def rows_against_all(left: Tensor, right: Tensor, node: Tensor, temperature: float) -> Tensor:
    """Mean InfoNCE of the rows of a batch.

    Args:
        left: First view of all nodes of a kind, ``(n, D)``.
        right: Second view, ``(n, D)``; all of it is in the denominator.
        node: Node of each row, ``(B,)``, with repeats.
        temperature: tau.
    """
    logits = functional.normalize(left, dim=1)[node] @ functional.normalize(right, dim=1).T
    return functional.cross_entropy(logits / temperature, node)


def train_form(inputs: Inputs, settings: SGLSettings, on_progress: OnProgress) -> Outcome:
    """Train it as :func:`core.baselines.run.run_method` trains SGL."""
    generator = inputs.generator()
    backbone = inputs.make_backbone(generator)
    trainer = Trainer(
        backbone,
        RowsAgainstAll(inputs, settings),
        inputs.optimiser,
        generator,
        Validation(inputs.train, inputs.valid),
    )
    result = trainer.fit("sgl", on_progress)
    return Outcome(result.embeddings, None, result.history, result.best_epoch)
