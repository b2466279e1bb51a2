"""Figures of the page Study about the inside of LLMHNI: ablations, sweeps, mined negatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.ui import theme
from app.ui.figures.study_frame import FOOT, ROW, Scale, bars, margins, records, sourced
from app.ui.study.families import scheme

HELPS, HARMS, OPEN = "worse than full LLMHNI", "better than full LLMHNI", "interval includes 0"
EFFECTS: Final = {
    HELPS: (theme.ACCENT, "diamond"),
    HARMS: ("#C2410C", "square"),
    OPEN: (theme.NEUTRAL, "line-ns-open"),
}
"""What an interval says of a change -> hue and symbol."""
ROOM: Final = 0.22
"""Free room beside the outermost points, as a share of what they span."""
LINES: Final = ((theme.ACCENT, "diamond", "solid"), ("#C2410C", "square", "dash"))
"""First and second line of a sweep."""


def forest(
    tables: Mapping[str, pd.DataFrame], scales: Mapping[str, Scale], source: str
) -> go.Figure:
    """Changed - full LLMHNI with its interval, a panel per measure.

    Args:
        tables: Measure -> called, n, difference, low, high; the same lines in each.
        scales: Measure -> scale.
        source: Printed below.
    """
    names = list(dict.fromkeys(name for table in tables.values() for name in table["called"]))
    places = {name: -place for place, name in enumerate(names)}
    figure = make_subplots(1, len(tables), shared_yaxes=True, horizontal_spacing=0.02)
    legend: set[str] = set()
    for column, (measure, table) in enumerate(tables.items(), 1):
        said = [_effect(row) for row in records(table)]
        for effect, (color, symbol) in EFFECTS.items():
            of = table[[one == effect for one in said]]
            if len(of):
                _add_effects(
                    figure, of, places, scales[measure], (effect, color, symbol), column, legend
                )
        title = f"{scales[measure].title}, − full"
        figure.update_xaxes(title={"text": title}, nticks=5, col=column)
    figure.add_vline(x=0, line={"color": theme.NEUTRAL, "width": 1.2})
    theme.frame(figure, (ROW + 5) * len(names) + 44 + FOOT, margin=margins() | {"t": 44})
    labels = [theme.plain(name, 44) for name in names]
    figure.update_yaxes(tickvals=list(places.values()), ticktext=labels, ticks="")
    figure.update_yaxes(range=[0.4 - len(names), 0.6])
    figure.update_yaxes(showgrid=True, gridcolor=theme.faint(theme.NEUTRAL, 0.18))
    return sourced(figure, source)


def sweep(
    tables: Mapping[str, pd.DataFrame], scales: Mapping[str, Scale], name: str, source: str
) -> go.Figure:
    """Means by the value of a setting, full LLMHNI as a level, a panel per measure.

    Args:
        tables: Measure -> setting (empty: full LLMHNI), value, line, n, mean, low, high.
        scales: Measure -> scale.
        name: Of the setting.
        source: Printed below.
    """
    figure = make_subplots(1, len(tables), horizontal_spacing=0.055)
    for column, (measure, table) in enumerate(tables.items(), 1):
        values = sorted(set(table.loc[table["setting"] != "", "value"]))
        places = {value: place for place, value in enumerate(values)}
        for place, (line, of) in enumerate(table[table["setting"] != ""].groupby("line")):
            _add_sweep(figure, of, str(line), place, places, scales[measure], column)
        for level in table.loc[table["setting"] == "", "mean"]:
            figure.add_hline(
                y=level, line={"color": theme.NEUTRAL, "width": 1.4, "dash": "dot"}, col=column
            )
        # Values are steps of a list, often doubling: they stand at equal distances.
        figure.update_xaxes(
            tickvals=list(places.values()),
            ticktext=[f"{value:g}" for value in values],
            range=[-0.4, len(values) - 0.6],
            title={"text": theme.plain(name, 40)},
            col=column,
        )
        figure.update_yaxes(title={"text": scales[measure].title, "standoff": 4}, col=column)
    theme.frame(figure, 290 + FOOT // 2, margin=margins() | {"t": 34})
    return sourced(figure, source)


def negatives(table: pd.DataFrame, source: str) -> go.Figure:
    """False-negative rate by hardness, a symbol per scheme and a panel per dataset and noise.

    Args:
        table: panel, scheme, n and, with their ends, hardness and false_negative_rate.
        source: Printed below.
    """
    panels = list(dict.fromkeys(table["panel"]))
    figure = make_subplots(
        1,
        len(panels),
        horizontal_spacing=0.07,
        subplot_titles=[theme.plain(name, 50) for name in panels],
    )
    figure.update_annotations(font={"size": 13})
    for column, panel in enumerate(panels, 1):
        for row in records(table[table["panel"] == panel]):
            _add_scheme(figure, row, column)
    theme.frame(figure, 380 + FOOT // 2, margin=margins())
    figure.update_xaxes(title={"text": "Hardness"}, showgrid=True)
    # The same scales in every panel: datasets are to be compared as well.
    low, high = float(table["hardness_low"].min()), float(table["hardness_high"].max())
    low, high = min(low, float(table["hardness"].min())), max(high, float(table["hardness"].max()))
    room = ROOM * ((high - low) or 1.0)
    figure.update_xaxes(matches="x", range=[low - room, high + room])
    top = max(float(table["false_negative_rate"].max()), 1e-4)
    figure.update_yaxes(range=[0, (1 + ROOM) * top], tickformat=".1%", matches="y")
    figure.update_yaxes(title={"text": "False-negative rate"}, col=1)
    return sourced(figure, source)


def _effect(row: Mapping[str, Any]) -> str:
    return HELPS if row["high"] < 0 else HARMS if row["low"] > 0 else OPEN


def _add_effects(
    figure: go.Figure,
    of: pd.DataFrame,
    places: Mapping[str, int],
    scale: Scale,
    look: tuple[str, str, str],
    column: int,
    legend: set[str],
) -> None:
    effect, color, symbol = look
    form = f"+.{scale.digits}f"
    figure.add_scatter(
        x=of["difference"],
        y=[places[name] for name in of["called"]],
        error_x=bars(of["difference"], of["low"], of["high"], 1.8),
        mode="markers",
        name=effect,
        legendgroup=effect,
        showlegend=effect not in legend,
        marker={"color": color, "symbol": symbol, "size": 9, "line": {"width": 2, "color": color}},
        customdata=of[["low", "high", "n", "p_holm"]].to_numpy(),
        text=[theme.plain(name, 60) for name in of["called"]],
        hovertemplate=f"<b>%{{text}}</b><br>%{{x:{form}}} "
        f"[%{{customdata[0]:{form}}}, %{{customdata[1]:{form}}}], n = %{{customdata[2]}}"
        "<br>p (Holm) %{customdata[3]:.3f}<extra></extra>",
        row=1,
        col=column,
    )
    legend.add(effect)


def _add_sweep(
    figure: go.Figure,
    of: pd.DataFrame,
    line: str,
    place: int,
    places: Mapping[float, int],
    scale: Scale,
    column: int,
) -> None:
    color, symbol, dash = LINES[min(place, 1)]
    figure.add_scatter(
        x=[places[value] for value in of["value"]],
        y=of["mean"],
        error_y=bars(of["mean"], of["low"], of["high"], 1.6),
        mode="lines+markers",
        name=line or "LLMHNI",
        legendgroup=line,
        showlegend=column == 1,
        line={"color": color, "dash": dash, "width": 2},
        marker={"symbol": symbol, "size": 8},
        customdata=of[["low", "high", "n"]].to_numpy(),
        hovertemplate=f"%{{y:.{scale.digits}f}} [%{{customdata[0]:.{scale.digits}f}}, "
        f"%{{customdata[1]:.{scale.digits}f}}], n = %{{customdata[2]}}<extra></extra>",
        row=1,
        col=column,
    )


def _add_scheme(figure: go.Figure, row: Mapping[str, Any], column: int) -> None:
    look = scheme(str(row["scheme"]))
    table = pd.DataFrame([row])
    rate, hard = "false_negative_rate", "hardness"
    figure.add_scatter(
        x=table[hard],
        y=table[rate],
        error_x=bars(table[hard], table[f"{hard}_low"], table[f"{hard}_high"], 1.6),
        error_y=bars(table[rate], table[f"{rate}_low"], table[f"{rate}_high"], 1.6),
        mode="markers",  # six names beside six symbols would hide each other
        name=look.name,
        legendgroup=look.name,
        showlegend=column == 1,
        marker={"color": look.color, "symbol": look.symbol, "size": 12},
        hovertemplate=f"<b>{look.name}</b><br>false negatives %{{y:.2%}}<br>"
        f"hardness %{{x:.3f}}, n = {row['n']}<extra></extra>",
        row=1,
        col=column,
    )
