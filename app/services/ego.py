"""Users and items in the middle: finding them, and the edges around them in both graphs."""

from __future__ import annotations

from typing import Final, Literal

import pandas as pd

from app.services.graph_diff import DECISION, EDGE, TITLES, WEAKENED
from app.services.query import ask
from app.services.store import Run

Kind = Literal["user", "item"]

MATCHES: Final = 20
_TELLING: Final = """CASE decision WHEN 'added' THEN 0 WHEN 'dropped' THEN 1
    WHEN 'weakened' THEN 2 ELSE 3 END"""
"""Changes before what stayed."""


def search(run: Run, kind: Kind, text: str) -> pd.DataFrame:
    """Find users or items by a part of their id or title.

    Returns:
        At most ``MATCHES`` rows, whole matches first, then beginnings, then the most connected;
        columns as :func:`most_changed`.
    """
    return ask(
        run,
        f"""
        WITH {_changes(kind)},
        found AS (
            SELECT number, id, title,
                   CASE WHEN id = $text THEN 0 WHEN lower(title) = lower($text) THEN 1
                        WHEN starts_with(lower(id), lower($text)) THEN 2
                        WHEN starts_with(lower(title), lower($text)) THEN 3 ELSE 4 END AS fit
            FROM projection
            WHERE kind = $kind AND (contains(lower(id), lower($text))
                                    OR contains(lower(coalesce(title, '')), lower($text)))
        )
        SELECT id, title, {_COUNTS} FROM found LEFT JOIN change USING (number)
        ORDER BY fit, before DESC, id LIMIT {MATCHES}
        """,
        {"kind": kind, "text": text.strip()},
    )


def most_changed(run: Run, kind: Kind, limit: int) -> pd.DataFrame:
    """Users or items whose edges were changed most.

    Returns:
        Columns ``id``, ``title`` (of an item), ``before`` (edges in the original graph),
        ``weakened``, ``dropped``, ``added`` (edges), ``moved``: sum over the edges of how far the
        weight moved, where an edge that is not there weighs 0. Most moved first.
    """
    return ask(
        run,
        f"""
        WITH {_changes(kind)},
        top AS (SELECT * FROM change ORDER BY moved DESC, number LIMIT $limit)
        SELECT id, title, {_COUNTS}
        FROM top JOIN (SELECT * FROM projection WHERE kind = $kind) USING (number)
        ORDER BY moved DESC, number
        """,
        {"kind": kind, "limit": limit},
    )


def number_of(run: Run, kind: Kind, name: str) -> int | None:
    """Number of a user or item by its exact id; None if there is none."""
    found = ask(
        run,
        "SELECT number FROM projection WHERE kind = $kind AND id = $name",
        {"kind": kind, "name": name},
    )
    return None if found.empty else int(found["number"].iloc[0])


def title_of(run: Run, item: int) -> str:
    """Title of an item; its id where it has none."""
    found = ask(
        run,
        "SELECT coalesce(nullif(title, ''), id) AS title FROM projection "
        "WHERE kind = 'item' AND number = $item",
        {"item": item},
    )
    return "" if found.empty else str(found["title"].iloc[0])


def profile(run: Run, kind: Kind, number: int) -> str:
    """Profile text of a node: what the text signals and the judge know of it."""
    found = ask(
        run,
        "SELECT text FROM embeddings WHERE kind = $kind AND number = $number",
        {"kind": kind, "number": number},
    )
    return "" if found.empty else str(found["text"].iloc[0])


def around(run: Run, kind: Kind, number: int) -> pd.DataFrame:
    """All edges of a node in either graph, the changed ones first.

    Returns:
        Columns ``far`` and ``far_id`` (the node at the other end), ``title`` (of the item),
        ``decision``, ``weight``, ``verdict``, ``p_noisy``, ``reason``, ``row`` (NA where never
        observed).
    """
    far = "item" if kind == "user" else "user"
    found = ask(
        run,
        f"""
        WITH {EDGE}, {TITLES}
        SELECT "{far}" AS far, {far}_id AS far_id, title, decision, weight, verdict, p_noisy,
               reason, "row"
        FROM edge LEFT JOIN titles USING (item)
        WHERE "{kind}" = $number
        ORDER BY {_TELLING}, p_noisy DESC NULLS LAST, far
        """,
        {"number": number},
    )
    return found.astype({"row": "Int64"})


def second_hop(
    run: Run, kind: Kind, number: int, first: tuple[int, ...], room: int
) -> pd.DataFrame:
    """Nodes like the one in the middle that share most neighbours with it, and those edges.

    Args:
        run: Which run.
        kind: Kind of the node in the middle, and of the nodes found.
        number: Of the node in the middle.
        first: Its neighbours on show, by number.
        room: Most edges to give.

    Returns:
        Columns ``number``, ``id`` (a node two steps away), ``near`` (the neighbour between),
        ``decision``; whole nodes only, the most connected first.
    """
    far = "item" if kind == "user" else "user"
    return ask(
        run,
        f"""
        WITH step AS (
            SELECT "{kind}" AS number, {kind}_id AS id, "{far}" AS near,
                   {DECISION} AS decision
            FROM edges WHERE list_contains($first, "{far}") AND "{kind}" <> $number
        ),
        weighed AS (SELECT *, count(*) OVER (PARTITION BY number) AS shared FROM step)
        SELECT number, id, near, decision FROM weighed
        QUALIFY count(*) OVER (ORDER BY shared DESC, number) <= $room
        ORDER BY shared DESC, number, near
        """,
        {"number": number, "first": list(first), "room": room},
    )


_COUNTS: Final = """coalesce(before, 0)::BIGINT AS before,
    coalesce(weakened, 0)::BIGINT AS weakened,
    coalesce(dropped, 0)::BIGINT AS dropped, coalesce(added, 0)::BIGINT AS added,
    coalesce(moved, 0)::DOUBLE AS moved"""


def _changes(kind: Kind) -> str:
    """Changes by node, without the join to the verdicts."""
    return f"""change AS (
        SELECT "{kind}" AS number, count(*) FILTER (in_original) AS before,
               count(*) FILTER {WEAKENED} AS weakened,
               count(*) FILTER (origin = 'dropped') AS dropped,
               count(*) FILTER (origin = 'added') AS added,
               sum(abs(weight::DOUBLE - in_original::INTEGER)) AS moved
        FROM edges GROUP BY "{kind}"
    )"""
