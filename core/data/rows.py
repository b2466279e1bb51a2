"""Numbered rows on their way from raw tables to a dataset, and the filters they pass.

Shape letters: E rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.config import PrepareConfig
from core.data.sources import RawTables
from core.data.split import TEST, TRAIN, VALID
from core.errors import DataError
from core.types import BoolArray, GradeArray, IntArray

DISPLAY_COLUMNS: Final[tuple[str, ...]] = ("rating", "timestamp", "position")
"""Columns kept beside the train rows, for display only."""


@dataclass(frozen=True)
class LeftOut:
    """Rows that did not make it, and why."""

    reason: str
    n_rows: int


@dataclass(frozen=True)
class Rows:
    """Numbered rows; all arrays are ``(E,)``."""

    user: IntArray
    item: IntArray
    n_items: int
    """Number of items the numbers refer to."""
    values: Mapping[str, NDArray[np.float64]]
    """Rating, timestamp (s), position and label as far as there are any; NaN = not known."""
    split: GradeArray
    """Given part, -1 where it is unknown."""

    def __len__(self) -> int:
        """Return E."""
        return len(self.user)

    def key(self) -> IntArray:
        """One number per pair, ``(E,)``."""
        return self.user * np.int64(self.n_items) + self.item

    def keep(self, rows: BoolArray | IntArray) -> Rows:
        """Keep some rows (a mask or row numbers), in that order."""
        values = {name: value[rows] for name, value in self.values.items()}
        return Rows(self.user[rows], self.item[rows], self.n_items, values, self.split[rows])


class Sieve:
    """Rows and a count of those left out so far."""

    def __init__(self, rows: Rows, n_raw_rows: int) -> None:
        """Start with the rows that have both ids, of ``n_raw_rows`` in the file."""
        self.rows = rows
        self.left_out = [LeftOut("no user or item id", n_raw_rows - len(rows))]

    def keep(self, rows: BoolArray | IntArray, reason: str) -> None:
        """Keep some rows and note down why the others go."""
        n_before = len(self.rows)
        self.rows = self.rows.keep(rows)
        self.left_out.append(LeftOut(reason, n_before - len(self.rows)))

    def require_rows(self, advice: str) -> None:
        """Check that something is left.

        Raises:
            DataError: Saying where the rows went, and ``advice``.
        """
        if len(self.rows) == 0:
            told = "; ".join(f"{x.n_rows} rows: {x.reason}" for x in self.left_out if x.n_rows)
            raise DataError(f"No interactions are left ({told or 'the file has none'}). {advice}")


def read_rows(raw: RawTables) -> tuple[Rows, pa.Array, pa.Array, int]:
    """Read rows with both ids, numbered by the order of the sorted ids.

    Returns:
        The rows, the sorted user ids, the sorted item ids, and the number of rows in the file.
    """
    user, user_ids = _sorted_codes(raw.rows_with_ids("user_id")[0])
    item, item_ids = _sorted_codes(raw.rows_with_ids("item_id")[0])
    names: list[str] = [name for name in (*DISPLAY_COLUMNS, "label") if name in raw.columns]
    values = {name: _floats(raw.rows_with_ids(name)[0]) for name in names}
    split = np.full(len(user), -1, dtype=np.int8)
    if "split" in raw.columns:
        given = raw.rows_with_ids("split")[0]
        for number, name in ((TRAIN, "train"), (VALID, "valid"), (TEST, "test")):
            is_part = pc.fill_null(pc.equal(given, name), False)
            split[is_part.to_numpy()] = number
    return Rows(user, item, len(item_ids), values, split), user_ids, item_ids, raw.n_rows()


def _sorted_codes(column: pa.ChunkedArray) -> tuple[IntArray, pa.Array]:
    """Number of each value among the sorted distinct values, and these values."""
    # Encoded before it is made one piece: the text of many rows does not fit in one array.
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return number[encoded.indices.to_numpy()], encoded.dictionary.take(pa.array(order))


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers with NaN for NULL and for infinity."""
    values = pc.fill_null(column, float("nan")).to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def keep_positives(sieve: Sieve, config: PrepareConfig) -> IntArray:
    """Leave out what was not liked; return the sorted keys of these rows.

    Raises:
        DataError: If nothing is left.
    """
    before = sieve.rows
    liked = np.ones(len(before), dtype=bool)
    if "label" in before.values:
        liked &= before.values["label"] != 0.0
        sieve.keep(liked, "label 0")
        sieve.keep(sieve.rows.values["label"] == 1.0, "label neither 0 nor 1")
    if config.min_rating is not None:
        liked &= ~(before.values["rating"] < config.min_rating)
        sieve.keep(~np.isnan(sieve.rows.values["rating"]), "no rating")
        enough = sieve.rows.values["rating"] >= config.min_rating
        sieve.keep(enough, f"rating below {config.min_rating:g}")
    sieve.require_rows("Lower the threshold, or check the mapping of rating and label.")
    return np.sort(before.key()[~liked])


def earliest(rows: Rows) -> IntArray:
    """Row numbers of the earliest row of each pair, in file order; unknown times come last."""
    key = rows.key()
    by = [key]
    if "timestamp" in rows.values:
        by.insert(0, np.nan_to_num(rows.values["timestamp"], nan=np.inf))
    order = np.lexsort(by)  # stable: rows of equal time stay in file order
    first = np.ones(len(order), dtype=bool)
    first[1:] = key[order][1:] != key[order][:-1]
    return np.sort(order[first])


def sorted_rows(rows: Rows, mask: BoolArray) -> IntArray:
    """Numbers of the masked rows, sorted by user and item."""
    chosen = np.flatnonzero(mask)
    return chosen[np.lexsort((rows.item[chosen], rows.user[chosen]))]
