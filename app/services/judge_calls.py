"""Calls to a language model, page by page, and one of them with everything it said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import judge_subject
from app.services.judge_subject import Subject
from core.judge.llm.store import KEY, CallStore

CALLS, TARGETS, JUDGEMENTS = "judge_calls", "judge_targets", "judgements"
KEPT: Final = "judge"
"""Folder of the answers within the cache, as :data:`core.judge.create.CALLS`; that module loads
SciPy, which no page needs."""
OUTCOMES: Final = ("parsed", "repaired", "refused", "unparsed", "failed")
VIEWS: Final = ("user", "item")
PAGE: Final = 50
MOST_LETTERS: Final = 20_000
"""Of a reply, or of a question, that is shown."""
COLUMNS: Final = (
    *("user_id", "view", "outcome", "n_targets", "n_uncited", "n_cannot_tell", "seconds"),
    *("n_requests", "prompt_tokens", "output_tokens", "cached_tokens", "from_cache", "model"),
    *("prompt", "mode", "error", "key"),
)


@dataclass(frozen=True)
class CallFilter:
    """Which calls; empty parts leave nothing out."""

    outcomes: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    user: str = ""
    """Part of the id of the user, letter by letter."""


def count(subject: Subject, wanted: CallFilter) -> int:
    """How many calls there are."""
    where, values = _where(wanted)
    found = judge_subject.ask(subject, f"SELECT count(*) AS n FROM {CALLS} WHERE {where}", values)
    return int(found["n"].iloc[0])


def page(subject: Subject, wanted: CallFilter, number: int, size: int = PAGE) -> pd.DataFrame:
    """One page of the calls, those that went wrong first; columns :data:`COLUMNS`.

    Args:
        subject: Whose calls.
        wanted: Which of them.
        number: From 1.
        size: Calls on a page.
    """
    where, values = _where(wanted)
    order = ", ".join(f"'{name}'" for name in reversed(OUTCOMES))
    return judge_subject.ask(
        subject,
        f"""
        SELECT {", ".join(COLUMNS)} FROM {CALLS} WHERE {where}
        ORDER BY list_position([{order}], outcome) NULLS FIRST, user_id, view, key
        LIMIT $size OFFSET $begin
        """,
        {**values, "size": size, "begin": (number - 1) * size},
    )


def export(subject: Subject, wanted: CallFilter, target: Path) -> None:
    """Write the calls with their replies to a CSV or Parquet file, by its suffix."""
    where, values = _where(wanted)
    sql = f"SELECT {', '.join(COLUMNS)}, reply FROM {CALLS} WHERE {where} ORDER BY user_id, view"
    judge_subject.write(subject, sql, target, values)


def targets(subject: Subject, key: str) -> pd.DataFrame:
    """Pairs that a call asked about, in its order.

    Returns:
        Columns ``position`` (from 1), ``item_id``, ``title`` (None where not known), ``grade``
        (None where it was not answered), ``reason``, ``cited``, ``cannot_tell``.
    """
    known = judge_subject.has(subject, JUDGEMENTS)
    columns = judge_subject.ask(subject, f"SELECT * FROM {JUDGEMENTS} LIMIT 0") if known else ()
    title = "any_value(title)" if "title" in columns else "NULL::VARCHAR"
    pairs = (
        f"SELECT user_id, item_id, {title} AS title, any_value(user_reason) AS user_reason, "
        f"any_value(item_reason) AS item_reason FROM {JUDGEMENTS} GROUP BY user_id, item_id"
        if known
        else "SELECT '' AS user_id, '' AS item_id, '' AS title, '' AS user_reason, "
        "'' AS item_reason WHERE false"
    )
    return judge_subject.ask(
        subject,
        f"""
        WITH pairs AS ({pairs})
        SELECT position + 1 AS position, item_id, title,
               CASE grade WHEN 0 THEN 'Low' WHEN 1 THEN 'Mid' WHEN 2 THEN 'High' END AS grade,
               CASE WHEN grade < 0 THEN NULL WHEN view = 'user' THEN user_reason
                    ELSE item_reason END AS reason,
               cited, cannot_tell
        FROM {TARGETS} LEFT JOIN pairs USING (user_id, item_id)
        WHERE call = $key ORDER BY position
        """,
        {"key": key},
    )


def reply(subject: Subject, key: str) -> str:
    """What the model said, as it said it, no more than :data:`MOST_LETTERS` of it."""
    found = judge_subject.ask(
        subject,
        f"SELECT substr(reply, 1, $most) AS reply FROM {CALLS} WHERE key = $key LIMIT 1",
        {"key": key, "most": MOST_LETTERS},
    )
    return str(found["reply"].iloc[0] or "") if len(found) else ""


def question(workspace: Path, key: str) -> list[tuple[str, str]]:
    """Role and text of each message that was sent, from the answers that are kept.

    Empty where the answer is not kept any more; each text no more than :data:`MOST_LETTERS`.
    """
    folder = workspace / "cache" / KEPT
    if not KEY.fullmatch(key) or not folder.is_dir():
        return []
    stored = CallStore(folder).get(key)
    messages: Any = stored.messages if stored else ()
    return [(str(one["role"]), str(one["content"])[:MOST_LETTERS]) for one in messages]


def _where(wanted: CallFilter) -> tuple[str, dict[str, Any]]:
    parts, values = ["true"], dict[str, Any]()
    if wanted.outcomes:
        parts.append("list_contains($outcomes, outcome)")
        values["outcomes"] = list(wanted.outcomes)
    if wanted.views:
        parts.append("list_contains($views, view)")
        values["views"] = list(wanted.views)
    if wanted.user:
        parts.append("contains(user_id, $user)")
        values["user"] = wanted.user
    return " AND ".join(parts), values
