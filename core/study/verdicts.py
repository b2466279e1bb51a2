"""The aims the method was built for, each answered from the rows of a study alone.

An aim is a claim about cases (a dataset, a kind of noise, a measure). It *holds* if it does in
every case, *does not hold* if it fails in one, and is *not measured* if none fails and one is
open: without rows, with too few seeds, or with a method still to be run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from core.study import statistics
from core.study.cases import (
    FAILS,
    HALF,
    HOLDS,
    KINDS,
    RATE,
    REQUIRED,
    TOP_RATE,
    UNKNOWN,
    Answer,
    Case,
    above_all,
    first_or_tied,
    flattest,
    half_recovered,
    has_text,
)

__all__ = ["FAILS", "HOLDS", "UNKNOWN", "Case", "Verdict", "verdicts"]

KEPT: Final = ("hard_kept_70",)
MATCHED: Final = ("auc_matched",)
RANKING: Final = ("recall20", "ndcg20")
NEEDED: Final = (
    *("part", *statistics.CELL, "seed", "family", "auc_all"),
    *(*KEPT, *MATCHED, *RANKING),
)
"""Columns that the answers are read from; to cut rows again and again takes its time with all."""
AHEAD_OF_LOSS: Final = (
    f"At {RATE:.0%} noise no rival's interval of the paired difference lies wholly "
    "below 0 (LLMHNI behind), and that to the best loss-based method lies wholly above 0."
)
SURE: Final = 0.05
"""p below which a lead counts as one after correction for many comparisons."""
WHOLLY_ABOVE: Final = "The interval of the paired difference to every baseline excludes 0"


@dataclass(frozen=True)
class Verdict:
    """An aim and what became of it."""

    key: str
    aim: str
    rule: str
    """What is asked of every case."""
    cases: tuple[Case, ...]
    is_lead: bool = False
    """Whether it claims to be ahead of every rival, so that the corrected p has a say."""

    @property
    def outcome(self) -> str:
        """``holds``, ``does not hold`` or ``not measured``."""
        found = {case.outcome for case in self.cases}
        if FAILS in found:
            return FAILS
        return HOLDS if found == {HOLDS} else UNKNOWN

    @property
    def said(self) -> str:
        """In how many cases it holds, in words."""
        n_open = sum(case.outcome == UNKNOWN for case in self.cases)
        held = [case for case in self.cases if case.outcome == HOLDS]
        text = f"holds in {len(held)} of {len(self.cases)} cases"
        if self.is_lead and held:
            n_sure = sum(case.p < SURE for case in held)
            text += f", in {n_sure} of them with p < {SURE:g} (Holm)"
        known = [case.beyond for case in self.cases if math.isfinite(case.beyond)]
        if known:
            n_beyond = sum(share >= HALF for share in known)
            text += f"; without the lead it has without noise in {n_beyond} of {len(known)}"
        return f"{text}, {n_open} not measured" if n_open else text


def verdicts(rows: pd.DataFrame) -> list[Verdict]:
    """Answer all aims from the rows of a study.

    Args:
        rows: As :func:`core.study.rows.read_rows` gives them, all parts.
    """
    needed = [name for name in NEEDED if name in rows.columns]
    cells = statistics.part_of(rows[needed], "methods")
    there = sorted(set(cells["data"]) - set(REQUIRED))
    every = [*REQUIRED, *there]
    texts = [*REQUIRED, *(name for name in there if has_text(cells, name))]
    return [
        Verdict(
            "1a",
            "First or tied first in hard interactions kept at noise recall 0.7, and ahead of the "
            "best loss-based method",
            AHEAD_OF_LOSS,
            _each(cells, texts, KEPT, first_or_tied(cells, KEPT)),
        ),
        Verdict(
            "1b",
            "First or tied first in score-matched AUC, and ahead of the best loss-based method",
            AHEAD_OF_LOSS,
            _each(cells, texts, MATCHED, first_or_tied(cells, MATCHED)),
        ),
        Verdict(
            "2",
            f"Recall@20 and NDCG@20 at {RATE:.0%} noise above every baseline but the oracle",
            f"{WHOLLY_ABOVE}, LLMHNI being above.",
            _each(cells, every, RANKING, above_all(cells, RANKING)),
            is_lead=True,
        ),
        Verdict(
            "3",
            "At least half of the gap between plain BPR and the oracle is closed",
            f"(LLMHNI - BPR) / (oracle - BPR), a ratio of means, is at least {HALF:g} at "
            f"{RATE:.0%} noise. Open where the gap is not wholly above 0. What is ahead of BPR "
            "without any noise as well closes it too: each case says what is left without that.",
            _each(cells, every, RANKING, half_recovered(cells, RANKING)),
        ),
        Verdict(
            "4",
            f"The flattest decline from 0 to {TOP_RATE:.0%} noise",
            f"{WHOLLY_ABOVE}, LLMHNI losing a smaller share of its value without noise.",
            _each(cells, every, RANKING, flattest(cells, RANKING), TOP_RATE),
            is_lead=True,
        ),
    ]


def _each(
    cells: pd.DataFrame,
    datasets: Sequence[str],
    measures: Sequence[str],
    answer: Answer,
    rate: float = RATE,
) -> tuple[Case, ...]:
    """All cases: of data that need not be there, the kinds of noise that were begun."""
    begun = set(cells[list(statistics.GROUP)].drop_duplicates().itertuples(index=False, name=None))
    return tuple(
        answer(data, noise, measure)
        for data in datasets
        for noise in KINDS
        for measure in measures
        if data in REQUIRED or (data, noise, rate) in begun
    )
