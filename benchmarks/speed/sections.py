"""Sections of the report that are no plain table: profiles, growth with its figure, GPU."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.speed.rows import Rows
from core.study import figure_style

FIGURE: Final = "growth.svg"
COLORS: Final = ("#0072B2", "#C2410C", "#0E8F7E", "#B07AA1", "#9C755F", "#59A14F", "#79706E")
MARKERS: Final = "osD^vPX"


def profiles(rows: Rows) -> list[str]:
    """Functions by own time, one table per profile."""
    parts = []
    for row in rows.rows:
        found = row["found"]
        lines = [f"**{row['contestant']}** ({found['what']}, {found['total']:.2f} s in all)", ""]
        lines += ["| Own time | Share | Calls | What |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {one['self']:.3f} s | {one['self'] / found['total']:.1%} | {one['calls']:,} "
            f"| `{one['name'].replace('|', '/').replace('`', '')}` |"
            for one in found["rows"]
        ]
        parts.append("\n".join(lines))
    return parts


Series = Mapping[str, Mapping[int, float]]


def series_of(rows: Rows) -> Series:
    """What was timed -> interactions -> median seconds."""
    found: dict[str, dict[int, float]] = {}
    for graph in sorted(rows.names("graph"), key=int):
        for contestant in rows.of(graph=graph).names("contestant"):
            one = rows.of(graph=graph, contestant=contestant).with_most_threads()
            for name in one.rows[0]["found"]:
                found.setdefault(name, {})[int(graph)] = one.median(name)
    return found


def growth(rows: Rows, folder: Path, page: Path) -> list[str]:
    """Table of seconds with fitted exponents, and the figure."""
    series = series_of(rows)
    sizes = sorted({size for one in series.values() for size in one})
    lines = ["| What | " + " | ".join(f"{n:,}" for n in sizes) + " | Exponent |"]
    lines.append("| --- " * (len(sizes) + 2) + "|")
    for name, one in series.items():
        cells = [f"{one[n]:.3g} s" if n in one else "–" for n in sizes]
        lines.append(f"| {name} | {' | '.join(cells)} | {_power(one)} |")
    about = (
        "Seconds by the number of interactions; users and items grow with them (3 and 4 per 100, "
        "for pages 6 and 4). An epoch, of plain LightGCN, is its beginning and the median of six "
        "steps times their number; it has as many more steps, and every step passes over the whole "
        "graph, so its exponent is about 2 by design; evaluation scores every item for every user: "
        "2 as well. Maps are of users and items together, up to 150,000 of them. 1 is linear."
    )
    parts = [about, "\n".join(lines)]
    if figure_style.is_installed() and len(sizes) > 1:
        path = folder / FIGURE
        _draw(series, path)
        place = Path(os.path.relpath(path, page.parent)).as_posix()
        parts.append(f"![Seconds over interactions, both logarithmic]({place})")
    return parts


def exponent(one: Mapping[int, float]) -> float:
    """Slope of log seconds over log size, by least squares; NaN of fewer than two sizes."""
    if len(one) < 2 or min(one.values()) <= 0:
        return math.nan
    x, y = [math.log(n) for n in one], [math.log(value) for value in one.values()]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    return above / sum((a - x_mean) ** 2 for a in x)


def _power(one: Mapping[int, float]) -> str:
    value = exponent(one)
    return "–" if math.isnan(value) else f"{value:.2f}"


def _draw(series: Series, path: Path) -> None:
    with figure_style.canvas(path, "source: growth.jsonl", 4.2) as (figure, axes):
        panel = axes[0, 0]
        for number, (name, one) in enumerate(series.items()):
            panel.plot(
                list(one),
                list(one.values()),
                color=COLORS[number % len(COLORS)],
                marker=MARKERS[number % len(MARKERS)],
                label=f"{name}: exponent {_power(one)}",
            )
        panel.set(xscale="log", yscale="log", xlabel="interactions", ylabel="seconds")
        figure.legend(loc="outside right upper", fontsize=8.5)


def gpu(rows: Rows) -> list[str]:
    """What was measured on a GPU, one table per machine."""
    parts = []
    for row in rows.rows:
        found = row["found"]
        lines = [
            f"{found['device']}, PyTorch {row['versions'].get('torch', 'unknown')}, graph "
            f"{row['graph']}; a copy moves {found['bandwidth_gb']:,.0f} GB/s. Shares above 1 mean "
            "that rows were read from a cache.",
            "",
            "| What | Measured |",
            "| --- | --- |",
        ]
        for name, value in found.items():
            if name not in ("device", "bandwidth_gb"):
                lines.append(f"| {name} | {_gpu_cell(name, value)} |")
        parts.append("\n".join(lines))
    return parts


def _gpu_cell(name: str, value: float) -> str:
    if name.endswith("share of bandwidth"):
        return f"{value:.0%}"
    if name.endswith("GB"):
        return f"{value:.1f} GB"
    if name.startswith("relative"):
        return f"{value:.1e}"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
