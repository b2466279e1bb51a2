"""Steps 4 and 5 of the import: how rows become a dataset, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.services import background, datasets, fields, importing
from app.services.importing import ImportPlan
from app.ui import data_summary, settings_form, state
from app.ui.data_problems import wait
from app.ui.data_state import BROWSE, DATASET, PREPARE, RESULT, RUN, STEP, TAB, USERS, VIEW, go
from core.config import PrepareConfig

TITLES: Final = {
    "name": "Name of the dataset",
    "min_rating": "Lowest rating kept",
    "core": "k-core",
    "plant": "Kind of noise",
    "plant_rate": "Share of noise",
}
NOISE: Final = ("plant", "plant_rate")
GIVEN: Final = ("catalogue", "splits")
"""Layouts that come with a split."""
FOR_MEASURING: Final = (
    "For measuring only. Interactions that nobody made are added to train, and where they are is "
    "written down for the evaluation alone, so that a run can say how much of the noise it found. "
    "Leave it at none for data you want to work with."
)


def draw(plan: ImportPlan) -> None:
    """Draw the form of the settings."""
    work = background.check(plan, state.workspace())
    answer = work.answer if work else {}
    if answer and not answer.get("ok", True):
        st.error("The check found errors: see step 3.", icon=":material/error:")
    draft = importing.is_draft(plan.name, state.workspace())
    if draft and answer.get("ok", True):
        st.info("Look for problems first, in step 3.", icon=":material/info:")
    known = {
        setting.name: setting.called(TITLES.get(setting.name, setting.title))
        for setting in fields.settings_of(PrepareConfig)
    }
    start = {"name": plan.name, "split": "given" if _has_split(plan, answer) else "random"}
    prefix = f"da_p_{plan.name}_"
    main = [setting for name, setting in known.items() if name not in NOISE]
    values, places = settings_form.draw(main, prefix, start, 5)
    with st.expander("Plant noise, for measuring", icon=":material/science:"):
        st.caption(FOR_MEASURING)
        noise, more = settings_form.draw([known[name] for name in NOISE], prefix, None, 5)
    config, errors = fields.build(PrepareConfig, values | noise)
    settings_form.show_errors(errors, places | more)
    _hints(values, answer)
    exists = config is not None and config.name in datasets.names(state.workspace())
    replace = exists and st.checkbox(
        "Replace the dataset of this name",
        key=f"{prefix}replace",
        help="Runs that were made with it stay, but cannot be continued.",
    )
    ready = config is not None and not draft and (not exists or replace)
    if st.button("Prepare", type="primary", icon=":material/arrow_forward:", disabled=not ready):
        assert config is not None
        background.start_prepare(plan, config, state.workspace())
        go(**{STEP: RESULT})


def result(plan: ImportPlan) -> None:
    """Draw what preparing did."""
    work = background.preparation(plan, state.workspace())
    if work is None:
        st.info("Nothing was prepared from this import yet.", icon=":material/info:")
    elif work.running:
        wait(lambda: background.preparation(plan, state.workspace()), "Preparing")
    elif work.error:
        st.error("Preparing failed.", icon=":material/error:")
        st.text(work.error)
    elif work.answer.get("name") not in datasets.names(state.workspace()):
        st.info("The dataset is gone. Prepare it again.", icon=":material/info:")
    else:
        _done(str(work.answer["name"]))
        return
    if (work is None or not work.running) and st.button("Choose how to prepare"):
        go(**{STEP: PREPARE})


def _done(name: str) -> None:
    data = datasets.load(state.workspace(), name)
    st.success("The dataset is ready.", icon=":material/check:")
    with st.container(horizontal=True):
        title = "Run the method on this dataset"
        if st.button(title, type="primary", icon=":material/play_arrow:", key="da_to_run"):
            go(**{DATASET: name, VIEW: RUN})
        if st.button("Browse it", icon=":material/table_rows:", key="da_to_browse"):
            go(**{DATASET: name, VIEW: BROWSE, TAB: USERS})
    data_summary.draw(data)


def _has_split(plan: ImportPlan, answer: Mapping[str, Any]) -> bool:
    """Whether the files say what is train and what is test."""
    mapped = plan.mapping is not None and plan.mapping.split is not None
    return mapped or answer.get("source") in GIVEN


def _hints(values: dict[str, Any], answer: Mapping[str, Any]) -> None:
    """Say early what preparing would refuse."""
    if "columns" not in answer:
        return
    needs = {
        "rating": values["min_rating"] is not None,
        "timestamp": values["split"] == "time",
        "split": values["split"] == "given",
    }
    lacking = [name for name, needed in needs.items() if needed and name not in answer["columns"]]
    if lacking:
        st.warning(
            f"These settings need a column that this import has not: {', '.join(lacking)}.",
            icon=":material/warning:",
        )
