"""Studies on disk: the one that goes with the project, and those of the workspace.

A study is a folder with ``rows.csv``, one row per finished cell. It may still grow: what was read
from it is kept by the stamp of the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import environment, whole_file
from core.study.labels import title
from core.study.names import ROWS_FILE, SETTINGS_FILE
from core.study.rows import read_rows
from core.study.statistics import part_of
from core.study.tuned import not_the_tuned
from core.study.variants import METHODS
from core.study.verdicts import Verdict, verdicts

COMMITTED: Final = environment.ROOT / "docs" / "results" / "study"
"""Results that go with the project."""
FOLDER: Final = "studies"
"""Of the workspace; a folder in it for each study."""
EDITS: Final = "random-edits"
CHANCE: Final = 0.5
"""AUC where all are equally suspect, exactly."""
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Study:
    """A folder with rows."""

    name: str
    """Folder of the study, relative to the project or to the workspace."""
    folder: Path

    @property
    def source(self) -> str:
        """File that all numbers come from, as people may look it up."""
        return f"{self.name}/{ROWS_FILE}"

    @property
    def stamp(self) -> Stamp:
        """What changes when a cell is finished."""
        return tuple(whole_file.stamp(self.folder / name) for name in (ROWS_FILE, SETTINGS_FILE))


@dataclass(frozen=True)
class About:
    """What the rows of a study were made with."""

    n_rows: int
    n_cells: int
    """Rows that are reported: all but those of tuning."""
    seeds: tuple[int, ...]
    first: str
    """When the first row was finished, ISO, UTC; empty if there is none."""
    last: str
    codes: tuple[str, ...]
    """Versions of the engine's code."""
    devices: tuple[str, ...]
    versions: tuple[str, ...]
    hard: Mapping[str, str]
    """Dataset -> how it is known what is hard."""
    mixed: tuple[str, ...]
    """Methods whose rows were made with different options."""
    untuned: tuple[str, ...]
    """Methods with rows made with other options than the best on validation."""
    missing: Mapping[str, tuple[str, ...]]
    """Dataset -> methods without a row."""
    n_unedited: int
    """Rows of random edits that edited nothing: made before they were given numbers of edits."""


def every(workspace: Path) -> list[Study]:
    """Studies with rows: the one of the project first, then those of the workspace, newest first.

    Args:
        workspace: Folder of datasets, runs and studies.
    """
    found = [path.parent for path in workspace.glob(f"{FOLDER}/*/{ROWS_FILE}")]
    found.sort(key=lambda folder: whole_file.stamp(folder / ROWS_FILE)[1], reverse=True)
    own = [Study(f"{FOLDER}/{folder.name}", folder) for folder in found]
    if not (COMMITTED / ROWS_FILE).is_file():
        return own
    return [Study("docs/results/study", COMMITTED), *own]


def command(workspace: Path) -> str:
    """What makes a small study where the page looks for it."""
    folder = workspace / FOLDER / "quick"
    return environment.shell_command("study", "--plan", "quick", "--out", str(folder))


def command_of(study: Study, part: str) -> str:
    """What measures one part of the full plan, into the folder of a study.

    Args:
        study: The study.
        part: ``methods``, ``ablations`` or ``negatives``.
    """
    out = [] if study.folder == COMMITTED else ["--out", str(study.folder)]
    return environment.shell_command("study", "--plan", "full", "--parts", part, *out)


def rows(study: Study) -> pd.DataFrame:
    """All rows, as :func:`core.study.rows.read_rows` gives them; not to be changed.

    Raises:
        core.errors.DataError: If the file is gone or none of a study.
    """
    return _read(study.stamp[0])


@lru_cache(maxsize=4)
def _read(stamp: tuple[str, int, int]) -> pd.DataFrame:
    return read_rows(stamp[0])


def settings(study: Study) -> Mapping[str, Any]:
    """``settings.json``: plans, variants, chosen options, defaults; empty where it is not known."""
    try:
        found = json.loads((study.folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def answers(study: Study) -> list[Verdict]:
    """The aims of the project, each answered from the rows."""
    return verdicts(rows(study))


def about(study: Study) -> About:
    """What the rows were made with, and what is missing."""
    table = rows(study)
    cells = table[table["part"] != "tuning"]
    methods = part_of(table, "methods")
    finished = sorted(_said(table["finished"]))
    options = methods.groupby(["data", "variant"])["options"].nunique()
    data = sorted(set(methods["data"]))
    return About(
        n_rows=len(table),
        n_cells=len(cells),
        seeds=tuple(sorted({int(seed) for seed in cells["seed"].dropna()})),
        first=finished[0] if finished else "",
        last=finished[-1] if finished else "",
        codes=_said(table["code"]),
        devices=_said(table["device"]),
        versions=_said(table["versions"]),
        hard={
            name: ", ".join(_said(methods.loc[methods["data"] == name, "hard_source"]))
            for name in data
        },
        mixed=tuple(f"{title(name)} on {place}" for place, name in options[options > 1].index),
        untuned=tuple(not_the_tuned(table)),
        missing={name: _missing(methods[methods["data"] == name]) for name in data},
        n_unedited=_unedited(methods),
    )


def _missing(cells: pd.DataFrame) -> tuple[str, ...]:
    there = set(cells["variant"])
    return tuple(title(name) for name in METHODS if name not in there)


def _unedited(cells: pd.DataFrame) -> int:
    """Where nothing was dropped, all are equally suspect; such rows have no detection today."""
    return int(((cells["variant"] == EDITS) & (cells["auc_all"] == CHANCE)).sum())


def _said(values: pd.Series) -> tuple[str, ...]:
    return tuple(sorted(set(values) - {""}))
