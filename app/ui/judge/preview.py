"""What judging would take and who would read what, as people read it before they send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.ui.jobs_live import duration
from app.ui.wording import UNKNOWN


def draw(answer: Mapping[str, Any]) -> None:
    """Draw a preview.

    Args:
        answer: Of ``judge --preview --json``.
    """
    st.subheader("Preview")
    _known(answer)
    _before(answer)
    if not answer["asks_model"]:
        st.text(f"{answer['n_pairs']:,} pairs. No language model is asked for grades.")
        return
    _numbers(answer)
    _budget(answer)
    st.text(str(answer["rests_on"]))
    left, right = st.columns([2, 3], gap="large")
    with left:
        _receiver(answer)
    with right:
        _sample(answer)


def _known(answer: Mapping[str, Any]) -> None:
    """What is judged already, with these settings or in the judgements that are to be used."""
    recorded, there = answer.get("recorded"), answer.get("there")
    if recorded:
        st.text(f"Recorded judgements {recorded['name']}: {_how_many(recorded)}.")
        if recorded["stopped_by"]:
            st.warning("They ended early: pairs that are not among them get no grade.")
    if there:
        st.info("Pairs are judged already with exactly these settings.", icon=":material/check:")
        st.text(
            f"{_how_many(there)}, {str(there['created'])[:16].replace('T', ' ')} UTC. "
            + (
                "What is missing is asked, the rest costs nothing. "
                if there["stopped_by"]
                else "Asking again costs nothing. "
            )
            + "The figures below are for all pairs, as if nothing were there."
        )


def _how_many(about: Mapping[str, Any]) -> str:
    n, wanted = about.get("n_pairs") or 0, about.get("n_wanted")
    pairs = f"{n:,} of {wanted:,} pairs" if wanted and wanted > n else f"{n:,} pairs"
    return f"stopped early, {pairs}" if about.get("stopped_by") else pairs


def _before(answer: Mapping[str, Any]) -> None:
    """What is sent before the grades: profiles to be written, texts to be embedded."""
    if answer.get("profiles"):
        found = answer["profiles"]
        tokens = found["prompt_tokens"] + found["output_tokens"]
        money = "" if found["money"] is None else f", about {found['money']:,.2f}"
        st.text(
            f"Before the grades, profiles: {found['n_calls']:,} calls to {answer['receiver']}, at "
            f"most about {tokens:,} tokens{money}. The figures below are without them."
        )
    if answer.get("encoder"):
        st.text(f"All profile texts go to {answer['encoder']} to be embedded.")


def _numbers(answer: Mapping[str, Any]) -> None:
    tokens = answer["prompt_tokens"] + answer["output_tokens"]
    money, seconds = answer["money"], answer["seconds"]
    parts = (
        f"{answer['n_observed']:,} interactions, {answer['n_unobserved']:,} unobserved, "
        f"{answer['n_controls']:,} strangers"
    )
    shown = (
        ("Pairs", f"{answer['n_pairs']:,}", f"{parts}. Strangers: random pairs, to learn how the "
         "judge grades them."),
        ("Calls, about", f"{answer['n_calls']:,}", "Both views together, several items in each."),
        ("Tokens, about", f"{tokens:,}", f"{answer['prompt_tokens']:,} of questions, "
         f"{answer['output_tokens']:,} of replies."),
        ("Money, about", UNKNOWN if money is None else f"{money:,.2f}",
         "At the prices of the settings, in their currency. Not known without prices."),
        ("Time, about", UNKNOWN if seconds is None else duration(seconds),
         "Of the questions alone; pre-training, which tells the pairs to ask about, comes before. "
         "At the rate measured with this model at this host, and the limits of the settings. "
         "Not known before anything was measured."),
    )  # fmt: skip
    for column, (title, value, explained) in zip(st.columns(5), shown, strict=True):
        column.metric(title, value, help=explained, border=True)
    st.caption(f"Pairs: {parts}.")


def _budget(answer: Mapping[str, Any]) -> None:
    limits = [f"{name[7:]} {value:,g}" for name, value in answer["budget"].items()]
    st.text("Budget: " + (", ".join(limits) or "none set; it stops when all is asked."))
    stops = answer.get("stops")
    if stops:
        st.warning(
            f"The budget in {stops['by'].removeprefix('budget_')} ends it early, at about "
            f"{stops['n_pairs']:,} of {answer['n_pairs']:,} pairs; the others get no "
            "grades. Answers that are there already do not count.",
            icon=":material/warning:",
        )


def _receiver(answer: Mapping[str, Any]) -> None:
    st.markdown("**Who receives it**")
    st.text(str(answer["receiver"]))
    st.text(f"Model: {answer['model']}")
    st.markdown("**What it receives**")
    st.text("\n".join(f"• {' '.join(str(field).split())}" for field in answer["fields"]))
    st.caption("Ids of users and items are never sent.")


def _sample(answer: Mapping[str, Any]) -> None:
    """One real question of each view, letter by letter."""
    st.markdown("**One question of each view**")
    messages = list(answer["sample"])
    begins = [place for place, one in enumerate(messages) if one["role"] == "system"] or [0]
    parts = [messages[a:b] for a, b in zip(begins, [*begins[1:], len(messages)], strict=True)]
    for tab, part in zip(st.tabs(["User's view", "Item's view"]), parts[:2], strict=False):
        with tab:
            for message in part:
                st.text(f"{message['role']}:")
                st.code(str(message["content"]), language=None, wrap_lines=True, height=180)
