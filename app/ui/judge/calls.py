"""View Calls: every call to a language model, and one of them with its grades and its words."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import judge_calls, judge_subject
from app.services.judge_calls import CallFilter
from app.services.judge_subject import Subject
from app.ui import components, paging, state
from app.ui.judge import choice
from app.ui.judge.asked import OUTCOMES
from core.errors import DataError

OUTCOME: Final = "ju_c_outcome"
VIEW: Final = "ju_c_view"
USER: Final = "ju_c_user"
PAGE: Final = "ju_c_page"
CALL: Final = "ju_c_call"
SIGNS: Final = {"parsed": "●", "repaired": "◐", "refused": "✕", "unparsed": "✕", "failed": "✕"}
VIEW_NAMES: Final = {"user": "User's view", "item": "Item's view"}


def draw() -> None:
    """Draw the view."""
    subject = choice.draw()
    if subject is None:
        return
    source = judge_subject.source_of(subject, state.workspace())
    if not judge_subject.has(source, judge_calls.CALLS):
        st.info(
            "There are no calls: no language model was asked for these judgements, or they were "
            "made elsewhere.",
            icon=":material/info:",
        )
        return
    if source.name != subject.name:
        st.text(f"Calls of {source.name}, which the grades come from.")
    wanted = _filters()
    try:
        _table(source, wanted)
    except DataError as error:
        components.explain(error)


def _filters() -> CallFilter:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        outcomes = st.pills(
            "Outcome",
            list(judge_calls.OUTCOMES),
            selection_mode="multi",
            key=OUTCOME,
            bind="query-params",
            format_func=lambda name: f"{SIGNS[name]} {name}",
            help="; ".join(f"{name}: {meaning}" for name, meaning in OUTCOMES.items()),
        )
        views = st.pills(
            "View",
            list(judge_calls.VIEWS),
            selection_mode="multi",
            key=VIEW,
            bind="query-params",
            format_func=lambda name: VIEW_NAMES[name],
        )
        user = st.text_input(
            "User", key=USER, bind="query-params", placeholder="part of an id", width=200
        )
    return CallFilter(tuple(outcomes), tuple(views), str(user or "").strip())


def _columns() -> dict[str, Any]:
    """Titles of the columns, and what they mean."""
    return {
        "user_id": st.column_config.TextColumn("User"),
        "view": st.column_config.TextColumn("View", width="small"),
        "outcome": st.column_config.TextColumn("Outcome"),
        "n_targets": st.column_config.NumberColumn("Items", help="Items that were graded."),
        "n_uncited": st.column_config.NumberColumn(
            "Uncited", help="Reasons that rest on nothing that was shown."
        ),
        "n_cannot_tell": st.column_config.NumberColumn("Cannot tell", help="Count as Mid."),
        "seconds": st.column_config.NumberColumn("Seconds", format="%.2f"),
        "n_requests": st.column_config.NumberColumn(
            "Requests", help="More than one: tried again, or repaired."
        ),
        "prompt_tokens": st.column_config.NumberColumn("Tokens, question"),
        "output_tokens": st.column_config.NumberColumn("Tokens, reply"),
        "cached_tokens": st.column_config.NumberColumn(
            "In the server's cache", help="Tokens of the question that the server knew."
        ),
        "from_cache": st.column_config.CheckboxColumn(
            "Known before", help="Answered from what was paid for earlier."
        ),
        "model": st.column_config.TextColumn("Model"),
        "prompt": st.column_config.TextColumn("Prompt"),
        "mode": st.column_config.TextColumn("Reply bound by"),
        "error": st.column_config.TextColumn("Problem", width="large"),
    }


def _table(subject: Subject, wanted: CallFilter) -> None:
    n = judge_calls.count(subject, wanted)
    if not n:
        st.info("No call passes these filters.", icon=":material/filter_alt_off:")
        return
    st.text(f"{n:,} calls, those that went wrong first")
    number = paging.number(n, judge_calls.PAGE, PAGE)
    rows = judge_calls.page(subject, wanted, number)
    shown = rows.assign(outcome=[f"{SIGNS.get(name, '?')} {name}" for name in rows["outcome"]])
    picked = st.dataframe(
        shown.drop(columns="key"),
        hide_index=True,
        row_height=28,
        height=320,
        key=f"ju_calls_{number}_{hash(wanted)}",
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        column_config=_columns(),
    )
    components.downloads(
        partial(judge_calls.export, subject, wanted), "ju_calls", f"{subject.name}-calls", n
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(rows):
        _one(subject, rows.iloc[chosen[0]])
    else:
        st.caption("Choose a call at the left of its row to see its grades and what was said.")


def _one(subject: Subject, call: pd.Series) -> None:
    key = str(call["key"])
    st.subheader("One call")
    st.text(
        f"User {call['user_id']} · {VIEW_NAMES.get(str(call['view']), '')} · {call['outcome']} · "
        f"{int(call['n_requests'])} requests · {float(call['seconds']):.2f} s"
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Grades**")
        targets = judge_calls.targets(subject, key)
        st.dataframe(
            targets,
            hide_index=True,
            row_height=28,
            height="content",
            placeholder="–",
            column_order=(
                "position",
                "title",
                "item_id",
                "grade",
                "cited",
                "cannot_tell",
                "reason",
            ),
            column_config={
                "position": st.column_config.NumberColumn("T", help="Place in the call."),
                "item_id": st.column_config.TextColumn("Item"),
                "title": st.column_config.TextColumn("Title"),
                "grade": st.column_config.TextColumn("Grade"),
                "reason": st.column_config.TextColumn("Reason", width="large"),
                "cited": st.column_config.CheckboxColumn("Cited"),
                "cannot_tell": st.column_config.CheckboxColumn("Cannot tell"),
            },
        )
    with right:
        st.markdown("**What the model said**")
        if call["error"]:
            st.text(f"Problem: {call['error']}")
        said = judge_calls.reply(subject, key)
        st.code(said or "(nothing)", language=None, wrap_lines=True, height=260)
    with st.expander("What it was asked", icon=":material/help:"):
        asked = judge_calls.question(state.workspace(), key)
        if not asked:
            st.caption("The question is not kept any more.")
        for role, text in asked:
            st.text(f"{role}:")
            st.code(text, language=None, wrap_lines=True, height=220)
