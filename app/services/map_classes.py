"""Classes of the points of the map: every colouring is a handful of classes with a count each.

Amounts are cut at quantiles, finer towards the suspicious end, so that a legend can count them and
the few extreme values are seen without taking all the colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.services import maps, query
from app.services.maps import What
from app.services.store import Run
from core.types import VERDICTS

Scale = Literal["verdict", "group", "amount", "kind", "truth"]

CUTS: Final = (0.3, 0.6, 0.8, 0.92, 0.98)
"""Quantiles at which amounts are cut; mirrored where low is suspicious."""
N_GROUPS: Final = 24
"""Groups with a colour of their own; the rest share one."""
NODE_COLOURS: Final = (
    "noisy", "hard", "verdict", "group", "loss", "semantic", "popularity", "kind",
)  # fmt: skip
INTERACTION_COLOURS: Final = ("verdict", "noisy", "group", "loss", "semantic", "popularity")
PLANTED: Final = "planted"
"""One more for interactions, where the run has planted truth."""


@dataclass(frozen=True)
class Classes:
    """One colouring."""

    scale: Scale
    codes: NDArray[np.uint8]
    """Class of each point, ``(P,)``."""
    labels: list[str]
    """Of the classes, in the order of the legend; of groups: text from data."""
    known: list[bool]
    """False for the class of points about which this is not known."""

    def counts(self, mask: NDArray[np.bool_] | None = None) -> list[int]:
        """Points by class, of all or of a part."""
        codes = self.codes if mask is None else self.codes[mask]
        return [int(n) for n in np.bincount(codes, minlength=len(self.labels))]


def colours(run: Run, what: What) -> tuple[str, ...]:
    """By what the points can be coloured."""
    if what != "interactions":
        return NODE_COLOURS
    return (*INTERACTION_COLOURS, PLANTED) if query.has(run, "kinds") else INTERACTION_COLOURS


def classes(run: Run, what: What, colour: str) -> Classes:
    """Sort the points into classes.

    Args:
        run: Whose points.
        what: Which points.
        colour: One of :func:`colours`.

    Raises:
        DataError: If a table is missing or damaged.
    """
    if colour == "verdict":
        return _named("verdict", maps.verdicts(run, what), VERDICTS, "no interactions")
    if colour == "group":
        return _groups(run, what)
    if colour == "kind":
        shown = maps.ends(run, what)
        return _named("kind", (shown.first >= shown.n_users).astype(np.uint8), ("user", "item"))
    if colour == PLANTED:
        return _planted(run)
    cuts = tuple(1 - cut for cut in reversed(CUTS)) if colour == "semantic" else CUTS
    return _steps(_amounts(run, what, colour), cuts, whole=colour == "popularity")


def _amounts(run: Run, what: What, colour: str) -> NDArray[np.float64]:
    """A number for every point, ``(P,)``."""
    if what == "interactions" and colour != "popularity":
        column = {"noisy": "p_noisy", "loss": "loss", "semantic": "semantic"}[colour]
        sql = f'SELECT {column}::DOUBLE AS value FROM interactions ORDER BY "row"'
        return query.ask_columns(run, sql)["value"]
    of_nodes = maps.stats(run)
    values: NDArray[np.float64] = getattr(of_nodes, "n" if colour == "popularity" else colour)
    return values[maps.ends(run, what).node]


def _steps(values: NDArray[np.float64], cuts: tuple[float, ...], *, whole: bool) -> Classes:
    """Cut amounts into classes, those without points left out."""
    finite = np.isfinite(values)
    known = values[finite]
    inner = np.unique(np.quantile(known, cuts)) if len(known) else known
    place = np.searchsorted(inner, known, side="right")
    used, code = np.unique(place, return_inverse=True)
    codes = np.full(len(values), len(used), np.uint8)
    codes[finite] = code
    digits = 0 if whole else 2
    labels = [_span(known[code == step], digits) for step in range(len(used))]
    flags = [True] * len(labels)
    if not finite.all():
        labels, flags = [*labels, "not known"], [*flags, False]
    return Classes("amount", codes, labels, flags)


def _span(values: NDArray[np.float64], digits: int) -> str:
    low, high = (f"{value:,.{digits}f}".replace("-", "−") for value in (values.min(), values.max()))
    return low if low == high else f"{low} – {high}"


def _named(
    scale: Scale, codes: NDArray[np.uint8], names: tuple[str, ...], unknown: str = "not known"
) -> Classes:
    """Classes with names; codes beyond them are points about which nothing is known."""
    labels, known = list(names), [True] * len(names)
    if len(codes) and int(codes.max()) >= len(names):
        labels, known = [*labels, unknown], [*known, False]
    return Classes(scale, codes, labels, known)


def _groups(run: Run, what: What) -> Classes:
    """Group of an item, or of the item of an interaction; of a user the most frequent one."""
    found = query.ask_columns(
        run,
        """
        WITH named AS (SELECT number, "group" AS name FROM projection WHERE kind = 'item'),
        met AS (SELECT "user", name, count(*) AS n FROM interactions
                JOIN named ON named.number = interactions.item WHERE name <> '' GROUP BY ALL),
        most AS (SELECT "user", arg_max(name, (n, name)) AS name FROM met GROUP BY "user")
        SELECT coalesce(CASE kind WHEN 'item' THEN "group" ELSE most.name END, '') AS name
        FROM projection LEFT JOIN most ON kind = 'user' AND most."user" = projection.number
        ORDER BY kind DESC, projection.number
        """,
    )
    every, code = np.unique(found["name"].astype(str), return_inverse=True)
    return _most_frequent(code[maps.ends(run, what).node], [str(name) for name in every])


def _most_frequent(code: NDArray[np.int64], names: list[str]) -> Classes:
    """Keep the most frequent names, by name; the others share a class, as do those without."""
    counts = np.bincount(code, minlength=len(names))
    named = [place for place, name in enumerate(names) if name and counts[place]]
    kept = sorted(sorted(named, key=lambda place: -int(counts[place]))[:N_GROUPS])
    others = set(named) - set(kept)
    table = np.full(len(names), len(kept) + bool(others), np.uint8)
    table[kept] = np.arange(len(kept))
    table[sorted(others)] = len(kept)
    labels = [names[place] for place in kept]
    known = [True] * len(kept)
    if others:
        labels, known = [*labels, f"{len(others)} more"], [*known, False]
    if len(code) and int(counts.sum()) > int(counts[named].sum()):
        labels, known = [*labels, "no group"], [*known, False]
    return Classes("group", table[code], labels, known)


def _planted(run: Run) -> Classes:
    found = query.ask_columns(
        run,
        """
        SELECT (CASE WHEN kinds.noise THEN 2 WHEN kinds.hard THEN 1 ELSE 0 END)::UTINYINT AS code
        FROM interactions LEFT JOIN kinds USING ("row") ORDER BY "row"
        """,
    )
    return _named("truth", found["code"].astype(np.uint8), ("not planted", "hard", "noise"))


MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "verdict": ("verdict", "Of a user or an item: the most frequent verdict of its interactions."),
    "noisy": ("share noisy", "Share of the interactions called noisy; of an interaction P(noisy)."),
    "hard": ("share hard", "Share of the interactions called hard."),
    "group": ("group", "Group of the item; of a user the most frequent group of its items."),
    "loss": ("loss", "Out-of-fold loss; of a user or an item the mean over its interactions."),
    "semantic": ("semantic relevance", "Out of fold; of a user or an item the mean."),
    "popularity": ("popularity", "Number of train interactions; of an interaction: of its item."),
    "kind": ("user or item", "What the point is."),
    "planted": ("planted truth", "What was planted, where that is known."),
}
"""Title and meaning of each colouring, for people."""


def title(what: What, colour: str) -> str:
    """What the colours say, in a word or two."""
    return "P(noisy)" if (what, colour) == ("interactions", "noisy") else MEANINGS[colour][0]
