"""Figures of the card of one interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from app.ui import theme

SIGNAL_NAMES: Final[Mapping[str, str]] = {
    "loss": "Loss",
    "score": "Model score",
    "semantic": "Semantic",
    "text_among_users": "Text",
    "logical": "Grades",
    "p_noisy": "P(noisy)",
}
NOISY_WHEN_HIGH: Final = ("loss", "p_noisy")
"""Of the others, low values speak for noise."""
FADED: Final = 0.55
IN_SAMPLE: Final = "#56A8DC"


def moves(pushes: Mapping[str, float]) -> go.Figure:
    """What each kind of evidence did to the log-odds of p_noisy, and their sum.

    Args:
        pushes: Name -> log-odds, positive towards noise.
    """
    bars = {**pushes, "Together": sum(pushes.values())}
    reach = 1.35 * max(0.25, *(abs(value) for value in bars.values()))
    figure = go.Figure()
    for name, value in bars.items():
        color = theme.VERDICT_COLORS["noisy" if value > 0 else "clean"]
        whole = name == "Together"
        figure.add_bar(
            x=[value],
            y=[name],
            orientation="h",
            marker={
                "color": "rgba(0,0,0,0)" if whole else color,
                "line": {"color": color, "width": 2 if whole else 0},
            },
            text=[f"{value:+.2f}"],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{name}: %{{x:+.3f}}<extra></extra>",
        )
    theme.frame(figure, 46 + 30 * len(bars), showlegend=False, bargap=0.35)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 4, "b": 4})
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)
    figure.update_xaxes(
        range=[-reach, reach],
        tickvals=[-reach * 0.5, 0, reach * 0.5],
        ticktext=["← genuine", "", "noise →"],
        ticks="",
        showgrid=False,
        fixedrange=True,
    )
    figure.add_vline(x=0, line={"color": theme.NEUTRAL, "width": 1})
    return figure


def standing(table: pd.DataFrame, verdict: str) -> go.Figure:
    """Where each signal stands: a strip per signal, from its lowest value to its highest.

    Args:
        table: Columns ``signal, value, below`` of
            :func:`app.services.interaction.standing`.
        verdict: Its sign marks the places.
    """
    names = [SIGNAL_NAMES[signal] for signal in table["signal"]]
    steps = [step / 50 for step in range(51)]
    shades = [steps if signal in NOISY_WHEN_HIGH else steps[::-1] for signal in table["signal"]]
    figure = go.Figure()
    figure.add_heatmap(
        x=steps,
        y=names,
        z=shades,
        colorscale=[list(stop) for stop in theme.DIVERGING],
        opacity=FADED,
        showscale=False,
        ygap=14,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=table["below"],
        y=names,
        customdata=table["value"],
        mode="markers",
        marker={
            "symbol": theme.VERDICT_SYMBOLS.get(verdict, "circle"),
            "size": 12,
            "color": "#FFFFFF",
            "line": {"color": "#20242B", "width": 2},
        },
        hovertemplate="%{y} %{customdata:.3f}<br>above %{x:.1%} of the interactions<extra></extra>",
    )
    _say_places(figure, names, table)
    theme.frame(figure, 46 + 30 * len(names), showlegend=False)
    figure.update_layout(margin={"l": 4, "r": 90, "t": 4, "b": 4})
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False)
    figure.update_xaxes(
        range=[-0.04, 1.04], tickformat=".0%", tickvals=[0, 0.5, 1], showgrid=False, fixedrange=True
    )
    return figure


def _say_places(figure: go.Figure, names: Sequence[str], table: pd.DataFrame) -> None:
    """Value and place of each signal, right of its strip."""
    for name, value, below in zip(names, table["value"], table["below"], strict=True):
        figure.add_annotation(
            x=1.01,
            xref="paper",
            y=name,
            text=f"{value:.2f} · {below:.0%}",
            showarrow=False,
            xanchor="left",
            font={"size": 12},
        )


def curve(table: pd.DataFrame, mean: pd.DataFrame) -> go.Figure:
    """Loss by epoch: out of fold, in sample, and out of fold of all interactions on average.

    Args:
        table: Columns ``epoch, loss, loss_in_sample`` of
            :func:`app.services.interaction.curve`.
        mean: Columns ``epoch, loss`` of :func:`app.services.interaction.mean_curve`.
    """
    figure = go.Figure()
    for name, x, y, line in (
        ("all, mean", mean["epoch"], mean["loss"], {"color": theme.NEUTRAL, "dash": "dot"}),
        (
            "in sample",
            table["epoch"],
            table["loss_in_sample"],
            {"color": IN_SAMPLE, "dash": "dash"},
        ),
        ("out of fold", table["epoch"], table["loss"], {"color": theme.ACCENT, "dash": "solid"}),
    ):
        figure.add_scatter(
            x=x,
            y=y,
            name=name,
            mode="lines" if len(x) > 1 else "markers",
            line={**line, "width": 2},
            hovertemplate=f"{name} %{{y:.3f}}<extra></extra>",
        )
    theme.frame(figure, 210, hovermode="x unified")
    figure.update_layout(margin={"l": 4, "r": 4, "t": 28, "b": 4})
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_xaxes(title={"text": "Epoch"})
    figure.update_yaxes(rangemode="tozero", title={"text": "Loss"}, nticks=5)
    return figure
