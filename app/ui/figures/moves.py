"""Figure of a user's first recommendations before and after."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.ui.theme import EDGE_COLORS, NEUTRAL, frame, plain


def moves(top: pd.DataFrame, k: int, ink: str) -> go.Figure:
    """First recommendations before and after, joined where an item is on both sides.

    Args:
        top: As :func:`app.services.recommendations.top` gives it.
        k: Length of the lists; places beyond are told in words, below the line.
        ink: Colour of text on the ground of the page.
    """
    top = top.assign(left=_rows(top["before"], k), right=_rows(top["after"], k))
    figure = go.Figure()
    seen: set[str] = set()
    for _, row in top.iterrows():
        name, line = _move(row, k)
        figure.add_scatter(
            x=[0, 1],
            y=[row["left"], row["right"]],
            mode="lines",
            name=name,
            legendgroup=name,
            showlegend=name not in seen,
            line=line,
            hoverinfo="skip",
        )
        seen.add(name)
    for column, x, side in (("before", 0, "left"), ("after", 1, "right")):
        _places(figure, top, column, x, side, ink)
    deepest = max(top["left"].max(), top["right"].max()) if len(top) else k
    figure.add_hline(y=k + 0.5, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    for x, text in ((0, "<b>before</b>, plain"), (1, "<b>after</b>, LLMHNI")):
        figure.add_annotation(x=x, y=0.1, text=text, showarrow=False, yanchor="bottom")
    return frame(
        figure,
        int(26 * deepest + 110),
        xaxis={"visible": False, "range": [-1.1, 2.1]},
        yaxis={"visible": False, "range": [deepest + 0.8, -1.0]},
        hovermode="closest",
    )


def _rows(places: pd.Series, k: int) -> pd.Series:
    """Height of each place: itself within the list, one row each beyond it."""
    beyond = places[places > k].rank(method="first") + k + 0.4
    return places.astype("float64").mask(places > k, beyond)


def _move(row: pd.Series, k: int) -> tuple[str, dict[str, Any]]:
    if row["edge_added"]:
        color = EDGE_COLORS["added"]
        return "edge added for this user", {"color": color, "width": 3, "dash": "solid"}
    if row["before"] > k:
        return "comes in", {"color": NEUTRAL, "width": 2.5, "dash": "dash"}
    if row["after"] > k:
        return "falls out", {"color": NEUTRAL, "width": 1.5, "dash": "dot"}
    return "stays", {"color": NEUTRAL, "width": 1.5, "dash": "solid"}


def _name(title: object) -> str:
    return plain(str(title), 32)


def _places(figure: go.Figure, top: pd.DataFrame, column: str, x: int, side: str, ink: str) -> None:
    hits = top["hit"].fillna(False).astype(bool)
    for hit, rows in ((True, top[hits]), (False, top[~hits])):
        texts = [
            f"{title}  <b>{place:,}</b>" if side == "left" else f"<b>{place:,}</b>  {title}"
            for title, place in zip(map(_name, rows["title"]), rows[column], strict=True)
        ]
        figure.add_scatter(
            x=[x] * len(rows),
            y=rows[side],
            mode="markers+text",
            name="in the test set",
            showlegend=hit and side == "left" and len(rows) > 0,
            text=texts,
            textposition=f"middle {side}",
            textfont={"size": 12, "color": ink},
            cliponaxis=False,
            marker={
                "color": ink if hit else NEUTRAL,
                "symbol": "star" if hit else "circle",
                "size": 13 if hit else 8,
            },
            customdata=[["item", name] for name in rows["item_id"]],
            hovertext=[
                f"<b>{plain(str(row['title']), 60)}</b><br>"
                f"place {row['before']:,} → {row['after']:,}"
                for _, row in rows.iterrows()
            ],
            hoverinfo="text",
        )
