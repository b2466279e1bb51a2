"""The threshold of a loss-based denoiser: what it would drop, live, beside LLMHNI's choice."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from app.services import decided, loss_cut, losses
from app.services.loss_cut import Outcomes
from app.services.store import Run
from app.ui import components, review, state, theme
from app.ui.figures import loss_cut as curve_figures
from app.ui.figures import loss_lines
from app.ui.figures import losses as figures
from app.ui.glossary import explain
from app.ui.loss_distribution import BEHIND, KIND, LINEAR, LOG, VERDICT, choice, shape
from app.ui.wording import LEFT_OUT, percent

SHARE, VALUE = "Share dropped", "Loss value"
STEPS: Final = 240
"""Losses that can be chosen, evenly spread."""


def draw(run: Run) -> None:
    """Draw the view."""
    values = state.ask(loss_cut.values, run)
    if not len(values):
        st.info("No loss of this run is known.", icon=":material/info:")
        return
    truth = state.ask(loss_cut.truth, run)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        cut, now = _threshold(run, values)
        _send(run, cut, now, truth)
    outcomes = loss_cut.outcomes(now)
    st.caption(_compared(outcomes))
    n_told = state.ask(decided.n_told, run)
    if n_told:
        st.caption(LEFT_OUT.format(n=n_told))
    _metrics(now, outcomes, truth)
    _listed(run, cut)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        form, by, log = _how(run)
    left, right = st.columns([1, 1], gap="large") if truth.noise else (st.container(), None)
    with left:
        _distribution(run, cut, form, by, log)
    if right is not None:
        with right:
            st.markdown("##### Hard kept against noise removed", help=CURVE_HELP)
            curves = state.ask(loss_cut.tradeoff, run)
            if curves.empty:
                st.info("No hard ones are known.", icon=":material/info:")
            else:
                figure = curve_figures.tradeoff(curves, outcomes)
                components.chart(figure, "ls_tradeoff", f"{run.id}-loss-cut-tradeoff")
    _table(now, truth)


CURVE_HELP: Final = (
    "Every threshold gives a point: further right finds more of the planted noise, higher up keeps "
    "more of the hard genuine ones. The square and the circle drop equally many interactions and "
    "move with the slider. The star is the verdict noisy, whose size the run has chosen; the "
    "verdicts also look at the grades, so it may lie off the P(noisy) line."
)


def _compared(now: Outcomes) -> str:
    """Say in plain words what is compared."""
    n_rows, own = now.loss.dropped, now.verdict.dropped
    return (
        f"Compared at equal cost: the {n_rows:,} interactions with the highest loss against the "
        f"{n_rows:,} with the highest P(noisy). The run itself calls {own:,} noisy."
    )


def _threshold(run: Run, values: np.ndarray) -> tuple[float, pd.DataFrame]:
    """Draw the slider; the loss it means, and what happens there."""
    called = run.manifest.verdicts.get("noisy", 0) / max(1, run.manifest.n_interactions)
    start = min(60.0, round(200 * called) / 2)
    unit = choice("Threshold by", [SHARE, VALUE], "ls_unit", UNIT_HELP)
    with st.container(width="stretch"):
        if unit == SHARE:
            share = _slider("Drop the highest losses, %", 0.0, 60.0, start, 0.5, "ls_share")
            place = min(len(values) - 1, round(2 * share))
            cut = float(values[place])
            rising = tuple(float(value) for value in values[::-1])
            table = state.ask(loss_cut.tally, run, rising)
            return cut, loss_cut.at(table, len(rising) - 1 - place)
        step = math.ceil(float(values[0]) / STEPS * 1000) / 1000 or 0.001
        losses_ = tuple(round(step * number, 6) for number in range(STEPS + 1))
        first = min(losses_, key=lambda loss: abs(loss - values[round(2 * start)]))
        cut = _slider("Drop losses above", 0.0, losses_[-1], first, step, "ls_value")
        place = min(STEPS, round(cut / step))
        table = state.ask(loss_cut.tally, run, losses_)
        return losses_[place], loss_cut.at(table, place)


UNIT_HELP: Final = (
    "On the final out-of-fold loss. At first about as many are dropped as have the verdict noisy, "
    "to the nearest half percent."
)


def _slider(label: str, low: float, high: float, start: float, step: float, key: str) -> float:
    form = "%.1f %%" if key == "ls_share" else "%.3f"
    return float(
        st.slider(label, low, high, start, step, format=form, key=key, bind="query-params")
    )


def _metrics(now: pd.DataFrame, outcomes: Outcomes, truth: loss_cut.Truth) -> None:
    ours, theirs = outcomes.loss, outcomes.p_noisy
    total = max(1, int(now["n"].sum()))
    share = f"{ours.dropped / total:.1%} of {total:,}"
    cards = [("Dropped by either", f"{ours.dropped:,}", share, DROPPED_HELP)]
    if truth.noise:
        hard = explain("hard_kept") if truth.hard_planted else LOW_HELP
        for name, one, other, help_text in (
            ("Noise removed", ours.noise_removed, theirs.noise_removed, REMOVED_HELP),
            ("Genuine lost", ours.genuine_lost, theirs.genuine_lost, "Of all but planted noise."),
            ("Hard lost", ours.hard_lost, theirs.hard_lost, hard),
        ):
            cards.append((name, percent(one), _by_p_noisy(other), help_text))
    else:
        for verdict, rows in now.groupby("verdict"):
            lost, other = rows["n_loss"].sum(), rows["n_p_noisy"].sum() / rows["n"].sum()
            sign = theme.VERDICT_SIGNS[str(verdict)]
            said = _by_p_noisy(other)
            shown = f"{lost / rows['n'].sum():.1%}"
            cards.append((f"{sign} Of {verdict}, lost", shown, said, explain(str(verdict))))
    for column, (label, value, delta, help_text) in zip(st.columns(4), cards, strict=False):
        column.metric(
            label, value, delta, delta_color="off", delta_arrow="off", help=help_text, border=True
        )
    if not truth.noise:
        st.caption("By verdict: the truth is not known, nothing was planted in this data.")


def _by_p_noisy(share: float) -> str:
    return f"{percent(share)} by P(noisy)"


DROPPED_HELP: Final = (
    "The loss cut drops the highest losses; the other side drops as many interactions, those with "
    "the highest P(noisy). Large numbers are of the loss cut, those below of the other side."
)
REMOVED_HELP: Final = "Share of the planted noise that is dropped."


def _listed(run: Run, cut: float) -> None:
    """Say what the cut does to the review list in force."""
    chosen = state.current_list(run)
    if chosen is not None:
        n, dropped = state.ask(loss_cut.in_list, run, cut, str(chosen.path))
        st.caption(f"Of the review list the loss cut drops {dropped:,} of {n:,}.")


LOW_HELP: Final = (
    "No hard ones were planted: the genuine fifth with the lowest out-of-fold score stands in."
)


def _how(run: Run) -> tuple[str, str, bool]:
    """Draw how the losses are shown: form, by what (``verdict`` or ``kind``), logarithmic."""
    planted = state.ask(losses.planted, run)
    help_text = explain("planted") if planted else ""
    form = choice("Show", list(loss_lines.FORMS), "ls_form", "How the losses are drawn.")
    by = choice("By", [VERDICT, KIND], "ls_by", help_text, bool(planted))
    scale = choice("Axis", [LINEAR, LOG], "ls_x", "Log spreads out the many small losses.")
    return form, "kind" if by == KIND else "verdict", scale == LOG


def _distribution(run: Run, cut: float, form: str, by: str, log: bool) -> None:
    st.markdown("##### Final out-of-fold loss", help=explain("loss"))
    chosen = state.current_list(run)
    path = str(chosen.path) if chosen else ""
    found = state.ask(losses.bins, run, losses.FINAL, by, log, path)
    shapes, _ = shape(found, form, "Final out-of-fold loss")
    figure = figures.final(shapes, state.ask(losses.planted, run), cut)
    components.chart(figure, "ls_final", f"{run.id}-loss-cut")
    if len(loss_lines.panels(shapes.groups)) > 1:
        st.caption(BEHIND.strip())


COUNTED: Final = ["n", "n_loss", "n_p_noisy", "n_verdict"]
LISTED: Final = ["n_loss", "loss_share", "n_p_noisy", "p_noisy_share", "n_verdict"]


def _table(now: pd.DataFrame, truth: loss_cut.Truth) -> None:
    """By verdict and planted kind: how many each way drops, the first two equally many in all."""
    named = now.assign(kind=now["kind"].replace("", losses.GENUINE))
    named["verdict"] = named["verdict"].map(lambda name: f"{theme.VERDICT_SIGNS[name]} {name}")
    parts = [("Verdict", "verdict"), *([("Planted", "kind")] if truth.noise else [])]
    sums = []
    for what, column in parts:
        part = named.groupby(column, sort=False)[COUNTED].sum().reset_index()
        sums.append(part.rename(columns={column: "group"}).assign(what=what))
    table = pd.concat(sums, ignore_index=True)
    for way in ("loss", "p_noisy"):
        table[f"{way}_share"] = table[f"n_{way}"] / table["n"]
    number = st.column_config.NumberColumn
    bar = st.column_config.ProgressColumn
    st.dataframe(
        table,
        key="ls_groups",
        hide_index=True,
        row_height=28,
        column_order=["what", "group", "n", *LISTED],
        column_config={
            "what": st.column_config.TextColumn("By", width=80),
            "group": st.column_config.TextColumn("Group"),
            "n": number("Interactions", format="localized"),
            "n_loss": number("Loss cut drops", format="localized"),
            "loss_share": bar("Share", format="percent", max_value=1, color=theme.NEUTRAL),
            "n_p_noisy": number("As many by P(noisy)", format="localized", help=explain("p_noisy")),
            "p_noisy_share": bar("Share ", format="percent", max_value=1, color=theme.ACCENT),
            "n_verdict": number("Verdict noisy", format="localized", help=explain("verdict")),
        },
    )


def how_many(now: pd.DataFrame, pick: str) -> int:
    """Size of one of the picks, from the counts at a cut: the rows are asked for on a click."""
    noisy = now["verdict"] == "noisy"
    counted = {
        "everything it drops": now["n_loss"],
        "dropped, called hard": now["n_loss"].where(now["verdict"] == "hard", 0),
        "dropped, not called noisy": now["n_loss"].where(~noisy, 0),
        "called noisy, not dropped": (now["n"] - now["n_loss"]).where(noisy, 0),
        "dropped, planted hard": now["n_loss"].where(now["hard"].astype(bool), 0),
    }
    return int(counted[pick].sum())


def _send(run: Run, cut: float, now: pd.DataFrame, truth: loss_cut.Truth) -> None:
    """Make a part of what is dropped the review list."""
    picks = [name for name in loss_cut.PICKS if truth.hard_planted or "planted" not in name]
    with st.container(width=210):
        pick = st.selectbox("Look at", picks, key="ls_pick", bind="query-params")
    n_rows = how_many(now, str(pick))
    icon = ":material/checklist:"
    title = f"Review {n_rows:,}"
    if st.button(title, type="primary", icon=icon, disabled=not n_rows, key="ls_review"):
        rows = loss_cut.picked(run, cut, str(pick))  # not kept: each step has others
        review.show_list(run, rows, f"loss cut at {cut:.3f}: {pick}")
