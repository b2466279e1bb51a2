"""The raw rows of a study, and how much of its plans is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError

from app.services import spreadsheet, study
from app.services.study import Study
from core.errors import ConfigError
from core.study.names import AMAZON
from core.study.settings import PLANS, Block, StudyConfig, groups_of
from core.study.variants import VARIANTS

PLACE: Final = ("part", "data", "noise", "rate")
Planned = tuple[str, str, str, float, int, str]
"""part, data, noise, rate, seed and variant."""
SIGNAL: Final = "signal:"
"""Start of variants that no plan names: their rows come with those of LLMHNI."""


@dataclass(frozen=True)
class Filters:
    """Which rows are wanted; empty = all."""

    part: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    rate: tuple[float, ...] = ()
    seed: tuple[int, ...] = ()
    variant: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reach:
    """How a plan as it was recorded stands to the plan of that name, and to the rows."""

    n_cells: int
    """That the record asks for."""
    n_done: int
    n_whole: int
    """That the plan of this name asks for in this version; 0 = there is no such plan."""
    n_whole_done: int
    n_beside: int
    """Finished cells that the record does not ask for: other calls made them."""


def found(one: Study, filters: Filters) -> pd.DataFrame:
    """Rows that fit, the one finished last first; columns without any value are left out."""
    table = study.rows(one)
    for name, wanted in vars(filters).items():
        if wanted:
            table = table[table[name].isin(wanted)]
    known = [name for name in table.columns if _known(table[name])]
    return table.sort_values("finished", ascending=False, kind="stable")[known]


def values(one: Study) -> dict[str, list[Any]]:
    """What there is to filter by: column -> its values, sorted."""
    table = study.rows(one)
    return {name: sorted(set(table[name].dropna())) for name in vars(Filters())}


def write(one: Study, filters: Filters, target: Path) -> None:
    """Write the rows that fit, with all columns, as CSV or Parquet."""
    table = study.rows(one)
    fits = found(one, filters).index
    spreadsheet.write(table.loc[fits], target)


def progress(one: Study, plan: str) -> pd.DataFrame:
    """How much of a plan is done: part, data, noise, rate, n_cells, n_done, in order of the plan.

    A cell that failed has no row: it counts as left. Empty where the plan cannot be read.
    """
    sums = _counted(one, _recorded(one, plan)).groupby(list(PLACE), sort=False)
    return sums[["n_cells", "n_done"]].sum().reset_index()


def reach(one: Study, plan: str) -> Reach:
    """What the counts of :func:`progress` are of: a record may hold a part of its plan alone."""
    recorded = _counted(one, _recorded(one, plan))
    whole = _counted(one, PLANS[plan].blocks if plan in PLANS else ())
    asked = set(recorded[[*PLACE, "seed", "variant"]].itertuples(index=False, name=None))
    beside = [
        n
        for cell, n in _done(study.rows(one)).items()
        if cell not in asked and not cell[5].startswith(SIGNAL)
    ]
    return Reach(
        int(recorded["n_cells"].sum()),
        int(recorded["n_done"].sum()),
        int(whole["n_cells"].sum()),
        int(whole["n_done"].sum()),
        sum(beside),
    )


def plans(one: Study) -> list[str]:
    """Names of the plans that a study was run with, the latest last."""
    told = study.settings(one).get("plans")
    return [str(name) for name in told] if isinstance(told, dict) else []


def _recorded(one: Study, plan: str) -> tuple[Block, ...]:
    """Blocks of a plan as it was recorded; none where the record cannot be read."""
    try:
        return StudyConfig.model_validate(study.settings(one)["plans"][plan]).blocks
    except (KeyError, TypeError, ValidationError, ConfigError):
        return ()


def _counted(one: Study, blocks: Iterable[Block]) -> pd.DataFrame:
    """Every cell of some blocks once: part ... variant, n_cells and n_done."""
    wanted = dict.fromkeys(cell for block in blocks for cell in _cells(block))
    there = _done(study.rows(one))
    n_candidates = _candidates(study.settings(one))
    table = pd.DataFrame(list(wanted), columns=[*PLACE, "seed", "variant"])
    n_wanted = [n_candidates.get(cell[5], 1) if cell[0] == "tuning" else 1 for cell in wanted]
    n_there = [min(there.get(cell, 0), n) for cell, n in zip(wanted, n_wanted, strict=True)]
    return table.assign(n_cells=n_wanted, n_done=n_there)


def _cells(block: Block) -> Iterable[Planned]:
    for group in groups_of(block):
        for name in block.variants:
            variant = VARIANTS[name]
            textless = group.data == AMAZON and variant.needs_text
            if not textless and (variant.ranks or block.part != "tuning"):
                yield block.part, group.data, group.noise, group.rate, group.seed, name


def _done(rows: pd.DataFrame) -> dict[Planned, int]:
    """How many options of every planned cell have a row; of negatives the schemes are one."""
    keys = zip(
        *(rows[name] for name in PLACE), rows["seed"].astype(int), rows["variant"], strict=True
    )
    unique = set(zip(keys, rows["options"], strict=True))
    count: dict[Planned, int] = {}
    for key, _ in unique:
        count[key] = count.get(key, 0) + 1
    return count


def _candidates(told: Mapping[str, Any]) -> dict[str, int]:
    """Variant -> how many candidates its tuning compares."""
    variants = told.get("variants")
    known = variants if isinstance(variants, dict) else {}
    return {
        name: len(one["candidates"])
        for name, one in known.items()
        if isinstance(one, dict) and isinstance(one.get("candidates"), list)
    }


def _known(column: pd.Series) -> bool:
    return bool((column.notna() & (column.astype(str) != "")).any())
