"""Do our LightGCN, SGL and SimGCL rank as RecBole's? ``python -m benchmarks.recbole_parity``.

Both sides get one split, the same hyper-parameters in the same meaning, the same early stop and the
same masks, and run one after the other in processes of their own. A cell is a method, a side and a
seed; each finished cell is a line of ``OUT.jsonl``; called again, only what is missing is run.
``OUT.md`` is written anew after every cell.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.update(environment.with_defaults(os.environ))

from benchmarks.recbole_cells import train_ours, train_theirs
from benchmarks.recbole_env import make_environment
from benchmarks.recbole_parity_report import render
from benchmarks.recbole_settings import METHODS, Matched
from core.errors import ConfigError, WorkbenchError
from core.types import Dataset

SAMPLE: Final = "sample"
SIDES: Final = ("recbole", "ours")
FORM: Final = "ours, RecBole's contrast"
"""A third side, of SGL alone: what explains a difference if there is one (``--form``)."""
SEEDS: Final = (0, 1, 2, 3, 4)
CODE: Final = ("baselines", "graph", "model", "train", "metrics.py")
"""What of ``core`` the numbers depend on."""


def dataset_of(options: argparse.Namespace) -> Dataset:
    """Read or prepare the data; the split is the same in every call.

    Raises:
        WorkbenchError: If it cannot be used.
    """
    from core.config import PrepareConfig  # noqa: PLC0415
    from core.data.dataset import load_dataset  # noqa: PLC0415
    from core.data.prepare import prepare  # noqa: PLC0415
    from core.data.sources import load_raw  # noqa: PLC0415

    sample = options.data == SAMPLE
    source = environment.ROOT / "sample_data" if sample else Path(options.data)
    if not source.exists():
        raise ConfigError(f"There is nothing at {source}. Check the path.")
    if (source / "manifest.json").is_file():
        return load_dataset(source)
    raw = load_raw(source)
    config = PrepareConfig(
        name=SAMPLE if sample else source.resolve().name,
        min_rating=options.min_rating,
        core=options.core,
        split="given" if "split" in raw.columns else "random",
    )
    return prepare(raw, config).dataset


def fingerprint_of_code() -> str:
    """Short hash of the modules that our numbers depend on."""
    digest = hashlib.sha256()
    for name in CODE:
        place = environment.ROOT / "core" / name
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def measure(
    dataset: Dataset, method: str, side: str, seed: int, matched: Matched, python: Path | None
) -> dict[str, Any]:
    """Run one cell; plain values for JSON.

    Raises:
        WorkbenchError: If a side failed.
    """
    if side == "recbole":
        if python is None:
            raise ValueError("no environment of RecBole")
        found = train_theirs(dataset, method, seed, matched, python)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            job = (dataset, method, seed, matched, side == FORM)
            found = pool.submit(train_ours, *job).result()
    return found | {
        "data": dataset.name,
        "method": method,
        "side": side,
        "seed": seed,
        "fingerprint": dataset.fingerprint,
        "n_users": dataset.train.n_users,
        "n_items": dataset.train.n_items,
        **{f"n_{part}": len(getattr(dataset, part)) for part in ("train", "valid", "test")},
        "matched": matched.model_dump(mode="json"),
        "code": fingerprint_of_code(),
    }


def read_rows(path: Path, dataset: Dataset) -> list[dict[str, Any]]:
    """Finished cells of earlier calls, of this and of other data and settings.

    Raises:
        ConfigError: If cells of data of this name were made from another split.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    for row in rows:
        if row["data"] == dataset.name and row["fingerprint"] != dataset.fingerprint:
            raise ConfigError(
                f"{path} holds another split of {dataset.name}. Name another file with --out."
            )
    return rows


def is_in(cell: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a cell (data, method, side, seed, matched) was finished before."""
    return any(all(row[name] == value for name, value in cell.items()) for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing and write the report; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(dataset_of(options), _matched(options.set), options)
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _matched(assignments: Sequence[str]) -> Matched:
    values = dict(text.partition("=")[::2] for text in assignments)
    try:
        return Matched.model_validate(values)
    except ValidationError as error:
        names = ", ".join(Matched.model_fields)
        raise ConfigError(f"{error}\nWrite NAME=VALUE; there are {names}.") from error


def _run(dataset: Dataset, matched: Matched, options: argparse.Namespace) -> None:
    lines, report = Path(f"{options.out}.jsonl"), Path(f"{options.out}.md")
    lines.parent.mkdir(parents=True, exist_ok=True)
    rows = read_rows(lines, dataset)
    shared = {"data": dataset.name, "matched": matched.model_dump(mode="json")}
    python = make_environment() if "recbole" in options.sides else None
    for seed in options.seeds:
        for method in options.methods:
            for side in [*options.sides, *([FORM] if options.form and method == "sgl" else [])]:
                if is_in(shared | {"method": method, "side": side, "seed": seed}, rows):
                    continue
                row = measure(dataset, method, side, seed, matched, python)
                rows.append(row)
                with lines.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, allow_nan=False) + "\n")
                report.write_text(render(rows), encoding="utf-8")
                print(_line(row), flush=True)
    report.write_text(render(rows), encoding="utf-8")
    print(f"Report: {report}")


def _line(row: Mapping[str, Any]) -> str:
    return (
        f"{row['data']}, {row['method']}, {row['side']}, seed {row['seed']}: "
        f"Recall@20 {row['recall20']:.4f}, best epoch {row['best_epoch']}, "
        f"{row['n_epochs']} epochs of {row['epoch_seconds']:.2f} s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recbole_parity", description=__doc__
    )
    add = parser.add_argument
    add("--data", default=SAMPLE, help="sample, a prepared dataset, or a folder of raw data")
    add("--min-rating", type=float, help="raw data: keep interactions rated at least this")
    add("--core", type=int, default=0, help="raw data: k of the k-core (0)")
    add("--seeds", type=int, nargs="+", default=list(SEEDS))
    add("--methods", nargs="+", choices=[*METHODS], default=[*METHODS])
    add("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    add("--form", action="store_true", help="SGL: ours with RecBole's contrast, too")
    add("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE")
    out = environment.ROOT / "docs" / "results" / "recbole_parity"
    add("--out", type=Path, default=out, metavar="NAME", help="files without ending")
    return parser


if __name__ == "__main__":
    sys.exit(main())
