"""Where the numbers of the page come from, and what to do where there are none."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.services import environment, study
from app.services.study import About, Study
from app.ui import state
from app.ui.study import choice, how
from core.study.labels import title
from core.study.statistics import OURS

FEW_SEEDS = 5


class Note(NamedTuple):
    """What keeps rows from being compared without a second thought."""

    short: str
    """Words of this project and numbers: it is read as Markdown."""
    text: str


def empty() -> None:
    """Say what a study is, and the command that makes one."""
    st.info("There is no study yet.", icon=":material/info:")
    st.write(
        "A study lays LLMHNI beside what one would use instead, on data with known noise: it "
        "shows whether it separates hard from noisy better, and what each part adds. The small "
        "one takes about half an hour on two cores, needs no network and goes on where it was "
        "stopped."
    )
    _commands("To make one, in a shell at the root of the project:")


def draw(one: Study, beside: DeltaGenerator) -> About:
    """Say where the numbers come from, when they were measured, and with what.

    Args:
        one: The study.
        beside: Where what is told on demand goes.
    """
    gone = choice.gone()
    if gone:
        with st.container(border=True):
            st.text(f"⚠ The address names a study that is not here: {gone}. This is {one.name}.")
    about = choice.ask(study.about, one)
    with beside:
        how.draw(one, about)
        _again()
    st.text(
        f"{one.source}: {about.n_rows:,} rows, {_seeds(about.seeds)}, {_when(about)}, "
        f"{_codes(about.codes)}, on {', '.join(about.devices) or 'a device that is not known'}"
    )
    found = notes(about)
    if found:
        short = " · ".join(note.short for note in found)
        with st.expander(f"Before comparing: {short}", icon=":material/info:"):
            for note in found:
                st.text(note.text)
    return about


def notes(about: About) -> list[Note]:
    """What to know before rows are compared; names of data and methods stand in the texts alone."""
    found = []
    unmeasured = [name for name, missing in about.missing.items() if title(OURS) in missing]
    if unmeasured:
        found.append(
            Note(
                f"LLMHNI not measured on {_n(len(unmeasured), 'dataset')}",
                f"LLMHNI itself has no row yet on {', '.join(unmeasured)}: there, nothing can be "
                "compared with it and no aim answered.",
            )
        )
    if len(about.codes) > 1:
        found.append(
            Note(
                f"{len(about.codes)} versions of the code",
                "The rows come from different versions of the code: a difference may be one of "
                "versions. With --fresh a call measures its cells again.",
            )
        )
    if about.mixed:
        found.append(
            Note(
                f"different options within {_n(len(about.mixed), 'method')}",
                f"Rows with different options stand side by side: {', '.join(about.mixed)}.",
            )
        )
    if about.untuned:
        found.append(
            Note(
                f"{_n(len(about.untuned), 'method')} not with the tuned options",
                "Not run with the options that tuning found best on validation: "
                f"{', '.join(about.untuned)}.",
            )
        )
    if about.n_unedited:
        found.append(
            Note(
                "random edits without an edit",
                f"Random edits edited nothing in {about.n_unedited} of its rows, made by an older "
                "version of the code: there they are plain BPR once more, and no control.",
            )
        )
    return found


def _n(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def foot() -> None:
    """Say what the ways to save are: the sidebar speaks of pictures alone."""
    st.caption(
        "To save a figure: the camera that appears at its top right gives a picture, PNG or SVG as "
        "the sidebar says; HTML below it gives the interactive figure as one file. CSV and Parquet "
        "below a table give all of its lines."
    )


def source(one: Study, n: tuple[int, int], what: str) -> str:
    """The line below a figure: how many seeds, what is drawn, and the file.

    Args:
        one: The study.
        n: Fewest and most seeds of what is drawn.
        what: What bars or bands are.
    """
    low, high = n
    seeds = _n(high, "seed") if low == high else f"{low} to {high} seeds"
    return f"n = {seeds}; {what}; source: {one.source}"


def _again() -> None:
    with st.popover("Run it again", icon=":material/terminal:", width="content"):
        st.caption("It goes on where it was stopped; what is there is not measured again.")
        _commands("In a shell at the root of the project:")


def _commands(text: str) -> None:
    st.caption(text)
    own = state.workspace() == environment.ROOT / "workspace"
    if own:
        st.code("make study-quick", language="bash")
        st.caption("or, the same without make:")
    st.code(study.command(state.workspace()), language="bash", wrap_lines=True)
    st.caption("The whole study takes about a day on two cores, the most telling cells first:")
    st.code("make study", language="bash")


def _seeds(seeds: tuple[int, ...]) -> str:
    if not seeds:
        return "no seed reported"
    named = ", ".join(map(str, seeds))
    few = " (few: intervals are too narrow)" if len(seeds) < FEW_SEEDS else ""
    return f"seed{'s' if len(seeds) > 1 else ''} {named}{few}"


def _when(about: About) -> str:
    first, last = about.first[:10], about.last[:10]
    if not first:
        return "time not known"
    return f"measured {first}" if first == last else f"measured {first} to {last}"


def _codes(codes: tuple[str, ...]) -> str:
    if not codes:
        return "code not known"
    return f"code {codes[0]}" if len(codes) == 1 else f"{len(codes)} versions of the code"
