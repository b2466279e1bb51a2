"""Data maps: points of a sample, or counts by cell in a panel per verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.services.data_map import Cells, Sample
from app.ui import theme
from core.types import VERDICTS

X_TITLE, Y_TITLE = "Variability of the loss", "Mean loss"
SIZES: Final = {"clean": 4, "hard": 8, "noisy": 5}
OPACITIES: Final = {"clean": 0.4, "hard": 0.9, "noisy": 0.5}
FEW: Final = 1_000
"""Fewer points than this are drawn larger: they would be lost among the others."""
REGIONS: Final = ((0.02, 0.98, "hard to learn"), (0.98, 0.45, "ambiguous"), (0.02, 0.02, "easy"))
"""Share of the width, share of the height, name."""


def points(sample: Sample, verdicts: Sequence[str], key: str) -> go.Figure:
    """One point per interaction; ``customdata`` is its number.

    Args:
        sample: What to draw.
        verdicts: Which of them.
        key: Changes when other points are shown, so that no old selection stays.
    """
    figure = go.Figure()
    for verdict in VERDICTS:  # hard last: the fewest, on top
        rows = sample.points[sample.points["verdict"] == verdict]
        if verdict not in verdicts or rows.empty:
            continue
        total = sample.totals[verdict]
        shown = f"{len(rows):,}" if len(rows) == total else f"{len(rows):,} of {total:,}"
        figure.add_scattergl(
            x=rows["x"].astype("float32"),
            y=rows["y"].astype("float32"),
            customdata=rows["row"].to_numpy()[:, None],
            text=_labels(rows),
            name=f"{verdict} ({shown})",
            mode="markers",
            marker={
                "color": theme.VERDICT_COLORS[verdict],
                "symbol": theme.VERDICT_SYMBOLS[verdict],
                "size": SIZES[verdict] if len(rows) < FEW else 4,
                "opacity": OPACITIES[verdict] if len(rows) < FEW else 0.45,
            },
            unselected={"marker": {"opacity": 0.08}},
            hovertemplate="%{text}<br>mean %{y:.3f}, variability %{x:.3f}<extra></extra>",
        )
    # The order of drawing puts the many clean ones below; noisy ones would hide the few hard ones.
    figure.data = tuple(sorted(figure.data, key=lambda trace: -len(trace.x)))
    theme.frame(figure, 560, dragmode="lasso", uirevision=key, selectionrevision=key)
    figure.update_layout(
        legend={"itemsizing": "constant", "itemclick": False, "itemdoubleclick": False}
    )
    _name_regions(figure)
    figure.update_xaxes(title={"text": X_TITLE}, rangemode="tozero")
    figure.update_yaxes(title={"text": Y_TITLE}, rangemode="tozero")
    return figure


def _name_regions(figure: go.Figure) -> None:
    """Names of the parts of the map, at their places."""
    for x, y, name in REGIONS:
        side = "left" if x < 0.5 else "right"
        figure.add_annotation(
            xref="paper",
            yref="paper",
            x=x,
            y=y,
            xanchor=side,
            text=f"<i>{name}</i>",
            showarrow=False,
            opacity=0.7,
        )


def density(cells: Cells, verdicts: Sequence[str], sample: Sample, key: str) -> go.Figure:
    """A panel per verdict with the share of its interactions in each cell.

    A sample lies over it unseen: without points plotly selects nothing.
    """
    shown = [verdict for verdict in VERDICTS if verdict in verdicts]
    counts = {verdict: cells.counts[VERDICTS.index(verdict)] for verdict in shown}
    titles = [
        f"{theme.VERDICT_SIGNS[verdict]} {verdict} ({counts[verdict].sum():,})" for verdict in shown
    ]
    figure = make_subplots(
        1, len(shown), shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=titles
    )
    x, y = ((edges[:-1] + edges[1:]) / 2 for edges in (cells.x, cells.y))
    for column, verdict in enumerate(shown, 1):
        share = counts[verdict] / max(1, counts[verdict].sum())
        figure.add_heatmap(
            x=x,
            y=y,
            z=np.where(share > 0, np.log10(np.maximum(share, 1e-9)), np.nan),
            customdata=counts[verdict],
            coloraxis="coloraxis",
            hovertemplate="mean %{y:.2f}, variability %{x:.2f}<br>%{customdata:,} interactions"
            f"<extra>{verdict}</extra>",
            row=1,
            col=column,
        )
        rows = sample.points[sample.points["verdict"] == verdict].head(2_000)
        figure.add_scattergl(
            x=rows["x"].astype("float32"),
            y=rows["y"].astype("float32"),
            customdata=rows["row"].to_numpy()[:, None],
            mode="markers",
            marker={"opacity": 0, "size": 3},
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            hoverinfo="skip",
            showlegend=False,
            row=1,
            col=column,
        )
    theme.frame(figure, 520, dragmode="select", uirevision=key, selectionrevision=key)
    # Room above the titles for the tools of the figure.
    figure.update_layout(coloraxis=_scale(), margin={"t": 58})
    figure.update_xaxes(
        title={"text": X_TITLE}, range=[0, cells.x[-1]], matches="x", showgrid=False
    )
    figure.update_yaxes(range=[0, cells.y[-1]], showgrid=False)
    figure.update_yaxes(title={"text": Y_TITLE}, col=1)
    return figure


def _labels(rows: pd.DataFrame) -> list[str]:
    return [
        f"{theme.plain(str(user), 24)} → {theme.plain(str(title), 48)}<br>P(noisy) {p:.2f}"
        for user, title, p in zip(rows["user_id"], rows["title"], rows["p_noisy"], strict=True)
    ]


def _scale() -> dict[str, object]:
    ticks = [-5, -4, -3, -2, -1]
    return {
        "colorscale": theme.SCALE,
        "colorbar": {
            "title": {"text": "Share of<br>the verdict"},
            "tickvals": ticks,
            "ticktext": [f"{10.0**tick:.3%}".rstrip("0").rstrip(".%") + "%" for tick in ticks],
            "thickness": 12,
            "len": 0.9,
        },
    }
