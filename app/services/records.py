"""What a run writes about itself as JSON, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.types import Verdict


def _in_utc(moment: datetime) -> datetime:
    """Read a time without a zone as UTC, and give every other one in UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A point in time, ISO 8601 in files, always in UTC here."""


class Record(BaseModel):
    """Base of records read from files: fixed, and tolerant of fields of later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Detection(Record):
    """How well each signal tells genuine from planted noise: AUC by signal, 0.5 = chance."""

    auc_all: Mapping[str, float | None]
    """Over all interactions."""
    auc_top_loss: Mapping[str, float | None]
    """Over the interactions with the highest loss, where hard and noisy look alike."""
    auc_matched: Mapping[str, float | None]
    """Over genuine and noise in equal numbers and of equal model score."""


class Ranking(Record):
    """Quality of the recommendations on the test set, 0..1."""

    recall20: float
    ndcg20: float
    bpr_recall20: float
    """Of plain LightGCN, trained on everything with the same settings."""
    bpr_ndcg20: float


class Manifest(Record):
    """What a finished run says about itself."""

    run_id: str
    created: Moment
    """When it was started."""
    finished: Moment | None = None
    dataset: str
    judge: str
    n_users: int
    n_items: int
    n_interactions: int
    verdicts: Mapping[Verdict, int]
    detection: Detection | None = None
    """Known only where noise was planted; so are the next five."""
    noise_recall: float | None = None
    precision: float | None = None
    """Share of planted noise among the interactions called noisy."""
    hard_kept: float | None = None
    """Share of genuine hard interactions that are kept at this noise recall."""
    hard_kept_at: Mapping[str, float | None] | None = None
    """The same where a cut of p_noisy finds this share of the noise, such as ``0.7``; earlier runs
    do not say it."""
    hard_kept_by_loss_cut: float | None = None
    ranking: Ranking | None = None
    seconds: float | None = None
    """Seconds of work, over all sittings."""
    dataset_fingerprint: str = ""
    n_judged: int | None = None
    """Pairs the judge was asked about, strangers included."""
    stages: Mapping[str, float] = {}
    """Seconds of each stage."""
    seed: int | None = None
    noise_rate: float | None = None
    """Estimated share of noise among the train interactions."""
    notes: tuple[str, ...] = ()
    """What to know before believing the numbers, in plain words."""
    threshold: float | None = None
    """p_noisy from which an interaction was called noisy; None where grades alone decide."""
    preset: str = ""
    """Which refined graph the final model used."""
    settings: Mapping[str, Any] = {}
    versions: Mapping[str, str] = {}
    device: str = ""
    parent: str = ""
    """Run that this one was retrained from; empty where there is none."""
    revision: str = ""
    """Which state of the labels it was given; empty without labels."""
    message: str = ""
    """What the person who started it said about it."""
    warm_start: bool = False
    """Whether the final training began from the weights of the parent."""
    warm_reason: str = ""
    """Why it did, or did not."""
    reused: tuple[str, ...] = ()
    """Stages whose results came from an earlier run with the same inputs."""
    labels: Mapping[str, Any] | None = None
    """What became of the labels; content of ``label_quality.json``."""
    files: Mapping[str, str] = {}
    """Sha256 of each file of the run."""

    @property
    def when(self) -> str:
        """When it was finished, or, where that was not noted, when it was started."""
        what, moment = ("finished", self.finished) if self.finished else ("started", self.created)
        return f"{what} {moment:%Y-%m-%d %H:%M} UTC"

    @property
    def by_grades(self) -> bool:
        """Whether the verdicts follow from the grades alone, ``scoring.rule=grades``."""
        scoring = self.settings.get("scoring")
        return isinstance(scoring, Mapping) and scoring.get("rule") == "grades"


class RunOrder(Record):
    """The file ``run.json``: what a run is to do, written before it begins."""

    format: Literal["llmhni-run"] = "llmhni-run"
    version: Literal[1] = 1
    run_id: str
    created: Moment
    dataset: str
    dataset_folder: str = ""
    """Relative to the workspace, or absolute if it lies elsewhere."""
    dataset_fingerprint: str
    settings: Mapping[str, Any]
    labels: str = ""
    """File of labels in the run folder; empty without labels. See :class:`Manifest` for more."""
    revision: str = ""
    parent: str = ""
    message: str = ""
    warm_start: bool = True
    """Whether the final training may begin from the weights of the parent."""


State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ACTIVE: Final = frozenset({"queued", "running"})
"""States of a job that has a process."""
ProcessId = Annotated[int, Field(gt=0, lt=2**31)]


class Status(Record):
    """The file ``status.json``; ``interrupted`` is never written, only concluded.

    A queued run waits for others on the same device.
    """

    state: State
    stage: str = ""
    fraction: float = 0.0
    """Share of the whole job that is done, 0..1."""
    message: str = ""
    pid: ProcessId | None = None
    updated: Moment
    seconds: float = 0.0
    """Seconds of work so far, over all sittings."""
    place: int = 0
    """Of a queued run: how many runs come before it."""
    waits_for: str = ""
    """Of a queued run: the one whose turn it is."""


class Launch(Record):
    """The file that remembers which process the app started."""

    pid: ProcessId
    started: Moment
