"""How a run came to its verdicts: what each step made, one example taken apart, grades, truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import accepting, query
from app.services.decided import by_person, told
from app.services.store import Run

EXAMPLES: Final[Mapping[str, tuple[str, str]]] = {
    "noisy": ("verdict = 'noisy'", "p_noisy DESC"),
    "hard": ("verdict = 'hard'", "from_behaviour DESC"),
    "border": ("true", "abs(p_noisy - $threshold)"),
    "clean": ("verdict = 'clean'", "p_noisy"),
}
"""Name -> which interactions, and which of them comes first."""
PARTS: Final = ("from_language", "from_behaviour", "from_grades")
CERTAIN: Final = 1e-6
"""Probabilities are cut here before their logit is taken."""
Z: Final = 1.96
"""Half the width of a 95 % interval, in standard errors."""


def step_numbers(run: Run) -> dict[str, float]:
    """What the steps made, as numbers; a name is missing where the run does not have its table.

    Returns:
        ``text_size`` and ``size`` of the embeddings, before and after alignment; ``align_epochs``
        (mean over the folds), ``pretrain_epochs`` and ``train_epochs`` run; ``pretrain_recall``
        and ``train_recall``, the best Recall@20 on validation; ``loss_epochs`` kept;
        ``judged`` and ``accepted`` train interactions (both grades as good as the run asks);
        ``kept``, ``dropped`` and ``added`` edges.
    """
    least = accepting.least(run.manifest)  # a number of ours
    asked = {
        "embeddings": "SELECT len(raw) AS text_size, len(aligned) AS size FROM embeddings LIMIT 1",
        "metrics": """
            SELECT max(epoch) FILTER (stage = 'pretrain') AS pretrain_epochs,
                   max(epoch) FILTER (stage = 'train') AS train_epochs,
                   max(value) FILTER (stage = 'pretrain' AND name = 'recall@20') AS pretrain_recall,
                   max(value) FILTER (stage = 'train' AND name = 'recall@20') AS train_recall,
                   (SELECT avg(last) FROM (SELECT max(epoch) AS last FROM metrics
                                           WHERE stage LIKE 'align fold%' GROUP BY stage)
                   ) AS align_epochs
            FROM metrics""",
        "loss_history": "SELECT count(DISTINCT epoch) AS loss_epochs FROM loss_history",
        "interactions": f"""
            SELECT count(*) FILTER (WHERE user_grade >= 0 AND item_grade >= 0) AS judged,
                   count(*) FILTER (WHERE least(user_grade, item_grade) >= {least}) AS accepted
            FROM interactions""",
        "edges": """
            SELECT count(*) FILTER (WHERE origin = 'kept') AS kept,
                   count(*) FILTER (WHERE origin = 'dropped') AS dropped,
                   count(*) FILTER (WHERE origin = 'added') AS added FROM edges""",
    }
    found: dict[str, float] = {}
    for table, sql in asked.items():
        if query.has(run, table):
            row = query.ask(run, sql).iloc[0]
            found |= {str(name): float(value) for name, value in row.items() if pd.notna(value)}
    return found


def example(run: Run, name: str) -> dict[str, Any] | None:
    """One interaction whose p_noisy is taken apart; None if there is none of its sort.

    Args:
        run: Whose interaction.
        name: A key of :data:`EXAMPLES`: the one most likely noise, the hard one that behaviour
            speaks against most, the one nearest to the threshold, the one least likely noise.

    Returns:
        ``row``, ``user_id``, ``item_id``, ``title``, ``verdict``, ``kind`` (planted; None if not
        known), ``p_noisy``, ``explanation``, the three :data:`PARTS` and ``base``: log-odds of an
        interaction that nothing speaks for or against. Base and parts add up to logit p_noisy.
    """
    where, order = EXAMPLES[name]
    decided = by_person(run)  # what a person decided is no sum of parts
    values = {"threshold": run.manifest.threshold or 0.5} if "$threshold" in order else {}
    found = query.ask(
        run,
        f"""
        WITH first AS (
            SELECT "row", user_id, item_id, title, verdict, p_noisy, explanation, {", ".join(PARTS)}
            FROM interactions WHERE {where} AND isfinite(p_noisy) AND NOT {decided}
            ORDER BY {order}, "row" LIMIT 1
        )
        SELECT first.*, kind FROM first LEFT JOIN kinds USING ("row")
        """,
        values,
    )
    if found.empty:
        return None
    row = {str(name): value for name, value in found.iloc[0].items()}
    parts = {part: float(row[part]) if pd.notna(row[part]) else 0.0 for part in PARTS}
    return {
        **row,
        **parts,
        "row": int(row["row"]),
        "kind": str(row["kind"]) if pd.notna(row["kind"]) else None,
        "base": logit(float(row["p_noisy"])) - sum(parts.values()),
    }


def grade_matrix(run: Run) -> pd.DataFrame:
    """Count judged train interactions by both grades.

    Returns:
        Nine rows: ``user_grade`` and ``item_grade`` (0 Low to 2 High), ``n``, ``noise`` (planted
        noise among them; NaN where nothing was planted).
    """
    found = query.ask(
        run,
        """
        SELECT user_grade, item_grade, count(*) AS n, count_if(coalesce(noise, false)) AS noise
        FROM interactions LEFT JOIN kinds USING ("row")
        WHERE user_grade >= 0 AND item_grade >= 0 GROUP BY ALL
        """,
    ).set_index(["user_grade", "item_grade"])
    cells = pd.MultiIndex.from_product([range(3), range(3)], names=["user_grade", "item_grade"])
    whole = found.reindex(cells, fill_value=0).reset_index()
    whole["noise"] = whole["noise"].astype(float) if query.has(run, "kinds") else np.nan
    return whole


def calibration(run: Run, n_bins: int = 10) -> pd.DataFrame:
    """Compare p_noisy with planted truth, in bins of equal size.

    Returns:
        Columns ``bin`` (from 1), ``n``, ``p_noisy`` (mean), ``noise`` (planted), ``share``
        (noise / n) with its 95 % Wilson interval ``low`` to ``high``; empty where nothing was
        planted.
    """
    if not query.has(run, "kinds"):
        columns = ["bin", "n", "p_noisy", "noise", "share", "low", "high"]
        return pd.DataFrame(columns=columns, dtype=float)
    found = query.ask(
        run,
        f"""
        WITH placed AS (
            SELECT p_noisy, coalesce(noise, false) AS noise,
                   ntile($bins) OVER (ORDER BY p_noisy, "row") AS bin
            FROM interactions LEFT JOIN kinds USING ("row")
            WHERE isfinite(p_noisy) AND NOT {told(run)}
        )
        SELECT bin, count(*) AS n, avg(p_noisy)::DOUBLE AS p_noisy, count_if(noise) AS noise
        FROM placed GROUP BY bin ORDER BY bin
        """,
        {"bins": n_bins},
    )
    share, n = found["noise"] / found["n"], found["n"]
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return found.assign(share=share, low=middle - half, high=middle + half)


def logit(probability: float) -> float:
    """Log-odds of a probability, finite at 0 and 1 too."""
    inside = min(max(probability, CERTAIN), 1.0 - CERTAIN)
    return math.log(inside / (1.0 - inside))
