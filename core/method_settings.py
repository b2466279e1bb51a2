"""Settings of the baselines.

They lie apart from the methods because screens ask for them, and methods load PyTorch. Defaults
are published ones unless marked [D]; where they come from stands with the method.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from core.settings import Settings


class NoSettings(Settings):
    """A method with nothing to set."""


class TruncatedConfig(Settings):
    """When and how much is left out."""

    drop_share: float = Field(0.1, ge=0.0, lt=1.0)
    """eps_max: share of a batch that is left out in the end. Pointwise the batch is positives and
    as many negatives, of which none is left out: of the positives it is twice this share."""
    ramp_steps: PositiveInt = 1000
    """eps_N: iterations until that share is reached; it grows evenly from 0. Published with 1,000,
    3,000 and 30,000: a training on small data has about a thousand in all [D]."""


class ReweightedConfig(Settings):
    """How steeply the weight falls."""

    alpha: float = Field(0.2, ge=0.0)
    """Exponent of the model's confidence; 0 weighs all alike."""


class DCFConfig(TruncatedConfig):
    """Dropping as in T-CE, but by the bound, and relabelling."""

    drop_share: float = Field(0.2, ge=0.0, lt=1.0)
    """eps_max: share of a batch, as many negatives as positives, that is left out in the end."""
    relabel_share: float = Field(0.05, ge=0.0, le=1.0)
    """rho: share of the dropped entries, those with the largest bounds, that become negatives."""
    confidence: float = Field(1e-4, ge=0.0, lt=1.0)
    """lambda (sigma^2 in the paper): how far the bound is below the mean loss at first; it falls
    evenly to 0."""
    window: PositiveInt = 3
    """Epochs after which the history begins anew."""


class BODConfig(Settings):
    """Weights of the terms, and how the generator is trained."""

    alignment: NonNegativeFloat = 1.0
    """Weight of the weighted alignment."""
    uniformity: NonNegativeFloat = 0.5
    """Weight of the uniformity."""
    hidden: PositiveInt = 64
    """Hidden units of the generator."""
    generator_rate: PositiveFloat = 1e-3
    """Adam step size of the generator."""
    outer_batch: PositiveInt = 2048
    """Interactions of the outer step: as many as in a batch of the workbench; its authors take
    512, their batch [D]."""


class PLDConfig(Settings):
    """The pool and how sharp the choice is."""

    pool: PositiveInt = 5
    """k: positives of the user to choose from."""
    temperature: float = Field(0.1, gt=0.0)
    """tau: the lower, the surer the positive of the lowest loss is taken."""
    warmup_epochs: NonNegativeInt = 5
    """Epochs of plain BPR before losses mean anything."""


class SGLSettings(Settings):
    """Self-supervised graph learning."""

    augmentation: Literal["edge", "node"] = "edge"
    """What is dropped from each view."""
    drop_rate: float = Field(0.1, ge=0.0, lt=1.0)
    """Chance of an edge, or of a node, to be dropped."""
    temperature: float = Field(0.2, gt=0.01, le=1.0)
    """tau of the contrastive loss."""
    weight: NonNegativeFloat = 0.1
    """Weight of the contrastive loss."""


class SGLNodeSettings(SGLSettings):
    """Self-supervised graph learning with dropped nodes."""

    augmentation: Literal["edge", "node"] = "node"
    """What is dropped from each view."""


class SimGCLSettings(Settings):
    """Contrast of two noisy passes."""

    epsilon: NonNegativeFloat = 0.1
    """Length of the noise added to each vector of each layer."""
    temperature: float = Field(0.2, gt=0.01, le=1.0)
    """tau of the contrastive loss."""
    weight: NonNegativeFloat = 0.5
    """Weight of the contrastive loss."""


class XSimGCLSettings(SimGCLSettings):
    """Contrast of the layers of one noisy pass."""

    epsilon: NonNegativeFloat = 0.2
    """Length of the noise added to each vector of each layer."""
    temperature: float = Field(0.15, gt=0.01, le=1.0)
    """tau of the contrastive loss."""
    weight: NonNegativeFloat = 0.2
    """Weight of the contrastive loss."""
    contrast_layer: PositiveInt = 1
    """l*, the layer that is contrasted with the mean of all."""


class RLMRecSettings(Settings):
    """Contrastive alignment with text."""

    temperature: float = Field(0.2, gt=0.01, le=1.0)
    """tau of the contrastive loss."""
    weight: NonNegativeFloat = 0.01
    """Weight of the contrastive loss."""


class LLaRDSettings(Settings):
    """A learned mask guided by text and grades."""

    alpha: NonNegativeFloat = 0.1
    """Weight of what the language model knows."""
    beta: NonNegativeFloat = 5.0
    """Weight of the dependence between masked and whole graph, which is to be small."""
    sigma: PositiveFloat = 0.25
    """Width of the kernel that measures the dependence."""
    temperature: float = Field(0.2, gt=0.01, le=1.0)
    """tau of both contrasts [D]."""


class DNSSettings(Settings):
    """Dynamic negative sampling."""

    candidates: PositiveInt = 8
    """Unobserved items drawn per positive, of which the highest-scored is used; 1 is uniform
    [D]."""


class SRNSSettings(Settings):
    """Negatives with a high score that varied in the last epochs."""

    # Those of the authors' program; their script for MovieLens has 8, 64, alpha 5, warm-up 50
    # and temperature 10. The program's warm-up of one epoch is none.
    memory: PositiveInt = 20
    """S1, items remembered per user."""
    fresh: PositiveInt = 20
    """S2, uniform items that compete for a place in the memory in each batch."""
    alpha: NonNegativeFloat = 1.0
    """Weight of the deviation; 0 takes the highest-scored of the memory."""
    warmup_epochs: PositiveInt = 50
    """Epochs over which that weight grows from 0."""
    temperature: PositiveFloat = 1.0
    """Of the chance to stay in the memory, exp(score / temperature)."""


class TextOnlyConfig(Settings):
    """How texts are compared."""

    centred: bool = False
    """Subtract the mean text of the catalogue first: what all items have in common tells nothing
    apart, but shifts the cosines of some users more than those of others."""


class ConfidentLearningConfig(Settings):
    """Options of cleanlab that matter here."""

    filter_by: Literal[
        "prune_by_noise_rate",
        "prune_by_class",
        "both",
        "confident_learning",
        "predicted_neq_given",
        "low_normalized_margin",
        "low_self_confidence",
    ] = "prune_by_noise_rate"
    """Rule of ``find_label_issues``; the first is the library's default."""
    quality: Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"] = (
        "self_confidence"
    )
    """Score of ``get_label_quality_scores``; the first is the library's default."""


class RandomEditsConfig(Settings):
    """How many edges are edited: take the counts of the graph to compare with."""

    n_dropped: NonNegativeInt = 0
    """Edges dropped."""
    n_added: NonNegativeInt = 0
    """Edges added between users and items that did not interact."""
