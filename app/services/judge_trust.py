"""How far the judge of a run, or of judgements, can be trusted: what is known, and what is not.

The numbers are those of ``judge_quality.json`` and ``detection.json``; where a run was made before
there was such a file, the matrices are counted from its judgements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import detection, judge_subject
from app.services.judge_subject import Subject
from app.services.labels.schema import CONFLICT, UNSURE
from app.services.labels.snapshot import BULK
from app.services.store import Run
from core.judge.against_labels import against_labels
from core.judge.agreement import agreement
from core.judge.doubts import doubts as find_doubts
from core.types import LABELS, Judgements, Labels

GROUPS: Final = {
    "observed": "NOT control AND observed",
    "unobserved": "NOT control AND NOT observed",
    "control": "control",
}
"""Group of pairs -> condition on a row of ``judgements``."""
GRADE: Final = (
    "CASE {0}::VARCHAR WHEN 'Low' THEN 0 WHEN 'Mid' THEN 1 WHEN 'High' THEN 2 "
    "ELSE coalesce(TRY_CAST({0}::VARCHAR AS INTEGER), -1) END"
)
"""A grade as a number, from the number or the name; -1 where there is none."""


def views(subject: Subject) -> dict[str, dict[str, Any]]:
    """Agreement of both views by group: counts 3 x 3 with rows user-centric, and shares.

    Judgements that were imported do not say which pairs were observed; they are all ``all``.
    """
    known = judge_subject.quality(subject).get("views")
    if isinstance(known, dict):
        return known
    if not judge_subject.has(subject, "judgements"):
        return {}
    columns = judge_subject.ask(subject, "SELECT * FROM judgements LIMIT 0").columns
    groups = GROUPS if {"observed", "control"} <= set(columns) else {}
    found = {"all": _matrix(subject, "true")}
    return found | {name: _matrix(subject, where) for name, where in groups.items()}


def doubts(subject: Subject) -> list[str]:
    """Why not to go by these grades, for people; mostly nothing.

    Runs that were judged before doubts were kept have them too: they follow from the matrices.
    """
    return [str(one["text"]) for one in find_doubts(views(subject))]


def _matrix(subject: Subject, where: str) -> dict[str, Any]:
    cells = judge_subject.ask(
        subject,
        f"""
        SELECT {GRADE.format("user_grade")} AS user_grade,
               {GRADE.format("item_grade")} AS item_grade, count(*) AS n
        FROM judgements WHERE {where} GROUP BY ALL
        """,
    )
    times = cells["n"].to_numpy(np.int64)
    grades = (cells[name].to_numpy(np.int8).repeat(times) for name in ("user_grade", "item_grade"))
    return agreement(*grades)


def truth(run: Run) -> Mapping[str, Any]:
    """What planted noise says of the grades: ``judge`` and ``edges`` of ``detection.json``.

    Either is missing where nothing was planted, or the run did not measure it.
    """
    found = detection.measured(run)
    return {name: found[name] for name in ("judge", "edges") if isinstance(found.get(name), dict)}


def by_labels(subject: Subject, standing: pd.DataFrame) -> dict[str, Any]:
    """Share of genuine pairs by grade, as people say now.

    Args:
        subject: Whose judgements.
        standing: Labels of its dataset, see :func:`app.services.labels.snapshot.standing`.

    Returns:
        See :func:`core.judge.against_labels.against_labels`; and ``n``: labels that people agree
        on. Empty where there are none, or no judgements.
    """
    said = standing[~standing["label"].isin([CONFLICT, UNSURE])]
    said = said[said["label"].isin(LABELS)]
    if said.empty or not judge_subject.has(subject, "judgements"):
        return {}
    # Of a large dataset all pairs may be judged; only those that somebody labelled are fetched.
    labelled = said[["user_id", "item_id"]].astype(str)
    judged = judge_subject.ask(
        subject,
        f"""
        WITH judged AS (
            SELECT user_id::VARCHAR AS user_id, item_id::VARCHAR AS item_id,
                   {GRADE.format("user_grade")} AS user_grade,
                   {GRADE.format("item_grade")} AS item_grade
            FROM judgements
        )
        SELECT * FROM judged SEMI JOIN labelled USING (user_id, item_id)
        """,
        tables={"labelled": labelled},
    )
    users = _codes(judged["user_id"], said["user_id"])
    items = _codes(judged["item_id"], said["item_id"])
    n = len(judged)
    nothing = np.zeros(n, np.bool_)
    grades = [judged[name].to_numpy(np.int8) for name in ("user_grade", "item_grade")]
    none = ("",) * n
    judgements = Judgements(
        users[:n], items[:n], nothing, nothing, grades[0], grades[1], none, none, subject.judge
    )
    labels = Labels(
        users[n:],
        items[n:],
        np.array([LABELS.index(label) for label in said["label"]], np.int8),
        np.zeros(len(said), np.bool_),
        said["origin"].ne(BULK).to_numpy(np.bool_),
        said["sampled"].fillna(False).to_numpy(np.bool_),
    )
    return {"n": len(said), **against_labels(judgements, labels)}


def _codes(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Numbers of the ids of both, the same for the same id."""
    both = np.concatenate([first.to_numpy(object), second.astype(str).to_numpy(object)])
    return pd.factorize(both)[0].astype(np.int64)
