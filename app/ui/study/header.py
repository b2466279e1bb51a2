"""Where the numbers of the page come from, and what to do where there are none."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.services import environment, study
from app.services.study import About, Study
from app.ui import state
from app.ui.study import choice
from core.study.labels import title
from core.study.protocol import PROTOCOL, STATISTICS
from core.study.statistics import OURS

FEW_SEEDS = 5


def empty() -> None:
    """Say what a study is, and the command that makes one."""
    st.info("There is no study yet.", icon=":material/info:")
    st.write(
        "A study lays LLMHNI beside what one would use instead, on data with known noise: it "
        "shows whether hard and noisy are told apart better, and what each part adds. The small "
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
    about = choice.ask(study.about, one)
    with beside:
        _how(one, about)
        _again()
    st.text(
        f"{one.source}: {about.n_rows:,} rows, {_seeds(about.seeds)}, {_when(about)}, "
        f"{_codes(about.codes)}, on {', '.join(about.devices) or 'a device that is not known'}"
    )
    warnings = _warnings(about)
    if warnings:
        st.warning("\n\n".join(warnings), icon=":material/warning:")
    unmeasured = [name for name, missing in about.missing.items() if title(OURS) in missing]
    if unmeasured:
        st.info(
            "LLMHNI itself has no row yet on the data named here: there, nothing can be compared "
            "with it and no aim answered.",
            icon=":material/info:",
        )
        st.text(", ".join(unmeasured))
    if about.mixed:
        st.warning("Rows with different options stand side by side:", icon=":material/warning:")
        st.text(", ".join(about.mixed))
    return about


def _warnings(about: About) -> list[str]:
    """What keeps rows from being compared without a second thought."""
    found = []
    if len(about.codes) > 1:
        found.append(
            "The rows come from different versions of the code: a difference may be one of "
            "versions. With --fresh all of them are measured again."
        )
    if about.n_unedited:
        found.append(
            f"Random edits edited nothing in {about.n_unedited} of its rows, made by an older "
            "version of the code: there they are plain BPR once more, and no control."
        )
    return found


def source(one: Study, n: tuple[int, int], what: str) -> str:
    """The line below a figure: how many seeds, what is drawn, and the file.

    Args:
        one: The study.
        n: Fewest and most seeds of what is drawn.
        what: What bars or bands are.
    """
    low, high = n
    seeds = f"{high} seed{'s' if high != 1 else ''}" if low == high else f"{low} to {high} seeds"
    return f"n = {seeds}; {what}; source: {one.source}"


def _how(one: Study, about: About) -> None:
    with st.popover("How it was measured", icon=":material/science:", width="content"):
        for data, hard in about.hard.items():
            missing = ", ".join(about.missing[data])
            st.text(f"{data}: what is hard comes from: {hard or '–'}")
            if missing:
                st.text(f"Not measured on {data}: {missing}")
        st.text(f"Versions: {'; '.join(about.versions) or '–'}")
        st.text(f"Code: {', '.join(about.codes) or '–'}")
        st.markdown(PROTOCOL)
        st.markdown(STATISTICS)
        settings = study.settings(one)
        if settings:
            st.caption("Plans, settings of every variant, options chosen on validation:")
            st.json(dict(settings), expanded=False)


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
    st.caption("The whole study takes days on two cores, the most telling cells first:")
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
