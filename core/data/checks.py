"""Checks of raw data, one small function each: raw tables and settings to a problem or None.

Examples and counts come from SQL over the view ``typed`` of :mod:`core.data.sources.raw`.
"""

from __future__ import annotations

import time
from typing import Final

from core.config import PrepareConfig
from core.data.problems import MAX_EXAMPLES, Problem, Severity
from core.data.sources import RawTables

YEAR_1990: Final = 631_152_000
DAY: Final = 86_400
RATING_LIMITS: Final = (-10.0, 100.0)
"""Ratings outside are hardly ratings (5 stars, 10 points and percent are inside)."""
MIN_FOR_SPLIT: Final = 3
"""Interactions a user needs to have one in each of train, valid and test."""


def no_rows(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find a file without rows."""
    if _count(raw, "FROM typed"):
        return None
    return Problem("There are no rows", 1, [], "error", "Choose a file with interactions.")


def empty_ids(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find rows without a user or item id."""
    return _find(
        raw,
        "FROM typed WHERE user_id IS NULL OR item_id IS NULL",
        "Rows without a user or item id",
        "warning",
        "They are left out. If they are many, another column may be mapped by mistake.",
    )


def duplicate_pairs(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find repeated user-item pairs."""
    pairs = "FROM (SELECT user_id, item_id, count(*) AS n FROM typed GROUP BY 1, 2 HAVING n > 1)"
    return _find(
        raw,
        f"{pairs} WHERE user_id IS NOT NULL AND item_id IS NOT NULL",
        "User-item pairs that occur more than once",
        "warning",
        "The earliest row of each pair is kept.",
        order="n DESC, user_id, item_id",
    )


def too_small(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find a table with a single user or a single item."""
    row = raw.query("SELECT count(DISTINCT user_id) AS u, count(DISTINCT item_id) AS i FROM typed")
    n_users, n_items = row[0]["u"], row[0]["i"]
    if min(n_users, n_items) >= 2 or max(n_users, n_items) == 0:
        return None
    return Problem(
        f"{n_users} user(s) and {n_items} item(s)",
        1,
        row,
        "error",
        "At least two of each are needed to learn anything. Check the mapping of the columns.",
    )


def ratings_not_numbers(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find ratings that are text."""
    return _find(
        raw,
        "FROM typed WHERE rating_text IS NOT NULL AND rating IS NULL",
        "Ratings that are not numbers",
        "warning",
        "They count as missing. Use digits with a decimal point, or map another column.",
    )


def ratings_missing(raw: RawTables, config: PrepareConfig) -> Problem | None:
    """Find rows without a usable rating (empty, NaN, infinite)."""
    if "rating" not in raw.columns:
        return None
    bad = "(rating_text IS NULL OR NOT isfinite(rating))"
    fate = "left out" if config.min_rating is not None else "kept, as no threshold is set"
    return _find(
        raw,
        f"FROM typed WHERE {bad}",
        "Ratings that are missing, NaN or infinite",
        "warning",
        f"Rows without a rating are {fate}.",
    )


def ratings_out_of_range(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find ratings far from any rating scale."""
    low, high = RATING_LIMITS
    return _find(
        raw,
        f"FROM typed WHERE isfinite(rating) AND NOT rating BETWEEN {low} AND {high}",
        f"Ratings outside {low:g} to {high:g}",
        "warning",
        "Check whether the mapped column is a rating at all.",
    )


def ratings_mixed_scale(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find two scales in one column: most ratings at most 5, some above 10."""
    usual = "(SELECT quantile_cont(rating, 0.5) FROM typed WHERE isfinite(rating))"
    low, high = RATING_LIMITS
    return _find(
        raw,
        f"FROM typed WHERE isfinite(rating) AND rating > 10 AND {usual} <= 5 "
        f"AND rating BETWEEN {low} AND {high}",
        "Ratings on two scales: half of them are at most 5, these are above 10",
        "warning",
        "Bring all ratings to one scale, or a threshold will mean two things.",
    )


def threshold_out_of_reach(raw: RawTables, config: PrepareConfig) -> Problem | None:
    """Find a rating threshold that no row can meet."""
    if config.min_rating is None:
        return None
    if "rating" not in raw.columns:
        fix = "Map the rating column, or switch the threshold off."
        return Problem("A rating threshold is set, but there is no rating", 1, [], "error", fix)
    best = raw.query("SELECT max(rating) AS best FROM typed WHERE isfinite(rating)")[0]["best"]
    if best is not None and best >= config.min_rating:
        return None
    return Problem(
        f"No rating reaches the threshold {config.min_rating:g}",
        1,
        [{"highest rating": best}],
        "error",
        "Lower the threshold, or map another rating column.",
    )


def timestamps_not_times(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find timestamps that are neither numbers nor dates."""
    return _find(
        raw,
        "FROM typed WHERE timestamp_text IS NOT NULL "
        "AND (timestamp IS NULL OR NOT isfinite(timestamp))",
        "Timestamps that are neither numbers nor dates",
        "warning",
        "They count as unknown and as the oldest. Use Unix seconds or dates like 2024-05-31.",
    )


def timestamps_absurd(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find times before 1990 or in the future."""
    latest = int(time.time()) + DAY
    return _find(
        raw,
        f"FROM typed WHERE isfinite(timestamp) AND NOT timestamp BETWEEN {YEAR_1990} AND {latest}",
        "Timestamps that are negative, before 1990 or in the future",
        "warning",
        "Check the unit and the mapped column; a split by time relies on them.",
    )


def timestamps_not_seconds(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Tell that timestamps were read as milliseconds or smaller."""
    units = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}
    if raw.time_unit not in units:
        return None
    return _find(
        raw,
        "FROM typed WHERE timestamp IS NOT NULL",
        f"Timestamps are in {units[raw.time_unit]}",
        "info",
        "They are turned into seconds; nothing needs to be done.",
    )


def timestamps_missing_for_split(raw: RawTables, config: PrepareConfig) -> Problem | None:
    """Find a split by time without times."""
    times = "FROM typed WHERE isfinite(timestamp)"
    if config.split != "time" or _count(raw, times):
        return None
    fix = "Map the timestamp column, or split at random."
    return Problem("A split by time is set, but there are no times", 1, [], "error", fix)


def labels_unknown(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find labels that are neither 0 nor 1."""
    if "label" not in raw.columns:
        return None
    return _find(
        raw,
        "FROM typed WHERE label IS NULL",
        "Labels that are neither 0 nor 1",
        "warning",
        "These rows are left out. Map a column with 0 and 1, or a rating with a threshold.",
    )


def splits_unknown(raw: RawTables, config: PrepareConfig) -> Problem | None:
    """Find split names other than train, valid and test."""
    if "split" not in raw.columns:
        if config.split != "given":
            return None
        fix = "Map the split column, or split at random or by time."
        return Problem("The split is to be the given one, but there is none", 1, [], "error", fix)
    return _find(
        raw,
        "FROM typed WHERE split IS NULL",
        "Split names other than train, valid and test",
        "error" if config.split == "given" else "info",
        "Rename them to train, valid or test, or split at random or by time.",
    )


def items_unknown(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find interactions with items that are not among the items."""
    if not raw.has_items:
        return None
    return _find(
        raw,
        "FROM typed WHERE item_id IS NOT NULL AND item_id NOT IN "
        "(SELECT item_id FROM items WHERE item_id IS NOT NULL)",
        "Interactions with items that the item file does not know",
        "warning",
        "They are kept, but their items have no text. Check that both files use the same ids.",
    )


def items_repeated(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find item ids that occur more than once among the items."""
    if not raw.has_items:
        return None
    return _find(
        raw,
        "FROM (SELECT item_id, count(*) AS n FROM items GROUP BY 1 HAVING n > 1)",
        "Items that occur more than once in the item file",
        "warning",
        "The first row of each item is used.",
    )


def items_without_text(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Find items without title, text and attributes."""
    fix = "Text signals are weak for them. Map a title, a text or attributes."
    if not raw.has_items:
        title = "There is no text about the items"
        return Problem(title, 1, [], "warning", "Add an item file with titles or descriptions.")
    fields = ["title", "text", *(f"attribute:{name}" for name in raw.attributes)]
    empty = " AND ".join(f'''"{field.replace('"', '""')}" IS NULL''' for field in fields)
    return _find(raw, f"FROM items WHERE {empty}", "Items without any text", "warning", fix)


def users_below_core(raw: RawTables, config: PrepareConfig) -> Problem | None:
    """Find users with fewer interactions than the core, or than a split needs."""
    least = max(config.core, MIN_FOR_SPLIT)
    fate = "left out" if config.core >= MIN_FOR_SPLIT else "used for training only"
    return _find(
        raw,
        "FROM (SELECT user_id, count(DISTINCT item_id) AS n_items FROM typed "
        f"WHERE user_id IS NOT NULL GROUP BY 1 HAVING n_items < {least})",
        f"Users with fewer than {least} interactions",
        "info",
        f"They are {fate}.",
        order="n_items, user_id",
    )


def columns_unused(raw: RawTables, _: PrepareConfig) -> Problem | None:
    """Tell which columns of the file are not used."""
    if not raw.unused:
        return None
    return Problem(
        f"Columns that are not used: {', '.join(raw.unused)}",
        len(raw.unused),
        [],
        "info",
        "Map them if they mean something.",
    )


def _count(raw: RawTables, source: str) -> int:
    return int(raw.query(f"SELECT count(*) AS n {source}")[0]["n"])


def _find(
    raw: RawTables, source: str, title: str, severity: Severity, fix: str, order: str = ""
) -> Problem | None:
    """Count the rows of ``source`` (SQL from FROM on) and fetch the first ones."""
    count = _count(raw, source)
    if count == 0:
        return None
    ordered = f" ORDER BY {order}" if order else ""
    rows = raw.query(f"SELECT * {source}{ordered} LIMIT {MAX_EXAMPLES}")
    seen = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return Problem(title, count, seen, severity, fix)
