"""View Negatives: how hard mined negatives are, and how many of them are none."""

from __future__ import annotations

import streamlit as st

from app.services import study_ablations
from app.services.study import Study
from app.ui import components
from app.ui.figures import study_parts as figures
from app.ui.glossary import explain
from app.ui.study import choice, empty, header, tables, words
from core.study.labels import SCHEMES

BARS = "bars: 95 % bootstrap interval of the mean over seeds"


def draw(one: Study) -> None:
    """Draw the view."""
    found = choice.ask(study_ablations.negatives, one)
    if found.empty:
        empty.part(one, "negatives", "No negatives were mined in this study yet.")
        return
    drawn = found.assign(
        panel=[
            f"{row['data']}, {row['noise']} noise {row['rate']:.0%}"
            for row in found.to_dict("records")
        ]
    )
    counts = (int(found["n"].min()), int(found["n"].max()))
    figure = figures.negatives(drawn, header.source(one, counts, BARS))
    components.chart(figure, "st_negatives", "mined-negatives")
    st.caption(
        "Mined under each scheme from one and the same trained model. Right is harder and teaches "
        "more, low is cleaner. Easier negatives have fewer false ones for that reason alone: "
        "compare schemes of about the same hardness."
    )
    rate, hard = "false_negative_rate", "hardness"
    numbers = {
        rate: ("False-negative rate", explain("study_false_negatives"), 4, False),
        **words.interval("rate", 4, column=f"{rate}_"),
        hard: ("Hardness", explain("study_hardness"), 3, False),
        **words.interval("hardness", 3, column=f"{hard}_"),
    }
    shown = found.assign(scheme=[SCHEMES.get(str(name), str(name)) for name in found["scheme"]])
    columns = ["data", "noise", "rate", "scheme", "n", *numbers]
    tables.draw(shown, columns, numbers, "st_mined", "study-negatives")
