"""RecBole's settings that every comparison with it shares; imports nothing, so both sides can."""

from __future__ import annotations

from typing import Any, Final

SHARED: Final[dict[str, Any]] = {
    "benchmark_filename": ["train", "valid", "test"],
    "load_col": {"inter": ["user_id", "item_id"]},
    "USER_ID_FIELD": "user_id",
    "ITEM_ID_FIELD": "item_id",
    "eval_args": {"mode": "full", "order": "RO", "group_by": "user"},
    "metrics": ["Recall", "NDCG"],
    "topk": [20],
    "valid_metric": "Recall@20",
    "metric_decimal_place": 12,
    "train_neg_sample_args": {
        "distribution": "uniform",
        "sample_num": 1,
        "alpha": 1.0,
        "dynamic": False,
        "candidate_num": 0,
    },
    "eval_batch_size": 2**22,
    "require_pow": True,
    "reproducibility": True,
    "use_gpu": False,
    "worker": 0,
}
"""Full ranking, one uniform negative. Scores of 2^22 pairs at once: RecBole's default of 4,096
would rank one user at a time."""
