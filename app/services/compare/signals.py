"""Signals of one run as arrays, for trying other rules on them.

Shape letters: E train interactions, P judged pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.services import query
from app.services.compare.pair import column, columns, table
from app.services.compare.used_labels import used_labels
from app.services.decided import by_person, told
from app.services.store import Run
from core.types import VERDICTS, BoolArray, FloatArray, GradeArray, Interactions, Judgements, Labels

PARTS: Final = ("language", "behaviour", "grades")
EASY_SHARE: Final = 0.2
"""Where no hard ones were planted: this share of the genuine ones, with the lowest score."""
_NOBODY, _NEVER, _NONE = np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int8)
NOT_JUDGED: Final = Judgements(_NOBODY, _NOBODY, _NEVER, _NEVER, _NONE, _NONE, (), (), "")
"""Stands for the judgements that a run did not keep."""


@dataclass(frozen=True)
class Signals:
    """What is known about the E train interactions, all ``(E,)``."""

    train: Interactions
    p_noisy: FloatArray
    parts: Mapping[str, npt.NDArray[np.float32]]
    """Log-odds by part; empty where the run did not keep them."""
    verdict: GradeArray
    user_grade: GradeArray
    item_grade: GradeArray
    low: BoolArray
    """All False where the run did not keep it."""
    has_low: bool
    person: BoolArray
    """Decided by a person, whatever the signals say."""
    told: BoolArray
    """Decided by a person, or p_noisy was fitted to what a person said: measures nothing."""
    noise: BoolArray
    """Planted noise; all False where nothing was planted."""
    hard: BoolArray
    """Hard genuine ones, as in detection.json."""
    label: GradeArray
    """Labels kept for measuring, index into ``VERDICTS``; -1 = none."""
    judgements: Judgements | None
    labels: Labels | None
    """What people decided, of other pairs as well."""
    noise_rate: float
    """Share of noise that the level of p_noisy was fitted to."""

    @property
    def has_parts(self) -> bool:
        """Whether the parts of the log-odds are known."""
        return bool(self.parts)


def load(run: Run) -> Signals:
    """Read the signals of a run; the last ones are kept in memory.

    Raises:
        DataError: If a table is missing or damaged.
    """
    path = table(run, "interactions")
    return _load(_Known(run), str(path), path.stat().st_mtime_ns if path.is_file() else 0)


class _Known:
    """A run as an argument that a cache leaves out of its key."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=2)
def _load(known: _Known, path: str, changed: int) -> Signals:
    del path, changed  # the key: one file in one state
    run = known.run
    found = query.ask_columns(run, _sql(run), {"verdicts": list(VERDICTS)})
    n_users, n_items = run.manifest.n_users, run.manifest.n_items
    noise = found["noise"].astype(bool)
    planted = found["hard"].astype(bool)
    parts = {name: found[name] for name in PARTS} if has_parts(run) else {}
    p = found["p_noisy"].astype(np.float32)
    rate = run.manifest.noise_rate
    user, item = found["user"].astype(np.int64), found["item"].astype(np.int64)
    train = Interactions(user, item, n_users, n_items)
    verdict, person = found["verdict"].astype(np.int8), found["person"].astype(bool)
    return Signals(
        train,
        p,
        parts,
        verdict,
        found["user_grade"].astype(np.int8),
        found["item_grade"].astype(np.int8),
        found["low"].astype(bool),
        "low_scored" in columns(run, "interactions"),
        person,
        found["told"].astype(bool),
        noise,
        planted if planted.any() else lowest(found["score"], ~noise),
        found["label"].astype(np.int8),
        _judgements(run),
        used_labels(run, train, verdict, person),
        float(p.mean()) if rate is None else rate,
    )


def has_parts(run: Run) -> bool:
    """Whether a run kept the parts of the log-odds of p_noisy."""
    return {f"from_{name}" for name in PARTS} <= columns(run, "interactions")


def _sql(run: Run) -> str:
    parts = ", ".join(
        f"coalesce({column(run, f'from_{name}', 'i', 'NULL')}, 0)::FLOAT AS {name}"
        for name in PARTS
    )
    held = column(run, "held_out", "i", "false")
    label = column(run, "label", "i", "NULL")
    return f"""
        SELECT i."user", i.item, i.p_noisy::FLOAT AS p_noisy, {parts},
               (list_position($verdicts, i.verdict) - 1)::TINYINT AS verdict,
               i.user_grade::TINYINT AS user_grade, i.item_grade::TINYINT AS item_grade,
               {column(run, "low_scored", "i", "false")} AS low, i.score::DOUBLE AS score,
               {by_person(run, "i")} AS person, {told(run, "i")} AS told,
               coalesce(kinds.noise, false) AS noise, coalesce(kinds.hard, false) AS hard,
               CASE WHEN {held} THEN coalesce(list_position($verdicts, {label}), 0) - 1
                    ELSE -1 END::TINYINT AS label
        FROM interactions i LEFT JOIN kinds USING ("row") ORDER BY i."row"
    """


def lowest(score: np.ndarray, genuine: BoolArray) -> BoolArray:
    """The genuine fifth with the lowest score, as detection.json has it, ``(E,)``."""
    rows = np.flatnonzero(genuine & ~np.isnan(score))
    chosen = np.zeros(len(score), bool)
    if len(rows):
        n_chosen = max(1, round(EASY_SHARE * len(rows)))
        chosen[rows[np.argsort(score[rows], kind="stable")[:n_chosen]]] = True
    return chosen


def _judgements(run: Run) -> Judgements | None:
    """What the judge said of P pairs, without reasons; None where the run did not keep it."""
    wanted = ("user", "item", "observed", "control", "user_grade", "item_grade")
    if not set(wanted) <= columns(run, "judgements"):
        return None
    found = query.ask_columns(
        run,
        'SELECT "user", item, observed, control, user_grade::TINYINT AS user_grade, '
        "item_grade::TINYINT AS item_grade FROM judgements",
    )
    return Judgements(
        found["user"].astype(np.int64),
        found["item"].astype(np.int64),
        found["observed"].astype(bool),
        found["control"].astype(bool),
        found["user_grade"].astype(np.int8),
        found["item_grade"].astype(np.int8),
        (),
        (),
        run.manifest.judge,
    )
