"""View Ablations: what each part of LLMHNI adds, and how far its settings matter."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import study_ablations, study_methods
from app.services.study import Study
from app.ui import components
from app.ui.figures import study_parts as figures
from app.ui.figures.study_frame import Scale
from app.ui.glossary import explain
from app.ui.study import choice, header, measures, tables, words
from app.ui.study.choice import Place
from core.study.labels import title

MEASURES: Final = "st_measures"
SWEEP: Final = "st_sweep"
SHOWN: Final = ("hard_kept_70", "auc_matched", "recall20", "ndcg20")
OF_POOL: Final = ("candidates", "pool", "hard-share")
"""Settings that are swept with negatives from the pool."""
MOST: Final = 4
"""More panels than this are too narrow to be read."""


def draw(one: Study) -> None:
    """Draw the view."""
    place = choice.place(one, "ablations")
    if place is None:
        return
    there = [
        name
        for kind in ("detection", "ranking")
        for name in choice.ask(study_methods.measured, one, "ablations", kind)
    ]
    chosen = _measures(there)
    if not chosen:
        st.info("Choose a measure.", icon=":material/info:")
        return
    _parts(one, place, chosen)
    _sweeps(one, place, chosen)


def _measures(there: list[str]) -> list[str]:
    first = [name for name in SHOWN if name in there] or there[:1]
    kept = [name for name in st.session_state.get(MEASURES, []) if name in there]
    if MEASURES in st.session_state and kept != st.session_state[MEASURES]:
        st.session_state[MEASURES] = kept
    return st.multiselect(
        "Measures",
        there,
        default=first,
        key=MEASURES,
        bind="query-params",
        max_selections=MOST,
        format_func=measures.title,
        help="\n\n".join(dict.fromkeys(measures.meaning(name) for name in first)),
    )


def _parts(one: Study, place: Place, chosen: list[str]) -> None:
    st.subheader("Parts taken out or replaced", help=explain("study_change"))
    noise = place.noises[0]
    found = {
        name: _called(choice.ask(study_ablations.effects, one, place.data, noise, place.rate, name))
        for name in chosen
    }
    drawn = {name: table[table["setting"] == ""] for name, table in found.items()}
    drawn = {name: table for name, table in drawn.items() if len(table)}
    if not drawn:
        st.info("No part was taken out or replaced in these cells.", icon=":material/info:")
    else:
        text = header.source(one, _counts(drawn), "bars: 95 % bootstrap interval over seeds")
        figure = figures.forest(drawn, _scales(drawn), text)
        components.chart(figure, "st_forest", f"ablations-{place.data}-{noise}")
        st.caption(
            "Each line is one change: changed LLMHNI − full LLMHNI, same data and seed. Left of 0 "
            "the changed one is worse, so what was changed helps; where the interval includes 0, "
            "no difference was found. The intervals are not corrected for how many changes there "
            "are; p (Holm) is."
        )
    table = pd.concat([of.assign(measure=name) for name, of in found.items()])
    shown = table.assign(measure=table["measure"].map(measures.title))
    numbers = {
        "difference": ("Changed − full", explain("study_change"), 4, True),
        **words.interval(digits=4, signed=True),
    }
    columns = ["called", "measure", "n", *numbers, "p_holm", "p_t"]
    with st.expander("All changes as a table"):
        tables.draw(shown, columns, numbers, "st_changes", "study-ablations")


def _sweeps(one: Study, place: Place, chosen: list[str]) -> None:
    noise = place.noises[0]
    found = {
        name: choice.ask(study_ablations.swept, one, place.data, noise, place.rate, name)
        for name in chosen
    }
    settings = sorted({str(name) for table in found.values() for name in table["setting"] if name})
    st.subheader("Settings swept")
    if not settings:
        st.info("No setting was swept in these cells.", icon=":material/info:")
        return
    setting = choice.pick(
        "Setting", settings, SWEEP, format_func=lambda name: name.replace("-", " "), width=320
    )
    drawn = {
        name: table[table["setting"].isin([setting, ""])]
        for name, table in found.items()
        if (table["setting"] == setting).any()
    }
    if not drawn:
        return
    text = header.source(one, _counts(drawn), "bars: 95 % bootstrap interval of the mean")
    figure = figures.sweep(drawn, _scales(drawn), setting.replace("-", " "), text)
    components.chart(figure, "st_sweeps", f"sweep-{setting}-{place.data}-{noise}")
    st.caption(f"Dotted: LLMHNI with its own settings. {_fixed(setting)}")


def _fixed(setting: str) -> str:
    if setting in OF_POOL:
        return "Here negatives come from the paper's pool, in full LLMHNI they do not."
    if setting in ("drop-rate", "temperature"):
        return "Here λ1 and λ2 are 0.01; in full LLMHNI they are 0."
    if setting == "rho":
        return (
            "Share of the lowest-scored interactions of each user that the judge sees, and the "
            "graph is edited by its grades, both as in the paper."
        )
    if setting != "flip":
        return ""
    return (
        "Share of the judge's grades that are flipped. Here the graph is edited as the paper has "
        "it, whatever validation says: choosing would hide the harm."
    )


def _called(table: pd.DataFrame) -> pd.DataFrame:
    names = [str(name) for name in table["variant"]]
    return table.assign(called=[_title(name) for name in names])


def _title(variant: str) -> str:
    """Name of a change: that of the variant where it has one, else what the rows call it."""
    name = title(variant)
    return name if name != variant else f"{name[:1].upper()}{name[1:]}".replace("-", " ")


def _scales(drawn: dict[str, pd.DataFrame]) -> dict[str, Scale]:
    return {name: Scale(measures.short(name), measures.digits(name)) for name in drawn}


def _counts(drawn: dict[str, pd.DataFrame]) -> tuple[int, int]:
    n = pd.concat([table["n"] for table in drawn.values()])
    return int(n.min()), int(n.max())
