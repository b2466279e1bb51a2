"""Step 1 of the import: files on this machine, or uploaded ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from app.services import importing, source_preview
from app.services.importing import ImportPlan
from app.services.source_preview import Source
from app.ui import state
from app.ui.data_state import COLUMNS, IMPORT, NEW, STEP, first_rows, go
from core.errors import ConfigError, DataError

PATH: Final = "da_path"
ITEMS: Final = "da_items"
TYPES: Final = [suffix.removeprefix(".") for suffix in source_preview.SUFFIXES]
LAYOUTS: Final = (
    "One file of interactions (CSV, TSV, JSON lines, Parquet; gzip on this machine), with a file "
    "of items beside it if there is one. Or a folder: MovieLens (100K, 1M, 10M, 20M, latest), a "
    "published split (train, test, maybe valid, items), the layout of the sample, or the Parquet "
    "parts of one table."
)


def draw(chosen: str) -> None:
    """Draw the step.

    Args:
        chosen: Name of the import that is open, or ``NEW``.
    """
    if chosen != NEW:
        _stored(chosen)
        return
    st.caption(LAYOUTS)
    left, right = st.columns(2, gap="large")
    with left:
        path = _file("Interactions", PATH, "File or folder")
        source = _recognised(path) if path else None
    with right:
        single = source is None or source.mappable
        items = ""
        if single:
            items = _file("Items (optional)", ITEMS, "File with titles and texts")
        else:
            st.subheader("Items (optional)")
            st.caption("This folder brings its own items.")
    if source is not None:
        _name_and_go(path, items, source)


def _file(title: str, key: str, hint: str) -> str:
    """A path, typed or of an upload."""
    st.subheader(title)
    uploaded = st.file_uploader(
        "Upload a file",
        type=TYPES,
        key=f"{key}_upload",
        help="It is copied to the folder uploads of the workspace; nothing leaves this machine.",
    )
    if uploaded is not None and st.session_state.get(f"_{key}_kept") != uploaded.file_id:
        kept = source_preview.keep_upload(uploaded, uploaded.name, state.workspace())
        st.session_state[f"_{key}_kept"] = uploaded.file_id
        st.session_state[key] = str(kept)
    typed = st.text_input(
        "Or a path on this machine", key=key, placeholder=hint, persist_state="session"
    )
    return str(typed or "").strip()


def _recognised(path: str) -> Source | None:
    try:
        source = source_preview.recognise(path)
        if source.mappable:
            first_rows(source.files[0])  # says at once that a file is no table
    except DataError as error:
        st.error("This cannot be imported.", icon=":material/error:")
        st.text(str(error))
        return None
    st.success("Recognised.", icon=":material/check:")
    st.text(source.description)
    return source


def _name_and_go(path: str, items: str, source: Source) -> None:
    place = Path(path).expanduser()
    known = importing.names(state.workspace())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the import",
            value=importing.name_of(place),
            key=f"da_name_{place}",
            help="Letters, digits, dot, dash and underscore.",
            width=280,
        )
        pressed = st.button("Look at the columns", type="primary", icon=":material/arrow_forward:")
    if name in known:
        st.caption("There is an import of this name: it is replaced once the check finds no error.")
    if not pressed:
        return
    try:
        chosen = Path(items).expanduser() if items and source.mappable else None
        if chosen is not None and chosen.exists():
            first_rows(chosen)
        plan = importing.make_plan(place, name.strip(), chosen)
    except (ConfigError, DataError) as error:
        st.error("This cannot be imported.", icon=":material/error:")
        st.text(str(error))
        return
    importing.save_draft(plan, state.workspace())
    go(**{IMPORT: plan.name, STEP: COLUMNS})


def _stored(name: str) -> None:
    """Where the files of an earlier import lie."""
    try:
        plan: ImportPlan = importing.open_plan(name, state.workspace())
    except DataError as error:
        st.error("This import cannot be read.", icon=":material/error:")
        st.text(str(error))
        return
    for title, path in (("Interactions", plan.path), ("Items", plan.items), ("Users", plan.users)):
        if path:
            st.caption(title)
            st.text(path)
    with st.container(horizontal=True):
        if st.button("Look at the columns", type="primary", icon=":material/arrow_forward:"):
            go(**{STEP: COLUMNS})
        if st.button("New import", icon=":material/add:"):
            go(**{IMPORT: NEW})
