"""Names of the study: parts, families, schemes, and the columns of its rows.

Loads nothing, so that screens can use it.
"""

from __future__ import annotations

from typing import Final

PARTS: Final = ("methods", "ablations", "negatives", "tuning")
"""``methods``: LLMHNI beside what one would use instead; ``ablations``: LLMHNI with one thing
changed; ``negatives``: what mined negatives are like; ``tuning``: candidates on validation."""
SAMPLE, ML, AMAZON = "sample", "ml-latest-small", "amazon-book"
NATURAL: Final = "natural"
"""Noise that was not planted: ratings that say that somebody did not like the item."""
NO_NOISE: Final = "none"
PLANTED: Final = ("uniform", "position", "co-click", "lookalike", "mixed")
"""Kinds of noise that can be planted, see :mod:`core.data.noise`."""
NOISES: Final = (NO_NOISE, *PLANTED, NATURAL)
TUNING_SEED: Final = 1000
"""Seed of the groups on which options are chosen; reported seeds are others."""

FAMILIES: Final = (
    "ours",
    "loss-based",
    "contrastive",
    "language",
    "negatives",
    "control",
    "oracle",
    "plain",
    "signal",
)
SCHEMES: Final = ("uniform", "dns", "srns", "pool", "llmhni", "fresh")
SIGNALS: Final = ("loss", "score", "semantic", "logical")
"""Single signals of LLMHNI's run, as detectors on their own: variants ``signal:NAME``."""

KEY: Final = ("part", "data", "noise", "rate", "seed", "variant", "options", "scheme")
"""What tells one row from another."""
IDENTITY: Final = ("part", "data", "noise", "rate", "seed", "variant", "family", "options")
DATA: Final = ("fingerprint", "n_users", "n_items", "n_train", "n_noise", "n_hard", "hard_source")
DETECTION: Final = (
    "auc_all",
    "ap_all",
    "auc_top_loss",
    "ap_top_loss",
    "auc_matched",
    "ap_matched",
    "auc_hard",
    "precision_at_rate",
    "recall_at_rate",
    "f1_at_rate",
    "hard_kept_50",
    "hard_kept_70",
    "hard_kept_90",
    "hard_kept_70_minority",
    "hard_kept_70_tail",
    "auc_uniform",
    "auc_position",
    "auc_co_click",
    "auc_lookalike",
)
"""How well a suspicion tells planted noise from the rest."""
OWN_THRESHOLD: Final = ("noise_recall", "precision", "hard_kept", "noise_rate_estimated")
"""What LLMHNI flags of itself."""
VERDICTS: Final = (
    "noise_in_top_loss",
    "noise_in_top_loss_kept",
    "called_hard",
    "noise_in_called_hard",
    "hard_in_called_hard",
)
"""What its verdicts are worth: the fifth of highest loss, what is kept of it, the verdict hard."""
RANKING: Final = (
    "recall5",
    "recall10",
    "recall20",
    "ndcg5",
    "ndcg10",
    "ndcg20",
    "valid_recall20",
    "valid_ndcg20",
    "recall20_hard_users",
    "ndcg20_hard_users",
    "recall20_hard_items",
    "ndcg20_hard_items",
)
NEGATIVES: Final = ("scheme", "false_negative_rate", "hardness")
HOW: Final = (
    "best_epoch",
    "seconds",
    "seconds_shared",
    "device",
    "code",
    "versions",
    "finished",
)
COLUMNS: Final = (
    *IDENTITY,
    *DATA,
    *DETECTION,
    *OWN_THRESHOLD,
    *RANKING,
    *NEGATIVES,
    *HOW,
    *VERDICTS,
)
"""Columns of ``rows.csv``, in this order."""
TEXTS: Final = frozenset(
    {
        *("part", "data", "noise", "variant", "family", "options", "fingerprint", "hard_source"),
        *("scheme", "device", "code", "versions", "finished"),
    }
)
"""Columns of text; all others are numbers."""
NUMBERS: Final = tuple(name for name in COLUMNS if name not in TEXTS)
ROWS_FILE: Final = "rows.csv"
SETTINGS_FILE: Final = "settings.json"
