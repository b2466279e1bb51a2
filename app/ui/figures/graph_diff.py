"""Figures of both graphs as a whole: flows from verdicts to decisions, and degrees."""

from __future__ import annotations

from typing import Final

import pandas as pd
import plotly.graph_objects as go

from app.services.graph_diff import DECISIONS, NEVER
from app.ui import theme
from app.ui.theme import EDGE_COLORS, EDGE_SIGNS, NEUTRAL, VERDICT_COLORS, VERDICT_SIGNS, frame
from core.types import VERDICTS

GRAPH_DASHES: Final = {"original": "dash", "refined": "solid"}


def flows(counts: pd.DataFrame, ink: str) -> go.Figure:
    """Sankey diagram from verdict to decision.

    Args:
        counts: Columns ``verdict``, ``decision``, ``n`` of
            :func:`app.services.graph_diff.flows`.
        ink: Colour of text on the ground of the page.
    """
    pairs = counts.groupby(["verdict", "decision"], as_index=False)["n"].sum()
    left = [name for name in (*VERDICTS, NEVER) if name in set(pairs["verdict"])]
    right = [name for name in DECISIONS if name in set(pairs["decision"])]
    of_left = pairs.groupby("verdict")["n"].sum()
    of_right = pairs.groupby("decision")["n"].sum()
    signs = {**VERDICT_SIGNS, NEVER: "○"}
    labels = [f"{signs[name]} {name} {of_left[name]:,}" for name in left]
    labels += [f"{EDGE_SIGNS[name]} {name} {of_right[name]:,}" for name in right]
    colors = [VERDICT_COLORS.get(name, NEUTRAL) for name in left]
    colors += [EDGE_COLORS[name] for name in right]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"color": ink, "size": 14},
            node={
                "label": labels,
                "color": colors,
                "pad": 22,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label} edges<extra></extra>",
            },
            link={
                "source": [left.index(name) for name in pairs["verdict"]],
                "target": [len(left) + right.index(name) for name in pairs["decision"]],
                "value": pairs["n"],
                "color": [theme.faint(EDGE_COLORS[name], 0.35) for name in pairs["decision"]],
                "hovertemplate": "%{source.label} → %{target.label}<br>"
                "%{value:,} edges<extra></extra>",
            },
        )
    )
    return frame(figure, 340, margin={"l": 8, "r": 8, "t": 12, "b": 12})


def degrees(shares: pd.DataFrame, kind: str, ink: str) -> go.Figure:
    """Share of the nodes with at least so many edges, both axes logarithmic.

    Args:
        shares: Columns ``kind``, ``graph``, ``degree``, ``share`` of
            :func:`app.services.graph_diff.degrees`.
        kind: ``user`` or ``item``.
        ink: Colour of text on the ground of the page.
    """
    ticks = _ticks(shares.loc[shares["kind"] == kind, "degree"])
    figure = go.Figure()
    for graph, dash in GRAPH_DASHES.items():
        rows = shares[(shares["kind"] == kind) & (shares["graph"] == graph)]
        figure.add_scatter(
            x=rows["degree"],
            y=rows["share"],
            name=graph,
            mode="lines",
            line={
                "color": ink if graph == "refined" else NEUTRAL,
                "dash": dash,
                "width": 2.5,
                "shape": "vh",
            },
            hovertemplate=f"{graph}: %{{y:.1%}} have %{{x:,.4~g}} or more<extra></extra>",
        )
    return frame(
        figure,
        320,
        xaxis={
            "type": "log",
            "title": {"text": f"Edges of the {kind}"},
            "tickvals": ticks,
            "ticktext": [f"{tick:,g}" for tick in ticks],
        },
        yaxis={
            "type": "log",
            "title": {"text": f"Share of {kind}s with at least as many"},
            "tickvals": [10.0**-power for power in range(8)],
            "ticktext": [f"{100 * 10.0**-power:g}%" for power in range(8)],
        },
    )


def _ticks(degrees: pd.Series) -> list[float]:
    """Round numbers along a logarithmic axis: more of them where it spans little."""
    narrow = len(degrees) > 0 and degrees.max() < 15 * degrees.min()
    steps = (1, 2, 3, 4, 5, 7) if narrow else (1, 2, 5)
    return [float(step * 10.0**power) for power in range(-1, 7) for step in steps]
