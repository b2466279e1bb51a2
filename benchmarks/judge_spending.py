"""How many calls to a judge can be saved at equal quality, on the sample.

``python -m benchmarks.judge_spending`` runs the sample up to the judging once per seed, with the
judge asked about candidates alone, and then gives the scoring the grades of more and more users:
those worth most by the call first, or users in random order. Planted truth measures what each
share of the calls buys; the rule of stopping (``judge.settle``) sees none of it. The grades are
those of the evidence judge: what is measured is which questions matter, not who answers.

Each seed is a line of ``OUT.jsonl``, ``OUT.md`` says what came out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

import numpy as np
import torch

from benchmarks.quality import SAMPLE, Plan, fingerprint_of_code, prepare_cell
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.engine import SCORE, Engine
from core.evaluation.truth import Truth, read_truth
from core.judge import JudgePairs
from core.judging import count_calls, in_rounds
from core.packing import judgements_of, pairs_of
from core.pipeline import reproducible
from core.settling import Settling, no_judgements
from core.stage_keys import stage_keys
from core.stages import Stages
from core.types import VERDICTS, BoolArray, Judgements, ignore_progress

N_ROUNDS: Final = 20
SETTLE: Final = (0.02, 0.05, 0.1)
"""Shares of changed verdicts below which the rule stops."""
STREAM: Final = 20_261_122
"""Sets the random order of users apart from the draws of the method."""
CPU: Final = torch.device("cpu")


def measure_seed(place: Path, seed: int) -> dict[str, Any]:
    """Quality by calls in both orders, and where each rule would stop.

    Args:
        place: Workspace of this benchmark.
        seed: Of the run, and of the random order.
    """
    folder = prepare_cell(Plan(SAMPLE, None, 0, ()), "as given", seed, place / "datasets" / SAMPLE)
    dataset = load_dataset(folder)
    truth = read_truth(folder, dataset)
    if truth is None:
        raise ValueError("the sample has lost its truth")
    config = RunConfig.model_validate({"seed": seed, "judge": {"scope": "candidates"}})
    run = place / "scratch" / f"spending-{seed}-{fingerprint_of_code()}"
    engine = Engine(
        dataset, config, CPU, run / "checkpoints", place / "cache", ignore_progress
    )  # fmt: skip
    keys = stage_keys(dataset.fingerprint, config, CPU)
    stages = Stages(run / "stages", place / "cache", keys)
    with reproducible(CPU):
        texts = stages.run("texts", engine.texts)
        aligned = stages.run("align", lambda: engine.align(texts))
        pretrained = stages.run("pretrain", engine.pretrain)
        behaviour = stages.run("out-of-fold", lambda: engine.out_of_fold(aligned, pretrained))
        judged = stages.run("judge", lambda: engine.judge(texts, aligned, behaviour, pretrained))
        graded = judgements_of(judged)
        settling = Settling(
            engine._evidence(texts, aligned, behaviour, vars(no_judgements())),
            pairs_of(behaviour, len(dataset.train)),
            judged["low"],
            dataset.train,
            config,
            (seed, SCORE),
        )
        size = config.judge.llm.targets_per_call
        worth = settling.information(_pairs(graded))
        by_chance = np.random.default_rng([STREAM, seed]).random(dataset.train.n_users)[graded.user]
        return {
            "seed": seed,
            "n_pairs": len(graded),
            "n_calls": count_calls(graded.user, size),
            "targets_per_call": size,
            "informative": _curve(graded, worth, size, settling, truth),
            "random": _curve(graded, by_chance.astype(np.float32), size, settling, truth),
            "code": fingerprint_of_code(),
        }


def _curve(
    graded: Judgements, worth: np.ndarray, size: int, settling: Settling, truth: Truth
) -> list[dict[str, float]]:
    """What is known after each round."""
    asked = np.zeros(len(graded), bool)
    before = settling(None)
    curve = [_point(no_judgements(), settling, truth, before, before, 0, 0)]
    for rows in in_rounds(graded.user, worth, size, N_ROUNDS):
        asked[rows] = True
        known = _some(graded, asked)
        after = settling(known)
        n_observed = int(graded.observed[rows].sum())
        n_calls = count_calls(known.user, size)
        curve.append(_point(known, settling, truth, before, after, n_calls, n_observed))
        before = after
    return curve


def _point(
    known: Judgements,
    settling: Settling,
    truth: Truth,
    before: np.ndarray,
    after: np.ndarray,
    n_calls: int,
    n_observed: int,
) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - heavy

    p_noisy, _ = settling.p_noisy(known)
    noise, low, noisy = truth.is_noise, settling.low, after == VERDICTS.index("noisy")
    found_hard = after == VERDICTS.index("hard")
    return {
        "n_calls": n_calls,
        "n_observed": n_observed,
        "n_changed": int((noisy != (before == VERDICTS.index("noisy"))).sum()),
        "auc": float(roc_auc_score(noise, p_noisy)),
        "auc_low": float(roc_auc_score(noise[low], p_noisy[low])),
        "f1": _f1(noisy, noise),
        "hard_found": float(found_hard[truth.is_planted_hard].mean()),
    }


def stops_at(curve: Sequence[dict[str, float]], settle: float) -> int:
    """Round after which the rule of ``judge.settle`` stops, the last if it never does."""
    settled = [
        point["n_changed"] < settle * max(point["n_observed"], 1) for point in curve[1:]
    ]  # fmt: skip
    for number in range(1, len(settled)):
        if settled[number] and settled[number - 1]:
            return number + 1
    return len(settled)


def reached(curve: Sequence[dict[str, float]], name: str, slack: float) -> float:
    """Smallest share of the calls from which on a figure stays within ``slack`` of its end."""
    wanted = curve[-1][name] - slack
    below = [number for number, point in enumerate(curve) if point[name] < wanted]
    first = curve[below[-1] + 1] if below else curve[0]
    return first["n_calls"] / curve[-1]["n_calls"]


def _f1(found: BoolArray, wanted: BoolArray) -> float:
    hit = float((found & wanted).sum())
    return 2 * hit / max(float(found.sum() + wanted.sum()), 1.0)


def _some(graded: Judgements, rows: BoolArray) -> Judgements:
    values = {}
    for part in fields(graded):
        value = getattr(graded, part.name)
        if isinstance(value, tuple):
            value = tuple(text for text, kept in zip(value, rows, strict=True) if kept)
        elif isinstance(value, np.ndarray):
            value = value[rows]
        values[part.name] = value
    return Judgements(**values)


def _pairs(graded: Judgements) -> JudgePairs:
    nothing = np.full((len(graded), 1), -1)
    return JudgePairs(graded.user, graded.item, graded.observed, graded.control, nothing)


def report(rows: Sequence[dict[str, Any]]) -> str:
    """Tables of what the calls bought, in Markdown."""
    first = rows[0]
    lines = [
        "# Calls saved by asking the telling users first",
        "",
        f"Sample, {len(rows)} seeds ({', '.join(str(row['seed']) for row in rows)}), "
        f"{first['n_calls']:,} calls of {first['targets_per_call']} targets for "
        f"{first['n_pairs']:,} pairs in two views at seed {first['seed']}. Grades of the evidence "
        "judge, asked about candidates alone. Written by `python -m benchmarks.judge_spending`.",
        "",
        "Share of the calls after which a figure stays within 0.002 of what all calls give "
        "(mean, range over seeds):",
        "",
        "| figure | telling users first | users in random order |",
        "|---|---|---|",
    ]
    for name in ("auc", "auc_low", "f1", "hard_found"):
        cells = [
            _span([reached(row[order], name, 0.002) for row in rows])
            for order in ("informative", "random")
        ]
        lines.append(f"| {NAMES[name]} | {cells[0]} | {cells[1]} |")
    lines += [
        "",
        "What the rule `judge.settle` does, without seeing any truth (means over seeds):",
        "",
        "| settle | order | calls asked | " + " | ".join(NAMES.values()) + " |",
        "|---|---|---|" + "---|" * len(NAMES),
    ]
    for settle in (0.0, *SETTLE):
        for order in ("informative", "random"):
            ends = [
                row[order][stops_at(row[order], settle) if settle else -1] for row in rows
            ]  # fmt: skip
            share = [end["n_calls"] / row["n_calls"] for end, row in zip(ends, rows, strict=True)]
            figures = [f"{np.mean([end[name] for end in ends]):.3f}" for name in NAMES]
            shown = "off" if not settle else f"{settle:.2f}"
            lines.append(f"| {shown} | {order} | {_span(share)} | " + " | ".join(figures) + " |")
    none = [np.mean([row["informative"][0][name] for row in rows]) for name in NAMES]
    lines.append("| | no call at all | 0 % | " + " | ".join(f"{v:.3f}" for v in none) + " |")
    return "\n".join([*lines, ""])


NAMES: Final = {
    "auc": "AUC of p_noisy",
    "auc_low": "AUC among low-scored",
    "f1": "F1 of noisy",
    "hard_found": "planted hard called hard",
}


def _span(values: Sequence[float]) -> str:
    return f"{np.mean(values):.0%} ({min(values):.0%} to {max(values):.0%})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/bench-spending"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/judge_spending"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options = parser.parse_args(arguments)
    lines = options.out.with_suffix(".jsonl")
    text = lines.read_text(encoding="utf-8") if lines.is_file() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    for seed in options.seeds:
        if seed in {row["seed"] for row in rows}:
            continue
        rows.append(measure_seed(options.workspace.absolute(), seed))
        last = rows[-1]["informative"][-1]
        print(f"seed {seed}: {rows[-1]['n_calls']} calls, AUC {last['auc']:.3f}", flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options.out.with_suffix(".md").write_text(report(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
