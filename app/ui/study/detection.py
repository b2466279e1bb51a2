"""View Detection: how well each method tells planted noise from the rest, beside LLMHNI."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import study_methods
from app.services.study import Study
from app.ui import components
from app.ui.figures import study as figures
from app.ui.figures.study_frame import Scale, records
from app.ui.glossary import explain
from app.ui.graph_edges import ink, mark
from app.ui.study import choice, header, measures, tables, words
from app.ui.study.choice import Place
from app.ui.wording import UNKNOWN
from core.study.labels import title
from core.study.statistics import OURS

MEASURE: Final = "st_detect"
OWN: Final = (
    "Means over seeds of what LLMHNI flags of itself, not told how much is noise. Noise found: "
    "share of the planted noise that it flags. Precision: share of what it flags that is planted "
    "noise. Hard kept: share of the hard interactions that it does not flag. Estimated share of "
    "noise is to be held against the planted one."
)
BARS: Final = "bars: 95 % bootstrap interval of the mean over seeds"


def draw(one: Study) -> None:
    """Draw the view."""
    place = choice.place(one, all_kinds=True)
    if place is None:
        return
    names = measures.ordered(choice.ask(study_methods.measured, one, "methods", "detection"))
    if not names:
        st.info("No method said what it suspects.", icon=":material/info:")
        return
    measure = choice.pick(
        "Measure", names, MEASURE, format_func=measures.title, width=420, help=_meanings(names)
    )
    st.caption(measures.meaning(measure))
    found = choice.ask(study_methods.means, one, place.data, measure)
    here = found[found["noise"].isin(place.noises) & (found["rate"] == place.rate)]
    here = _sorted(here, place)
    if here.empty:
        st.info("This measure is not there for this choice.", icon=":material/info:")
        return
    picked = _figure(one, here, measure, place)
    _own(one, place)
    if picked:
        _seeds(one, place, measure, picked)
    else:
        st.caption("Click a dot to see its seeds.")
    _table(here, measure)


def _meanings(names: list[str]) -> str:
    told = dict.fromkeys(measures.meaning(name) for name in names)
    return "\n\n".join(told)


def _sorted(here: pd.DataFrame, place: Place) -> pd.DataFrame:
    """Kinds of noise in their order, in each the highest first."""
    order = {name: number for number, name in enumerate(place.noises)}
    ranked = here.assign(_=here["noise"].map(order))
    return ranked.sort_values(["_", "mean"], ascending=[True, False]).drop(columns="_")


def _figure(one: Study, here: pd.DataFrame, measure: str, place: Place) -> tuple[str, str] | None:
    """Draw the dots; the method and the noise of the one that was clicked."""
    told = here.assign(said=[_said(row, measures.digits(measure)) for row in records(here)])
    counts = (int(here["n"].min()), int(here["n"].max()))
    coin = ((0.5, "dot"),) if measure.startswith("auc") else ()
    scale = Scale(f"{measures.title(measure)} (0 to 1)", measures.digits(measure), coin)
    figure = figures.dots(told, "mean", scale, ink(), header.source(one, counts, BARS))
    event = components.chart(
        figure,
        f"st_dots_{mark([one.name, place.data, *place.noises, place.rate, measure])}",
        f"{measure}-{place.data}-{place.rate:g}".replace("_", "-"),
        on_select="rerun",
        selection_mode="points",
    )
    points = event["selection"]["points"] if event else []
    chosen = points[0].get("customdata") if points else None
    return (str(chosen[0]), str(chosen[1])) if chosen else None


def _said(row: dict[str, Any], digits: int) -> str:
    if not math.isfinite(row["difference"]):
        return ""
    text = f"{words.DIFFERENCE} {row['difference']:+.{digits}f}"
    if math.isfinite(row["difference_low"]):
        low, high = row["difference_low"], row["difference_high"]
        text += f" [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f"{text}, p (Holm) {row['p_holm']:.3f}" if math.isfinite(row["p_holm"]) else text


def _own(one: Study, place: Place) -> None:
    """What LLMHNI flags of itself, which no other method can be measured by."""
    lines = []
    for noise in place.noises:
        found = choice.ask(study_methods.own_threshold, one, place.data, noise, place.rate)
        if found:
            means = {name: value["mean"] for name, value in found.items()}
            lines.append({"noise": noise, "planted": place.rate, **means})
    if not lines:
        return
    st.markdown("**LLMHNI at its own threshold**", help=OWN)
    table = pd.DataFrame(lines)
    form = st.column_config.NumberColumn
    st.dataframe(
        table,
        key="st_own",
        hide_index=True,
        height="content",
        placeholder=UNKNOWN,
        column_config={
            "noise": st.column_config.TextColumn("Noise", help=explain("study_noise")),
            "planted": form("Planted share", format="%.3f", help=explain("study_rate")),
            **{
                name: form(measures.title(name), format="%.3f", help=measures.hint(name))
                for name in table.columns[2:]
            },
        },
    )


def _seeds(one: Study, place: Place, measure: str, picked: tuple[str, str]) -> None:
    variant, noise = picked
    names = tuple(dict.fromkeys((OURS, variant)))
    found = choice.ask(study_methods.by_seed, one, place.data, noise, place.rate, measure, names)
    st.text(f"{title(variant)}, {noise} noise: {measures.title(measure)} by seed")
    form = st.column_config.NumberColumn(format=f"%.{measures.digits(measure)}f")
    st.dataframe(
        found.assign(variant=found["variant"].map(title)),
        hide_index=True,
        width="content",
        placeholder=UNKNOWN,
        column_config={name: form for name in found.columns if name != "variant"}
        | {"variant": "Method"},
    )


def _table(here: pd.DataFrame, measure: str) -> None:
    digits = measures.digits(measure)
    numbers = {
        "mean": (measures.title(measure), measures.meaning(measure), digits, False),
        **words.interval(digits=digits),
        **words.against(digits),
    }
    columns = ["noise", "variant", "family", "n", *numbers, *tables.TESTS, "options"]
    tables.draw(here, columns, numbers, "st_detection", f"study-{measure}".replace("_", "-"))
