"""Loss and validation of a run while it is trained."""

from __future__ import annotations

from typing import Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.ui import theme

STAGES: Final = {
    "pretrain": ("Plain recommender", theme.NEUTRAL, "dot"),
    "train": ("Final training", theme.ACCENT, "solid"),
}
"""Stage -> its name, colour and dash."""
SECOND_DASH: Final = "dash"
"""Of the second model that a stage trains."""
PANELS: Final = {"loss": "Loss (train)", "recall@20": "Recall@20 (validation)"}


def curves(points: pd.DataFrame) -> go.Figure:
    """Draw loss and Recall@20 by epoch, side by side.

    Args:
        points: Columns ``stage, part, epoch, name, value``, sorted by epoch within the others.
    """
    figure = make_subplots(1, len(PANELS), subplot_titles=list(PANELS.values()))
    known = points[points["stage"].isin(STAGES)]
    for (stage, part), rows in known.groupby(["stage", "part"], sort=True):
        title, color, dash = STAGES[str(stage)]
        number = int(str(part))
        name = title if number == 0 else f"{title}, model {number + 1}"
        for column, measure in enumerate(PANELS, start=1):
            line = rows[rows["name"] == measure]
            figure.add_scatter(
                x=line["epoch"],
                y=line["value"],
                mode="lines+markers" if len(line) < 40 else "lines",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                line={"color": color, "dash": dash if number == 0 else SECOND_DASH, "width": 2},
                marker={"size": 5},
                hovertemplate="epoch %{x}: %{y:.4f}<extra></extra>",
                row=1,
                col=column,
            )
    theme.frame(figure, 270, uirevision="jobs")
    figure.update_layout(margin={"t": 46}, legend={"y": 1.12})
    figure.update_annotations(font={"size": 13})
    figure.update_xaxes(title={"text": "Epoch"}, rangemode="tozero")
    return figure
