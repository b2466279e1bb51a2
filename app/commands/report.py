"""``report``: what came out of a run, every number with what it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from app.commands.output import clean
from app.commands.run_list import where
from app.services import decided, notes, run_list, store, verdict_words, whole_file
from app.services.method_of import is_baseline, method_of
from app.services.records import Manifest
from app.services.run_list import KnownRun
from core.errors import DataError
from core.types import VERDICTS

SIGNALS: Final[Mapping[str, str]] = {
    "loss": "loss (out of fold)",
    "score": "model score (out of fold)",
    "semantic": "semantic relevance (text)",
    "logical": "logical relevance (judge)",
    "p_noisy": "p_noisy (all together)",
}
SIGNALS_OF_BASELINE: Final[Mapping[str, str]] = {
    **{name: text for name, text in SIGNALS.items() if name != "logical"},
    "p_noisy": "p_noisy (a rank, by the method)",
}
GRADES: Final[Mapping[int, str]] = {-1: "not asked", 0: "Low", 1: "Mid", 2: "High"}


def report_run(
    run_id: str, workspace: Path, console: Console, html: Path | None = None
) -> dict[str, Any]:
    """Print the closing report of a finished run; ``latest`` is the newest one.

    Args:
        run_id: Which run.
        workspace: Folder of the runs.
        console: Where it is printed.
        html: Write the report with its figures to this file as well.

    Returns:
        The manifest of the run; with ``html``, the file that was written.

    Raises:
        DataError: If there is no such run, it is damaged, or the file cannot be written.
    """
    if run_id == run_list.LATEST:
        run_id = run_list.newest(workspace)
    elif run_id not in store.run_ids(workspace):
        raise DataError(_why_no_report(run_list.read(workspace, run_id)))
    answer = print_run(workspace, run_id, console).model_dump(mode="json")
    if html is None:
        return answer
    _write_html(store.load_run(workspace, run_id), html)
    console.print(f"Report: {clean(html)}", soft_wrap=True)
    return {**answer, "html": str(html)}


def _why_no_report(run: KnownRun) -> str:
    """Where an unfinished run is, and what can be done with it."""
    if run.state == "queued":
        return f"Run {run.run_id} waits for its turn. Take it out of the queue with: {run.command}"
    if run.state == "running":
        return (
            f"Run {run.run_id} is still running{where(run)}: there is no report yet. "
            f"Stop it with: {run.command}"
        )
    ended = "failed" if run.state == "failed" else "was stopped"
    why = f": {run.message}" if run.state == "failed" and run.message else "."
    then = f" Continue it with: {run.command}" if run.command else " It cannot be continued."
    return f"Run {run.run_id} has no report: it {ended}{where(run)}{why}{then}"


def _write_html(run: store.Run, path: Path) -> None:
    """Write the report to a file, whole or not at all."""
    from app.ui import html_report  # noqa: PLC0415 - plotly is slow to load

    content = html_report.build(run).encode()
    try:
        with whole_file.replacing(path.absolute()) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise DataError(f"The report cannot be written to {path}: {error.strerror}.") from error


def print_run(workspace: Path, run_id: str, console: Console) -> Manifest:
    """Print counts, verdicts, detection, ranking and five examples of a finished run.

    Raises:
        DataError: If there is no such run, or it is damaged.
    """
    run = store.load_run(workspace, run_id)
    _print_head(run.manifest, console)
    _print_verdicts(run.manifest, console)
    for note in notes.of_run(run):
        console.print(f"[bold]Note[/]: {clean(note)}", soft_wrap=True)
    _print_detection(run.manifest, decided.n_told(run), console)
    _print_ranking(run.manifest, console)
    _print_examples(run, console)
    if run.manifest.seconds is not None:
        console.print(f"\nIt took {run.manifest.seconds:.1f} s. Files: {clean(run.folder)}")
    return run.manifest


def _print_head(manifest: Manifest, console: Console) -> None:
    console.print(
        f"\n[bold]Run {clean(manifest.run_id)}[/] on {clean(manifest.dataset)}, {manifest.when}"
    )
    console.print(
        f"{manifest.n_users:,} users, {manifest.n_items:,} items, "
        f"{manifest.n_interactions:,} train interactions"
    )
    asked = "" if manifest.n_judged is None else f", asked about {manifest.n_judged:,} pairs"
    of = method_of(manifest)
    console.print(f"Method: {clean(of.title)}")
    unused = "; no verdict of this method is by a grade" if of.is_baseline else ""
    console.print(f"Judge: {clean(manifest.judge)}{asked}{unused}", soft_wrap=True)
    if manifest.preset and not of.is_baseline:
        console.print(f"Refined graph of the final model: {clean(manifest.preset)}")


def _print_verdicts(manifest: Manifest, console: Console) -> None:
    table = Table("Verdict", "Interactions", "Share", "What it means")
    console.print("\n[bold]Verdicts[/]")
    meaning = verdict_words.meanings(manifest)
    total = max(sum(manifest.verdicts.values()), 1)
    for verdict in VERDICTS:
        count = manifest.verdicts.get(verdict, 0)
        table.add_row(verdict, f"{count:,}", _percent(count / total), meaning[verdict])
    console.print(table)
    people = decided.by_people(manifest)
    if people is not None and people.n_decided:
        console.print(f"People decided {people.n_decided:,} of these, whatever the table says.")
    if manifest.noise_rate is not None:
        share = _percent(manifest.noise_rate)
        console.print(f"Share of noise in train, estimated without any truth: {share}")


def _print_detection(manifest: Manifest, n_told: int, console: Console) -> None:
    detection = manifest.detection
    if detection is None:
        console.print("Detection was not measured: no noise was planted in this dataset.")
        return
    console.print("\n[bold]Detection of planted noise[/], AUC (0.5 = blind, 1 = perfect)")
    table = Table("Signal", "all", "top 20 % by loss", "equal model score")
    for name, text in (SIGNALS_OF_BASELINE if is_baseline(manifest) else SIGNALS).items():
        columns = (detection.auc_all, detection.auc_top_loss, detection.auc_matched)
        table.add_row(text, *(_number(column.get(name), 3) for column in columns))
    console.print(table)
    if n_told:
        console.print(
            f"Without {n_told:,} interactions whose verdict a label decided or whose label p_noisy "
            "learned from: the method did not find them out."
        )
    console.print(f"Planted noise found (verdict noisy): {_percent(manifest.noise_recall)}")
    console.print(f"Planted noise among those called noisy: {_percent(manifest.precision)}")
    console.print(f"Hard genuine interactions kept: {_percent(manifest.hard_kept)}")
    console.print(
        "Hard genuine interactions kept by a cut at the same noise found, by loss alone: "
        f"{_percent(manifest.hard_kept_by_loss_cut)}"
    )


def _print_ranking(manifest: Manifest, console: Console) -> None:
    ranking = manifest.ranking
    if ranking is None:
        return
    console.print("\n[bold]Recommendations on the test set[/] (0..1, higher is better)")
    table = Table("Measure", clean(method_of(manifest).title), "plain backbone", "difference")
    for name, ours, plain in (
        ("Recall@20", ranking.recall20, ranking.bpr_recall20),
        ("NDCG@20", ranking.ndcg20, ranking.bpr_ndcg20),
    ):
        change = f"{ours / plain - 1:+.1%}" if plain > 0 else "-"
        table.add_row(name, _number(ours, 4), _number(plain, 4), change)
    console.print(table)


def _print_examples(run: store.Run, console: Console) -> None:
    """Five interactions with the evidence for their verdict."""
    console.print("\n[bold]Examples[/]")
    baseline = is_baseline(run.manifest)
    for row in store.examples(run).to_dict("records"):
        title = row["title"] or row["item_id"]
        console.print(f"\n{clean(row['user_id'])} -> {clean(title)}: [bold]{row['verdict']}[/]")
        console.print(
            f"    loss {_number(row['loss'], 2)} (out of fold), "
            f"scores above {_percent(row['score'])} of what the user has not seen, "
            f"semantic relevance {_semantic(row['semantic'])}, "
            f"{'rank' if baseline else 'p_noisy'} {_number(row['p_noisy'], 2)} (0..1)"
        )
        for view in () if baseline else ("user", "item"):
            grade = GRADES.get(int(row[f"{view}_grade"]), "?")
            reason = clean(row[f"{view}_reason"] or "")
            console.print(f"    {view}-centric grade: {grade}{': ' if reason else ''}{reason}")
        said = str(row["explanation"] or "")
        why = verdict_words.explained(run.manifest, row["verdict"], row["p_noisy"], said)
        console.print(f"    {clean(why)}")


def _semantic(value: float | None) -> str:
    known = value is not None and math.isfinite(value)
    return f"{value:.2f} (-1..1)" if known else "not known"


def _percent(share: float | None) -> str:
    return "-" if share is None or not math.isfinite(share) else f"{share:.1%}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"
