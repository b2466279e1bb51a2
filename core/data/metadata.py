"""Texts and attributes of the users and items that made it into a dataset."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from core.data.sources import RawTables
from core.data.sources.raw import attribute_column
from core.types import Items, Users


def read_users(raw: RawTables, ids: pa.Array) -> Users:
    """Look up the texts of users, in the order of ``ids`` ``(U,)``."""
    names = tuple(ids.to_pylist())
    if not raw.has_users:
        return Users(names, ("",) * len(names))
    return Users(names, _texts(raw.users(ids)["text"]))


def read_items(raw: RawTables, ids: pa.Array) -> Items:
    """Look up what is known about items, in the order of ``ids`` ``(I,)``."""
    names = tuple(ids.to_pylist())
    if not raw.has_items:
        return Items(names, ("",) * len(names), ("",) * len(names))
    table = raw.items(ids)
    attributes = {
        name: tuple(_values(text) for text in table[attribute_column(name)].to_pylist())
        for name in raw.attributes
    }
    group = _texts(table["group"])
    return Items(
        names,
        _texts(table["title"]),
        _texts(table["text"]),
        attributes,
        group if any(group) else (),
    )


def _texts(column: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(pc.fill_null(column.cast(pa.string()), "").to_pylist())


def _values(text: str | None) -> tuple[str, ...]:
    """Values of a multi-valued column, each once, in order."""
    parts = (part.strip() for part in (text or "").split("|"))
    return tuple(dict.fromkeys(part for part in parts if part))
