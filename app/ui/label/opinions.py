"""Second opinions: pairs that people label differently, and how each of them is settled."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import uuid4

import duckdb
import pandas as pd
import streamlit as st

from app.services.labels import current, estimates, events
from app.services.labels import queue as orders
from app.services.labels.schema import UNSURE, allowed
from app.services.store import Run
from app.ui import card, components, database, state
from app.ui.label import desk
from app.ui.label.labels import signed

MAX_LISTED: Final = 200
KAPPA_HELP: Final = (
    "Pairs that both labelled one by one, by the first label of each: before they could see what "
    "the other says, and before anything was settled. Without unsure and bulk labels. Kappa (Cohen "
    "1960): agreement beyond chance, 1 = always, 0 = as chance would have it."
)


def draw(run: Run, who: str) -> None:
    """Draw the pairs on which people differ, one of them in full, and how far people agree."""
    dataset = run.manifest.dataset
    with database.cursor() as cursor:
        found = current.disagreements(cursor, dataset)
        n_waiting = len(current.awaiting(cursor, dataset, who))
        between = estimates.between_people(cursor, dataset)
    _waiting(n_waiting)
    if found.empty:
        st.info(
            "No pair has two different labels. They come up here once two people label the same "
            "pair differently.",
            icon=":material/group:",
        )
    else:
        _differing(run, who, found)
    if not between.empty:
        _agreement(between)


def _waiting(n_waiting: int) -> None:
    if not n_waiting:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        waiting = "pairs of other people wait" if n_waiting > 1 else "pair of another person waits"
        st.text(f"{n_waiting:,} {waiting} for your opinion.", width="content")
        if st.button("Label them", key="la_second", icon=":material/keyboard:"):
            state.set_next(la_tab="Queue", la_order="second")
            st.rerun()


def _differing(run: Run, who: str, found: pd.DataFrame) -> None:
    pairs = found[["user_id", "item_id", "observed", "resolved"]].drop_duplicates(
        ["user_id", "item_id"]
    )
    n_open = int((~pairs["resolved"].astype(bool)).sum())
    st.text(f"{n_open:,} to settle, {len(pairs) - n_open:,} settled.")
    listed = _listed(run, found, pairs.head(MAX_LISTED))
    if len(pairs) > MAX_LISTED:
        st.caption(f"The first {MAX_LISTED}; settled ones come last.")
    left, right = st.columns([1, 1], gap="medium")
    with left:
        place = _choose(listed)
    with right, st.container(border=True):
        one = listed.iloc[place]
        this = (found["user_id"] == one["user_id"]) & (found["item_id"] == one["item_id"])
        _pair(run, who, one, found[this])


def _listed(run: Run, found: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per pair, with its title and what everybody says."""
    said = found.assign(
        said=found["who"].astype(str) + ": " + found["label"].map(signed).astype(str)
    )
    labels = said.groupby(["user_id", "item_id"], sort=False)["said"].agg(" · ".join)
    known = orders.items(run, pairs)[["user_id", "item_id", "row", "title", "verdict", "p_noisy"]]
    return (
        pairs.merge(labels.reset_index(), on=["user_id", "item_id"], how="left")
        .merge(known, on=["user_id", "item_id"], how="left")
        .reset_index(drop=True)
    )


def _choose(listed: pd.DataFrame) -> int:
    """The table; place of the pair that is looked at, the first of its own accord."""
    shown = listed.assign(state=listed["resolved"].map(lambda one: "✓ settled" if one else "open"))
    # Marks are places: other pairs are another table.
    said = repr([listed["user_id"].tolist(), listed["item_id"].tolist()])
    event = st.dataframe(
        shown[["state", "user_id", "item_id", "title", "said"]],
        key=f"la_pairs_{hashlib.sha256(said.encode()).hexdigest()[:12]}",
        hide_index=True,
        row_height=28,
        height=min(520, 28 * len(shown) + 38),
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "state": st.column_config.TextColumn("State", width=76),
            "user_id": st.column_config.TextColumn("User", width=60),
            "item_id": st.column_config.TextColumn("Item", width=60),
            "title": "Title",
            "said": "Labels",
        },
    )
    places = event["selection"]["rows"]
    return int(places[0]) if places and places[0] < len(listed) else 0


def _pair(run: Run, who: str, one: pd.Series, labels: pd.DataFrame) -> None:
    st.html(card.STYLE)
    with st.container(key="card_title_la_pair"):
        st.text(components.named(one["title"], str(one["item_id"])))
    st.text(f"User {one['user_id']} · Item {one['item_id']}")
    if pd.notna(one["verdict"]):
        p_noisy = f", P(noisy) {one['p_noisy']:.3f}" if pd.notna(one["p_noisy"]) else ""
        st.text(f"Model of this run: {card.signed(str(one['verdict']))}{p_noisy}")
    for said in labels.to_dict("records"):
        st.text(f"{said['who']}: {signed(said['label'])}, {said['at']:%d %b %Y, %H:%M} UTC")
        if said["note"]:
            st.text(f"    “{said['note']}”")
    _resolve(run, who, one)
    with database.cursor() as cursor:
        history = current.history(
            cursor, run.manifest.dataset, str(one["user_id"]), str(one["item_id"])
        )
    st.markdown("##### History")
    _history(history)
    if pd.notna(one["row"]) and st.toggle("Full card", key="la_pair_card"):
        card.interaction(run, int(one["row"]), "la_pair")


def _resolve(run: Run, who: str, one: pd.Series) -> None:
    key = hashlib.sha256(repr((one["user_id"], one["item_id"])).encode()).hexdigest()[:12]
    observed = bool(one["observed"])
    with st.form(f"la_settle_{key}", border=False):
        options = [name for name in allowed(observed) if name != UNSURE]
        label = st.segmented_control(
            "Settle as",
            options,
            format_func=signed,
            key=f"la_settle_{key}_label",
            help="Becomes your label too, and counts for everybody until someone labels the pair "
            "anew.",
        )
        note = st.text_input("Why", key=f"la_settle_{key}_note", max_chars=500)
        if st.form_submit_button("Settle", type="primary") and label:
            with database.cursor() as cursor:
                _record(cursor, run, who, one, str(label), note)
            desk.renew()
            st.rerun()


def _record(
    cursor: duckdb.DuckDBPyConnection, run: Run, who: str, one: pd.Series, label: str, note: str
) -> None:
    context = events.Context(
        who, run.manifest.dataset, "resolve", run.id, client=f"settle-{uuid4().hex}"
    )
    decision = events.Decision(
        user_id=str(one["user_id"]),
        item_id=str(one["item_id"]),
        observed=bool(one["observed"]),
        new=label,
        cid=1,
        note=note.strip(),
        p_noisy=float(one["p_noisy"]) if pd.notna(one["p_noisy"]) else None,
        verdict=str(one["verdict"]) if pd.notna(one["verdict"]) else "",
    )
    events.record(cursor, context, [decision])


def _history(history: pd.DataFrame) -> None:
    shown = history.assign(
        old=history["old"].map(signed), new=history["new"].map(signed), by=history["actor"]
    )
    st.dataframe(
        shown[["at", "who", "old", "new", "note", "source"]],
        hide_index=True,
        row_height=28,
        height=min(240, 28 * len(shown) + 38),
        column_config={
            "at": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm:ss"),
            "who": "Who",
            "old": "From",
            "new": "To",
            "note": "Note",
            "source": "By way of",
        },
    )


def _agreement(between: pd.DataFrame) -> None:
    st.markdown("##### How far people agree", help=KAPPA_HELP)
    columns: dict[str, Any] = {
        "who": "Who",
        "other": "And",
        "n": "Both labelled",
        "n_agree": "The same",
        "share": st.column_config.NumberColumn("Share", format="%.2f"),
        "kappa": st.column_config.NumberColumn("Kappa", format="%.2f"),
    }
    st.dataframe(
        between[list(columns)],
        hide_index=True,
        row_height=28,
        placeholder="–",
        width="content",
        column_config=columns,
    )
