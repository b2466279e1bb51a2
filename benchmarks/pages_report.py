"""The report of benchmarks.pages: what was measured, where, against which target."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

from app.services.store import Run
from benchmarks.machine import cpu_name

SMALL: Final = 100_000
"""Most interactions of a run that has to answer as fast as the sample."""
TARGETS: Final[Mapping[str, float | None]] = {
    "start": None,
    "first view": 3.0,
    "address": 3.0,
    "again": 3.0,
    "filter": 0.5,
    "page turn": 0.5,
    "lasso": 1.0,
    "card": 1.0,
}
"""Kind -> most seconds on a large run; None = not said."""
SMALL_TARGETS: Final[Mapping[str, float | None]] = {**TARGETS, "first view": 1.0, "again": 1.0}
MOST_MB: Final = 1000.0
LIBRARIES: Final = ("Streamlit", "Plotly", "DuckDB")
KINDS: Final = {
    "start": "By its address, right after the app was started",
    "first view": "First view, nothing cached, by the sidebar",
    "again": "The same page once more",
    "address": "By its address",
    "filter": "Filter changed",
    "page turn": "Page of a table turned",
    "card": "Another card or node",
    "lasso": "Lasso on the map (WebGL)",
}


@dataclass
class Measured:
    """Times of one thing that people do."""

    name: str
    kind: str
    seconds: list[float]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Part:
    """Everything about one run."""

    run: Run
    measured: Sequence[Measured]
    sizes: Mapping[str, float | None]
    """When -> resident memory of the app, MB."""
    browser: str


def machine() -> dict[str, Any]:
    """Facts about this machine, and its load at this moment."""
    return {
        "cpus": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "cpu": cpu_name(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def is_busy(facts: Mapping[str, Any]) -> bool:
    """Whether other work takes so much of the machine that times say little."""
    return bool(facts["load"] > 0.35 * facts["cpus"])


def write(facts: Mapping[str, Any], parts: Sequence[Part]) -> str:
    """Write the report as Markdown."""
    lines = ["# How fast the pages answer", ""]
    lines += _intro(facts, parts)
    for part in parts:
        lines += ["", *_part(part)]
    return "\n".join(lines) + "\n"


def _intro(facts: Mapping[str, Any], parts: Sequence[Part]) -> list[str]:
    browser = parts[0].browser if parts else "–"
    busy = (
        [
            "",
            "**The machine was busy with other work: these times are longer than they should be.**",
        ]
        if is_busy(facts)
        else []
    )
    return [
        "Made by `make bench-pages` (`python -m benchmarks.pages`). Seconds from the click, in the",
        "browser, until the script is done and all figures, tables and maps are drawn; medians",
        "where something was done several times. App and browser share the machine.",
        "",
        f"{facts['when']}; {facts['cpus']} CPUs ({facts['cpu']}), load {facts['load']:.1f} at the",
        f"start; {facts['system']}; Chromium {browser} without a window, WebGL in software;",
        ", ".join(f"{name} {version(name.lower())}" for name in LIBRARIES) + ".",
        *busy,
    ]


def _part(part: Part) -> list[str]:
    manifest = part.run.manifest
    targets = SMALL_TARGETS if manifest.n_interactions <= SMALL else TARGETS
    nodes = manifest.n_users + manifest.n_items
    lines = [
        f"## {manifest.n_interactions:,} interactions, {nodes:,} users and items",
        "",
        f"Run `{part.run.id}`.",
        "",
        "| What | Seconds | At most | Target | |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for kind, title in KINDS.items():
        found = [one for one in part.measured if one.kind == kind]
        lines += [f"| **{title}** | | | | |"] if found else []
        lines += [_row(one, targets[kind]) for one in found]
    return [*lines, "", *_memory(part.sizes)]


def _row(one: Measured, target: float | None) -> str:
    times = f"| {one.name} | {one.median:.2f} | {max(one.seconds):.2f} |"
    if target is None:
        return f"{times} – | |"
    return f"{times} {target:g} | {'met' if one.median <= target else '**missed**'} |"


def _memory(sizes: Mapping[str, float | None]) -> list[str]:
    said = [f"{when} {size:,.0f} MB" for when, size in sizes.items() if size is not None]
    if not said:
        return ["Memory of the app: not known on this system."]
    peak = max(size for size in sizes.values() if size is not None)
    verdict = "met" if peak <= MOST_MB else "**missed**"
    return [f"Resident memory of the app: {', '.join(said)}. Target {MOST_MB:,.0f} MB: {verdict}."]
