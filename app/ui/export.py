"""Panel that lets the cleaned data of a run be taken away."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from app.services import environment, export
from app.services.compare.pair import columns
from app.services.export import FORMATS, ONLY, Format, Only
from app.services.store import Run
from app.ui import state

FORM: Final = "co_form"
WHICH: Final = "co_only"


def panel(run: Run) -> None:
    """Choose a format and which edges, and download them."""
    st.text(f"Run {run.id}")
    if not columns(run, "edges"):
        st.info("This run has no edges.parquet: there is nothing to take.", icon=":material/info:")
        return
    first, second = st.columns(2)
    form = first.selectbox(
        "Format",
        list(FORMATS),
        key=FORM,
        bind="query-params",
    )
    choices = [name for name in ONLY if not (form == "npz" and name in ("all", "dropped"))]
    if st.session_state.get(WHICH) not in (None, *choices):
        st.session_state[WHICH] = "refined"
    only = second.selectbox(
        "Edges",
        choices,
        key=WHICH,
        bind="query-params",
    )
    first.caption(f"{FORMATS[form]}.")
    second.caption(f"{ONLY[only].capitalize()}.")
    _say(run, form, only)
    st.download_button(
        "Download as ZIP",
        partial(export.archive, run, form, only),
        f"{run.id}-{only}-{form}.zip",
        "application/zip",
        key="co_take",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption("The same on the command line:")
    words = ("export", run.id, "--to", "FOLDER", "--format", form, "--only", only)
    st.code(environment.shell_command(*words, place=state.workspace()), language=None)


def _say(run: Run, form: Format, only: Only) -> None:
    """What the files will hold, and what not."""
    n, n_reserved, n_reserved_in = state.ask(export.count, run, form, only)
    st.text(f"{n:,} edges, each with verdict, P(noisy), weight, who decided, and the run.")
    if n_reserved:
        st.text(
            f"{n_reserved:,} more added edges are left out: they are pairs of validation or test, "
            "which a train set must not hold."
        )
    if n_reserved_in:
        st.text(
            f"◆ {n_reserved_in:,} of the added ones are pairs of validation or test: this is no "
            "train set. To train on, take the cleaned data (refined) instead."
        )
    if only in ("refined", "kept") and form != "npz":
        st.caption(
            "A train set: validation, test, items and users of the dataset come with it, and the "
            "folder can be imported again as it is."
        )
    if form in ("csv", "recbole"):
        st.caption(
            "Ids are not changed, so that they can be matched: a spreadsheet may take one that "
            "begins with =, +, - or @ for a formula. Open these files with tools for data."
        )
