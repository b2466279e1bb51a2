"""Settings of all trainings: early stop, pre-training, and the final training of LLMHNI.

Marks as in :mod:`core.config`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from core.settings import Settings


class OptimiserConfig(Settings):
    """Epochs, batches and early stop of one training."""

    epochs: PositiveInt = 120
    """Upper bound of epochs."""
    batch_size: PositiveInt = 2048
    """Interactions per step."""
    learning_rate: PositiveFloat = 5e-3
    """Adam step size."""
    weight_decay: NonNegativeFloat = 1e-5
    """Weight of the squared norm of the batch's rows of E0."""
    eval_every: PositiveInt = 5
    """Epochs between two evaluations on validation."""
    patience: PositiveInt = 5
    """Evaluations without a better Recall@20 on validation before stopping."""


class PretrainConfig(OptimiserConfig):
    """Pre-training on the original graph, and the backbones of the folds."""

    loss_negatives: PositiveInt = 16
    """Uniform negatives over which the recorded loss of an interaction is averaged."""
    keep_every: PositiveInt = 1
    """Keep the loss of every k-th epoch."""


class LLMHNIConfig(OptimiserConfig):
    """The final training on original and refined graph."""

    pool: PositiveInt = 128
    """Without ``fresh``: pool of hard negatives per user, refreshed each epoch; as many fresh items
    join [D]."""
    candidates: PositiveInt = 1
    """n: items considered per positive, of which the one with the lowest s is used [2, sizes D]:
    drawn from the pool, or the best-scored of the fresh ones; 1 = s has no say."""
    fresh: NonNegativeInt = 4
    """Fresh uniform items per positive and step, of which the n best-scored are considered [D];
    0 = the pool of hard negatives in their place [2]."""
    hard_share: float = Field(0.5, ge=0.0, le=1.0)
    """With a pool: share of the positives whose negative comes from it; the rest get uniform ones
    [D]."""
    warmup_epochs: NonNegativeInt = 5
    """With a pool: epochs with uniform negatives before it is used [D]."""
    temperature: float = Field(0.2, gt=0.01, le=1.0)
    """tau of L_de and L_hal."""
    lambda_alignment: NonNegativeFloat = 0.0
    """lambda1, the weight of the cross-graph alignment L_de [2]; 0 = not computed, since it cost
    recommendations in the study [D]. ``--preset paper`` has 0.01."""
    lambda_hallucination: NonNegativeFloat = 0.0
    """lambda2, the weight of the edge-drop contrast L_hal [2]; 0 = not computed, as above [D].
    ``--preset paper`` has 0.01."""
    lambda_layers: NonNegativeFloat = 0.01
    """Weight of the contrast of noisy layers of G', which the paper does not have; LightGCN then
    leaves its input layer out of the mean. Other backbones do without [D]; 0 = not computed."""
    layer_temperature: float = Field(0.15, gt=0.01, le=1.0)
    """tau of the contrast of layers [D]."""
    noise: NonNegativeFloat = 0.2
    """Length of the noise added to every vector of every layer of G' in that contrast [D]."""
    drop_rate: float = Field(0.1, ge=0.0, lt=1.0)
    """Share of edges dropped in each view, redrawn every epoch [D]."""
    hallucination_views: Literal["cross", "same"] = "cross"
    """``cross``: dropped G against dropped G'; ``same``: two drops of each graph [2 ambiguous]."""
    semantic_negatives: bool = True
    """Off = ablation: uniform negatives throughout."""
    cross_graph_alignment: bool = True
    """Off = ablation: no L_de."""
    interaction_denoising: bool = True
    """Off = ablation: G' = G and no edge weights."""
    hallucination_suppression: bool = True
    """Off = ablation: no L_hal."""
    layer_contrast: bool = True
    """Off = ablation: no contrast of noisy layers."""

    @property
    def contrasts_layers(self) -> bool:
        """Whether the contrast of noisy layers counts, given a backbone that has it."""
        return self.layer_contrast and self.lambda_layers > 0
