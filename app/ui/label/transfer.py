"""Labels as files: out as CSV and Parquet, in again after a check."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.services import query, retrain_labels
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
        "One row per person and pair: who, user_id, item_id, observed, label, note, at (UTC), "
        "origin (the order, card or the like in which it was given). Unsure ones too. Imported "
        "again, here or elsewhere, it gives the same labels."
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
        "if you like who, note, at (UTC), origin. Without who the labels are yours. Rows with a "
        "time older than what their person decided since are left out. Without origin nobody knows "
        "whether somebody looked at each pair: then labels overrule the model, but neither correct "
        "nor measure P(noisy)."
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
        _checked(run, who, partial(_read, uploaded, folder))
    else:
        _given(run, who, folder)


def _given(run: Run, who: str, folder: Path) -> None:
    """Offer what the run learned from, and nobody has said in this workspace."""
    with database.cursor() as cursor:
        said = current.effective(cursor, run.manifest.dataset)
    n = retrain_labels.n_forgotten(run, said)
    if not n:
        return
    st.warning(
        f"This run was given {n:,} labels that nobody has given in this workspace, from a file "
        "perhaps. A run that is retrained from it here does not know them unless you import them.",
        icon=":material/warning:",
    )
    if st.toggle(
        "Import them as mine",
        key="la_given",
        help="Pairs that somebody has labelled here are left out. Checked first, as any file.",
    ):
        path = run.folder / retrain_labels.GIVEN
        name = f"{path.name} of the run"
        _checked(run, who, partial(transfer.read, path, folder, name), of_run=True)


def _checked(
    run: Run, who: str, read: Callable[[], transfer.Checked], *, of_run: bool = False
) -> None:
    try:
        checked = read()
    except WorkbenchError as error:
        st.error("This file cannot be read as labels.", icon=":material/error:")
        st.text(str(error))
        return
    context = events.Context(who, run.manifest.dataset, "import", run.id)
    # Who signed in writes under their own name alone.
    may_sign = analyst.may_sign if analyst.login_configured() else None
    with database.cursor() as cursor:
        if of_run:
            checked = transfer.of_nobody(cursor, context, checked)
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
        rows = "rows" if problem.n > 1 else "row"  # titles are ours, none of the file is in them
        with st.expander(f"{problem.n:,} {rows}. {problem.title}", icon=":material/warning:"):
            examples: pd.DataFrame = problem.examples
            st.dataframe(examples, hide_index=True, row_height=28)


def _read(uploaded: UploadedFile, folder: Path) -> transfer.Checked:
    """Check a file that was uploaded; what it is called is told, but names no file of ours."""
    suffix = ".parquet" if uploaded.name.lower().endswith(".parquet") else ".csv"
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / f"labels{suffix}"
        path.write_bytes(uploaded.getvalue())
        return transfer.read(path, folder, uploaded.name)
