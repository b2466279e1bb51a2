"""Parts of the overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from app.services import detection, query, story
from app.services.method_of import RunMethod, is_baseline
from app.services.store import Run
from app.services.story import Cut
from app.ui import components, html_report, state, theme
from app.ui.figures import overview as figures
from app.ui.wording import NO_SIDES
from core.types import VERDICTS

CHOSEN_IN_VIEW: Final = (
    " One default (caution) was chosen with the planted noise of the sample in view: see Method."
)
N_WORDS: Final = ("No", "One", "Two", "Three", "Four", "Five")


def method(of: RunMethod) -> None:
    """Name the method of a run, and of a baseline what it is."""
    st.text(f"Method: {of.title}")
    if of.is_baseline:
        with st.container(border=True):
            st.text(of.note)


def signal_names(of: RunMethod) -> dict[str, str]:
    """Signals in the table of AUCs; a baseline has no grades, and its P(noisy) is a rank."""
    if not of.is_baseline:
        return dict(components.SIGNAL_NAMES)
    kept = {name: text for name, text in components.SIGNAL_NAMES.items() if name != "logical"}
    return {**kept, "p_noisy": "P(noisy), a rank"}


def examples_title(n: int) -> str:
    """Heading above so many examples."""
    word = N_WORDS[n] if n < len(N_WORDS) else f"{n:,}"
    return f"{word} example{'' if n == 1 else 's'}"


def tell(cuts: Mapping[str, Cut], grades: str, of: RunMethod) -> None:
    """Say in plain words what a loss cut would cost, and what the verdict costs.

    Args:
        cuts: From :func:`app.services.story.price_of_a_cut`.
        grades: What the run accepts, :func:`app.services.accepting.both`.
        of: Method of the run.
    """
    by_loss, by_verdict = cuts["loss"], cuts["verdict"]
    if by_loss.n_dropped == 0:
        st.write("This run calls nothing noisy: there is nothing to drop.")
        return
    if by_loss.genuine is None or by_verdict.genuine is None:
        if of.is_baseline:
            st.write(
                f"The verdict noisy takes {by_verdict.n_dropped:,} interactions. What they are is "
                "not known: nothing was planted, and this method has no grades."
            )
            return
        st.write(
            f"Among the {by_loss.n_dropped:,} highest losses are **{by_loss.accepted:,} "
            f"interactions with {grades}**. A loss cut would throw them away; "
            f"the verdict noisy, as many interactions, takes {by_verdict.accepted:,} of that kind."
        )
        st.caption("What is truly noise is not known here: nothing was planted.")
        return
    st.write(
        f"A loss cut that drops {by_loss.n_dropped:,} interactions would throw away "
        f"**{by_loss.genuine:,} genuine interests**. The verdict noisy, as many interactions, "
        f"takes {by_verdict.genuine:,}."
    )
    st.write(
        f"Of the genuine ones that were planted as hard, the loss cut takes {by_loss.hard:,}, the "
        f"verdict {by_verdict.hard:,}. Noise found: {by_loss.noise:,} by loss, "
        f"{by_verdict.noise:,} by verdict."
    )
    st.caption(
        "Counts of one run, against planted truth that no stage of the method has read."
        + ("" if of.is_baseline else CHOSEN_IN_VIEW)
    )


def behind_verdicts(run: Run) -> None:
    """Say how much planted noise and how many planted hard ones each verdict holds."""
    if not query.has(run, "kinds"):
        return
    found = state.ask(story.truth_by_verdict, run).set_index("verdict")
    said = [
        f"{theme.VERDICT_SIGNS[name]} {name}: {row['noise'] / row['n']:.0%} planted noise, "
        f"{row['hard'] / row['n']:.0%} planted hard"
        for name, row in ((name, found.loc[name]) for name in VERDICTS if name in found.index)
    ]
    st.caption("What is behind them: " + " · ".join(said) + ".")


def confusion(run: Run) -> None:
    """Show how the signals are spread among the highest losses, with how well each separates."""
    known = query.has(run, "kinds")
    baseline = is_baseline(run.manifest)
    if baseline and not known:
        st.info(NO_SIDES, icon=":material/info:")
        return
    spread = state.ask(story.among_highest_loss, run)
    if spread["n"].sum() == 0:
        st.info("No interaction has a known loss.", icon=":material/info:")
        return
    if known:
        said = {name: f"AUC {text}" for name, text in detection.aucs_of_top_loss(run).items()}
    else:
        said = {name: f"overlap {value:.0%}" for name, value in story.overlap(spread).items()}
    components.chart(
        figures.confusion(spread, said, known, figures.panel_names(baseline)),
        "overview_confusion",
        "signals-at-highest-loss",
    )
    st.caption(
        "The 20 % of interactions with the highest out-of-fold loss, where hard and noisy look "
        "alike: genuine ones among them fit as badly as noise. "
        + (
            "AUC: 0.5 is a coin, 1.0 is perfect; in brackets the 95 % bootstrap interval."
            if known
            else "The verdicts were made from these signals, so a small overlap is no proof; "
            "planted noise or labels would be."
        )
    )


def take_along(run: Run) -> None:
    """Offer the whole run as one file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Report as one HTML file",
            lambda: html_report.build(run),
            f"report-{run.id}.html",
            "text/html",
            key="overview_report",
            icon=":material/download:",
            on_click="ignore",
            help="Numbers, figures, examples with reasons, settings and limits of this run. About "
            "5 MB: the file brings everything along, opens offline and loads nothing.",
        )
