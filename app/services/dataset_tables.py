"""Users, items and interactions of a dataset: searched, ordered and turned page by page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services.datasets import (
    ATTRIBUTE,
    DISPLAY,
    PARTS,
    PreparedData,
    ask,
    columns,
    write,
)
from core.data.sources.files import quote_name

ORDERS: Final = {
    "users": {
        "most": ("Most active first", "n_train DESC, user_id"),
        "least": ("Least active first", "n_train, user_id"),
        "id": ("By id", "user_id"),
    },
    "items": {
        "most": ("Most popular first", "n_train DESC, item_id"),
        "least": ("Least popular first", "n_train, item_id"),
        "title": ("By title", "title, item_id"),
        "id": ("By id", "item_id"),
    },
    "interactions": {
        "id": ("By user and item", "part_order, file_row_number"),
        "new": ("Latest first", '"timestamp" DESC NULLS LAST, part_order, file_row_number'),
        "old": ("Earliest first", '"timestamp" NULLS LAST, part_order, file_row_number'),
        "high": ("Highest rating first", "rating DESC NULLS LAST, part_order, file_row_number"),
        "low": ("Lowest rating first", "rating NULLS LAST, part_order, file_row_number"),
    },
}
"""Table -> key of the order -> title and SQL."""
NEEDED: Final = {"new": "timestamp", "old": "timestamp", "high": "rating", "low": "rating"}
"""Order -> column of train it needs."""


@dataclass(frozen=True)
class Filters:
    """What a table shows; empty = everything."""

    text: str = ""
    """Part of an id, a title or a text, whatever the case."""
    user: str = ""
    """Exact id; interactions only."""
    item: str = ""
    """Exact id; interactions only."""
    parts: tuple[str, ...] = ()
    """Files of the split; interactions only."""


def orders(data: PreparedData, table: str) -> dict[str, str]:
    """Orders in which a table can be shown: key -> title."""
    known = columns(data, "train")
    return {
        key: title
        for key, (title, _) in ORDERS[table].items()
        if table != "interactions" or NEEDED.get(key, "user_id") in known
    }


def count(data: PreparedData, table: str, filters: Filters) -> int:
    """Count the rows that pass the filters.

    Raises:
        core.errors.DataError: If a file is missing or damaged.
    """
    sql, parameters = _filtered(data, table, filters, counts=False)
    return int(ask(data, f"SELECT count(*) AS n FROM ({sql})", parameters)["n"].iloc[0])


def page(
    data: PreparedData, table: str, filters: Filters, order: str, number: int, size: int
) -> pd.DataFrame:
    """One page of a table.

    Args:
        data: Which dataset.
        table: ``users``, ``items`` or ``interactions``.
        filters: What to show.
        order: Key of :data:`ORDERS`.
        number: Page, from 1.
        size: Rows of a page.

    Returns:
        ``users``: user_id, n_train, n_valid, n_test, text. ``items``: item_id, title,
        n_train, n_valid, n_test, group, the attributes as text under their names with the
        prefix ``attribute:``, and text. ``interactions``: part, row (in train, else missing),
        user_id, item_id, title, and rating, timestamp and position as far as there are any.

    Raises:
        core.errors.DataError: If a file is missing or damaged.
    """
    sql, parameters = _filtered(data, table, filters)
    place = {"size": size, "skip": (number - 1) * size}
    by = ORDERS[table][order][1]
    if table != "interactions":
        return ask(data, f"{sql} ORDER BY {by} LIMIT $size OFFSET $skip", parameters | place)
    # Titles are looked up for one page, not for every row that is passed over.
    chosen = f"SELECT * FROM ({sql}) ORDER BY {by} LIMIT $size OFFSET $skip"
    return ask(data, f"{_titled(data, chosen)} ORDER BY {by}", parameters | place).drop(
        columns=["part_order", "file_row_number"]
    )


def export(data: PreparedData, table: str, filters: Filters, order: str, target: Path) -> None:
    """Write all rows that pass the filters to a CSV or Parquet file, by its suffix."""
    sql, parameters = _filtered(data, table, filters)
    by = ORDERS[table][order][1]
    if table == "interactions":
        titled = f"SELECT * FROM ({_titled(data, sql)}) ORDER BY {by}"
        sql = f"SELECT * EXCLUDE (part_order, file_row_number) FROM ({titled})"
    else:
        sql = f"{sql} ORDER BY {by}"
    write(data, sql, target, parameters)


def degrees(data: PreparedData, side: str) -> pd.DataFrame:
    """How many users (or items) have how many train interactions.

    Args:
        data: Which dataset.
        side: ``user`` or ``item``.

    Returns:
        Columns ``degree`` and ``n``, by degree.

    Raises:
        core.errors.DataError: If a file is missing or damaged.
    """
    name = {"user": '"user"', "item": '"item"'}[side]
    return ask(
        data,
        f"SELECT degree, count(*) AS n FROM (SELECT count(*) AS degree FROM train GROUP BY {name})"
        " GROUP BY degree ORDER BY degree",
    )


def has_texts(data: PreparedData, table: str) -> bool:
    """Whether any user (or item) has a text."""
    if table == "interactions":
        return False
    return bool(ask(data, f"SELECT bool_or(text <> '') AS known FROM {table}")["known"].iloc[0])


def one(data: PreparedData, table: str, name: str) -> pd.DataFrame:
    """Everything about a user or an item by its exact id; no row if there is none."""
    key = {"users": "user_id", "items": "item_id"}[table]
    parts = ", ".join(
        f"(SELECT count(*) FROM {part} WHERE {key} = $name) AS n_{part}" for part in PARTS
    )
    return ask(
        data,
        f"SELECT * EXCLUDE (file_row_number), {parts} FROM {table} WHERE {key} = $name LIMIT 1",
        {"name": name},
    )


def _filtered(
    data: PreparedData, table: str, filters: Filters, counts: bool = True
) -> tuple[str, dict[str, Any]]:
    """The rows that pass, with or without the counts beside them."""
    text = {"text": filters.text.lower()} if filters.text else {}
    if table == "interactions":
        return _interactions(data, filters)
    key = {"users": "user_id", "items": "item_id"}[table]
    where = "WHERE " + _contains((key, *_searched(table))) if text else ""
    if not counts:
        return f"SELECT {key} FROM {table} {where}", text
    joined = " ".join(
        f"LEFT JOIN (SELECT {key}, count(*) AS n FROM {part} GROUP BY {key}) AS of_{part}"
        f" USING ({key})"
        for part in PARTS
    )
    sizes = ", ".join(f"coalesce(of_{part}.n, 0) AS n_{part}" for part in PARTS)
    title, more = (" title,", _more_columns(data)) if table == "items" else ("", "")
    shown = f"{key},{title} {sizes}{more}, left(text, 300) AS text"
    return f"SELECT {shown} FROM {table} {joined} {where}", text


def _interactions(data: PreparedData, filters: Filters) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {}
    tests = []
    for name, value in (("user", filters.user), ("item", filters.item)):
        if value:
            tests.append(f"{name}_id = ${name}")
            parameters[name] = value
    if filters.text:
        known = f"SELECT item_id FROM items WHERE {_contains(('item_id', 'title'))}"
        tests.append(f"({_contains(('user_id',))} OR item_id IN ({known}))")
        parameters["text"] = filters.text.lower()
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    display = [name for name in DISPLAY if name in columns(data, "train")]
    chosen = [part for part in PARTS if not filters.parts or part in filters.parts]
    selects = []
    for part in chosen:
        own = [name if part == "train" else f"NULL::DOUBLE AS {name}" for name in display]
        row = "file_row_number" if part == "train" else "NULL::BIGINT"
        listed = ", ".join(
            (f"'{PARTS[part]}' AS part", f'{row} AS "row"', "user_id", "item_id", *own)
        )
        number = f"{list(PARTS).index(part)} AS part_order, file_row_number"
        selects.append(f"SELECT {listed}, {number} FROM {part} {where}")
    return " UNION ALL ".join(selects), parameters


def _titled(data: PreparedData, sql: str) -> str:
    """Interactions with the title of the item after the ids."""
    display = [name for name in DISPLAY if name in columns(data, "train")]
    listed = ", ".join(f"chosen.{name}" for name in ("user_id", "item_id"))
    more = "".join(f", chosen.{name}" for name in display)
    return (
        f'SELECT chosen.part, chosen."row", {listed}, items.title{more}, chosen.part_order, '
        f"chosen.file_row_number FROM ({sql}) AS chosen LEFT JOIN items USING (item_id)"
    )


def _more_columns(data: PreparedData) -> str:
    """Group and attributes of items, each after a comma."""
    known = columns(data, "items")
    group = ['"group"'] if "group" in known else []
    lists = [
        f"array_to_string({quote_name(name)}, ', ') AS {quote_name(name)}"
        for name in known
        if name.startswith(ATTRIBUTE)
    ]
    return "".join(f", {one}" for one in (*group, *lists))


def _searched(table: str) -> tuple[str, ...]:
    return ("title", "text") if table == "items" else ("text",)


def _contains(names: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"contains(lower({name}), $text)" for name in names) + ")"
