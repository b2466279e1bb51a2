"""How well several runs find planted noise, over the same interactions.

Each run says in its manifest how well it did on the interactions that no label decided there. Where
runs were given other labels those are other interactions, and a difference would be one of rows:
here everything is measured over the interactions that no label told any of the runs about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from app.services import query
from app.services.compare.pair import on_rows, table
from app.services.compare.signals import lowest
from app.services.decided import told
from app.services.store import Run
from core.separation import RECALL, auc, kept_at, matched_auc, matched_rows
from core.types import IntArray

TITLES: Final = {
    "auc": "AUC of P(noisy), all",
    "auc_matched": "AUC of P(noisy), equal score",
    "auc_top_loss": "AUC of P(noisy), highest loss",
    "noise_found": "Planted noise found",
    "precision": "Planted noise among the noisy",
    "hard_kept": "Hard kept",
    "hard_kept_at": f"Hard kept at noise recall {RECALL:g}",
}
TOP_SHARE: Final = 0.2
"""Share of the interactions with the highest loss, as in detection.json."""


class Planted(NamedTuple):
    """What was measured."""

    n: int
    """Interactions that count."""
    n_left_out: int
    """Interactions that a label told one of the runs about."""
    numbers: Mapping[str, Mapping[str, float | None]]
    """Run id -> title -> number, None where one kind is missing."""


def measured(runs: Sequence[Run]) -> Planted | None:
    """Measure runs of one dataset against planted truth.

    Args:
        runs: At least one; the truth is that of the first, and so is the score by which noise
            and genuine are matched, and by which genuine ones are hard where none were planted.

    Returns:
        None where nothing was planted.

    Raises:
        DataError: If a table is missing or damaged.
    """
    if not query.has(runs[0], "kinds"):
        return None
    found = _joined(runs)
    left_out = found["told"].to_numpy(bool)
    rows = found[~left_out]
    noise, hard = rows["noise"].to_numpy(bool), rows["hard"].to_numpy(bool)
    if not hard.any():
        hard = lowest(rows["score_0"].to_numpy(np.float64), ~noise)
    draws = list(matched_rows(noise, rows["score_0"].to_numpy(), np.random.default_rng(0)))
    numbers = {run.id: _numbers(rows, place, noise, hard, draws) for place, run in enumerate(runs)}
    return Planted(len(rows), int(left_out.sum()), numbers)


def _joined(runs: Sequence[Run]) -> pd.DataFrame:
    """Interactions that all runs have, with what each makes of them."""
    chosen, joins = [], []
    for place, run in enumerate(runs):
        chosen += [
            f"r{place}.{name}::DOUBLE AS {name}_{place}" for name in ("p_noisy", "loss", "score")
        ]
        chosen.append(f"r{place}.verdict = 'noisy' AS noisy_{place}")
        if place:
            joins.append(f"JOIN run_{place} r{place} ON {on_rows(runs[0], run, 'r0', f'r{place}')}")
    is_told = " OR ".join(told(run, f"r{place}") for place, run in enumerate(runs))
    return query.ask(
        runs[0],
        f"""
        SELECT {", ".join(chosen)}, {is_told} AS told,
               coalesce(kinds.noise, false) AS noise, coalesce(kinds.hard, false) AS hard
        FROM interactions r0 {" ".join(joins)} LEFT JOIN kinds ON kinds."row" = r0."row"
        ORDER BY r0."row"
        """,
        tables={
            f"run_{place}": table(run, "interactions") for place, run in enumerate(runs) if place
        },
    )


def _numbers(
    rows: pd.DataFrame, place: int, noise: np.ndarray, hard: np.ndarray, draws: Sequence[IntArray]
) -> dict[str, float | None]:
    p = rows[f"p_noisy_{place}"].to_numpy()
    noisy = rows[f"noisy_{place}"].to_numpy(bool)
    top = _highest(rows[f"loss_{place}"].to_numpy())
    kept = kept_at(p, noise, hard, math.ceil(RECALL * int(noise.sum())))
    values = {
        "auc": auc(p, noise),
        "auc_matched": matched_auc(p, noise, draws),
        "auc_top_loss": auc(p[top], noise[top]),
        "noise_found": _share(noisy, noise),
        "precision": _share(noise, noisy),
        "hard_kept": _share(~noisy, hard),
        "hard_kept_at": float("nan") if kept is None else kept,
    }
    return {TITLES[name]: None if np.isnan(value) else value for name, value in values.items()}


def _highest(loss: np.ndarray) -> np.ndarray:
    """Rows of the fifth with the highest loss; unknown ones are not among them."""
    known = np.flatnonzero(~np.isnan(loss))
    n_chosen = max(1, round(TOP_SHARE * len(known))) if len(known) else 0
    return known[np.argsort(-loss[known], kind="stable")[:n_chosen]]


def _share(what: np.ndarray, among: np.ndarray) -> float:
    return float(what[among].mean()) if among.any() else float("nan")
