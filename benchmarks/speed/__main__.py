"""Speed beside others, on one machine in one go: ``python -m benchmarks.speed``.

Every contestant is a process of its own with the same threads; contestants of a part are measured
in turn, round after round. A finished round is a line in docs/results/performance and is not
measured again; docs/performance.md is written anew after every part. ``--report`` only writes it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.services import environment
from benchmarks.speed.graphs import NAMES, file_of
from benchmarks.speed.parts import PARTS, Contestant, Part
from benchmarks.speed.process import Worker
from benchmarks.speed.race import EQUAL
from benchmarks.speed.report import write_report
from benchmarks.speed.rows import (
    FOLDER,
    KEY,
    Rows,
    append,
    drop,
    fingerprint_of_code,
    key_of,
    machine,
    take_over,
)
from core.errors import ConfigError, WorkbenchError

PAGE: Final = environment.ROOT / "docs" / "performance.md"
GPU: Final = "gpu"
"""The part that is told which device to use."""
PROFILE: Final = "profile"
CACHE: Final = environment.ROOT / "workspace" / "speed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing and write the report; returns the exit code."""
    options = _parser().parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        print(f"There is no part {', '.join(sorted(unknown))}: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    known = {one.name for name in options.parts for one in PARTS[name].contestants}
    if unknown := set(options.only) - known:
        print(f"No contestant {', '.join(sorted(unknown))}: see --help", file=sys.stderr)
        return 2
    if options.threads > (os.cpu_count() or 1):
        print("More threads than cores: times would mean nothing.", file=sys.stderr)
        return 2
    if options.fresh and (options.report or options.before):
        print("--fresh would forget what was measured and measure nothing.", file=sys.stderr)
        return 2
    try:
        if options.fresh:
            drop(options.out, options.parts)
        if options.before:
            n_rows = take_over(options.before, options.out, PROFILE)
            print(f"{n_rows} profiles of an older version")
        for name in [] if options.report or options.before else options.parts:
            _measure_part(name, options)
            write_report(options.out, options.page)
        write_report(options.out, options.page)
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Report: {options.page}")
    return 0


def _measure_part(name: str, options: argparse.Namespace) -> None:
    part = PARTS[name]
    for graph in _graphs(part, options):
        job = {"threads": options.threads, **_overrides(options)}
        if name != GPU:  # elsewhere a device would be measured against another one
            job.pop("device", None)
        if part.chosen and graph:
            path = file_of(graph, options.cache)
            if path is None:
                print(f"{name}, {graph}: skipped, the data is not on this machine", flush=True)
                continue
            job["graph"] = str(path)
        elif graph:
            job["size"] = int(graph)
        with ExitStack() as stack:
            Turns(name, graph, job, options, stack).measure()


def _graphs(part: Part, options: argparse.Namespace) -> Sequence[str]:
    """Those of the part, as far as they were asked for, and those that are drawn to order."""
    if part.graphs == ("",):
        return part.graphs
    if not part.chosen:
        return options.sizes or part.graphs
    if not options.graphs:
        return [graph for graph in part.graphs if graph not in part.on_demand]
    return [g for g in options.graphs if g in part.graphs or g not in NAMES]


class Turns:
    """Contestants of one part and graph, measured in turn.

    Args:
        name: Of the part.
        graph: Graph or size.
        job: What all contestants are told.
        options: Of the command line.
        stack: Ends the processes.
    """

    def __init__(
        self,
        name: str,
        graph: str,
        job: Mapping[str, Any],
        options: argparse.Namespace,
        stack: ExitStack,
    ) -> None:
        self.part, self.name, self.graph, self.job = PARTS[name], name, graph, job
        self.options, self._stack = options, stack
        self._workers: dict[str, Worker | None] = {}
        self._done = {key_of(row) for row in Rows.read(options.out).of(part=name).rows}

    def measure(self) -> None:
        """All rounds that are missing."""
        only = self.options.only
        wanted = [c for c in self.part.contestants if not only or c.name in only]
        for number in range(self.options.rounds or self.part.rounds):
            # Back and forth: nobody always follows the same neighbour.
            for contestant in wanted if number % 2 == 0 else wanted[::-1]:
                key = (self.name, self.graph, contestant.name, self.options.threads, number)
                if key not in self._done:
                    self._take(contestant, key)

    def _take(self, contestant: Contestant, key: tuple[Any, ...]) -> None:
        row = dict(zip(KEY, key, strict=True))
        job = {**contestant.job, **self.job}
        if contestant.name.startswith(EQUAL):  # these are about one number of epochs
            job["epochs"] = min(job["epochs"], contestant.job["epochs"])
        place = f"{self.name}, {self.graph or 'all'}, {contestant.name}, round {row['round'] + 1}"
        load = os.getloadavg()[0]
        try:
            answer = self._ask(contestant, {**job, "round": row["round"]})
        except ConfigError as error:
            print(f"{place}: not measured, {error}", flush=True)
            return
        if answer is None:
            return
        found, versions = answer
        if "skipped" in found:
            print(f"{place}: skipped, {found['skipped']}", flush=True)
            return
        append(self.options.out, row | _facts(job, found, versions) | {"load": round(load, 2)})
        print(f"{place}: {_said(found)}", flush=True)

    def _ask(
        self, contestant: Contestant, job: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]] | None:
        """One measurement and versions; none of a contestant that could not start before."""
        if self.part.fresh:
            with _start(contestant, job) as worker:
                return worker.ask(), worker.versions
        if contestant.name not in self._workers:
            self._workers[contestant.name] = None
            worker = self._stack.enter_context(_start(contestant, job))
            self._workers[contestant.name] = worker
        kept = self._workers[contestant.name]
        return None if kept is None else (kept.ask(), kept.versions)


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    given = {"epochs": options.epochs, "steps": options.steps, "device": options.device}
    return {name: value for name, value in given.items() if value is not None}


def _start(contestant: Contestant, job: dict[str, Any]) -> Worker:
    return Worker(contestant.module, job, contestant.where, job["threads"])


def _facts(job: dict[str, Any], found: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    return {
        "found": found,
        "job": {key: value for key, value in job.items() if key != "graph"},
        "versions": versions,
        "machine": machine(),
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "code": fingerprint_of_code(),
    }


def _said(found: dict[str, Any]) -> str:
    numbers = {name: value for name, value in found.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in numbers.items()) or "done"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        epilog=_parts_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # --graph would be --graphs, and a typing error hours
    )
    add = parser.add_argument
    first = [name for name in PARTS if name != GPU]
    add(
        "--parts",
        type=_listed,
        default=first,
        help="all but gpu if omitted, which takes hours; of " + ",".join(PARTS),
    )
    add("--graphs", type=_listed, default=[], help="S,L,sample,amazon-book or USERSxITEMSxROWS")
    add("--sizes", type=_listed, default=[], help="points of projection, interactions of growth")
    add("--only", type=_listed, default=[], help="contestants by name, as below")
    add("--rounds", type=int, help="of every part; each has its own number if omitted")
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--epochs", type=int, help="of recall and folds")
    add("--steps", type=int, help="repetitions within a round")
    add("--device", help="of the part gpu: cuda")
    add("--fresh", action="store_true", help="forget what was measured of these parts")
    add("--before", type=Path, help="take over profiles of an older version from this folder")
    add("--report", action="store_true", help="measure nothing")
    add("--out", type=Path, default=FOLDER, help="folder of raw numbers; the project's if omitted")
    add("--page", type=Path, default=PAGE, help="the report; docs/performance.md if omitted")
    add("--cache", type=Path, default=CACHE, help="folder of graphs")
    return parser


def _parts_text() -> str:
    """Name, title, graphs or sizes and contestants of each part."""
    lines = ["parts (those with RecBole or PyG install them first, in environments of their own):"]
    for name, part in PARTS.items():
        hours = part.on_demand
        graphs = ", ".join(g + (" (hours, on demand)" if g in hours else "") for g in part.graphs)
        lines.append(f"  {name}: {part.title}" + (f"; {graphs}" if graphs else ""))
        lines.append("    " + " | ".join(c.name for c in part.contestants))
    lines += ["", "To try it out without changing the project's numbers:"]
    lines.append("  --parts eval --graphs S --rounds 1 --out /tmp/speed --page /tmp/speed.md")
    return "\n".join(lines)


def _listed(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


if __name__ == "__main__":
    sys.exit(main())
