"""Points of the semantic map: where users, items and interactions lie, and their classes.

Both maps, of raw and of aligned texts, are laid on whole numbers 0..65535, each with one scale for
both axes, so that server and browser agree to the last bit on what lies inside an outline.
Shape letters: N nodes (users first), E train interactions, P points shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.services import query
from app.services.store import Run
from core.types import VERDICTS

Places = NDArray[np.uint16]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
What = Literal["nodes", "users", "items", "interactions"]
View = Literal["raw", "aligned"]

VIEWS: Final[tuple[View, ...]] = ("raw", "aligned")
TOP: Final = 65535
MARGIN: Final = 0.03
"""Empty share at each edge of a map."""


@dataclass(frozen=True)
class Ends:
    """Which nodes the points belong to."""

    n_users: int
    """Items are nodes from this number on."""
    first: Ints
    """Node that a point is, or the user of an interaction, ``(P,)``."""
    second: Ints | None
    """Item of an interaction as node, ``(P,)``; None where points are nodes."""
    ids: Ints
    """Node, or ``row`` of an interaction, ``(P,)``."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def node(self) -> Ints:
        """Node that a point is, or the item of an interaction, ``(P,)``."""
        return self.first if self.second is None else self.second


@dataclass(frozen=True)
class Points(Ends):
    """What is on the map."""

    nodes: dict[View, Places]
    """Where every node lies, ``(N, 2)``."""
    titles: list[str]
    """Title of every node, N of them."""

    def places(self, view: View) -> Places:
        """Where the points lie, ``(P, 2)``: an interaction midway between its user and item."""
        nodes = self.nodes[view]
        if self.second is None:
            return nodes[self.first]
        sums = nodes[self.first].astype(np.uint32) + nodes[self.second]
        middles: Places = (sums >> 1).astype(np.uint16)
        return middles

    def place_of(self, number: int) -> int | None:
        """Place of a node or row among the points; None if it is not shown."""
        found = np.flatnonzero(self.ids == number)
        return int(found[0]) if len(found) else None

    def title(self, place: int) -> str:
        """What a point is called: text from data."""
        name = self.titles[int(self.first[place])]
        if self.second is None:
            return name
        return f"{name} → {self.titles[int(self.second[place])]}"


@dataclass(frozen=True)
class Stats:
    """What the interactions of each node say, ``(N,)`` each; NaN where it has none."""

    n: NDArray[np.float64]
    clean: NDArray[np.float64]
    """Share of the interactions, 0..1; so are the next two."""
    hard: NDArray[np.float64]
    noisy: NDArray[np.float64]
    loss: NDArray[np.float64]
    """Mean out-of-fold loss."""
    semantic: NDArray[np.float64]
    """Mean semantic relevance."""

    @property
    def verdict(self) -> NDArray[np.uint8]:
        """Most frequent verdict as place in ``VERDICTS``; 3 where there is none."""
        shares = np.stack([self.clean, self.hard, self.noisy])
        most = np.argmax(np.nan_to_num(shares, nan=-1.0), axis=0)
        return np.where(self.n > 0, most, len(VERDICTS)).astype(np.uint8)


def points(run: Run, what: What) -> Points:
    """Lay out what the map shows.

    Raises:
        DataError: If ``projection`` or ``interactions`` is missing or damaged.
    """
    found = query.ask_columns(
        run,
        """
        SELECT title, x_raw, y_raw, x_aligned, y_aligned
        FROM projection ORDER BY kind DESC, number
        """,
    )
    nodes: dict[View, Places] = {
        view: _on_grid(found[f"x_{view}"], found[f"y_{view}"]) for view in VIEWS
    }
    titles = [str(title) for title in found["title"]]
    of = ends(run, what)
    return Points(of.n_users, of.first, of.second, of.ids, nodes, titles)


def ends(run: Run, what: What) -> Ends:
    """Find which nodes the points belong to, users before items, interactions by row."""
    n_users, n_nodes = _sizes(run)
    if what == "interactions":
        found = query.ask_columns(
            run, 'SELECT "row", "user", item FROM interactions ORDER BY "row"'
        )
        return Ends(n_users, found["user"], found["item"] + n_users, found["row"])
    start = n_users if what == "items" else 0
    shown = np.arange(start, n_users if what == "users" else n_nodes)
    return Ends(n_users, shown, None, shown)


def stats(run: Run) -> Stats:
    """Sum up the interactions of every node."""
    n_users, n_nodes = _sizes(run)
    found = query.ask_columns(
        run,
        """
        WITH ends AS (
            SELECT "user" AS node, verdict, loss, semantic FROM interactions
            UNION ALL
            SELECT item + $n_users, verdict, loss, semantic FROM interactions
        )
        SELECT node, count(*)::DOUBLE AS n,
               count_if(verdict = 'clean') / count(*) AS clean,
               count_if(verdict = 'hard') / count(*) AS hard,
               count_if(verdict = 'noisy') / count(*) AS noisy,
               avg(loss) FILTER (isfinite(loss))::DOUBLE AS loss,
               avg(semantic) FILTER (isfinite(semantic))::DOUBLE AS semantic
        FROM ends GROUP BY node
        """,
        {"n_users": n_users},
    )
    node = found.pop("node")
    columns = {name: np.full(n_nodes, np.nan) for name in found}
    for name, values in found.items():
        columns[name][node] = values
    columns["n"] = np.nan_to_num(columns["n"])
    return Stats(**columns)


def verdicts(run: Run, what: What) -> NDArray[np.uint8]:
    """Verdict by point as place in ``VERDICTS``, 3 = none; of a node the most frequent one."""
    if what == "interactions":
        found = query.ask_columns(
            run, f'SELECT {VERDICT_CODE} AS code FROM interactions ORDER BY "row"'
        )
        return found["code"].astype(np.uint8)
    return stats(run).verdict[ends(run, what).first]


VERDICT_CODE: Final = (
    "(CASE verdict "
    + " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(VERDICTS))
    + f" ELSE {len(VERDICTS)} END)::UTINYINT"
)


def _sizes(run: Run) -> tuple[int, int]:
    """Number of users and of nodes."""
    sql = "SELECT count(*) FILTER (WHERE kind = 'user') AS u, count(*) AS n FROM projection"
    found = query.ask(run, sql)
    return int(found["u"].iloc[0]), int(found["n"].iloc[0])


def _on_grid(x: NDArray[np.float32], y: NDArray[np.float32]) -> Places:
    """Lay a map on 0..65535: same scale for both axes, the middle in the middle."""
    both = np.nan_to_num(np.stack([x, y], axis=1).astype(np.float64), posinf=0.0, neginf=0.0)
    if not len(both):
        return np.zeros((0, 2), np.uint16)
    low, high = both.min(axis=0), both.max(axis=0)
    width = max(float((high - low).max()), 1e-9) * (1 + 2 * MARGIN)
    share = (both - (low + high) / 2) / width + 0.5
    grid: Places = np.rint(share * TOP).clip(0, TOP).astype(np.uint16)
    return grid
