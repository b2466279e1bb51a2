"""The part of the graph page about one user or item: pick it, see its edges, see what moved."""

from __future__ import annotations

import contextlib
import random
from typing import Final, Literal, cast

import pandas as pd
import streamlit as st

from app.services import ego
from app.services.graph_diff import DECISIONS
from app.services.store import Run
from app.ui import components, first_ten, state
from app.ui.figures import ego as figures
from app.ui.glossary import explain
from app.ui.graph_edges import (
    ITEM_KEY,
    USER_KEY,
    WIDE,
    centre_on,
    decision_cell,
    edge_actions,
    edge_columns,
    frame_writer,
    ink,
    mark,
    observed,
    verdict_cell,
)
from core.errors import WorkbenchError

HOP_KEY: Final = "gd_hop"
LAST: Final = "_gd_last"
"""User and item that were in the middle when this view was left."""
CAP: Final = 200
"""Most edges in the picture."""
TABLE_ROWS: Final = 1000
ROWS_SHOWN: Final = 16
"""More scroll."""
START_ROWS: Final = 50


def draw(run: Run) -> None:
    """Everything about one node, or how to find one."""
    _pickers(run)
    user, item = st.session_state[LAST] = typed()
    kind: ego.Kind = "item" if item else "user"
    text = (item or user).strip()
    if not text:
        _start(run)
        return
    number = state.ask(ego.number_of, run, kind, text)
    if number is None:
        _matches(run, kind, text)
        return
    title = state.ask(ego.title_of, run, number) if kind == "item" else text
    name = components.named(title, text)
    edges = state.ask(ego.around, run, kind, number)
    centre = figures.Centre(kind, text, name)
    _heading(run, centre, number, edges)
    grid = st.grid(min_column_width=WIDE, gap="large")
    with grid.cell():
        _network(run, centre, number, edges)
    with grid.cell():
        selected = _edges(run, centre, edges)
    if selected is not None:
        far = "item" if kind == "user" else "user"
        edge_actions(
            run, observed(edges["row"].iloc[selected]), {far: edges["far_id"].iloc[selected]}
        )
    if kind == "user":
        first_ten.draw(run, text, number)


def typed() -> tuple[str, str]:
    """User and item of the address or of the fields, as text."""
    values = (
        st.session_state.get(key, st.query_params.get(key, "")) for key in (USER_KEY, ITEM_KEY)
    )
    user, item = (str(value or "") for value in values)
    return user, item


def _pickers(run: Run) -> None:
    fields = (USER_KEY, ITEM_KEY)
    if not any(key in st.session_state or key in st.query_params for key in fields):
        for key, value in zip(fields, st.session_state.get(LAST, ("", "")), strict=True):
            state.put(key, value)  # as they were when this view was left
    left, right, button = st.columns([3, 3, 2], vertical_alignment="bottom")
    for column, key, other, label, hint in (
        (left, USER_KEY, ITEM_KEY, "User", "id, or part of one"),
        (right, ITEM_KEY, USER_KEY, "Item", "title or id, or part of one"),
    ):
        column.text_input(
            label,
            key=key,
            bind="query-params",
            type="search",
            placeholder=hint,
            on_change=_empty,
            args=(key, other),
        )
    button.button(
        "Surprise me",
        icon=":material/shuffle:",
        help=f"One of the {START_ROWS} users whose edges changed most.",
        key="gd_surprise",
        on_click=_surprise,
        args=(run,),
    )


def _surprise(run: Run) -> None:
    """Put a user in the middle; before the page is drawn, so that it is drawn once."""
    with contextlib.suppress(WorkbenchError):  # the page itself says what is wrong with the run
        ids = state.ask(ego.most_changed, run, "user", START_ROWS)["id"].tolist()
        if ids:
            centre_on("user", random.choice(ids))


def _empty(key: str, other: str) -> None:
    """One of the two is in the middle: what is typed in one field empties the other."""
    if st.session_state.get(key):
        st.session_state[other] = ""


def _start(run: Run) -> None:
    st.caption("Search above, or start from where the graph changed most: select a row.")
    for column, kind in zip(st.columns(2, gap="large"), ("user", "item"), strict=True):
        with column:
            st.subheader(f"{kind.capitalize()}s that changed most")
            found = state.ask(ego.most_changed, run, kind, START_ROWS)
            _choose(found, cast(ego.Kind, kind), f"gd_start_{kind}", 560)


def _matches(run: Run, kind: ego.Kind, text: str) -> None:
    found = state.ask(ego.search, run, kind, text)
    if found.empty:
        st.info(f"No {kind} has this in its id or title.", icon=":material/search_off:")
        _start(run)
        return
    st.caption(f"The first {len(found)} that fit: select one." if len(found) > 1 else "Select it.")
    _choose(found, kind, "gd_found", "content")


def _choose(
    found: pd.DataFrame, kind: ego.Kind, key: str, height: int | Literal["content"]
) -> None:
    """Table of nodes; selecting one puts it in the middle."""
    columns = ["id", *(["title"] if kind == "item" else []), "before"]
    columns += [name for name in ("weakened", "dropped", "added") if found[name].any()]
    event = st.dataframe(
        found,
        key=f"{key}_{mark(found['id'])}",  # selections are places: other rows, other table
        column_order=[*columns, "moved"],
        hide_index=True,
        height=height,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "id": st.column_config.TextColumn(kind.capitalize()),
            "title": st.column_config.TextColumn("Title", width="medium"),
            "before": st.column_config.NumberColumn("Edges", help=explain("degree")),
            "weakened": st.column_config.NumberColumn("~ weakened", help=explain("weakened")),
            "dropped": st.column_config.NumberColumn("− dropped", help=explain("dropped")),
            "added": st.column_config.NumberColumn("+ added", help=explain("added")),
            "moved": st.column_config.NumberColumn("Moved", format="%.1f", help=explain("moved")),
        },
    )
    if event["selection"]["rows"]:
        centre_on(kind, str(found["id"].iloc[event["selection"]["rows"][0]]))
        st.rerun()


def _heading(run: Run, centre: figures.Centre, number: int, edges: pd.DataFrame) -> None:
    st.subheader("User in the middle" if centre.kind == "user" else "Item in the middle")
    plain = centre.kind == "user" or centre.name == centre.id
    st.text(centre.id if plain else f"{centre.name} ({centre.id})")
    counts = edges["decision"].value_counts()
    before = len(edges) - int(counts.get("added", 0))
    with st.container(horizontal=True, gap="large"):
        st.metric("Edges before", f"{before:,}", width="content")
        after = int((edges["decision"] != "dropped").sum())
        st.metric("Edges after", f"{after:,}", width="content")
        if counts.get("weakened", 0):
            weight = float(edges["weight"].sum())
            st.metric("Their weight", f"{weight:,.1f}", width="content", help=explain("degree"))
        for decision in DECISIONS:
            if counts.get(decision, 0):
                label = decision_cell(decision)
                st.metric(label, f"{counts[decision]:,}", width="content")
    profile = state.ask(ego.profile, run, centre.kind, number)
    if profile:
        with st.expander("Profile text, as the method reads it"):
            st.text(profile)


def _network(run: Run, centre: figures.Centre, number: int, edges: pd.DataFrame) -> None:
    kind = "users" if centre.kind == "user" else "items"
    hop = st.toggle(
        f"Show {kind} two steps away",
        key=HOP_KEY,
        bind="query-params",
        help=f"Other {kind} that share most of the neighbours on show.",
    )
    shown = edges.head(CAP // 2 if hop else CAP)
    second = None
    if hop:
        first = tuple(int(far) for far in shown["far"])
        second = state.ask(ego.second_hop, run, centre.kind, number, first, CAP - len(shown))
    event = components.chart(
        figures.ego(centre, shown, ink(), second),
        key=f"gd_ego_{mark([centre.kind, centre.id, hop])}",
        name="neighbourhood",
        on_select="rerun",
        selection_mode="points",
    )
    said = "Click a node to put it in the middle."
    if len(shown) < len(edges):
        said += (
            f" {len(shown)} of {len(edges):,} edges, changed ones first; the table has the rest."
        )
    st.caption(said)
    for point in event["selection"]["points"]:
        kind_id = point.get("customdata")
        if kind_id and list(kind_id) != [centre.kind, centre.id]:
            centre_on(str(kind_id[0]), str(kind_id[1]))
            st.rerun()


def _edges(run: Run, centre: figures.Centre, edges: pd.DataFrame) -> int | None:
    """Table of the edges; place of the selected one."""
    st.subheader("Its edges")
    shown = edges.head(TABLE_ROWS)
    table = shown.assign(
        decision=shown["decision"].map(decision_cell), verdict=shown["verdict"].map(verdict_cell)
    )
    user = centre.kind == "user"
    event = st.dataframe(
        table,
        # Selections are places: other rows, or another run, need another table.
        key=f"gd_edges_{mark([run.id, centre.kind, centre.id, *shown['far']])}",
        column_order=[
            *("decision", "title" if user else "far_id", "verdict", "p_noisy", "weight", "reason")
        ],
        hide_index=True,
        height=560 if len(table) > ROWS_SHOWN else "content",
        on_select="rerun",
        selection_mode="single-row",
        column_config=edge_columns(),
        placeholder="–",
    )
    if len(shown) < len(edges):
        st.caption(f"The first {TABLE_ROWS:,} of {len(edges):,}, changed ones first.")
    components.downloads(frame_writer(edges), "gd_edges", "edges_of_node", len(edges))
    picked = event["selection"]["rows"]
    return int(picked[0]) if picked else None
