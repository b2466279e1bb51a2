"""Which study, which data: pickers that the views share, and questions that are asked once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, NamedTuple, TypeVar, cast

import pandas as pd
import streamlit as st

from app.services import study, study_methods
from app.services.study import Stamp, Study
from app.ui import state
from app.ui.glossary import explain
from app.ui.study import empty

STUDY: Final = "st_study"
DATA: Final = "st_data"
NOISE: Final = "st_noise"
RATE: Final = "st_rate"
EVERY: Final = "every kind"
_GONE: Final = "_st_gone"
"""The study that an address named and that does not exist."""
USUAL_RATE: Final = "0.2"
"""The rate that the aims speak of."""
Answer = TypeVar("Answer")


class Place(NamedTuple):
    """What a view is about."""

    data: str
    noises: tuple[str, ...]
    rate: float


def draw() -> Study | None:
    """Draw the picker of studies; None where there is none."""
    found = {one.name: one for one in study.every(state.workspace())}
    if not found:
        return None
    _note_missing(list(found))
    chosen = pick(
        "Study",
        list(found),
        STUDY,
        width=460,
        on_change=lambda: st.session_state.pop(_GONE, None),
        help="The study that goes with the project, or one in the folder studies of the workspace.",
    )
    return found[chosen]


def gone() -> str:
    """The study that the address named and that is not there; empty where there is none such."""
    return str(st.session_state.get(_GONE, ""))


def _note_missing(names: list[str]) -> None:
    """Keep what the address asks for before the picker forgets it, as it does with no option."""
    named = (st.session_state.get(STUDY), st.query_params.get(STUDY))
    missing = [name for name in named if name is not None and name not in names]
    if missing:
        st.session_state[_GONE] = str(missing[-1])


def pick(
    label: str,
    options: Sequence[str],
    key: str,
    first: str = "",
    **given: Any,  # noqa: ANN401 - as Streamlit has it
) -> str:
    """A select box in the address that forgets a value which is no option any more.

    Args:
        label: Above it.
        options: At least one.
        key: Of the widget, and its name in the address.
        first: Value to begin with; the first option if it is none of them.
        **given: To ``st.selectbox``.
    """
    start = first if first in options else options[0]
    if st.session_state.get(key) not in (None, *options):
        # Said, not forgotten: the browser would go on showing what it has, and Python take another.
        st.session_state[key] = start
    index = 0 if key in st.session_state else list(options).index(start)
    return str(st.selectbox(label, options, index=index, key=key, bind="query-params", **given))


def ask(function: Callable[..., Answer], one: Study, *arguments: Hashable) -> Answer:
    """Call a service about a study, once while its files stay as they are."""
    name = f"{function.__module__}.{function.__qualname__}"
    return cast(Answer, _answers(name, one.stamp, arguments, function, one))


@st.cache_data(max_entries=200, max_size="150 MB", show_spinner="Reading the study …")
def _answers(
    name: str,  # noqa: ARG001 - part of the key
    stamp: Stamp,  # noqa: ARG001 - likewise
    arguments: tuple[Any, ...],
    _function: Callable[..., Any],
    _one: Study,
) -> object:
    return _function(_one, *arguments)


def place(one: Study, part: str = "methods", all_kinds: bool = False) -> Place | None:
    """Draw the pickers of dataset, noise and rate; None, and a word why, where there is nothing.

    Args:
        one: The study.
        part: Of the rows.
        all_kinds: Offer every kind of noise at once. Data without noise is then left out: it has
            nothing to detect.
    """
    known = ask(study_methods.places, one, part)
    known = known[known["rate"] > 0] if all_kinds else known
    if known.empty:
        empty.part(one, part, "Nothing of this was measured yet.")
        return None
    columns = st.columns(3)
    with columns[0]:
        data = pick_data(known)
    here = known[known["data"] == data]
    with columns[1]:
        noise = _noise(here, all_kinds)
    there = here if noise == EVERY else here[here["noise"] == noise]
    with columns[2]:
        rate = pick_rate(there)
    at = there[there["rate"] == rate]
    return Place(data, tuple(dict.fromkeys(at["noise"])), rate)


def pick_data(known: pd.DataFrame) -> str:
    """Draw the picker of datasets."""
    options = sorted(set(known["data"]), key=lambda name: (name != "sample", name))
    return pick("Dataset", options, DATA)


def pick_rate(there: pd.DataFrame) -> float:
    """Draw the picker of the share of noise; the one that the aims speak of at first."""
    rates = sorted({f"{rate:g}" for rate in there["rate"]}, key=float)
    chosen = pick(
        "Share of noise",
        rates,
        RATE,
        USUAL_RATE,
        format_func=lambda text: f"{float(text):.0%}",
        help=explain("study_rate"),
    )
    return float(chosen)


def _noise(here: pd.DataFrame, all_kinds: bool) -> str:
    kinds = list(dict.fromkeys(here["noise"]))
    options = [EVERY, *kinds] if all_kinds and len(kinds) > 1 else kinds
    first = "" if all_kinds else "position"
    return pick("Noise", options, NOISE, first, help=explain("study_noise"))
