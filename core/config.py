"""Settings of each step and of a whole run: checked once, then fixed.

The docstring under a field is its help text everywhere: here, in the CLI and in the app.
Marks say where a default comes from: [P] the paper, [2] second-hand, [D] our design.
"""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from core.judge_settings import JudgeConfig, LLMConfig
from core.method_names import MethodName
from core.method_options import Options, checked_options
from core.settings import Settings
from core.train_settings import LLMHNIConfig, OptimiserConfig, PretrainConfig

__all__ = [
    "MOST_NOISE",
    "Accept",
    "AlignmentConfig",
    "BackboneConfig",
    "JudgeConfig",
    "LLMConfig",
    "LLMHNIConfig",
    "LabelsConfig",
    "MethodName",
    "OptimiserConfig",
    "PrepareConfig",
    "PretrainConfig",
    "ProjectionConfig",
    "RefineConfig",
    "RunConfig",
    "ScoringConfig",
    "Settings",
    "TextConfig",
]

Accept: TypeAlias = Literal["high", "mid"]
"""Grade that both views must give at least."""
MOST_NOISE = 0.5
"""Highest share of noise that is ever estimated: data that is mostly noise has nothing to learn
from, and signals that cannot tell anything would estimate 1 [D]."""


class PrepareConfig(Settings):
    """How a raw table becomes a dataset."""

    name: str = Field("dataset", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the dataset: letters, digits, dot, dash and underscore."""
    min_rating: float | None = None
    """Keep interactions rated at least this as implicit positives; none keeps every row."""
    core: NonNegativeInt = 0
    """k of the k-core: users and items with fewer interactions are left out, repeatedly."""
    split: Literal["random", "time", "given"] = "random"
    """Per-user split 3:1:1 at random or by time, or the one in a column ``split``."""
    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of the split and of planted noise."""
    plant: Literal["none", "uniform", "position", "co-click", "lookalike", "mixed"] = "none"
    """Kind of noise to plant in train, for measuring; ``mixed`` is a quarter of each kind."""
    plant_rate: float = Field(0.2, ge=0.0, le=0.9)
    """Planted noise as a share of the noised train set."""


class TextConfig(Settings):
    """Profile texts and their embeddings."""

    encoder: str = "minilm"
    """``minilm`` (all-MiniLM-L6-v2, packaged), ``hashing`` (no model), or the name or folder
    of any sentence-transformers model, or ``openai:MODEL`` for an OpenAI-compatible endpoint."""
    batch_size: PositiveInt = 64
    """Texts encoded at once."""
    writer: Literal["composed", "openai", "local"] = "composed"
    """Who writes the profile texts: ``composed`` from metadata and train interactions, or the
    language model of ``judge.llm`` at an endpoint (``openai``) or from a file (``local``)."""
    profile_items: PositiveInt = 12
    """Items of the history named in a user's profile text."""
    shuffle: bool = False
    """Ablation: give every item the text of another item; the text signal must vanish."""


class AlignmentConfig(Settings):
    """Objective alignment: text embeddings projected into the recommendation space [P]."""

    size: PositiveInt = 64
    """D, the size of the projected embeddings."""
    temperature: float = Field(0.15, gt=0.01, le=1.0)
    """tau of the contrastive loss, 0.1-0.2 [D]."""
    reliable_share: float = Field(0.5, gt=0.0, le=1.0)
    """Share of a user's items, by text similarity, that count as reliable positives [D]."""
    folds: int = Field(5, ge=2)
    """Folds of every out-of-fold signal: semantic relevance, loss, score [D]."""
    epochs: PositiveInt = 40
    """Upper bound of epochs per fold; stops early on held-out positives."""
    patience: PositiveInt = 3
    """Evaluations without a better held-out loss before stopping."""
    learning_rate: PositiveFloat = 4e-3
    """Adam step size of the projector."""
    batch_size: PositiveInt = 512
    """Pairs per step."""


class BackboneConfig(Settings):
    """The graph recommender underneath."""

    kind: Literal["lightgcn", "ngcf"] = "lightgcn"
    """LightGCN, or NGCF as the second backbone [2]."""
    embedding_size: PositiveInt = 64
    """D, the size of user and item embeddings."""
    n_layers: NonNegativeInt = 3
    """Number of propagation steps; 0 is plain matrix factorisation."""
    init_std: PositiveFloat = 0.1
    """Standard deviation of the initial embeddings."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Storage type during propagation; sums are kept in float32."""


class RefineConfig(Settings):
    """From judgements to the refined graph."""

    preset: Literal["paper", "soft", "auto"] = "auto"
    """``paper``: hard edits; ``soft``: weights 1 - p_noisy; ``auto``: better on validation [D]."""
    accept: Accept = "high"
    """Grades that make a pair hard, and an edge that stays or is added: ``high`` = High and High
    [2]; ``mid`` = at least Mid from both views [D]."""


class ScoringConfig(Settings):
    """Signals to p_noisy, p_noisy to verdicts."""

    folds: int = Field(3, ge=2)
    """Cross-fitting folds of the classifier behind p_noisy [D]."""
    insertions: NonNegativeInt = 2
    """Trainings in which a few stand-ins stand among the interactions, to compare how well both
    are fitted; 0 = ablation: nothing but out-of-fold behaviour counts [D]."""
    stand_ins: PositiveInt = 2
    """Unobserved stand-ins per observed pair [D]."""
    caution: float = Field(0.5, ge=0.0, le=1.0)
    """Weight of the evidence from behaviour (out-of-fold loss and score) beside the evidence from
    language at equal behaviour. Hard and noisy interactions share the high loss, so full weight
    (1) finds more noise and throws away more hard interactions [D]."""
    flag_factor: PositiveFloat = 1.0
    """Interactions called noisy, as a multiple of the estimated number of noisy ones: above 1 for
    a reviewer who would rather see too many, below 1 for too few [D]."""
    use_language: bool = True
    """Off = ablation: texts, and grades where every pair was judged, do not count in p_noisy."""
    use_behaviour: bool = True
    """Off = ablation: loss, score, neighbours and popularity do not count in p_noisy."""
    use_popularity: bool = True
    """Count how the estimated share of noise rises or falls with the popularity of the item; it
    counts as behaviour. Off = ablation [D]."""
    use_grades: bool = True
    """Off = ablation: grades do not count in p_noisy where only candidates were judged; where
    every pair was judged they are part of language."""
    rule: Literal["posterior", "grades"] = "posterior"
    """``posterior``: noisy = highest p_noisy [D]; ``grades``: low-scored, judged, and
    not accepted by both views (``refine.accept``)."""
    references: PositiveInt = 1024
    """Strangers (items of the user, users of the item) that a pair is ranked among."""


class LabelsConfig(Settings):
    """What labels of people do in a run that was given some [D]."""

    held_out: float = Field(0.2, ge=0.0, le=0.9)
    """Share of the labels that is kept for measuring alone, the same pairs in every run."""
    override: bool = True
    """A label decides verdict and edge, whatever model and judge say."""
    calibrate: bool = True
    """Labels also correct how the signals make p_noisy, if that holds in cross-validation."""
    least: int = Field(15, ge=5)
    """Labels of either kind, noisy and genuine, without which nothing is calibrated."""


class ProjectionConfig(Settings):
    """2-D maps before and after alignment."""

    method: Literal["umap", "pca", "none"] = "umap"
    """UMAP from true neighbours (of more than 20,000 points those of near-by clusters) and a
    PCA start, plain PCA, or no maps."""
    neighbours: int = Field(15, ge=2)
    """Neighbours per point."""
    epochs: PositiveInt = 100
    """UMAP layout epochs; maps of more than 20,000 points take 60 % of them."""


class RunConfig(Settings):
    """Everything that decides the result of a run."""

    method: MethodName = "llmhni"
    """``llmhni``, or a baseline to compare with: trained from its formula with its published
    settings, on the same data, backbone and budget of epochs."""
    method_options: Options = Field(Options(), validate_default=True)
    """Options of that baseline by name, such as ``method_options.alpha=0.3`` for ``r-ce``; those
    not given have their published defaults. ``run --method NAME --help-settings`` lists them."""
    seed: int = Field(0, ge=0, lt=2**32)
    """Seed of every random draw."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; ``auto`` takes a GPU if there is one."""
    text: TextConfig = TextConfig()
    """Profile texts and embeddings."""
    alignment: AlignmentConfig = AlignmentConfig()
    """Objective alignment."""
    backbone: BackboneConfig = BackboneConfig()
    """Graph recommender."""
    pretrain: PretrainConfig = PretrainConfig()
    """Pre-training and out-of-fold passes."""
    judge: JudgeConfig = JudgeConfig()
    """Logical relevance."""
    refine: RefineConfig = RefineConfig()
    """Refined graph."""
    train: LLMHNIConfig = LLMHNIConfig()
    """Final training."""
    scoring: ScoringConfig = ScoringConfig()
    """p_noisy and verdicts."""
    labels: LabelsConfig = LabelsConfig()
    """Labels of people."""
    projection: ProjectionConfig = ProjectionConfig()
    """2-D maps."""

    @property
    def leaves_input_layer_out(self) -> bool:
        """Whether the final training contrasts noisy layers, and so has no layer 0 in its mean."""
        return (
            self.train.contrasts_layers
            and self.backbone.kind == "lightgcn"
            and self.backbone.n_layers > 0
        )

    @field_validator("method_options", mode="after")
    @classmethod
    def _options_of_the_method(cls, options: Options, info: ValidationInfo) -> Options:
        # Kept complete: a run says what it was made with, whatever the defaults become.
        method = info.data.get("method")
        return options if method is None else checked_options(method, options)

    @model_validator(mode="after")
    def _something_tells_interactions_apart(self) -> Self:
        scoring = self.scoring
        grades = scoring.use_grades and self.judge.scope == "candidates"
        if not (scoring.use_language or scoring.use_behaviour or grades):
            raise ValueError(
                "nothing is left that tells interactions apart: switch on scoring.use_language or "
                "scoring.use_behaviour"
            )
        return self
