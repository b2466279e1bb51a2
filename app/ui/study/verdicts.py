"""View Verdicts: the aims of the project, each with what became of it and its numbers."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import study
from app.services.study import Study
from app.ui import components
from app.ui.figures.study_frame import Scale, records
from app.ui.figures.study_points import cases as figure_of_cases
from app.ui.glossary import explain
from app.ui.graph_edges import ink
from app.ui.study import choice, header, measures, tables
from app.ui.wording import UNKNOWN
from core.study.labels import title
from core.study.verdicts import FAILS, HOLDS, Verdict
from core.study.verdicts import UNKNOWN as OPEN

AIM: Final = "st_aim"
SIGNS: Final = {HOLDS: ("◆", "green"), FAILS: ("✕", "orange"), OPEN: ("○", "gray")}
SHARE, DECLINE = "3", "4"
"""Aims whose number is another one: a recovered share, a decline."""
HALF: Final = 0.5


def draw(one: Study) -> None:
    """Draw the view."""
    answers = choice.ask(study.answers, one)
    counts = {word: sum(answer.outcome == word for answer in answers) for word in SIGNS}
    said = " · ".join(f"{SIGNS[word][0]} {word}: {n}" for word, n in counts.items())
    st.text(f"{len(answers)} aims, each answered from the rows alone:  {said}")
    for answer in answers:
        _aim(answer)
    by_key = {answer.key: answer for answer in answers}
    key = st.segmented_control(
        "Cases of aim", list(by_key), default="1a", required=True, key=AIM, bind="query-params"
    )
    _cases(one, by_key[str(key)])


def _aim(answer: Verdict) -> None:
    sign, color = SIGNS[answer.outcome]
    with st.container(border=True):
        number, text, badge = st.columns([0.5, 8, 3.2], vertical_alignment="center")
        number.markdown(f"**{answer.key}**")
        text.markdown(answer.aim, help=answer.rule)
        badge.markdown(f":{color}-badge[{sign} {answer.outcome}] :small[{answer.said}]")


def _cases(one: Study, answer: Verdict) -> None:
    st.caption(f"{answer.aim}. Rule: {answer.rule}")
    table = pd.DataFrame([asdict(case) for case in answer.cases])
    if answer.key == SHARE:
        table["value"] = table["ours"]
    else:
        table["value"] = table["difference"]
    several = table["measure"].nunique() > 1
    table["label"] = [
        " · ".join(
            [row["data"], row["noise"], *([measures.title(row["measure"])] if several else [])]
        )
        for row in table.to_dict("records")
    ]
    known = table[table["value"].notna()]
    if known.empty:
        st.info("None of its cases was measured yet.", icon=":material/info:")
    else:
        known = known.assign(said=[_said(row, answer.key) for row in records(known)])
        counts = (int(known["n"].min()), int(known["n"].max()))
        bars = "bars: 95 % bootstrap interval over seeds; no bar: no interval"
        text = header.source(one, counts, bars)
        figure = figure_of_cases(known, _scale(answer.key), ink(), text)
        components.chart(figure, "st_cases", f"aim-{answer.key}-cases")
    _table(table, answer.key)


def _scale(key: str) -> Scale:
    if key == SHARE:
        return Scale(
            "Recovered share of the gap from plain BPR (0) to the oracle (1)",
            2,
            ((0.0, "solid"), (HALF, "dot"), (1.0, "dash")),
        )
    what = "Decline of LLMHNI less that of" if key == DECLINE else "LLMHNI less"
    return Scale(f"{what} its nearest rival: above 0, LLMHNI is ahead", 4, ((0.0, "solid"),), True)


def _said(row: dict[str, Any], key: str) -> str:
    form = ".2f" if key == SHARE else "+.4f"
    text = f"<b>{row['label']}</b><br>{row['outcome']}: {row['value']:{form}}"
    if math.isfinite(float(str(row["low"]))):
        text += f" [{row['low']:{form}}, {row['high']:{form}}]"
    return f"{text}, n = {row['n']}<br>against {title(str(row['rival']))}<br>{row['note']}"


def _table(table: pd.DataFrame, key: str) -> None:
    shown = table.assign(
        outcome=[f"{SIGNS[word][0]} {word}" for word in table["outcome"]],
        measure=table["measure"].map(measures.title),
        rival=table["rival"].map(title),
    )
    ours = {SHARE: "Recovered share", DECLINE: "Decline of LLMHNI"}.get(key, "LLMHNI")
    meaning = {SHARE: "study_recovered", DECLINE: "study_decline"}.get(key, "")
    names = ["data", "noise", "measure", "outcome", "n", "ours", "rival", "difference"]
    columns = [*names, "low", "high", "p", "note"]
    if key == SHARE:
        columns = [one for one in columns if one not in ("rival", "difference", "p")]
    if table["measure"].nunique() == 1:
        columns.remove("measure")
    form = st.column_config.NumberColumn
    interval = explain("study_interval")
    st.dataframe(
        shown,
        hide_index=True,
        key=f"st_cases_table_{key}",
        column_order=columns,
        placeholder=UNKNOWN,
        height="content",
        column_config={
            "data": "Dataset",
            "noise": st.column_config.TextColumn("Noise", help=explain("study_noise")),
            "measure": "Measure",
            "outcome": "Verdict",
            "n": form("n", help=explain("study_n"), width=50),
            "ours": form(ours, format="%.4f", help=explain(meaning) if meaning else None),
            "rival": st.column_config.TextColumn(
                "Nearest rival", help="The one that leaves LLMHNI least, or is furthest above it."
            ),
            "difference": form("LLMHNI less it", format="%+.4f", help=explain("study_difference")),
            "low": form("From", format="%+.4f", help=interval),
            "high": form("To", format="%+.4f", help=interval),
            "p": form("p (Holm)", format="%.4f", help=explain("study_holm")),
            "note": st.column_config.TextColumn("In words", width="large"),
        },
    )
    raw = table.drop(columns=["value", "label"])
    components.downloads(
        lambda path: tables.write(raw, path), "st_cases", f"study-aim-{key}", len(table)
    )
