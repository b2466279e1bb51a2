"""What the figures of the page Study share: scales, intervals, and where numbers come from."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from app.ui import theme

ROW: Final = 21
"""Pixels that a method takes."""
FOOT: Final = 92
"""Pixels below the plot: ticks, title of the axis, and where the numbers come from."""


class Scale(NamedTuple):
    """What is drawn along an axis."""

    title: str
    digits: int = 3
    lines: tuple[tuple[float, str], ...] = ()
    """Values that are marked, each with its dash."""
    signed: bool = False


def bars(value: pd.Series, low: pd.Series, high: pd.Series, width: float) -> dict[str, Any]:
    """Intervals as plotly has them; nothing where there is none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - value).clip(lower=0).fillna(0),
        "arrayminus": (value - low).clip(lower=0).fillna(0),
        "thickness": width,
        "width": 0,
    }


def margins() -> dict[str, int]:
    """Room for titles above, and for the axis and the source below."""
    return {"l": 8, "r": 12, "t": 62, "b": 72}


def sourced(figure: go.Figure, source: str) -> go.Figure:
    """Print below the plot where the numbers come from: it goes along with the file."""
    figure.add_annotation(
        text=theme.plain(source),
        x=0,
        xref="paper",
        xanchor="left",
        y=0,
        yref="paper",
        yanchor="top",
        yshift=-(margins()["b"] - 20),
        showarrow=False,
        font={"size": 11, "color": theme.NEUTRAL},
    )
    figure.update_layout(legend={"y": 1, "yanchor": "top", "yref": "container"})
    return figure


def bold(text: str, really: bool) -> str:
    """Make a label stand out."""
    return f"<b>{text}</b>" if really else text


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Lines of a table, by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
