"""Markdown tables of a study: numbers with their intervals, and nothing where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from core.study import statistics
from core.study.labels import measure_title, title

UNKNOWN: Final = "–"
MEAN: Final = ("mean", "low", "high")
SLOPE: Final = ("slope", "low", "high")
GAP: Final = ("gap", "gap_low", "gap_high")
SHARE: Final = ("recovered", "low", "high")
DIFFERENCE: Final = ("difference", "low", "high")


def markdown(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table; what stands in cells cannot break it."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(_inline(cell) for cell in line)} |" for line in lines)


def number(value: float, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else UNKNOWN


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign."""
    return f"{value:+.{digits}f}" if math.isfinite(value) else UNKNOWN


def estimate(
    mean: float, low: float, high: float, *, digits: int = 3, is_signed: bool = False
) -> str:
    """A mean with its interval, ``0.512 [0.498, 0.530]``; the mean alone if it has none."""
    write = signed if is_signed else number
    if not math.isfinite(low):
        return write(mean, digits)
    return f"{write(mean, digits)} [{write(low, digits)}, {write(high, digits)}]"


def p_value(value: float) -> str:
    """A p to three digits."""
    return UNKNOWN if not math.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def by_variant(
    cells: pd.DataFrame, measures: Sequence[str], p: pd.DataFrame, digits: int = 3
) -> str:
    """Mean and interval of every variant of one group, best first, and the difference to LLMHNI.

    Args:
        cells: Rows of one dataset, kind of noise and rate.
        measures: Columns; order and difference are those of the first.
        p: :func:`core.study.statistics.paired` of the first measure over the whole dataset.
        digits: After the point.
    """
    found = {name: statistics.summary(cells, name).set_index("variant") for name in measures}
    first = found[measures[0]]
    if first.empty:
        return "Not measured."
    others = p.set_index("variant")
    body = []
    for name in first["mean"].sort_values(ascending=False, kind="stable").index:
        line = [title(name), str(first.loc[name, "n"])]
        for table in found.values():
            line.append(_span(table, str(name), MEAN, digits=digits))
        line += _difference(others, name, digits)
        body.append(line)
    head = ["Method", "n", *map(measure_title, measures), "LLMHNI − this", "p (Holm)"]
    return markdown(head, body)


def by_rate(cells: pd.DataFrame, measure: str, noise: str, digits: int = 4) -> str:
    """Means by rate of noise, and the share that is lost by the highest."""
    found = statistics.summary(cells, measure)
    found = found[found["noise"].isin([noise, statistics.CLEAN])]
    rates = sorted(found["rate"].unique())
    if len(rates) < 2:
        return ""
    declines = statistics.decline(cells[cells["noise"].isin([noise, statistics.CLEAN])], measure)
    lost = declines[declines["rate"] == rates[-1]].set_index("variant")
    means = found.pivot_table(index="variant", columns="rate", values="mean")
    body = []
    for name, line in means.sort_values(rates[-1], ascending=False, kind="stable").iterrows():
        change = _span(lost, str(name), SLOPE, is_signed=True)
        body.append([title(str(name)), *(number(line[rate], digits) for rate in rates), change])
    head = [measure_title(measure), *(f"{rate:.0%}" for rate in rates)]
    return markdown([*head, f"change from 0 to {rates[-1]:.0%}, share"], body)


def recovery(cells: pd.DataFrame, measures: Sequence[str]) -> str:
    """Recovered share of each method in one group, by measure."""
    tables = [statistics.recovered(cells, name).set_index("variant") for name in measures]
    names = sorted({name for table in tables for name in table.index})
    if not names:
        return ""
    gaps = [
        f"{measure_title(measure)} {_span(table, str(table.index[0]), GAP, digits=4)}"
        for measure, table in zip(measures, tables, strict=True)
        if len(table)
    ]
    body = []
    for name in names:
        line = [title(name)]
        for table in tables:
            line.append(_span(table, name, SHARE, digits=2))
        body.append(line)
    note = f"Gap from BPR to the oracle: {'; '.join(gaps)}."
    if all(table["recovered"].isna().all() for table in tables):
        return (
            f"{note} Its interval is not wholly above 0, so there is nothing to recover a share of."
        )
    note += " A dash: the gap is not positive, or its interval includes 0."
    return f"{note}\n\n{markdown(['Recovered share', *map(measure_title, measures)], body)}"


def _span(
    table: pd.DataFrame,
    name: str,
    columns: tuple[str, str, str],
    *,
    digits: int = 3,
    is_signed: bool = False,
) -> str:
    """A mean and its interval from the line of a variant; a dash if there is none."""
    if name not in table.index:
        return UNKNOWN
    mean, low, high = table.loc[[name], list(columns)].to_numpy(float)[0].tolist()
    return estimate(mean, low, high, digits=digits, is_signed=is_signed)


def _difference(others: pd.DataFrame, name: str, digits: int) -> list[str]:
    if name not in others.index:
        return [UNKNOWN, UNKNOWN]
    p = others.loc[[name], "p_holm"].tolist()[0]
    return [_span(others, name, DIFFERENCE, digits=digits, is_signed=True), p_value(p)]


def _inline(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
