"""Losses of single interactions over bands of the verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.ui import theme
from core.types import VERDICTS

LEAD = 0.025
"""Length of the lines from the curves to their numbers, as a share of the epochs."""
SHADES = {"clean": 0.16, "hard": 0.14, "noisy": 0.14}


def curves(
    chosen: pd.DataFrame,
    lines: pd.DataFrame,
    epochs: np.ndarray,
    bands: np.ndarray,
    axis: str,
) -> go.Figure:
    """Draw one line per interaction, numbered as in the table beside it.

    Args:
        chosen: Columns ``row, number, verdict, user_id, title``.
        lines: Columns ``row, epoch, loss``.
        epochs: ``(T,)``.
        bands: 10 %, 50 % and 90 % of the losses of each verdict, ``(T, 3, 3)``.
        axis: What the loss is.
    """
    figure = go.Figure()
    for place, verdict in enumerate(VERDICTS):
        _band(figure, epochs, bands[:, place], verdict)
    ends: list[tuple[float, float, int, str]] = []
    for one in chosen.to_dict("records"):
        line = lines[lines["row"] == one["row"]]
        if line.empty:
            continue
        color = theme.VERDICT_COLORS.get(str(one["verdict"]), theme.NEUTRAL)
        number = int(one["number"])
        label = f"{theme.plain(str(one['user_id']), 24)} → {theme.plain(str(one['title']), 40)}"
        figure.add_scatter(
            x=line["epoch"],
            y=line["loss"],
            mode="lines" if len(line) > 1 else "markers",
            showlegend=False,
            line={
                "color": color,
                "dash": theme.VERDICT_DASHES.get(str(one["verdict"]), "solid"),
                "width": 2,
            },
            # Data never becomes part of a template: plotly would fill in what looks like a field.
            text=[f"<b>{number}</b> {label}"] * len(line),
            hovertemplate="%{text}<br>epoch %{x}: %{y:.3f}<extra></extra>",
        )
        x, y = (float(line[name].iloc[-1]) for name in ("epoch", "loss"))
        ends.append((y, x, number, color))
    theme.frame(figure, 470, hovermode="closest")
    _numbers(figure, ends, float(np.nanmax([lines["loss"].max(), bands.max(), 1e-9])))
    figure.update_layout(margin={"r": 30})
    figure.update_xaxes(title={"text": "Epoch"})
    figure.update_yaxes(title={"text": axis}, rangemode="tozero")
    return figure


def _band(figure: go.Figure, epochs: np.ndarray, band: np.ndarray, verdict: str) -> None:
    color = theme.VERDICT_COLORS[verdict]
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    name = f"{verdict}: median, 10–90 %"
    figure.add_scatter(
        x=np.concatenate([epochs, epochs[::-1]]),
        y=np.concatenate([band[:, 0], band[::-1, 2]]),
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},{SHADES[verdict]})",
        line={"width": 0},
        mode="lines",
        legendgroup=verdict,
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=epochs,
        y=band[:, 1],
        mode="lines" if len(epochs) > 1 else "markers",
        line={"color": color, "width": 5, "dash": theme.VERDICT_DASHES[verdict]},
        opacity=0.45,
        name=name,
        legendgroup=verdict,
        hovertemplate=f"{verdict}, median %{{y:.3f}}<extra></extra>",
    )


def _numbers(figure: go.Figure, ends: list[tuple[float, float, int, str]], top: float) -> None:
    """Write the number of each line beside its end, in the colour of its verdict.

    Numbers in a crowd are moved apart; a thin line leads from each to the end of its curve.
    """
    ends = sorted(ends)
    right = max((x for _, x, *_ in ends), default=0.0)
    heights = spread([y for y, *_ in ends], 0.045 * top)
    leads: dict[str, tuple[list[float | None], list[float | None]]] = {}
    for (y, x, number, color), height in zip(ends, heights, strict=True):
        xs, ys = leads.setdefault(color, ([], []))
        reach = max(right, 1.0)
        xs += [x, right + LEAD * reach, None]
        ys += [y, height, None]
        figure.add_annotation(
            x=right + LEAD * reach,
            y=height,
            text=f"<b>{number}</b>",
            font={"color": color},
            showarrow=False,
            xanchor="left",
            xshift=2,
        )
    for color, (xs, ys) in leads.items():
        line = {"color": color, "width": 1}
        figure.add_scatter(
            x=xs, y=ys, mode="lines", line=line, opacity=0.6, showlegend=False, hoverinfo="skip"
        )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move ascending heights apart to at least ``gap``, each crowd around its own middle."""
    crowds: list[list[float]] = []  # each: sum of (height - gap * place), how many
    for place, height in enumerate(heights):
        crowds.append([height - gap * place, 1])
        while len(crowds) > 1 and crowds[-1][0] / crowds[-1][1] < crowds[-2][0] / crowds[-2][1]:
            total, n = crowds.pop()
            crowds[-1][0] += total
            crowds[-1][1] += n
    level = [total / n for total, n in crowds for _ in range(int(n))]
    return [base + gap * place for place, base in enumerate(level)]
