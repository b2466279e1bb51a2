"""Figures of the overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.services.story import Cut
from app.ui import theme
from core.types import VERDICTS, Verdict

PANEL_NAMES: Final = {
    "loss": "Loss",
    "score": "Model score",
    "semantic": "Semantic",
    "logical": "Logical",
    "p_noisy": "P(noisy)",
}
SIDES: Final = {
    True: {"noisy": "planted noise", "other": "genuine"},
    False: {"noisy": "verdict noisy", "other": "verdict hard"},
}
"""Names of the two sides, by whether the truth is known."""


def panel_names(baseline: bool) -> dict[str, str]:
    """Signals and their titles; a baseline has no grades, and its P(noisy) is a rank."""
    if not baseline:
        return dict(PANEL_NAMES)
    kept = {name: title for name, title in PANEL_NAMES.items() if name != "logical"}
    return {**kept, "p_noisy": "P(noisy), a rank"}


def verdict_shares(counts: Mapping[Verdict, int]) -> go.Figure:
    """One bar, divided by verdict."""
    total = max(1, sum(counts.values()))
    figure = go.Figure()
    for verdict in VERDICTS:
        share = counts.get(verdict, 0) / total
        figure.add_bar(
            x=[share],
            y=[""],
            orientation="h",
            name=f"{theme.VERDICT_SIGNS[verdict]} {verdict}",
            marker={
                "color": theme.VERDICT_COLORS[verdict],
                "pattern": theme.pattern(theme.VERDICT_PATTERNS[verdict]),
            },
            hovertemplate=f"{verdict}: %{{x:.1%}}<extra></extra>",
        )
    return theme.frame(
        figure,
        76,
        barmode="stack",
        xaxis={"visible": False, "range": [0, 1]},
        yaxis={"visible": False},
        legend={"traceorder": "normal"},
    )


def price(cuts: Mapping[str, Cut], both: str = "both grades High") -> go.Figure:
    """What the verdict and a loss cut of the same size throw away, as two divided bars.

    Args:
        cuts: ``verdict`` and ``loss``, from :func:`app.services.story.price_of_a_cut`.
        both: What the grades are that a run accepts, :func:`app.services.accepting.both`.
    """
    names = {"loss": "Highest losses", "verdict": "Verdict noisy"}
    parts = {
        "planted noise": (theme.VERDICT_COLORS["noisy"], "x"),
        "genuine, hard": (theme.VERDICT_COLORS["hard"], "/"),
        "genuine, other": (theme.VERDICT_COLORS["clean"], ""),
        both: (theme.VERDICT_COLORS["hard"], "/"),
        "other": (theme.NEUTRAL, ""),
    }
    rows = {name: _parts(cuts[name], both) for name in names}
    figure = go.Figure()
    for part, (color, pattern) in parts.items():
        if all(part not in row for row in rows.values()):
            continue
        values = [rows[name].get(part, 0) for name in names]
        figure.add_bar(
            x=values,
            y=list(names.values()),
            orientation="h",
            name=part,
            marker={"color": color, "pattern": theme.pattern(pattern)},
            text=[f"{value:,}" for value in values],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": "white"},
            hovertemplate=f"%{{y}}: %{{x:,}} {part}<extra></extra>",
        )
    return theme.frame(
        figure,
        190,
        barmode="stack",
        xaxis={"title": {"text": "interactions dropped"}, "tickformat": ","},
        yaxis={"autorange": "reversed"},
        legend={"traceorder": "normal"},
    )


def confusion(
    spread: pd.DataFrame,
    separation: Mapping[str, str],
    known: bool,
    names: Mapping[str, str] = PANEL_NAMES,
) -> go.Figure:
    """How each signal is spread within the two sides, among the highest losses.

    Args:
        spread: From :func:`app.services.story.among_highest_loss`.
        separation: By signal, what is said above its panel, such as ``AUC 0.69``.
        known: Whether the sides are planted truth.
        names: Signal -> title of its panel, :func:`panel_names`.
    """
    other = "clean" if known else "hard"
    styles = {"noisy": "noisy", "other": other}
    titles = [f"{names[name]}<br><b>{separation.get(name, '–')}</b>" for name in names]
    figure = make_subplots(1, len(names), subplot_titles=titles, horizontal_spacing=0.025)
    lines, columns = [], []
    for column, signal in enumerate(names, start=1):
        for side, style in styles.items():
            rows = spread[(spread["signal"] == signal) & (spread["side"] == side)]
            line = go.Scatter(
                x=rows["left"] + rows["width"] / 2,
                y=rows["share"],
                customdata=rows["n"],
                mode="lines",
                name=SIDES[known][side],
                legendgroup=side,
                showlegend=column == 1,
                line={
                    "color": theme.VERDICT_COLORS[style],
                    "dash": theme.VERDICT_DASHES[style],
                    "shape": "hvh",
                    "width": 2,
                },
                fill="tozeroy" if side == "other" else None,
                hovertemplate="%{x:.2f}: %{customdata:,} of "
                + SIDES[known][side]
                + "<extra></extra>",
            )
            lines.append(line)
            columns.append(column)
    figure.add_traces(lines, rows=[1] * len(lines), cols=columns)
    figure.update_yaxes(visible=False, rangemode="tozero")
    theme.frame(figure, 270, margin={"l": 8, "r": 8, "t": 92, "b": 8}, legend={"y": 1.32})
    return figure


def validation(curve: pd.DataFrame, title: str = "LLMHNI") -> go.Figure:
    """Recall@20 on validation by epoch, a method against the plain backbone.

    Args:
        curve: From :func:`app.services.story.validation_curve`.
        title: Of the method, :func:`app.services.method_of.method_of`; text from a file.
    """
    figure = go.Figure()
    styles = {
        "train": (theme.plain(title, 40), theme.ACCENT, "solid", "circle"),
        "pretrain": ("plain", theme.NEUTRAL, "dash", "square"),
    }
    for stage, (name, color, dash, symbol) in styles.items():
        rows = curve[curve["stage"] == stage]
        figure.add_scatter(
            x=rows["epoch"],
            y=rows["value"],
            name=name,
            mode="lines+markers",
            line={"color": color, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 5},
            hovertemplate=f"{name}, epoch %{{x}}: %{{y:.4f}}<extra></extra>",
        )
    return theme.frame(
        figure,
        240,
        xaxis={"title": {"text": "epoch"}},
        yaxis={"title": {"text": "Recall@20, validation"}},
    )


def _parts(cut: Cut, both: str) -> dict[str, int]:
    """What was dropped, in parts that add up."""
    if cut.noise is None or cut.genuine is None or cut.hard is None:
        return {both: cut.accepted, "other": cut.n_dropped - cut.accepted}
    return {
        "planted noise": cut.noise,
        "genuine, hard": cut.hard,
        "genuine, other": cut.genuine - cut.hard,
    }


def loss_by_verdict(histogram: pd.DataFrame) -> go.Figure:
    """Distribution of the loss within each verdict, as steps of equal area.

    Args:
        histogram: Columns ``bin, left, right, verdict, n`` of
            :func:`app.services.store.loss_histogram`.
    """
    figure = go.Figure()
    for verdict in VERDICTS:
        rows = histogram[histogram["verdict"] == verdict]
        if rows.empty:
            continue
        steps = _steps(rows)
        figure.add_scatter(
            x=steps["loss"],
            y=steps["n"] / rows["n"].sum(),
            customdata=steps["n"],
            name=f"{verdict} ({rows['n'].sum():,})",
            mode="lines",
            line={
                "color": theme.VERDICT_COLORS[verdict],
                "dash": theme.VERDICT_DASHES[verdict],
                "width": 2.5,
                "shape": "hv",
            },
            hovertemplate="loss %{x:.3f}: %{customdata:,} interactions, %{y:.1%}",
        )
    figure.update_layout(
        height=360,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        xaxis={"title": {"text": "Out-of-fold loss"}},
        yaxis={
            "title": {"text": "Share of the verdict"},
            "tickformat": ".0%",
            "rangemode": "tozero",
        },
        legend={"orientation": "h", "y": 1.12},
        hovermode="x",
    )
    return figure


def _steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Left edges and counts of one verdict, with the empty bins, closed by a zero."""
    width = float(rows["right"].iloc[0] - rows["left"].iloc[0])
    low = float(rows["left"].iloc[0]) - width * int(rows["bin"].iloc[0])
    counts = rows.set_index("bin")["n"].reindex(
        range(int(rows["bin"].min()) - 1, int(rows["bin"].max()) + 2), fill_value=0
    )
    return pd.DataFrame({"loss": low + width * counts.index.to_numpy(), "n": counts.to_numpy()})
