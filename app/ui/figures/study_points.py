"""Figures of the page Study with free points: two measures of each method, cases of an aim."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from app.ui import theme
from app.ui.figures.study_frame import FOOT, Scale, bars, bold, margins, sourced
from app.ui.study.families import called, in_order, look
from app.ui.study.spots import free_spots, span
from core.study.statistics import OURS as NAME


def trade(
    table: pd.DataFrame, across: Scale, up: Scale, oracle: float, ink: str, source: str
) -> go.Figure:
    """Methods by two measures: up and to the right is good at both.

    Args:
        table: variant, family, x, x_low, x_high, y, y_low, y_high, without gaps in x and y.
        across: Of x.
        up: Of y.
        oracle: y of the oracle, drawn as a line; NaN = not known.
        ink: Colour of text on the ground of the page.
        source: Printed below.
    """
    figure = go.Figure()
    names = [called(str(name)) for name in table["variant"]]
    wide, high = span(table, "x"), span(table, "y")
    found = free_spots(table["x"], table["y"], names, wide, high)
    spots = dict(zip(table["variant"], found, strict=True))
    for family in in_order(table["family"]):
        of, shape = table[table["family"] == family], look(family, ink)
        figure.add_scatter(
            x=of["x"],
            y=of["y"],
            error_x=bars(of["x"], of["x_low"], of["x_high"], 0.9),
            error_y=bars(of["y"], of["y_low"], of["y_high"], 0.9),
            mode="markers+text",
            name=shape.name,
            text=[_label(str(name), spots[name]) for name in of["variant"]],
            hovertext=[called(str(name)) for name in of["variant"]],
            textposition=[spots[name] or "top center" for name in of["variant"]],
            textfont={"size": 11, "color": ink},
            customdata=of[["variant"]].to_numpy(),
            marker={
                "color": shape.color,
                "symbol": shape.symbol,
                "opacity": 1,
                "size": [14 if name == NAME else 10 for name in of["variant"]],
            },
            hovertemplate=f"%{{hovertext}}<br>{across.title} %{{x:.{across.digits}f}}"
            f"<br>{up.title} %{{y:.{up.digits}f}}<extra></extra>",
        )
    if math.isfinite(oracle):
        figure.add_hline(
            y=oracle,
            line={"color": ink, "width": 1.2, "dash": "dot"},
            annotation={"text": f"oracle {oracle:.{up.digits}f}", "font": {"size": 11}},
            annotation_position="bottom left",
        )
    _axes(figure, across, up, wide, high)
    return sourced(figure, source)


def _axes(
    figure: go.Figure,
    across: Scale,
    up: Scale,
    wide: tuple[float, float],
    high: tuple[float, float],
) -> None:
    theme.frame(figure, 560 + FOOT // 2, margin=margins())
    figure.update_xaxes(title={"text": across.title}, showgrid=True, range=wide)
    figure.update_yaxes(title={"text": up.title}, showgrid=True, range=high)


def cases(table: pd.DataFrame, scale: Scale, ink: str, source: str) -> go.Figure:
    """The cases of an aim: what was found with its interval, by outcome.

    Args:
        table: label, outcome, value, low, high, said; one line per case, first on top.
        scale: Of the values.
        ink: Colour of text on the ground of the page.
        source: Printed below.
    """
    outcomes = {
        "holds": (theme.ACCENT, "diamond"),
        "does not hold": ("#C2410C", "x"),
        "not measured": (ink, "circle-open"),
    }
    figure = go.Figure()
    places = {name: -place for place, name in enumerate(table["label"])}
    for outcome, (color, symbol) in outcomes.items():
        of = table[table["outcome"] == outcome]
        if of.empty:
            continue
        figure.add_scatter(
            x=of["value"],
            y=[places[name] for name in of["label"]],
            error_x=bars(of["value"], of["low"], of["high"], 1.8),
            mode="markers",
            name=outcome,
            showlegend=True,
            marker={"color": color, "symbol": symbol, "size": 10},
            customdata=of[["said"]].to_numpy(),
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    for level, dash in scale.lines:
        figure.add_vline(x=level, line={"color": theme.NEUTRAL, "width": 1.4, "dash": dash})
    labels = [theme.plain(name, 60) for name in places]
    theme.frame(figure, 24 * len(places) + 50 + FOOT, margin=margins())
    figure.update_yaxes(tickvals=list(places.values()), ticktext=labels, ticks="")
    figure.update_yaxes(range=[0.6 - len(places), 0.6])
    figure.update_xaxes(title={"text": scale.title}, showgrid=True)
    return sourced(figure, source)


def _label(name: str, spot: str) -> str:
    """A label where there is room; LLMHNI always has one."""
    return bold(called(name), name == NAME) if spot or name == NAME else ""
