"""How figures of the study look, and how they are saved so that the same rows give the same bytes.

Colours are those of the app where they mean the same; every family has a marker of its own as well.
matplotlib is loaded when something is drawn, and only then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pandas as pd

INK: Final = "#2B2F36"
NEUTRAL: Final = "#8A8F98"
GRID: Final = "#E3E5E8"
COLORS: Final[Mapping[str, str]] = {
    "ours": "#0072B2",
    "loss-based": "#C2410C",
    "contrastive": "#59A14F",
    "language": "#B07AA1",
    "negatives": "#9C755F",
    "control": "#79706E",
    "plain": NEUTRAL,
    "signal": "#0E8F7E",
    "oracle": INK,
}
MARKERS: Final[Mapping[str, str]] = {
    "ours": "D",
    "loss-based": "o",
    "contrastive": "s",
    "language": "^",
    "negatives": "v",
    "control": "x",
    "plain": "P",
    "signal": "d",
    "oracle": "*",
}
SCHEME_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "uniform": ("plain", "o"),
    "dns": ("negatives", "s"),
    "srns": ("negatives", "^"),
    "pool": ("signal", "v"),
    "llmhni": ("language", "d"),
    "fresh": ("ours", "D"),
}
"""Ways to choose negatives: the family whose hue each has, and its marker."""
DASHES: Final[Mapping[str, str]] = {"ours": "-", "oracle": ":", "plain": "--"}
"""Of lines; every other family is drawn dash-dotted."""
WIDTH: Final = 10.0
"""Inches, which is about the width of a page."""
SETTINGS: Final[Mapping[str, Any]] = {
    "svg.hashsalt": "study",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": NEUTRAL,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
BARS: Final = "bars: 95 % bootstrap interval of the mean over seeds"
INSTALL: Final = ".venv/bin/pip install -r requirements-bench.txt"


@dataclass(frozen=True)
class Drawn:
    """A figure that was written."""

    path: Path
    section: str
    """``detection``, ``rates``, ``recovered``, ``ablations`` or ``negatives``."""
    data: str
    alt: str
    """What it shows, for people who cannot see it and as its caption."""


def is_installed() -> bool:
    """Whether figures can be drawn."""
    return find_spec("matplotlib") is not None


@contextmanager
def canvas(path: Path, source: str, height: float, **grid: int) -> Iterator[tuple[Any, Any]]:
    """A figure of :data:`WIDTH` and its axes, saved as SVG when the block ends well.

    Args:
        path: Where to; folders are made.
        source: Says below the figure where its numbers come from.
        height: Inches.
        **grid: nrows and ncols.
    """
    matplotlib = import_module("matplotlib")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure = import_module("matplotlib.figure").Figure((WIDTH, height), layout="constrained")
        yield figure, figure.subplots(**grid, squeeze=False)
        figure.supxlabel(source, x=0.01, ha="left", fontsize=7.5, color=INK)
        path.parent.mkdir(parents=True, exist_ok=True)
        # The version of the library would change the bytes without changing the picture.
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def legend(figure: Any, handles: Mapping[str, Any], columns: int = 9) -> None:  # noqa: ANN401
    """One legend for all panels, above them."""
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside upper left",
        ncols=min(columns, len(handles)),
        columnspacing=1.2,
        handletextpad=0.4,
        fontsize=8.5,
    )


def point(
    axes: Any,  # noqa: ANN401
    value: float,
    place: float,
    row: Any,  # noqa: ANN401
    family: str,
    filled: bool = True,
) -> Any:  # noqa: ANN401
    """One method: its interval and its mean, marked by family."""
    color = COLORS.get(family, NEUTRAL)
    if math.isfinite(row.low):
        axes.plot([row.low, row.high], [place, place], color=color, lw=1.6, solid_capstyle="butt")
    face = color if filled else "white"
    (point,) = axes.plot(
        value,
        place,
        ls="",
        marker=MARKERS.get(family, "o"),
        ms=6,
        color=color,
        mfc=face,
    )
    return point


def grid(n: int) -> tuple[int, int]:
    """Rows and columns for so many panels."""
    columns = min(n, 2)
    return math.ceil(n / columns), columns


def panels(axes: Any, keys: Sequence[Any]) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Axes with what belongs into each; those left over are blank."""
    flat = list(axes.flat)
    for panel in flat[len(keys) :]:
        panel.set_axis_off()
    yield from zip(flat, keys, strict=False)


def caption(n: pd.Series, bars: str, source: str) -> str:
    """How many seeds, what the bars are, and where the numbers come from."""
    low, high = int(n.min()), int(n.max())
    seeds = f"{high} seed{'s' if high != 1 else ''}" if low == high else f"{low} to {high} seeds"
    return f"n = {seeds}; {bars}; source: {source}"
