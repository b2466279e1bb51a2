"""What to label next: orders over the interactions of a run, over pairs not labelled yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from app.services import flagged, query
from app.services.flagged import Filters
from app.services.labels import current
from app.services.labels.queue_order import rows_in_order
from app.services.labels.schema import OF_A_PART
from app.services.store import Run

ALL: Final = Filters()
_NO_PAIRS: Final = pd.DataFrame({"user_id": [], "item_id": []}, dtype="str")


@dataclass(frozen=True)
class Order:
    """One order of the queue."""

    help: str


ORDERS: Final[Mapping[str, Order]] = {
    "noisy": Order("Highest P(noisy) first: checks what would be dropped from the graph."),
    "uncertain": Order(
        "Nearest to the threshold, in log-odds: labels here teach the calibration most.",
    ),
    "disagreement": Order(
        "Where the training history and the texts say the most different things, by rank.",
    ),
    "influence": Order(
        "Uncertain edges of users and items with few others: P(1-P) (1/sqrt(deg user) + 1/sqrt(deg "
        "item)).",
    ),
    "random": Order(
        "The same random order for everybody. Only labels from it estimate precision and noise "
        "rate without bias.",
    ),
    "additions": Order(
        "Pairs that were never observed and that the judge calls hidden likes or hard negatives. "
        "Pairs that validation or test hold are left out: no run may learn from them.",
    ),
}


_COLUMNS: Final = """
    "user", item, user_id, item_id, title, p_noisy, verdict, loss, semantic, user_grade,
    item_grade, user_reason, item_reason, explanation
"""
_ADDITIONS: Final = """
    SELECT NULL::BIGINT AS "row", "user", item, user_id, item_id, title,
           'nan'::FLOAT AS p_noisy, by_grades AS verdict, 'nan'::FLOAT AS loss,
           'nan'::FLOAT AS semantic, user_grade, item_grade, user_reason, item_reason,
           '' AS explanation, false AS observed
    FROM judgements
"""
_ADDED: Final = """
    NOT observed AND NOT control AND by_grades IN ('hidden like', 'hard negative')
    AND (user_id, item_id) NOT IN (SELECT user_id, item_id FROM reserved)
    AND ($user_id = '' OR user_id = $user_id) AND ($item_id = '' OR item_id = $item_id)
    AND ($text = '' OR contains(lower(title), lower($text))
         OR contains(lower(user_id), lower($text)) OR contains(lower(item_id), lower($text)))
"""


def next_items(
    run: Run,
    order: str,
    labelled: pd.DataFrame,
    filters: Filters = ALL,
    skip: Collection[tuple[str, str]] = (),
    n: int = 50,
) -> pd.DataFrame:
    """The next pairs to label.

    Args:
        run: Whose interactions.
        order: A key of :data:`ORDERS`; another one is taken for the first.
        labelled: Pairs to leave out, columns ``user_id, item_id``:
            :func:`app.services.labels.current.own_keys`. With its column ``sampled``, the order
            ``random`` over the whole run asks again about pairs that were labelled in other orders
            only, because a sample without them would not be one.
        filters: As of the review list, ``list_path`` included; of ``additions`` only ``user_id``,
            ``item_id`` and ``text`` count.
        skip: More pairs ``(user_id, item_id)`` to leave out: put off, or on screen already.
        n: How many at most.

    Returns:
        Columns ``row`` (Int64, NA for additions), ``user, item, user_id, item_id, title, observed,
        p_noisy, verdict`` (of additions: ``hidden like`` or ``hard negative``), ``loss, semantic,
        user_grade, item_grade, user_reason, item_reason, explanation``, in the order.

    Raises:
        core.errors.DataError: If a table of the run is missing or damaged.
    """
    left_out = _left_out(source(order, filters), labelled, skip)
    if order == "additions":
        return _additions(run, left_out, filters, n)
    ranked = rows_in_order(run, order if order in ORDERS else "noisy")
    if filters != ALL:
        ranked = ranked[np.isin(ranked, flagged.rows(run, filters))]
    found: list[pd.DataFrame] = []
    n_found, start = 0, 0
    # What is left out is mostly at the front: the first look reaches beyond it, if it is short.
    size = n + min(len(left_out), 1000)
    while n_found < n and start < len(ranked):
        found.append(_details(run, ranked[start : start + size], left_out).head(n - n_found))
        n_found += len(found[-1])
        start, size = start + size, size * 4
    return pd.concat(found, ignore_index=True) if found else _details(run, ranked[:0], left_out)


def items(run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """The same columns for given pairs (``user_id, item_id``), in their order; unknown ones lack.

    For second opinions (:func:`app.services.labels.current.awaiting`) and disagreements.
    """
    wanted = pairs[["user_id", "item_id"]].drop_duplicates().reset_index(drop=True)
    wanted = wanted.assign(place=np.arange(len(wanted)))
    judged = f"UNION ALL BY NAME ({_ADDITIONS} WHERE NOT observed)"
    found = query.ask(
        run,
        f"""
        WITH known AS (
            SELECT "row", {_COLUMNS}, true AS observed FROM interactions
            SEMI JOIN wanted USING (user_id, item_id)
            {judged if query.has(run, "judgements") else ""}
        )
        SELECT known.* FROM known JOIN wanted USING (user_id, item_id) ORDER BY place
        """,
        tables={"wanted": wanted},
    )
    return _typed_rows(found)


def source(order: str, filters: Filters = ALL) -> str:
    """Source to record: the order, but ``random part`` for a random order over a part of the run.

    A sample of a part says nothing about the whole, yet each label in it was given to its pair: it
    may teach and measure.
    """
    name = order if order in ORDERS else "noisy"
    return OF_A_PART if name == "random" and filters != ALL else name


def second_opinions(
    run: Run,
    cursor: duckdb.DuckDBPyConnection,
    who: str,
    n: int = 50,
    skip: Collection[tuple[str, str]] = (),
) -> pd.DataFrame:
    """Pairs that one other person labelled and this one did not, as :func:`next_items`.

    Record them with the source ``second``.
    """
    waiting = current.awaiting(cursor, run.manifest.dataset, who)
    left = pd.MultiIndex.from_frame(waiting[["user_id", "item_id"]]).isin(list(skip))
    # Some may be of another run of the dataset: a few more than asked for.
    return items(run, waiting[~left].head(4 * n)).head(n)


def _left_out(
    asked_in: str, labelled: pd.DataFrame, skip: Collection[tuple[str, str]]
) -> pd.DataFrame:
    if asked_in == "random" and "sampled" in labelled:
        labelled = labelled[labelled["sampled"].astype(bool)]
    pairs = pd.DataFrame(list(skip), columns=["user_id", "item_id"], dtype="str")
    if len(labelled) == 0:
        return pairs
    # Of hundreds of thousands of labels none becomes an object of Python.
    given = labelled[["user_id", "item_id"]]
    return pd.concat([given, pairs.astype(given.dtypes.to_dict())], ignore_index=True)


def _details(run: Run, rows: np.ndarray, left_out: pd.DataFrame) -> pd.DataFrame:
    """What is known about some interactions that are not left out, in the order of ``rows``."""
    wanted = pd.DataFrame({"row": rows.astype(np.int64), "place": np.arange(len(rows))})
    # The numbers also as a value: with them the reader takes the texts of these rows alone.
    found = query.ask(
        run,
        f"""
        WITH near AS (
            SELECT "row", {_COLUMNS} FROM interactions WHERE "row" IN (SELECT unnest($rows))
        )
        SELECT near.*, true AS observed FROM near JOIN wanted USING ("row")
        ANTI JOIN left_out USING (user_id, item_id) ORDER BY place
        """,
        {"rows": rows.tolist()},
        {"left_out": left_out, "wanted": wanted},
    )
    return _typed_rows(found)


def _additions(run: Run, left_out: pd.DataFrame, filters: Filters, n: int) -> pd.DataFrame:
    """Hidden likes and hard negatives in turns, those with the clearest grades first."""
    if not query.has(run, "judgements"):
        return _details(run, np.zeros(0, np.int64), left_out)
    found = query.ask(
        run,
        f"""
        WITH fit AS (
            SELECT "user", item, row_number() OVER (
                PARTITION BY by_grades
                ORDER BY (CASE by_grades WHEN 'hidden like' THEN -1 ELSE 1 END)
                         * coalesce(nullif(user_support + item_support, 'nan'::FLOAT), 0),
                         "user", item
            ) AS place
            FROM judgements ANTI JOIN left_out USING (user_id, item_id) WHERE {_ADDED}
            QUALIFY place <= $n
        )
        SELECT given.* FROM ({_ADDITIONS}
            WHERE ("user", item) IN (SELECT "user", item FROM fit)) AS given
        JOIN fit USING ("user", item) ORDER BY place, verdict DESC LIMIT $n
        """,
        _typed(filters) | {"n": n},
        {"left_out": left_out, "reserved": _reserved(run)},
    )
    return _typed_rows(found)


def _reserved(run: Run) -> pd.DataFrame:
    """Pairs of valid and test: a run may not learn from labels of them, so nobody is asked.

    Empty where the dataset is gone, or another one by now.
    """
    found = [_NO_PAIRS]
    for path in query.reserved(run).values():
        sql = "SELECT user_id, item_id FROM held_out"
        found.append(query.ask(run, sql, tables={"held_out": path}))
    return pd.concat(found, ignore_index=True)


def _typed(filters: Filters) -> dict[str, Any]:
    return {"user_id": filters.user_id, "item_id": filters.item_id, "text": filters.text}


def _typed_rows(found: pd.DataFrame) -> pd.DataFrame:
    first = ["row", "user", "item", "user_id", "item_id", "title", "observed"]
    rest = [name for name in found if name not in first]
    return found[first + rest].astype({"row": "Int64", "observed": bool})
