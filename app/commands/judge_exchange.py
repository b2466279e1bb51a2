"""``judge --import`` and ``--export``: judgements as files, in and out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.console import Console

from app.commands import judge_report
from app.commands.judge_report import GRADES
from app.commands.output import clean
from app.commands.runs import find_dataset
from app.services import environment, judge_files, judging, run_folder
from core.data.dataset import load_dataset
from core.errors import ConfigError, DataError
from core.judge.recorded import PREFIX, Recorded
from core.judge.recorded_rows import RecordProblem
from core.types import Dataset

EXPORTS: Final = {".csv": "csv", ".parquet": "parquet", ".jsonl": "json lines"}
COLUMNS: Final = (
    *("user_id", "item_id", "user_grade", "item_grade"),
    *("user_reason", "item_reason", "judge"),
)
"""Of judgements on their way in or out."""


def import_judgements(
    path: Path,
    dataset_name: str,
    name: str,
    workspace: Path,
    console: Console,
    replace: bool = False,
) -> dict[str, Any]:
    """Check judgements made elsewhere and keep what can be used under a name.

    Args:
        path: The file.
        dataset_name: What they are about: a dataset by name, or its folder.
        name: What they are called from now on.
        workspace: Where they are kept.
        console: For people.
        replace: Whether other judgements of that name may be replaced.

    Raises:
        DataError: If the file cannot be read, or nothing in it is about the dataset.
        ConfigError: If the name cannot be used, or others have it.
    """
    from core.judge.recorded import read_recorded  # noqa: PLC0415

    dataset = load_dataset(find_dataset(dataset_name, workspace))
    folder = judging.folder_of(workspace, name)
    if judging.made_here(folder):
        raise ConfigError(f"Judgements {name} were made here: choose another name with --name.")
    found, problems = read_recorded(path, dataset.users.id, dataset.items.id)
    judge_report.print_problems(problems, console)
    if not len(found):
        raise DataError(
            f"{path.name}: none of its rows can be used for the dataset {dataset.name}. "
            "See the problems above; ids must be those of the dataset."
        )
    table = table_of(found, dataset)
    if not replace and not _is_free(folder, table, dataset):
        raise ConfigError(
            f"There are other judgements {name} already. Replace them with --replace, or choose "
            "another name with --name."
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write_table(table, folder / judging.TABLE)
    about = _about(name, dataset, found, problems)
    judging.write_about(folder, about)
    console.print(f"{len(found):,} judgements imported as {clean(name)}.")
    _print_next(dataset_name, name, workspace, console)
    return about


def _print_next(dataset_name: str, name: str, workspace: Path, console: Console) -> None:
    following = environment.shell_command(
        *("run", dataset_name, "--set", "judge.kind=recorded", f"judge.recorded={name}"),
        place=workspace,
    )
    console.print(f"Next: {clean(following)}", soft_wrap=True)


def _about(
    name: str, dataset: Dataset, found: Recorded, problems: Sequence[RecordProblem]
) -> dict[str, Any]:
    """What is said about imported judgements, plain values for JSON."""
    return {
        "name": name,
        "created": datetime.now(UTC).isoformat(),
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "judge": found.judge,
        "n_pairs": len(found),
        "n_unparsed": 0,
        "stopped_by": "",
        "made": "elsewhere",
        "problems": [asdict(problem) for problem in problems],
    }


def _is_free(folder: Path, table: pd.DataFrame, dataset: Dataset) -> bool:
    """Whether nothing is kept in a folder, or the same judgements of the same dataset."""
    if not (folder / judging.ABOUT).exists():
        return True
    try:
        about = json.loads((folder / judging.ABOUT).read_text(encoding="utf-8"))
        kept = pd.read_parquet(folder / judging.TABLE)
        return about["dataset_fingerprint"] == dataset.fingerprint and (
            kept.astype(str).to_dict("list") == table.astype(str).to_dict("list")
        )
    except (OSError, ValueError, LookupError, TypeError):  # damaged: somebody decides
        return False


def check_ending(target: Path) -> None:
    """Refuse a file whose ending says nothing of its form.

    Raises:
        ConfigError: Then.
    """
    if target.suffix not in EXPORTS:
        raise ConfigError(f"{target.name}: the file must end in {', '.join(EXPORTS)}.")


def export_judgements(folder: Path, target: Path, console: Console) -> dict[str, Any]:
    """Write the judgements in a folder so that they can be imported again.

    Raises:
        ConfigError: If the ending of the file is none that is known.
        DataError: If the file cannot be written.
    """
    check_ending(target)
    table = exported(pd.read_parquet(folder / judging.TABLE), folder)
    try:
        _write_table(table, target)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror}.") from error
    console.print(f"{len(table):,} judgements of {clean(folder.name)} in {clean(target)}")
    return {"from": folder.name, "n_pairs": len(table), "file": str(target)}


def table_of(found: Recorded, dataset: Dataset) -> pd.DataFrame:
    """Imported judgements by the ids of their dataset."""
    return pd.DataFrame(
        {
            "user_id": [dataset.users.id[number] for number in found.user.tolist()],
            "item_id": [dataset.items.id[number] for number in found.item.tolist()],
            "user_grade": [GRADES[grade] for grade in found.user_grade.tolist()],
            "item_grade": [GRADES[grade] for grade in found.item_grade.tolist()],
            "user_reason": found.user_reason,
            "item_reason": found.item_reason,
            "judge": found.judge,
        }
    )


def exported(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Judgements of a run as they can be imported again, each pair once.

    A stranger may be the same pair as another one: of equal rows the first is taken.
    """
    found = table.copy()
    for view in ("user_grade", "item_grade"):
        if pd.api.types.is_numeric_dtype(found[view]):
            found[view] = [GRADES[int(grade)] for grade in found[view]]
    if "judge" not in found:
        manifest = json.loads((folder / run_folder.MANIFEST).read_text(encoding="utf-8"))
        found["judge"] = str(manifest["judge"])
    # Who graded first: a run puts the prefix there anew, each time the judgements go round.
    found["judge"] = [_without_prefix(str(name)) for name in found["judge"]]
    return found.drop_duplicates(list(judge_files.SAME))[list(COLUMNS)]


def _without_prefix(judge: str) -> str:
    while judge.startswith(PREFIX):
        judge = judge.removeprefix(PREFIX)
    return judge


def _write_table(table: pd.DataFrame, target: Path) -> None:
    aside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    writers: Mapping[str, Callable[[Path], None]] = {
        ".csv": lambda path: table.to_csv(path, index=False),
        ".parquet": lambda path: table.to_parquet(path, index=False),
        ".jsonl": lambda path: table.to_json(path, orient="records", lines=True),
    }
    try:
        writers[target.suffix](aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
