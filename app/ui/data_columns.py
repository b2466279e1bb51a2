"""Step 2 of the import: the first rows, and what each column means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st
from pydantic import BaseModel

from app.services import background, source_preview
from app.services.importing import ImportPlan
from app.ui import state
from app.ui.data_state import PROBLEMS, STEP, first_rows, go
from core.data.sources import ColumnMapping, ItemMapping
from core.errors import DataError

NONE: Final = "–"
"""No column; a column of this very name could not be chosen."""
REQUIRED: Final = ("user", "item")
LISTS: Final = ("text", "attributes")
TITLES: Final = {"text": "Texts", "attributes": "Attributes"}


def draw(plan: ImportPlan) -> None:
    """Draw the step."""
    try:
        source = source_preview.recognise(plan.path)
        items = Path(plan.items) if plan.items else source.items
        seen = first_rows(source.files[0]) if source.mappable else None
        seen_items = first_rows(items) if items and source.mappable else None
    except DataError as error:
        st.error("This cannot be imported.", icon=":material/error:")
        st.text(str(error))
        return
    if seen is None:
        _fixed(plan, source.files)
        return
    st.subheader("Interactions")
    mapping = _fields(ColumnMapping, list(seen.columns), _start(plan, seen), f"da_c_{plan.name}_")
    _rows(seen)
    item_mapping: dict[str, Any] | None = None
    if seen_items is not None:
        st.subheader("Items")
        start = (
            plan.item_mapping.model_dump()
            if plan.item_mapping
            else source_preview.propose_items(list(seen_items.columns))
        )
        item_mapping = _fields(ItemMapping, list(seen_items.columns), start, f"da_i_{plan.name}_")
        _rows(seen_items)
    _check(plan, mapping, item_mapping)


def _start(plan: ImportPlan, seen: pd.DataFrame) -> Mapping[str, Any]:
    if plan.mapping is not None:
        return plan.mapping.model_dump()
    return source_preview.propose_interactions(list(seen.columns))


def _fixed(plan: ImportPlan, files: Sequence[Path]) -> None:
    """A folder whose layout says what the columns mean: only look."""
    st.caption("The layout of this folder says what its columns mean. Nothing is to be chosen.")
    _check(plan, None, None)
    with st.container(width=280):
        name = st.selectbox("File", [file.name for file in files], key=f"da_file_{plan.name}")
    chosen = next((file for file in files if file.name == name), None)
    if chosen is None:
        return
    try:
        _rows(first_rows(chosen))
    except DataError as error:
        st.info("This file cannot be shown as a table.", icon=":material/info:")
        st.text(str(error))


def _fields(
    model: type[BaseModel], columns: Sequence[str], start: Mapping[str, Any], prefix: str
) -> dict[str, Any]:
    """A picker per field; guesses are chosen already."""
    found: dict[str, Any] = {}
    names = list(model.model_fields)
    row = st.columns(4, gap="medium") + st.columns(4, gap="medium")
    for column, name in zip(row, names, strict=False):
        text = " ".join((model.model_fields[name].description or "").split()).replace("``", "`")
        with column:
            if name in LISTS:
                known = [one for one in start.get(name, ()) if one in columns]
                chosen = st.multiselect(
                    TITLES[name], columns, default=known, key=prefix + name, help=text
                )
                found[name] = tuple(chosen)
                continue
            options = [*columns] if name in REQUIRED else [NONE, *columns]
            guess = start.get(name)
            first = options.index(guess) if guess in options else None
            if first is None and name not in REQUIRED:
                first = 0
            picked = st.selectbox(
                name.capitalize(),
                options,
                index=first,
                key=prefix + name,
                help=text,
                placeholder="Choose a column",
            )
            found[name] = None if picked == NONE else picked
    return {name: value for name, value in found.items() if value is not None}


def _rows(seen: pd.DataFrame) -> None:
    """The first rows as they are in the file."""
    st.caption(f"The first {len(seen)} rows, as they are in the file.")
    st.dataframe(seen, hide_index=True, height=280, row_height=28, placeholder=NONE)


def _check(
    plan: ImportPlan, mapping: dict[str, Any] | None, item_mapping: dict[str, Any] | None
) -> None:
    """Offer to go on, once user and item are known."""
    missing = [
        f"{field} id of the {of}"
        for of, fields, chosen in (
            ("interactions", REQUIRED, mapping),
            ("items", ("item",), item_mapping),
        )
        if chosen is not None
        for field in fields
        if field not in chosen
    ]
    if missing:
        st.info(f"Choose a column: {', '.join(missing)}.", icon=":material/info:")
    pressed = st.button(
        "Look for problems",
        type="primary",
        icon=":material/arrow_forward:",
        disabled=bool(missing),
        key="da_check",
    )
    if pressed:
        changes = {
            "mapping": ColumnMapping(**mapping) if mapping else None,
            "item_mapping": ItemMapping(**item_mapping) if item_mapping else None,
        }
        background.start_check(plan.model_copy(update=changes), state.workspace())
        go(**{STEP: PROBLEMS})
