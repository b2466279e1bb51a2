"""View of the users that gained and lost most, and the first ten of one of them."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app.services import recommendations, spreadsheet
from app.services.compare import ranking, users
from app.services.store import Run
from app.ui import components, state
from app.ui.compare.settings import may_measure
from app.ui.figures import compare as figures
from app.ui.glossary import explain
from app.ui.wording import number

USER: Final = "co_user"


def draw(one: Run, two: Run, letter: str) -> None:
    """Draw the view; arguments as in :func:`app.ui.compare.verdicts.draw`."""
    first, second, _ = st.columns([2, 2, 4])
    split = first.selectbox(
        "Held-out items of",
        ["test", "valid"],
        key="co_split",
        bind="query-params",
        format_func=lambda name: ranking.SPLITS[name],
    )
    measure = second.selectbox(
        "By",
        list(ranking.MEASURES),
        key="co_by",
        bind="query-params",
        format_func=lambda name: ranking.MEASURES[name],
    )
    why = ranking.why_not(one, two, str(split))
    if why:
        st.info("Users cannot be compared.", icon=":material/info:")
        st.text(why)
        return
    if not may_measure(one, two):
        return
    found = state.ask(users.changes, one, two.id, split, measure)
    title = f"Change of {ranking.MEASURES[str(measure)]}, {letter} − A"
    components.chart(figures.changes(found["change"].to_numpy(), title), "co_users", "user-changes")
    listed = state.ask(users.extremes, one, two.id, split, measure)
    if listed.empty:
        st.info("Nobody gained or lost.", icon=":material/info:")
        return
    st.subheader("Gained and lost most")
    _table(listed, letter)
    components.downloads(partial(spreadsheet.write, found), "co_user_table", "users", len(found))
    names = [str(name) for name in listed["user_id"]]
    chosen = st.selectbox("User", names, key=USER, bind="query-params", width=320)
    if chosen is not None:
        _first_ten(one, two, letter, int(listed["user"].iloc[names.index(str(chosen))]))


def _table(listed: pd.DataFrame, letter: str) -> None:
    form = st.column_config.NumberColumn
    sign = listed["change"].map(lambda change: "▲ gained" if change > 0 else "▼ lost")
    st.dataframe(
        listed.assign(sign=sign),
        column_order=["sign", "user_id", "n_held_out", "before", "after", "change"],
        hide_index=True,
        height=380,
        column_config={
            "sign": st.column_config.TextColumn("", width="small"),
            "user_id": st.column_config.TextColumn("User"),
            "n_held_out": form("Held-out items", format="localized"),
            "before": form("A", format="%.3f"),
            "after": form(letter, format="%.3f"),
            "change": form("Change", format="%+.3f"),
        },
    )


def _first_ten(one: Run, two: Run, letter: str, user: int) -> None:
    """First ten of LLMHNI in both runs side by side."""
    st.subheader("First ten recommendations")
    if not (recommendations.known(one) and recommendations.known(two)):
        st.info("A run did not keep its embeddings (vectors.parquet).", icon=":material/info:")
        return
    tables = [state.ask(recommendations.top, run, user) for run in (one, two)]
    places = [dict(zip(table["item"], table["after"], strict=True)) for table in tables]
    for column, table, other, name, there in zip(
        st.columns(2, gap="medium"), tables, reversed(places), ("A", letter), (letter, "A"),
        strict=True,
    ):  # fmt: skip
        rows = table[table["after"] <= recommendations.K].sort_values("after")
        elsewhere = [other.get(item) for item in rows["item"]]
        column.dataframe(
            rows.assign(
                title=[
                    components.named(title, str(item))
                    for title, item in zip(rows["title"], rows["item_id"], strict=True)
                ],
                there=[number(place, ",d") for place in elsewhere],
            ),
            column_order=["after", "title", "hit", "there"],
            hide_index=True,
            placeholder="–",
            height="content",
            column_config={
                "after": st.column_config.NumberColumn(name, width=48, help=explain("place")),
                "title": st.column_config.TextColumn("Item", width="medium"),
                "hit": st.column_config.CheckboxColumn(
                    "In test", width="small", help=explain("test_hit")
                ),
                "there": st.column_config.TextColumn(
                    f"Place in {there}",
                    width="small",
                    help="– = not among the first ten of either of its models.",
                ),
            },
        )
