"""What a loss cut costs: hard kept against noise removed."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app.services.loss_cut import Outcome
from app.ui import theme

LINES = {
    "loss": ("loss cut", theme.NEUTRAL, "dash"),
    "p_noisy": ("P(noisy) cut", theme.ACCENT, "solid"),
}


def tradeoff(curves: pd.DataFrame, cut: Outcome, verdicts: Outcome) -> go.Figure:
    """Both curves, the cut in force and what the verdicts do.

    Args:
        curves: Of :func:`app.services.loss_cut.tradeoff`.
        cut: What the loss cut does.
        verdicts: What dropping everything called noisy does.
    """
    figure = go.Figure()
    for signal, (name, color, dash) in LINES.items():
        curve = curves[curves["signal"] == signal]
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
    for outcome, name, color, symbol in (
        (cut, "this cut", theme.NEUTRAL, "square"),
        (verdicts, "verdicts", theme.ACCENT, "star"),
    ):
        figure.add_scatter(
            x=[outcome.noise_removed],
            y=[1 - outcome.hard_lost],
            name=name,
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 15 if symbol == "star" else 12,
                "color": color,
                "line": {"width": 1.5, "color": "#FFFFFF"},
            },
            hovertemplate=f"{name}<br>noise removed %{{x:.1%}}, hard kept %{{y:.1%}}"
            "<extra></extra>",
        )
    theme.frame(figure, 380)
    figure.update_xaxes(
        title={"text": "Noise removed"}, tickformat=".0%", range=[0, 1.01], dtick=0.2
    )
    figure.update_yaxes(title={"text": "Hard kept"}, tickformat=".0%", range=[0, 1.03], dtick=0.2)
    return figure
