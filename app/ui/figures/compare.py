"""Figures that lay runs over each other. The reference is A, the others B, C ... in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.services.graph_diff import DECISIONS
from app.ui import theme
from core.types import VERDICTS

COLORS: Final = (theme.NEUTRAL, theme.ACCENT, "#59A14F", "#B07AA1", "#9C755F", "#F28E2B")
DASHES: Final = ("dash", "solid", "dot", "dashdot", "longdash", "longdashdot")
"""Hue and dash of each run; with more runs than that they repeat, and the letter tells."""


def line(place: int) -> dict[str, object]:
    """How the lines of a run look."""
    return {
        "color": COLORS[place % len(COLORS)],
        "dash": DASHES[place % len(DASHES)],
        "width": 2.2,
    }


def curves(tables: Mapping[str, pd.DataFrame], title: str) -> go.Figure:
    """A measure by epoch, a line per run.

    Args:
        tables: Letter of the run -> columns ``epoch``, ``value``.
        title: Of the measure.
    """
    figure = go.Figure()
    for place, (letter, table) in enumerate(tables.items()):
        figure.add_scatter(
            x=table["epoch"],
            y=table["value"],
            name=letter,
            mode="lines+markers",
            line=line(place),
            marker={"size": 4},
            hovertemplate=f"{letter} %{{y:.4f}}<extra></extra>",
        )
    theme.frame(figure, 340, hovermode="x unified")
    figure.update_xaxes(title={"text": "Epoch"})
    figure.update_yaxes(title={"text": title})
    return figure


def verdict_flows(counts: pd.DataFrame, ink: str, left: str, right: str) -> go.Figure:
    """Sankey diagram from verdict to verdict.

    Args:
        counts: Columns ``before``, ``after``, ``n``.
        ink: Colour of text on the ground of the page.
        left: What the left side is.
        right: What the right side is.
    """
    return _sankey(
        counts, VERDICTS, theme.VERDICT_COLORS, theme.VERDICT_SIGNS, ink, (left, right),
        "interactions",
    )  # fmt: skip


def edge_flows(counts: pd.DataFrame, ink: str, left: str, right: str) -> go.Figure:
    """Sankey diagram from the decision on an edge to the decision on it in another run."""
    names = (*DECISIONS, "absent")
    colors = {**theme.EDGE_COLORS, "absent": theme.NEUTRAL}
    signs = {**theme.EDGE_SIGNS, "absent": "○"}
    return _sankey(counts, names, colors, signs, ink, (left, right), "edges")


def losses(tables: Mapping[str, pd.DataFrame], cumulative: bool) -> go.Figure:
    """Distribution of the loss: a panel per verdict, a line per run.

    Args:
        tables: Letter of the run -> columns ``verdict``, ``loss``, ``share``.
        cumulative: Shares up to a loss in place of shares of bins.
    """
    titles = [f"{theme.VERDICT_SIGNS[name]} {name}" for name in VERDICTS]
    figure = make_subplots(1, len(VERDICTS), subplot_titles=titles, horizontal_spacing=0.05)
    for place, (letter, table) in enumerate(tables.items()):
        for column, verdict in enumerate(VERDICTS, 1):
            rows = table[table["verdict"] == verdict]
            figure.add_scatter(
                x=rows["loss"],
                y=rows["share"],
                name=letter,
                legendgroup=letter,
                showlegend=column == 1,
                mode="lines",
                line={**line(place), "shape": "linear" if cumulative else "hv"},
                hovertemplate=f"{letter}, loss %{{x:.3f}}: %{{y:.1%}}<extra></extra>",
                row=1,
                col=column,
            )
    theme.frame(figure, 360)
    figure.update_layout(margin={"t": 62}, legend={"y": 1.12})
    figure.update_annotations(font={"size": 13})
    figure.update_xaxes(title={"text": "Out-of-fold loss"}, rangemode="tozero")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    what = "Share up to this loss" if cumulative else "Share of the verdict"
    figure.update_yaxes(title={"text": what}, col=1)
    return figure


def changes(change: np.ndarray, title: str, n_bins: int = 41) -> go.Figure:
    """How many users gained and lost how much.

    Args:
        change: Of each user, ``(V,)``.
        title: What changed.
        n_bins: Odd, so that no change at all has a bin of its own in the middle.
    """
    reach = max(1e-9, float(np.abs(change).max(initial=0.0)))
    n, edges = np.histogram(change, bins=np.linspace(-reach, reach, n_bins + 1))
    middle = (edges[:-1] + edges[1:]) / 2
    half = (edges[1] - edges[0]) / 2
    names = np.select([middle < -half / 2, middle > half / 2], ["lost", "gained"], "about the same")
    styles = {
        "lost": (theme.EDGE_COLORS["dropped"], "x"),
        "about the same": (theme.NEUTRAL, ""),
        "gained": (theme.EDGE_COLORS["added"], "/"),
    }
    figure = go.Figure()
    for name, (color, shape) in styles.items():
        rows = names == name
        figure.add_bar(
            x=middle[rows],
            y=n[rows],
            width=2 * half,
            name=f"{name} ({n[rows].sum():,})",
            marker={"color": color, "pattern": theme.pattern(shape), "line": {"width": 0}},
            hovertemplate="%{x:+.3f}: %{y:,} users<extra></extra>",
        )
    theme.frame(figure, 260, bargap=0.05)
    figure.update_xaxes(title={"text": title})
    figure.update_yaxes(title={"text": "Users"})
    return figure


def _sankey(
    counts: pd.DataFrame,
    names: Sequence[str],
    colors: Mapping[str, str],
    signs: Mapping[str, str],
    ink: str,
    sides: tuple[str, str],
    what: str,
) -> go.Figure:
    left = [name for name in names if name in set(counts["before"])]
    right = [name for name in names if name in set(counts["after"])]
    of_left = counts.groupby("before")["n"].sum()
    of_right = counts.groupby("after")["n"].sum()
    labels = [f"{signs[name]} {name} {of_left[name]:,}" for name in left]
    labels += [f"{signs[name]} {name} {of_right[name]:,}" for name in right]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"color": ink, "size": 14},
            node={
                "label": labels,
                "color": [colors[name] for name in (*left, *right)],
                "pad": 22,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": f"%{{label}} {what}<extra></extra>",
            },
            link={
                "source": [left.index(name) for name in counts["before"]],
                "target": [len(left) + right.index(name) for name in counts["after"]],
                "value": counts["n"],
                "color": [
                    theme.faint(colors[after], 0.16 if before == after else 0.5)
                    for before, after in zip(counts["before"], counts["after"], strict=True)
                ],
                "hovertemplate": f"%{{source.label}} → %{{target.label}}<br>%{{value:,}} {what}"
                "<extra></extra>",
            },
        )
    )
    for x, side in zip((0.0, 1.0), sides, strict=True):
        figure.add_annotation(
            x=x, y=1.08, xref="paper", yref="paper", text=theme.plain(side), showarrow=False,
            xanchor="left" if x == 0 else "right", font={"color": ink},
        )  # fmt: skip
    return theme.frame(figure, 330, margin={"l": 8, "r": 8, "t": 34, "b": 12})
