"""View Judgements: what was made or imported, a file in, and files out."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.services import datasets, judge_files, judge_subject, source_preview
from app.services.judge_subject import Subject
from app.ui import components, data_problems, state
from app.ui.judge import choice
from app.ui.wording import TABLE_HELP
from core.errors import WorkbenchError

NAME: Final = "ju_i_name"
LAST: Final = "_ju_imported"
"""Name of the import that this session watches."""
FORMS: Final = (
    ("CSV", ".csv", "text/csv"),
    ("Parquet", ".parquet", "application/vnd.apache.parquet"),
    ("JSON lines", ".jsonl", "application/x-ndjson"),
)


def draw() -> None:
    """Draw the view."""
    _list()
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Import")
        _import()
    with right:
        st.subheader("Export")
        _export()


def _list() -> None:
    found = judge_files.table(state.workspace())
    if found.empty:
        st.info(
            "No judgements were made or imported apart from runs yet. Every run keeps its own.",
            icon=":material/info:",
        )
        return
    st.dataframe(
        found,
        hide_index=True,
        row_height=28,
        placeholder="–",
        column_config={
            "name": st.column_config.TextColumn("Name", help="As the setting judge.recorded."),
            "dataset": st.column_config.TextColumn("Dataset"),
            "judge": st.column_config.TextColumn("Graded by", width="large"),
            "n_pairs": st.column_config.NumberColumn("Pairs", format="localized"),
            "n_wanted": st.column_config.NumberColumn(
                "Of", format="localized", help="Pairs that there were to judge; not all are known."
            ),
            "made": st.column_config.TextColumn("Made"),
            "created": st.column_config.DatetimeColumn(
                "When (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"
            ),
            "n_problems": st.column_config.NumberColumn(
                "Kinds of problems", help="Of the imported file; shown when it is chosen below."
            ),
            "stopped_by": st.column_config.TextColumn("Stopped early by"),
        },
    )


def _import() -> None:
    st.caption(
        "CSV, Parquet or JSON lines with user_id, item_id, user_grade, item_grade (High, Mid, Low "
        "or 2, 1, 0) and, if there are any, user_reason, item_reason, judge. Rows that cannot be "
        "used are counted and shown, with examples."
    )
    known = datasets.names(state.workspace())
    if not known:
        st.info("There is no dataset yet that they could be about.", icon=":material/info:")
        return
    dataset = str(st.selectbox("Dataset that they are about", known, key="ju_i_set"))
    uploaded = st.file_uploader(
        "File of judgements",
        list(judge_files.READ),
        key="ju_i_file",
        help="It is copied to the folder uploads of the workspace; nothing leaves this machine.",
    )
    if uploaded is not None:
        _name_and_go(uploaded, dataset)
    _imported()


def _name_and_go(uploaded: UploadedFile, dataset: str) -> None:
    name = st.text_input(
        "Name of the judgements",
        value=judge_files.suggested(uploaded.name),
        key=f"{NAME}_{uploaded.file_id}",
        help="Letters, digits, dot, dash and underscore.",
    ).strip()
    try:
        replaces = judge_files.check_name(state.workspace(), name)
    except WorkbenchError as error:
        st.error("This name cannot be used.", icon=":material/error:")
        st.text(str(error))
        return
    sure = not replaces or st.checkbox(
        "Replace the judgements of this name", key=f"ju_i_replace_{uploaded.file_id}"
    )
    if not st.button(
        "Import", type="primary", icon=":material/upload:", key="ju_import", disabled=not sure
    ):
        return
    try:
        path = source_preview.keep_upload(uploaded, uploaded.name, state.workspace())
        judge_files.start_import(state.workspace(), path, dataset, name, replaces)
    except WorkbenchError as error:
        st.error("This cannot be imported.", icon=":material/error:")
        st.text(str(error))
        return
    st.session_state[LAST] = name
    st.rerun()


def _imported() -> None:
    """How the import of this session went."""
    name = st.session_state.get(LAST)
    work = judge_files.imported(state.workspace(), name) if name else None
    if not name or work is None:
        return
    if work.running:
        data_problems.wait(lambda: judge_files.imported(state.workspace(), name), "Checking")
    elif work.error:
        st.error("Nothing was imported.", icon=":material/error:")
        st.text(work.error)
    else:
        st.success("Imported.", icon=":material/check:")
        st.text(f"{int(work.answer.get('n_pairs', 0)):,} judgements kept as {name}.")
        _problems(name)


def _problems(name: str) -> None:
    found = judge_files.problems(state.workspace(), name)
    if not found:
        st.caption("No problems were found in the file.")
    for problem in found:
        data_problems.draw_problem({**problem, "examples": problem.get("rows", ())})


def _export() -> None:
    subject = choice.draw()
    if subject is None:
        return
    if not judge_subject.has(subject, "judgements"):
        st.info("This run kept no judgements.", icon=":material/info:")
        return
    try:
        n = judge_files.count(subject)
    except WorkbenchError as error:
        components.explain(error)
        return
    st.text(f"{n:,} pairs, graded by {subject.judge}")
    with st.container(horizontal=True):
        for title, suffix, mime in FORMS:
            st.download_button(
                title,
                partial(_content, subject, suffix),
                f"{subject.name}-judgements{suffix}",
                mime,
                key=f"ju_export{suffix}",
                icon=":material/download:",
                on_click="ignore",
                help=TABLE_HELP.get(suffix, "One JSON object per line, every value as it is."),
            )
    st.caption("All three can be imported again; Parquet and JSON lines keep every letter.")
    if not subject.is_run:
        _problems_of(subject)


def _problems_of(subject: Subject) -> None:
    found = judge_files.problems(state.workspace(), subject.name)
    if found and subject.name != st.session_state.get(LAST):
        st.markdown("**Found when it was imported**")
        _problems(subject.name)


def _content(subject: Subject, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"judgements{suffix}"
        judge_files.write(subject, path)
        return path.read_bytes()
