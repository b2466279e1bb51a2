"""Orders of the queue over all interactions of a run, kept once worked out: runs never change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.services import query
from app.services.compare.pair import columns as columns_of
from app.services.decided import by_person
from app.services.method_of import is_baseline
from app.services.store import Run

_EDGE: Final = 1e-6
"""Probabilities nearer to 0 and 1 than this have no larger log-odds."""

Columns = Mapping[str, npt.NDArray[Any]]
Keys = npt.NDArray[Any]


def rows_in_order(run: Run, order: str) -> npt.NDArray[np.int64]:
    """Values of ``row`` of all interactions in an order, ``(E,)``; ties by ``row``.

    Args:
        run: Whose interactions.
        order: ``noisy``, ``uncertain``, ``disagreement``, ``influence`` or ``random``.

    Raises:
        core.errors.DataError: If the table of interactions is missing or damaged.
    """
    manifest = run.folder / "manifest.json"
    written = manifest.stat().st_mtime_ns if manifest.is_file() else 0
    return _ranked(_Key(run, written), order)


class _Key:
    """A run as a key: its folder, and when it was finished."""

    def __init__(self, run: Run, written: int) -> None:
        self.run = run
        self._key: tuple[Path, int] = (run.folder, written)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._key == other._key


@lru_cache(maxsize=10)  # five orders of two runs; 8 MB per million interactions each
def _ranked(key: _Key, order: str) -> npt.NDArray[np.int64]:
    columns, of = _ORDERS[order]
    if order == "disagreement" and is_baseline(key.run.manifest):
        columns, of = "loss, semantic", _disagreement_of_signals
    found = query.ask_columns(key.run, f'SELECT "row", {columns} FROM {_source(key.run)}')
    if np.any(np.diff(found["row"]) < 0):  # files have them in order; sorting takes a while
        by_row = np.argsort(found["row"], kind="stable")
        found = {name: values[by_row] for name, values in found.items()}
    ranked: npt.NDArray[np.int64] = found["row"][np.argsort(of(key.run, found), kind="stable")]
    ranked.setflags(write=False)
    return ranked


def _source(run: Run) -> str:
    """Interactions with p_noisy as the signals have it.

    What a person decided has p_noisy 0 or 1, which says nothing about what to look at next.
    """
    if not {"decided_by", "p_noisy_model"} <= columns_of(run, "interactions"):
        return "interactions"
    return (
        f"(SELECT * REPLACE (CASE WHEN {by_person(run)} THEN p_noisy_model ELSE p_noisy END "
        "AS p_noisy) FROM interactions)"
    )


def _noisy(_: Run, found: Columns) -> Keys:
    return -found["p_noisy"]


def _uncertain(run: Run, found: Columns) -> Keys:
    return np.abs(_log_odds(found["p_noisy"]) - _log_odds(np.array(run.manifest.threshold or 0.5)))


def _disagreement(_: Run, found: Columns) -> Keys:
    """Distance of the places from least to most suspicious, in both ways of looking."""
    return -np.abs(_place(found["from_behaviour"]) - _place(found["from_language"]))


def _disagreement_of_signals(_: Run, found: Columns) -> Keys:
    """The same of a baseline, where nothing moved p_noisy: by loss and semantic relevance."""
    return -np.abs(_place(found["loss"]) - _place(-found["semantic"]))


def _influence(_: Run, found: Columns) -> Keys:
    """How much a label may move LightGCN: uncertainty times weight of the edge in its sums."""
    p = found["p_noisy"]
    near = np.zeros(len(p))
    for name in ("user", "item"):
        near += 1 / np.sqrt(np.bincount(found[name])[found[name]])
    return np.asarray(-p * (1 - p) * near)


def _random(run: Run, found: Columns) -> Keys:
    """Hash of both ids: the same for everybody, in every run of the dataset."""
    key = np.zeros(len(found["row"]), np.uint64)
    for name, salt in (("user", 0x9E3779B97F4A7C15), ("item", 0xC2B2AE3D27D4EB4F)):
        key = _mix(key ^ _id_hashes(run, name)[found[name]] * np.uint64(salt))
    return key


def _id_hashes(run: Run, name: str) -> npt.NDArray[np.uint64]:
    """A hash per user or item, by its number."""
    found = query.ask_columns(
        run,
        f'SELECT "{name}" AS number, md5_number_lower(any_value({name}_id)) AS hash '
        f'FROM interactions GROUP BY "{name}"',
    )
    hashes = np.zeros(int(found["number"].max(initial=-1)) + 1, np.uint64)
    hashes[found["number"]] = found["hash"].astype(np.uint64)
    return hashes


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Finalizer of splitmix64 (Steele, Lea and Flood 2014, OOPSLA): a bijection without pattern."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _log_odds(p: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    inside = np.clip(p.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.log(inside / (1 - inside))


def _place(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """How many values are smaller; NaN stays NaN. Whole numbers, so that ties are exact."""
    order = np.argsort(values)
    ranked = values[order]
    first = np.r_[True, ranked[1:] != ranked[:-1]][: len(values)]
    place = np.empty(len(values))
    place[order] = np.maximum.accumulate(np.where(first, np.arange(len(values)), 0))
    return np.where(np.isnan(values), np.nan, place)


_ORDERS: Final[Mapping[str, tuple[str, Callable[[Run, Columns], Keys]]]] = {
    "noisy": ("p_noisy", _noisy),
    "uncertain": ("p_noisy", _uncertain),
    "disagreement": ("from_behaviour, from_language", _disagreement),
    "influence": ('p_noisy, "user", item', _influence),
    "random": ('"user", item', _random),
}
"""Columns that an order reads, and its key: the smallest comes first, NaN last."""
