"""Step 3 of the import: what is wrong with the files, how often, where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from app.services import background
from app.services.background import Work
from app.services.importing import ImportPlan
from app.ui import state
from app.ui.data_state import PREPARE, STEP, go

SIGNS: Final = {"error": ":red[:material/error:]", "warning": ":orange[:material/warning:]"}
MEANINGS: Final = {
    "error": "must be mended first",
    "warning": "can be used as it is",
    "info": "good to know",
}


def draw(plan: ImportPlan) -> None:
    """Draw the step."""
    work = background.check(plan, state.workspace())
    if work is None:
        st.info("These files were not checked yet.", icon=":material/info:")
        _button(plan, "Look for problems", "primary")
    elif work.running:
        wait(lambda: background.check(plan, state.workspace()), "Looking for problems")
    elif work.error:
        st.error("The check failed.", icon=":material/error:")
        st.text(work.error)
        _button(plan, "Check again", "primary")
    else:
        _found(plan, work.answer)


def wait(ask: Callable[[], Work | None], title: str) -> None:
    """Show work that goes on; draw the page again when it is done."""

    @st.fragment(run_every=1.0)
    def watch() -> None:
        work = ask()
        if work is None or not work.running:
            st.rerun()
        with st.status(f"{title}, {work.seconds:,.0f} s", expanded=True):
            for line in work.said or ("Starting",):
                st.text(line)
            st.caption("It goes on when this page is closed.")

    watch()


def _button(plan: ImportPlan, title: str, kind: Literal["primary", "secondary"]) -> None:
    if st.button(title, type=kind, icon=":material/search:", key="da_recheck"):
        background.start_check(plan, state.workspace())
        st.rerun()


def _found(plan: ImportPlan, answer: Mapping[str, Any]) -> None:
    problems = list(answer.get("problems", ()))
    facts = (("Rows", "n_rows"), ("Users", "n_users"), ("Items", "n_items"))
    if "n_rows" in answer:
        for column, (title, name) in zip(st.columns(4), facts, strict=False):
            column.metric(title, f"{answer[name]:,}", border=True)
    counts = {name: sum(one["severity"] == name for one in problems) for name in MEANINGS}
    said = ", ".join(f"{n} {name}{'s' if n != 1 and name != 'info' else ''}"
                     for name, n in counts.items() if n)  # fmt: skip
    if counts["error"]:
        st.error(f"These files cannot be prepared yet: {said}.", icon=":material/error:")
    elif problems:
        st.warning(f"The files can be used: {said}.", icon=":material/warning:")
    else:
        st.success("No problems found.", icon=":material/check:")
    with st.container(horizontal=True):
        title = "Choose how to prepare"
        ready = not counts["error"]
        if st.button(title, type="primary", icon=":material/arrow_forward:", disabled=not ready):
            go(**{STEP: PREPARE})
        _button(plan, "Check again", "secondary")
    for problem in problems:
        draw_problem(problem)


def draw_problem(problem: Mapping[str, Any]) -> None:
    """One kind of trouble; everything in it may speak in words of the file."""
    severity = str(problem["severity"])
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(SIGNS.get(severity, ":material/info:"), width="content")
            st.text(str(problem["title"]), width="stretch")
            st.text(f"{int(problem['count']):,} ×", width="content")
            st.caption(MEANINGS.get(severity, ""), width="content")
        st.text(f"What to do: {problem['fix']}")
        if problem["examples"]:
            rows = pd.DataFrame(list(problem["examples"]))
            st.dataframe(rows, hide_index=True, row_height=28, placeholder="–")
