"""What ``judge`` prints, and the tables it reads and writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.console import Console

from app.commands.output import clean
from app.services import run_folder
from core.errors import DataError
from core.judge.recorded import PREFIX, Recorded
from core.judge.recorded_rows import RecordProblem
from core.types import Dataset, Progress

GRADES = ("Low", "Mid", "High")
SECONDS_BETWEEN: Final = 2.0
"""Between two lines about the judging."""
SECONDS_BETWEEN_LINES = 0.5
COLUMNS = (
    *("user_id", "item_id", "user_grade", "item_grade"),
    *("user_reason", "item_reason", "judge"),
)
"""Of judgements on their way in or out."""


def previewed(told: Mapping[str, Any], console: Console) -> None:
    """Print what judging would take."""
    console.print(
        f"Pairs: {told['n_pairs']:,} ({told['n_observed']:,} interactions, "
        f"{told['n_unobserved']:,} unobserved, {told['n_controls']:,} strangers to compare with)"
    )
    if told["encoder"]:
        console.print(f"All profile texts go to [bold]{clean(told['encoder'])}[/] to be embedded.")
    if told["profiles"]:
        found = told["profiles"]
        console.print(
            f"Profiles: {found['n_calls']:,} calls before the judging, about "
            f"{found['prompt_tokens']:,} tokens of questions and at most "
            f"{found['output_tokens']:,} of replies"
            + ("" if found["money"] is None else f", about {found['money']:,.2f}")
        )
    if told["asks_model"] or told["profiles"]:
        console.print(f"Model: {clean(told['model'])}")
        console.print(f"Receiver: [bold]{clean(told['receiver'])}[/]")
    if not told["asks_model"]:
        console.print("No language model is asked for grades: they cost nothing.")
        return
    console.print("It receives: " + ", ".join(clean(field) for field in told["fields"]))
    console.print(f"Calls: about {told['n_calls']:,}, both views together")
    tokens = f"{told['prompt_tokens']:,} of questions, {told['output_tokens']:,} of replies"
    console.print(f"Tokens: about {tokens}")
    money = told["money"]
    unknown = "not known: set judge.llm.price_prompt and judge.llm.price_output"
    console.print(f"Money: {unknown if money is None else f'about {money:,.2f}'}")
    seconds = told["seconds"]
    unmeasured = "not known: nothing was measured with this model yet"
    console.print(f"Time: {unmeasured if seconds is None else _duration(seconds)}")
    limits = ", ".join(f"{name[7:]} {value:,g}" for name, value in told["budget"].items())
    console.print(f"Budget: {limits or 'none set (judge.llm.budget_calls, _tokens, _money)'}")
    console.print(clean(told["rests_on"]))
    for message in told["sample"]:
        console.rule(f"Example: {clean(message['role'])}")
        console.print(clean(message["content"]), soft_wrap=True)


def spent(progress: Progress) -> str:
    """One line about a judging that goes on."""
    values = progress.values
    parts = [f"judge {progress.fraction:.0%}"]
    for name, words in (
        ("n_judged", "pairs judged"),
        ("n_calls", "calls paid for"),
        ("n_cached", "answers known before"),
        ("n_unparsed", "unreadable"),
        ("n_failed", "failed"),
        ("tokens", "tokens"),
    ):
        if values.get(name):
            parts.append(f"{values[name]:,.0f} {words}")
    if values.get("money"):
        parts.append(f"{values['money']:,.2f} spent")
    return ", ".join(parts)


class ProgressLines:
    """How far a judging is, for programs: lines ``{"progress": {...}}`` on standard output."""

    def __init__(self) -> None:
        self._stage, self._at = "", 0.0

    def say(self, progress: Progress, now: float) -> None:
        """Print a line for a new stage, for its end, and else about every half second."""
        ends = progress.fraction >= 1.0
        if progress.stage == self._stage and not ends and now - self._at < SECONDS_BETWEEN_LINES:
            return
        self._stage, self._at = progress.stage, now
        told = {"stage": progress.stage, "fraction": progress.fraction}
        values = {name: value for name, value in progress.values.items() if isfinite(value)}
        print(json.dumps({"progress": {**told, "values": values}}), flush=True)


def teller(console: Console, as_json: bool) -> Callable[[Progress], None]:
    """Say when a stage begins, and every few seconds what the judging has cost so far."""
    last = {"stage": "", "at": 0.0}
    lines = ProgressLines() if as_json else None

    def say(progress: Progress) -> None:
        now = time.monotonic()
        if lines is not None:
            lines.say(progress, now)
        if progress.stage != last["stage"]:
            last.update(stage=progress.stage, at=now)
            console.print(f"{progress.stage} ...")
        elif progress.stage == "judge" and now - float(str(last["at"])) > SECONDS_BETWEEN:
            last.update(at=now)
            console.print(spent(progress), soft_wrap=True)

    return say


def judged(about: Mapping[str, Any], quality: Mapping[str, Any], console: Console) -> None:
    """Print what a judging came to."""
    console.print(f"{about['n_pairs']:,} pairs judged by {clean(about['judge'])}")
    print_quality(quality, console)


def stats(folder: Path, console: Console) -> dict[str, Any]:
    """Print and return how far the judge of a run, or of judgements, can be trusted.

    Raises:
        DataError: If that is not known.
    """
    path = folder / run_folder.JUDGE_QUALITY
    try:
        quality = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder.name}: nothing is known about how it was judged (no {path.name}); it was "
            "made by an earlier version, or imported."
        ) from error
    console.print(f"{quality['n_pairs']:,} pairs judged by {clean(quality['judge'])}")
    print_quality(quality, console)
    return dict(quality)


def print_quality(quality: Mapping[str, Any], console: Console) -> None:
    """Print grades, agreement of the views, what it took, and what went wrong."""
    for view, words in (("user", "user's view"), ("item", "item's view")):
        shares = ", ".join(
            f"{name} {_percent(part)}"
            for name, part in zip(GRADES, quality["grades"][view], strict=True)
        )
        console.print(f"  {words}: {shares}")
    views = quality["views"]["all"]
    if views["equal"]["n"]:
        console.print(f"  both views alike: {_percent(views['equal'])}")
    _print_remarks(quality, console)
    asked = quality["asked"]
    if quality["spend"] is not None:
        _print_calls(quality, console)
    written = quality.get("profiles")
    if written:
        console.print(
            f"  profiles written: {written['n_users']:,} users, {written['n_items']:,} items; "
            f"composed ones kept: {written['n_refused'] + written['n_left']:,}"
        )
    if asked["rounds"]:
        console.print(
            f"  asked in {len(asked['rounds'])} rounds: about {asked['n_calls']:,} of "
            f"{asked['n_calls_all']:,} calls"
        )
    if asked["stopped_by"]:
        console.print(f"  [bold]stopped early[/]: {clean(asked['stopped_by'])}", soft_wrap=True)
    if quality["flipped"]:
        console.print(f"  [bold]{quality['flipped']:.0%} of the grades were flipped[/] on purpose")


def _print_remarks(quality: Mapping[str, Any], console: Console) -> None:
    """How far two judges agree, and what of recorded judgements was left out."""
    judges = quality.get("judges") or {}
    for view in ("user", "item"):
        found = judges.get(view) or {}
        if found.get("share") is not None:
            n = f"{found['n']:,}"
            console.print(f"  both judges alike, {view}'s view: {found['share']:.1%} of {n} pairs")
    for problem in quality.get("problems") or ():
        console.print(f"  left out: {clean(problem['title'])} ({problem['count']:,})")


def _print_calls(quality: Mapping[str, Any], console: Console) -> None:
    for outcome, part in quality["outcomes"]["all"].items():
        if part["n_yes"]:
            console.print(f"  calls {clean(outcome)}: {part['n_yes']:,} ({_percent(part)})")
    for view, found in (quality["position"] or {}).items():
        p = found.get("p")
        if p is not None:
            console.print(
                f"  place in the call, {clean(view)}'s view: p = {p:.3f} for no influence"
            )
    repeats = quality["asked"].get("repeats") or {}
    if repeats.get("n_calls"):
        n_calls, tokens = f"{repeats['n_calls']:,}", f"{repeats['tokens']:,}"
        console.print(f"  asking once more took {n_calls} calls and {tokens} tokens besides")
    for name, found in (quality["repeats"] or {}).items():
        for view in ("user", "item"):
            same = _percent(found[view]["equal"])
            console.print(f"  asked {clean(name)}, {view}'s view: {same} the same")


def listed(known: Sequence[Mapping[str, Any]], console: Console) -> dict[str, Any]:
    """Print what judgements there are."""
    if not known:
        console.print("No judgements were made or imported apart from runs.")
    for about in known:
        console.print(
            f"{clean(about['name'])}: {about.get('n_pairs', 0):,} pairs of "
            f"{clean(about.get('dataset', ''))} by {clean(about.get('judge', ''))}, made "
            f"{clean(about.get('made', ''))}"
        )
    return {"judgements": [dict(about) for about in known]}


def print_problems(problems: Sequence[RecordProblem], console: Console) -> None:
    """Print what is wrong, how often, for example where, and what to do."""
    for problem in problems:
        console.print(f"[bold]{problem.severity}[/]: {clean(problem.title)} ({problem.count:,})")
        for row in problem.rows[:3]:
            shown = ", ".join(f"{clean(name)}={clean(value)}" for name, value in row.items())
            console.print(f"    {shown}")
        console.print(f"    What to do: {clean(problem.fix)}")


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
    """Judgements of a run as they can be imported again."""
    found = table.copy()
    for view in ("user_grade", "item_grade"):
        if pd.api.types.is_numeric_dtype(found[view]):
            found[view] = [GRADES[int(grade)] for grade in found[view]]
    if "judge" not in found:
        manifest = json.loads((folder / run_folder.MANIFEST).read_text(encoding="utf-8"))
        found["judge"] = str(manifest["judge"])
    # Who graded first: a run puts the prefix there anew, each time the judgements go round.
    found["judge"] = [_without_prefix(str(name)) for name in found["judge"]]
    return found[list(COLUMNS)]


def _without_prefix(judge: str) -> str:
    while judge.startswith(PREFIX):
        judge = judge.removeprefix(PREFIX)
    return judge


def _percent(part: Mapping[str, Any]) -> str:
    share = part.get("share")
    return "–" if share is None else f"{share:.1%}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
