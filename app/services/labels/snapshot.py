"""Revisions: the effective labels of a dataset as a file that never changes again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from app.services import whole_file
from app.services.labels import transaction
from app.services.labels.current import EFFECTIVE, ask, version
from app.services.labels.decisions import text
from app.services.labels.schema import CONFLICT, UNSURE
from core.errors import DataError

_SCHEMA: Final = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("observed", pa.bool_()),
        ("label", pa.string()),
        ("n_people", pa.int32()),
        ("origin", pa.string()),
        ("sampled", pa.bool_()),
    ]
)
BULK: Final = "bulk"
"""Origin of a label that nobody gave to the very pair, however it came to many at once."""
TO_MANY: Final = ("bulk", "table", "import")
"""Sources of such labels. A file that was imported does not say how its labels were given; some may
come from one choice, so none is taken for evidence."""


@dataclass(frozen=True)
class Revision:
    """One state of the labels of a dataset."""

    id: str
    """Sha256 of its content: the same labels have the same one."""
    path: Path
    """Parquet, columns as of :func:`standing`, sorted by ids."""
    n: int
    n_by_label: Mapping[str, int]
    n_conflicts: int
    """Pairs left out because people differ."""
    n_unsure: int
    """Pairs left out because all who saw them are unsure."""
    parent: str | None
    message: str
    who: str
    at: datetime


def save(
    cursor: duckdb.DuckDBPyConnection, dataset: str, message: str, who: str, folder: Path
) -> Revision:
    """Write the effective labels, without conflicts and unsure ones.

    Args:
        cursor: Of the workspace database.
        dataset: Name of the dataset.
        message: What is new, in the words of the person.
        who: Who saves it.
        folder: The workspace; the file is ``revisions/<dataset>/labels-<id[:12]>.parquet`` in it.

    Returns:
        The revision. The same content has the same name and file; every saving is kept with its
        own message, and goes on from what was saved before it.

    Raises:
        core.errors.DataError: If there is no label to save, or it cannot be written.
    """
    seq_hi = version(cursor, dataset)  # before the labels: they have at least these events
    found = standing(cursor, dataset)
    used = _used(found)
    if used.empty:
        raise DataError(
            f"There is no label of {dataset} that all people agree on. Label some pairs, or "
            "resolve the disagreements, then save."
        )
    name = _id(dataset, used)
    path = _path(folder, dataset, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            with whole_file.replacing(path) as aside:
                pq.write_table(pa.Table.from_pandas(used, _SCHEMA, preserve_index=False), aside)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}). Make room or make the folder "
            "writable, then save again."
        ) from error
    row = {"id": name, "seq_hi": seq_hi, "who": text(who.strip()), "dataset": dataset}
    row |= {"message": text(message.strip()), "n": len(used)}
    saved = transaction.write(cursor, lambda: _log(cursor, row))
    return _revision(saved, path, found)


def standing(cursor: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    """Effective labels with how they came to be.

    ``origin`` is the queue order, ``card`` or the like in which somebody last gave the label that
    stands to this very pair; :data:`BULK` where all who say so said it of many pairs at once.
    ``sampled`` is whether somebody met the pair in the order ``random``.

    Returns:
        Columns ``user_id, item_id, observed, label, n_people, origin, sampled``, conflicts and
        unsure ones included, sorted by ids.
    """
    return ask(
        cursor,
        f"""
        WITH {EFFECTIVE},
        looked_at AS (
            SELECT who, user_id, item_id, max(seq) AS seq, arg_max(origin, seq) AS origin,
                   arg_max(coalesce(new, ''), seq) AS label
            FROM label_event
            WHERE dataset = $dataset AND NOT list_contains($to_many, origin)
            GROUP BY who, user_id, item_id
        ),
        given AS (
            SELECT user_id, item_id, label, arg_max(looked_at.origin, looked_at.seq) AS origin
            FROM looked_at JOIN latest USING (who, user_id, item_id, label)
            GROUP BY user_id, item_id, label
        )
        SELECT user_id, item_id, observed, label, n_people,
               coalesce(given.origin, '{BULK}') AS origin, sampled
        FROM effective LEFT JOIN given USING (user_id, item_id, label)
        ORDER BY user_id, item_id
        """,
        {"dataset": dataset, "to_many": list(TO_MANY)},
    )


def every(cursor: duckdb.DuckDBPyConnection, dataset: str, folder: Path) -> list[Revision]:
    """All savings of a dataset, newest first; what was left out is not kept, so 0.

    A content that was saved, changed and saved again is there twice, with both messages.

    ``n_by_label`` is empty where the file is gone.
    """
    found = []
    for row in _rows(cursor, dataset):
        path = _path(folder, dataset, row[0])
        try:
            labels = pq.read_table(path, columns=["label"]).to_pandas()
        except (OSError, pa.ArrowInvalid):
            labels = pd.DataFrame({"label": []})
        found.append(_revision(row, path, labels))
    return found


_LOG: Final = """log AS (
    SELECT * FROM revision WHERE dataset = $dataset
    UNION ALL BY NAME SELECT * FROM revision_again WHERE dataset = $dataset
)"""
"""Every saving of a dataset: the first of each content, and those that came back to it."""
_LATEST_FIRST: Final = 'ORDER BY "at" DESC, seq_hi DESC'


def _log(cursor: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Write down a saving; return it as :func:`_rows` does."""
    known = cursor.execute("SELECT 1 FROM revision WHERE id = $id", {"id": row["id"]}).fetchall()
    cursor.execute(
        f"""
        INSERT INTO {"revision_again" if known else "revision"}
            (id, parent, seq_hi, "at", who, dataset, message, n)
        WITH {_LOG},
        before AS (SELECT id, parent FROM log {_LATEST_FIRST} LIMIT 1)
        -- Saved twice in a row, it goes on from what it went on from.
        SELECT $id, (SELECT CASE WHEN id = $id THEN parent ELSE id END FROM before), $seq_hi,
               now(), $who, $dataset, $message, $n
        """,
        dict(row),
    ).fetchall()
    return _rows(cursor, str(row["dataset"]))[0]


def _rows(cursor: duckdb.DuckDBPyConnection, dataset: str) -> list[tuple[Any, ...]]:
    return cursor.execute(
        f'WITH {_LOG} SELECT id, parent, epoch("at"), who, message, n FROM log {_LATEST_FIRST}',
        {"dataset": dataset},
    ).fetchall()


def _used(found: pd.DataFrame) -> pd.DataFrame:
    kept = found.loc[~found["label"].isin([CONFLICT, UNSURE]), list(_SCHEMA.names)]
    return kept.reset_index(drop=True)


def _id(dataset: str, used: pd.DataFrame) -> str:
    """Sha256 of dataset and labels; of the values, because a file also names who wrote it."""
    found = hashlib.sha256(json.dumps(dataset).encode())
    for name in _SCHEMA.names:
        found.update(json.dumps([name, used[name].tolist()]).encode())
    return found.hexdigest()


def _path(folder: Path, dataset: str, name: str) -> Path:
    if dataset in ("", ".", "..") or Path(dataset).name != dataset or "\\" in dataset:
        raise ValueError(f"{dataset!r} is no name of a dataset.")
    return folder / "revisions" / dataset / f"labels-{name[:12]}.parquet"


def _revision(row: tuple[Any, ...], path: Path, found: pd.DataFrame) -> Revision:
    counts = {str(label): int(n) for label, n in found["label"].value_counts().items()}
    n_conflicts, n_unsure = counts.pop(CONFLICT, 0), counts.pop(UNSURE, 0)
    name, parent, at, who, message, n = row
    when = datetime.fromtimestamp(at, UTC)
    return Revision(name, path, n, counts, n_conflicts, n_unsure, parent, message, who, when)
