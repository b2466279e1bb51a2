"""Values passed between steps: frozen, NumPy at every border.

Shape letters everywhere: U users, I items, N = U + I nodes, E training interactions,
P judged pairs, T text-embedding size, D embedding size, B batch, K epochs kept.
Invariant: every ``(E,)`` array is in the row order of ``Dataset.train``; NaN = not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float32]
BoolArray: TypeAlias = NDArray[np.bool_]
GradeArray: TypeAlias = NDArray[np.int8]

Verdict = Literal["clean", "hard", "noisy"]
VERDICTS: tuple[Verdict, ...] = ("clean", "hard", "noisy")

Label = Literal["clean", "hard", "noisy", "like", "not"]
LABELS: tuple[Label, ...] = ("clean", "hard", "noisy", "like", "not")
"""What people say of a pair: the first three of train interactions, the others of pairs that were
not observed. Codes in ``int8`` arrays are places in this tuple."""

MODEL, JUDGE, PERSON = 0, 1, 2
DECIDERS = ("model", "judge", "person")
"""Who decided about a verdict or an edge: all signals, the grades alone, or a label."""

LOW, MID, HIGH, UNJUDGED = 0, 1, 2, -1
"""Grades of a judge, as stored in ``int8`` arrays; ``UNJUDGED`` = the judge was not asked."""


class Progress(NamedTuple):
    """One report of a running pipeline."""

    stage: str
    """Name of the stage, e.g. ``"pretrain"``."""
    fraction: float
    """Share of the stage that is done, 0..1."""
    values: Mapping[str, float] = {}
    """What the stage measured so far, e.g. ``{"epoch": 3, "loss": 0.61}``."""


OnProgress: TypeAlias = Callable[[Progress], None]
"""Progress and cancel in one: the callback raises :class:`core.errors.Cancelled` to stop."""


def ignore_progress(_: Progress) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Interactions:
    """E user-item pairs by number."""

    user: IntArray
    """User numbers, ``(E,)``, in 0..U-1."""
    item: IntArray
    """Item numbers, ``(E,)``, in 0..I-1."""
    n_users: int
    n_items: int

    def __len__(self) -> int:
        return len(self.user)

    def key(self) -> IntArray:
        """One sortable number per pair, ``user * n_items + item``, ``(E,)``."""
        return self.user * np.int64(self.n_items) + self.item

    def select(self, rows: NDArray[np.bool_] | IntArray) -> Interactions:
        """Keep some rows (a mask ``(E,)`` or row numbers), in that order."""
        return Interactions(self.user[rows], self.item[rows], self.n_users, self.n_items)


@dataclass(frozen=True)
class Items:
    """What is known about the I items; all tuples have length I."""

    id: tuple[str, ...]
    title: tuple[str, ...]
    text: tuple[str, ...]
    """Free text such as a description; empty where there is none."""
    attributes: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """Multi-valued columns such as genres or directors: column -> values of each item."""
    group: tuple[str, ...] = ()
    """For colouring pictures only (e.g. a niche); no signal may read it. Empty = none."""


@dataclass(frozen=True)
class Users:
    """What is known about the U users; all tuples have length U."""

    id: tuple[str, ...]
    text: tuple[str, ...]
    """Text about the user from elsewhere; empty where there is none."""


@dataclass(frozen=True)
class Dataset:
    """A prepared dataset: numbered, split, ready for a run. Planted truth is not part of it."""

    name: str
    train: Interactions
    valid: Interactions
    test: Interactions
    users: Users
    items: Items
    fingerprint: str
    """Content hash (sha256 hex) of everything above."""


@dataclass(frozen=True)
class Profiles:
    """One text per user ``(U,)`` and per item ``(I,)``."""

    user: tuple[str, ...]
    item: tuple[str, ...]


@dataclass(frozen=True)
class Embeddings:
    """User ``(U, D)`` and item ``(I, D)`` vectors, float32."""

    user: FloatArray
    item: FloatArray


@dataclass(frozen=True)
class Judgements:
    """P judged pairs with two grades, each with its reason."""

    user: IntArray
    item: IntArray
    observed: BoolArray
    """Whether the pair is a training interaction, ``(P,)``."""
    control: BoolArray
    """Whether the pair was drawn only to learn how the judge grades strangers, ``(P,)``."""
    user_grade: GradeArray
    """User-centric view: 0 low, 1 mid, 2 high, ``(P,)``."""
    item_grade: GradeArray
    """Item-centric view: 0 low, 1 mid, 2 high, ``(P,)``."""
    user_reason: tuple[str, ...]
    item_reason: tuple[str, ...]
    judge: str
    """Who graded, e.g. ``"evidence judge, no LLM"``."""
    n_unparsed: int = 0
    """Replies that could not be read or were refused; they count as Mid."""
    user_support: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """How strongly the user-centric view supports the pair, 0..1, ``(P,)``; NaN = not known."""
    item_support: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """How strongly the item-centric view supports the pair, 0..1, ``(P,)``; NaN = not known."""

    def __post_init__(self) -> None:
        for name in ("user_support", "item_support"):
            if len(getattr(self, name)) != len(self.user):
                unknown = np.full(len(self.user), np.nan, dtype=np.float32)
                object.__setattr__(self, name, unknown)

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class Labels:
    """L pairs that people decided about, without repeats."""

    user: IntArray
    """User numbers, ``(L,)``."""
    item: IntArray
    """Item numbers, ``(L,)``."""
    label: GradeArray
    """Index into ``LABELS``, ``(L,)``."""
    held_out: BoolArray
    """Kept for measuring alone: neither overrides nor calibrates anything, ``(L,)``."""
    looked_at: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Whether somebody decided about this very pair, ``(L,)``; all if omitted. The others were
    given to many at once, so they overrule but are no evidence: they neither calibrate nor
    measure."""
    sampled: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Whether somebody met the pair in the random order, ``(L,)``; none if omitted."""

    def __post_init__(self) -> None:
        n_rows = len(self.user)
        if len(self.looked_at) != n_rows:
            object.__setattr__(self, "looked_at", np.ones(n_rows, dtype=np.bool_))
        if len(self.sampled) != n_rows:
            object.__setattr__(self, "sampled", np.zeros(n_rows, dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.user)

    def select(self, rows: BoolArray | IntArray) -> Labels:
        """Some of the labels."""
        return Labels(*(getattr(self, part.name)[rows] for part in fields(self)))


@dataclass(frozen=True)
class InteractionScores:
    """Signals, p_noisy and verdict of the E train interactions, all ``(E,)``."""

    loss: FloatArray
    """Out-of-fold BPR loss at the end of training, higher = fits worse."""
    loss_mean: FloatArray
    """Mean of the out-of-fold loss over the kept epochs."""
    loss_variability: FloatArray
    """Standard deviation of the out-of-fold loss over the kept epochs."""
    score: FloatArray
    """Out-of-fold score as the share of the user's unobserved items that score lower, 0..1."""
    semantic: FloatArray
    """Out-of-fold semantic relevance cos(z_u, z_i), -1..1."""
    user_grade: GradeArray
    """User-centric grade, -1 where the judge was not asked."""
    item_grade: GradeArray
    """Item-centric grade, -1 where the judge was not asked."""
    logical: FloatArray
    """Mean of both grades, 0..2; NaN where the judge was not asked."""
    p_noisy: FloatArray
    """Probability-like, 0..1, higher = more likely noise."""
    verdict: GradeArray
    """Index into ``VERDICTS``."""
    by_person: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Where a label set p_noisy and verdict; nowhere if omitted."""
    taught: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Where p_noisy was fitted to a label; nowhere if omitted."""

    def __post_init__(self) -> None:
        for name in ("by_person", "taught"):
            if len(getattr(self, name)) != len(self.verdict):
                object.__setattr__(self, name, np.zeros(len(self.verdict), dtype=np.bool_))

    def select(self, rows: IntArray) -> InteractionScores:
        """The scores of some interactions."""
        return InteractionScores(*(getattr(self, part.name)[rows] for part in fields(self)))


@dataclass(frozen=True)
class RunOutcome:
    """What a pipeline returns besides the tables in its run folder."""

    scores: InteractionScores
    judge: str
    """Who graded."""
    n_judged: int
    """Pairs the judge was asked about."""
    noise_rate: float
    """Estimated share of noise among the train interactions, 0..1."""
    threshold: float
    """p_noisy from which an interaction was called noisy."""
    preset: str
    """``paper`` or ``soft``: which refined graph the final model used."""
    ranking: Mapping[str, float]
    """``recall20``, ``ndcg20`` of LLMHNI and ``bpr_recall20``, ``bpr_ndcg20`` of the plain
    backbone on the test set, each at its best epoch on validation."""
    seconds: Mapping[str, float]
    """Wall time of each stage; of a reused stage the time of fetching it."""
    labels: Mapping[str, Any] | None = None
    """What labels of people did and how well the model agrees with those held out, plain values
    for ``label_quality.json``; None where none were given."""
    judging: Mapping[str, Any] = field(default_factory=dict)
    """How far the judge can be trusted and what it took, plain values for
    ``judge_quality.json``."""
    reused: tuple[str, ...] = ()
    """Stages taken from an earlier run with the same inputs."""
    warm_start: bool = False
    """Whether the final training began with the weights of the parent run."""
    warm_reason: str = ""
    """Why it began so, or from scratch."""
