"""``import`` and ``prepare``: from files of interactions to a dataset in the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from rich.console import Console

from app.commands.output import clean
from app.services import environment, run_list
from app.services.importing import ImportPlan, save_plan
from core.config import PrepareConfig
from core.data.dataset import load_manifest, save_dataset
from core.data.noise import PlantedTruth
from core.data.prepare import Prepared, prepare
from core.data.problems import Problem
from core.data.sources import RawTables
from core.data.validate import validate
from core.errors import ConfigError, DataError

TRUTH_CSV: Final = "truth.csv"


def import_data(plan: ImportPlan, workspace: Path, console: Console) -> dict[str, Any]:
    """Check the files and, if nothing is wrong, remember the import under its name.

    Returns:
        ``ok`` is False if there are errors; then ``prepare`` would fail.
    """
    facts: dict[str, Any] = {}
    console.print(f"Reading {clean(plan.name)}")
    try:
        raw = plan.load()
        console.print("Checking")
        problems = validate(raw)
        facts = raw_facts(raw)
    except DataError as error:
        problems = [Problem("The data cannot be read", 1, [], "error", str(error))]
    print_problems(problems, console)
    ok = all(problem.severity != "error" for problem in problems)
    if ok:
        save_plan(plan, workspace)
        following = environment.shell_command("prepare", plan.name, place=workspace)
        console.print(f"Imported as {plan.name}. Next: {clean(following)}", soft_wrap=True)
    return {
        "name": plan.name,
        "ok": ok,
        "plan": plan.model_dump(),
        **facts,
        "problems": [
            {
                "severity": problem.severity,
                "title": problem.title,
                "count": problem.count,
                "examples": [{k: str(v) for k, v in row.items()} for row in problem.rows],
                "fix": problem.fix,
            }
            for problem in problems
        ],
    }


def raw_facts(raw: RawTables) -> dict[str, Any]:
    """What a source holds: its layout, its columns beside the ids, and its sizes."""
    (sizes,) = raw.query(
        "SELECT count(*) AS n_rows, count(DISTINCT user_id) AS n_users, "
        "count(DISTINCT item_id) AS n_items FROM typed"
    )
    return {"source": raw.source, "columns": list(raw.columns), **sizes}


def print_problems(problems: Sequence[Problem], console: Console) -> None:
    """Print what is wrong, how often, for example where, and what to do."""
    if not problems:
        console.print("No problems found.")
    for problem in problems:
        console.print(f"[bold]{problem.severity}[/]: {clean(problem.title)} ({problem.count})")
        for row in problem.rows[:3]:
            shown = ", ".join(f"{clean(name)}={clean(value)}" for name, value in row.items())
            console.print(f"    {shown}")
        console.print(f"    What to do: {clean(problem.fix)}")


def prepare_data(
    plan: ImportPlan,
    options: Mapping[str, Any],
    workspace: Path,
    console: Console,
    give_up_stopped: bool = False,
) -> dict[str, Any]:
    """Write ``<workspace>/datasets/<name>``, with the truth of a ``truth.csv`` in the folder.

    Args:
        plan: The import.
        options: Values of :class:`PrepareConfig`; a split column is used if ``split`` is absent.
        workspace: Folder of all datasets.
        console: Where to print the report.
        give_up_stopped: Replace the dataset even if a stopped run rests on it, which then cannot
            be continued.

    Raises:
        ConfigError: If the options do not fit, or an unfinished run rests on other data of this
            name.
        DataError: If nothing usable is left.
    """
    console.print(f"Reading {clean(plan.name)}")
    raw = plan.load()
    config = _config(plan, options, raw)
    console.print("Preparing")
    prepared = prepare(raw, config)
    truth = _with_listed(Path(plan.path) / TRUTH_CSV, prepared, console)
    folder = workspace / "datasets" / config.name
    replaced = (folder / "manifest.json").exists()
    _refuse_if_needed(folder, prepared.dataset.fingerprint, workspace, give_up_stopped)
    console.print("Writing the dataset")
    save_dataset(prepared.dataset, folder, prepared.report, truth, prepared.display)
    if replaced:
        console.print(f"The dataset {clean(config.name)} that was there was replaced.")
    manifest = load_manifest(folder)
    print_report(manifest, console)
    shown = ("name", "fingerprint", "counts", "has_truth", "report")
    return {**{name: manifest[name] for name in shown}, "replaced": replaced}


def _config(plan: ImportPlan, options: Mapping[str, Any], raw: RawTables) -> PrepareConfig:
    """Settings of the preparation; a split column is used unless the options say otherwise."""
    split = "given" if "split" in raw.columns else "random"
    try:
        return PrepareConfig.model_validate({"name": plan.name, "split": split} | dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error


def _with_listed(listed: Path, prepared: Prepared, console: Console) -> PlantedTruth | None:
    """What was planted, with what a file of truth beside the source says, if it is there."""
    if not listed.is_file():
        return prepared.truth
    # Loads PyTorch through the metrics of its package.
    console.print("Loading libraries")
    from core.evaluation.truth import join_truth, read_truth_csv  # noqa: PLC0415

    told = read_truth_csv(listed, prepared.dataset)
    return told if prepared.truth is None else join_truth(told, prepared.truth)


def _refuse_if_needed(
    folder: Path, fingerprint: str, workspace: Path, give_up_stopped: bool
) -> None:
    """Keep a dataset that a run still needs from being replaced by another one."""
    held = run_list.ACTIVE if give_up_stopped else run_list.ACTIVE | {"stopped"}
    for run in run_list.known_runs(workspace):
        rests_on = (
            run.dataset_folder is not None and run.dataset_folder.resolve() == folder.resolve()
        )
        if run.state in held and rests_on and run.fingerprint != fingerprint:
            raise ConfigError(
                f"Run {run.run_id} is {run.state} and rests on the dataset {folder.name} as it is. "
                "Prepare under another name (--name), or first let it end "
                f"({run.command}), or delete the folder runs/{run.run_id}."
            )


def print_report(manifest: Mapping[str, Any], console: Console) -> None:
    """Print what preparing did."""
    counts, report = manifest["counts"], manifest["report"]
    console.print(f"Dataset [bold]{clean(manifest['name'])}[/]")
    console.print(f"  {counts['n_users']:,} users, {counts['n_items']:,} items")
    console.print(
        f"  interactions: {counts['n_train']:,} train, {counts['n_valid']:,} validation, "
        f"{counts['n_test']:,} test, of {report['n_raw_rows']:,} rows"
    )
    for entry in report["left_out"]:
        console.print(f"  left out: {entry['n_rows']:,} ({clean(entry['reason'])})")
    console.print(f"  split: {clean(report['split_rule'])}")
    console.print(f"  items without any text: {report['n_items_without_text']:,}")
    if report["n_planted"]:
        console.print(f"  planted noise: {report['n_planted']:,} train interactions")
    if manifest["has_truth"]:
        console.print("  what is noise is known here, so detection can be measured")
