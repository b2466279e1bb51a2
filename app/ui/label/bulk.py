"""One label for everything that filters or a review list leave, in one batch."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import flagged, label_details
from app.services.flagged import Filters
from app.services.labels import current, events
from app.services.labels import queue as orders
from app.services.labels.schema import OBSERVED, UNSURE
from app.services.store import Run
from app.ui import components, database, state
from app.ui.card import grade_pair
from app.ui.card import signed as signed_verdict
from app.ui.label import desk, filters
from app.ui.label.labels import signed
from core.errors import WorkbenchError

LABEL: Final = "la_bulk_label"
KEEP: Final = "la_bulk_keep"
_BATCH: Final = "_la_batch"
"""Name of the batch to come, made when it is asked for: sending it twice writes it once."""
_SAID: Final = "_la_bulk_said"
CLEAR: Final = "no label"
N_SAMPLE: Final = 10


def choose(run: Run) -> tuple[str | None, Filters, bool]:
    """Draw label, filters and what becomes of labels that are there; return all three."""
    st.caption(
        "The same label for many interactions at once: all that pass the filters, within the "
        "review list in force if there is one. Undone in one step."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        label = st.segmented_control(
            "Label",
            [*OBSERVED, UNSURE, CLEAR],
            format_func=lambda name: CLEAR if name == CLEAR else signed(name),
            key=LABEL,
            help="No label: takes your labels of these interactions away.",
        )
        chosen = filters.draw(run)
        keep = st.toggle(
            "Leave my labels as they are",
            value=True,
            key=KEEP,
            help="Only interactions that you have not labelled yet. Off: yours are replaced.",
        )
    return (str(label) if label else None), chosen, bool(keep)


def draw(run: Run, who: str, label: str | None, chosen: Filters, *, keep: bool) -> None:
    """Draw count, sample and the button that asks before it acts."""
    _outcome(run, who)
    pairs = state.ask(label_details.pairs, run, chosen)
    mine, theirs = _labels(run, who, pairs)
    new = None if label == CLEAR else label
    touched = pairs[_touched(mine, new, keep=keep, clear=label == CLEAR)]
    listed = state.current_list(run)
    within = f" of the {listed.n_rows:,} on the review list" if listed else ""
    st.text(f"{len(pairs):,} interactions pass the filters{within}.")
    _warn(mine, theirs, new, keep=keep)
    if pairs.empty:
        st.info("No interaction passes these filters. Take one away.", icon=":material/filter_alt:")
        return
    name = CLEAR if new is None else signed(new)
    if st.button(
        f"Label {len(touched):,} interactions: {name}" if label else "Choose a label first",
        type="primary",
        key="la_bulk_go",
        disabled=label is None or touched.empty,
    ):
        st.session_state[_BATCH] = events.new_batch()
        _confirm(run, who, touched, new)
    _sample(run, chosen)


@st.dialog("Label many at once")
def _confirm(run: Run, who: str, touched: pd.DataFrame, new: str | None) -> None:
    name = CLEAR if new is None else signed(new)
    st.text(f"{len(touched):,} interactions of the dataset {run.manifest.dataset} get: {name}")
    st.text(f"As {who}. One undo takes it all back.")
    with st.container(horizontal=True):
        if st.button(
            f"Yes, label {len(touched):,}: {name}",
            type="primary",
            key="la_bulk_yes",
            on_click=_record,
            args=(run, who, touched, new),
        ):
            st.rerun()
        if st.button("Cancel", key="la_bulk_no"):
            st.rerun()


def _record(run: Run, who: str, touched: pd.DataFrame, new: str | None) -> None:
    context = events.Context(who, run.manifest.dataset, "bulk", run.id)
    batch = str(st.session_state[_BATCH])
    try:
        with database.cursor() as cursor:
            done = events.record_table(cursor, context, touched, new, batch)
    except WorkbenchError as error:
        st.session_state[_SAID] = ("", f"Nothing was labelled: {error}")
        return
    desk.renew()
    n_done = done.n_written or len(touched)
    st.session_state[_SAID] = (batch, f"{n_done:,} interactions labelled: {signed(new)}")


def _outcome(run: Run, who: str) -> None:
    """What the last bulk did, and the way back while it is the last thing that was done."""
    batch, text = st.session_state.get(_SAID, ("", ""))
    if not text:
        return
    with database.cursor() as cursor:
        last = events.can_undo(cursor, who, run.manifest.dataset)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(("✓ " if batch else "") + text, width="content")
        if last is None or not batch or last.batch != batch:
            return
        if st.button(f"Undo {last.n:,}: {signed(last.label)}", key="la_bulk_undo"):
            with database.cursor() as cursor:
                done = events.undo(cursor, who, run.manifest.dataset)
            n_back = done.n if done else 0
            desk.renew()
            st.session_state[_SAID] = ("", f"Undone: {n_back:,} labels set back.")
            st.rerun()


def _labels(run: Run, who: str, pairs: pd.DataFrame) -> tuple[pd.Series, list[pd.Series]]:
    """Labels of this person, and of each other person, in the order of the pairs."""
    keys = list(zip(pairs["user_id"], pairs["item_id"], strict=True))
    dataset = run.manifest.dataset
    with database.cursor() as cursor:
        table = current.own(cursor, dataset, who)
        others = desk.labels_of_others(cursor, dataset, who)
    own = dict(
        zip(zip(table["user_id"], table["item_id"], strict=True), table["label"], strict=True)
    )
    return _column(own, keys), [_column(labels, keys) for labels in others.values()]


def _column(labels: dict[tuple[str, str], str], keys: list[tuple[str, str]]) -> pd.Series:
    return pd.Series([labels.get(key) for key in keys], dtype="object")


def _touched(mine: pd.Series, new: str | None, *, keep: bool, clear: bool) -> pd.Series:
    """Which pairs a bulk changes."""
    if clear:
        return mine.notna()
    return mine.isna() if keep else mine != new


def _warn(mine: pd.Series, theirs: list[pd.Series], new: str | None, *, keep: bool) -> None:
    """Say how many have another label already."""
    n_mine = int((mine.notna() & (mine != new)).sum())
    n_same = int((mine == new).sum()) if new else 0
    other = pd.Series(False, index=mine.index)
    for column in theirs:
        other |= column.notna() & (column != new) & (column != UNSURE)
    if n_mine and new:
        what = "are left as they are" if keep else "will be replaced"
        st.warning(
            f"{n_mine:,} have another label of yours: they {what}.", icon=":material/warning:"
        )
    if n_same:
        st.caption(f"{n_same:,} have this label of yours already.")
    if other.any() and new:
        st.warning(
            f"{int(other.sum()):,} have another label of another person: where both stand, the "
            "pair counts as a conflict until someone resolves it.",
            icon=":material/group:",
        )


def _sample(run: Run, chosen: Filters) -> None:
    nobody = pd.DataFrame({"user_id": [], "item_id": []}, dtype="object")
    rows = orders.next_items(run, "random", nobody, chosen, n=N_SAMPLE)
    n_all = sum(state.ask(flagged.counts, run, chosen).values())
    st.markdown(f"##### {len(rows)} of the {n_all:,}, at random")
    shown = rows.assign(verdict=rows["verdict"].map(signed_verdict), grades=grade_pair(rows))
    number = st.column_config.NumberColumn
    st.dataframe(
        shown[["verdict", "p_noisy", "user_id", "item_id", "title", "loss", "semantic", "grades"]],
        hide_index=True,
        row_height=28,
        placeholder="–",
        key="la_bulk_sample",
        column_config={
            "verdict": "Verdict",
            "p_noisy": number("P(noisy)", format="%.2f"),
            "user_id": "User",
            "item_id": "Item",
            "title": "Title",
            "loss": number("Loss", format="%.2f"),
            "semantic": number("Semantic", format="%.2f"),
            "grades": "Grades",
        },
    )
    with st.container(horizontal=True):
        components.downloads(
            lambda path: flagged.export(run, chosen, "p_high", path),
            "la_bulk",
            f"{run.id}-to-label",
            n_all,
        )
