"""What people said of pairs, read from a file and put into the numbers of a dataset.

Shape letters: L labels, E train interactions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.config import LabelsConfig
from core.errors import DataError
from core.keys import among, distinct
from core.types import LABELS, BoolArray, Dataset, GradeArray, IntArray, Interactions, Labels

COLUMNS = ("user_id", "item_id", "label")
"""Columns that a file of labels needs."""
ORIGIN, SAMPLED = "origin", "sampled"
"""Columns that it may have: how the label was given, and whether somebody met the pair in the
random order. Without the first all labels are taken for ones of people who looked at the pair.
Any other column is ignored."""
GIVEN_TO_MANY = ("bulk", "table")
"""Origins of labels that nobody gave to this very pair. Such a choice follows what the model shows
(all above some p_noisy, say): taken for evidence it would confirm the model by itself. The random
order over a part of a run is none of them: somebody looked, though at no sample of the whole."""
OF_TRAIN = ("clean", "hard", "noisy")
"""Labels of train interactions; the others are of pairs that were not observed."""
UNLABELLED = -1
"""In arrays of one label per row: nobody said anything that may be used."""


@dataclass(frozen=True)
class LabelsFound:
    """What a file of labels holds, as far as a dataset knows the pairs."""

    labels: Labels
    """Usable ones, held out or not, sorted by user and item."""
    n_unknown: int
    """Rows whose user or item the dataset does not have."""
    n_misplaced: int
    """Rows with a label for train interactions on another pair, or the other way round."""
    n_reserved: int = 0
    """Rows about pairs of valid or test, which nothing but the final measuring may look at."""
    knows_sampled: bool = False
    """Whether the file says which pairs were met in the random order."""


def read_labels(path: Path, dataset: Dataset, config: LabelsConfig) -> LabelsFound:
    """Read a snapshot of labels (``user_id``, ``item_id``, ``label``; ``origin``, ``sampled``).

    What the dataset does not know is counted and left out: a label outlives the preparation it
    was given in.

    Args:
        path: Parquet file with one row per pair.
        dataset: Whose pairs they are.
        config: Which share is held out.

    Raises:
        DataError: If the file cannot be read, lacks a column, has an unknown label or says two
            things of one pair.
    """
    table = _table(path)
    user_id, item_id, name = (_texts(path, table, column) for column in COLUMNS)
    label = _codes(path, name)
    user, item = _numbers(dataset.users.id, user_id), _numbers(dataset.items.id, item_id)
    known = (user >= 0) & (item >= 0)
    key = user * np.int64(dataset.train.n_items) + item
    _check_distinct(path, key[known])
    reserved = known & among(key, np.concatenate([dataset.valid.key(), dataset.test.key()]))
    right = (label < len(OF_TRAIN)) == among(key, dataset.train.key())
    rows = np.flatnonzero(known & ~reserved & right)
    rows = rows[np.argsort(key[rows])]
    looked_at, sampled = _looked_at(path, table)[rows], _sampled(path, table)[rows]
    held_out = looked_at & held_out_pairs(
        [user_id[k] for k in rows.tolist()], [item_id[k] for k in rows.tolist()], config.held_out
    )
    return LabelsFound(
        Labels(user[rows], item[rows], label[rows], held_out, looked_at, sampled),
        n_unknown=int((~known).sum()),
        n_misplaced=int((known & ~reserved & ~right).sum()),
        n_reserved=int(reserved.sum()),
        knows_sampled=SAMPLED in table.column_names,
    )


def held_out_pairs(user_id: list[str], item_id: list[str], share: float) -> BoolArray:
    """Which pairs are for measuring alone, ``(L,)``: a hash of both ids below ``share``.

    Neither seed nor label nor the other pairs matter, so a pair that is held out once is held out
    in every later run, and a larger share holds out the same pairs and more. Labels that nobody
    gave to the very pair are never held out (:func:`read_labels`): they could not measure.
    """
    pairs = zip(user_id, item_id, strict=True)
    place = [_place(user, item) for user, item in pairs]
    return np.asarray(np.array(place, np.float64) < share)


def labels_in_use(labels: Labels) -> Labels:
    """Those that are not held out."""
    return labels.select(~labels.held_out)


def labels_for_measuring(labels: Labels) -> Labels:
    """Those that are held out, and were given by somebody who looked at the pair."""
    return labels.select(labels.held_out & labels.looked_at)


def teaching(labels: Labels | None) -> Labels | None:
    """Labels that p_noisy may be fitted to: in use, by somebody who looked at the pair."""
    return None if labels is None else labels.select(~labels.held_out & labels.looked_at)


def overruling(labels: Labels | None, config: LabelsConfig) -> Labels | None:
    """Labels that decide verdicts and edges: those in use, unless labels shall not overrule."""
    return None if labels is None or not config.override else labels_in_use(labels)


def label_of_rows(train: Interactions, labels: Labels | None) -> GradeArray:
    """Label of each train interaction, index into ``LABELS`` or ``UNLABELLED``, int8 ``(E,)``."""
    found = np.full(len(train), UNLABELLED, np.int8)
    if labels is None or len(labels) == 0 or len(train) == 0:
        return found
    key = train.key()
    order = np.argsort(key, kind="stable")
    wanted = labels.user * np.int64(train.n_items) + labels.item
    row = order[np.searchsorted(key, wanted, sorter=order).clip(max=len(key) - 1)]
    there = key[row] == wanted
    found[row[there]] = labels.label[there]
    return found


def _place(user_id: str, item_id: str) -> float:
    """Where a pair falls between 0 and 1, by the sha256 of both ids."""
    content = f"{len(user_id)}:{user_id}{item_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest()[:8]) / 2**64


def _table(path: Path) -> pa.Table:
    """The file, with the columns that it needs."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"the labels in {path.name} cannot be read ({type(error).__name__}); save them again"
        ) from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise DataError(f"the labels in {path.name} have no column {', '.join(missing)}")
    return table


def _texts(path: Path, table: pa.Table, name: str) -> list[str]:
    """A column of texts."""
    found: list[str] = table.column(name).to_pylist()
    if any(not isinstance(value, str) for value in found):
        raise DataError(f"the labels in {path.name} have cells that are empty or no text")
    return found


def _looked_at(path: Path, table: pa.Table) -> BoolArray:
    """Whether somebody gave the label to the very pair, ``(L,)``; all where it is not said."""
    if ORIGIN not in table.column_names:
        return np.ones(len(table), dtype=np.bool_)
    return np.array([name not in GIVEN_TO_MANY for name in _texts(path, table, ORIGIN)], np.bool_)


def _sampled(path: Path, table: pa.Table) -> BoolArray:
    """Whether somebody met the pair in the random order, ``(L,)``; none where it is not said."""
    if SAMPLED not in table.column_names:
        return np.zeros(len(table), dtype=np.bool_)
    found = table.column(SAMPLED)
    if not pa.types.is_boolean(found.type) or found.null_count:
        raise DataError(f"the column {SAMPLED} in {path.name} is not true or false everywhere")
    return np.asarray(found.to_numpy(), np.bool_)


def _codes(path: Path, name: list[str]) -> GradeArray:
    """Labels as places in ``LABELS``, ``(L,)``."""
    unknown = sorted(set(name) - set(LABELS))
    if unknown:
        raise DataError(
            f"{path.name} has labels that are not known ({', '.join(map(repr, unknown[:3]))}); "
            f"they can be {', '.join(LABELS)}"
        )
    code: dict[str, int] = {text: place for place, text in enumerate(LABELS)}
    return np.array([code[text] for text in name], np.int8)


def _numbers(known: tuple[str, ...], ids: list[str]) -> IntArray:
    """Number of each id, -1 where there is none, ``(L,)``."""
    place = {text: number for number, text in enumerate(known)}
    return np.array([place.get(text, -1) for text in ids], np.int64)


def _check_distinct(path: Path, key: IntArray) -> None:
    n_twice = len(key) - len(distinct(key))
    if n_twice:
        raise DataError(
            f"{path.name} has more than one label for {n_twice} pairs; keep one of each, or save "
            "the labels again"
        )
