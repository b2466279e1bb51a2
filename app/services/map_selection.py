"""What was outlined, searched or clicked on the map, and what is known about it.

An outline is text, so that it can stand in an address: ``aligned:x,y,x,y,...`` in units of the
map, 0..65535. Inside means an odd number of crossings, as a polygon is filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.services import query
from app.services.maps import TOP, VIEWS, Ends, Mask, Places, Points, View
from app.services.store import Run

MAX_CORNERS: Final = 200
"""Outlines from an address may not be longer than any that the map makes."""


@dataclass(frozen=True)
class Area:
    """A closed outline on one of the maps."""

    view: View
    corners: NDArray[np.float64]
    """``(K, 2)``, units of the map."""


def read_area(text: str) -> Area | None:
    """Read an outline; None for what is none (addresses are typed by people, too)."""
    name, _, numbers = text.partition(":")
    view = next((known for known in VIEWS if known == name), None)
    try:
        values = np.array([float(part) for part in numbers.split(",")])
    except ValueError:
        return None
    fits = 6 <= len(values) <= 2 * MAX_CORNERS and len(values) % 2 == 0
    if view is None or not fits or not np.isfinite(values).all():
        return None
    return Area(view, values.reshape(-1, 2).clip(-TOP, 2 * TOP))


def write_area(view: str, corners: NDArray[np.float64]) -> str:
    """Write an outline; corners beyond :data:`MAX_CORNERS` are thinned out evenly."""
    if len(corners) > MAX_CORNERS:
        corners = corners[np.linspace(0, len(corners) - 1, MAX_CORNERS).astype(int)]
    return f"{view}:" + ",".join(str(round(float(value))) for value in corners.ravel())


def inside(places: Places, corners: NDArray[np.float64]) -> Mask:
    """Find the points within an outline, ``(P,)``.

    Each edge looks only at the points between its two heights, found by search in points sorted
    by height: about as much work for a lasso of a hundred corners as for a box.
    """
    order = np.argsort(places[:, 1], kind="stable")
    height = places[order, 1].astype(np.float64)
    across = places[order, 0].astype(np.float64)
    odd = np.zeros(len(places), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        low, high = np.searchsorted(height, sorted((y1, y2)))
        slope = (x2 - x1) / (y2 - y1)
        odd[low:high] ^= across[low:high] < x1 + (height[low:high] - y1) * slope
    found = np.zeros(len(places), bool)
    found[order] = odd
    return found


def matching(points: Points, text: str) -> Mask:
    """Points whose title (of an interaction: of its user or item) has a text in it, ``(P,)``."""
    wanted = text.casefold()
    of_nodes = np.fromiter((wanted in title.casefold() for title in points.titles), bool)
    found: Mask = of_nodes[points.first]
    return found if points.second is None else found | of_nodes[points.second]


def rows_of(points: Points, mask: Mask, met: Ends) -> NDArray[np.int64]:
    """Interactions of the selected points: themselves, or all those of the selected nodes.

    Args:
        points: What is on the map.
        mask: The selected ones, ``(P,)``.
        met: The two ends of every interaction.
    """
    if points.second is not None or met.second is None:
        return points.ids[mask]
    chosen = np.zeros(len(points.titles), bool)
    chosen[points.ids[mask]] = True
    rows: NDArray[np.int64] = met.ids[chosen[met.first] | chosen[met.second]]
    return rows


NODES: Final = """
    SELECT node, projection.kind, id, title, "group", found.* EXCLUDE (node) FROM (
        SELECT node, count(*) AS interactions,
               count_if(verdict = 'noisy') / count(*) AS noisy,
               count_if(verdict = 'hard') / count(*) AS hard,
               avg(loss) FILTER (isfinite(loss)) AS loss,
               avg(semantic) FILTER (isfinite(semantic)) AS semantic
        FROM (SELECT "user" AS node, verdict, loss, semantic FROM interactions
              UNION ALL SELECT item + $n_users, verdict, loss, semantic FROM interactions)
        WHERE node IN (SELECT id FROM chosen) GROUP BY node
    ) AS found JOIN projection
      ON found.node = projection.number + if(projection.kind = 'item', $n_users, 0)
    ORDER BY noisy DESC, interactions DESC, node
"""
INTERACTIONS: Final = """
    SELECT "row", user_id, item_id, title, verdict, p_noisy, loss, semantic
    FROM interactions WHERE "row" IN (SELECT id FROM chosen) AND $n_users >= 0
    ORDER BY isfinite(p_noisy) DESC, p_noisy DESC, "row"
"""


def listed(run: Run, points: Points, mask: Mask, limit: int) -> pd.DataFrame:
    """The selected points as a table, most suspicious first, at most ``limit`` of them.

    Returns:
        Of nodes: ``node, kind, id, title, group, interactions, noisy, hard, loss, semantic``
        (shares and means over their interactions; nodes without any are left out). Of
        interactions: ``row, user_id, item_id, title, verdict, p_noisy, loss, semantic``.
    """
    sql = f"{NODES if points.second is None else INTERACTIONS} LIMIT $limit"
    chosen = pd.DataFrame({"id": points.ids[mask]})
    return query.ask(run, sql, {"n_users": points.n_users, "limit": limit}, {"chosen": chosen})


def export(run: Run, points: Points, mask: Mask, target: Path) -> None:
    """Write all of :func:`listed` to a CSV or Parquet file."""
    sql = NODES if points.second is None else INTERACTIONS
    chosen = pd.DataFrame({"id": points.ids[mask]})
    query.write(run, sql, target, {"n_users": points.n_users}, {"chosen": chosen})


def node(run: Run, n_users: int, number: int) -> dict[str, Any]:
    """What is known about one node.

    Returns:
        ``kind, id, title, group, text`` and ``interactions``, a table ``row, user_id, title,
        verdict, p_noisy, loss, semantic`` of at most 200, most suspicious first, with ``n`` in all.
    """
    kind = "user" if number < n_users else "item"
    own = number if kind == "user" else number - n_users
    found = query.ask(
        run,
        """
        SELECT projection.kind, projection.id, title, "group", text
        FROM projection LEFT JOIN embeddings USING (kind, number)
        WHERE kind = $kind AND number = $number
        """,
        {"kind": kind, "number": own},
    )
    end = {"user": '"user"', "item": "item"}[kind]
    rows = query.ask(
        run,
        f"""
        SELECT "row", user_id, title, verdict, p_noisy, loss, semantic, count(*) OVER () AS n
        FROM interactions WHERE {end} = $number
        ORDER BY isfinite(p_noisy) DESC, p_noisy DESC, "row" LIMIT 200
        """,
        {"number": own},
    )
    facts = {name: str(found[name].iloc[0]) for name in found.columns}
    n_rows = int(rows["n"].iloc[0]) if len(rows) else 0
    return {**facts, "interactions": rows.drop(columns="n"), "n": n_rows}
