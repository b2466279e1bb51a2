"""The cleaned data of a run, to take elsewhere: every edge with what was decided about it.

Ids are written as they are, in every format: a changed id would be another user. A spreadsheet may
therefore take an id that begins with ``=``, ``+``, ``-`` or ``@`` for a formula; the tables of the
screens, which are made for spreadsheets, mark such text instead.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import duckdb

from app.services import query
from app.services.compare.pair import column, columns
from app.services.export_files import Format as Format  # noqa: PLC0414 - passed on
from app.services.export_files import write_matrix, write_tables
from app.services.export_where import WHERE as _WHERE
from app.services.export_where import Only as Only  # noqa: PLC0414 - passed on
from app.services.export_where import edges_meant, reserved
from app.services.run_folder import write_json
from app.services.store import Run
from core.data.sources.files import quote_text
from core.errors import ConfigError, DataError

FORMATS: Final[Mapping[Format, str]] = {
    "csv": "CSV files, for everything",
    "parquet": "Parquet files, typed and small",
    "recbole": "Atomic files of RecBole (.inter, .item)",
    "npz": "Sparse matrix of SciPy (CSR) with the weights, and the ids of its rows and columns",
}
ONLY: Final[Mapping[Only, str]] = {
    "all": "every edge, with what became of it",
    "refined": "the cleaned data: kept and added edges",
    "kept": "kept edges alone",
    "dropped": "dropped edges alone",
    "added": "added edges alone",
}
ABOUT: Final = "export.json"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    n_rows: int
    """Interactions in the first file."""
    notes: tuple[str, ...]
    """What is not there, and why."""


class Counts(NamedTuple):
    """How many edges an export has."""

    n: int
    """Edges that are written."""
    n_reserved: int
    """Added edges that are left out as pairs of validation or test, see :func:`edges_meant`."""
    n_reserved_in: int
    """Such edges that are written: the export is no train set."""


def count(run: Run, form: Format, only: Only) -> Counts:
    """Count the edges that would be written."""
    found = edges_meant(run, form, only)
    tables = query.reserved(run)
    sql = f"""
        SELECT count(*) AS n_all, count(*) FILTER (WHERE {found.where}) AS n,
               count(*) FILTER (WHERE {found.where} AND {reserved(tables)}) AS n_in
        FROM edges WHERE {_WHERE[only]}
    """
    told = query.ask(run, sql, tables=tables).iloc[0]
    return Counts(int(told["n"]), int(told["n_all"] - told["n"]), int(told["n_in"]))


def export(run: Run, folder: Path, form: Format, only: Only = "all") -> Exported:
    """Write the data of a run into a folder.

    With ``refined`` and ``kept`` the interactions are a train set: validation, test, items and
    users of the dataset are written beside it, and the folder can be imported as it is.

    Args:
        run: Which run; it must have ``edges.parquet``.
        folder: Made if it is not there; files of the same names are replaced.
        form: One of :data:`FORMATS`.
        only: One of :data:`ONLY`.

    Raises:
        ConfigError: If there is no such format or choice, or they do not fit together.
        DataError: If the run lacks its edges, or files cannot be written or express the ids.
    """
    if form not in get_args(Format) or only not in get_args(Only):
        raise ConfigError(
            f"There is no export {form}, {only}. Formats: {', '.join(FORMATS)}; "
            f"choices: {', '.join(ONLY)}."
        )
    if not columns(run, "edges"):
        raise DataError(f"Run {run.id} has no edges.parquet: there is no graph to take away.")
    if form == "npz" and only == "dropped":
        raise ConfigError("Dropped edges weigh nothing: a matrix has no place for them. Use CSV.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as scratch:
            found = _write(run, Path(scratch), form, only)
            _move(Path(scratch), folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return Exported(folder, *found)


def archive(run: Run, form: Format, only: Only = "all") -> bytes:
    """The same as a ZIP file."""
    with tempfile.TemporaryDirectory() as place:
        folder, target = Path(place) / "export", Path(place) / "export.zip"
        export(run, folder, form, only)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            for file in sorted(folder.iterdir()):
                packed.write(file, file.name)
        return target.read_bytes()


def stem(run: Run) -> str:
    """Name of the dataset as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", run.manifest.dataset).strip("-.") or "dataset"


def _write(
    run: Run, folder: Path, form: Format, only: Only
) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Write everything; return names of the files, rows, and what is missing."""
    edges, meant = folder / ".edges.parquet", edges_meant(run, form, only)
    sql = f"{_sql(run, meant.where)} ORDER BY 1, 2"
    query.write(run, sql, edges, tables=meant.tables)
    counts = count(run, form, only)
    if form == "npz":
        write_matrix(run, meant.where, meant.tables, folder)
    else:
        is_train = only in ("refined", "kept")
        write_tables(_tables(run, edges, is_train, form), folder, form, stem(run))
    notes = _notes(run, only, counts)
    edges.unlink()
    files = tuple(sorted(path.name for path in folder.iterdir()))
    about: dict[str, Any] = {
        **{"run_id": run.id, "dataset": run.manifest.dataset, "format": form, "only": only},
        **{"n_rows": counts.n, "n_reserved": counts.n_reserved},
        "n_reserved_in": counts.n_reserved_in,
        **{"files": list(files), "notes": notes},
        "ids": "as in the source, nothing added in front",
    }
    write_json(folder / ABOUT, about)
    return (*files, ABOUT), counts.n, tuple(notes)


def _notes(run: Run, only: Only, counts: Counts) -> list[str]:
    """What is not there, and why; and what is there that training must not see."""
    notes: list[str] = []
    if only in ("refined", "kept") and query.own_dataset(run) is None:
        notes.append("Without validation, test and items: the dataset is gone or another by now.")
    if only in ("all", "refined", "added") and query.own_dataset(run) is None:
        notes.append("Added edges may be pairs of validation or test: this cannot be checked.")
    if counts.n_reserved_in:
        notes.append(
            f"{counts.n_reserved_in:,} of the added edges are pairs of validation or test: this is "
            "no train set. To train on, take the cleaned data (refined) instead."
        )
    if counts.n_reserved:
        notes.append(
            f"{counts.n_reserved:,} added edges are left out: they are pairs of validation or "
            "test, and training on them would take them from what measures."
        )
    if "decided_by" not in columns(run, "edges") | columns(run, "interactions"):
        notes.append("The run does not say who decided: decided_by is empty but for added edges.")
    return notes


def _sql(run: Run, where: str) -> str:
    """Edges with what was decided about them; ``decided_by`` is empty where not known."""
    unknown = "CASE WHEN e.origin = 'added' THEN 'judge' ELSE '' END"
    decided = column(run, "decided_by", "i", unknown)
    if "decided_by" in columns(run, "edges"):
        decided = "e.decided_by"
    elif decided != unknown:
        decided = f"coalesce({decided}, {unknown})"
    return f"""
        SELECT e.user_id, e.item_id, e.origin, coalesce(i.verdict, '') AS verdict,
               i.p_noisy, e.weight, {decided} AS decided_by, {quote_text(run.id)} AS run_id
        FROM (SELECT * FROM edges WHERE {where}) e
        LEFT JOIN interactions i ON i."user" = e."user" AND i.item = e.item
    """


def _tables(run: Run, edges: Path, is_train: bool, form: Format) -> dict[str, Path]:
    """Files to write: name without suffix -> Parquet file with the content."""
    dataset = query.own_dataset(run)
    parts = {"train" if is_train else "interactions": edges}
    if dataset is None:
        return parts
    names: tuple[str, ...]
    names = ("valid", "test", "items", "users") if is_train else ("items",)
    if form == "recbole":
        names = tuple(name for name in names if name != "users")
    return parts | {n: dataset / f"{n}.parquet" for n in names if _has_rows(dataset, n)}


def _has_rows(dataset: Path, name: str) -> bool:
    path = dataset / f"{name}.parquet"
    if not path.is_file():
        return False
    with duckdb.connect(":memory:") as connection:
        return bool(connection.from_parquet(str(path)).limit(1).fetchall())


def _move(source: Path, target: Path) -> None:
    for file in sorted(source.iterdir()):
        shutil.move(file, target / file.name)
