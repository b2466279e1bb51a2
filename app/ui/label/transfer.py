"""Labels as files: out as CSV and Parquet, in again after a check."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.services import query
from app.services.labels import current, events, transfer
from app.services.store import Run
from app.ui import analyst, components, database
from app.ui.label import desk
from app.ui.label.labels import signed
from core.errors import WorkbenchError

_SAID: Final = "_la_import_said"
_ROUND: Final = "_la_import_round"
"""Rises with every import, so that the field for the file is empty again."""


def draw(run: Run, who: str) -> None:
    """Draw both ways."""
    left, right = st.columns(2, gap="large")
    with left:
        _export(run)
    with right:
        _import(run, who)


def _export(run: Run) -> None:
    dataset = run.manifest.dataset
    st.subheader("Export")
    with database.cursor() as cursor:
        people = current.people(cursor, dataset)
    n_labels = int(people["n"].sum()) if len(people) else 0
    if not n_labels:
        st.info("There are no labels of this dataset yet.", icon=":material/info:")
        return
    n_people = f"{len(people):,} people" if len(people) > 1 else "one person"
    st.text(f"{n_labels:,} labels of {n_people} about the dataset {dataset}.")
    st.caption(
        "One row per person and pair: who, user_id, item_id, observed, label, note, at (UTC). "
        "Unsure ones too."
    )
    components.downloads(partial(_write, dataset), "la_export", f"{dataset}-labels", n_labels)


def _write(dataset: str, path: Path) -> None:
    with database.cursor() as cursor:
        transfer.export(cursor, dataset, path)


def _import(run: Run, who: str) -> None:
    st.subheader("Import")
    if said := st.session_state.get(_SAID):
        st.success(said, icon=":material/check:")
    st.caption(
        "CSV or Parquet with user_id, item_id, label (clean, hard, noisy; like, not; unsure), and "
        "if you like who, note, at (UTC). Without who the labels are yours. Rows with a time older "
        "than what their person decided since are left out."
    )
    uploaded = st.file_uploader(
        "File of labels",
        ["csv", "parquet"],
        key=f"la_file_{st.session_state.get(_ROUND, 0)}",
        help="It is checked first; nothing is written before you say so.",
    )
    folder = query.own_dataset(run)
    if folder is None:
        st.warning(
            "The dataset of this run is gone or another one by now, so ids cannot be checked.",
            icon=":material/warning:",
        )
        return
    if uploaded is not None:
        _checked(run, who, folder, uploaded)


def _checked(run: Run, who: str, folder: Path, uploaded: UploadedFile) -> None:
    try:
        checked = _read(uploaded, folder)
    except WorkbenchError as error:
        st.error("This file cannot be read as labels.", icon=":material/error:")
        st.text(str(error))
        return
    context = events.Context(who, run.manifest.dataset, "import", run.id)
    # Who signed in writes under their own name alone.
    may_sign = analyst.may_sign if analyst.login_configured() else None
    with database.cursor() as cursor:
        checked = transfer.against(cursor, context, checked, may_sign)
        n_replaced = transfer.n_replaced(cursor, context, checked)
    frame = checked.frame
    st.text(f"{len(frame):,} of {checked.n_rows:,} rows can be imported.")
    counts = frame["label"].value_counts()
    if len(counts):
        st.text(", ".join(f"{signed(name)} {n:,}" for name, n in counts.items()))
    if n_replaced:
        st.warning(
            f"{n_replaced:,} of them replace another label of the same person.",
            icon=":material/warning:",
        )
    _problems(checked.problems)
    if st.button(
        f"Import {len(frame):,} labels", type="primary", key="la_import", disabled=frame.empty
    ):
        with database.cursor() as cursor:
            done = transfer.import_(cursor, context, checked, may_sign)
        desk.renew()
        n_known = len(frame) - done.n_written
        st.session_state[_SAID] = f"{done.n_written:,} labels imported." + (
            f" {n_known:,} were there already." if n_known else ""
        )
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        st.rerun()


def _problems(problems: tuple[transfer.Problem, ...]) -> None:
    for problem in problems:
        with st.expander(f"{problem.n:,} rows are left out or changed", icon=":material/warning:"):
            st.text(problem.title)
            examples: pd.DataFrame = problem.examples
            st.dataframe(examples, hide_index=True, row_height=28)


def _read(uploaded: UploadedFile, folder: Path) -> transfer.Checked:
    """Check a file that was uploaded; its name is not used but for the suffix."""
    suffix = ".parquet" if uploaded.name.lower().endswith(".parquet") else ".csv"
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / f"labels{suffix}"
        path.write_bytes(uploaded.getvalue())
        return transfer.read(path, folder)
