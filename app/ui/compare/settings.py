"""Views of settings and metrics: several runs at once."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.services import spreadsheet
from app.services.compare import metrics, paired, ranking, settings
from app.services.store import Run
from app.ui import components, state
from app.ui.compare import picker
from app.ui.figures import compare as figures
from app.ui.wording import UNKNOWN, number

PARTS: Final = {"setting": "Setting", "run": "About the run", "version": "Version"}


def draw(runs: list[Run]) -> None:
    """Everything in which the runs differ."""
    if len(runs) < 2:
        st.info("Choose a second run above.", icon=":material/info:")
        return
    found = settings.differences(runs)
    if found.empty:
        st.success("These runs were made alike: same settings, same versions.")
        return
    marks = picker.letters(runs)
    n = int((found["part"] == "setting").sum())
    what = "setting differs" if n == 1 else "settings differ"
    st.text(f"{n:,} {what}; everything that is the same is left out.")
    table = found.assign(part=found["part"].map(PARTS))
    st.dataframe(
        table,
        column_order=["part", "name", *marks, "meaning"],
        hide_index=True,
        column_config={
            "part": st.column_config.TextColumn("", width="small"),
            "name": st.column_config.TextColumn("Name", width="medium"),
            **{name: st.column_config.TextColumn(marks[name], help=name) for name in marks},
            "meaning": st.column_config.TextColumn("Meaning", width="large"),
        },
    )
    components.downloads(partial(spreadsheet.write, found), "co_settings", "settings", len(found))


def draw_metrics(runs: list[Run]) -> None:
    """Curves by epoch, the numbers at the best epoch, and tests over users."""
    marks = picker.letters(runs)
    first, second = st.columns(2)
    name = first.selectbox(
        "Measure",
        list(metrics.MEASURES),
        key="co_measure",
        bind="query-params",
        format_func=lambda one: metrics.MEASURES[one],
    )
    stage = second.selectbox(
        "Stage",
        list(metrics.STAGES),
        key="co_stage",
        bind="query-params",
        format_func=lambda one: metrics.STAGES[one],
    )
    tables, without = {}, []
    for run in runs:
        found = state.ask(metrics.curves, run)
        found = found[(found["name"] == name) & (found["stage"] == stage)]
        if found.empty:
            without.append(marks[run.id])
        else:
            tables[marks[run.id]] = found
    if tables:
        title = metrics.MEASURES[str(name)]
        components.chart(figures.curves(tables, title), "co_curves", "training-curves")
    if without:
        st.caption(f"Did not measure this: {', '.join(without)}.")
    st.subheader("At the best epoch on validation")
    _numbers(runs, marks)
    st.subheader("Is the difference more than chance over users?")
    _tests(runs, marks)


def _numbers(runs: list[Run], marks: dict[str, str]) -> None:
    found = state.ask(metrics.beside, runs[0], tuple(run.id for run in runs[1:]))
    shown = found.copy()
    for run in runs:
        shown[run.id] = [
            _said(what, v) for what, v in zip(found["what"], found[run.id], strict=True)
        ]
    if len(runs) == 2:
        change = found[runs[1].id] - found[runs[0].id]
        shown["change"] = [
            _said(what, v, signed=True) for what, v in zip(found["what"], change, strict=True)
        ]
    right: dict[str, Any] = {
        run_id: st.column_config.TextColumn(letter, help=run_id, width="small")
        for run_id, letter in marks.items()
    }
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        column_config={
            "what": st.column_config.TextColumn("", width="medium"),
            **right,
            "change": st.column_config.TextColumn("B − A", width="small"),
        },
    )
    components.downloads(partial(spreadsheet.write, found), "co_numbers", "metrics", len(found))
    given = [marks[run.id] for run in runs if run.manifest.labels]
    one_dataset = len({run.manifest.dataset for run in runs}) == 1
    if given and one_dataset and any(run.manifest.detection for run in runs):
        st.caption(
            f"AUC and planted noise: without the interactions that labels decided in "
            f"{', '.join(given)}, the same ones for all runs. What is called clean, hard and "
            "noisy counts them."
        )


def _said(what: str, value: float, signed: bool = False) -> str:
    if signed and value == 0:
        return "0"
    sign = "+" if signed else ""
    whole = what.startswith("Called") or what == "Best epoch"
    return number(value, f"{sign},.0f" if whole else f"{sign}.4f")


def _tests(runs: list[Run], marks: dict[str, str]) -> None:
    rows: list[dict[str, object]] = []
    for other in runs[1:]:
        for split, title in ranking.SPLITS.items():
            why = ranking.why_not(runs[0], other, split)
            if why:
                st.text(f"{marks[other.id]} against A on {title}: not known. {why}")
            elif not may_measure(runs[0], other):
                break
            else:
                found = state.ask(ranking.tests, runs[0], other.id, split)
                rows += [_row(marks[other.id], title, name, one) for name, one in found.items()]
    if len(runs) < 2:
        st.info("Choose a second run above.", icon=":material/info:")
    if not rows:
        return
    form, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        column_config={
            "run": text("Run", width=48, help="Compared with the reference, A."),
            "split": text("Users of", width="small"),
            "measure": text("Measure", width="small"),
            "n": form("Users", format="localized", help="Users with held-out items alone."),
            "a": form("A", format="%.4f"),
            "b": form("Other", format="%.4f"),
            "difference": form("Difference", format="%+.4f"),
            "interval": text(
                "95 % interval", help="Of the mean difference over users, by Student's t."
            ),
            "p_t": text("p (t)", help="Two-sided paired t-test over users.", width="small"),
            "p_w": text(
                "p (Wilcoxon)",
                help="Two-sided signed-rank test over users, normal approximation; users without "
                "a difference are left out, and fewer than 10 others are too few.",
                width="small",
            ),
            "gained": form("Gained", format="localized", help="Users for whom it got better."),
            "lost": form("Lost", format="localized"),
        },
    )
    _limits(runs, marks)


def _limits(runs: list[Run], marks: dict[str, str]) -> None:
    """What the tests do not tell."""
    st.caption(
        "The tests are over users, for these two trainings. Another seed is another training: "
        "they say nothing of that."
    )
    warm = [marks[run.id] for run in runs if run.manifest.warm_start]
    if warm:
        st.caption(
            f"{', '.join(warm)} went on from the weights of another run: what differs there are "
            "the labels and more epochs from weights that were already good. The tests cannot "
            "tell the two apart; a run without new labels that goes on likewise would."
        )


def may_measure(one: Run, two: Run) -> bool:
    """Whether users are known at once, or somebody asked to measure them, which takes a while."""
    if not ranking.is_slow(one) and not ranking.is_slow(two):
        return True
    key = f"_co_measured_{one.id}_{two.id}"
    if st.session_state.get(key):
        return True
    scores = one.manifest.n_users * one.manifest.n_items / 1e9
    st.text(
        "These runs did not write the quality of each user (ranking.parquet). Measuring it here "
        f"ranks {scores:,.1f} billion scores per run and split."
    )
    if st.button("Measure now", key="co_measure_now", icon=":material/timer:"):
        st.session_state[key] = True
        st.rerun()
    return False


def _row(letter: str, split: str, name: str, found: paired.Paired) -> dict[str, object]:
    return {
        "run": letter,
        "split": split,
        "measure": ranking.MEASURES[name],
        "n": found.n,
        "a": found.mean_a,
        "b": found.mean_b,
        "difference": found.difference,
        "interval": UNKNOWN if np.isnan(found.low) else f"{found.low:+.4f} to {found.high:+.4f}",
        "p_t": p_value(found.p_t),
        "p_w": p_value(found.p_wilcoxon),
        "gained": found.gained,
        "lost": found.lost,
    }


def p_value(p: float) -> str:
    """A p-value for people."""
    return "< 0.0001" if p < 0.0001 else number(p, ".4f")
