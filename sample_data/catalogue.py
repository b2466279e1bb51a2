"""The film catalogue as arrays. Shape letters: I films, V values of an attribute."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.types import BoolArray, IntArray

CATALOGUE = Path(__file__).with_name("catalogue.csv")


@dataclass(frozen=True)
class Catalogue:
    """What the simulation knows about the I films."""

    id: tuple[str, ...]
    niche: IntArray
    """Niche numbers, ``(I,)``."""
    niches: tuple[str, ...]
    """Names of the niches, sorted."""
    decade: IntArray
    """Decade numbers, ``(I,)``, 0 = the earliest."""
    genre: BoolArray
    """Which film has which genre, ``(I, V)``, columns as in ``genres``."""
    genres: tuple[str, ...]
    keyword: BoolArray
    """Which film has which keyword, ``(I, V)``."""
    director: BoolArray
    """Which film is by which director, ``(I, V)``."""

    def __len__(self) -> int:
        return len(self.id)


def read_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """Read the catalogue.

    Args:
        path: A CSV file with the columns described in the README.

    Returns:
        The films in file order.

    Raises:
        ValueError: If a film is listed twice.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = tuple(row["item_id"] for row in rows)
    if len(set(ids)) != len(ids):
        raise ValueError(f"{path.name} lists an item_id twice")
    niches, niche = np.unique([row["niche"] for row in rows], return_inverse=True)
    decade = np.array([int(row["year"]) // 10 for row in rows], dtype=np.int64)
    genre, genres = _multi_hot([row["genres"] for row in rows])
    return Catalogue(
        id=ids,
        niche=niche.astype(np.int64),
        niches=tuple(str(name) for name in niches),
        decade=decade - decade.min(),
        genre=genre,
        genres=genres,
        keyword=_multi_hot([row["keywords"] for row in rows])[0],
        director=_multi_hot([row["director"] for row in rows])[0],
    )


def _multi_hot(cells: list[str]) -> tuple[BoolArray, tuple[str, ...]]:
    """Turn cells joined by ``|`` into a membership matrix ``(I, V)`` and its sorted values."""
    values = [[part.strip().lower() for part in cell.split("|")] for cell in cells]
    # Sorted: the order of a set of strings changes from one process to the next.
    vocabulary = sorted({value for parts in values for value in parts})
    column = {value: number for number, value in enumerate(vocabulary)}
    matrix = np.zeros((len(cells), len(vocabulary)), dtype=np.bool_)
    for row, parts in enumerate(values):
        matrix[row, [column[value] for value in parts]] = True
    return matrix, tuple(vocabulary)
