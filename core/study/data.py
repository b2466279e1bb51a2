"""Datasets of the study: genuine interactions, and noise that is planted for a group of cells.

Planted truth is known here and in the measuring alone; runs see the noised train set.

Shape letters: E train interactions of the group, G genuine ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.config import PrepareConfig
from core.data.dataset import fingerprint, load_dataset
from core.data.noise import PlantedTruth, plant
from core.data.prepare import prepare
from core.data.sources import RawTables, load_raw
from core.errors import ConfigError, DataError
from core.evaluation.truth import (
    HARD_KINDS,
    NOISE_KINDS,
    Truth,
    join_truth,
    read_truth,
    read_truth_csv,
)
from core.study.names import AMAZON, ML, NATURAL, NO_NOISE, SAMPLE
from core.study.settings import Group
from core.types import BoolArray, Dataset, IntArray, Interactions

MIN_RATING: Final = 4.0
"""MovieLens: ratings from here on are liked."""
DISLIKED: Final = 3.0
"""MovieLens with natural noise: ratings below are noise."""
CORE: Final = 10
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    ML: {"min_rating": MIN_RATING, "core": CORE},
    AMAZON: {"split": "given"},
}
"""How published data is prepared."""
NOTHING: Final = PlantedTruth(np.zeros(0, np.int64), np.zeros(0, np.int64), ())


@dataclass(frozen=True)
class Places:
    """Where datasets lie."""

    sample: Path
    """Folder of the sample, with ``truth.csv``."""
    real: Path | None = None
    """Folder that holds ``ml-latest-small`` and ``amazon-book``."""
    prepared: Path | None = None
    """Folder of the datasets of the workspace."""

    def folder(self, data: str) -> Path:
        """Where a dataset lies.

        Raises:
            DataError: If it is not there; the message says what to do.
        """
        if data == SAMPLE:
            return self.sample
        if data in (ML, AMAZON):
            found = None if self.real is None else self.real / data
            if found is None or not found.is_dir():
                raise DataError(
                    f"{data} is not there. Name the folder that holds {data} with --real-data or "
                    "in LLMHNI_DATA."
                )
            return found
        found = None if self.prepared is None else self.prepared / data
        if found is None or not (found / "manifest.json").is_file():
            raise DataError(f"There is no dataset {data} in the workspace. Prepare it first.")
        return found


@dataclass(frozen=True)
class Prepared:
    """The dataset of a group, and what is known about it."""

    dataset: Dataset
    truth: Truth
    """Kind of each train interaction, ``(E,)``."""
    kinds: tuple[str, ...] = ()
    """Kinds of planted noise that are there, for a look at each; none where noise is natural."""

    @property
    def noise(self) -> BoolArray:
        """Planted noise, ``(E,)``."""
        return self.truth.is_noise

    @property
    def clean(self) -> Dataset:
        """The same without noise: what the oracle is trained on."""
        return _stamped(self.dataset, train=self.dataset.train.select(~self.noise))

    @property
    def has_text(self) -> bool:
        """Whether anything is known about the items but their ids."""
        items = self.dataset.items
        described = any(items.text) or any(map(any, items.attributes.values()))
        return described or any(t and t != i for t, i in zip(items.title, items.id, strict=True))

    @property
    def without_test(self) -> Dataset:
        """The same without any test interaction: what options are chosen on."""
        test = self.dataset.test
        return _stamped(self.dataset, test=test.select(np.zeros(len(test), np.bool_)))


def prepare_group(group: Group, places: Places) -> Prepared:
    """Make the dataset of a group.

    Args:
        group: Dataset, noise, rate and seed (of split where there is none, and of planting).
        places: Where datasets lie.

    Raises:
        ConfigError: If this noise is not for this dataset.
        DataError: If the dataset is not there or noise cannot be planted.
    """
    folder = places.folder(group.data)
    if group.noise == NATURAL:
        if group.data != ML:
            raise ConfigError(f"Natural noise is known of {ML} alone, not of {group.data}.")
        return _natural(folder, group.seed)
    if group.data in _OPTIONS:
        return _raw(group, folder)
    clean, known = _genuine(group, folder)
    if group.noise == NO_NOISE or group.rate == 0.0:
        return _with_truth(clean, known)
    held_out = np.concatenate([clean.valid.key(), clean.test.key()])
    rng = np.random.default_rng([group.seed, 1])
    noised, planted = plant(
        clean.train, clean.items, group.noise, group.rate, rng, excluded=held_out
    )
    return _with_truth(_stamped(clean, train=noised), join_truth(known, planted))


def _raw(group: Group, folder: Path) -> Prepared:
    """Prepared with its noise at once: pairs that are known to be disliked are never planted."""
    options = {**_OPTIONS[group.data], "name": group.data, "seed": group.seed}
    noise = {"plant": group.noise, "plant_rate": group.rate}
    made = prepare(load_raw(folder), PrepareConfig.model_validate({**options, **noise}))
    return _with_truth(made.dataset, made.truth or NOTHING)


def _genuine(group: Group, folder: Path) -> tuple[Dataset, PlantedTruth]:
    """Genuine interactions alone, and which of them are hard where that is known."""
    if group.data == SAMPLE:
        made = prepare(load_raw(folder), PrepareConfig(name=SAMPLE, split="given")).dataset
        return _without_noise(made, read_truth_csv(folder / "truth.csv", made))
    dataset = load_dataset(folder)
    truth = read_truth(folder, dataset)
    if truth is None:
        return dataset, NOTHING
    rows = np.flatnonzero(truth.of_kind(*NOISE_KINDS, *HARD_KINDS))
    kind = tuple(truth.kind[row] for row in rows)
    train = dataset.train
    return _without_noise(dataset, PlantedTruth(train.user[rows], train.item[rows], kind))


def _without_noise(dataset: Dataset, listed: PlantedTruth) -> tuple[Dataset, PlantedTruth]:
    """Take known noise out; what is left of the list is hard and genuine."""
    noise = np.isin(np.array(listed.kind, np.str_), NOISE_KINDS)
    train = dataset.train
    key = listed.user * np.int64(train.n_items) + listed.item
    kept = train.select(~np.isin(train.key(), key[noise]))
    rows = np.flatnonzero(~noise)
    hard = PlantedTruth(listed.user[rows], listed.item[rows], tuple(listed.kind[r] for r in rows))
    return _stamped(dataset, train=kept), hard


def _with_truth(dataset: Dataset, known: PlantedTruth) -> Prepared:
    kind = np.full(len(dataset.train), "", dtype=object)
    key = known.user * np.int64(dataset.train.n_items) + known.item
    train_key = dataset.train.key()  # sorted: rows are sorted by user and item
    kind[np.searchsorted(train_key, key)] = known.kind
    truth = Truth(tuple(kind.tolist()))
    present = tuple(name for name in NOISE_KINDS if truth.of_kind(name).any())
    return Prepared(dataset, truth, present)


def _natural(folder: Path, seed: int) -> Prepared:
    """All ratings are positives in train; low ones are noise; held out are liked ones alone."""
    raw = load_raw(folder)
    made = prepare(raw, PrepareConfig(name=f"{ML}-natural", core=CORE, seed=seed))
    rating = _ratings(raw, made.dataset)

    def liked(part: Interactions) -> Interactions:
        return part.select(_looked_up(rating, part) >= MIN_RATING)

    dataset = made.dataset
    dataset = _stamped(dataset, valid=liked(dataset.valid), test=liked(dataset.test))
    low = _looked_up(rating, dataset.train) < DISLIKED
    # Truth knows planted kinds alone; which one stands here is never shown.
    return Prepared(dataset, Truth(tuple(np.where(low, NOISE_KINDS[0], "").tolist())))


def _ratings(raw: RawTables, dataset: Dataset) -> tuple[IntArray, np.ndarray]:
    """Sorted keys of all pairs of the dataset, and their rating."""
    table = raw.interactions()
    user_number = {name: number for number, name in enumerate(dataset.users.id)}
    item_number = {name: number for number, name in enumerate(dataset.items.id)}
    user = np.array([user_number.get(name, -1) for name in table["user_id"].to_pylist()], np.int64)
    item = np.array([item_number.get(name, -1) for name in table["item_id"].to_pylist()], np.int64)
    known = (user >= 0) & (item >= 0)
    key = user[known] * np.int64(len(dataset.items.id)) + item[known]
    rating = table["rating"].to_numpy().astype(np.float64)[known]
    order = np.argsort(key, kind="stable")
    return key[order], rating[order]


def _looked_up(rating: tuple[IntArray, np.ndarray], pairs: Interactions) -> np.ndarray:
    key, value = rating
    found: np.ndarray = value[np.searchsorted(key, pairs.key())]
    return found


def _stamped(dataset: Dataset, **changes: Any) -> Dataset:  # noqa: ANN401 - fields of a dataset
    """The dataset with some parts changed and its fingerprint made to fit."""
    changed = replace(dataset, **changes)
    return replace(changed, fingerprint=fingerprint(changed))
