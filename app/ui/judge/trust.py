"""View Trust: who graded, how both views agree, and what truth and people say of the grades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import judge_subject, judge_trust
from app.services.judge_subject import Subject
from app.services.labels import current, snapshot
from app.ui import components, database, state
from app.ui.figures import judge as figures
from app.ui.glossary import explain
from app.ui.judge import asked, choice
from app.ui.judge.shares import in_words, interval
from app.ui.wording import UNKNOWN, number, percent
from core.errors import WorkbenchError

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
    _views(subject)
    _truth(subject)
    _labels(subject)
    asked.draw(subject, how)


def _quality(subject: Subject) -> dict[str, Any]:
    return _read(subject.stamp, subject)


@st.cache_data(max_entries=50, show_spinner=False)
def _read(stamp: str, _subject: Subject) -> dict[str, Any]:  # noqa: ARG001 - part of the key
    return judge_subject.quality(_subject)


@st.cache_data(max_entries=50, show_spinner=False)
def _agreement(stamp: str, _subject: Subject) -> dict[str, Any]:  # noqa: ARG001 - likewise
    return judge_trust.views(_subject)


@st.cache_data(max_entries=50, show_spinner=False)
def _people(stamp: str, moment: int, _subject: Subject) -> dict[str, Any]:  # noqa: ARG001 - likewise
    with database.cursor() as cursor:
        standing = snapshot.standing(cursor, _subject.dataset)
    return judge_trust.by_labels(_subject, standing)


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
        st.text(str(stopped))
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


def _truth(subject: Subject) -> None:
    """What planted noise says, where it is known."""
    st.subheader("Against planted noise", help=explain("planted"))
    run = state.current_run() if subject.is_run else None
    found = judge_trust.truth(run) if run is not None else {}
    if not found:
        st.info(
            "Not known: "
            + (
                "the noise of this dataset was not planted, or the run did not measure it."
                if subject.is_run
                else "it is measured by a run alone. Run the method with these grades."
            ),
            icon=":material/info:",
        )
        return
    cards = [*_of_rule(found.get("judge") or {}), *_of_edges(found.get("edges") or {})]
    for begin in range(0, len(cards), 4):
        for column, (title, value, meaning) in zip(
            st.columns(4), cards[begin : begin + 4], strict=False
        ):
            column.metric(title, value, help=meaning, border=True)
    added = (found.get("edges") or {}).get("added") or {}
    if added.get("measures"):
        st.caption(str(added["measures"]))


def _of_rule(one: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    if not one:
        return []
    n, dropped = int(one["n_judged"]), int(one["n_dropped"])
    n_noise = sum(map(sum, one["noise"]))
    return [
        (
            "Noise among judged",
            percent(n_noise / n if n else None),
            f"Planted noise among the {n:,} judged interactions, {n_noise:,} of them. A judge that "
            "rejects by chance has this precision.",
        ),
        (
            "Noise among rejected",
            percent(one["dropped_precision"]),
            f"Precision: planted noise among the {dropped:,} of {n:,} judged interactions that the "
            "grades do not accept (refine.accept), dropped or not.",
        ),
        (
            "Judged noise rejected",
            percent(one["dropped_recall"]),
            "Recall: the planted noise among the judged interactions that the grades reject.",
        ),
    ]


def _of_edges(one: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    if not one:
        return []
    dropped, added = one["dropped"], one["added"]
    return [
        (
            "Noise among dropped",
            percent(dropped["precision"]),
            f"Precision: planted noise among the {dropped['n']:,} edges that the judge really "
            "dropped. With soft weights it drops none.",
        ),
        (
            "All noise dropped",
            percent(dropped["recall"]),
            "Recall: planted noise that the judge dropped, of all planted noise, judged or not.",
        ),
        (
            "Hard lost",
            percent(dropped["hard_lost"]),
            "Planted hard interactions that the judge dropped, of all of them.",
        ),
        (
            "Added and held out",
            percent(added["hit_share"]),
            f"{added['n_held_out']:,} of {added['n']:,} added edges are interactions of validation "
            "or test. This is no precision: the others may be liked all the same.",
        ),
        (
            "The same by chance",
            percent(added["by_chance"]),
            "Share of as many unobserved pairs drawn at random that are held out.",
        ),
    ]


def _labels(subject: Subject) -> None:
    """What people say now of the pairs that were graded."""
    st.subheader("Against the labels of people")
    try:
        with database.cursor() as cursor:
            moment = current.version(cursor, subject.dataset)
        found = _people(subject.stamp, moment, subject)
    except WorkbenchError as error:
        components.explain(error)
        return
    kinds = {"observed": "interactions", "unobserved": "unobserved pairs"}
    shown = [name for name in kinds if found and _labelled(found["all"][name])]
    if not shown:
        st.info(
            "No pair that was graded has a label of its own yet. Labels of the page Label count "
            "here at once; those given to many pairs in one go do not.",
            icon=":material/info:",
        )
        return
    sides = st.columns(2, gap="large")
    for column, name in zip(sides, shown, strict=False):
        with column:
            one = found["all"][name]
            st.markdown(f"**{_labelled(one):,} labelled {kinds[name]}**")
            components.chart(figures.genuine(one), f"ju_people_{name}", f"labels-by-grade-{name}")
    with sides[1] if len(shown) == 1 else st.container():  # beside the figure where there is room
        _by_grade(found, shown, kinds)
    st.caption(
        f"Of {found['n']:,} labels that people agree on, {found['n_given_to_many']:,} were given "
        f"to many pairs at once and are left out, and {found['n_not_judged']:,} are of pairs that "
        "were not judged. Genuine: clean or hard; of unobserved pairs: like. 95 % Wilson "
        "intervals. Pairs of a queue looked telling: only those met in random order stand for all."
    )


def _by_grade(found: Mapping[str, Any], shown: list[str], kinds: Mapping[str, str]) -> None:
    rows = []
    for name in shown:
        for view, (said, _, _) in figures.SIDES.items():
            for place, grade in enumerate(figures.NAMES):
                every = found["all"][name][view][place]
                by_chance = found["random"][name][view][place]
                rows.append(
                    {
                        "Pairs": kinds[name],
                        "View": said,
                        "Grade": grade,
                        "Genuine": in_words(every),
                        "Genuine, met in random order": in_words(by_chance),
                    }
                )
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")


def _labelled(one: Mapping[str, Any]) -> int:
    return sum(part["n"] for part in one["user"])
