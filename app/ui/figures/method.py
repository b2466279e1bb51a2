"""Figures of the Method page: one p_noisy taken apart, the grades, the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from app.ui import theme
from app.ui.wording import GRADES

ODDS: Final = (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.99)
"""Probabilities named on a scale of log-odds."""


def waterfall(example: Mapping[str, Any], threshold: float | None) -> go.Figure:
    """How the log-odds of one p_noisy came together, step by step, on a scale of probabilities.

    Args:
        example: From :func:`app.services.method.example`.
        threshold: p_noisy from which an interaction is noisy.
    """
    moves = [("Language", example["from_language"]), ("Behaviour", example["from_behaviour"])]
    if example["from_grades"]:
        moves.append(("Grades alone", example["from_grades"]))
    figure = go.Figure()
    at = float(example["base"])
    ends = [at]
    _state(figure, "Average evidence", at)
    for name, move in moves:
        _move(figure, name, at, float(move))
        at += float(move)
        ends.append(at)
    _state(figure, "P(noisy)", at, str(example["verdict"]))
    limits = [*ends, *([_logit(threshold)] if threshold is not None else [])]
    room = 0.15 * max(max(limits) - min(limits), 0.5)
    if threshold is not None:
        _threshold(figure, threshold)
    theme.frame(figure, 84 + 38 * len(figure.data), showlegend=False, bargap=0.4)
    figure.update_layout(margin={"r": 150, "t": 28})
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)
    figure.update_xaxes(
        range=[min(limits) - room, max(limits) + room],
        tickvals=[_logit(value) for value in ODDS],
        ticktext=[f"{value:.1%}" if value < 0.01 else f"{value:.0%}" for value in ODDS],
        title={"text": "P(noisy), on a scale of log-odds"},
    )
    return figure


def grade_matrix(cells: pd.DataFrame) -> go.Figure:
    """Judged train interactions by both grades; the colour is the planted noise where it is known.

    Args:
        cells: From :func:`app.services.method.grade_matrix`.
    """
    known = bool(cells["noise"].notna().any())
    total = max(1, int(cells["n"].sum()))
    shade = cells["noise"] / cells["n"].where(cells["n"] > 0) if known else cells["n"] / total
    cells = cells.assign(shade=shade, share=cells["n"] / total)
    figure = go.Figure()
    figure.add_heatmap(
        x=list(GRADES.values()),
        y=list(GRADES.values()),
        z=_square(cells, "shade"),
        text=_square(cells.assign(said=_said(cells, known)), "said"),
        customdata=_square(cells, "n"),
        texttemplate="%{text}",
        textfont={"size": 14},
        colorscale=theme.SCALE,
        zmin=0,
        xgap=3,
        ygap=3,
        colorbar={
            "title": {
                "text": "planted noise" if known else "share of all",
                "side": "right",
                "font": {"size": 12},
            },
            "tickformat": ".0%",
            "thickness": 10,
            "len": 0.9,
            "outlinewidth": 0,
        },
        hovertemplate="user's view %{y}, item's view %{x}<br>%{customdata:,} interactions"
        "<extra></extra>",
    )
    theme.frame(figure, 330, margin={"l": 8, "r": 8, "t": 12, "b": 8})
    figure.update_xaxes(title={"text": "item's view"}, ticks="", showgrid=False)
    figure.update_yaxes(title={"text": "user's view"}, ticks="", showgrid=False)
    return figure


def calibration(bins: pd.DataFrame, threshold: float | None) -> go.Figure:
    """Planted noise in bins of p_noisy, with intervals; on the line, p_noisy is as it says.

    Args:
        bins: From :func:`app.services.method.calibration`.
        threshold: p_noisy from which an interaction is noisy.
    """
    most = 1.08 * max(0.05, float(bins["p_noisy"].max()), float(bins["high"].max()))
    figure = go.Figure()
    figure.add_scatter(
        x=[0, most],
        y=[0, most],
        name="as it says",
        mode="lines",
        line={"color": theme.NEUTRAL, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=bins["p_noisy"],
        y=bins["share"],
        customdata=bins[["noise", "n"]].to_numpy(),
        name="measured, 95 % interval",
        mode="lines+markers",
        line={"color": theme.ACCENT, "width": 2},
        marker={"size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": bins["high"] - bins["share"],
            "arrayminus": bins["share"] - bins["low"],
            "thickness": 1.5,
            "width": 4,
        },
        hovertemplate="P(noisy) %{x:.1%}: %{customdata[0]:,} of %{customdata[1]:,} are noise, "
        "%{y:.1%}<extra></extra>",
    )
    theme.frame(figure, 330)
    figure.update_xaxes(
        title={"text": "mean P(noisy) of the bin"}, tickformat=".0%", range=[0, most]
    )
    figure.update_yaxes(title={"text": "planted noise"}, tickformat=".0%", range=[0, most])
    if threshold is not None and threshold < most:
        figure.add_vline(x=threshold, line={"color": theme.VERDICT_COLORS["noisy"], "dash": "dot"})
        figure.add_annotation(
            x=threshold, y=0.02, yref="paper", text=" noisy from here", showarrow=False,
            xanchor="left", font={"size": 12},
        )  # fmt: skip
    return figure


def _state(figure: go.Figure, name: str, at: float, verdict: str = "") -> None:
    """A place on the scale: where it begins, where it ends."""
    sign = theme.VERDICT_SIGNS.get(verdict, "")
    color = theme.VERDICT_COLORS.get(verdict, theme.NEUTRAL)
    figure.add_scatter(
        x=[at],
        y=[name],
        mode="markers",
        marker={
            "symbol": theme.VERDICT_SYMBOLS.get(verdict, "line-ns-open"),
            "size": 13,
            "color": color,
            "line": {"width": 2, "color": color},
        },
        cliponaxis=False,
        hovertemplate=f"log-odds %{{x:.2f}}, P(noisy) {_probability(at):.1%}<extra></extra>",
    )
    _beside(figure, name, f"<b>{_probability(at):.1%}</b>  {sign} {verdict if sign else ''}")


def _move(figure: go.Figure, name: str, start: float, move: float) -> None:
    towards = "noisy" if move > 0 else "clean"
    figure.add_bar(
        base=[start],
        x=[move],
        y=[name],
        orientation="h",
        marker={
            "color": theme.VERDICT_COLORS[towards],
            "pattern": theme.pattern(theme.VERDICT_PATTERNS[towards]),
        },
        hovertemplate=f"{name} {move:+.2f} log-odds<extra></extra>",
    )
    signed = f"{move:+.2f}".replace("-", "−")
    _beside(figure, name, f"{signed}  →  {_probability(start + move):.1%}")


def _beside(figure: go.Figure, name: str, text: str) -> None:
    """What a row of the waterfall says, in a column of its own right of the plot."""
    figure.add_annotation(
        x=1, xref="paper", xshift=10, xanchor="left", y=name, text=text, showarrow=False
    )


def _threshold(figure: go.Figure, threshold: float) -> None:
    figure.add_vline(
        x=_logit(threshold), line={"color": theme.VERDICT_COLORS["noisy"], "dash": "dot"}
    )
    figure.add_annotation(
        x=_logit(threshold),
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"noisy from {threshold:.1%}",
        showarrow=False,
        font={"size": 12},
    )


def _said(cells: pd.DataFrame, known: bool) -> list[str]:
    rows = zip(cells["n"], cells["share"], cells["shade"], strict=True)
    if known:
        return [f"<b>{n:,}</b><br>{shade:.0%} noise" if n else "<b>0</b>" for n, _, shade in rows]
    return [f"<b>{n:,}</b><br>{share:.1%}" for n, share, _ in rows]


def _square(cells: pd.DataFrame, column: str) -> list[list[Any]]:
    """A column as three rows (user's view) of three (item's view)."""
    wide = cells.pivot_table(
        index="user_grade", columns="item_grade", values=column, aggfunc="first", dropna=False
    )
    return [list(row) for row in wide.reindex(index=range(3), columns=range(3)).to_numpy()]


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
