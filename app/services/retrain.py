"""Retraining a run with labels of people: what it would change, and its start.

A label of a train interaction decides its edge (kept whole, or dropped); one of another pair adds
an edge, or forbids one. Labels that are held out decide nothing: they measure. Which labels a run
would not use at all is found out as :func:`core.labels.read_labels` does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import background, job_list, lineage, retrain_labels, run_folder
from app.services.compare import next_settings
from app.services.fields import flat, settings_of
from app.services.job_list import JobEntry
from app.services.labels.snapshot import BULK
from app.services.method_of import method_of
from app.services.retrain_labels import LEFT_OUT, Edges
from app.services.run_orders import Retraining
from app.services.store import Run
from core.config import RunConfig
from core.labels import held_out_pairs
from core.method_names import OURS
from core.types import LABELS

WEIGHTS: Final = "warm.npz"
"""File of a run folder with what its final training ended with."""
LATE: Final = ("scoring", "refine", "train", "labels")
"""Parts of the settings on which only the stages after the judge depend."""
LATE_STAGES: Final = ("score", "train", "evaluate")
START_S: Final = 8.0
"""Usual time until the libraries are loaded."""


@dataclass(frozen=True)
class RetrainPlan:
    """What a retraining would be given, and what that changes at the least."""

    n_by_label: Mapping[str, int]
    """Labels that decide or correct something, by kind."""
    n_held_out: int
    """Labels kept for measuring."""
    n_overrule_only: int
    """Labels in use that were given to many pairs at once: they correct and measure nothing."""
    left_out: Mapping[str, int]
    """Labels that are not used, by reason (:data:`LEFT_OUT`)."""
    edges: Edges
    no_edges: str
    """Why labels decide no edge at all; empty where they do."""
    changes: Mapping[str, tuple[Any, Any]]
    """Settings that differ from the run's: full name -> (there, here)."""
    can_warm_start: bool
    warm_reason: str
    """Why it can begin with the weights of the run, or cannot."""
    seconds: float | None
    """About how long it will take; None where the run does not say how long it took."""
    reuses: bool
    """Whether stages that would come out the same are taken over, which ``seconds`` counts on."""
    seconds_anew: float | None
    """The same if none can be: another version of the program, another number of threads."""
    correction: str
    """Whether there are labels enough to correct P(noisy), as a sentence."""
    n_forgotten: int
    """Labels that the run was given and that nobody has given in this workspace."""

    @property
    def n_used(self) -> int:
        """Labels that decide or correct something."""
        return sum(self.n_by_label.values())

    @property
    def n_left_out(self) -> int:
        """Labels that are not used."""
        return sum(self.left_out.values())


def plan(
    run: Run, standing: pd.DataFrame, config: RunConfig, from_scratch: bool = False
) -> RetrainPlan:
    """Say what retraining a run with labels would mean.

    Args:
        run: The run to go on from.
        standing: Labels of all people together, as
            :func:`app.services.labels.snapshot.standing` has them; without its column ``origin``
            all are taken for labels of people who looked at the pair.
        config: Settings of the new run.
        from_scratch: Whether the final training is to begin with nothing.

    Raises:
        DataError: If the run is damaged.
    """
    said = standing[standing["label"].isin(LABELS)].reset_index(drop=True)
    unfit = retrain_labels.unfit(run, said)
    fit = said[unfit == ""]
    to_many = fit["origin"] == BULK if "origin" in fit else pd.Series(data=False, index=fit.index)
    held_out = ~to_many & held_out_pairs(
        fit["user_id"].tolist(), fit["item_id"].tolist(), config.labels.held_out
    )
    used, counts = fit[~held_out], Counter(fit.loc[~held_out, "label"])
    reasons = Counter(standing["label"]) + Counter(unfit)
    no_edges = retrain_labels.no_edges(config)
    changes = lineage.differences(run.manifest.settings, config.model_dump(mode="json"))
    why_not = _why_not_warm(run, config)
    reuses = reuses_stages(run)
    warm = not why_not and not from_scratch
    return RetrainPlan(
        n_by_label={label: counts.get(label, 0) for label in LABELS},
        n_held_out=int(held_out.sum()),
        n_overrule_only=int(to_many.sum()),
        left_out={name: reasons.get(name, 0) for name in LEFT_OUT},
        edges=retrain_labels.edges(run, used.head(0) if no_edges else used),
        no_edges=no_edges,
        changes=changes,
        can_warm_start=not why_not,
        warm_reason=why_not or "The run kept its weights, and nothing that shapes them differs.",
        seconds=_seconds(run, changes, reuses, warm, config),
        reuses=reuses,
        seconds_anew=_seconds(run, changes, False, warm, config),
        correction=retrain_labels.correction(fit[~held_out & ~to_many], config),
        n_forgotten=retrain_labels.n_forgotten(run, said),
    )


def settings_to_start(run: Run) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Settings a retraining may begin with, by full name.

    Returns:
        Those of the run; and, where somebody chose others for the next run from this one (What
        if, on the Compare page), those, else None.
    """
    known = {setting.name: setting.default for setting in settings_of(RunConfig)}
    own = known | {
        name: value for name, value in flat(run.manifest.settings).items() if name in known
    }
    try:
        kept = json.loads(next_settings.path_of(run).read_text(encoding="utf-8"))
        if kept["from_run"] != run.id:
            return own, None
        chosen = {name: value for name, value in flat(kept["settings"]).items() if name in known}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return own, None
    return own, (own | chosen if own | chosen != own else None)


def start(
    run: Run,
    config: RunConfig,
    labels: Path,
    revision: str,
    message: str,
    from_scratch: bool,
) -> str:
    """Begin to retrain in the background, after the runs that were started before.

    Args:
        run: The run to go on from.
        config: Settings.
        labels: The revision as a file; it is copied.
        revision: Its name.
        message: What the person wants to remember.
        from_scratch: Whether the final training is to begin with nothing.

    Returns:
        The name of the new run.

    Raises:
        DataError: If the dataset is gone, or the labels cannot be read.
    """
    workspace = run.folder.parents[1]
    given = Retraining(labels, revision, run.id, message, not from_scratch)
    return background.start_run(run.manifest.dataset, config, workspace, given)


def why_not(run: Run, config: RunConfig | None = None) -> str:
    """Why a run cannot be retrained (with some settings); empty if it can."""
    method = method_of(run.manifest)
    if method.is_baseline:
        return (
            f"It is of the baseline {method.title}. Labels change verdicts there, but train "
            "nothing: its graph and its ranking would come out the same. Choose a run of LLMHNI "
            "in the sidebar to retrain with labels."
        )
    if config is not None and config.method != OURS:
        return (
            f"The setting method is {config.method}, a baseline. Labels change verdicts there, but "
            "train nothing. Set it to llmhni, or run the baseline on the page Data."
        )
    folder = run.folder.parents[1] / "datasets" / run.manifest.dataset
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return "Its dataset is not in this workspace any more: prepare it again under its name."
    if run.manifest.dataset_fingerprint not in ("", found):
        return "Its dataset was prepared anew since: make a new run on the Data page first."
    return ""


def going_on(workspace: Path, run: Run) -> list[str]:
    """Retrainings of a run that are going on or wait."""
    return [
        entry.run_id
        for entry in job_list.unfinished(workspace)
        if entry.active and entry.parent == run.id
    ]


def stopped(workspace: Path, run: Run) -> JobEntry | None:
    """The latest retraining of a run, if it ended without a result."""
    known = [entry for entry in job_list.unfinished(workspace) if entry.parent == run.id]
    latest = max(known, key=_began, default=None)
    if latest is None or latest.active:
        return None
    for path in workspace.glob(f"runs/*/{run_folder.MANIFEST}"):
        done = job_list.finished(path.parent)
        if done is not None and done.parent == run.id and done.created > _began(latest):
            return None
    return latest


def _began(entry: JobEntry) -> datetime:
    return entry.created or datetime.fromtimestamp(0, UTC)


def _why_not_warm(run: Run, config: RunConfig) -> str:
    """What keeps the final training from the weights of the run; empty if nothing is known to."""
    path = run.folder / WEIGHTS
    if not path.exists():
        return "The run kept no weights."
    try:
        with np.load(path, allow_pickle=False) as kept:
            about = dict(json.loads(str(kept["about"])))
    except Exception:  # a damaged archive raises what the broken byte makes of it
        return "The weights of the run cannot be read."
    if about.get("backbone") != config.backbone.model_dump(mode="json"):
        return "The settings of the backbone differ."
    if about.get("denoising") != config.train.interaction_denoising:
        return "The setting train.interaction_denoising differs."
    if about.get("outer", False) != config.leaves_input_layer_out:
        return "The setting train.layer_contrast differs."
    if config.train.interaction_denoising and config.refine.preset not in (
        "auto",
        about.get("preset"),
    ):
        return "Another kind of refined graph is asked for."
    return ""


def reuses_stages(run: Run) -> bool:
    """Whether there are stages of earlier runs to be taken over."""
    kept = run.folder.parents[1] / "cache" / "stages"
    return kept.is_dir() and any(kept.iterdir())


def _seconds(
    run: Run, changes: Mapping[str, Any], reuses: bool, warm: bool, config: RunConfig
) -> float | None:
    """About how long it will take: as long as the run, for the stages that must be done again."""
    stages = run.manifest.stages
    if not stages:
        return None
    early = any(name.partition(".")[0] not in LATE for name in changes)
    done = [name for name in stages if name in LATE_STAGES or early or not reuses]
    before = run.manifest.settings.get("train")
    epochs = before.get("epochs") if isinstance(before, Mapping) else None
    pace = config.train.epochs / epochs if isinstance(epochs, int) and epochs else 1.0
    # A warm start trains one preset where "auto" without one compares both.
    trained = pace * (0.5 if warm and config.refine.preset == "auto" else 1.0)
    return START_S + sum(stages[name] * (trained if name == "train" else 1.0) for name in done)
