"""How values read on every page and in the report."""

from __future__ import annotations

import math
from typing import Final

GRADES: Final = {0: "Low", 1: "Mid", 2: "High"}
"""Names of the grades of the language model."""
UNKNOWN: Final = "–"
"""Stands where nothing is known."""
WHAT_IT_IS: Final = (
    "LLMHNI Workbench finds, among the interactions that a recommender fits badly, the hard ones "
    "worth learning from and the noisy ones that are no real preference."
)
SHOWN: Final = {
    "overview": "This page will show what a run found, and whether to believe it.",
    "losses": "This page will show how the losses are spread, and what a cut by loss throws away.",
    "semantic_map": "This page will show users and items as a map of their texts, to pick from.",
    "flagged": "This page will list the hard and noisy interactions, each with its evidence.",
    "graph_diff": "This page will show which edges the refined graph dropped, weakened and added.",
    "label": "This page will ask people about one pair after the other, and retrain with what they "
    "say.",
    "compare": "This page will show how two runs differ: verdicts, graph, ranking and settings.",
    "method": "This page will show how the verdicts are made, and what a run cannot claim.",
    "judge": "This page will show what a judge that hallucinates does to a run.",
}
"""Name of a page -> what it is for, where there is nothing to show yet."""
MATCHED: Final = "At equal model score"
MATCHED_HELP: Final = (
    "Each noisy interaction is compared with a genuine one of about the same model score "
    "(score-matched). The score itself cannot help there, so what is left is what the signal adds."
)
NO_SIDES: Final = (
    "Not known: nothing was planted, and without grades nothing is hard, so there are no two sides "
    "to tell apart."
)
"""In place of the signals among the highest losses, in a run of a baseline."""
LEFT_OUT: Final = (
    "Left out are {n:,} interactions whose verdict a label decided or whose label P(noisy) learned "
    "from: the method did not find them out."
)
TABLE_HELP: Final = {
    ".csv": "Text that begins with =, +, -, @, a tab or a carriage return gets an apostrophe in "
    "front: a spreadsheet would run it as a formula. Numbers stay numbers.",
    ".parquet": "Every value as it is stored.",
}


def percent(share: float | None) -> str:
    """A share as people read it; :data:`UNKNOWN` where it is None or NaN."""
    return UNKNOWN if share is None or math.isnan(share) else f"{share:.1%}"


def number(value: float | None, form: str) -> str:
    """A number in a format; :data:`UNKNOWN` where it is None or NaN."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:{form}}"
