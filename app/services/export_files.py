"""Files of an export: CSV and Parquet tables, atomic files of RecBole, sparse matrices of SciPy."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import duckdb
import numpy as np

from app.services import query
from app.services.compare.pair import columns
from app.services.store import Run
from core.data.sources.files import quote_name, quote_text
from core.errors import DataError

Format = Literal["csv", "parquet", "recbole", "npz"]
_INTER: Final = {
    "user_id": "token",
    "item_id": "token",
    "origin": "token",
    "verdict": "token",
    "p_noisy": "float",
    "weight": "float",
    "decided_by": "token",
    "run_id": "token",
}
"""Columns of the interactions, with their types in RecBole."""


def write_tables(tables: Mapping[str, Path], folder: Path, form: Format, data: str) -> None:
    """Write tables that lie in Parquet files.

    Args:
        tables: Name of a part without suffix -> Parquet file with its content.
        folder: Where to write.
        form: ``csv``, ``parquet`` or ``recbole``.
        data: Name of the dataset, as the atomic files carry it.

    Raises:
        DataError: If atomic files cannot hold an id.
    """
    with duckdb.connect(":memory:") as connection:
        for name, path in tables.items():
            connection.from_parquet(str(path)).create_view("part", replace=True)
            if form == "recbole":
                _write_atomic(connection, name, folder, data)
                continue
            options = "FORMAT PARQUET" if form == "parquet" else "FORMAT CSV, HEADER"
            target = folder / f"{name}.{form}"
            chosen = _plain_columns(connection, name, lists=form == "parquet")
            connection.execute(
                f"COPY (SELECT {chosen} FROM part) TO {quote_text(str(target))} ({options})"
            )


def _plain_columns(connection: duckdb.DuckDBPyConnection, name: str, lists: bool) -> str:
    """Columns of a part; of pairs the ids, of items the attributes as ``a|b`` unless ``lists``."""
    described = connection.execute("DESCRIBE part").fetchall()
    if name in ("valid", "test"):
        return "user_id, item_id"
    chosen = []
    for column_name, kind, *_ in described:
        plain = quote_name(column_name.removeprefix("attribute:"))
        quoted = quote_name(column_name)
        if kind.endswith("[]") and not lists:
            chosen.append(f"array_to_string({quoted}, '|') AS {plain}")
        else:
            chosen.append(f"{quoted} AS {plain}")
    return ", ".join(chosen)


def _write_atomic(
    connection: duckdb.DuckDBPyConnection, name: str, folder: Path, data: str
) -> None:
    """Write a part with typed headers, tab-separated; RecBole's atomic files.

    A train set is written under both names that RecBole looks for: ``<data>.inter``, and
    ``<data>.train.inter`` for the setting ``benchmark_filename``.
    """
    types = _INTER if name not in ("items", "valid", "test") else {}
    if name == "items":
        described = connection.execute("DESCRIBE part").fetchall()
        types = {
            str(column_name): "token" if column_name == "item_id" else "token_seq"
            for column_name, *_ in described
            if column_name in ("item_id", "title") or column_name.startswith("attribute:")
        }
    elif not types:
        types = {"user_id": "token", "item_id": "token"}
    _check_ids(connection, [one for one in ("user_id", "item_id") if one in types])
    chosen = ", ".join(f"{_atomic(n, t)} AS {_header(n, t)}" for n, t in types.items())
    suffix = {"items": "item", "interactions": "inter"}.get(name, f"{name}.inter")
    target = folder / f"{data}.{suffix}"
    options = "FORMAT CSV, HEADER, DELIMITER '\t'"
    connection.execute(f"COPY (SELECT {chosen} FROM part) TO {quote_text(str(target))} ({options})")
    if name == "train":
        shutil.copyfile(target, folder / f"{data}.inter")


def _atomic(name: str, kind: str) -> str:
    """A value of a sequence is its words between blanks; the values of a list keep together."""
    quoted = quote_name(name)
    if name.startswith("attribute:"):
        one_word = "lambda x: regexp_replace(x, '\\s+', '_', 'g')"
        return f"array_to_string(list_transform({quoted}, {one_word}), ' ')"
    return f"trim(regexp_replace({quoted}, '\\s+', ' ', 'g'))" if kind == "token_seq" else quoted


def _header(name: str, kind: str) -> str:
    plain = re.sub(r"[\s:]+", "_", name.removeprefix("attribute:"))
    return quote_name(f"{plain}:{kind}")


def _check_ids(connection: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    """Refuse ids that atomic files cannot hold.

    Raises:
        DataError: If an id has a tab or a line break in it.
    """
    for name in names:
        sql = f"SELECT count(*) FROM part WHERE regexp_matches({quote_name(name)}, '[\t\r\n]')"
        found = connection.execute(sql).fetchall()[0][0]
        if found:
            raise DataError(
                f"{found} rows have a tab or a line break in {name}: atomic files cannot hold "
                "them. Use Parquet."
            )


def write_matrix(run: Run, where: str, tables: Mapping[str, Path], folder: Path) -> None:
    """Write ``weights.npz`` (CSR, U x I, float32), and the ids of its rows and columns.

    Args:
        run: Whose refined graph.
        where: Condition on ``edges``.
        tables: Tables that the condition names.
        folder: Where to write.
    """
    sql = f'SELECT "user", item, weight FROM edges WHERE in_refined AND {where} ORDER BY 1, 2'
    found = query.ask_columns(run, sql, tables=tables)
    shape = np.array([run.manifest.n_users, run.manifest.n_items])
    degree = np.bincount(found["user"].astype(np.int64), minlength=shape[0])
    # The names and types of scipy.sparse.save_npz: the process of the screens has no SciPy.
    np.savez_compressed(
        folder / "weights.npz",
        indices=found["item"].astype(np.int32),
        indptr=np.concatenate([[0], np.cumsum(degree)]).astype(np.int32),
        format=np.array(b"csr"),
        shape=shape,
        data=found["weight"].astype(np.float32),
    )
    for kind in ("user", "item"):
        query.write(run, _ids_sql(run, kind), folder / f"{kind}s.parquet")


def _ids_sql(run: Run, kind: str) -> str:
    """Number and id of every node of a kind, from the table that has them all."""
    for name in ("projection", "embeddings"):
        if columns(run, name):
            return f"SELECT number, id FROM {name} WHERE kind = {quote_text(kind)} ORDER BY 1"
    return f'SELECT DISTINCT "{kind}" AS number, {kind}_id AS id FROM edges ORDER BY 1'
