"""What a judge that rests on other judges, or on a file, says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.ui import components, data_problems
from app.ui.figures import judge as figures
from app.ui.wording import number, percent


def two(judges: Mapping[str, Any] | None) -> None:
    """Draw how far the two judges of an ensemble agree; nothing for one judge.

    Args:
        judges: ``judges`` of ``judge_quality.json``.
    """
    if not judges:
        return
    st.subheader("Do the two judges agree?")
    st.text(f"First: {judges['first']}\nSecond: {judges['second']}")
    for column, (view, (name, _, _)) in zip(
        st.columns(2, gap="large"), figures.SIDES.items(), strict=True
    ):
        one = judges[view]
        with column:
            st.markdown(f"**{name.capitalize()}**, {int(one['n']):,} pairs")
            figure = figures.matrix(one["matrix"], "first judge", "second judge")
            components.chart(figure, f"ju_two_{view}", f"two-judges-{view}")
            st.text(f"Alike: {percent(one['share'])} · kappa {number(one['kappa'], '.2f')}")
    st.caption("Where the two differ, the grade is Mid. Pairs that only one graded are left out.")


def left_out(problems: list[Mapping[str, Any]] | None) -> None:
    """Draw what of recorded judgements could not be used; nothing where all was."""
    if not problems:
        return
    st.subheader("Left out of the recorded judgements")
    for problem in problems:
        data_problems.draw_problem({**problem, "examples": problem.get("rows", ())})


def rounds(asked: Mapping[str, Any]) -> None:
    """Say how many calls were saved by stopping when verdicts settled."""
    if asked.get("rounds"):
        st.text(
            f"Asked in {len(asked['rounds'])} rounds, until verdicts settled: about "
            f"{asked['n_calls']:,} of {asked['n_calls_all']:,} calls."
        )
