"""The table of the project's front page: LLMHNI beside its nearest rival, from the rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from core.study import statistics
from core.study.cases import RATE, Case, first_or_tied
from core.study.labels import title
from core.study.statistics import ORACLE, OURS, PLAIN
from core.study.tables import UNKNOWN, markdown, number
from core.study.verdicts import verdicts

BEGIN: Final = "<!-- Written by: python -m app.cli study --report -->"
END: Final = "<!-- Until here. -->"
AIMS: Final = {"1b": "auc_matched", "1a": "hard_kept_70"}
"""Aims that ask for a rival where there are texts, and what they measure."""
HEAD: Final = (
    "Data",
    "Noise",
    "Seeds",
    "Recall@20",
    "of plain BPR · oracle",
    "Score-matched AUC",
    "Hard kept at noise recall 0.7",
    "Noise found · precision, at LLMHNI's own threshold",
)


def readme_table(rows: pd.DataFrame) -> str:
    """One line for each dataset and kind of noise: LLMHNI, and the rival nearest or ahead.

    Args:
        rows: As :func:`core.study.rows.read_rows` gives them, all parts.
    """
    cells = statistics.part_of(rows, "methods")
    answers = {one.key: one.cases for one in verdicts(rows)}
    body = [
        [
            case.data,
            case.noise,
            str(case.n),
            _beside(cells, case),
            _means(cells, case, "recall20", (PLAIN, ORACLE)),
            *(_detection(cells, answers[key], case, name) for key, name in AIMS.items()),
            f"{_mean(cells, case, OURS, 'noise_recall')} · {_mean(cells, case, OURS, 'precision')}",
        ]
        for case in answers["2"]
        if case.measure == "recall20" and case.n
    ]
    return markdown(HEAD, body)


def fill(page: str, table: str) -> str:
    """The page with the table between its marks; unchanged where it has none."""
    if BEGIN not in page or END not in page:
        return page
    before, rest = page.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END, 1)[1]}"


def _detection(cells: pd.DataFrame, aimed: Iterable[Case], case: Case, measure: str) -> str:
    """Beside the rival of the aim; data without texts have no aim, and theirs is found here."""
    same = _same(aimed, case)
    if same is None:
        ask = first_or_tied(cells[cells["data"] == case.data], (measure,))
        same = ask(case.data, case.noise, measure)
    return _beside(cells, same)


def _same(cases: Iterable[Case], case: Case) -> Case | None:
    """Of another aim; data without texts have none."""
    place = (case.data, case.noise)
    return next((one for one in cases if (one.data, one.noise) == place), None)


def _beside(cells: pd.DataFrame, case: Case) -> str:
    """LLMHNI's mean and, in brackets, the rival's, bold where that is ahead."""
    if not case.n:
        return UNKNOWN
    rival = f"{title(case.rival)} {_mean(cells, case, case.rival, case.measure)}"
    ours = _mean(cells, case, OURS, case.measure)
    return f"{ours} ({f'**{rival}**' if case.difference < 0 else rival})"


def _means(cells: pd.DataFrame, case: Case, measure: str, variants: Iterable[str]) -> str:
    return " · ".join(_mean(cells, case, name, measure) for name in variants)


def _mean(cells: pd.DataFrame, case: Case, variant: str, measure: str) -> str:
    here = (cells["data"] == case.data) & (cells["noise"] == case.noise) & (cells["rate"] == RATE)
    return number(cells.loc[here & (cells["variant"] == variant), measure].mean(), 3)
