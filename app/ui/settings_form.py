"""Settings as widgets: one per field of a model, with its docstring as help, errors beneath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.services.fields import Setting

Places = dict[str, DeltaGenerator]


def draw(
    settings: Sequence[Setting],
    prefix: str,
    start: Mapping[str, Any] | None = None,
    per_row: int = 4,
    persist: Literal["session"] | None = None,
    prefixes: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], Places]:
    """Draw the widgets.

    Args:
        settings: What to ask for.
        prefix: Of the keys of the widgets.
        start: First values by full name; the defaults otherwise.
        per_row: Widgets side by side.
        persist: ``session`` keeps the answers while the form is not drawn.
        prefixes: By full name, of settings whose widgets have another prefix: they are other
            widgets, which begin with their first value.

    Returns:
        The answers, and a place for an error under each widget; both by full name.
    """
    values: dict[str, Any] = {}
    places: Places = {}
    for begin in range(0, len(settings), per_row):
        row = st.columns(per_row, gap="medium")
        for column, setting in zip(row, settings[begin : begin + per_row], strict=False):
            with column:
                first = (start or {}).get(setting.name, setting.default)
                key = f"{(prefixes or {}).get(setting.name, prefix)}{setting.name}"
                values[setting.name] = _widget(setting, key, first, persist)
                places[setting.name] = st.empty()
    return values, places


def show_errors(errors: Mapping[str, str], places: Places) -> None:
    """Say under each widget what is wrong with its value; the rest in one message."""
    for name, message in errors.items():
        place = places.get(name)
        if place is None:
            st.error("A setting does not fit.", icon=":material/error:")
            st.text(f"{name}: {message}")
        else:
            with place.container(key=f"error_{name.replace('.', '_')}"):
                st.text(f"✕ {message}")


def _widget(
    setting: Setting,
    key: str,
    first: Any,  # noqa: ANN401 - as the setting has it
    persist: Literal["session"] | None,
) -> Any:  # noqa: ANN401 - likewise
    if setting.kind == "choice":
        choices = list(setting.choices)
        return st.selectbox(
            setting.title,
            choices,
            index=choices.index(first),
            key=key,
            help=setting.help,
            persist_state=persist,
        )
    if setting.kind == "switch":
        return st.toggle(
            setting.title, value=bool(first), key=key, help=setting.help, persist_state=persist
        )
    if setting.kind == "text":
        return st.text_input(
            setting.title, value=str(first), key=key, help=setting.help, persist_state=persist
        ).strip()
    step, form = (1, "%d") if setting.kind == "whole" else (None, "%g")
    return st.number_input(
        setting.title,
        value=first if first is None or setting.kind == "whole" else float(first),
        step=step,
        format=form,
        key=key,
        help=setting.help,
        placeholder="none" if setting.optional else None,
        persist_state=persist,
    )
