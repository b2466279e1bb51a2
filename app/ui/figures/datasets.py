"""Figure of a dataset: how unevenly interactions are spread over users or items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.ui import theme


def long_tail(degrees: pd.DataFrame, whom: str) -> go.Figure:
    """Share of users (or items) and of their interactions, by number of interactions.

    Args:
        degrees: Columns ``degree`` (at least 1) and ``n``.
        whom: ``users`` or ``items``.
    """
    names, owners, interactions = bins(degrees)
    figure = go.Figure()
    for label, values, color, pattern in (
        (f"of the {whom}", owners, theme.NEUTRAL, ""),
        ("of the interactions", interactions, theme.ACCENT, "/"),
    ):
        total = max(values.sum(), 1)
        figure.add_bar(
            x=names,
            y=values / total,
            name=label,
            marker={"color": color, "pattern": theme.pattern(pattern), "line": {"width": 0}},
            customdata=values,
            hovertemplate="%{y:.1%} " + label + " (%{customdata:,})<extra></extra>",
        )
    theme.frame(figure, 300, barmode="group", bargap=0.25, bargroupgap=0.05, hovermode="x unified")
    one = whom.removesuffix("s")
    figure.update_xaxes(title=f"Train interactions of the {one}", type="category")
    figure.update_yaxes(tickformat=".0%", title="Share", rangemode="tozero")
    return figure


def bins(degrees: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Sum up by powers of two: 1, 2-3, 4-7 ...

    Returns:
        Names of the bins, owners in each, interactions in each; all ``(B,)``.
    """
    degree = degrees["degree"].to_numpy(np.int64)
    n = degrees["n"].to_numpy(np.int64)
    if not len(degree):
        return [], np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.floor(np.log2(degree)).astype(np.int64)
    first, size = int(place.min()), int(place.max()) + 1
    names = [
        "1" if power == 0 else f"{2**power:,}–{2 ** (power + 1) - 1:,}"
        for power in range(first, size)
    ]
    owners = np.bincount(place, weights=n, minlength=size)[first:]
    held = np.bincount(place, weights=n * degree, minlength=size)[first:]
    return names, owners.astype(np.int64), held.astype(np.int64)
