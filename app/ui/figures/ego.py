"""Figure of one user or item in the middle of its edges in both graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.services.graph_diff import DECISIONS, NEVER
from app.ui.theme import (
    EDGE_COLORS,
    EDGE_DASHES,
    NEUTRAL,
    VERDICT_COLORS,
    VERDICT_SYMBOLS,
    frame,
    plain,
)

MOST_LABELS: Final = 80
"""More names than this would lie over each other."""
_CLOCKWISE: Final = {"added": 0, "kept": 1, "weakened": 2, "dropped": 3}
"""Comers and goers meet at the top, where the eye starts."""
_COLORS: Final[Mapping[str, str]] = {**VERDICT_COLORS, NEVER: EDGE_COLORS["added"]}
_SYMBOLS: Final[Mapping[str, str]] = {**VERDICT_SYMBOLS, NEVER: "square"}
_WIDTHS: Final = {"kept": 1.0, "weakened": 1.6, "dropped": 1.8, "added": 2.0}


@dataclass(frozen=True)
class Centre:
    """The node in the middle."""

    kind: str
    """``user`` or ``item``."""
    id: str
    name: str
    """What to call it: its title or id."""


def ego(
    centre: Centre, edges: pd.DataFrame, ink: str, second: pd.DataFrame | None = None
) -> go.Figure:
    """A node in the middle, its neighbours around it, and perhaps nodes two steps away.

    ``customdata`` of every node is its kind and id, so a click tells which one is meant.

    Args:
        centre: The node.
        edges: Its edges on show, as :func:`app.services.ego.around` gives them.
        ink: Colour of text on the ground of the page.
        second: Edges of the second step, as :func:`app.services.ego.second_hop` gives them.
    """
    edges = edges.assign(turn=edges["decision"].map(_CLOCKWISE))
    edges = edges.sort_values(["turn", "verdict", "far"], ignore_index=True)
    x, y = _ring(len(edges))
    edges = edges.assign(x=x, y=y)
    named = len(edges) <= MOST_LABELS and second is None
    figure = go.Figure()
    if second is not None and len(second):
        _second_step(figure, centre.kind, edges, second)
    for decision in DECISIONS:
        rows = edges[edges["decision"] == decision]
        if len(rows):
            ends = pd.DataFrame({"x0": 0.0, "y0": 0.0, "x1": rows["x"], "y1": rows["y"]})
            _lines(figure, ends, decision, f"{decision} {len(rows):,}", 1.0 if named else 0.6)
    for verdict in _COLORS:
        rows = edges[edges["verdict"] == verdict]
        if len(rows):
            _neighbours(figure, centre.kind, rows, verdict, named, ink)
    _middle(figure, centre, ink)
    width = 2.6 if named else 1.25 if second is None else 2.1
    hidden = {"visible": False, "fixedrange": False}
    return frame(
        figure,
        max(440, 15 * len(edges) // 2 + 110) if named else 620,
        xaxis={**hidden, "range": [-width, width]},
        yaxis={**hidden, "range": [-1.12, 1.12]},
        hovermode="closest",
        dragmode="pan",
        margin={"l": 8, "r": 8, "t": 48, "b": 8},
    )


def _ring(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Places on a circle, clockwise from the top, evenly apart in height so that names fit."""
    right = (n + 1) // 2
    heights = [1 - 2 * (np.arange(side) + 0.5) / max(1, side) for side in (right, n - right)]
    y = np.concatenate([heights[0], heights[1][::-1]])
    x = 0.25 + 0.75 * np.sqrt(np.maximum(0.0, 1 - y**2))
    x[right:] *= -1
    return x, y


def _lines(
    figure: go.Figure, ends: pd.DataFrame, decision: str, name: str = "", scale: float = 1.0
) -> None:
    """Draw edges as one line with gaps; columns ``x0, y0, x1, y1``; faint without a name."""
    gap = np.full(len(ends), np.nan)
    figure.add_scatter(
        x=np.stack([ends["x0"], ends["x1"], gap], axis=1).ravel(),
        y=np.stack([ends["y0"], ends["y1"], gap], axis=1).ravel(),
        mode="lines",
        name=name,
        showlegend=bool(name),
        opacity=0.9 if name else 0.45,
        line={
            "color": EDGE_COLORS[decision],
            "dash": EDGE_DASHES[decision],
            "width": scale * _WIDTHS[decision] if name else 1.0,
        },
        hoverinfo="skip",
    )


def _neighbours(
    figure: go.Figure, kind: str, rows: pd.DataFrame, verdict: str, named: bool, ink: str
) -> None:
    far_kind = "item" if kind == "user" else "user"
    names = rows["title"].fillna("") if kind == "user" else rows["far_id"]
    shown = [plain(str(name), 30) for name in names.where(names != "", rows["far_id"])]
    figure.add_scatter(
        x=rows["x"],
        y=rows["y"],
        mode="markers+text" if named else "markers",
        name=f"{verdict} {len(rows):,}",
        text=shown,
        textposition=["middle right" if x > 0 else "middle left" for x in rows["x"]],
        textfont={"size": 12, "color": ink},
        cliponaxis=False,
        marker={"color": _COLORS[verdict], "symbol": _SYMBOLS[verdict], "size": 10 if named else 8},
        customdata=[[far_kind, far] for far in rows["far_id"]],
        hovertext=[_about(row) for _, row in rows.iterrows()],
        hoverinfo="text",
    )


def _about(row: pd.Series) -> str:
    title = "" if pd.isna(row["title"]) else f"<b>{plain(str(row['title']), 60)}</b><br>"
    p_noisy = "–" if pd.isna(row["p_noisy"]) else f"{row['p_noisy']:.3f}"
    return (
        f"{title}{plain(str(row['far_id']), 40)}<br>"
        f"{row['decision']}, weight {row['weight']:.2f}<br>"
        f"{row['verdict']}, P(noisy) {p_noisy}<br>{plain(str(row['reason']), 80)}"
    )


def _middle(figure: go.Figure, centre: Centre, ink: str) -> None:
    figure.add_scatter(
        x=[0],
        y=[0],
        mode="markers",
        showlegend=False,
        marker={"color": ink, "size": 20},
        customdata=[[centre.kind, centre.id]],
        hovertext=[f"<b>{plain(centre.name, 60)}</b><br>{plain(centre.id, 40)}"],
        hoverinfo="text",
    )


def _second_step(figure: go.Figure, kind: str, edges: pd.DataFrame, second: pd.DataFrame) -> None:
    """Nodes two steps away on both flanks, each at the height of what it is tied to."""
    near = edges.set_index("far")[["x", "y"]]
    ties = second.join(near, on="near")
    nodes = ties.groupby(["number", "id"], as_index=False).agg(
        x=("x", "mean"), y=("y", "mean"), shared=("near", "size")
    )
    nodes = nodes.sort_values("x", ignore_index=True)
    side = np.where(nodes.index < len(nodes) / 2, -1.0, 1.0)
    order = nodes["y"].groupby(side).rank(method="first")
    per_side = nodes["y"].groupby(side).transform("size")
    nodes = nodes.assign(x=1.75 * side, y=2 * (order - 0.5) / per_side - 1)
    ends = ties.merge(nodes[["number", "x", "y"]], on="number", suffixes=("0", "1"))
    for decision, rows in ends.groupby("decision"):
        _lines(figure, rows, str(decision))
    figure.add_scatter(
        x=nodes["x"],
        y=nodes["y"],
        mode="markers",
        name=f"two steps away {len(nodes):,}",
        marker={"color": NEUTRAL, "symbol": "circle-open", "size": 12, "line": {"width": 2}},
        customdata=[[kind, name] for name in nodes["id"]],
        hovertext=[
            f"{plain(str(name), 40)}<br>{shared} shown neighbours in common"
            for name, shared in zip(nodes["id"], nodes["shared"], strict=True)
        ],
        hoverinfo="text",
    )
