"""A judging as it goes on, and how it ended: what it took, and what to do with the grades."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import streamlit as st

from app.services import background, judge_ask, judging
from app.services.judge_ask import Judging
from app.services.method_of import TITLES
from app.ui import jobs_live, state
from app.ui.judge import settings
from app.ui.wording import UNKNOWN
from core.config import RunConfig
from core.errors import WorkbenchError
from core.method_names import OURS
from core.method_options import Options

EVERY_S: Final = 1.0
NUMBERS: Final = {
    "n_judged": ("Pairs judged", ",.0f", "Pairs with grades from both views so far."),
    "n_calls": ("Calls paid for", ",.0f", "Answers that were sent for and came."),
    "n_cached": ("Known before", ",.0f", "Calls answered from what was paid for earlier."),
    "n_unparsed": (
        "Unreadable",
        ",.0f",
        "Refused, or not readable after one repair: count as Mid.",
    ),
    "tokens": ("Tokens", ",.0f", "Of questions and replies, as the server counts them."),
    "money": ("Money", ",.2f", "At the prices of the settings; not known without."),
}
"""Value of the progress -> its title, its form, and what it is."""


@st.fragment(run_every=EVERY_S)
def draw(name: str) -> None:
    """Draw a judging that goes on, every second anew; draws the page again when it has ended."""
    found = judge_ask.progress(state.workspace(), name)
    if found is None or found.state not in ("running", "stopping"):
        st.rerun()
    with st.container(border=True, key=f"ju_live_{name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Judging**")
            st.text(name)
            st.space("stretch")
            _stop(name, found)
        st.progress(min(1.0, max(0.0, found.fraction)))
        st.text(_said(found))
        if found.values:
            _numbers(found.values)
        else:
            st.caption(
                "Before the first question the method learns which pairs are worth asking about."
            )
        st.caption("It goes on when this page, or the workbench, is closed.")


def finished(name: str) -> Mapping[str, Any] | None:
    """What is said about judgements of this name that are there; None if there are none."""
    known = judging.known(state.workspace())
    return next((one for one in known if one["name"] == name), None)


def ended(name: str, found: Judging | None, dataset: str, config: RunConfig) -> None:
    """Draw how a judging ended, and what can be done next."""
    about = finished(name)
    with st.container(border=True, key=f"ju_ended_{name}"):
        if found is not None and found.state == "failed":
            st.error("The judging failed. Answers that were paid for are kept.")
            st.text(settings.worded(found.error))
        elif found is not None and found.state == "stopped":
            st.info(
                "Stopped. What was paid for is kept: started again, it goes on from there.",
                icon=":material/pause:",
            )
        if found is not None and found.values:
            _numbers(found.values)
        if about is not None:
            _done(name, about, dataset, config)


def _done(name: str, about: Mapping[str, Any], dataset: str, config: RunConfig) -> None:
    st.success("These pairs are judged.", icon=":material/check:")
    st.text(
        f"{int(about.get('n_pairs', 0)):,} pairs by {about.get('judge', UNKNOWN)}, kept as {name}"
    )
    if about.get("stopped_by"):
        st.warning("It stopped early; pairs that were not asked about have no grades.")
        st.text(settings.worded(str(about["stopped_by"])))
    scope = "all" if config.judge.judges_all else "candidates"
    recorded = {"kind": "recorded", "recorded": name, "scope": scope}
    asked, config = config, config.model_copy(update={"method": OURS, "method_options": Options()})
    _about_run(asked, config)
    with st.container(horizontal=True):
        st.button(
            "Run with these grades",
            type="primary",
            icon=":material/play_arrow:",
            key=f"ju_run_{name}",
            on_click=partial(_run, dataset, _with(config, recorded)),
            help="A run of LLMHNI with the same settings that takes these judgements and asks "
            "nobody.",
        )
        if config.judge.kind != "recorded":
            st.button(
                "Run with this judge",
                icon=":material/play_arrow:",
                key=f"ju_run_judge_{name}",
                on_click=partial(_run, dataset, config),
                help="The same settings: answers that are known cost nothing; what is missing is "
                "asked and paid for.",
            )
        st.button(
            "How far to trust it",
            icon=":material/verified:",
            key=f"ju_trust_{name}",
            on_click=lambda: state.set_next(ju_view="Trust", ju_of=name),
        )
    started = st.session_state.pop("_ju_started", None)
    if started:
        st.session_state["_ju_seen"] = started
    _started()


def _about_run(asked: RunConfig, config: RunConfig) -> None:
    """Say which method a run with the grades is of, and how long it trains, before it starts."""
    st.text(
        f"A run is of LLMHNI: up to {config.pretrain.epochs:,} epochs of pre-training, up to "
        f"{config.train.epochs:,} of the final training, seed {config.seed}."
    )
    if asked.method != OURS:
        st.text(
            f"The run in the sidebar is of {TITLES[asked.method]}, a baseline that is not judged "
            "by grades: only its other settings are taken."
        )


def _run(dataset: str, config: RunConfig) -> None:
    try:
        st.session_state["_ju_started"] = background.start_run(dataset, config, state.workspace())
    except WorkbenchError as error:
        st.session_state["_ju_problem"] = str(error)


def _started() -> None:
    """Say which run was started last, and lead to it."""
    problem = st.session_state.pop("_ju_problem", "")
    if problem:
        st.error("The run could not be started.", icon=":material/error:")
        st.text(problem)
    run_id = st.session_state.get("_ju_seen")
    if run_id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"Started: {run_id}")
            if st.button("Show it on Jobs", icon=":material/list:", key="ju_to_jobs"):
                state.set_next(**{jobs_live.CHOSEN: run_id})
                state.go("../pages/jobs.py")


def _with(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    judge = config.judge.model_copy(update=dict(changes))
    return config.model_copy(update={"judge": judge})


def _numbers(values: Mapping[str, float]) -> None:
    for column, (name, (title, form, explained)) in zip(
        st.columns(len(NUMBERS)), NUMBERS.items(), strict=True
    ):
        value = values.get(name)
        column.metric(title, UNKNOWN if value is None else f"{value:{form}}", help=explained)


def _said(found: Judging) -> str:
    parts = [found.stage or "starting"]
    if found.fraction > 0:
        parts[0] += f", {found.fraction:.0%} of this stage"
    parts.append(f"{jobs_live.duration(found.seconds)} so far")
    if not found.stage and found.said:
        parts.append(found.said[-1])
    return " · ".join(parts)


def _stop(name: str, found: Judging) -> None:
    if found.state == "stopping":
        st.text("Stopping …")
        return
    st.button(
        "Stop",
        icon=":material/stop:",
        key=f"ju_stop_{name}",
        help="What was paid for is kept; started again, it goes on.",
        on_click=judge_ask.stop,
        args=(state.workspace(), name),
    )
