"""How far a run is, from its ``progress.jsonl``: stages, curves, and about how long it still takes.

The pace is measured. Of the stage that is going on: its seconds so far, by its share that is done;
at its beginning, more what an earlier run tells. Of the stages after it: the seconds of an earlier
run on the same data, times how much slower or faster this one was in the stages both have done;
without an earlier run, the usual shares of the stages, times the pace so far. Nothing is said
before anything was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

import pandas as pd

from app.services.progress_file import SITTING
from app.services.run_folder import PROGRESS

LEAST_SHARE: Final = 0.02
LEAST_SECONDS: Final = 0.5
"""Share and seconds of a stage from which its own pace is believed."""
REUSED_BELOW: Final = 0.05
"""Share of the earlier run's seconds below which a stage was not done but taken over."""
CURVES: Final = ("stage", "part", "epoch", "name", "value")


@dataclass(frozen=True)
class StageProgress:
    """One stage of a run."""

    name: str
    state: Literal["done", "running", "waiting"]
    seconds: float
    """Measured so far."""


@dataclass(frozen=True)
class JobProgress:
    """How far a run is."""

    stages: tuple[StageProgress, ...]
    """In their order; empty until the run knows them."""
    stage: str
    """The last one that reported."""
    fraction: float
    """Share of that stage that is done, 0..1."""
    epoch: int | None
    curves: pd.DataFrame
    """Columns :data:`CURVES`: ``loss`` and ``recall@20`` by epoch. A stage that trains several
    models has several parts, from 0."""
    seconds_left: float | None
    """About; None while nothing was measured that could tell."""


@dataclass
class _Stage:
    seconds: float = 0.0
    fraction: float = 0.0


@dataclass
class _Reading:
    """What the lines have told so far."""

    shares: dict[str, float] = field(default_factory=dict)
    seen: dict[str, _Stage] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    stage: str = ""
    """The last one that reported."""
    last: datetime | None = None
    loading: bool = False
    """Whether a sitting has begun in which nothing is worked on yet."""
    fresh: bool = True
    """Whether no stage has reported in this sitting yet."""
    epoch: float | None = None
    part: dict[str, int] = field(default_factory=dict)
    epochs: dict[str, float] = field(default_factory=dict)
    resumed: bool = False
    points: dict[tuple[str, int, float, str], float] = field(default_factory=dict)


def read(
    folder: Path,
    working: bool,
    earlier: Mapping[str, float] | None = None,
    moment: datetime | None = None,
) -> JobProgress:
    """Read how far a run is.

    Args:
        folder: The run folder.
        working: Whether it is being worked on; time goes on then.
        earlier: Seconds of each stage of an earlier run on the same data.
        moment: What time it is.
    """
    reading = _Reading()
    for line in _lines(folder / PROGRESS):
        _take(reading, line)
    if working and not reading.loading and reading.last is not None and reading.stage:
        now = moment or datetime.now(UTC)
        waited = max(0.0, (now - reading.last).total_seconds())
        reading.seen[reading.stage].seconds += waited
    stages = _stages(reading, working)
    stage = reading.stage
    return JobProgress(
        stages=stages,
        stage=stage,
        fraction=reading.seen[stage].fraction if stage else 0.0,
        epoch=None if reading.epoch is None else int(reading.epoch),
        curves=_curves(reading),
        seconds_left=_left(reading, stages, earlier or {}) if working else None,
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines of the file; one that is being written, or was never ended, is left out."""
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError:
        return []
    found = []
    for line in text.split("\n")[:-1]:  # what follows the last line end is not whole
        try:
            values = json.loads(line)
            values["at"] = datetime.fromisoformat(values["at"])
        except (ValueError, KeyError, TypeError):
            continue
        found.append(values)
    return found


def _take(reading: _Reading, line: dict[str, Any]) -> None:
    before, reading.last = reading.last, line["at"]
    if SITTING in line or "stages" in line:  # a new sitting; no stage worked since the last line
        reading.loading, reading.fresh, reading.resumed = SITTING in line, True, True
        if "stages" in line:
            reading.shares = {str(name): float(share) for name, share in line["stages"]}
        return
    stage, fraction = str(line.get("stage", "")), float(line.get("fraction", 0.0))
    if stage not in reading.seen:
        reading.seen[stage] = _Stage()
        reading.order.append(stage)
    # A stage that reports for the first time when a part of it is done began with the last line.
    worked = stage if fraction > 0 or reading.fresh else reading.stage
    reading.stage, reading.fresh = stage, False
    if before is not None:
        passed = max(0.0, (line["at"] - before).total_seconds())
        reading.seen[worked].seconds += passed
    reading.seen[stage].fraction = fraction
    values = line.get("values")
    if isinstance(values, dict):
        _take_values(reading, stage, values)
    else:
        reading.epoch = None


def _take_values(reading: _Reading, stage: str, values: Mapping[str, Any]) -> None:
    epoch = values.get("epoch")
    reading.epoch = epoch
    if epoch is None:
        return
    told = values.get("part", values.get("fold"))  # runs of before have folds alone
    if told is not None:
        part = int(told)
    else:
        part = reading.part.get(stage, 0)
        starts_again = epoch < reading.epochs.get(stage, 0.0)
        if starts_again and not reading.resumed:  # after a resume, epochs are done once more
            part += 1
    reading.part[stage], reading.epochs[stage], reading.resumed = part, epoch, False
    for name in ("loss", "recall@20"):
        if values.get(name) is not None:
            reading.points[stage, part, epoch, name] = float(values[name])


def _stages(reading: _Reading, working: bool) -> tuple[StageProgress, ...]:
    names = list(reading.shares)
    known = [names.index(name) for name in reading.order if name in reading.shares]
    at = known[-1] if known else 0
    found = []
    for place, name in enumerate(names):
        state: Literal["done", "running", "waiting"] = "waiting"
        if place < at or (place == at and reading.seen.get(name, _Stage()).fraction >= 1.0):
            state = "done"
        elif place == at and working:
            state = "running"
        found.append(StageProgress(name, state, reading.seen.get(name, _Stage()).seconds))
    return tuple(found)


def _curves(reading: _Reading) -> pd.DataFrame:
    rows = [(*key[:3], key[3], value) for key, value in reading.points.items()]
    return pd.DataFrame(rows, columns=list(CURVES)).sort_values(
        ["stage", "part", "name", "epoch"], ignore_index=True
    )


def _left(
    reading: _Reading, stages: Sequence[StageProgress], earlier: Mapping[str, float]
) -> float | None:
    """Seconds until the end; None where nothing measured tells."""
    expected = _expected(reading, stages, earlier)
    total = 0.0
    for one in stages:
        if one.state == "done":
            continue
        seen = reading.seen.get(one.name, _Stage())
        told = seen.fraction >= LEAST_SHARE and seen.seconds >= LEAST_SECONDS
        if one.state == "running" and earlier and expected is not None:
            # The beginning of a stage tells little: its own pace counts as much as is done.
            rest = 1 - seen.fraction
            total += rest * (rest * expected.get(one.name, seen.seconds) + seen.seconds)
        elif one.state == "running" and told:
            total += seen.seconds * (1 - seen.fraction) / seen.fraction
        elif expected is None:
            return None
        else:
            total += max(0.0, expected.get(one.name, 0.0) - one.seconds)
    return total if stages else None


def _expected(
    reading: _Reading, stages: Sequence[StageProgress], earlier: Mapping[str, float]
) -> dict[str, float] | None:
    """Seconds that each stage should take."""
    done = [one for one in stages if one.state == "done"]
    if earlier:
        ratios = [
            one.seconds / earlier[one.name]
            for one in done
            if earlier.get(one.name, 0.0) > LEAST_SECONDS
            and one.seconds > REUSED_BELOW * earlier[one.name]
        ]
        pace = median(ratios) if ratios else 1.0
        return {name: pace * seconds for name, seconds in earlier.items()}
    work = _work(reading, stages)
    if work is None:
        return None
    seconds, share = work
    return {name: seconds / share * part for name, part in reading.shares.items()}


def _work(reading: _Reading, stages: Sequence[StageProgress]) -> tuple[float, float] | None:
    """Seconds measured, and the usual share of the run that they stand for."""
    seconds = share = 0.0
    for one in stages:
        fraction = 1.0 if one.state == "done" else reading.seen.get(one.name, _Stage()).fraction
        if one.state != "waiting" and fraction >= LEAST_SHARE:
            seconds += one.seconds
            share += fraction * reading.shares[one.name]
    return (seconds, share) if share > 0 and seconds >= LEAST_SECONDS else None
