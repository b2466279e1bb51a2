"""View Trade-off: which method is good both at keeping what is hard and at recommending."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd
import streamlit as st

from app.services import study_methods
from app.services.study import Study
from app.ui import components
from app.ui.figures import study_points as figures
from app.ui.figures.study_frame import Scale
from app.ui.graph_edges import ink
from app.ui.study import choice, header, measures, tables, words
from core.study.labels import title
from core.study.statistics import ORACLE

ACROSS, UP = "st_x", "st_y"
FIRST: Final = ("hard_kept_70", "recall20")


def draw(one: Study) -> None:
    """Draw the view."""
    place = choice.place(one)
    detection = choice.ask(study_methods.measured, one, "methods", "detection")
    ranking = choice.ask(study_methods.measured, one, "methods", "ranking")
    if place is None:
        return
    if not detection or not ranking:
        st.info("It needs a measure of detection and one of ranking.", icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        across = _axis("Across", measures.ordered(detection), ACROSS, FIRST[0])
    with right:
        up = _axis("Up", ranking, UP, FIRST[1])
    noise = place.noises[0]
    found = choice.ask(study_methods.trade, one, place.data, noise, place.rate, across, up)
    both = found[found["x"].notna() & found["y"].notna()].reset_index(drop=True)
    if both.empty:
        st.info("No method has both measures here.", icon=":material/info:")
        return
    oracle = found.loc[found["variant"] == ORACLE, "y"]
    counts = (int(both["n_x"].min()), int(both["n_x"].max()))
    text = header.source(one, counts, "bars: 95 % bootstrap interval of the mean over seeds")
    figure = figures.trade(
        both,
        Scale(measures.title(across), measures.digits(across)),
        Scale(measures.title(up), measures.digits(up)),
        float(oracle.iloc[0]) if len(oracle) else math.nan,
        ink(),
        text,
    )
    name = f"trade-off-{place.data}-{noise}-{place.rate:g}"
    components.chart(figure, "st_trade", name)
    st.caption(
        "Up and to the right is good at both. Dotted: the oracle, plain BPR without the planted "
        "noise, which has nothing to detect. Names that would stand on others are left out: hover "
        "over the point, or see the table."
    )
    _table(found, across, up)


def _axis(label: str, options: list[str], key: str, first: str) -> str:
    text = measures.meaning(str(st.session_state.get(key) or first))
    return choice.pick(label, options, key, first, format_func=measures.title, help=text)


def _table(found: pd.DataFrame, across: str, up: str) -> None:
    only = found[found["x"].isna() ^ found["y"].isna()]
    names = sorted(title(str(one)) for one in only["variant"] if one != ORACLE)
    if names:
        st.text(f"Not drawn, as they have one of the two alone: {', '.join(names)}")
    numbers = {
        "x": (measures.title(across), measures.meaning(across), measures.digits(across), False),
        **words.interval(measures.title(across), measures.digits(across), column="x_"),
        "y": (measures.title(up), measures.meaning(up), measures.digits(up), False),
        **words.interval(measures.title(up), measures.digits(up), column="y_"),
    }
    ranked = found.sort_values("x", ascending=False)
    tables.draw(ranked, ["variant", "family", *numbers], numbers, "st_tradeoff", "study-trade-off")
