"""Figures of the page Judge: grades of both views, grades by place, grades and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from app.ui import theme
from app.ui.wording import GRADES

NAMES: Final = list(GRADES.values())
SIDES: Final = {
    "user": ("user's view", theme.ACCENT, "circle"),
    "item": ("item's view", theme.NEUTRAL, "diamond"),
}
"""View -> its name, colour and symbol."""


def matrix(
    counts: Sequence[Sequence[int]], rows: str, columns: str, most: float = 0.0
) -> go.Figure:
    """Pairs by two grades, with counts and shares; the colour is the share.

    Args:
        counts: 3 x 3, rows = first grade, columns = second; Low, Mid, High.
        rows: What the rows are.
        columns: What the columns are.
        most: Share of the brightest colour, to compare several figures; the largest one if 0.
    """
    total = max(1, sum(map(sum, counts)))
    shares = [[n / total for n in line] for line in counts]
    figure = go.Figure()
    figure.add_heatmap(
        x=NAMES,
        y=NAMES,
        z=shares,
        text=[[f"{n:,}<br>{n / total:.1%}" for n in line] for line in counts],
        customdata=counts,
        texttemplate="%{text}",
        textfont={"size": 13},
        colorscale=theme.SCALE,
        zmin=0,
        zmax=most or max(0.01, max(map(max, shares))),
        xgap=3,
        ygap=3,
        showscale=False,
        hovertemplate=f"{rows} %{{y}}, {columns} %{{x}}<br>%{{customdata:,}} pairs, %{{z:.1%}}"
        "<extra></extra>",
    )
    theme.frame(figure, 290, margin={"l": 8, "r": 8, "t": 28, "b": 8})
    figure.update_xaxes(title={"text": columns}, ticks="", showgrid=False)
    figure.update_yaxes(title={"text": rows}, ticks="", showgrid=False)
    return figure


def places(found: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Share of High by the place in the call, beside what the same calls give without bias.

    Args:
        found: ``places`` of :func:`core.judge.position.position_bias`.
    """
    at = [one["position"] + 1 for one in found]
    shares = [one["high_share"] for one in found]
    figure = go.Figure()
    figure.add_scatter(
        x=at,
        y=[one["expected_high"] for one in found],
        name="expected without bias",
        mode="lines",
        line={"color": theme.NEUTRAL, "dash": "dash", "width": 2},
        hovertemplate="expected %{y:.1%}<extra></extra>",
    )
    figure.add_scatter(
        x=at,
        y=[one["share"] for one in shares],
        error_y=_interval(shares),
        customdata=[one["n"] for one in shares],
        name="share graded High",
        mode="markers+lines",
        line={"color": theme.ACCENT, "width": 1.5},
        marker={"size": 8},
        hovertemplate="place %{x}: %{y:.1%} of %{customdata:,}<extra></extra>",
    )
    theme.frame(figure, 290)
    figure.update_xaxes(
        title={"text": "Place in the call"},
        dtick=1 if len(at) < 12 else 2,
        range=[0.5, len(at) + 0.5],
    )
    figure.update_yaxes(
        title={"text": "Graded High"},
        tickformat=".0%",
        rangemode="tozero",
        range=[0, _most(shares)],
    )
    return figure


def genuine(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> go.Figure:
    """Share of genuine pairs by grade, as people say, of each view.

    Args:
        found: View -> shares of Low, Mid, High with ``n``, ``share``, ``low``, ``high``.
    """
    figure = go.Figure()
    for place, (view, (name, color, symbol)) in enumerate(SIDES.items()):
        known = [(k, one) for k, one in enumerate(found[view]) if one["n"]]
        shares = [one for _, one in known]
        figure.add_scatter(
            x=[k + 0.12 * (2 * place - 1) for k, _ in known],
            y=[one["share"] for one in shares],
            error_y=_interval(shares),
            customdata=[one["n"] for one in shares],
            name=name,
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 11},
            hovertemplate=name + ": %{y:.1%} of %{customdata:,} labelled<extra></extra>",
        )
    theme.frame(figure, 300)
    figure.update_xaxes(
        title={"text": "Grade"}, tickvals=[0, 1, 2], ticktext=NAMES, range=[-0.5, 2.5]
    )
    figure.update_yaxes(title={"text": "Genuine, as people say"}, tickformat=".0%", range=[0, 1.05])
    return figure


def _interval(shares: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [one["high"] - one["share"] for one in shares],
        "arrayminus": [one["share"] - one["low"] for one in shares],
        "thickness": 1.5,
        "width": 4,
    }


def _most(shares: Sequence[Mapping[str, Any]]) -> float:
    return min(1.05, 1.1 * max([0.1, *(float(one["high"]) for one in shares if one["n"])]))
