"""What the labels of people did: on pairs kept for measuring, on their neighbours, overall.

The other run is the one that was given labels. Held-out labels were used by neither run: they
alone measure; used ones are decided by the label itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from app.services import query
from app.services.compare.pair import THEIRS, column, columns, on_rows, other, table
from app.services.store import Run
from core.separation import auc

NOTHING: Final = "''"
ON_OBSERVED: Final = ("clean", "hard", "noisy")
GROUPS: Final = {
    "user_noisy": "same user as one labelled noisy",
    "item_noisy": "same item as one labelled noisy",
    "user_genuine": "same user as one labelled clean or hard",
    "item_genuine": "same item as one labelled clean or hard",
    "rest": "neither",
    "all": "all without a label",
}
"""Sets of unlabelled interactions; one may be in several of the first four."""


@dataclass(frozen=True)
class Held:
    """How two runs do on some labels that neither used; NaN where one kind is missing."""

    n_noisy: int
    n_genuine: int
    auc_a: float
    """Chance that a pair labelled noisy has a higher p_noisy than a genuine one, reference."""
    auc_b: float
    same_a: float
    """Share of the pairs whose verdict is the label (:func:`is_label`)."""
    same_b: float
    noisy_or_not_a: float
    """Share of the pairs of which verdict and label both say noisy, or both do not."""
    noisy_or_not_b: float


@dataclass(frozen=True)
class HeldOut:
    """How two runs do on the labels kept for measuring."""

    sampled: Held | None
    """On pairs met in the random order, which stand for all; None where the run does not say."""
    every: Held
    """On all of them: queues chose most by what an earlier run made of them."""


def quality(run: Run) -> Mapping[str, Any] | None:
    """What the run says of its labels; None where it was given none."""
    return run.manifest.labels


def has_labels(run: Run) -> bool:
    """Whether the interactions of a run say which labels it was given."""
    return {"label", "held_out"} <= columns(run, "interactions")


def held_out(run: Run, other_id: str) -> HeldOut:
    """Compare two runs on the labels that the other one kept for measuring.

    Pairs whose label the reference used are left out.
    """
    theirs = other(run, other_id)
    label = column(run, "label", "a", NOTHING)
    unused = f"({label} = '' OR {column(run, 'held_out', 'a', 'true')})"
    tables, sampled, known = {THEIRS: table(theirs, "interactions")}, "false", _said_sampled(theirs)
    if known:
        tables["said"] = table(theirs, "labels")
        sampled = "(b.user_id, b.item_id) IN (SELECT (user_id, item_id) FROM said WHERE sampled)"
    found = query.ask(
        run,
        f"""
        SELECT b.label, a.p_noisy::DOUBLE AS p_a, b.p_noisy::DOUBLE AS p_b,
               a.verdict AS verdict_a, b.verdict AS verdict_b, {sampled} AS sampled
        FROM interactions a JOIN {THEIRS} b ON {on_rows(run, theirs)}
        WHERE b.held_out AND b.label IN $labels AND {unused}
        """,
        {"labels": list(ON_OBSERVED)},
        tables,
    )
    return HeldOut(_held(found[found["sampled"].astype(bool)]) if known else None, _held(found))


def _said_sampled(run: Run) -> bool:
    """Whether a run says which of its labels were given in the random order."""
    return {"user_id", "item_id", "sampled"} <= columns(run, "labels")


def _held(found: pd.DataFrame) -> Held:
    noisy = found["label"] == "noisy"
    return Held(
        int(noisy.sum()),
        int((~noisy).sum()),
        auc(found["p_a"].to_numpy(), noisy.to_numpy()),
        auc(found["p_b"].to_numpy(), noisy.to_numpy()),
        _share(is_label(found["label"], found["verdict_a"])),
        _share(is_label(found["label"], found["verdict_b"])),
        _share((found["verdict_a"] == "noisy") == noisy),
        _share((found["verdict_b"] == "noisy") == noisy),
    )


def is_label(label: pd.Series, verdict: pd.Series) -> pd.Series:
    """Whether a verdict is the label; clean asks only for not noisy: hard ones are genuine."""
    return (label == verdict) | ((label == "clean") & (verdict != "noisy"))


def neighbours(run: Run, other_id: str) -> pd.DataFrame:
    """How p_noisy changed near the labels that were used, and elsewhere.

    Returns:
        Columns ``group`` (of :data:`GROUPS`), ``n``, ``change`` (mean of p_noisy, other minus
        reference), ``to_noisy`` and ``from_noisy`` (verdicts that became or ceased to be noisy).
    """
    theirs = other(run, other_id)
    near = ",\n".join(
        f"""b."{side}" IN (SELECT "{side}" FROM used WHERE noisy = {kind == "noisy"})
            AS {side}_{kind}"""
        for kind in ("noisy", "genuine")
        for side in ("user", "item")
    )
    counted = " UNION ALL ".join(
        f"""SELECT {place} AS place, '{name}' AS "group", count(*) AS n, avg(change) AS change,
                   count(*) FILTER (after AND NOT before) AS to_noisy,
                   count(*) FILTER (before AND NOT after) AS from_noisy
            FROM near WHERE {_within(name)}"""
        for place, name in enumerate(GROUPS)
    )
    return query.ask(
        run,
        f"""
        WITH used AS (
            SELECT "user", item, label = 'noisy' AS noisy FROM {THEIRS}
            WHERE label IN $labels AND NOT held_out
        ),
        near AS MATERIALIZED (
            SELECT b.p_noisy::DOUBLE - a.p_noisy::DOUBLE AS change, a.verdict = 'noisy' AS before,
                   b.verdict = 'noisy' AS after, {near}
            FROM interactions a JOIN {THEIRS} b ON {on_rows(run, theirs)}
            WHERE b.label = ''
        )
        SELECT "group", n, change, to_noisy, from_noisy FROM ({counted}) ORDER BY place
        """,
        {"labels": list(ON_OBSERVED)},
        {THEIRS: table(theirs, "interactions")},
    )


def _within(group: str) -> str:
    if group == "all":
        return "true"
    if group == "rest":
        return "NOT (user_noisy OR item_noisy OR user_genuine OR item_genuine)"
    return group


def _share(mask: pd.Series) -> float:
    return float(mask.mean()) if len(mask) else float("nan")
