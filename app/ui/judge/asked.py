"""How the judge was asked: what it took, what went wrong, whether it repeats itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services.judge_subject import Subject
from app.ui import components
from app.ui.figures import judge as figures
from app.ui.judge.shares import in_words, interval
from app.ui.wording import UNKNOWN, number

OUTCOMES: Final = {
    "parsed": "read at once",
    "repaired": "read after one repair",
    "refused": "refused: its pairs count as Mid",
    "unparsed": "not readable: its pairs count as Mid",
    "failed": "no answer: its pairs have no grades",
}
ANSWERS: Final = {
    "unanswered": "pairs without an answer of the model",
    "uncited": "reasons that rest on nothing that was shown",
    "cannot_tell": "answered “cannot tell”, which counts as Mid",
}
PASSES: Final = {"again": "asked again as it was", "shuffled": "with the history in another order"}
VIEWS: Final = {"user": "user's view", "item": "item's view"}


def draw(subject: Subject, how: Mapping[str, Any]) -> None:
    """Draw everything that is known of the asking.

    Args:
        subject: What the view is about.
        how: ``judge_quality.json`` of where the judge was asked.
    """
    if not how.get("outcomes"):
        _not_applicable(subject, how)
        return
    _repeats(how)
    _places(how)
    _outcomes(how)


def spend(how: Mapping[str, Any]) -> None:
    """Calls, tokens, money and seconds, of all and of this time alone."""
    every, now = how["spend"]["all"], how["spend"]["paid_now"]
    late = how.get("latency") or {}
    cards = (
        ("Calls", f"{every['n_calls']:,}",
         f"{every['n_from_cache']:,} of them answered from what was paid for earlier."),
        ("Tokens", f"{every['prompt_tokens'] + every['output_tokens']:,}",
         f"{every['prompt_tokens']:,} of questions ({every['cached_tokens']:,} in the cache of the "
         f"server), {every['output_tokens']:,} of replies."),
        ("Money", f"{every['money']:,.2f}" if every["money"] else UNKNOWN,
         f"At the prices of the settings, {now['money']:,.2f} of it in this asking."
         if every["money"] else "Not known without prices."),
        ("Seconds per call", number(late.get("p50"), ".2f"),
         "Not known: every answer was known before." if not late.get("n") else
         f"Median of {late.get('n', 0):,} calls that were sent; 9 of 10 took at most "
         f"{number(late.get('p90'), '.2f')} s, 99 of 100 {number(late.get('p99'), '.2f')} s, the "
         f"longest {number(late.get('longest'), '.2f')} s."),
    )  # fmt: skip
    for column, (title, value, meaning) in zip(st.columns(4), cards, strict=True):
        column.metric(title, value, help=meaning, border=True)


def _not_applicable(subject: Subject, how: Mapping[str, Any]) -> None:
    st.subheader("How it was asked")
    if subject.judge.startswith("evidence") and ", with " not in subject.judge:
        st.info(
            "Not applicable: the evidence judge asks no language model. It grades from measured "
            "facts, so there are no prompts, no calls, no places in a call, nothing unreadable and "
            "nothing to pay, and asked again it says the same.",
            icon=":material/info:",
        )
    else:
        st.info(
            "Not known: "
            + (
                "these judgements were made elsewhere, or their calls were not kept."
                if how
                else "the judgements were imported, or made by an earlier version."
            ),
            icon=":material/info:",
        )


def _repeats(how: Mapping[str, Any]) -> None:
    st.subheader("Does it repeat itself?")
    found = how.get("repeats")
    if not found:
        st.info(
            "Not measured: set judge.repeat (in the view Ask: Pairs asked twice more) to a number "
            "of pairs.",
            icon=":material/info:",
        )
        return
    rows = [
        {
            "Pairs": PASSES.get(name, name),
            "Same grade, user's view": interval(one["user"]["equal"]),
            "Same grade, item's view": interval(one["item"]["equal"]),
            "Same in both": in_words(one["both"]),
        }
        for name, one in found.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    st.caption(
        "Share of the pairs that got the same grade when they were asked once more, with 95 % "
        "intervals. Asked as it was, a difference is chance or the server; with the history in "
        "another order, it is the order that sways the judge."
    )


def _places(how: Mapping[str, Any]) -> None:
    st.subheader("Does the place in the call matter?")
    found = how.get("position") or {}
    for column, (view, name) in zip(st.columns(2, gap="large"), VIEWS.items(), strict=True):
        one = found.get(view)
        with column:
            st.markdown(f"**{name.capitalize()}**")
            if not one or not one["n_calls"]:
                st.caption("Not applicable: every call had one item.")
                continue
            components.chart(figures.places(one["places"]), f"ju_place_{view}", f"place-{view}")
            _tested(one)
    st.caption(
        "The order of the items in a call is drawn by chance, so every place should get every "
        "grade alike. Bars: 95 % Wilson intervals. p: generalised Cochran-Mantel-Haenszel test "
        "with the calls as strata; below 0.05 the place sways the grade, and a smaller number "
        "of items per call (in the view Ask) helps."
    )


def _tested(one: Mapping[str, Any]) -> None:
    gap, p = one["first_minus_last"], one.get("p")
    if p is None:
        st.text("p: nothing to test, all grades are alike.")
        return
    said = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    if gap["low"] is not None:
        said += f" · first less last place: {gap['mean']:+.2f} grades"
        said += f" ({gap['low']:+.2f} to {gap['high']:+.2f})"
    st.text(f"{'▲ ' if p < 0.05 else ''}{said}, {one['n_calls']:,} calls")


def _outcomes(how: Mapping[str, Any]) -> None:
    st.subheader("What came of the calls?")
    groups = how["outcomes"]
    rows = [
        {
            "Outcome": f"{name}: {meaning}",
            "Calls": groups["all"][name]["n_yes"],
            "Share": interval(groups["all"][name]),
            **{
                VIEWS[view].capitalize(): groups[view][name]["n_yes"]
                for view in VIEWS
                if view in groups
            },
        }
        for name, meaning in OUTCOMES.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    answers = how.get("answers") or {}
    told = [
        {"Answers": meaning}
        | {
            VIEWS[view].capitalize(): in_words(answers[view][name])
            for view in VIEWS
            if view in answers and answers[view].get(name)
        }
        for name, meaning in ANSWERS.items()
    ]
    st.dataframe(pd.DataFrame(told), hide_index=True, height="content", placeholder=UNKNOWN)
    st.caption("The view Calls shows them one by one.")
