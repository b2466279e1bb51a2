"""What-if runs with a judge that hallucinates: some of its grades are flipped at random.

A family are the runs that differ in nothing but the share of flipped grades and whether the
edge-drop contrast (hallucination suppression) works against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services import background, fields, job_list, retrain_labels, run_folder, store
from app.services.job_list import JobEntry
from app.services.method_of import method_of
from app.services.run_orders import Retraining
from app.services.store import Run
from core.config import RunConfig
from core.errors import DataError

SHARES: Final = (0.1, 0.2, 0.3)
FLIP, SUPPRESSION = "judge.flip", "train.hallucination_suppression"
WEIGHT = "train.lambda_hallucination"
SUPPRESSED_BY: Final = 0.01
"""Weight of the edge-drop contrast where the run has none: by default it counts for nothing."""


@dataclass(frozen=True)
class Member:
    """One run of a family."""

    run: Run
    flip: float
    """Share of the grades that were flipped, 0..1."""
    weight: float
    """Of the edge-drop contrast; 0 = it was off."""

    @property
    def suppression(self) -> bool:
        """Whether the edge-drop contrast was on."""
        return self.weight > 0


def settings_of(run: Run) -> RunConfig:
    """Settings of a run.

    Raises:
        DataError: If this version does not know all of them.
    """
    config, errors = fields.build(RunConfig, fields.flat(run.manifest.settings))
    if config is None:
        said = "; ".join(f"{name}: {message}" for name, message in list(errors.items())[:3])
        raise DataError(
            f"Run {run.id} was made with settings that this version does not know ({said}). Run "
            "the method again."
        )
    return config


def why_not(run: Run) -> str:
    """Why flipped grades would show nothing for a run; empty where they would."""
    method = method_of(run.manifest)
    if not method.is_baseline:
        return ""
    return (
        f"Run {run.id} is of the baseline {method.title}: its verdicts take no grades, and it has "
        "no hallucination suppression that could repair them. Choose a run of LLMHNI in the "
        "sidebar."
    )


def changed(config: RunConfig, share: float, suppression: bool) -> RunConfig:
    """The same settings with flipped grades."""
    judge = config.judge.model_copy(update={"flip": share})
    weight = config.train.lambda_hallucination or SUPPRESSED_BY
    changes = {"hallucination_suppression": suppression, "lambda_hallucination": weight}
    train = config.train.model_copy(update=changes)
    return config.model_copy(update={"judge": judge, "train": train})


def start(workspace: Path, run: Run, share: float, suppression: bool) -> str:
    """Start a run with the settings, labels and parent of another, but flipped grades.

    Args:
        workspace: Folder of everything.
        run: The other one.
        share: Share of the grades to flip, 0..1.
        suppression: Whether the edge-drop contrast is on.

    Returns:
        Its name.

    Raises:
        DataError: If the settings cannot be read, dataset or labels are gone, or the run is of a
            baseline.
    """
    if why_not(run):
        raise DataError(why_not(run))
    config = changed(settings_of(run), share, suppression)
    about = run.manifest
    labels = run.folder / retrain_labels.GIVEN
    message = f"what if {share:.0%} of the grades were flipped, suppression "
    given = Retraining(
        labels if labels.is_file() else None,
        about.revision,
        about.parent,
        message + ("on" if suppression else "off"),
        about.warm_start,
    )
    return background.start_run(about.dataset, config, workspace, given)


def family(workspace: Path, run: Run) -> list[Member]:
    """Finished runs of the family of a run, itself among them; fewest flips first."""
    found = []
    wanted = _rest(run)
    for run_id in store.run_ids(workspace):
        try:
            other = store.load_run(workspace, run_id)
        except DataError:
            continue
        if _rest(other) == wanted:
            values = fields.flat(other.manifest.settings)
            weight = float(values.get(WEIGHT, 0.0)) if values.get(SUPPRESSION, True) else 0.0
            found.append(Member(other, float(values.get(FLIP, 0.0)), weight))
    return sorted(found, key=lambda one: (one.flip, -one.weight, one.run.id))


def going_on(workspace: Path, run: Run) -> list[JobEntry]:
    """Runs of the family that work or wait."""
    wanted = _without(fields.flat(run.manifest.settings))
    return [
        entry
        for entry in job_list.unfinished(workspace)
        if entry.active and _ordered(workspace, entry) == (wanted, run.manifest.dataset)
    ]


def _ordered(workspace: Path, entry: JobEntry) -> tuple[dict[str, Any], str]:
    try:
        order, _ = run_folder.read_order(workspace / "runs" / entry.run_id)
    except DataError:
        return {}, ""
    return _without(fields.flat(order.settings)), order.dataset


def _rest(run: Run) -> tuple[Any, ...]:
    """Everything that is the same in a family."""
    about = run.manifest
    same = _without(fields.flat(about.settings))
    return same, about.dataset_fingerprint, about.revision, about.parent


def _without(settings: Mapping[str, Any]) -> dict[str, Any]:
    """All but the three; a setting that an earlier version did not have is as it is by default."""
    default = {one.name: one.default for one in fields.settings_of(RunConfig)}
    every = default | dict(settings)
    return {name: value for name, value in every.items() if name not in (FLIP, SUPPRESSION, WEIGHT)}
