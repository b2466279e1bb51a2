"""From a plan to jobs: which cells are left to do, in which order, and how long they may take.

A job is what one process does: cells of one group. Loads no PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from core.errors import DataError
from core.method_names import OURS
from core.study.names import AMAZON, COLUMNS
from core.study.rows import Key, done_keys, read_rows
from core.study.settings import Block, Cell, Group, StudyConfig, groups_of
from core.study.tuning import Choices, candidates, choices, chosen
from core.study.variants import VARIANTS

SECONDS_OURS: Final = 30.0
SECONDS_OTHER: Final = 5.0
SECONDS_SHARED: Final = 45.0
"""Of a cell, and of a group, of which nothing is known yet."""
SLOWER: Final = {AMAZON: 15.0}
"""How many times longer a dataset takes of which nothing is known yet."""


@dataclass(frozen=True)
class Job:
    """Cells of one group that are left to do."""

    group: Group
    cells: tuple[Cell, ...]


def cells_of(block: Block, group: Group, known: Choices) -> list[Cell]:
    """All cells of a group, LLMHNI and the plain backbone first."""
    names = sorted(block.variants, key=lambda name: name not in ("llmhni", "bpr", "oracle"))
    if group.data == AMAZON:  # it has no texts
        names = [name for name in names if not VARIANTS[name].needs_text]
    if group.part == "tuning":
        methods = [name for name in names if VARIANTS[name].ranks]
        return [Cell(group, name, options) for name in methods for options in candidates(name)]
    if group.part in ("negatives", "ablations"):
        # Defaults: a tuned option, such as no contrast at all, would leave nothing to switch off.
        return [Cell(group, name) for name in names]
    ours = chosen(group.data, OURS, known)
    return [Cell(group, name, chosen(group.data, name, known), ours) for name in names]


def jobs_of(block: Block, known: Choices, done: set[Key], n_shares: int = 1) -> Iterator[Job]:
    """What is left of a block; tuning is cut into shares, so that all processes have work."""
    for group in groups_of(block):
        left = [cell for cell in cells_of(block, group, known) if not set(cell.keys()) <= done]
        shares = n_shares if block.part == "tuning" else 1
        for share in range(shares):
            cells = tuple(left[share::shares])
            if cells:
                yield Job(replace(group, share=share), cells)


def choices_in(folder: Path, failed: set[Key], fallback: Path | None = None) -> Choices:
    """Options chosen in a study, and where it has none in another one."""
    found: dict[tuple[str, str], str] = {}
    for place in (fallback, folder):
        if place is not None:
            found |= choices(_rows(place), failed)
    return found


def all_cells(plan: StudyConfig, known: Choices) -> list[Cell]:
    """Every cell of a plan once, in the order of the plan."""
    found = {
        cell.keys(): cell
        for block in plan.blocks
        for group in groups_of(block)
        for cell in cells_of(block, group, known)
    }
    return list(found.values())


class Estimate:
    """How long cells take, from the seconds of finished rows.

    Args:
        folder: Of the study.
        more: Of another study whose rows count where this one has none.
    """

    def __init__(self, folder: Path, more: Path | None = None) -> None:
        frames = [_rows(place) for place in (more, folder) if place is not None]
        rows = pd.concat(frames) if frames else _rows(folder)
        timed = rows[rows["seconds"] > 0]
        self._cells = timed.groupby(["data", "variant"])["seconds"].mean().to_dict()
        self._shared = rows.groupby("data")["seconds_shared"].mean().dropna().to_dict()

    def cell(self, cell: Cell) -> float:
        """Seconds of a cell alone."""
        data, variant = cell.group.data, VARIANTS[cell.variant]
        known = self._cells.get((data, cell.variant), self._cells.get((data, variant.method)))
        if known is not None:
            return float(known)
        usual = SECONDS_OURS if variant.method == "llmhni" else SECONDS_OTHER
        return usual * SLOWER.get(data, 1.0)

    def cells(self, cells: list[Cell]) -> float:
        """Seconds of cells, and of what the cells of each group share, on one core."""
        groups = {replace(cell.group, share=0) for cell in cells}
        shared = [
            self._shared.get(group.data, SECONDS_SHARED * SLOWER.get(group.data, 1.0))
            for group in groups
        ]
        return sum(map(self.cell, cells)) + float(sum(shared))


def missing(plan: StudyConfig, is_there: Callable[[str], object]) -> dict[str, str]:
    """Datasets of a plan that are not there, with what to do."""
    found = {}
    for name in dict.fromkeys(name for block in plan.blocks for name in block.data):
        try:
            is_there(name)
        except DataError as error:
            found[name] = str(error)
    return found


def without(plan: StudyConfig, data: set[str]) -> StudyConfig:
    """The plan without some datasets."""
    blocks = []
    for block in plan.blocks:
        left = tuple(name for name in block.data if name not in data)
        if left:
            blocks.append(block.model_copy(update={"data": left}))
    return plan.model_copy(update={"blocks": tuple(blocks)})


def _rows(folder: Path) -> pd.DataFrame:
    """Rows of a study; none where there is none."""
    if not done_keys(folder):
        return pd.DataFrame({name: pd.Series(dtype=float) for name in COLUMNS})
    return read_rows(folder)
