"""Figures of what is changed inside LLMHNI: ablations, and ways to choose negatives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from core.study import statistics
from core.study.figure_style import (
    BARS,
    COLORS,
    INK,
    SCHEME_LOOKS,
    Drawn,
    canvas,
    caption,
    grid,
    legend,
    panels,
)
from core.study.labels import SCHEMES, measure_title
from core.study.variants import ABLATIONS

ABLATED: Final = ("hard_kept_70", "auc_matched", "recall20", "ndcg20")
LEAST: Final = 3
"""Seeds below which no change is drawn as one that helps or harms."""
ROW: Final = 0.185
"""Inches that a variant takes."""


def forest(
    cells: pd.DataFrame, data: str, noise: str, folder: Path, source: str
) -> Iterator[Drawn]:
    """Difference of every ablation to full LLMHNI, in four measures."""
    found = {name: statistics.paired(cells, name, against=ABLATIONS) for name in ABLATED}
    known = {name: table for name, table in found.items() if len(table)}
    there = {str(name) for table in known.values() for name in table["variant"]}
    names = [name for name in ABLATIONS if name in there]
    if not names:
        return
    path = folder / f"ablations-{data}-{noise}.svg"
    places = {name: -place for place, name in enumerate(names)}
    line = caption(
        pd.concat(list(known.values()))["n"],
        f"blue ●: full is better, red ■: the change is, by the interval; {BARS}",
        source,
    )
    with canvas(path, line, len(names) * ROW + 1.5, nrows=1, ncols=len(known)) as (_, axes):
        for panel, (measure, table) in zip(axes[0], known.items(), strict=True):
            for row in table.itertuples():
                _effect(panel, row, places[str(row.variant)])
            panel.axvline(0.0, color=INK, lw=0.8)
            panel.set_yticks(list(places.values()), names if panel is axes[0][0] else [])
            panel.tick_params(axis="y", labelsize=8)
            panel.locator_params(axis="x", nbins=4)
            panel.set_ylim(-len(names) + 0.3, 0.7)
            panel.set_xlabel(f"{measure_title(measure)}:\ndifference to full LLMHNI", fontsize=8)
    alt = f"{data}, {noise} noise: what each change does to LLMHNI, left of 0 = worse than full"
    yield Drawn(path, "ablations", data, alt)


def _effect(axes: Any, row: Any, place: float) -> None:  # noqa: ANN401
    """A change less full: blue and round if the interval is below 0, where the part helps."""
    low, high = -row.high, -row.low
    kind = "ours" if high < 0.0 else "loss-based" if low > 0.0 else "plain"
    if row.n < LEAST:  # the interval of two values is the two
        kind = "plain"
    marker = {"ours": "o", "loss-based": "s", "plain": "|"}[kind]
    axes.plot([low, high], [place, place], color=COLORS[kind], lw=1.6, solid_capstyle="butt")
    axes.plot(-row.difference, place, ls="", marker=marker, ms=5, color=COLORS[kind])


def negatives(cells: pd.DataFrame, folder: Path, source: str) -> Iterator[Drawn]:
    """How many held-out positives are among the negatives, by how hard these are."""
    by = (*statistics.GROUP, "scheme")
    rates = statistics.summary(cells, "false_negative_rate", by)
    both = rates.merge(statistics.summary(cells, "hardness", by), on=list(by), suffixes=("", "_x"))
    keys = list(both.groupby(["data", "noise"]))
    if not keys:
        return
    path = folder / "negatives.svg"
    rows, columns = grid(len(keys))
    line = caption(both["n"], BARS, source)
    handles: dict[str, Any] = {}
    with canvas(path, line, rows * 3.6 + 0.8, nrows=rows, ncols=columns) as (figure, axes):
        for panel, (key, found) in panels(axes, keys):
            for row in found.itertuples():
                name = SCHEMES.get(str(row.scheme), str(row.scheme))
                handles[name] = _scheme(panel, row)
            panel.set_title(f"{key[0]} · {key[1]} noise")
            panel.set_xlabel("hardness: chance to be ranked above the positive (0 to 1)")
            panel.set_ylabel("false-negative rate (share)")
            panel.margins(0.18)
        legend(figure, handles, 6)
    alt = "False-negative rate by hardness of mined negatives: right is harder, low is cleaner"
    yield Drawn(path, "negatives", "", alt)


def _scheme(axes: Any, row: Any) -> Any:  # noqa: ANN401
    family, marker = SCHEME_LOOKS.get(str(row.scheme), ("plain", "x"))
    return axes.errorbar(
        row.mean_x,
        row.mean,
        xerr=_error(row.mean_x, row.low_x, row.high_x),
        yerr=_error(row.mean, row.low, row.high),
        marker=marker,
        color=COLORS[family],
        ls="",
    )


def _error(mean: float, low: float, high: float) -> list[list[float]] | None:
    # An interval of all resamples may leave out the mean by a rounding error.
    known = math.isfinite(low)
    return [[max(mean - low, 0.0)], [max(high - mean, 0.0)]] if known else None
