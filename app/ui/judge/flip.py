"""View Hallucination: what a judge that hallucinates does to a run, and what repairs it."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import judge_flip, judge_place
from app.services.judge_flip import Member
from app.services.store import Run
from app.ui import components, jobs_live, state
from app.ui.wording import UNKNOWN, number, percent
from core.errors import WorkbenchError

SHARE: Final = "ju_f_share"
BOTH, ON, OFF = "Both, two runs", "On", "Off"
MOST: Final = 8
"""Runs that the page Compare takes."""


def draw() -> None:
    """Draw the view."""
    run = components.need_run()
    why_not = judge_flip.why_not(run)
    if why_not:
        st.info("Flipped grades would change nothing here.", icon=":material/info:")
        st.text(why_not)
        return
    st.text(f"Run {run.id}, chosen in the sidebar. Graded by: {run.manifest.judge}")
    st.caption(
        "A share of the grades is replaced by another grade at random, and a run is started with "
        "all other settings of this one. With hallucination suppression (the edge-drop contrast of "
        "the final training; weight of the run, or 0.01 where it has none) on and off, the "
        "difference shows what it repairs. For measuring only."
    )
    try:
        config = judge_flip.settings_of(run)
    except WorkbenchError as error:
        components.explain(error)
        return
    if judge_place.asks(config.judge):
        st.info(
            "This run asked a language model. With the same settings its answers are known and "
            "cost nothing; only answers that were deleted would be asked for, and paid for, again.",
            icon=":material/info:",
        )
    _ask(run)
    for entry in judge_flip.going_on(state.workspace(), run):
        jobs_live.draw(entry.run_id, jobs_live.earlier_seconds(entry))
    _family(run)


def _ask(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        share = st.segmented_control(
            "Grades flipped",
            list(judge_flip.SHARES),
            default=judge_flip.SHARES[1],
            required=True,
            key=SHARE,
            format_func=lambda value: f"{value:.0%}",
            help="As the setting judge.flip.",
        )
        which = st.segmented_control(
            "Hallucination suppression",
            [BOTH, ON, OFF],
            default=BOTH,
            required=True,
            key="ju_f_suppression",
            help="As the setting train.hallucination_suppression.",
        )
        pressed = st.button(
            "Start", type="primary", icon=":material/play_arrow:", key="ju_f_start",
            help="Runs on the same device work one after the other.",
        )  # fmt: skip
    if not pressed:
        return
    try:
        for suppression in {BOTH: (True, False), ON: (True,), OFF: (False,)}[str(which)]:
            judge_flip.start(state.workspace(), run, float(share), suppression)
    except WorkbenchError as error:
        st.error("That was not possible.", icon=":material/error:")
        st.text(str(error))
        return
    st.rerun()


def _family(run: Run) -> None:
    st.subheader("Runs that differ in nothing else")
    found = judge_flip.family(state.workspace(), run)
    if len(found) < 2:
        st.info(
            "There is none yet but the run itself. Start one above, then compare.",
            icon=":material/info:",
        )
        return
    st.dataframe(pd.DataFrame([_row(one, run) for one in found]), hide_index=True, height="content")
    st.caption(
        "Recall@20 and NDCG@20 on the test set. One run with one seed each: a small difference may "
        "be chance. Noise found: share of the planted noise that was called noisy, where noise was "
        "planted."
    )
    ids = [run.id, *(one.run.id for one in found if one.run.id != run.id)][:MOST]
    if st.button("Compare them", icon=":material/compare_arrows:", key="ju_f_compare"):
        state.set_next(co_runs=ids)
        state.go("../pages/compare.py")


def _row(one: Member, shown: Run) -> dict[str, object]:
    about = one.run.manifest
    ranking = about.ranking
    return {
        "Grades flipped": percent(one.flip),
        "Suppression": f"✓ on, {one.weight:g}" if one.suppression else "– off",
        "Recall@20": number(ranking.recall20 if ranking else None, ".4f"),
        "NDCG@20": number(ranking.ndcg20 if ranking else None, ".4f"),
        "Noise found": percent(about.noise_recall),
        "Called noisy": f"{about.verdicts.get('noisy', 0):,}" if about.verdicts else UNKNOWN,
        "Run": one.run.id + (" (shown)" if one.run.id == shown.id else ""),
    }
