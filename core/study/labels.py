"""What variants, families and measures are called in front of people. Loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VARIANTS: Final[Mapping[str, str]] = {
    "llmhni": "LLMHNI",
    "llmhni-paper": "LLMHNI, as in the paper",
    "bpr": "BPR (plain)",
    "bpr-ngcf": "BPR on NGCF",
    "wbpr": "WBPR",
    "t-ce": "T-CE",
    "t-ce-pairwise": "T-CE, pairwise",
    "r-ce": "R-CE",
    "r-ce-pairwise": "R-CE, pairwise",
    "dcf": "DCF",
    "bod": "BOD",
    "pld": "PLD",
    "sgl": "SGL, edges",
    "sgl-node": "SGL, nodes",
    "simgcl": "SimGCL",
    "xsimgcl": "XSimGCL",
    "rlmrec": "RLMRec-Con",
    "llard": "LLaRD-style",
    "dns": "DNS",
    "srns": "SRNS",
    "text-only": "Text only",
    "cleanlab": "cleanlab",
    "random-edits": "Random edits",
    "oracle": "Oracle (no noise)",
    "oracle-llmhni": "Oracle, LLMHNI",
    "signal:loss": "Cut by loss",
    "signal:score": "Cut by score",
    "signal:semantic": "Cut by texts",
    "signal:logical": "Cut by grades",
}
FAMILIES: Final[Mapping[str, str]] = {
    "ours": "LLMHNI",
    "loss-based": "by loss",
    "contrastive": "contrastive",
    "language": "language",
    "negatives": "negatives",
    "control": "control",
    "plain": "plain",
    "signal": "single signal",
    "oracle": "oracle",
}
MEASURES: Final[Mapping[str, str]] = {
    "hard_kept_50": "hard kept at noise recall 0.5",
    "hard_kept_70": "hard kept at noise recall 0.7",
    "hard_kept_90": "hard kept at noise recall 0.9",
    "hard_kept_70_minority": "hard kept at 0.7, minority",
    "hard_kept_70_tail": "hard kept at 0.7, tail",
    "auc_matched": "score-matched AUC",
    "auc_all": "AUC, all",
    "auc_top_loss": "AUC, highest loss",
    "auc_hard": "AUC, noise against hard",
    "ap_all": "AP, all",
    "ap_matched": "AP, score-matched",
    "precision_at_rate": "precision at the true rate",
    "noise_recall": "noise found",
    "precision": "precision",
    "hard_kept": "hard kept",
    "noise_rate_estimated": "estimated share of noise",
    "noise_in_top_loss": "noise in the highest-loss fifth",
    "noise_in_top_loss_kept": "noise in what is kept of it",
    "called_hard": "called hard",
    "noise_in_called_hard": "noise among them",
    "hard_in_called_hard": "hard among them",
    "recall20": "Recall@20",
    "ndcg20": "NDCG@20",
    "recall20_hard_users": "Recall@20, hard users",
    "ndcg20_hard_users": "NDCG@20, hard users",
    "recall20_hard_items": "Recall@20, hard items",
    "ndcg20_hard_items": "NDCG@20, hard items",
    "valid_recall20": "Recall@20, validation",
    "valid_ndcg20": "NDCG@20, validation",
    "false_negative_rate": "false-negative rate",
    "hardness": "hardness",
}
SCHEMES: Final[Mapping[str, str]] = {
    "uniform": "uniform",
    "dns": "DNS",
    "srns": "SRNS",
    "pool": "pool, any of it",
    "llmhni": "pool, lowest semantic relevance (paper)",
    "fresh": "best of 4 fresh (LLMHNI)",
}


def title(variant: str) -> str:
    """Name of a variant for people; an unknown one keeps its name of the rows."""
    return VARIANTS.get(variant, variant)


def measure_title(measure: str) -> str:
    """Name of a measure for people."""
    return MEASURES.get(measure, measure)
