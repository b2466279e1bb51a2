"""Plotly figures: values in, figure out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from core.types import VERDICTS, Verdict

VERDICT_COLORS: Mapping[Verdict, str] = {
    "clean": "#2A7FC4",
    "hard": "#CA8400",
    "noisy": "#B83462",
}
"""Apart for colour-blind eyes, on white and on black; the theme has the same three."""

VERDICT_DASHES: Mapping[Verdict, str] = {"clean": "solid", "hard": "dash", "noisy": "dot"}
VERDICT_PATTERNS: Mapping[Verdict, str] = {"clean": "", "hard": "/", "noisy": "x"}


def verdict_shares(counts: Mapping[Verdict, int]) -> go.Figure:
    """One bar, divided by verdict."""
    total = max(1, sum(counts.values()))
    figure = go.Figure()
    for verdict in VERDICTS:
        share = counts.get(verdict, 0) / total
        figure.add_bar(
            x=[share],
            y=[""],
            orientation="h",
            name=verdict,
            marker={
                "color": VERDICT_COLORS[verdict],
                "pattern": {"shape": VERDICT_PATTERNS[verdict]},
            },
            hovertemplate=f"{verdict}: %{{x:.1%}}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=80,
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        legend={"orientation": "h", "traceorder": "normal", "y": 1, "yanchor": "bottom"},
        xaxis={"visible": False, "range": [0, 1]},
        yaxis={"visible": False},
    )
    return figure


def loss_by_verdict(histogram: pd.DataFrame) -> go.Figure:
    """Distribution of the loss within each verdict, as steps of equal area.

    Args:
        histogram: Columns ``bin, left, right, verdict, n`` of
            :func:`app.services.store.loss_histogram`.
    """
    figure = go.Figure()
    for verdict in VERDICTS:
        rows = histogram[histogram["verdict"] == verdict]
        if rows.empty:
            continue
        steps = _steps(rows)
        figure.add_scatter(
            x=steps["loss"],
            y=steps["n"] / rows["n"].sum(),
            customdata=steps["n"],
            name=f"{verdict} ({rows['n'].sum():,})",
            mode="lines",
            line={
                "color": VERDICT_COLORS[verdict],
                "dash": VERDICT_DASHES[verdict],
                "width": 2.5,
                "shape": "hv",
            },
            hovertemplate="loss %{x:.3f}: %{customdata:,} interactions, %{y:.1%}",
        )
    figure.update_layout(
        height=360,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis={"title": {"text": "Out-of-fold loss"}},
        yaxis={
            "title": {"text": "Share of the verdict"},
            "tickformat": ".0%",
            "rangemode": "tozero",
        },
        legend={"orientation": "h", "y": 1.12},
        hovermode="x",
    )
    return figure


def _steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Left edges and counts of one verdict, with the empty bins, closed by a zero."""
    width = float(rows["right"].iloc[0] - rows["left"].iloc[0])
    low = float(rows["left"].iloc[0]) - width * int(rows["bin"].iloc[0])
    counts = rows.set_index("bin")["n"].reindex(
        range(int(rows["bin"].min()) - 1, int(rows["bin"].max()) + 2), fill_value=0
    )
    return pd.DataFrame({"loss": low + width * counts.index.to_numpy(), "n": counts.to_numpy()})
