"""What a view of the page Judge is about: a run, or judgements made apart from one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from app.services import failures, judging, run_folder, spreadsheet
from app.services.store import Run
from core.data.sources.files import quote_text
from core.errors import DataError

TABLES = ("judgements", "judge_calls", "judge_targets")


@dataclass(frozen=True)
class Subject:
    """Judged pairs in a folder that never changes."""

    name: str
    folder: Path
    dataset: str
    judge: str
    is_run: bool
    recorded: str = ""
    """Name of the judgements that it took its grades from; empty where it asked a judge itself."""

    @property
    def stamp(self) -> str:
        """Another one when the folder was written again."""
        path = self.folder / (run_folder.MANIFEST if self.is_run else judging.ABOUT)
        try:
            return f"{self.folder} {path.stat().st_mtime_ns}"
        except OSError:
            return str(self.folder)


def of_run(run: Run) -> Subject:
    """The judged pairs of a run."""
    settings: Any = run.manifest.settings.get("judge", {})
    recorded = str(settings.get("recorded", "")) if settings.get("kind") == "recorded" else ""
    about = run.manifest
    return Subject(run.id, run.folder, about.dataset, about.judge, True, recorded)


def of_judgements(about: Mapping[str, Any], workspace: Path) -> Subject:
    """Judgements that were made or imported, as :func:`app.services.judging.known` tells them."""
    name = str(about["name"])
    folder = judging.folder_of(workspace, name)
    dataset, judge = str(about.get("dataset", "")), str(about.get("judge", ""))
    return Subject(name, folder, dataset, judge, False)


def source_of(subject: Subject, workspace: Path) -> Subject:
    """Where the judge was asked: the recorded judgements of the workspace, else the subject."""
    if not judging.NAME.fullmatch(subject.recorded):
        return subject
    found = [one for one in judging.known(workspace) if one["name"] == subject.recorded]
    return of_judgements(found[0], workspace) if found else subject


def quality(subject: Subject) -> dict[str, Any]:
    """Content of ``judge_quality.json``; empty where there is none, or it cannot be read."""
    try:
        found = json.loads((subject.folder / run_folder.JUDGE_QUALITY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def has(subject: Subject, table: str) -> bool:
    """Whether there is a table of this name."""
    return (subject.folder / f"{table}.parquet").is_file()


def ask(
    subject: Subject,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Answer a question to the tables ``judgements``, ``judge_calls``, ``judge_targets``.

    Args:
        subject: Whose tables.
        sql: A SELECT; values come as ``$name``.
        parameters: Values of the ``$names``.
        tables: More tables by name.

    Raises:
        DataError: If a table is missing or damaged.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, subject, sql)
            for name, table in (tables or {}).items():
                connection.register(name, table)
            return connection.execute(sql, dict(parameters or {})).df()
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _damaged(subject, error) from error


def write(
    subject: Subject, sql: str, target: Path, parameters: Mapping[str, Any] | None = None
) -> None:
    """Write the answer to a question as CSV, Parquet or JSON lines, by the suffix.

    Raises:
        DataError: If a table is missing or damaged.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, subject, sql)
            if target.suffix == ".jsonl":
                place = quote_text(str(target))
                connection.execute(f"COPY ({sql}) TO {place} (FORMAT JSON)", dict(parameters or {}))
            else:
                spreadsheet.copy(connection, sql, target, parameters or {})
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _damaged(subject, error) from error


def _open(connection: duckdb.DuckDBPyConnection, subject: Subject, sql: str) -> None:
    for table in TABLES:
        if table in sql:
            path = subject.folder / f"{table}.parquet"
            connection.execute(
                f'CREATE TEMP VIEW "{table}" AS SELECT * FROM read_parquet({quote_text(str(path))})'
            )


def _damaged(subject: Subject, error: Exception) -> DataError:
    return DataError(
        f"The judgements of {subject.name} cannot answer this: {failures.first_line(error)}. If a "
        "file is missing or damaged, judge or import again."
    )
