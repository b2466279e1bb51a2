"""What the rows of a study say of methods: means, differences to LLMHNI, recovery, decline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from app.services import study
from app.services.study import Study
from core.study import statistics
from core.study.names import DETECTION, NOISES, OWN_THRESHOLD, RANKING
from core.study.statistics import CELL, GROUP, OURS, part_of

PARTS: Final = ("methods", "ablations", "negatives")
ALWAYS: Final = (statistics.OURS, statistics.PLAIN, statistics.ORACLE)
"""Shown first of all."""
DIFFERENCE: Final = {
    "difference": "difference",
    "low": "difference_low",
    "high": "difference_high",
    "n": "n_pairs",
}


def places(one: Study, part: str = "methods") -> pd.DataFrame:
    """Prepared data of a part: data, noise and rate, kinds of noise in their usual order."""
    found = _cells(one, part)[list(GROUP)].drop_duplicates()
    order = {name: place for place, name in enumerate(NOISES)}
    rank = found["noise"].map(order).fillna(len(order))
    return found.assign(_=rank).sort_values(["data", "_", "rate"])[list(GROUP)]


def measured(one: Study, part: str, kind: str) -> list[str]:
    """Measures that any row of a part has: ``detection`` or ``ranking``."""
    names = DETECTION if kind == "detection" else [name for name in RANKING if name[:5] != "valid"]
    cells = _cells(one, part)
    return [name for name in names if cells[name].notna().any()]


def means(one: Study, data: str, measure: str, part: str = "methods") -> pd.DataFrame:
    """Mean of every variant in a dataset beside its paired difference to LLMHNI.

    Returns:
        noise, rate, variant, family, options, n, mean, sd, low, high, and of LLMHNI less the
        variant: n_pairs, difference, difference_low, difference_high, p_t, p_wilcoxon, p_holm
        (corrected over all comparisons of the dataset); NaN for LLMHNI itself.
    """
    cells = _of_data(one, data, part)
    found = statistics.summary(cells, measure)
    against = statistics.paired(cells, measure).rename(columns=DIFFERENCE)
    return _named(found.merge(against, on=list(CELL), how="left"), cells)


def by_seed(
    one: Study, data: str, noise: str, rate: float, measure: str, variants: Sequence[str]
) -> pd.DataFrame:
    """A measure with a column per seed, for some variants: ``variant`` and the seeds as text."""
    cells = _at(_of_data(one, data, "methods"), noise, rate)
    found = statistics.wide(cells[cells["variant"].isin(list(variants))], measure)
    found.columns = [f"seed {seed}" for seed in found.columns]
    return found.reset_index().drop(columns=list(GROUP))


def recovered(one: Study, data: str, measure: str) -> pd.DataFrame:
    """As :func:`core.study.statistics.recovered`, of one dataset's noise, with ``family``."""
    cells = _of_data(one, data, "methods")
    found = statistics.recovered(cells, measure)
    return _named(found[found["rate"] > 0], cells)  # without noise there is nothing to recover


def decline(one: Study, data: str, measure: str) -> pd.DataFrame:
    """As :func:`core.study.statistics.decline`, with ``family`` and the difference to LLMHNI."""
    cells = _of_data(one, data, "methods")
    found = statistics.decline(cells, measure)
    against = statistics.contrast(statistics.slopes(cells, measure)).rename(columns=DIFFERENCE)
    return _named(found.merge(against, on=list(CELL), how="left"), cells)


def trade(one: Study, data: str, noise: str, rate: float, across: str, up: str) -> pd.DataFrame:
    """Two measures of every variant: variant, family, n, x, x_low, x_high, y, y_low, y_high.

    Variants without one of them are there with NaN.
    """
    cells = _at(_of_data(one, data, "methods"), noise, rate)
    tables = []
    for axis, measure in (("x", across), ("y", up)):
        found = statistics.summary(cells, measure)[[*CELL, "n", "mean", "low", "high"]]
        names = {"n": f"n_{axis}", "mean": axis, "low": f"{axis}_low", "high": f"{axis}_high"}
        tables.append(found.rename(columns=names))
    return _named(tables[0].merge(tables[1], on=list(CELL), how="outer"), cells)


def own_threshold(one: Study, data: str, noise: str, rate: float) -> dict[str, dict[str, float]]:
    """What LLMHNI flags of itself: measure -> n, mean, low, high; without what is not known."""
    cells = _at(_of_data(one, data, "methods"), noise, rate)
    ours = cells[cells["variant"] == OURS]
    tables = {name: statistics.summary(ours, name) for name in OWN_THRESHOLD}
    return {
        name: {end: float(table[end].iloc[0]) for end in ("n", "mean", "low", "high")}
        for name, table in tables.items()
        if len(table)
    }


def main_methods(one: Study, data: str, measure: str) -> list[str]:
    """LLMHNI, plain, oracle, and of every other family the best that has most rates."""
    found = means(one, data, measure)
    if found.empty:
        return []
    rates = found.groupby("variant")["rate"].nunique()
    several = found[found["variant"].isin(rates[rates == rates.max()].index)]
    ranked = several.groupby(["variant", "family"])["mean"].mean()
    order = ranked.sort_values(ascending=False, kind="stable").reset_index()
    best = order[~order["family"].isin(["ours", "plain", "oracle"])].drop_duplicates("family")
    there = set(found["variant"])
    return [*(name for name in ALWAYS if name in there), *best["variant"]]


def _cells(one: Study, part: str) -> pd.DataFrame:
    return part_of(study.rows(one), part)


def _of_data(one: Study, data: str, part: str) -> pd.DataFrame:
    cells = _cells(one, part)
    return cells[cells["data"] == data]


def _at(cells: pd.DataFrame, noise: str, rate: float) -> pd.DataFrame:
    return cells[(cells["noise"] == noise) & (cells["rate"] == rate)]


def _named(table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Add family and options, leave the dataset out, and put kinds of noise in their order."""
    of = cells.drop_duplicates([*CELL], keep="last").set_index("variant")
    last = of[~of.index.duplicated(keep="last")]
    known = table.assign(
        family=table["variant"].map(last["family"]), options=table["variant"].map(last["options"])
    )
    order = {name: place for place, name in enumerate(NOISES)}
    rank = known["noise"].map(order).fillna(len(order))
    ranked = known.assign(_=rank).sort_values(["_", "rate", "variant"], kind="stable")
    return ranked.drop(columns=["data", "_"]).reset_index(drop=True)
