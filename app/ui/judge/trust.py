"""View Trust: who graded, how both views agree, and what truth and people say of the grades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import judge_subject, judge_trust
from app.services.judge_subject import Subject
from app.ui import components, state
from app.ui.figures import judge as figures
from app.ui.glossary import explain
from app.ui.judge import against, asked, choice, members, settings
from app.ui.judge.shares import interval
from app.ui.wording import UNKNOWN, number, percent

GROUPS: Final = {
    "observed": ("Interactions", "Train interactions that were judged."),
    "unobserved": ("Unobserved", "Pairs that the model would recommend, and nobody observed."),
    "control": ("Strangers", "Random pairs, judged to learn how the judge grades those."),
    "all": ("All pairs", "Imported judgements do not say which pairs were observed."),
}
TO_SEE: Final = {"observed": "interactions", "unobserved": "unobserved", "control": "strangers"}


def draw() -> None:
    """Draw the view."""
    subject = choice.draw()
    if subject is None:
        return
    source = judge_subject.source_of(subject, state.workspace())
    quality, how = _quality(subject), _quality(source)
    _who(subject, source, quality, how)
    _doubts(subject)
    _views(subject)
    members.two(how.get("judges"))
    against.truth(subject)
    against.labels(subject)
    asked.draw(subject, how)
    members.left_out(quality.get("problems"))


def _quality(subject: Subject) -> dict[str, Any]:
    return _read(subject.stamp, subject)


@st.cache_data(max_entries=50, show_spinner=False)
def _read(stamp: str, _subject: Subject) -> dict[str, Any]:  # noqa: ARG001 - part of the key
    return judge_subject.quality(_subject)


@st.cache_data(max_entries=50, show_spinner=False)
def _agreement(stamp: str, _subject: Subject) -> dict[str, Any]:  # noqa: ARG001 - likewise
    return judge_trust.views(_subject)


@st.cache_data(max_entries=50, show_spinner=False)
def _found_doubts(stamp: str, _subject: Subject) -> list[str]:  # noqa: ARG001 - likewise
    return judge_trust.doubts(_subject)


def _doubts(subject: Subject) -> None:
    """Say it loudly where the grades tell nothing."""
    found = _found_doubts(subject.stamp, subject)
    if found:
        st.warning("There are doubts about these grades.", icon=":material/warning:")
        st.text("\n".join(f"◆ {text}" for text in found))


def _who(
    subject: Subject, source: Subject, quality: Mapping[str, Any], how: Mapping[str, Any]
) -> None:
    """Who graded, with which prompts, and what it took."""
    st.text(f"Graded by: {subject.judge or UNKNOWN}")
    if source.name != subject.name:
        st.text(f"The judge was asked earlier; its answers are kept as {source.name}.")
    if how.get("prompts"):
        models = ", ".join(f"{name} ({n:,} calls)" for name, n in how["models"].items())
        prompts = ", ".join(f"{name} ({n:,})" for name, n in how["prompts"].items())
        st.text(f"Model: {models} · Prompts: {prompts}")
    if quality.get("flipped"):
        st.warning(
            f"{quality['flipped']:.0%} of the grades that the run used were flipped on purpose, "
            "for measuring. What is shown below is what the judge said before.",
            icon=":material/science:",
        )
    stopped = (quality.get("asked") or {}).get("stopped_by") or (how.get("asked") or {}).get(
        "stopped_by"
    )
    if stopped:
        st.warning("It stopped early: pairs that were not asked about have no grades.")
        st.text(settings.worded(str(stopped)))
    members.rounds(how.get("asked") or {})
    if how.get("spend"):
        asked.spend(how)


def _views(subject: Subject) -> None:
    st.subheader("Do both views agree?", help=explain("logical"))
    found = _agreement(subject.stamp, subject)
    groups = [name for name in TO_SEE if name in found and _n(found[name])] or ["all"]
    if not found or not any(_n(found[name]) for name in groups if name in found):
        st.info("There are no graded pairs.", icon=":material/info:")
        return
    # One scale for all, so that the same colour is the same share.
    most = max(max(map(max, found[name]["matrix"])) / max(1, _n(found[name])) for name in groups)
    for column, name in zip(st.columns(3, gap="medium"), groups, strict=False):
        with column:
            title, meaning = GROUPS[name]
            one = found[name]
            st.markdown(f"**{title}**, {_n(one):,} pairs", help=meaning)
            figure = figures.matrix(one["matrix"], "user's view", "item's view", most)
            components.chart(figure, f"ju_matrix_{name}", f"grades-{name}")
    st.dataframe(_table(found, groups), hide_index=True, height="content", placeholder=UNKNOWN)
    st.caption(
        "Intervals are 95 % Wilson intervals. The views ask different things, so a low kappa is no "
        "fault by itself. It would be one if strangers were graded as interactions are: then the "
        "grades tell nothing. Kappa: 1 = always alike, 0 = as by chance (Cohen, 1960)."
    )


def _table(found: Mapping[str, Any], groups: list[str]) -> pd.DataFrame:
    rows = []
    for name in groups:
        one, matrix = found[name], found[name]["matrix"]
        n = max(1, _n(one))
        rows.append(
            {
                "Pairs": GROUPS[name][0],
                "High, user's view": percent(sum(matrix[2]) / n),
                "High, item's view": percent(sum(line[2] for line in matrix) / n),
                "High in both": percent(matrix[2][2] / n),
                "Both alike": interval(one["equal"]),
                "Low against High": interval(one["opposite"]),
                "Kappa": number(one["kappa"], ".2f"),
                "Kappa, linear": number(one["kappa_linear"], ".2f"),
            }
        )
    return pd.DataFrame(rows)


def _n(one: Mapping[str, Any]) -> int:
    return sum(map(sum, one["matrix"]))
