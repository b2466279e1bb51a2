"""Raw tables to a dataset: filter, deduplicate, k-core, split, number, and plant noise if asked.

Numbers follow the sorted ids, the rows of each part are sorted by user and item, and every user
and item of the dataset has at least one train interaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import PrepareConfig
from core.data.dataset import fingerprint
from core.data.metadata import read_items, read_users
from core.data.noise import PlantedTruth, plant
from core.data.rows import (
    DISPLAY_COLUMNS,
    LeftOut,
    Rows,
    Sieve,
    earliest,
    keep_positives,
    read_rows,
    sorted_rows,
)
from core.data.sources import RawTables
from core.data.split import (
    RULE,
    TEST,
    TRAIN,
    VALID,
    carve_validation,
    k_core,
    split_by_order,
)
from core.errors import DataError
from core.keys import among
from core.types import Dataset, GradeArray, IntArray, Interactions


@dataclass(frozen=True)
class PrepareReport:
    """What preparing did to the rows."""

    source: str
    settings: Mapping[str, Any]
    split_rule: str
    n_raw_rows: int
    left_out: tuple[LeftOut, ...]
    n_users: int
    n_items: int
    n_items_without_text: int
    n_train: int
    """Train interactions, planted ones included."""
    n_valid: int
    n_test: int
    n_planted: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Prepared:
    """A dataset, how it came about, and what must not be part of it."""

    dataset: Dataset
    report: PrepareReport
    display: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Rating, timestamp (s) and position of the train rows, float64 ``(E,)``, NaN = not known.
    Planted rows carry values of another train row of the same user."""
    truth: PlantedTruth | None = None
    """The planted rows, if any; for the evaluation alone."""


def prepare(raw: RawTables, config: PrepareConfig) -> Prepared:
    """Turn raw tables into a dataset.

    The order: rows without ids, with label 0 and below the rating threshold are left out;
    of repeated pairs the earliest stays; k-core; split; validation and test rows of items (or
    users) without a train row are left out; ids are numbered; noise is planted in train.

    Args:
        raw: Tables from :func:`core.data.sources.load_raw`.
        config: Settings.

    Raises:
        DataError: If nothing usable is left; the message says what to change.
    """
    _check_columns(raw, config)
    rng = np.random.default_rng(config.seed)
    rows, user_ids, item_ids, n_raw_rows = read_rows(raw)
    sieve = Sieve(rows, n_raw_rows)
    sieve.require_rows("Choose a file with interactions, and map user and item.")
    rejected = keep_positives(sieve, config)
    sieve.keep(earliest(sieve.rows), "repeated pair")
    core = k_core(sieve.rows.user, sieve.rows.item, config.core)
    sieve.keep(core, f"user or item outside the {config.core}-core")
    sieve.require_rows("Lower the core, or use more data.")
    part, rule = _split(sieve.rows, config, rng)
    part = _drop_cold(sieve, part)
    _check_size(sieve.rows, part)
    users, items = _in_use(sieve.rows.user), _in_use(sieve.rows.item)
    final = _renumber(sieve.rows, users, items)
    train = sorted_rows(final, part == TRAIN)
    dataset = Dataset(
        name=config.name,
        train=_pairs(final, train, len(users)),
        valid=_pairs(final, sorted_rows(final, part == VALID), len(users)),
        test=_pairs(final, sorted_rows(final, part == TEST), len(users)),
        users=read_users(raw, user_ids.take(users)),
        items=read_items(raw, item_ids.take(items)),
        fingerprint="",
    )
    display = {name: final.values[name][train] for name in DISPLAY_COLUMNS if name in raw.columns}
    excluded = _translate(rejected, rows.n_items, users, items)
    dataset, display, truth = _with_noise(dataset, display, excluded, config, rng)
    dataset = replace(dataset, fingerprint=fingerprint(dataset))
    report = _report(raw, config, rule, sieve, n_raw_rows, dataset, truth)
    return Prepared(dataset, report, display, truth)


def _check_columns(raw: RawTables, config: PrepareConfig) -> None:
    needed = {
        "rating": config.min_rating is not None,
        "timestamp": config.split == "time",
        "split": config.split == "given",
    }
    for column, is_needed in needed.items():
        if is_needed and column not in raw.columns:
            raise DataError(
                f"The settings need a {column} column and {raw.name} has none mapped. "
                f"Map it, or change the {'threshold' if column == 'rating' else 'split'}."
            )


def _split(rows: Rows, config: PrepareConfig, rng: np.random.Generator) -> tuple[GradeArray, str]:
    """Part of each row, and the rule in words."""
    chance = np.empty(len(rows))
    # Drawn in the order of the pairs, so that the order of the file does not matter.
    chance[np.argsort(rows.key())] = rng.random(len(rows))
    shuffled = np.lexsort((chance, rows.user))
    if config.split == "random":
        return split_by_order(rows.user, shuffled), f"{RULE}; at random, seed {config.seed}"
    if config.split == "time":
        time = np.nan_to_num(rows.values["timestamp"], nan=-np.inf)  # unknown = oldest = train
        if not np.isfinite(time).any():
            raise DataError("No timestamp can be read. Map another column, or split at random.")
        return split_by_order(rows.user, np.lexsort((time, rows.user))), f"{RULE}; latest last"
    n_unknown = int((rows.split < 0).sum())
    if n_unknown:
        raise DataError(
            f"{n_unknown} rows have a split other than train, valid and test. "
            "Rename them, or split at random or by time."
        )
    if not (rows.split == TEST).any():
        raise DataError("The given split has no test rows. Name some test, or split at random.")
    if (rows.split == VALID).any():
        return rows.split, "as given"
    carved = carve_validation(rows.user, rows.split, shuffled)
    return carved, f"as given; a quarter of each user's train is validation, seed {config.seed}"


def _drop_cold(sieve: Sieve, part: GradeArray) -> GradeArray:
    """Leave out held-out rows whose item or user has no train row; return the parts left."""
    user, item = sieve.rows.user, sieve.rows.item
    train = part == TRAIN
    n_users, n_items = len(np.bincount(user)), len(np.bincount(item))
    warm = np.bincount(item[train], minlength=n_items)[item] > 0
    warm &= np.bincount(user[train], minlength=n_users)[user] > 0
    sieve.keep(warm, "validation or test row whose item or user has no train row")
    return part[warm]


def _check_size(rows: Rows, part: GradeArray) -> None:
    n_users, n_items = len(_in_use(rows.user)), len(_in_use(rows.item))
    if n_users < 2 or n_items < 2:
        raise DataError(
            f"Only {n_users} user(s) and {n_items} item(s) are left; at least 2 of each are "
            "needed. Check the mapping, lower the core or the threshold, or use more data."
        )
    for number, name in ((TRAIN, "train"), (VALID, "validation"), (TEST, "test")):
        if not (part == number).any():
            raise DataError(
                f"The {name} part is empty: a user needs at least 3 interactions with items that "
                "others use too. Lower the core or the threshold, use more data, or another split."
            )


def _in_use(number: IntArray) -> IntArray:
    """Sorted distinct numbers; counting is much faster than ``np.unique`` here."""
    return np.flatnonzero(np.bincount(number))


def _renumber(rows: Rows, users: IntArray, items: IntArray) -> Rows:
    """Close the gaps in the numbers; ``users`` and ``items`` are the sorted ones in use."""
    user, item = _places(users)[rows.user], _places(items)[rows.item]
    return replace(rows, user=user, item=item, n_items=len(items))


def _places(used: IntArray) -> IntArray:
    """Where each number stands among the sorted ones in use, ``(max + 1,)``: no searching."""
    place = np.zeros(int(used.max(initial=-1)) + 1, dtype=np.int64)
    place[used] = np.arange(len(used))
    return place


def _translate(key: IntArray, n_items: int, users: IntArray, items: IntArray) -> IntArray:
    """Keys of pairs in raw numbers as keys in final numbers; pairs that are gone are dropped."""
    user, item = key // n_items, key % n_items
    known = among(user, users) & among(item, items)
    number = np.searchsorted(users, user[known]) * np.int64(len(items))
    return number + np.searchsorted(items, item[known])


def _pairs(rows: Rows, chosen: IntArray, n_users: int) -> Interactions:
    return Interactions(rows.user[chosen], rows.item[chosen], n_users, rows.n_items)


def _with_noise(
    dataset: Dataset,
    display: dict[str, NDArray[np.float64]],
    excluded: IntArray,
    config: PrepareConfig,
    rng: np.random.Generator,
) -> tuple[Dataset, dict[str, NDArray[np.float64]], PlantedTruth | None]:
    """Plant noise in train; planted rows borrow the display values of another row of the user."""
    if config.plant == "none" or config.plant_rate == 0.0:
        return dataset, display, None
    held_out = np.concatenate([dataset.valid.key(), dataset.test.key(), excluded])
    clean = dataset.train
    noised, truth = plant(
        clean, dataset.items, config.plant, config.plant_rate, rng, excluded=held_out
    )
    start = np.searchsorted(clean.user, noised.user)
    n_own = np.bincount(clean.user, minlength=clean.n_users)[noised.user]
    lender = start + (rng.random(len(noised)) * n_own).astype(np.int64)
    place = np.searchsorted(clean.key(), noised.key()).clip(max=len(clean) - 1)
    genuine = clean.key()[place] == noised.key()
    source = np.where(genuine, place, lender)
    borrowed = {name: value[source] for name, value in display.items()}
    return replace(dataset, train=noised), borrowed, truth


def _report(
    raw: RawTables,
    config: PrepareConfig,
    rule: str,
    sieve: Sieve,
    n_raw_rows: int,
    dataset: Dataset,
    truth: PlantedTruth | None,
) -> PrepareReport:
    items = dataset.items
    described = zip(items.title, items.text, *items.attributes.values(), strict=True)
    return PrepareReport(
        source=raw.name,
        settings=config.model_dump(),
        split_rule=rule,
        n_raw_rows=n_raw_rows,
        left_out=tuple(entry for entry in sieve.left_out if entry.n_rows),
        n_users=len(dataset.users.id),
        n_items=len(items.id),
        n_items_without_text=sum(not any(fields) for fields in described),
        n_train=len(dataset.train),
        n_valid=len(dataset.valid),
        n_test=len(dataset.test),
        n_planted=0 if truth is None else len(truth),
    )
