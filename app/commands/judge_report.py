"""What ``judge`` prints, and the tables it reads and writes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from app.commands.output import clean
from app.services import run_folder
from core.errors import DataError
from core.judge.doubts import doubts
from core.judge.recorded_rows import RecordProblem
from core.types import Progress

GRADES = ("Low", "Mid", "High")
SECONDS_BETWEEN: Final = 2.0
"""Between two lines about the judging."""
SECONDS_BETWEEN_LINES = 0.5


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


class Teller:
    """Says when a stage begins, and every few seconds what the judging has cost so far.

    Args:
        console: For people.
        as_json: Say it on standard output too, for programs.

    Attributes:
        paid: What the last reports of each stage said that calls were paid, by stage.
    """

    def __init__(self, console: Console, as_json: bool) -> None:
        self._console, self._lines = console, ProgressLines() if as_json else None
        self._stage, self._at = "", 0.0
        self.paid: dict[str, Mapping[str, float]] = {}

    def __call__(self, progress: Progress) -> None:
        """Take one report."""
        now = time.monotonic()
        if "n_calls" in progress.values:
            self.paid[progress.stage] = dict(progress.values)
        if self._lines is not None:
            self._lines.say(progress, now)
        if progress.stage != self._stage:
            self._stage, self._at = progress.stage, now
            self._console.print(f"{progress.stage} ...")
        elif progress.stage == "judge" and now - self._at > SECONDS_BETWEEN:
            self._at = now
            self._console.print(spent(progress), soft_wrap=True)


def stopped(paid: Mapping[str, Mapping[str, float]], console: Console) -> None:
    """Print what a judging that was stopped leaves, and how to go on."""
    last = paid.get("judge") or paid.get("texts")
    kept = "Nothing was asked yet."
    if last:
        tokens = f"{last.get('tokens', 0):,.0f} tokens"
        kept = f"Kept: {last['n_calls']:,.0f} answers that were paid for ({tokens})"
        kept += f", grades of {last['n_judged']:,.0f} pairs." if "n_judged" in last else "."
    console.print(
        f"{kept} The same command goes on from there and pays for nothing twice.", soft_wrap=True
    )


def judged(about: Mapping[str, Any], quality: Mapping[str, Any], console: Console) -> None:
    """Print what a judging came to, and what it took."""
    console.print(f"{how_many(about)} judged by {clean(about['judge'])}")
    print_quality(quality, console)
    took = _took(float(about["seconds"]))
    paid = (quality["spend"] or {}).get("paid_now")
    if paid is None:
        console.print(f"Took {took}; no language model was asked.")
        return
    again = quality["asked"].get("repeats") or {}
    tokens = paid["prompt_tokens"] + paid["output_tokens"] + int(again.get("tokens", 0))
    known = quality["spend"]["all"]["n_from_cache"]
    prices = about["settings"]["judge"]["llm"]
    is_priced = prices["price_prompt"] or prices["price_output"]
    money = f"{paid['money'] + again.get('money', 0.0):,.2f}"
    console.print(
        f"Paid now: {paid['n_calls'] + again.get('n_calls', 0):,} calls, {tokens:,} tokens, "
        + (f"money {money}" if is_priced else "money not known without prices")
        + f"; {known:,} calls were answered from what was paid for earlier. Took {took}.",
        soft_wrap=True,
    )


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
    for doubt in doubts(quality["views"]):  # judged before doubts were kept: found now
        console.print(f"  [bold]doubt[/]: {clean(doubt['text'])}", soft_wrap=True)


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
            f"{day_of(about)}  {clean(about['name'])}: {how_many(about)} of "
            f"{clean(about.get('dataset', ''))} by {clean(about.get('judge', ''))}, made "
            f"{clean(about.get('made', ''))}",
            soft_wrap=True,
        )
    return {"judgements": [dict(about) for about in known]}


def how_many(about: Mapping[str, Any]) -> str:
    """Pairs that are judged, and of how many where the judging ended early."""
    n, wanted = about.get("n_pairs") or 0, about.get("n_wanted")
    pairs = f"{n:,} of {wanted:,} pairs" if wanted and wanted > n else f"{n:,} pairs"
    return f"[bold]stopped early[/]: {pairs}" if about.get("stopped_by") else pairs


def day_of(about: Mapping[str, Any]) -> str:
    """Date and time (UTC) at which judgements were made, to the minute."""
    try:
        made = datetime.fromisoformat(str(about.get("created", "")))
    except ValueError:
        return "date unknown"
    return f"{made.astimezone(UTC):%Y-%m-%d %H:%M}"


def print_problems(problems: Sequence[RecordProblem], console: Console) -> None:
    """Print what is wrong, how often, for example where, and what to do."""
    for problem in problems:
        console.print(f"[bold]{problem.severity}[/]: {clean(problem.title)} ({problem.count:,})")
        for row in problem.rows[:3]:
            shown = ", ".join(f"{clean(name)}={clean(value)}" for name, value in row.items())
            console.print(f"    {shown}")
        console.print(f"    What to do: {clean(problem.fix)}")


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{seconds:.1f} s"


def _percent(part: Mapping[str, Any]) -> str:
    share = part.get("share")
    return "–" if share is None else f"{share:.1%}"
