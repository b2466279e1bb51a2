"""A prepared dataset on disk: a folder of Parquet files, and a manifest written last.

Needs NumPy and pyarrow alone. ``truth.parquet`` (planted noise) may lie in the folder; it is
written here and never read here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import DataError
from core.types import Dataset, IntArray, Interactions, Items, Users

FORMAT: Final = "llmhni-dataset"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
TRUTH: Final = "truth.parquet"
PARTS: Final = ("train", "valid", "test")
ATTRIBUTE: Final = "attribute:"
AGAIN: Final = "Prepare the dataset again."


class Planted(Protocol):
    """Planted pairs by number and their kind, all ``(Q,)``."""

    @property
    def user(self) -> IntArray:
        """User numbers."""

    @property
    def item(self) -> IntArray:
        """Item numbers."""

    @property
    def kind(self) -> tuple[str, ...]:
        """Kind of noise."""


class Report(Protocol):
    """A report that can be written as JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""


def fingerprint(dataset: Dataset) -> str:
    """Content hash (sha256 hex) of ids, splits, texts and attributes.

    The name is not part of it: the same content under another name is the same data.
    """
    digest = hashlib.sha256(f"{FORMAT} {VERSION}".encode())
    items, users = dataset.items, dataset.users
    for texts in (users.id, users.text, items.id, items.title, items.text, items.group):
        _add(digest, json.dumps(texts).encode())
    for name in sorted(items.attributes):
        _add(digest, json.dumps([name, items.attributes[name]]).encode())
    for part in PARTS:
        pairs: Interactions = getattr(dataset, part)
        _add(digest, pairs.user.astype("<i8").tobytes())
        _add(digest, pairs.item.astype("<i8").tobytes())
    return digest.hexdigest()


def _add(digest: Any, content: bytes) -> None:  # noqa: ANN401 - hashlib has no public type
    """Hash a block with its length, so that blocks cannot be shifted into each other."""
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)


def save_dataset(
    dataset: Dataset,
    folder: str | Path,
    report: Report | Mapping[str, Any],
    truth: Planted | None = None,
    display: Mapping[str, NDArray[np.float64]] | None = None,
) -> None:
    """Write a dataset; until the manifest is there, the folder does not count as one.

    Args:
        dataset: What to write.
        folder: Where; made if need be, an older dataset in it is replaced.
        report: How it came about; goes into the manifest.
        truth: Planted noise, if any.
        display: Further columns of the train rows, ``(E,)``, for display.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, TRUTH):
        (place / name).unlink(missing_ok=True)
    for part in PARTS:
        extra = display if part == "train" else None
        _write(place / f"{part}.parquet", _pair_table(dataset, getattr(dataset, part), extra))
    users, items = dataset.users, dataset.items
    _write(place / "users.parquet", _text_table({"user_id": users.id, "text": users.text}))
    _write(place / "items.parquet", _item_table(items))
    if truth is not None:
        kind = pa.array(truth.kind, pa.string())
        table = pa.table({"user": truth.user, "item": truth.item, "kind": kind})
        _write(place / TRUTH, table)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "counts": _counts(dataset),
        "has_truth": truth is not None,
        "report": dict(report) if isinstance(report, Mapping) else report.as_dict(),
    }
    temporary = place / f"{MANIFEST}.tmp"
    temporary.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    os.replace(temporary, place / MANIFEST)


def load_dataset(folder: str | Path) -> Dataset:
    """Read a dataset and check it against its manifest.

    Raises:
        DataError: If the folder is no dataset, is of another version, or was changed.
    """
    place = Path(folder)
    manifest = load_manifest(place)
    try:
        users, items = _read_users(place), _read_items(place)
        sizes = (len(users.id), len(items.id))
        train, valid, test = (_read_pairs(place, part, sizes) for part in PARTS)
        name = str(manifest["name"])
        dataset = Dataset(name, train, valid, test, users, items, str(manifest["fingerprint"]))
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise DataError(f"The dataset in {place} is damaged: {error}. {AGAIN}") from error
    if fingerprint(dataset) != dataset.fingerprint:
        raise DataError(
            f"The dataset in {place} is not the one its manifest speaks of: a file was changed or "
            f"swapped. {AGAIN}"
        )
    return dataset


def load_manifest(folder: str | Path) -> dict[str, Any]:
    """Read the manifest: name, fingerprint, counts, report.

    Raises:
        DataError: If there is none, it cannot be read, or it is of another version.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise DataError(f"There is no finished dataset in {folder}. {AGAIN}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}. {AGAIN}") from error
    known = isinstance(manifest, dict) and manifest.get("format") == FORMAT
    if not known or manifest.get("version") != VERSION:
        raise DataError(f"{path} is of another format or version than {FORMAT} {VERSION}. {AGAIN}")
    return dict(manifest)


def _counts(dataset: Dataset) -> dict[str, int]:
    parts = {f"n_{part}": len(getattr(dataset, part)) for part in PARTS}
    return {"n_users": len(dataset.users.id), "n_items": len(dataset.items.id), **parts}


def _pair_table(
    dataset: Dataset, pairs: Interactions, extra: Mapping[str, NDArray[np.float64]] | None
) -> pa.Table:
    user, item = pa.array(pairs.user), pa.array(pairs.item)
    return pa.table(
        {
            "user_id": pa.array(dataset.users.id, pa.string()).take(user),
            "item_id": pa.array(dataset.items.id, pa.string()).take(item),
            "user": user,
            "item": item,
            **(extra or {}),
        }
    )


def _text_table(columns: Mapping[str, Sequence[str]]) -> pa.Table:
    return pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()})


def _item_table(items: Items) -> pa.Table:
    columns = {"item_id": items.id, "title": items.title, "text": items.text}
    table = _text_table(columns | ({"group": items.group} if items.group else {}))
    for name, values in items.attributes.items():
        table = table.append_column(ATTRIBUTE + name, pa.array(values, pa.list_(pa.string())))
    return table


def _write(path: Path, table: pa.Table) -> None:
    temporary = path.with_suffix(".tmp")
    pq.write_table(table, temporary)
    os.replace(temporary, path)


def _read_users(folder: Path) -> Users:
    table = pq.read_table(folder / "users.parquet")
    return Users(_texts(table["user_id"]), _texts(table["text"]))


def _read_items(folder: Path) -> Items:
    table = pq.read_table(folder / "items.parquet")
    names = [name for name in table.column_names if name.startswith(ATTRIBUTE)]
    return Items(
        _texts(table["item_id"]),
        _texts(table["title"]),
        _texts(table["text"]),
        {name.removeprefix(ATTRIBUTE): _lists(table[name].to_pylist()) for name in names},
        _texts(table["group"]) if "group" in table.column_names else (),
    )


def _read_pairs(folder: Path, part: str, sizes: tuple[int, int]) -> Interactions:
    table = pq.read_table(folder / f"{part}.parquet", columns=["user", "item"])
    user = table["user"].to_numpy().astype(np.int64)
    item = table["item"].to_numpy().astype(np.int64)
    for number, size in ((user, sizes[0]), (item, sizes[1])):
        if len(number) and not (number.min() >= 0 and number.max() < size):
            raise ValueError(f"{part}.parquet has numbers outside 0..{size - 1}")
    return Interactions(user, item, *sizes)


def _texts(column: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(column.to_pylist())


def _lists(values: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(value) for value in values)
