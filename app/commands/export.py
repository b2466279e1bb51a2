"""``export``: the cleaned data of a run, in a format of other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from app.commands.output import clean
from app.services import export, run_list, store


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("run_id", metavar="RUN_ID", help="finished run, or latest")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where to write")
    parser.add_argument("--format", choices=list(export.FORMATS), default="csv", help="(csv)")
    parser.add_argument(
        "--only",
        choices=list(export.ONLY),
        default="all",
        help="all (the default); refined = kept and added, as a dataset that can be imported",
    )


def export_run(
    run_id: str,
    folder: Path,
    form: export.Format,
    only: export.Only,
    workspace: Path,
    console: Console,
) -> dict[str, Any]:
    """Write the data of a run into a folder and say what is there.

    Args:
        run_id: Which run; ``latest`` is the newest one.
        folder: Made if it is not there.
        form: Format of the files.
        only: Which edges.
        workspace: Folder of the runs.
        console: Where it is said.

    Raises:
        ConfigError: If format and choice do not fit together.
        DataError: If there is no such run, or it cannot be written.
    """
    if run_id == run_list.LATEST:
        run_id = run_list.newest(workspace)
    done = export.export(store.load_run(workspace, run_id), folder, form, only)
    console.print(f"{done.n_rows:,} edges ({only}) of run {clean(run_id)} in {clean(folder)}:")
    for name in done.files:
        console.print(f"  {clean(name)}")
    console.print("Ids are as in the source: a spreadsheet may take some for formulas.")
    for note in done.notes:
        console.print(f"[bold]Note[/]: {clean(note)}", soft_wrap=True)
    return {
        "run_id": run_id,
        "folder": str(done.folder),
        "files": list(done.files),
        "n_rows": done.n_rows,
        "notes": list(done.notes),
    }
