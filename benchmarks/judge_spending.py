"""How many calls to a judge can be saved at equal quality, on the sample.

``python -m benchmarks.judge_spending`` runs the sample up to the judging once per seed, with the
judge asked about candidates alone, and then gives the scoring the grades of more and more users:
those worth most by the call first, or users in random order. Planted truth measures what each
share of the calls buys; the rule of stopping (``judge.settle``) sees none of it. Two judges answer:
the evidence judge, and one that is simulated from planted truth: right in four of five grades, in
both views independently. No language model is measured here, only which questions matter.

Each seed is a line of ``OUT.jsonl``, ``OUT.md`` says what came out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

import numpy as np
import torch

from benchmarks.cells import SAMPLE, Plan, fingerprint_of_code, prepare_cell
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
from core.types import HIGH, LOW, VERDICTS, BoolArray, Interactions, Judgements, ignore_progress

N_ROUNDS: Final = 20
SETTLE: Final = (0.02, 0.05, 0.1, 0.2)
"""Shares of changed verdicts below which the rule stops."""
RIGHT: Final = 0.8
"""Share of right grades of the simulated judge."""
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
    cache = place / "cache"
    engine = Engine(dataset, config, CPU, run / "checkpoints", cache, ignore_progress)
    keys = stage_keys(dataset.fingerprint, config, CPU)
    stages = Stages(run / "stages", cache, keys)
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
        rng = np.random.default_rng([STREAM, seed])
        by_chance = rng.random(dataset.train.n_users)[graded.user].astype(np.float32)
        judges = {"evidence": graded, "simulated": simulated(graded, dataset.train, truth, rng)}
        orders = (("informative", worth), ("random", by_chance))
        return {
            "seed": seed,
            "n_pairs": len(graded),
            "n_calls": count_calls(graded.user, size),
            "targets_per_call": size,
            "curves": {
                judge: {name: _curve(own, first, size, settling, truth) for name, first in orders}
                for judge, own in judges.items()
            },
            "code": fingerprint_of_code(),
        }


def simulated(
    graded: Judgements, train: Interactions, truth: Truth, rng: np.random.Generator
) -> Judgements:
    """Grades of a judge that is right in :data:`RIGHT` of them, from planted truth.

    Right is High for a genuine interaction and Low for noise and for what was not observed; a wrong
    grade is one of the others.
    """
    order = np.argsort(train.key())
    key = graded.user * np.int64(train.n_items) + graded.item
    place = np.searchsorted(train.key(), key, sorter=order)
    row = order[np.minimum(place, len(order) - 1)]
    genuine = graded.observed & ~truth.is_noise[row]

    def grades() -> np.ndarray:
        right = np.where(genuine, HIGH, LOW)
        other = (right + rng.integers(1, 3, len(right))) % 3
        return np.where(rng.random(len(right)) < RIGHT, right, other).astype(np.int8)

    return replace(graded, user_grade=grades(), item_grade=grades())


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
        f"{first['n_pairs']:,} pairs in two views at seed {first['seed']}, asked about candidates "
        "alone. Written by `python -m benchmarks.judge_spending`. No language model is measured: "
        "grades are those of the evidence judge, or simulated from planted truth "
        f"({RIGHT:.0%} right).",
    ]
    for judge in first["curves"]:
        curves = [row["curves"][judge] for row in rows]
        lines += ["", f"## {TITLES[judge]}", "", *_reached(curves), ""]
        lines += [*_on_the_way(curves), "", *_rules(curves)]
    return "\n".join([*lines, ""])


def _reached(curves: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "Share of the calls after which a figure stays within 0.002 of what all calls give "
        "(mean, range over seeds):",
        "",
        "| figure | no call | all calls | telling users first | users in random order |",
        "|---|---|---|---|---|",
    ]
    for name, words in NAMES.items():
        ends = [np.mean([one["random"][place][name] for one in curves]) for place in (0, -1)]
        shares = [
            _span([reached(one[order], name, 0.002) for one in curves])
            for order in ("informative", "random")
        ]
        lines.append(f"| {words} | {ends[0]:.3f} | {ends[1]:.3f} | {shares[0]} | {shares[1]} |")
    return lines


def _on_the_way(curves: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "With a part of the calls (mean over seeds; telling users first, in brackets less the "
        "random order):",
        "",
        "| figure | a quarter | half | three quarters |",
        "|---|---|---|---|",
    ]
    for name, words in NAMES.items():
        cells = []
        for share in (0.25, 0.5, 0.75):
            first, chance = (
                np.mean([_at(one[order], share)[name] for one in curves])
                for order in ("informative", "random")
            )
            cells.append(f"{first:.3f} ({first - chance:+.3f})")
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return lines


def _at(curve: Sequence[dict[str, float]], share: float) -> dict[str, float]:
    """The point whose share of the calls is nearest."""
    wanted = share * curve[-1]["n_calls"]
    return min(curve, key=lambda point: abs(point["n_calls"] - wanted))


def _rules(curves: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "What the rule `judge.settle` does, without seeing any truth (means over seeds):",
        "",
        "| settle | order | calls asked | " + " | ".join(NAMES.values()) + " |",
        "|---|---|---|" + "---|" * len(NAMES),
    ]
    for settle in SETTLE:
        for order in ("informative", "random"):
            ends = [one[order][stops_at(one[order], settle)] for one in curves]
            all_calls = [one[order][-1]["n_calls"] for one in curves]
            share = [end["n_calls"] / calls for end, calls in zip(ends, all_calls, strict=True)]
            figures = [f"{np.mean([end[name] for end in ends]):.3f}" for name in NAMES]
            lines.append(
                f"| {settle:.2f} | {order} | {_span(share)} | " + " | ".join(figures) + " |"
            )
    return lines


TITLES: Final = {"evidence": "Evidence judge", "simulated": "A simulated judge"}
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
        last = rows[-1]["curves"]["evidence"]["random"][-1]
        print(f"seed {seed}: {rows[-1]['n_calls']} calls, AUC {last['auc']:.3f}", flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options.out.with_suffix(".md").write_text(report(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
