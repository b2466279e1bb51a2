"""Interactions whose verdict differs between two runs, and what moved each of them.

The log-odds of p_noisy are the sum of four parts: what texts, behaviour and grades moved, and the
level that makes the mean of p_noisy the estimated noise rate. What changed most between the runs is
the first of :data:`WHY` that holds; the last ones are told by the part that moved most.

A baseline has no parts, its p_noisy is a rank: where methods differ, that is all there is to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import query
from app.services.compare.pair import THEIRS, column, columns, on_rows, other, table
from app.services.decided import by_person
from app.services.method_of import is_baseline, method_of
from app.services.store import Run

WHY: Final = {
    "label": "a person's label decided",
    "unlabelled": "a label that decided it in the reference is not used any more",
    "method": "another method gives the verdicts",
    "rule": "another rule gives the verdicts",
    "grades changed": "the judge graded it otherwise",
    "fit": "low-scored for its user in one run only",
    "threshold": "P(noisy) stayed on its side: the threshold moved",
    "labels": "labels corrected the estimate",
    "uncorrected": "labels corrected the estimate of the reference alone",
    "rank": "its rank by the same method moved",
    "language": "texts moved it most",
    "behaviour": "behaviour moved it most",
    "grades": "grades moved it most",
    "level": "the level of all moved it most",
    "other": "not known: a run lacks the parts",
}
"""Code -> in plain words."""
ORDERS: Final = {
    "Largest change of P(noisy)": "abs(p_b - p_a) DESC NULLS LAST",
    "P(noisy) after, high first": "p_b DESC NULLS LAST",
    "P(noisy) before, high first": "p_a DESC NULLS LAST",
    "User": "user_id",
}
PARTS: Final = ("language", "behaviour", "grades")


@dataclass(frozen=True)
class Flips:
    """Which interactions are meant; an empty part leaves nothing out."""

    before: str = ""
    """Verdict in the reference, A."""
    after: str = ""
    why: str = ""
    """Code of :data:`WHY`."""
    text: str = ""
    """Part of a user id, item id or title."""


def flows(run: Run, other_id: str) -> pd.DataFrame:
    """Interactions of both runs by both verdicts: columns ``before``, ``after``, ``n``."""
    theirs = other(run, other_id)
    return query.ask(
        run,
        f"""
        SELECT a.verdict AS before, b.verdict AS after, count(*) AS n
        FROM interactions a JOIN {THEIRS} b ON {on_rows(run, theirs)}
        GROUP BY ALL ORDER BY before, after
        """,
        tables={THEIRS: table(theirs, "interactions")},
    )


def reasons(run: Run, other_id: str) -> pd.DataFrame:
    """Why verdicts differ: columns ``before``, ``after``, ``why`` (code), ``n``."""
    return _ask(
        run,
        other_id,
        "SELECT before, after, why, count(*) AS n FROM told GROUP BY ALL ORDER BY n DESC, 1, 2, 3",
        {},
    )


def count(run: Run, other_id: str, which: Flips) -> int:
    """Number of the interactions that are meant."""
    sql = f"SELECT count(*) AS n FROM told WHERE {_condition(which)}"
    return int(_ask(run, other_id, sql, _values(which))["n"].iloc[0])


def page(
    run: Run, other_id: str, which: Flips, order: str, limit: int, offset: int
) -> pd.DataFrame:
    """A page of interactions whose verdict differs.

    Returns:
        Columns ``row_a``, ``row_b`` (numbers in either run), ``user_id``, ``item_id``, ``title``,
        ``before``, ``after``, ``p_a``, ``p_b``, ``why`` (code), ``language_a``, ``language_b`` and
        likewise ``behaviour``, ``grades`` and ``level`` (log-odds; null where not known),
        ``decided_by``, ``label`` (both of the other run; empty where it knows of none).
    """
    values = {**_values(which), "limit": limit, "offset": offset}
    return _ask(run, other_id, f"{_ordered(which, order)} LIMIT $limit OFFSET $offset", values)


def export(run: Run, other_id: str, which: Flips, order: str, target: Path) -> None:
    """Write all that are meant to a file, in the columns of :func:`page`."""
    theirs = other(run, other_id)
    sql = f"{_told(run, theirs)} {_ordered(which, order)}"
    values = {**_values(which), **_marks(run, theirs, sql)}
    query.write(run, sql, target, values, {THEIRS: table(theirs, "interactions")})


def rows(run: Run, other_id: str, which: Flips, side: str) -> list[int]:
    """Numbers (``row``) of all that are meant, in the reference (``a``) or the other (``b``)."""
    if side not in ("a", "b"):
        raise ValueError(f"unknown side {side!r}")
    sql = f"SELECT row_{side} AS one FROM told WHERE {_condition(which)} ORDER BY 1"
    return [int(row) for row in _ask(run, other_id, sql, _values(which))["one"]]


def _ask(run: Run, other_id: str, sql: str, values: dict[str, Any]) -> pd.DataFrame:
    theirs = other(run, other_id)
    whole = f"{_told(run, theirs)} {sql}"
    return query.ask(
        run,
        whole,
        values | _marks(run, theirs, whole),
        {THEIRS: table(theirs, "interactions")},
    )


def _told(run: Run, theirs: Run) -> str:
    """Table ``told``: interactions whose verdict differs, with what moved them."""
    parts = ", ".join(
        f"{_part(one, name, of)}::DOUBLE AS {name}_{of}"
        for of, one in (("a", run), ("b", theirs))
        for name in PARTS
    )
    return f"""
        WITH flipped AS (
            SELECT a."row" AS row_a, b."row" AS row_b, a.user_id, a.item_id, a.title,
                   a.verdict AS before, b.verdict AS after,
                   a.p_noisy::DOUBLE AS p_a, b.p_noisy::DOUBLE AS p_b, {parts},
                   {by_person(run, "a")} AS person_a, {by_person(theirs, "b")} AS person_b,
                   a.user_grade <> b.user_grade OR a.item_grade <> b.item_grade AS graded,
                   {column(run, "low_scored", "a", "NULL")} IS DISTINCT FROM
                   {column(theirs, "low_scored", "b", "NULL")} AS fit,
                   {column(run, "p_noisy_model", "a", "NULL")}::DOUBLE AS p_model_a,
                   {column(theirs, "p_noisy_model", "b", "NULL")}::DOUBLE AS p_model_b,
                   {column(theirs, "decided_by", "b", "''")} AS decided_by,
                   {column(theirs, "label", "b", "''")} AS label
            FROM interactions a JOIN {THEIRS} b ON {on_rows(run, theirs)}
            WHERE a.verdict <> b.verdict
        ),
        levelled AS (
            SELECT *, {_level("a")} AS level_a, {_level("b")} AS level_b FROM flipped
        ),
        moved AS (
            SELECT *, abs(language_b - language_a) AS by_language,
                   abs(behaviour_b - behaviour_a) AS by_behaviour,
                   abs(grades_b - grades_a) AS by_grades, abs(level_b - level_a) AS by_level
            FROM levelled
        ),
        told AS (SELECT *, {_WHY} AS why FROM moved)
    """


_WHY: Final = """CASE
    WHEN person_b THEN 'label'
    WHEN person_a THEN 'unlabelled'
    WHEN $other_method THEN 'method'
    WHEN $rule_a <> $rule_b THEN 'rule'
    WHEN ('noisy' NOT IN (before, after) OR $rule_a = 'grades') AND graded THEN 'grades changed'
    WHEN ('noisy' NOT IN (before, after) OR $rule_a = 'grades') AND fit THEN 'fit'
    WHEN 'noisy' NOT IN (before, after) OR $rule_a = 'grades' THEN 'other'
    WHEN (p_b >= $threshold_a) = (before = 'noisy') THEN 'threshold'
    WHEN $corrected_b AND (p_model_b >= $threshold_b) = (before = 'noisy') THEN 'labels'
    WHEN $corrected_a AND NOT $corrected_b
         AND (p_model_a >= $threshold_a) = (after = 'noisy') THEN 'uncorrected'
    WHEN $ranked THEN 'rank'
    WHEN greatest(by_language, by_behaviour, by_grades, by_level) IS NULL
         OR by_language IS NULL THEN 'other'
    WHEN by_language >= greatest(by_behaviour, by_grades, by_level) THEN 'language'
    WHEN by_behaviour >= greatest(by_grades, by_level) THEN 'behaviour'
    WHEN by_grades >= by_level THEN 'grades'
    ELSE 'level' END"""


def _part(run: Run, name: str, of: str) -> str:
    """SQL of a part of the log-odds; a baseline has none, its columns hold zeros."""
    missing = is_baseline(run.manifest)
    return "NULL" if missing else column(run, f"from_{name}", of, "NULL")


def _level(of: str) -> str:
    """The part of the log-odds that is the same for all interactions of a run."""
    p = f"least(greatest(p_{of}, 1e-7), 1 - 1e-7)"
    return f"ln({p} / (1 - {p})) - language_{of} - behaviour_{of} - grades_{of}"


def _marks(run: Run, theirs: Run, sql: str) -> dict[str, Any]:
    """Values that the explanations need; DuckDB refuses values that a question does not name."""
    found: dict[str, Any] = {
        "rule_a": "grades" if run.manifest.by_grades else "posterior",
        "rule_b": "grades" if theirs.manifest.by_grades else "posterior",
        "threshold_a": run.manifest.threshold,
        "threshold_b": theirs.manifest.threshold,
        "corrected_a": _corrected(run),
        "corrected_b": _corrected(theirs),
        "other_method": method_of(run.manifest).name != method_of(theirs.manifest).name,
        "ranked": is_baseline(theirs.manifest),
    }
    return {name: value for name, value in found.items() if f"${name}" in sql}


def _corrected(run: Run) -> bool:
    """Whether labels corrected p_noisy, and the run says what it was before."""
    labels = run.manifest.labels or {}
    return bool(labels.get("calibrated")) and "p_noisy_model" in columns(run, "interactions")


def _condition(which: Flips) -> str:
    """Condition on ``told``; only what is asked for is a value of the question."""
    parts = [f"{name} = ${name}" for name in ("before", "after", "why") if getattr(which, name)]
    if which.text:
        names = ("user_id", "item_id", "title")
        words = " OR ".join(f"contains(lower(coalesce({n}, '')), lower($text))" for n in names)
        parts.append(f"({words})")
    return " AND ".join(parts) or "true"


def _values(which: Flips) -> dict[str, Any]:
    names = ("before", "after", "why", "text")
    return {name: getattr(which, name) for name in names if getattr(which, name)}


def _ordered(which: Flips, order: str) -> str:
    names = ", ".join(f"{part}_a, {part}_b" for part in (*PARTS, "level"))
    return f"""SELECT row_a, row_b, user_id, item_id, title, before, after, p_a, p_b, why, {names},
               decided_by, label
        FROM told WHERE {_condition(which)} ORDER BY {ORDERS[order]}, row_a"""
