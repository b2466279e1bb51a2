"""Ranking by the share of noise: lines where there are several shares, dots where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from app.services.study import Study
from app.ui import components
from app.ui.figures import study as figures
from app.ui.figures.study_frame import Scale
from app.ui.glossary import explain
from app.ui.graph_edges import ink
from app.ui.study import header, measures
from core.study.labels import title
from core.study.names import NO_NOISE
from core.study.statistics import ORACLE

INTERVAL: Final = "95 % bootstrap interval of the mean over seeds"


def draw(one: Study, found: pd.DataFrame, chosen: Sequence[str], data: str, measure: str) -> None:
    """Draw the figures of some methods, and say where seeds are missing."""
    here = found[found["variant"].isin(list(chosen)) & found["mean"].notna()]
    several, single = kinds(here)
    name = f"{measure}-by-rate-{data}".replace("_", "-")
    scale = Scale(f"{measures.title(measure)} on clean test", measures.digits(measure))
    if several:
        drawn = here[here["noise"].isin([*several, NO_NOISE])]
        text = header.source(one, counts(drawn), f"bands: {INTERVAL}")
        figure = figures.rates(drawn, chosen, scale, ink(), text)
        components.chart(figure, "st_rates", name)
    if single:
        drawn = _with_rates(here[here["noise"].isin(single)])
        text = header.source(one, counts(drawn), f"bars: {INTERVAL}")
        figure = figures.dots(drawn, "mean", scale, ink(), text)
        components.chart(figure, "st_rate_dots", name.replace("by-rate", "at-one-rate"))
    said = seeds(here, chosen)
    if said:
        st.text(said)
    if ORACLE in chosen:
        st.caption(f"Oracle: {explain('study_oracle')}")


def kinds(here: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Kinds of noise with several shares, with none at all as one of them, and those with one."""
    start = set(here.loc[here["noise"] == NO_NOISE, "rate"])
    several: list[str] = []
    single: list[str] = []
    for noise in dict.fromkeys(here.loc[here["noise"] != NO_NOISE, "noise"]):
        rates = start | set(here.loc[here["noise"] == noise, "rate"])
        (several if len(rates) > 1 else single).append(str(noise))
    if not several and not single and start:
        single.append(NO_NOISE)
    return several, single


def counts(drawn: pd.DataFrame) -> tuple[int, int]:
    """Fewest and most seeds."""
    return int(drawn["n"].min()), int(drawn["n"].max())


def seeds(here: pd.DataFrame, chosen: Sequence[str]) -> str:
    """Where fewer seeds than elsewhere stand behind a point, or none at all; empty if nowhere.

    Args:
        here: noise, rate, variant and n of what is drawn.
        chosen: The methods that could be drawn.
    """
    most = int(here["n"].max())
    lines = []
    for noise, rate in dict.fromkeys(zip(here["noise"], here["rate"], strict=True)):
        place = here[(here["noise"] == noise) & (here["rate"] == rate)]
        found = dict(zip(place["variant"], place["n"], strict=True))
        number = {name: int(found.get(name, 0)) for name in chosen}
        if min(number.values()) < most:
            lines.append(f"{_place(noise, rate)}: {_numbers(number, most)}")
    return "\n".join([f"Fewer than {most} seeds:", *lines]) if lines else ""


def _numbers(number: dict[str, int], most: int) -> str:
    """Methods with fewer than the most seeds, those with more of them first."""
    said = []
    for n in sorted(set(number.values()) - {most}, reverse=True):
        names = [title(name) for name, own in number.items() if own == n]
        who = "all methods" if len(names) == len(number) else ", ".join(names)
        said.append(f"n = {n} of {who}" if n else f"no row of {who}")
    return "; ".join(said)


def _place(noise: str, rate: float) -> str:
    return "no noise" if noise == NO_NOISE else f"{noise} noise {rate:.0%}"


def _with_rates(drawn: pd.DataFrame) -> pd.DataFrame:
    """Kinds of noise with their share, as panels are titled by them."""
    named = [
        "no" if noise == NO_NOISE else f"{noise} {rate:.0%}"
        for noise, rate in zip(drawn["noise"], drawn["rate"], strict=True)
    ]
    return drawn.assign(noise=named)
