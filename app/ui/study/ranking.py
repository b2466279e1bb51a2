"""View Ranking: how good the recommendations are as noise grows, and what of its cost is undone."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import study_methods
from app.services.study import Study
from app.ui import components
from app.ui.figures import study as figures
from app.ui.figures.study_frame import Scale
from app.ui.glossary import explain
from app.ui.graph_edges import ink
from app.ui.study import by_rate, choice, header, measures, tables, words
from core.study.labels import title

MEASURE: Final = "st_rank"
METHODS: Final = "st_methods"
TABLE: Final = "st_rank_table"
MEANS, RECOVERED, DECLINE = "Means", "Recovered share", "Decline"
FIRST: Final = "recall20"
WIDEST: Final = (-3.0, 3.0)
"""A ratio of small numbers may be far off; it must not press all others together."""


def draw(one: Study) -> None:
    """Draw the view."""
    known = choice.ask(study_methods.places, one)
    names = choice.ask(study_methods.measured, one, "methods", "ranking")
    if known.empty or not names:
        st.info("No ranking was measured yet.", icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        data = choice.pick_data(known)
    with right:
        measure = choice.pick(
            "Measure",
            names,
            MEASURE,
            FIRST,
            format_func=measures.title,
            help="\n\n".join(dict.fromkeys(measures.meaning(name) for name in names)),
        )
    found = choice.ask(study_methods.means, one, data, measure)
    if found.empty:
        st.info("This measure is not there for this dataset.", icon=":material/info:")
        return
    chosen = _methods(one, data, measure, found)
    if chosen:
        by_rate.draw(one, found, chosen, data, measure)
    what = st.segmented_control(
        "What is shown below",
        [MEANS, RECOVERED, DECLINE],
        default=MEANS,
        required=True,
        key=TABLE,
        bind="query-params",
        label_visibility="collapsed",
    )
    {MEANS: _means, RECOVERED: _recovered, DECLINE: _decline}[str(what)](one, data, measure)


def _methods(one: Study, data: str, measure: str, found: pd.DataFrame) -> list[str]:
    """Draw the choice of methods; LLMHNI, plain, oracle and the best of each family at first."""
    there = sorted(set(found["variant"]), key=title)
    kept = [name for name in st.session_state.get(METHODS, []) if name in there]
    if METHODS in st.session_state and kept != st.session_state[METHODS]:
        st.session_state[METHODS] = kept
    return st.multiselect(
        "Methods",
        there,
        default=choice.ask(study_methods.main_methods, one, data, measure),
        key=METHODS,
        bind="query-params",
        format_func=title,
        placeholder="Choose methods to draw",
        help="At first LLMHNI, plain BPR, the oracle, and of every other family the method with "
        "the highest mean.",
    )


def _means(one: Study, data: str, measure: str) -> None:
    found = choice.ask(study_methods.means, one, data, measure)
    digits = measures.digits(measure)
    numbers = {
        "mean": (measures.title(measure), measures.meaning(measure), digits, False),
        **words.interval(digits=digits),
        **words.against(digits),
    }
    ranked = _best_first(found, "mean")
    columns = ["noise", "rate", "variant", "family", "n", *numbers, "p_holm", "p_t", "options"]
    tables.draw(ranked, columns, numbers, "st_means", f"study-{measure}".replace("_", "-"))


def _recovered(one: Study, data: str, measure: str) -> None:
    st.caption(explain("study_recovered"))
    found = choice.ask(study_methods.recovered, one, data, measure)
    if found.empty:
        st.info(
            "Not measured: it needs LLMHNI or another method, plain BPR and the oracle with the "
            "same seeds.",
            icon=":material/info:",
        )
        return
    with st.container(width=320):
        rate = choice.pick_rate(found)
    here = found[found["rate"] == rate]
    known = here[here["recovered"].notna()]
    if known.empty:
        st.info(
            "Here the interval of the gap from plain BPR to the oracle includes 0: there is "
            "nothing to recover a share of.",
            icon=":material/info:",
        )
    else:
        _recovered_figure(one, known, data, measure)
    numbers = {
        "recovered": ("Recovered", explain("study_recovered"), 2, False),
        **words.interval(digits=2),
        "gap": ("Oracle − plain", explain("study_oracle"), 4, True),
        **words.interval("gap", 4, True, "gap_"),
    }
    ranked = _best_first(here, "recovered")
    columns = ["noise", "rate", "variant", "family", "n", *numbers]
    name = f"study-recovered-{measure}".replace("_", "-")
    tables.draw(ranked, columns, numbers, "st_recovered", name)


def _recovered_figure(one: Study, known: pd.DataFrame, data: str, measure: str) -> None:
    low, high = WIDEST
    drawn = known.assign(
        low=known["low"].clip(*WIDEST),
        high=known["high"].clip(*WIDEST),
        recovered=known["recovered"].clip(*WIDEST),
    )
    counts = (int(known["n"].min()), int(known["n"].max()))
    bars = f"bars: 95 % bootstrap interval, cut at {low:g} and {high:g}"
    marks = ((0.0, "solid"), (0.5, "dot"), (1.0, "dash"))
    scale = Scale("Recovered: 0 = plain BPR, 1 = oracle", 2, marks)
    figure = figures.dots(drawn, "recovered", scale, ink(), header.source(one, counts, bars))
    components.chart(figure, "st_shares", f"recovered-{measure}-{data}".replace("_", "-"))


def _decline(one: Study, data: str, measure: str) -> None:
    st.caption(explain("study_decline"))
    found = choice.ask(study_methods.decline, one, data, measure)
    if found.empty:
        st.info(
            "Not measured: it needs cells without noise (noise none, rate 0) and with it.",
            icon=":material/info:",
        )
        return
    counts = (int(found["n"].min()), int(found["n"].max()))
    bars = "bars: 95 % bootstrap interval of the mean over seeds"
    top = ", ".join(f"{rate:.0%}" for rate in sorted(set(found["rate"])))
    scale = Scale(f"Change from 0 to {top} noise, as a share", 3, ((0.0, "solid"),), True)
    figure = figures.dots(found, "slope", scale, ink(), header.source(one, counts, bars))
    components.chart(figure, "st_decline", f"decline-{measure}-{data}".replace("_", "-"))
    numbers = {
        "slope": ("Decline", explain("study_decline"), 3, True),
        **words.interval(digits=3, signed=True),
        **words.against(3),
    }
    ranked = _best_first(found, "slope")
    columns = ["noise", "rate", "variant", "family", "n", *numbers, "p_holm"]
    name = f"study-decline-{measure}".replace("_", "-")
    tables.draw(ranked, columns, numbers, "st_declines", name)


def _best_first(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Kinds and shares of noise as they are, in each the highest first."""
    place = table.groupby(["noise", "rate"], sort=False).ngroup()
    ranked = table.assign(_=place).sort_values(["_", value], ascending=[True, False])
    return ranked.drop(columns="_")
