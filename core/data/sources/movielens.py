"""MovieLens 100K, 1M / 10M and 20M / latest, each known by the names of its files.

Source: https://grouplens.org/datasets/movielens/ (the README of each release).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb

from core.data.problems import Problem
from core.data.sources.files import Scan, materialise, open_scan, quote_name, quote_text
from core.data.sources.raw import (
    RawTables,
    connect,
    create_interactions,
    create_items,
    text_of,
)
from core.data.sources.tabular import Request

RATING_COLUMNS: Final = ("user_id", "item_id", "rating", "timestamp")
GENRES_100K: Final = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The 19 flags at the end of a line of u.item, in the order of u.genre."""
N_TAGS: Final = 12
"""Tags kept per film, the most frequent ones."""


def sniff(path: Path) -> bool:
    """Whether this folder is a MovieLens release."""
    return _layout(path) is not None


def load(request: Request, scratch: Path) -> RawTables:
    """Read ratings and films; genres and, where there are any, tags become attributes.

    Raises:
        DataError: If a file of the release is damaged.
    """
    layout = _layout(request.path)
    if layout is None:
        raise ValueError(f"{request.path} is no MovieLens folder; call sniff first")
    raw = LAYOUTS[layout][1](request.path, scratch)
    # Old releases are Latin-1 by design, which is nothing to warn about.
    kept = tuple(problem for problem in raw.problems if "UTF-8" not in problem.title)
    return replace(raw, name=request.path.name, problems=kept)


def _layout(path: Path) -> str | None:
    fits = (
        name for name, (files, _) in LAYOUTS.items() if all((path / f).is_file() for f in files)
    )
    return next(fits, None)


def _load_100k(folder: Path, scratch: Path) -> RawTables:
    connection = connect()
    ratings = open_scan(connection, folder / "u.data", scratch, RATING_COLUMNS, "\t")
    columns = ("item_id", "title", "released", "video", "url", *GENRES_100K)
    films = open_scan(connection, folder / "u.item", scratch, columns, "|")
    flags = ", ".join(
        f"CASE WHEN {quote_name(genre)} = '1' THEN {quote_text(genre)} END"
        for genre in GENRES_100K[1:]
    )
    genres = f"nullif(concat_ws('|', {flags}), '')"
    return _tables(connection, ratings, films, {"genres": genres})


def _load_1m(folder: Path, scratch: Path) -> RawTables:
    connection = connect()
    ratings = open_scan(connection, folder / "ratings.dat", scratch, RATING_COLUMNS, "::")
    columns = ("item_id", "title", "genres")
    films = open_scan(connection, folder / "movies.dat", scratch, columns, "::")
    return _tables(connection, ratings, films, {"genres": _GENRES})


def _load_latest(folder: Path, scratch: Path) -> RawTables:
    connection = connect()
    ratings = open_scan(connection, folder / "ratings.csv", scratch)
    films = open_scan(connection, folder / "movies.csv", scratch)
    attributes, problems = {"genres": _GENRES}, []
    if (folder / "tags.csv").is_file():
        problems = _create_tags(connection, open_scan(connection, folder / "tags.csv", scratch))
        attributes["tags"] = "(SELECT tags FROM film_tags WHERE film_tags.item_id = movieId)"
    raw = _tables(connection, ratings, films, attributes)
    return replace(raw, problems=(*raw.problems, *problems))


_GENRES: Final = "CASE WHEN genres NOT LIKE '(no genres%' THEN genres END"


def _create_tags(connection: duckdb.DuckDBPyConnection, scan: Scan) -> list[Problem]:
    """Create ``film_tags``: the most frequent tags of each film, joined by ``|``."""
    tag = "replace(lower(trim(tag)), '|', ' ')"
    problems = materialise(connection, "tag_rows", scan, f"movieId AS item_id, {tag} AS tag")
    connection.execute(f"""
        CREATE TABLE film_tags AS
        WITH counted AS (
            SELECT item_id, tag, count(*) AS n FROM tag_rows WHERE tag <> '' GROUP BY item_id, tag
        ), best AS (
            SELECT * FROM counted
            QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY n DESC, tag) <= {N_TAGS}
        )
        SELECT item_id, string_agg(tag, '|' ORDER BY n DESC, tag) AS tags
        FROM best GROUP BY item_id""").fetchall()
    return problems


def _tables(
    connection: duckdb.DuckDBPyConnection,
    ratings: Scan,
    films: Scan,
    attributes: Mapping[str, str],
) -> RawTables:
    """Create the tables; the first columns of all releases are the same four and the same two."""
    columns = dict(zip(RATING_COLUMNS, ratings.columns, strict=False))
    problems = create_interactions(
        connection, ratings, {name: text_of(ratings, c) for name, c in columns.items()}
    )
    item, title = films.columns[:2]
    fields = {"item_id": text_of(films, item), "title": text_of(films, title)}
    problems += create_items(connection, films, fields, attributes)
    return RawTables(
        name=ratings.path.parent.name,
        source="movielens",
        connection=connection,
        columns=("rating", "timestamp"),
        attributes=tuple(attributes),
        has_items=True,
        problems=tuple(problems),
    )


LAYOUTS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Path, Path], RawTables]]]] = {
    "100k": (("u.data", "u.item"), _load_100k),
    "1m": (("ratings.dat", "movies.dat"), _load_1m),
    "latest": (("ratings.csv", "movies.csv"), _load_latest),
}
"""Release -> the files it is known by, and how to read it."""
