"""The pipeline of one run as boxes with its numbers: for the Method page and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.services import accepting
from app.services.decided import by_people
from app.services.method_of import is_baseline, method_of
from app.services.method_steps import of_run
from app.services.records import Manifest
from app.ui import theme
from app.ui.figures.pipeline import Box
from core.types import VERDICTS


def boxes(manifest: Manifest, made: Mapping[str, float]) -> list[Box]:
    """Every step with what it made.

    Args:
        manifest: Of the run.
        made: From :func:`app.services.method.step_numbers`.
    """
    lines: Mapping[str, Callable[[Manifest, Mapping[str, float]], tuple[str, ...]]] = {
        "Profiles": _profiles,
        "Embeddings": _embeddings,
        "Alignment": _alignment,
        "Pre-training": _pretraining,
        "Out of fold": _out_of_fold,
        "Judge": _judge,
        "P(noisy)": _p_noisy,
        "Verdict": _verdict,
        "Refined graph": _graph,
        "Final training": _training,
    }
    if is_baseline(manifest):
        lines = {**lines, **BASELINE}
    return [
        Box(step.name, step.stage, step.marks, lines[step.name](manifest, made))
        for step in of_run(manifest)
    ]


def _profiles(manifest: Manifest, _: Mapping[str, float]) -> tuple[str, ...]:
    return f"{manifest.n_users:,} users", f"{manifest.n_items:,} items", "one text each"


def _embeddings(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    encoder = theme.plain(_said(manifest, "text", "encoder"), 22)
    return encoder, f"{_count(made, 'text_size')} numbers a text"


def _alignment(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    folds = theme.plain(_said(manifest, "alignment", "folds"), 6)
    return (
        f"{_count(made, 'text_size')} → {_count(made, 'size')} numbers",
        f"{folds} folds",
        f"{_count(made, 'align_epochs')} epochs each",
    )


def _pretraining(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    kind = theme.plain(_said(manifest, "backbone", "kind"), 22)
    return kind, f"{_count(made, 'pretrain_epochs')} epochs", _recall(made, "pretrain_recall")


def _out_of_fold(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    stand_ins = theme.plain(_said(manifest, "scoring", "stand_ins"), 6)
    return (
        f"{manifest.n_interactions:,} interactions",
        f"loss of {_count(made, 'loss_epochs')} epochs",
        f"{stand_ins} stand-ins each",
    )


def _judge(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    asked = "–" if manifest.n_judged is None else f"{manifest.n_judged:,}"
    return (
        theme.plain(manifest.judge, 24),
        f"{asked} pairs graded",
        f"{_count(made, 'accepted')} {accepting.accepted(manifest)}",
    )


def _p_noisy(manifest: Manifest, _: Mapping[str, float]) -> tuple[str, ...]:
    rate = "–" if manifest.noise_rate is None else f"{manifest.noise_rate:.1%}"
    caution = theme.plain(_said(manifest, "scoring", "caution"), 6)
    if manifest.threshold is None:  # the grades decide
        return f"mean {rate}", f"caution {caution}"
    return f"mean {rate}", f"caution {caution}", f"noisy from {manifest.threshold:.3f}"


def _verdict(manifest: Manifest, _: Mapping[str, float]) -> tuple[str, ...]:
    counts = [
        f"{theme.VERDICT_SIGNS[name]} {manifest.verdicts.get(name, 0):,} {name}"
        for name in VERDICTS
    ]
    people = by_people(manifest)
    if people is not None and people.n_decided:
        counts.append(f"{people.n_decided:,} by people")
    return tuple(counts)


def _graph(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    names = {"paper": "hard edits (paper)", "soft": "soft weights"}
    preset = names.get(manifest.preset, theme.plain(manifest.preset, 22) or "–")
    dropped, added = _count(made, "dropped"), _count(made, "added")
    return preset, f"− {dropped}  + {added}", f"{_count(made, 'kept')} kept"


def _training(_: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    return f"{_count(made, 'train_epochs')} epochs", _recall(made, "train_recall"), "on validation"


def _unused_judge(manifest: Manifest, _: Mapping[str, float]) -> tuple[str, ...]:
    asked = "–" if manifest.n_judged is None else f"{manifest.n_judged:,}"
    return theme.plain(manifest.judge, 24), f"{asked} pairs graded", "no verdict by a grade"


def _rank(manifest: Manifest, _: Mapping[str, float]) -> tuple[str, ...]:
    begins = "–" if manifest.threshold is None else f"{manifest.threshold:.3f}"
    return "a rank, 0 to 1", "no probability", f"noisy from {begins}"


def _same_graph(_: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    return "every edge kept", f"{_count(made, 'kept')} edges"


def _baseline_training(manifest: Manifest, made: Mapping[str, float]) -> tuple[str, ...]:
    return theme.plain(method_of(manifest).title, 24), *_training(manifest, made)[:2]


BASELINE: Final[Mapping[str, Callable[[Manifest, Mapping[str, float]], tuple[str, ...]]]] = {
    "Judge": _unused_judge,
    "P(noisy)": _rank,
    "Refined graph": _same_graph,
    "Final training": _baseline_training,
}
"""Lines of the steps that differ in a run of another method than LLMHNI."""


def _recall(made: Mapping[str, float], name: str) -> str:
    return f"Recall@20 {made[name]:.3f}" if name in made else "Recall@20 –"


def _count(made: Mapping[str, float], name: str) -> str:
    return f"{made[name]:,.0f}" if name in made else "–"


def _said(manifest: Manifest, step: str, name: str) -> str:
    """A setting as text: it comes from a file."""
    values: Any = manifest.settings.get(step)
    return str(values.get(name, "–")) if isinstance(values, Mapping) else "–"
