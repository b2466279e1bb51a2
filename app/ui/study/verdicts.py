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
from app.ui.study import choice, header, measures, tables, words
from app.ui.wording import UNKNOWN
from core.study.cases import LEAST_SEEDS
from core.study.labels import title
from core.study.verdicts import FAILS, HOLDS, Verdict
from core.study.verdicts import UNKNOWN as OPEN

AIM: Final = "st_aim"
SIGNS: Final = {HOLDS: ("◆", "green"), FAILS: ("✕", "orange"), OPEN: ("○", "gray")}
SHARE, DECLINE = "3", "4"
"""Aims whose number is another one: a recovered share, a decline."""
HALF: Final = 0.5
TERMS: Final = {
    "1a": {"Hard kept at noise recall 0.7": "study_hard_kept"},
    "1b": {"Score-matched AUC": "auc_matched"},
    "2": {"Oracle": "study_oracle"},
    "3": {"Oracle": "study_oracle", "Recovered": "study_recovered"},
    "4": {"Decline": "study_decline"},
}
"""What aims speak of -> where the glossary explains it."""
TIED: Final = "Tied: the interval of the difference includes 0. Ahead: it lies wholly above 0."
LINES, WORDS, FITS = 58, 230, 32
"""Height and width in pixels of a row that has words for three lines, and letters of one line."""


def draw(one: Study) -> None:
    """Draw the view."""
    answers = choice.ask(study.answers, one)
    counts = {word: sum(answer.outcome == word for answer in answers) for word in SIGNS}
    said = " · ".join(f"{SIGNS[word][0]} {word}: {n}" for word, n in counts.items())
    st.text(f"{len(answers)} aims, each answered from the rows alone:  {said}")
    with st.container(border=True):
        for answer in answers:
            _aim(answer)
    by_key = {answer.key: answer for answer in answers}
    key = st.segmented_control(
        "Cases of aim", list(by_key), default="1a", required=True, key=AIM, bind="query-params"
    )
    _cases(one, by_key[str(key)])


def _aim(answer: Verdict) -> None:
    """An aim, what became of it, in how many cases, and the case that speaks most against it."""
    sign, color = SIGNS[answer.outcome]
    number, text, badge, counted = st.columns([0.4, 7.4, 1.7, 2.5], vertical_alignment="center")
    number.markdown(f"**{answer.key}**")
    with text.container(gap=None):
        st.markdown(answer.aim, help=f"{answer.rule}\n\n{_terms(answer.key)}")
        told = worst(answer)
        if told:
            st.text(told)
    badge.markdown(f":{color}-badge[{sign} {answer.outcome}]")
    counted.text(answer.said)


def worst(answer: Verdict) -> str:
    """The answered case whose interval reaches lowest, of those that fail if any does; or empty."""
    share = answer.key == SHARE
    known = [
        (case.ours if share else case.difference, case)
        for case in answer.cases
        if case.outcome != OPEN and math.isfinite(case.ours if share else case.difference)
    ]
    if not known:
        return ""
    value, case = min(
        known,
        key=lambda pair: (
            pair[1].outcome == HOLDS,
            pair[1].low if math.isfinite(pair[1].low) else pair[0],
        ),
    )
    form = ".2f" if share else "+.4f"
    of = {SHARE: "", DECLINE: f"decline, LLMHNI − {title(case.rival)}: "}
    text = of.get(answer.key, f"LLMHNI − {title(case.rival)}: ") + f"{value:{form}}"
    if math.isfinite(case.low):
        text += f" [{case.low:{form}}, {case.high:{form}}]"
    text += " of the gap recovered" if share else ""
    several = len({one.measure for one in answer.cases}) > 1
    place = [case.data, f"{case.noise} noise", *([measures.title(case.measure)] if several else [])]
    return f"Worst case: {text} ({', '.join(place)})"


def _terms(key: str) -> str:
    """What an aim speaks of, explained."""
    said = [f"{name}: {explain(term)}" for name, term in TERMS.get(key, {}).items()]
    return "\n\n".join([*said, *([TIED] if key.startswith("1") else [])])


def _cases(one: Study, answer: Verdict) -> None:
    st.caption(f"{answer.aim}. Rule: {answer.rule}")
    st.caption(_terms(answer.key))
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
        st.info(
            "None of its cases can be answered yet: the table says what is missing.",
            icon=":material/info:",
        )
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
    what = "Decline, LLMHNI −" if key == DECLINE else "LLMHNI −"
    return Scale(f"{what} its nearest rival: above 0, LLMHNI is ahead", 4, ((0.0, "solid"),), True)


def _said(row: dict[str, Any], key: str) -> str:
    form = ".2f" if key == SHARE else "+.4f"
    text = f"<b>{row['label']}</b><br>{row['outcome']}: {row['value']:{form}}"
    if math.isfinite(float(str(row["low"]))):
        text += f" [{row['low']:{form}}, {row['high']:{form}}]"
    return f"{text}, n = {row['n']}<br>against {title(str(row['rival']))}<br>{row['note']}"


def _words(row: dict[Any, Any]) -> str:
    """What is said of a case; of one that nothing is said of, why."""
    if row["note"] or row["outcome"] != OPEN:
        return str(row["note"])
    return f"LLMHNI and a rival share fewer than {LEAST_SEEDS} seeds here"


def _table(table: pd.DataFrame, key: str) -> None:
    shown = table.assign(
        outcome=[f"{SIGNS[word][0]} {word}" for word in table["outcome"]],
        measure=table["measure"].map(measures.title),
        rival=[title(name) if name else UNKNOWN for name in table["rival"]],
        note=[_words(row) for row in table.to_dict("records")],
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
    interval = {
        name: form(label, format=f"%{'' if key == SHARE else '+'}.4f", help=text)
        for name, (label, text, *_) in words.interval().items()
    }
    st.dataframe(
        shown,
        hide_index=True,
        key=f"st_cases_table_{key}",
        column_order=columns,
        placeholder=UNKNOWN,
        height="content",
        row_height=LINES if shown["note"].str.len().max() > FITS else None,
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
            "difference": form("LLMHNI − rival", format="%+.4f", help=explain("study_difference")),
            **interval,
            "p": form("p (Holm)", format=tables.P, help=explain("study_holm_aim")),
            "note": st.column_config.TextColumn("In words", width=WORDS),
        },
    )
    raw = table.drop(columns=["value", "label"])
    components.downloads(
        lambda path: tables.write(raw, path), "st_cases", f"study-aim-{key}", len(table)
    )
