"""What the events amount to: labels of one person, of all people, and where people differ."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import pandas as pd

from app.services.labels.schema import CONFLICT, UNSURE

LATEST: Final = """latest AS (
    SELECT who, user_id, item_id, max(seq) AS seq, arg_max(coalesce(new, ''), seq) AS label,
           arg_max(observed, seq) AS observed, arg_max(note, seq) AS note,
           arg_max(origin, seq) AS origin, arg_max(run_id, seq) AS run_id,
           arg_max(epoch_us("at"), seq) AS us,
           bool_or(source = 'random') OR arg_max(origin, seq) = 'random' AS sampled
    FROM label_event WHERE dataset = $dataset GROUP BY who, user_id, item_id
)"""
"""Last word of each person about each pair; an empty label is a cleared one. (arg_max would leave
null out, and so find the label before.)"""
AT: Final = 'make_timestamp(us) AS "at"'
_COUNTS: Final = f"label NOT IN ('', '{UNSURE}')"
TOGETHER: Final = f"""settled AS (
    SELECT user_id, item_id, arg_max(label, seq) AS last_settled, max(seq) AS settled_at
    FROM latest WHERE origin = 'resolve' AND {_COUNTS} GROUP BY user_id, item_id
),
together AS (
    SELECT user_id, item_id, arg_max(observed, seq) AS observed,
           min(label) FILTER ({_COUNTS}) AS low, max(label) FILTER ({_COUNTS}) AS high,
           count(*) FILTER ({_COUNTS}) AS n_counting,
           count(*) FILTER (label = '{UNSURE}') AS n_unsure,
           any_value(last_settled) AS last_settled,
           coalesce(bool_and(label = last_settled OR seq <= settled_at) FILTER ({_COUNTS}), false)
               AS holds,
           bool_or(sampled) AS sampled
    FROM latest LEFT JOIN settled USING (user_id, item_id) GROUP BY user_id, item_id
),
effective AS (
    SELECT user_id, item_id, observed,
           CASE WHEN low = high THEN low
                WHEN low <> high THEN CASE WHEN holds THEN last_settled ELSE '{CONFLICT}' END
                WHEN n_unsure > 0 THEN '{UNSURE}' END AS label,
           CASE WHEN n_counting > 0 THEN n_counting ELSE n_unsure END::INTEGER AS n_people,
           coalesce(holds AND last_settled IS NOT NULL, false) AS resolved, sampled
    FROM together WHERE n_counting + n_unsure > 0
)"""
"""Table ``effective`` out of a table ``latest``.

The last resolution holds until somebody gives another label after it: who agrees later, is unsure
or takes a label back opens nothing again. A pair is settled also where nobody differs any more,
because one who differed settled it as the other says.
"""
EFFECTIVE: Final = f"{LATEST}, {TOGETHER}"
"""Tables ``latest`` and ``effective``, with the value ``$dataset``."""
TOLD: Final = "SELECT * EXCLUDE (sampled) FROM effective"
"""What others may read of ``effective``."""


def version(cursor: duckdb.DuckDBPyConnection, dataset: str) -> int:
    """Number of the last event of a dataset, 0 without any: a key for keeping answers."""
    found = cursor.execute(
        "SELECT coalesce(max(seq), 0) FROM label_event WHERE dataset = $dataset",
        {"dataset": dataset},
    ).fetchall()
    return int(found[0][0])


def own(cursor: duckdb.DuckDBPyConnection, dataset: str, who: str) -> pd.DataFrame:
    """Labels of one person, ``unsure`` included, the latest first.

    Returns:
        Columns ``user_id, item_id, observed, label, note, at`` (UTC), ``source`` (of the label
        that stands, so seldom ``undo`` or ``redo``) and ``sampled``: whether the person met the
        pair in the order ``random``.
    """
    return ask(
        cursor,
        f"""
        WITH {LATEST.replace("GROUP BY", "AND who = $who GROUP BY")}
        SELECT user_id, item_id, observed, label, note, {AT}, origin AS source, sampled
        FROM latest WHERE label <> '' ORDER BY seq DESC
        """,
        {"dataset": dataset, "who": who.strip()},
    )


def own_keys(
    cursor: duckdb.DuckDBPyConnection, dataset: str, who: str, everybody: bool = False
) -> pd.DataFrame:
    """Pairs that a queue leaves out, without their labels: quick for hundreds of thousands.

    Args:
        cursor: Of the workspace database.
        dataset: Name of the dataset.
        who: Whose pairs.
        everybody: Also the pairs that others labelled.

    Returns:
        Columns ``user_id, item_id, sampled`` (as of :func:`own`; true of pairs of others), held as
        Arrow texts, which no table of Python objects has to be made for.
    """
    found = cursor.sql(
        """
        SELECT user_id, item_id, bool_or(sampled) AS sampled FROM (
            SELECT user_id, item_id, bool_or(source = 'random' OR who <> $who)
                   OR arg_max(origin, seq) = 'random' AS sampled
            FROM label_event WHERE dataset = $dataset AND (who = $who OR $everybody)
            GROUP BY who, user_id, item_id HAVING arg_max(coalesce(new, ''), seq) <> ''
        ) GROUP BY user_id, item_id
        """,
        params={"dataset": dataset, "who": who.strip(), "everybody": everybody},
    )
    return _arrow(found)


def about(cursor: duckdb.DuckDBPyConnection, dataset: str, pairs: pd.DataFrame) -> pd.DataFrame:
    """What everybody says of some pairs, unsure included; quick, however many labels there are.

    Args:
        cursor: Of the workspace database.
        dataset: Name of the dataset.
        pairs: Columns ``user_id, item_id``.

    Returns:
        Columns ``who, user_id, item_id, label, note, sampled``, sorted by them.
    """
    if pairs.empty:
        return pd.DataFrame(columns=["who", "user_id", "item_id", "label", "note", "sampled"])
    wanted = "(user_id, item_id) IN (SELECT unnest($users), unnest($items))"
    return ask(
        cursor,
        f"""
        WITH {LATEST.replace("GROUP BY", f"AND {wanted} GROUP BY")}
        SELECT who, user_id, item_id, label, note, sampled FROM latest WHERE label <> ''
        ORDER BY ALL
        """,
        {"dataset": dataset, "users": pairs["user_id"].astype(str).tolist()}
        | {"items": pairs["item_id"].astype(str).tolist()},
    )


def recent(
    cursor: duckdb.DuckDBPyConnection, dataset: str, who: str, n_events: int
) -> pd.DataFrame:
    """Pairs of the last events of a person, the latest first: columns ``user_id, item_id``."""
    found = ask(
        cursor,
        """
        SELECT user_id, item_id FROM label_event WHERE dataset = $dataset AND who = $who
        ORDER BY seq DESC LIMIT $n
        """,
        {"dataset": dataset, "who": who.strip(), "n": n_events},
    )
    return found.drop_duplicates(ignore_index=True)


def effective(cursor: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    """The label of each pair that all people together give.

    People who are unsure do not count, unless all are. Where the others differ it is ``conflict``,
    unless someone resolved it, and nobody gave a label other than that since.

    Returns:
        Columns ``user_id, item_id, observed, label, n_people`` (whose labels count), ``resolved``
        (people differed, and one of them or another settled it); sorted by ids, held as Arrow
        texts: of half a million labels, making objects of Python took most of the time.
    """
    sql = f"WITH {EFFECTIVE} {TOLD} ORDER BY user_id, item_id"
    return _arrow(cursor.sql(sql, params={"dataset": dataset}))


def disagreements(cursor: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    """Pairs that people label differently, or did until it was settled; by pair and person.

    Returns:
        Columns ``user_id, item_id, observed, who, label, note, at, source, run_id, resolved``,
        unsure people included; unresolved pairs first, then the latest.
    """
    return ask(
        cursor,
        f"""
        WITH {EFFECTIVE}
        SELECT user_id, item_id, effective.observed, who, latest.label, note, {AT},
               origin AS source, run_id, resolved
        FROM effective JOIN latest USING (user_id, item_id)
        WHERE (effective.label = '{CONFLICT}' OR resolved) AND latest.label <> ''
        ORDER BY resolved, max(seq) OVER (PARTITION BY user_id, item_id) DESC, user_id, item_id,
                 who
        """,
        {"dataset": dataset},
    )


def history(
    cursor: duckdb.DuckDBPyConnection, dataset: str, user_id: str, item_id: str
) -> pd.DataFrame:
    """Everything that was ever decided about a pair, the latest first.

    Returns:
        Columns ``seq, at, who, actor, old, new, note, source, batch, undo_of, run_id, p_noisy,
        verdict``; ``actor`` is who did it, another than ``who`` only in imports.
    """
    return ask(
        cursor,
        """
        SELECT seq, make_timestamp(epoch_us("at")) AS "at", who, actor, old, new, note, source,
               batch, undo_of, run_id, p_noisy, verdict
        FROM label_event
        WHERE dataset = $dataset AND user_id = $user_id AND item_id = $item_id ORDER BY seq DESC
        """,
        {"dataset": dataset, "user_id": user_id, "item_id": item_id},
    )


def people(cursor: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    """Who has labels: columns ``who, n`` (unsure ones among them), ``n_unsure, last``."""
    return ask(
        cursor,
        f"""
        WITH {LATEST},
        counted AS (
            SELECT who, count(*) AS n, count(*) FILTER (label = '{UNSURE}') AS n_unsure,
                   max(us) AS us
            FROM latest WHERE label <> '' GROUP BY who
        )
        SELECT who, n, n_unsure, make_timestamp(us) AS last FROM counted ORDER BY n DESC, who
        """,
        {"dataset": dataset},
    )


def awaiting(cursor: duckdb.DuckDBPyConnection, dataset: str, who: str) -> pd.DataFrame:
    """Pairs that exactly one other person labelled and this one did not: for a second opinion.

    Their label is not told, so that the second opinion is the person's own.

    Returns:
        Columns ``user_id, item_id, observed``, in an order that does not follow the labels.
    """
    return ask(
        cursor,
        f"""
        WITH {LATEST}
        SELECT user_id, item_id, any_value(observed) AS observed
        FROM latest WHERE label <> '' GROUP BY user_id, item_id
        HAVING count(*) = 1 AND bool_and(who <> $who AND {_COUNTS})
        ORDER BY md5(user_id || '/' || item_id), user_id, item_id
        """,
        {"dataset": dataset, "who": who.strip()},
    )


def _arrow(found: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """An answer without an object of Python per cell."""
    table: pd.DataFrame = found.to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype)
    return table


def ask(cursor: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> pd.DataFrame:
    """Answer a question to the labels; times (``at``, ``last``) are in UTC."""
    found = cursor.execute(sql, values).df()
    for name in {"at", "last"}.intersection(found.columns):
        found[name] = found[name].dt.tz_localize("UTC")
    return found
