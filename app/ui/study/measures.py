"""What the measures of a study are called and mean on this page."""

from __future__ import annotations

from typing import Final

from app.ui.glossary import TERMS, explain
from core.study.labels import MEASURES

_MORE: Final = {
    "ap_top_loss": "AP, highest loss",
    "recall_at_rate": "recall at the true rate",
    "f1_at_rate": "F1 at the true rate",
    "auc_uniform": "AUC, uniform noise",
    "auc_position": "AUC, position noise",
    "auc_co_click": "AUC, co-click noise",
    "auc_lookalike": "AUC, lookalike noise",
    "recall5": "Recall@5",
    "recall10": "Recall@10",
    "ndcg5": "NDCG@5",
    "ndcg10": "NDCG@10",
}
_TERM: Final = {
    "hard_kept_50": "study_hard_kept",
    "hard_kept_70": "study_hard_kept",
    "hard_kept_90": "study_hard_kept",
    "hard_kept_70_minority": "study_hard_kept",
    "hard_kept_70_tail": "study_hard_kept",
    "ap_all": "study_ap",
    "ap_top_loss": "study_ap",
    "ap_matched": "study_ap",
    "auc_hard": "study_auc_hard",
    "precision_at_rate": "study_at_rate",
    "recall_at_rate": "study_at_rate",
    "f1_at_rate": "study_at_rate",
    "auc_uniform": "study_auc_kind",
    "auc_position": "study_auc_kind",
    "auc_co_click": "study_auc_kind",
    "auc_lookalike": "study_auc_kind",
}
ORDER: Final = ("hard_kept_70", "auc_matched")
"""Measures of the aims: first in every list."""


def title(measure: str) -> str:
    """Name of a measure for people, as it begins a line."""
    name = MEASURES.get(measure, _MORE.get(measure, measure))
    return name[:1].upper() + name[1:]


def meaning(measure: str) -> str:
    """What a measure is, from the glossary."""
    if measure.startswith(("recall", "ndcg")) and "rate" not in measure:
        kind = "recall20" if measure.startswith("recall") else "ndcg20"
        of = next((name for name in ("hard_users", "hard_items") if measure.endswith(name)), "")
        return f"{explain(kind)} {TERMS[f'study_{of}']}" if of else explain(kind)
    return explain(_TERM.get(measure, measure))


def digits(measure: str) -> int:
    """Decimals that a measure is shown with: ranking differs in the third and fourth."""
    return 4 if measure.startswith(("recall", "ndcg")) and "rate" not in measure else 3


def ordered(names: list[str]) -> list[str]:
    """Measures of the aims first, the others as they are."""
    first = [name for name in ORDER if name in names]
    return [*first, *(name for name in names if name not in first)]


def short(measure: str) -> str:
    """Name of a measure where there is little room."""
    return title(measure).replace("noise recall ", "").replace("Score-matched", "Matched")


def hint(column: str) -> str | None:
    """What a column of the rows means, where it is a measure."""
    try:
        return meaning(column)
    except KeyError:
        return None
