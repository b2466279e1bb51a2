"""Which train interactions are planted noise or planted hard ones: read for measuring only."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.dataset import TRUTH
from core.data.noise import PlantedTruth
from core.errors import DataError
from core.keys import among, distinct
from core.types import BoolArray, Dataset, IntArray

NOISE_KINDS: Final = ("uniform", "position", "co-click", "lookalike")
HARD_KINDS: Final = ("minority", "tail")
COLUMNS: Final = ("user_id", "item_id", "kind")


@dataclass(frozen=True)
class Truth:
    """What is known about the E train interactions."""

    kind: tuple[str, ...]
    """Kind of each train row, ``(E,)``; empty = genuine and of no particular kind."""

    @property
    def is_noise(self) -> BoolArray:
        """Planted noise, ``(E,)``."""
        return self.of_kind(*NOISE_KINDS)

    @property
    def is_planted_hard(self) -> BoolArray:
        """Genuine, and hard by the way the data was made, ``(E,)``."""
        return self.of_kind(*HARD_KINDS)

    def of_kind(self, *kinds: str) -> BoolArray:
        """Rows of some kinds, ``(E,)``."""
        return among(np.array(self.kind, dtype=np.str_), kinds)


def read_truth(dataset_folder: str | Path, dataset: Dataset) -> Truth | None:
    """Read the planted truth of a prepared dataset.

    Args:
        dataset_folder: Folder of the dataset.
        dataset: What lies in it.

    Returns:
        None where nothing was planted.

    Raises:
        DataError: If the truth cannot be read or speaks of other interactions.
    """
    path = Path(dataset_folder) / TRUTH
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path, columns=["user", "item", "kind"])
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read: {error}. Prepare the dataset again.") from error
    user = table["user"].to_numpy().astype(np.int64)
    item = table["item"].to_numpy().astype(np.int64)
    rows = _train_rows(dataset, user, item)
    kinds = table["kind"].to_pylist()
    _check(path.name, rows, kinds)
    kind = np.full(len(dataset.train), "", dtype=object)
    kind[rows] = kinds
    return Truth(tuple(kind.tolist()))


def write_kinds(truth: Truth, run_folder: Path) -> None:
    """Write ``kinds.parquet`` of a finished run: what is known about its train interactions.

    For people who look at the run and for measurements; the method is done when it is written.
    """
    known = np.flatnonzero(np.array([bool(kind) for kind in truth.kind], dtype=np.bool_))
    table = pa.table(
        {
            "row": known.astype(np.int64),
            "kind": pa.array([truth.kind[row] for row in known], pa.string()),
            "noise": truth.is_noise[known],
            "hard": truth.is_planted_hard[known],
        }
    )
    aside = run_folder / "kinds.tmp"
    pq.write_table(table, aside)
    os.replace(aside, run_folder / "kinds.parquet")


def read_truth_csv(csv_path: str | Path, dataset: Dataset) -> PlantedTruth:
    """Read a ``truth.csv`` (user_id, item_id, kind) in the numbers of a dataset.

    Args:
        csv_path: The file; interactions that are not listed are genuine.
        dataset: The prepared dataset the ids belong to.

    Returns:
        The listed interactions, sorted by user and item.

    Raises:
        DataError: If a row is not a train interaction, is listed twice, or has an unknown kind.
    """
    path = Path(csv_path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(f"{path.name} has no column {', '.join(missing)}. Add it.")
            listed = [tuple((row[name] or "").strip() for name in COLUMNS) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path.name} cannot be read: {error}. Save it as CSV in UTF-8.") from error
    user_number = {name: number for number, name in enumerate(dataset.users.id)}
    item_number = {name: number for number, name in enumerate(dataset.items.id)}
    user = np.array([user_number.get(row[0], -1) for row in listed], dtype=np.int64)
    item = np.array([item_number.get(row[1], -1) for row in listed], dtype=np.int64)
    kinds = [row[2] for row in listed]
    _check(path.name, _train_rows(dataset, user, item), kinds)
    order = np.lexsort((item, user))
    return PlantedTruth(user[order], item[order], tuple(kinds[row] for row in order))


def join_truth(first: PlantedTruth, second: PlantedTruth) -> PlantedTruth:
    """Put two lists of distinct interactions into one, sorted by user and item."""
    user = np.concatenate([first.user, second.user])
    item = np.concatenate([first.item, second.item])
    kind = first.kind + second.kind
    order = np.lexsort((item, user))
    return PlantedTruth(user[order], item[order], tuple(kind[row] for row in order))


def _train_rows(dataset: Dataset, user: IntArray, item: IntArray) -> IntArray:
    """Row in train of each pair, -1 where there is none."""
    train_key = dataset.train.key()
    order = np.argsort(train_key, kind="stable")
    key = user * np.int64(dataset.train.n_items) + item
    place = np.searchsorted(train_key[order], key).clip(max=max(len(order) - 1, 0))
    known = (user >= 0) & (item >= 0) & (item < dataset.train.n_items)
    if len(order) == 0:
        return np.full(len(user), -1, dtype=np.int64)
    row = order[place]
    return np.where(known & (train_key[row] == key), row, -1).astype(np.int64)


def _check(name: str, rows: IntArray, kinds: list[str]) -> None:
    """Check that the listed rows are distinct train interactions of known kinds.

    Raises:
        DataError: With a count of each kind of trouble.
    """
    found = rows[rows >= 0]
    wrong = Counter(kind for kind in kinds if kind not in (*NOISE_KINDS, *HARD_KINDS))
    counts = {
        "are no train interaction": int((rows < 0).sum()),
        "are listed twice": len(found) - len(distinct(found)),
        f"have an unknown kind ({', '.join(map(repr, list(wrong)[:3]))})": wrong.total(),
    }
    trouble = [f"{count} {what}" for what, count in counts.items() if count]
    if trouble:
        raise DataError(
            f"{name} does not fit the dataset: of its {len(rows)} rows {', '.join(trouble)}. "
            f"Kinds are {', '.join((*NOISE_KINDS, *HARD_KINDS))}. Prepare the data with the split "
            "as given and without a threshold or core, or take the file away."
        )
