"""Cards of the examples on the overview.

Titles, reasons and explanations come from data and language models: ``st.text`` alone shows them.
"""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from app.services.method_of import is_baseline
from app.services.records import Manifest
from app.services.verdict_words import explained
from app.ui import components, review, theme
from app.ui.wording import GRADES


def evidence(row: pd.Series, manifest: Manifest) -> None:
    """One interaction: what it is, how the signals see it and why.

    Args:
        row: Of the table of interactions.
        manifest: Of its run; in one of a baseline no grade is part of the evidence.
    """
    baseline = is_baseline(manifest)
    scale = "rank" if baseline else "P(noisy)"
    with st.container(border=True):
        heading, number, more = st.columns([5, 2, 1], vertical_alignment="center")
        item = components.named(row["title"], str(row["item_id"]))
        heading.text(f"{row['user_id']} → {item}")
        sign = theme.VERDICT_SIGNS.get(row["verdict"], "")
        number.text(f"{sign} {row['verdict']}, {scale} {_number(row['p_noisy'])}")
        if more.button("Card", key=f"card_{row['row']}", icon=":material/open_in_new:"):
            review.show_card(int(row["row"]))
        said = str(row["explanation"])
        st.text(explained(manifest, str(row["verdict"]), float(row["p_noisy"]), said))
        st.caption(
            f"Loss {_number(row['loss'])} · score {_number(row['score'])} · "
            f"semantic {_number(row['semantic'])}"
            + ("" if baseline else f" · logical {_number(row['logical'])}")
        )
        if baseline:
            return
        for view, name in (("user", "User's view"), ("item", "Item's view")):
            grade = GRADES.get(int(row[f"{view}_grade"]))
            if grade:
                st.text(f"{name}, {grade}: {row[f'{view}_reason']}")


def _number(value: float) -> str:
    """Three decimals, or a dash for what is not known."""
    return "–" if math.isnan(value) else f"{value:.3f}"
