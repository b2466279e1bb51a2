"""One page: every aim with its verdict, the numbers behind it, and where they come from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from core.study import sections
from core.study.cases import UNKNOWN, Case
from core.study.figure_style import Drawn
from core.study.labels import measure_title, title
from core.study.names import ROWS_FILE
from core.study.protocol import ABLATIONS, NATURAL_NOISE, STATISTICS
from core.study.statistics import NATURAL
from core.study.tables import estimate, markdown, number, p_value
from core.study.verdicts import Verdict, verdicts

SHARE_AIM: Final = "3"
SHOWN: Final = ("detection", "recovered", "negatives")
OTHERS: Final = (
    ("hallucination.md", "what a hallucinating judge harms"),
    ("labels.md", "what labels of people buy"),
    ("judge_spending.md", "what a judge's calls buy"),
    ("pages.md", "how fast the pages are"),
)


def summary_page(
    rows: pd.DataFrame, drawn: Sequence[Drawn], folder: Path, start: Path, why: str
) -> str:
    """The page as Markdown.

    Args:
        rows: All rows.
        drawn: Figures of the study.
        folder: Folder of the study.
        start: Folder of the page; links are relative to it.
        why: Text written by hand about the reasons; empty if there is none.
    """
    report = Path(os.path.relpath(folder, start)).as_posix()
    answers = verdicts(rows)
    parts = [
        "# Results: does LLMHNI tell hard from noisy better than what one would use instead?",
        "Every verdict, table and figure here is computed from "
        f"[{ROWS_FILE}]({report}/{ROWS_FILE}){_by_hand(why)}; all tables, figures and the "
        f"protocol: [the study]({report}/README.md). Again, going on "
        "where it stopped: `make study`; what half an hour is enough for: `make study-quick`.",
        verdict_table(answers),
        *sections.cautions(rows),
        *(_shown(drawn, start)),
        *(["## Why", why.strip()] if why.strip() else []),
        "## The cases",
        STATISTICS,
        *(text for one in answers for text in _cases(one)),
        "## What each part adds",
        ABLATIONS,
        *(sections.ablations(rows) or ["Not measured."]),
        "## Negatives that are none",
        sections.negatives(rows),
        "## Natural noise",
        NATURAL_NOISE,
        _natural(rows, report),
        "## Where it comes from",
        sections.about(rows),
        _others(start),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_hand(why: str) -> str:
    return ", the section Why is written by hand" if why.strip() else ""


def verdict_table(answers: Sequence[Verdict]) -> str:
    """Aims and verdicts, one line each."""
    body = [[one.key, one.aim, f"**{one.outcome}**", one.said] for one in answers]
    return markdown(["", "Aim", "Verdict", "Cases"], body)


def _cases(one: Verdict) -> list[str]:
    head = ["Data", "Noise", "Measure", "n", "LLMHNI", "Nearest rival", "LLMHNI − rival"]
    head += ["p (Holm)", "Verdict", "In words"]
    if one.key == SHARE_AIM:
        head[4:8] = ["Recovered share"]
    body = [
        [
            case.data,
            case.noise,
            measure_title(case.measure),
            str(case.n) if case.n else "–",
            *(_share(case) if one.key == SHARE_AIM else _against(case)),
            case.outcome,
            case.note,
        ]
        for case in one.cases
        if case.outcome != UNKNOWN or case.n
    ]
    blank = [
        f"{case.data} / {case.noise} / {measure_title(case.measure)}"
        for case in one.cases
        if case.outcome == UNKNOWN and not case.n
    ]
    parts = [f"### {one.key}: {one.aim}: {one.outcome}", f"Rule: {one.rule}"]
    parts += [markdown(head, body)] if body else []
    return parts + ([f"Not measured: {'; '.join(blank)}."] if blank else [])


def _against(case: Case) -> list[str]:
    difference = estimate(case.difference, case.low, case.high, digits=4, is_signed=True)
    return [number(case.ours, 4), title(case.rival), difference, p_value(case.p)]


def _share(case: Case) -> list[str]:
    return [estimate(case.ours, case.low, case.high, digits=2)]


def _natural(rows: pd.DataFrame, report: str) -> str:
    if NATURAL in set(rows["noise"]):
        return f"Numbers: [the study]({report}/README.md), under each dataset."
    return "Not measured."


def _shown(drawn: Sequence[Drawn], start: Path) -> list[str]:
    return [
        f"![{one.alt}]({Path(os.path.relpath(one.path, start)).as_posix()})"
        for one in drawn
        if one.section in SHOWN
    ]


def _others(start: Path) -> str:
    there = [f"[{text}]({name})" for name, text in OTHERS if (start / name).is_file()]
    return f"Other measurements: {', '.join(there)}." if there else ""
