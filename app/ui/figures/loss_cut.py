"""What a loss cut costs: hard kept against noise removed."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app.services.loss_cut import Outcome, Outcomes
from app.ui import theme

LINES = {
    "loss": ("loss cut", theme.NEUTRAL, "dash"),
    "p_noisy": ("P(noisy) cut", theme.ACCENT, "solid"),
}


def tradeoff(curves: pd.DataFrame, now: Outcomes) -> go.Figure:
    """Both curves, the cuts compared, joined by a thin line, and what the verdicts do.

    Args:
        curves: Of :func:`app.services.loss_cut.tradeoff`.
        now: What the cut in force does, and what is compared with it.
    """
    figure = go.Figure()
    for signal, look in LINES.items():
        _curve(figure, curves[curves["signal"] == signal], *look)
    pair = (now.loss, now.p_noisy)
    figure.add_scatter(
        x=[outcome.noise_removed for outcome in pair],
        y=[1 - outcome.hard_lost for outcome in pair],
        mode="lines",
        line={"color": theme.NEUTRAL, "width": 1, "dash": "dot"},
        showlegend=False,
        hoverinfo="skip",
    )
    _mark(figure, now.loss, "this loss cut", theme.NEUTRAL, "square")
    _mark(figure, now.p_noisy, "as many by P(noisy)", theme.ACCENT, "circle")
    _mark(figure, now.verdict, "verdict noisy", theme.VERDICT_COLORS["noisy"], "star")
    theme.frame(figure, 400)
    figure.update_xaxes(
        title={"text": "Noise removed"}, tickformat=".0%", range=[0, 1.01], dtick=0.2
    )
    figure.update_yaxes(title={"text": "Hard kept"}, tickformat=".0%", range=[0, 1.03], dtick=0.2)
    return figure


def _curve(figure: go.Figure, curve: pd.DataFrame, name: str, color: str, dash: str) -> None:
    figure.add_scatter(
        x=curve["removed"],
        y=curve["kept"],
        customdata=curve["value"],
        name=name,
        mode="lines",
        line={"color": color, "dash": dash, "width": 2.5},
        hovertemplate=f"{name} from %{{customdata:.3f}}<br>noise removed %{{x:.1%}}, "
        "hard kept %{y:.1%}<extra></extra>",
    )


def _mark(figure: go.Figure, outcome: Outcome, name: str, color: str, symbol: str) -> None:
    figure.add_scatter(
        x=[outcome.noise_removed],
        y=[1 - outcome.hard_lost],
        name=f"{name} ({outcome.dropped:,})",
        mode="markers",
        marker={
            "symbol": symbol,
            "size": 15 if symbol == "star" else 12,
            "color": color,
            "line": {"width": 1.5, "color": "#FFFFFF"},
        },
        hovertemplate=f"{name}: {outcome.dropped:,} dropped<br>noise removed %{{x:.1%}}, "
        "hard kept %{y:.1%}<extra></extra>",
    )
