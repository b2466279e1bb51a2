"""View Cells: the raw rows, and how far a study that may still be running has come."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import study_cells
from app.services.study import About, Study
from app.services.study_cells import Filters, Reach
from app.ui import components, paging
from app.ui.glossary import explain
from app.ui.study import choice, measures
from app.ui.wording import UNKNOWN
from core.study.labels import title
from core.study.names import NUMBERS, SETTINGS_FILE

SIZE: Final = 100
PLAN: Final = "st_plan"
FILTERS: Final = {
    "part": "Part",
    "data": "Dataset",
    "noise": "Noise",
    "rate": "Share of noise",
    "seed": "Seed",
    "variant": "Method",
}
WHOLE: Final = ("seed", "n_users", "n_items", "n_train", "n_noise", "n_hard", "best_epoch")
LATE: Final = ("fingerprint", "options", "versions")
"""Long texts stand last."""
LETTER, WIDEST = 7, 280
"""Pixels of a letter in a table, about, and of the widest name."""


def draw(one: Study, about: About) -> None:
    """Draw the view."""
    _progress(one, about)
    st.subheader("Rows", help=explain("study_cell"))
    filters = _filters(one)
    found = choice.ask(study_cells.found, one, filters)
    if found.empty:
        st.info("No row fits these filters.", icon=":material/filter_alt_off:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(found):,} of {about.n_rows:,} rows, newest first", width="content")
        number = paging.number(len(found), SIZE, "st_page")
    write = partial(study_cells.write, one, filters)
    components.downloads(write, "st_cells", "study-rows", len(found))
    _table(found.iloc[(number - 1) * SIZE : number * SIZE])


def _progress(one: Study, about: About) -> None:
    """How much of a plan is done, as the files say at this moment."""
    names = choice.ask(study_cells.plans, one)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if names:
            plan = choice.pick(
                "Plan",
                names,
                PLAN,
                names[-1],
                width=220,
                help="What the study was run with, as it was recorded.",
            )
        st.button(
            "Refresh",
            icon=":material/refresh:",
            key="st_refresh",
            help="Read the files again: a study that is running adds a row per finished cell.",
        )
    last = f"{about.last[:16].replace('T', ' ')} UTC" if about.last else UNKNOWN
    if not names:
        st.text(f"{about.n_rows:,} rows so far, the last at {last}. The plan is not known.")
        return
    table = choice.ask(study_cells.progress, one, plan)
    if table.empty:
        st.text(f"{about.n_rows:,} rows so far, the last at {last}. The plan cannot be read.")
        return
    reach = choice.ask(study_cells.reach, one, plan)
    n_left = reach.n_cells - reach.n_done
    st.progress(
        reach.n_done / max(1, reach.n_cells),
        text=f"{reach.n_done:,} of {reach.n_cells:,} cells of the plan, as it was recorded, are "
        f"done, {n_left:,} are left",
    )
    _what_is_counted(one, plan, reach)
    st.text(f"Last row: {last}")
    st.caption(
        "A cell that failed has no row: it is among those left, and the next call tries it again. "
        "The command says which failed, and why."
    )
    with st.expander("By part, dataset and noise"):
        _groups(table)


def _what_is_counted(one: Study, plan: str, reach: Reach) -> None:
    """Say it where the record is of a part of its plan, or rows are there that it does not know."""
    if reach.n_cells < reach.n_whole:
        st.text(
            f"The record in {one.name}/{SETTINGS_FILE} is of a part of the plan, as calls for a "
            f"part left it before. Of the {reach.n_whole:,} cells of the whole plan {plan} of this "
            f"version {reach.n_whole_done:,} are done."
        )
    if reach.n_beside:
        st.text(
            f"{reach.n_beside:,} finished cells are not in the record: other calls made them. They "
            "are shown and counted in all other views."
        )


def _groups(table: pd.DataFrame) -> None:
    shown = table.assign(
        share=table["n_done"] / table["n_cells"].clip(lower=1), rate=table["rate"] * 100
    )
    form = st.column_config.NumberColumn
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        column_config={
            "part": "Part",
            "data": "Dataset",
            "noise": st.column_config.TextColumn("Noise", help=explain("study_noise")),
            "rate": form("Rate, %", format="%.0f", help=explain("study_rate")),
            "n_cells": form("Cells", help=explain("study_cell")),
            "n_done": form("Done"),
            "share": st.column_config.ProgressColumn(
                "Share", min_value=0.0, max_value=1.0, format="percent"
            ),
        },
    )


def _filters(one: Study) -> Filters:
    values = choice.ask(study_cells.values, one)
    chosen: dict[str, tuple[Any, ...]] = {}
    for column, (name, label) in zip(
        [*st.columns(3), *st.columns(3)], FILTERS.items(), strict=True
    ):
        options = {_text(value): value for value in values[name]}
        key = f"st_f_{name}"
        kept = [text for text in st.session_state.get(key, []) if text in options]
        if key in st.session_state and kept != st.session_state[key]:
            st.session_state[key] = kept
        picked = column.multiselect(
            label,
            list(options),
            key=key,
            bind="query-params",
            placeholder="all",
            format_func=title if name == "variant" else str,
        )
        chosen[name] = tuple(options[text] for text in picked)
    return Filters(**chosen)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(rows: pd.DataFrame) -> None:
    names = [name for name in rows.columns if name not in LATE]
    longest = max(map(len, rows["variant"]))
    st.dataframe(
        rows,
        key="st_rows",
        hide_index=True,
        height=520,
        placeholder=UNKNOWN,
        column_order=[*names, *(name for name in LATE if name in rows.columns)],
        column_config={name: _look(name) for name in rows.columns}
        | {
            # Streamlit fits a column to its first rows: long names came later, and were cut off.
            "variant": st.column_config.TextColumn(
                "variant", width=min(LETTER * longest + 24, WIDEST), pinned=True
            )
        },
    )


def _look(name: str) -> Any:  # noqa: ANN401 - a column of Streamlit
    """Columns keep the names of the file; what they mean is the help."""
    if name not in NUMBERS:
        return st.column_config.TextColumn(name)
    short = name == "rate" or name.startswith("seconds")
    form = "%d" if name in WHOLE else "%.4g" if short else "%.4f"
    return st.column_config.NumberColumn(name, format=form, help=measures.hint(name))
