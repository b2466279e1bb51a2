"""What the rows of a study say of changes inside LLMHNI, and of ways to choose negatives."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from app.services import study
from app.services.study import Study
from core.study import statistics
from core.study.names import SCHEMES
from core.study.statistics import GROUP, OURS, part_of
from core.study.variants import VARIANTS

_SWEPT: Final = re.compile(r"(?P<setting>.+?)-(?P<value>\d+(?:\.\d+)?)(?P<without>-no-hal)?")
WITHOUT: Final = "without hallucination suppression"
NO_RIVALS: Final = ("plain", "oracle")
"""Families that stand beside the ablations for reference; they are no change of LLMHNI."""


class Change(NamedTuple):
    """What an ablation changes."""

    setting: str
    """The setting that is swept; empty if a part is taken out or replaced."""
    value: float
    line: str
    """What tells values of the same sweep apart."""


def change(variant: str) -> Change:
    """Read a change off the name of its variant."""
    found = _SWEPT.fullmatch(variant)
    if not found:
        return Change("", np.nan, "")
    return Change(found["setting"], float(found["value"]), WITHOUT if found["without"] else "")


def effects(one: Study, data: str, noise: str, rate: float, measure: str) -> pd.DataFrame:
    """Every change less full LLMHNI, seed by seed: below 0, the change harms (of a share kept).

    Returns:
        variant, setting, value, line, n, difference, low, high, p_t, p_holm; in the order in which
        ablations are listed, unknown ones last.
    """
    cells = part_of(study.rows(one), "ablations")
    changed = sorted(set(cells.loc[~cells["family"].isin(NO_RIVALS), "variant"]) - {OURS})
    found = statistics.paired(cells, measure, against=changed)
    here = found[(found["data"] == data) & (found["noise"] == noise) & (found["rate"] == rate)]
    turned = here.assign(difference=-here["difference"], low=-here["high"], high=-here["low"])
    order = {name: place for place, name in enumerate(VARIANTS)}
    rank = turned["variant"].map(order).fillna(len(order))
    known = _with_changes(turned.assign(_=rank).sort_values("_", kind="stable"))
    columns = ["variant", *Change._fields, "n", "difference", "low", "high", "p_t", "p_holm"]
    return known[columns].reset_index(drop=True)


def swept(one: Study, data: str, noise: str, rate: float, measure: str) -> pd.DataFrame:
    """Means of LLMHNI with a setting at several values, and of full LLMHNI.

    Returns:
        variant, setting (empty: full LLMHNI), value, line, n, mean, low, high.
    """
    cells = part_of(study.rows(one), "ablations")
    found = statistics.summary(cells, measure)
    here = found[(found["data"] == data) & (found["noise"] == noise) & (found["rate"] == rate)]
    known = _with_changes(here)
    wanted = known[(known["setting"] != "") | (known["variant"] == OURS)]
    columns = ["variant", *Change._fields, "n", "mean", "low", "high"]
    return wanted[columns].sort_values(["setting", "line", "value"]).reset_index(drop=True)


def negatives(one: Study) -> pd.DataFrame:
    """Mined negatives by scheme: data, noise, rate, scheme, n, and of both measures the interval.

    Returns:
        Columns hardness, hardness_low, hardness_high and the same of false_negative_rate.
    """
    cells = part_of(study.rows(one), "negatives")
    by = [*GROUP, "scheme"]
    tables = []
    for measure in ("false_negative_rate", "hardness"):
        found = statistics.summary(cells, measure, by).drop(columns="sd")
        ends = {"mean": measure, "low": f"{measure}_low", "high": f"{measure}_high"}
        tables.append(found.rename(columns=ends))
    both = tables[0].merge(tables[1].drop(columns="n"), on=by)
    order = {name: place for place, name in enumerate(SCHEMES)}
    rank = both["scheme"].map(order).fillna(len(order))
    return both.assign(_=rank).sort_values([*GROUP, "_"]).drop(columns="_").reset_index(drop=True)


def _with_changes(table: pd.DataFrame) -> pd.DataFrame:
    found = pd.DataFrame(
        [change(str(name)) for name in table["variant"]],
        columns=list(Change._fields),
        index=table.index,
    )
    return table.join(found)
