"""What planted noise and the labels of people say of the grades of a judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.services import judge_trust
from app.services.judge_subject import Subject
from app.services.labels import current, snapshot
from app.ui import components, database, state
from app.ui.figures import judge as figures
from app.ui.glossary import explain
from app.ui.judge.shares import in_words
from app.ui.wording import percent
from core.errors import WorkbenchError


def truth(subject: Subject) -> None:
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


def labels(subject: Subject) -> None:
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


@st.cache_data(max_entries=50, show_spinner=False)
def _people(stamp: str, moment: int, _subject: Subject) -> dict[str, Any]:  # noqa: ARG001 - likewise
    with database.cursor() as cursor:
        standing = snapshot.standing(cursor, _subject.dataset)
    return judge_trust.by_labels(_subject, standing)
