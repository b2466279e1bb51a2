"""Which column of a file means what: mappings, and guesses for common names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pydantic import Field

from core.config import Settings
from core.errors import DataError


class ColumnMapping(Settings):
    """Columns of a file of interactions, by their names in the file."""

    user: str
    """Column with the user id."""
    item: str
    """Column with the item id."""
    rating: str | None = None
    """Column with a rating; with a threshold it decides what counts as liked."""
    timestamp: str | None = None
    """Column with the time: Unix seconds, milliseconds, or a date."""
    label: str | None = None
    """Column with 1 = positive and 0 = not; rows with 0 are left out."""
    position: str | None = None
    """Column with the place in the list that was shown; for display only."""
    split: str | None = None
    """Column with train, valid or test."""


class ItemMapping(Settings):
    """Columns of a file of items."""

    item: str
    """Column with the item id."""
    title: str | None = None
    """Column with the title."""
    text: tuple[str, ...] = ()
    """Columns with free text; joined by a blank."""
    attributes: tuple[str, ...] = ()
    """Columns with several values, separated by ``|``."""
    group: str | None = None
    """Column for colouring pictures only; no signal reads it."""


class UserMapping(Settings):
    """Columns of a file of users."""

    user: str
    """Column with the user id."""
    text: tuple[str, ...] = Field(default=())
    """Columns with text about the user; joined by a blank."""


COMMON_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "user": ("userid", "user", "uid", "reviewerid", "customerid", "customer", "visitorid"),
    "item": (
        *("itemid", "item", "iid", "movieid", "movie", "asin", "parentasin", "productid"),
        *("product", "bookid", "gameid", "appid", "songid", "trackid", "businessid", "sku"),
    ),
    "rating": ("rating", "ratings", "stars", "star", "score", "overall"),
    "timestamp": ("timestamp", "ts", "unixreviewtime", "time", "datetime", "date", "createdat"),
    "label": ("label", "islike", "isclick", "clicked"),
    "position": ("position", "pos", "rank", "slot"),
    "split": ("split", "subset"),
    "title": ("title", "name", "itemname", "itemtitle", "productname"),
    "group": ("niche", "group"),
}
"""Common names of each field, best first; compared without case, blanks and punctuation."""

TEXT_NAMES: Final = ("description", "text", "overview", "summary", "plot", "abstract", "profile")
ATTRIBUTE_NAMES: Final = (
    *("genres", "genre", "tags", "keywords", "categories", "category", "director", "directors"),
    *("authors", "author", "brand", "artist", "publisher", "cast", "actors", "decade"),
)


def guess_columns(columns: Sequence[str]) -> dict[str, str]:
    """Guess the fields of a :class:`ColumnMapping`: field -> column, known ones only."""
    fields = ("user", "item", "rating", "timestamp", "label", "position", "split")
    found = {field: _first(columns, COMMON_NAMES[field]) for field in fields}
    return {field: column for field, column in found.items() if column is not None}


def guess_mapping(columns: Sequence[str]) -> ColumnMapping:
    """Guess the mapping of a file of interactions.

    Raises:
        DataError: If no column looks like a user id or an item id.
    """
    guess = guess_columns(columns)
    missing = [field for field in ("user", "item") if field not in guess]
    if missing:
        raise DataError(
            f"No column looks like the {' or the '.join(missing)} id. "
            f"The file has: {', '.join(columns)}. Say which columns they are (--map, or on the "
            "Data page)."
        )
    return ColumnMapping(**guess)


def guess_item_columns(columns: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
    """Guess the fields of an :class:`ItemMapping`: field -> column or columns, known ones only."""
    found = {
        "item": _first(columns, (*COMMON_NAMES["item"], "id")),
        "title": _first(columns, COMMON_NAMES["title"]),
        "text": _all(columns, TEXT_NAMES),
        "attributes": _all(columns, ATTRIBUTE_NAMES),
        "group": _first(columns, COMMON_NAMES["group"]),
    }
    return {field: column for field, column in found.items() if column}


def guess_user_columns(columns: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
    """Guess the fields of a :class:`UserMapping`: field -> column or columns, known ones only."""
    found = {
        "user": _first(columns, (*COMMON_NAMES["user"], "id")),
        "text": _all(columns, TEXT_NAMES),
    }
    return {field: column for field, column in found.items() if column}


def guess_item_mapping(columns: Sequence[str]) -> ItemMapping:
    """Guess the mapping of a file of items.

    Raises:
        DataError: If no column looks like an item id.
    """
    guess = guess_item_columns(columns)
    if "item" not in guess:
        raise DataError(
            f"No column of the item file looks like the item id. It has: {', '.join(columns)}. "
            "Say which column it is (--item-map item=COLUMN, or on the Data page)."
        )
    return ItemMapping.model_validate(guess)


def guess_user_mapping(columns: Sequence[str]) -> UserMapping:
    """Guess the mapping of a file of users.

    Raises:
        DataError: If no column looks like a user id.
    """
    guess = guess_user_columns(columns)
    if "user" not in guess:
        raise DataError(
            f"No column of the user file looks like the user id. It has: {', '.join(columns)}. "
            "Say which column it is (--user-map user=COLUMN, or on the Data page)."
        )
    return UserMapping.model_validate(guess)


def require_columns(wanted: Collection[str], columns: Sequence[str], file_name: str) -> None:
    """Check that every mapped column is in the file.

    Raises:
        DataError: Naming the missing columns and those the file has.
    """
    missing = [f"'{column}'" for column in wanted if column not in columns]
    if missing:
        raise DataError(
            f"{', '.join(missing)} is not a column of {file_name}; it has: {', '.join(columns)}. "
            "Change the mapping (--map, or on the Data page)."
        )


def _plain(column: str) -> str:
    """``"userId"``, ``"user_id"`` and ``"user_id:token"`` are all ``"userid"``."""
    return re.sub(r"[^a-z0-9]", "", column.split(":", maxsplit=1)[0].lower())


def _first(columns: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {_plain(column): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), None)


def _all(columns: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if _plain(column) in names)
