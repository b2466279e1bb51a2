"""Judgements in and out: files that are checked and kept under a name, and files to take away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import background, jobs, judge_subject, judging
from app.services.background import Work
from app.services.judge_subject import Subject
from core.data.sources.files import quote_text
from core.errors import ConfigError

SUFFIXES: Final = (".csv", ".parquet", ".jsonl")
"""Of files that are written."""
READ: Final = ("csv", "parquet", "jsonl")
"""Of files that are uploaded."""


SAME: Final = ("user_id", "item_id", "user_grade", "item_grade")
"""Rows alike in these say the same; of such rows, files that are written have the first."""


def suggested(file_name: str) -> str:
    """A name of judgements from that of a file; letters that no name has become dashes."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(file_name).stem).strip("-._")[:64]
    return stem or "judgements"


def check_name(workspace: Path, name: str) -> bool:
    """Whether imported judgements of this name are there and would be replaced.

    Raises:
        ConfigError: If it cannot be a name, or is one of judgements that were made here.
    """
    folder = judging.folder_of(workspace, name)
    if judging.made_here(folder):
        raise ConfigError(f"Judgements {name} were made here: choose another name.")
    return (folder / judging.ABOUT).is_file()


def start_import(
    workspace: Path, path: Path, dataset: str, name: str, replace: bool = False
) -> None:
    """Check a file and keep what can be used, in a process of its own.

    Args:
        workspace: Where the judgements are kept.
        path: The file.
        dataset: What they are about.
        name: What they are called.
        replace: Whether other judgements of that name may be replaced; else they are not.
    """
    arguments = ["judge", "--import", str(path), "--dataset", dataset, "--name", name, "--json"]
    arguments += ["--replace"] if replace else []
    jobs.start(workspace, (*background.COMMAND, *arguments), f"judge-import-{name}")


def imported(workspace: Path, name: str) -> Work | None:
    """How an import is doing; None if there was none of this name."""
    return background.work_of(workspace, f"judge-import-{name}")


def table(workspace: Path) -> pd.DataFrame:
    """All judgements that were made or imported apart from runs, the newest first.

    Returns:
        Columns ``name, dataset, judge, n_pairs, n_wanted, made, created, n_problems, stopped_by``;
        ``n_wanted``: pairs that there were to judge, missing where that is not known.
    """
    columns = (
        *("name", "dataset", "judge", "n_pairs", "n_wanted", "made", "created", "n_problems"),
        "stopped_by",
    )
    rows = [_row(about) for about in judging.known(workspace)]
    found = pd.DataFrame(rows, columns=list(columns))
    found["created"] = pd.to_datetime(found["created"], errors="coerce", utc=True)
    return found


def problems(workspace: Path, name: str) -> list[Mapping[str, Any]]:
    """What was wrong with an imported file: ``title, count, rows, severity, fix`` each."""
    about = next((one for one in judging.known(workspace) if one["name"] == name), {})
    found = about.get("problems")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def count(subject: Subject) -> int:
    """How many pairs there are."""
    return int(judge_subject.ask(subject, "SELECT count(*) AS n FROM judgements")["n"].iloc[0])


def write(subject: Subject, target: Path) -> None:
    """Write judgements so that they can be imported again: CSV, Parquet or JSON lines.

    Of rows that say the same of the same pair the first is written.

    Raises:
        core.errors.DataError: If they are missing or damaged.
    """
    columns = judge_subject.ask(subject, "SELECT * FROM judgements LIMIT 0").columns
    judge = "judge" if "judge" in columns else f"{quote_text(subject.judge)} AS judge"
    sql = f"""
        SELECT user_id, item_id, {_grade("user_grade")}, {_grade("item_grade")},
               user_reason, item_reason, {judge}
        FROM (SELECT *, row_number() OVER () AS place FROM judgements)
        QUALIFY row_number() OVER (PARTITION BY {", ".join(SAME)} ORDER BY place) = 1
        ORDER BY place
    """
    judge_subject.write(subject, sql, target)


def _grade(name: str) -> str:
    """A grade by its name, whether it is kept as a name or as a number."""
    return (
        f"CASE {name}::VARCHAR WHEN '0' THEN 'Low' WHEN '1' THEN 'Mid' WHEN '2' THEN 'High' "
        f"ELSE {name}::VARCHAR END AS {name}"
    )


def _row(about: Mapping[str, Any]) -> dict[str, Any]:
    found = about.get("problems")
    return {
        "name": str(about["name"]),
        "dataset": str(about.get("dataset", "")),
        "judge": str(about.get("judge", "")),
        "n_pairs": about.get("n_pairs"),
        "n_wanted": about.get("n_wanted"),
        "made": "here" if about.get("made") == "here" else "elsewhere",
        "created": str(about.get("created", "")),
        "n_problems": len(found) if isinstance(found, list) else 0,
        "stopped_by": str(about.get("stopped_by", "")),
    }
