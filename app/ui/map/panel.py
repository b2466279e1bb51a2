"""What stands beside and under the map: the selection, and the chosen point."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.services import map_selection, maps
from app.services.maps import Points
from app.services.store import Run
from app.ui import card, components, review, state, theme
from app.ui.glossary import explain
from app.ui.graph_edges import centre_on, mark
from app.ui.map.controls import Choices, clear
from app.ui.map.scene import Scene

TABLE_ROWS: Final = 200
EGO_HELP: Final = "Its neighbourhood in the original and the refined graph."


def selection(run: Run, scene: Scene) -> None:
    """Say what is selected, and offer to review it."""
    points, chosen = scene.points, scene.kept
    with st.container(key="sm_said"):
        if chosen is None:
            st.caption(
                "Lasso or box, from the corner of the map, select points. Click a point to see "
                "what is known about it."
            )
            if scene.pick is not None:
                _clear_button()
            return
        n_chosen = int(chosen.sum())
        st.text(f"{n_chosen:,} of {len(points):,} points {scene.how}")
        if not n_chosen:
            st.caption("No point of a shown class lies within the outline or fits the search.")
        met = state.ask(maps.ends, run, "interactions")
        rows = map_selection.rows_of(points, chosen, met)
        if n_chosen:
            _verdicts(run, points, rows)
        asked = st.button(
            "Review these interactions",
            type="primary",
            key="sm_review",
            disabled=not len(rows),
            help="Makes them the review list and opens the page of flagged interactions.",
        )
        _clear_button()
    if asked:
        review.show_list(run, rows, _source(scene, n_chosen))


def _clear_button() -> None:
    st.button(
        "Clear",
        key="sm_clear",
        shortcut="Esc",
        on_click=clear,
        help="Forgets the outline, the search and the chosen point.",
    )


def _verdicts(run: Run, points: Points, rows: np.ndarray) -> None:
    """Interactions by verdict; ``rows`` are places in the train set, as everywhere."""
    codes = state.ask(maps.verdicts, run, "interactions")
    counts = np.bincount(codes[rows], minlength=len(theme.VERDICT_SIGNS))
    said = "interactions" if points.second is not None else "interactions of these points"
    lines = [f"{len(rows):,} {said}"]
    for place, (verdict, sign) in enumerate(theme.VERDICT_SIGNS.items()):
        lines.append(f"{sign} {counts[place]:,} {verdict}")
    st.text("\n".join(lines))


def table(run: Run, scene: Scene) -> None:
    """The selected points, most suspicious first; all of them as a file."""
    points, chosen = scene.points, scene.kept
    if chosen is None or not chosen.any():
        return
    n_chosen = int(chosen.sum())
    found = map_selection.listed(run, points, chosen, TABLE_ROWS)
    st.subheader(f"Points {scene.how}")
    shown = min(n_chosen, TABLE_ROWS)
    some = f"The {shown:,} most suspicious of {n_chosen:,}."
    st.caption(some if shown < n_chosen else "Most suspicious first.")
    if "verdict" in found:
        found = found.assign(verdict=found["verdict"].map(card.signed))
    else:
        found = found.drop(columns="node")
    height = min(300, 38 + 28 * len(found))
    st.dataframe(found, hide_index=True, height=height, row_height=28, column_config=_columns())
    write = partial(map_selection.export, run, points, chosen)
    components.downloads(write, "sm_selected", f"{run.id}-map-selection", n_chosen)


def chosen_point(run: Run, points: Points, choices: Choices) -> None:
    """Everything about the chosen point; nothing if there is none."""
    row, node = choices.picked("r"), choices.picked("n")
    if row is not None:
        with st.container(border=True, key="sm_card"):
            card.interaction(run, row, "sm")
    elif node is not None and node < len(points.titles):
        with st.container(border=True, key="sm_card"):
            _node(run, points, node)


def _node(run: Run, points: Points, number: int) -> None:
    facts = state.ask(map_selection.node, run, points.n_users, number)
    rows: pd.DataFrame = facts["interactions"]
    is_item = facts["kind"] == "item"
    left, right = st.columns([2, 3], gap="medium")
    with left:
        with st.container(key="sm_name"):
            title = components.named(facts["title"], str(facts["id"]))
            st.text(title)
        known = [facts["kind"], facts["id"], facts["group"]]
        parts = [part for part in dict.fromkeys(known) if part and part != title]
        st.text(" · ".join(parts))
        st.text(facts["text"] or "No text.")
        if st.button("Edges around it", key="sm_ego", icon=":material/hub:", help=EGO_HELP):
            centre_on(facts["kind"], facts["id"])
            state.go(card.GRAPH)
    with right:
        st.text(f"{facts['n']:,} interactions" + (", first 200" if facts["n"] > len(rows) else ""))
        shown = rows.assign(verdict=rows["verdict"].map(card.signed)).drop(
            columns="title" if is_item else "user_id"
        )
        event = st.dataframe(
            shown,
            hide_index=True,
            height=min(320, 40 + 28 * len(shown)),
            row_height=28,
            # Marks are places: another point or run is another table: a mark never stays behind.
            key=f"sm_node_{mark([run.id, number, *rows['row']])}",
            on_select="rerun",
            selection_mode="single-row",
            column_config=_columns(),
        )
    places = event["selection"]["rows"]
    if places and places[0] < len(rows):
        st.divider()
        card.interaction(run, int(rows["row"].iloc[places[0]]), "sm")


def _columns() -> dict[str, Any]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "row": number("No.", width=60, help="Number of the interaction."),
        "kind": text("Kind", width=60),
        "id": text("Id", width=90),
        "user_id": text("User", width=90),
        "item_id": text("Item", width=90),
        "title": text("Title", width=220),
        "group": text("Group", width=130),
        "interactions": number("Interactions", format="%d", help=explain("activity")),
        "noisy": number("Noisy", format="percent", help="Share of its interactions."),
        "hard": number("Hard", format="percent", help="Share of its interactions."),
        "verdict": text("Verdict", width=80, help=explain("verdict")),
        "p_noisy": number("P(noisy)", format="%.2f", help=explain("p_noisy")),
        "loss": number("Loss", format="%.2f", help=explain("loss")),
        "semantic": number("Semantic", format="%.2f", help=explain("semantic")),
    }


def _source(scene: Scene, n_chosen: int) -> str:
    """What a review list from the map is, for people."""
    if scene.points.second is not None:
        return f"{scene.how} on the map"
    return f"of {n_chosen:,} points {scene.how} on the map"
