"""Figures of a study as SVG, drawn from its rows: the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from core.study import statistics
from core.study.ablation_figures import forest, negatives
from core.study.cases import RATE
from core.study.figure_style import (
    BARS,
    COLORS,
    DASHES,
    INK,
    MARKERS,
    NEUTRAL,
    Drawn,
    canvas,
    caption,
    grid,
    legend,
    panels,
    point,
)
from core.study.labels import FAMILIES, measure_title, title
from core.study.names import PLANTED

ROW: Final = 0.185
"""Inches that a method takes."""
DETECTION: Final = ("hard_kept_70", "auc_matched")
RANKING: Final = ("recall20", "ndcg20")
LEAST_RATES: Final = 3


def draw_all(rows: pd.DataFrame, folder: Path, source: str) -> list[Drawn]:
    """Draw what the rows allow.

    Args:
        rows: All rows of a study.
        folder: Where figures go; it is made.
        source: Name of the file that the rows come from, printed in every figure.
    """
    cells = statistics.part_of(rows, "methods")
    drawn: list[Drawn] = []
    for data in sorted(cells["data"].unique()):
        here = cells[(cells["data"] == data) & cells["noise"].isin([*PLANTED, "none"])]
        for measure in DETECTION:
            drawn += _dots(here, data, measure, folder, source)
        drawn += _rates(here, data, folder, source)
        drawn += _recovered(here, data, folder, source)
    ablations = statistics.part_of(rows, "ablations")
    for (data, noise), here in ablations.groupby(["data", "noise"]):
        drawn += forest(here, str(data), str(noise), folder, source)
    drawn += negatives(statistics.part_of(rows, "negatives"), folder, source)
    return drawn


def _dots(
    cells: pd.DataFrame, data: str, measure: str, folder: Path, source: str
) -> Iterator[Drawn]:
    found = statistics.summary(cells[cells["rate"] == RATE], measure)
    kinds = _kinds(found)
    if not kinds:
        return
    path = folder / f"{measure}-{data}.svg"
    n_rows, n_columns = grid(len(kinds))
    most = max((found["noise"] == noise).sum() for noise in kinds)
    line = caption(found["n"], BARS, source)
    with canvas(
        path, line, n_rows * (most * ROW + 0.9) + 0.6, nrows=n_rows, ncols=n_columns
    ) as made:
        handles: dict[str, Any] = {}
        for axes, noise in panels(made[1], kinds):
            _dot_panel(axes, found[found["noise"] == noise], _families(cells), handles)
            axes.set_title(f"{noise} noise, {RATE:.0%}")
            axes.set_xlabel(f"{measure_title(measure)} (share, 0 to 1)")
        legend(made[0], _ordered(handles))
    alt = f"{data}: {measure_title(measure)} by method and kind of noise, highest on top"
    yield Drawn(path, "detection", data, alt)


def _dot_panel(
    axes: Any,  # noqa: ANN401 - drawn by a library loaded late
    found: pd.DataFrame,
    families: dict[str, str],
    handles: dict[str, Any],
) -> None:
    ordered = found.sort_values(["mean", "variant"], ascending=[True, False])
    for place, row in enumerate(ordered.itertuples()):
        family = families[str(row.variant)]
        handles[FAMILIES.get(family, family)] = point(
            axes, float(str(row.mean)), place, row, family
        )
    names = [title(str(name)) for name in ordered["variant"]]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    for label, name in zip(axes.get_yticklabels(), ordered["variant"], strict=True):
        if families[str(name)] == "ours":
            label.set_fontweight("bold")
    axes.set_ylim(-0.7, len(names) - 0.3)


def _rates(cells: pd.DataFrame, data: str, folder: Path, source: str) -> Iterator[Drawn]:
    found = {measure: statistics.summary(cells, measure) for measure in RANKING}
    families = _families(cells)
    chosen = _main_methods(found[RANKING[0]], families)
    kinds = [
        noise
        for noise in _kinds(found[RANKING[0]])
        if found[RANKING[0]].loc[found[RANKING[0]]["noise"] == noise, "rate"].nunique() > 1
    ]
    if not kinds or not chosen:
        return
    path = folder / f"rates-{data}.svg"
    line = caption(found[RANKING[0]]["n"], "bands: 95 % bootstrap interval of the mean", source)
    with canvas(path, line, 6.4, nrows=len(RANKING), ncols=len(kinds)) as (figure, axes):
        handles: dict[str, Any] = {}
        for line_of, measure in zip(axes, RANKING, strict=True):
            for panel, noise in zip(line_of, kinds, strict=True):
                _rate_panel(panel, found[measure], noise, chosen, families, handles)
                panel.set_title(f"{noise} noise")
                panel.set_xlabel("planted noise (% of train)")
            line_of[0].set_ylabel(f"{measure_title(measure)} on clean test (0 to 1)")
        legend(figure, handles, 5)
    alt = f"{data}: Recall@20 and NDCG@20 by rate of planted noise, best method of each family"
    yield Drawn(path, "rates", data, alt)


def _rate_panel(
    axes: Any,  # noqa: ANN401
    found: pd.DataFrame,
    noise: str,
    chosen: Sequence[str],
    families: dict[str, str],
    handles: dict[str, Any],
) -> None:
    for name in chosen:
        of = found[(found["variant"] == name) & found["noise"].isin([noise, statistics.CLEAN])]
        line = of.sort_values("rate")
        family = families[name]
        color, dash = COLORS.get(family, NEUTRAL), DASHES.get(family, "-.")
        percent = line["rate"] * 100.0
        (handles[title(name)],) = axes.plot(
            percent, line["mean"], dash, color=color, marker=MARKERS.get(family, "o"), ms=4.5
        )
        axes.fill_between(percent, line["low"], line["high"], color=color, alpha=0.15, lw=0)
    axes.set_xticks(sorted({0.0, *(found["rate"] * 100.0)}))


def _main_methods(found: pd.DataFrame, families: dict[str, str]) -> list[str]:
    """LLMHNI, plain, oracle and the best of each family that was measured at several rates."""
    rates = found.groupby("variant")["rate"].nunique()
    several = found[found["variant"].isin(rates[rates >= min(LEAST_RATES, rates.max())].index)]
    ranked = several.groupby("variant")["mean"].mean().sort_values(ascending=False, kind="stable")
    always = (statistics.OURS, statistics.PLAIN, statistics.ORACLE)
    chosen = {families[name]: name for name in always if name in ranked.index}
    for name in ranked.index:
        chosen.setdefault(families[str(name)], str(name))
    return [chosen[family] for family in COLORS if family in chosen]


def _recovered(cells: pd.DataFrame, data: str, folder: Path, source: str) -> Iterator[Drawn]:
    here = cells[cells["rate"] == RATE]
    tables = [statistics.recovered(here, name).assign(measure=name) for name in RANKING]
    found = pd.concat(tables, ignore_index=True)
    found = found[found["recovered"].notna() & (found["variant"] != "oracle-llmhni")]
    kinds = _kinds(found)
    if not kinds:
        return
    path = folder / f"recovered-{data}.svg"
    n_rows, n_columns = grid(len(kinds))
    most = int(found["variant"].nunique())
    text = f"filled: Recall@20, hollow: NDCG@20; {BARS}"
    line = caption(found["n"], text, source)
    height = n_rows * (most * ROW * 1.4 + 0.9) + 0.6
    with canvas(path, line, height, nrows=n_rows, ncols=n_columns) as (figure, axes):
        handles: dict[str, Any] = {}
        for panel, noise in panels(axes, kinds):
            _recovered_panel(panel, found[found["noise"] == noise], _families(cells), handles)
            panel.set_title(f"{noise} noise, {RATE:.0%}")
            panel.set_xlabel("recovered share of the gap from BPR (0) to the oracle (1)")
        legend(figure, _ordered(handles))
    yield Drawn(path, "recovered", data, f"{data}: share of the oracle's gap that each recovers")


def _recovered_panel(
    axes: Any,  # noqa: ANN401
    found: pd.DataFrame,
    families: dict[str, str],
    handles: dict[str, Any],
) -> None:
    ordered = found.groupby("variant")["recovered"].mean().sort_values(kind="stable").index
    places = {str(name): place for place, name in enumerate(ordered)}
    for row in found.itertuples():
        name, first = str(row.variant), str(row.measure) == RANKING[0]
        family, place = families[name], places[name] + (0.17 if first else -0.17)
        handles[FAMILIES.get(family, family)] = point(
            axes, float(str(row.recovered)), place, row, family, filled=first
        )
    for value, dash in ((0.0, "-"), (0.5, ":"), (1.0, "--")):
        axes.axvline(value, color=INK, lw=0.8, ls=dash)
    axes.set_yticks(range(len(places)), [title(name) for name in places], fontsize=8)
    # One method far off must not press all others together.
    axes.set_xlim(*_inner(found))


def _inner(found: pd.DataFrame) -> tuple[float, float]:
    low, high = min(-0.5, found["recovered"].min()), max(1.25, found["recovered"].max())
    return max(low, -3.0) - 0.1, min(high, 3.0) + 0.1


def _kinds(found: pd.DataFrame) -> list[str]:
    there = set(found["noise"])
    return [noise for noise in PLANTED if noise in there]


def _families(cells: pd.DataFrame) -> dict[str, str]:
    return dict(zip(cells["variant"], cells["family"], strict=True))


def _ordered(handles: dict[str, Any]) -> dict[str, Any]:
    return {name: handles[name] for name in FAMILIES.values() if name in handles}
