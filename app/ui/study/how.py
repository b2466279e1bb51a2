"""How a study was measured, told on demand: what the rows were made with, and the protocol."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import study
from app.services.study import About, Study
from app.ui.study import words
from app.ui.wording import UNKNOWN
from core.study.labels import title
from core.study.names import SETTINGS_FILE
from core.study.protocol import PROTOCOL, STATISTICS

HARD: Final = {
    "planted": "known, since they were planted",
    "lowest score": "the fifth of the genuine ones with the lowest out-of-fold score",
}
"""``hard_source`` of the rows -> where it is known from what is hard."""


def draw(one: Study, about: About) -> None:
    """Draw a button that opens it."""
    with st.popover("How it was measured", icon=":material/science:", width="content"):
        for data, hard in about.hard.items():
            st.text(f"{data}: hard interactions are {HARD.get(hard, hard or UNKNOWN)}.")
            missing = ", ".join(about.missing[data])
            if missing:
                st.text(f"Not measured on {data}: {missing}")
        _made_with(about)
        st.markdown(PROTOCOL)
        st.markdown(STATISTICS)
        _chosen(one)


def _made_with(about: About) -> None:
    several = f" ({len(about.versions)} sets)" if len(about.versions) > 1 else ""
    made = "; or ".join(words.versions(text) for text in about.versions)
    st.text(f"Versions of packages{several}: {made or UNKNOWN}")
    st.text(f"Versions of the engine's code: {', '.join(about.codes) or UNKNOWN}")


def _chosen(one: Study) -> None:
    """Options chosen on validation, and where everything else stands."""
    told = study.settings(one)
    if not told:
        return
    table = _choices(told.get("choices"))
    if len(table):
        st.markdown("**Options chosen on validation**")
        st.dataframe(table, hide_index=True, height=280)
    st.text(f"Plans and the settings of every variant: {one.name}/{SETTINGS_FILE}")


def _choices(choices: object) -> pd.DataFrame:
    """Dataset, method and what was chosen; empty where it is not known."""
    known: dict[str, Any] = choices if isinstance(choices, dict) else {}
    return pd.DataFrame(
        [
            (data, title(str(method)), words.told(options) or "defaults")
            for data, methods in known.items()
            if isinstance(methods, dict)
            for method, options in methods.items()
            if isinstance(options, dict)
        ],
        columns=["Dataset", "Method", "Options"],
    )
