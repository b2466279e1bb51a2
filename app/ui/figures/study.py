"""Figures of the page Study: dots with intervals, lines over the share of noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.ui import theme
from app.ui.figures.study_frame import FOOT, ROW, Scale, bars, bold, margins, records, sourced
from app.ui.study.families import called, in_order, look
from core.study.statistics import OURS


def dots(table: pd.DataFrame, value: str, scale: Scale, ink: str, source: str) -> go.Figure:
    """A dot and its interval per method and kind of noise, sorted by the mean over the kinds.

    Args:
        table: noise, variant, family, n, low, high and ``value``; optionally ``said``, more for
            the hover. Customdata of the dots is variant and noise.
        value: Column that is drawn.
        scale: Of the values.
        ink: Colour of text on the ground of the page.
        source: Printed below.
    """
    known = table[table[value].notna()]
    kinds = list(dict.fromkeys(known["noise"]))
    order = known.groupby("variant")[value].mean().sort_values(kind="stable").index
    places = {str(name): place for place, name in enumerate(order)}
    figure = _panels(kinds, shared_y=True, gap=0.015)
    legend: set[str] = set()
    for column, noise in enumerate(kinds, 1):
        here = known[known["noise"] == noise]
        for family in in_order(here["family"]):
            of = here[here["family"] == family]
            _add_dots(figure, of, value, scale, places, family, ink, column, legend)
    _highlight(figure, places, known, len(kinds))
    for level, dash in scale.lines:
        figure.add_vline(x=level, line={"color": theme.NEUTRAL, "width": 1, "dash": dash})
    names = [bold(called(str(name)), name == OURS) for name in order]
    theme.frame(figure, ROW * len(places) + 62 + FOOT, margin=margins())
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[-0.7, len(names) - 0.3], ticks=""
    )
    figure.update_yaxes(showgrid=True, gridcolor=theme.faint(theme.NEUTRAL, 0.18))
    # The same scale in every panel: kinds of noise are to be compared as well.
    figure.update_xaxes(matches="x", nticks=6, showgrid=True)
    _name_axis(figure, scale.title, len(kinds))
    return sourced(figure, source)


def rates(
    table: pd.DataFrame, chosen: Sequence[str], scale: Scale, ink: str, source: str
) -> go.Figure:
    """A line with its band per method over the share of noise, a panel per kind of noise.

    Args:
        table: noise, rate, variant, family, n, mean, low, high; noise ``none`` begins every line.
        chosen: Methods to draw.
        scale: Of the values.
        ink: Colour of text on the ground of the page.
        source: Printed below.
    """
    known = table[table["variant"].isin(list(chosen)) & table["mean"].notna()]
    kinds = [one for one in dict.fromkeys(known["noise"]) if one != "none"] or ["none"]
    figure = _panels(kinds, shared_y=True, gap=0.02)
    looks = _lines_of(known, chosen, ink)
    legend: set[str] = set()
    for column, noise in enumerate(kinds, 1):
        here = known[known["noise"].isin([noise, "none"])]
        for name in chosen:
            line = here[here["variant"] == name].sort_values("rate")
            for part in _unbroken(line, sorted(set(here["rate"]))):
                _add_line(figure, part, looks[name], scale, column, legend)
    theme.frame(figure, 400 + FOOT // 2, margin=margins())
    figure.update_xaxes(tickformat=".0%", tickvals=sorted({0.0, *known["rate"]}))
    figure.update_yaxes(title={"text": scale.title}, col=1)
    _name_axis(figure, "Share of planted noise in train", len(kinds))
    return sourced(figure, source)


def _panels(kinds: Sequence[str], shared_y: bool, gap: float) -> go.Figure:
    figure = make_subplots(
        rows=1,
        cols=max(1, len(kinds)),
        shared_yaxes=shared_y,
        horizontal_spacing=gap,
        subplot_titles=[theme.plain(f"{name} noise", 40) for name in kinds],
    )
    figure.update_annotations(font={"size": 13}, yshift=-2)
    return figure


def _add_dots(
    figure: go.Figure,
    of: pd.DataFrame,
    value: str,
    scale: Scale,
    places: Mapping[str, int],
    family: str,
    ink: str,
    column: int,
    legend: set[str],
) -> None:
    shape = look(family, ink)
    figure.add_scatter(
        x=of[value],
        y=[places[str(name)] for name in of["variant"]],
        error_x=bars(of[value], of["low"], of["high"], 1.6),
        mode="markers",
        name=shape.name,
        legendgroup=family,
        showlegend=family not in legend,
        customdata=of[["variant", "noise"]].to_numpy(),
        text=[_hover(row, value, scale) for row in records(of)],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": shape.color,
            "symbol": shape.symbol,
            "opacity": 1,
            "size": [11 if name == OURS else 8 for name in of["variant"]],
        },
        row=1,
        col=column,
    )
    legend.add(family)


def _highlight(
    figure: go.Figure, places: Mapping[str, int], known: pd.DataFrame, n_panels: int
) -> None:
    """A band behind LLMHNI, so that the eye finds it in every panel."""
    if OURS in set(known["variant"]):
        for column in range(1, n_panels + 1):
            figure.add_hrect(
                y0=places[OURS] - 0.5,
                y1=places[OURS] + 0.5,
                fillcolor=theme.ACCENT,
                opacity=0.16,
                line_width=0,
                layer="below",
                row=1,
                col=column,
            )


def _hover(row: Mapping[str, Any], value: str, scale: Scale) -> str:
    sign = "+" if scale.signed else ""
    form = f"{sign}.{scale.digits}f"
    text = f"<b>{called(str(row['variant']))}</b><br>{row[value]:{form}}"
    if math.isfinite(row["low"]):
        text += f" [{row['low']:{form}}, {row['high']:{form}}]"
    text += f", n = {row['n']}"
    return f"{text}<br>{row['said']}" if row.get("said") else text


def _lines_of(
    known: pd.DataFrame, chosen: Sequence[str], ink: str
) -> dict[str, tuple[str, str, str]]:
    """Colour, symbol and dash of each method; of a family's second one the symbol is open."""
    family = dict(zip(known["variant"], known["family"], strict=True))
    seen: dict[str, int] = {}
    found = {}
    for name in chosen:
        shape = look(str(family.get(name, "")), ink)
        place = seen.get(shape.name, 0)
        seen[shape.name] = place + 1
        symbol = shape.symbol if place == 0 else f"{shape.symbol}-open"
        dash = (shape.dash, "longdash", "longdashdot", "dot")[min(place, 3)]
        found[name] = (shape.color, symbol, dash)
    return found


def _unbroken(line: pd.DataFrame, rates: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Stretches of a line without a rate that others have and it lacks: none is drawn across it."""
    places = pd.Series([rates.index(rate) for rate in line["rate"]], index=line.index)
    for _, part in line.groupby((places.diff() != 1).cumsum(), sort=False):
        yield part


def _add_line(
    figure: go.Figure,
    line: pd.DataFrame,
    shape: tuple[str, str, str],
    scale: Scale,
    column: int,
    legend: set[str],
) -> None:
    name, (color, symbol, dash) = str(line["variant"].iloc[0]), shape
    ours = name == OURS
    banded = line[line["low"].notna()]
    where = {"row": 1, "col": column, "legendgroup": name}
    if len(banded) > 1:
        figure.add_scatter(
            x=[*banded["rate"], *banded["rate"][::-1]],
            y=[*banded["high"], *banded["low"][::-1]],
            fill="toself",
            fillcolor=theme.faint(color, 0.12),
            mode="lines",
            line={"width": 0},
            showlegend=False,
            hoverinfo="skip",
            **where,
        )
    figure.add_scatter(
        x=line["rate"],
        y=line["mean"],
        error_y=bars(line["mean"], line["low"], line["high"], 1.4) if len(banded) == 1 else None,
        mode="lines+markers",
        name=called(name),
        showlegend=name not in legend,
        line={"color": color, "dash": dash, "width": 3 if ours else 1.8},
        marker={"symbol": symbol, "size": 9 if ours else 7},
        text=[_hover(row, "mean", scale) for row in records(line)],
        hovertemplate="%{text}<extra></extra>",
        **where,
    )
    legend.add(name)


def _name_axis(figure: go.Figure, title: str, n_panels: int) -> None:
    """Once below the panel in the middle: it is the same axis in all of them."""
    figure.update_xaxes(title={"text": title}, col=(n_panels + 1) // 2)
