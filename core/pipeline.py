"""START HERE: the whole of LLMHNI as one function, top to bottom.

Stages as in the paper (arXiv:2511.07295) and in docs/method.md: texts, alignment, pre-training,
out-of-fold evidence, judging, scoring, refined graph and final training, maps. Planted truth is
not an input of any of them.

Shape letters: E train interactions, P pairs (E + stand-ins), K epochs kept.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from core.baseline_stage import check_baseline, suspected
from core.config import RunConfig
from core.engine import LEAST_PAIRS, Engine
from core.errors import ConfigError, DataError
from core.judge_report import judge_report
from core.judge_stage import check_judge
from core.label_quality import label_quality
from core.labels import read_labels
from core.method_names import OURS
from core.metrics import rankings
from core.packing import scores_of
from core.parallel.launch import begin_together
from core.parallel.stages import make_stages
from core.stage_keys import stage_keys
from core.stages import Arrays, Stages
from core.tables import Results, write_all, write_judged
from core.types import Dataset, Embeddings, OnProgress, Progress, RunOutcome, ignore_progress
from core.warm_start import from_scratch, read_start, save_weights

STAGES: tuple[tuple[str, float], ...] = (
    ("texts", 0.15),
    ("align", 0.12),
    ("pretrain", 0.05),
    ("out-of-fold", 0.20),
    ("judge", 0.03),
    ("score", 0.05),
    ("train", 0.30),
    ("project", 0.10),
)
"""Names of the stages in order, and their usual share of the time."""
SHOWN_AS = {"signals": "score"}
"""Parts of stages that are kept on their own, and the stage people see them as."""


def run_pipeline(
    dataset: Dataset,
    config: RunConfig,
    folder: Path,
    cache: Path,
    on_progress: OnProgress = ignore_progress,
    labels: Path | None = None,
    parent: Path | None = None,
) -> RunOutcome:
    """Run every stage and write the tables of the run folder.

    Called again on the folder of a run that was stopped, it goes on and ends with the same
    tables as a run that was never stopped. On the CPU, the same data, settings and number of
    threads give the same tables, bit for bit; on CUDA sums may be taken in another order.

    Args:
        dataset: A prepared dataset; valid and test serve selection and measurement alone.
        config: Everything that decides the result.
        folder: Run folder; created if missing.
        cache: Folder of the embedding cache, shared by all runs.
        on_progress: Told about every step; may raise ``Cancelled``.
        labels: Parquet file of people's labels, see :func:`core.labels.read_labels`.
        parent: Folder of a finished run whose weights the final training begins with, where that
            is sound; from scratch if omitted.

    Raises:
        ConfigError: If the folder belongs to a run with other settings, data, labels or parent.
        DataError: If the dataset is too small to learn anything from, or the labels cannot be
            read.
    """
    _check(dataset)
    check_baseline(config)
    said = None if labels is None else read_labels(labels, dataset, config.labels)
    _claim(folder, dataset, config, labels, parent)
    device, own = _device(config), None if said is None else said.labels
    begin_together(config, device, folder)
    engine = Engine(dataset, config, device, folder / "checkpoints", cache, on_progress, own)
    stages = _stages(dataset, config, device, folder, cache, on_progress)
    _check_judge(stages, config, cache)
    start = _start(stages, dataset, config, parent)
    with reproducible(device):
        found = _all_stages(engine, stages, start)
    ranked = rankings(dataset, _vectors(found.trained), _vectors(found.pretrained), device)
    write_all(folder, dataset, found, ranked, config.method)
    if config.method == OURS:
        save_weights(folder, dataset, config, found.trained)
    outcome = _outcome(found, ranked["test"].summary(), stages, start)
    judging = judge_report(found.judged, own, config.judge, found.texts)
    told = None if said is None else label_quality(said, found.scored, found.trained, dataset.train)
    return replace(outcome, judging=judging, labels=told)


def run_judging(
    dataset: Dataset,
    config: RunConfig,
    folder: Path,
    cache: Path,
    on_progress: OnProgress = ignore_progress,
) -> dict[str, Any]:
    """Have the pairs of a dataset judged, and nothing after that.

    A run with the same settings takes what comes before the judging from the cache, and so does
    it with every answer of a language model.

    Args:
        dataset: A prepared dataset.
        config: Settings of the run that the judgements are for.
        folder: Where the tables go; unfinished work is kept there.
        cache: Folder of the caches, shared by all runs.
        on_progress: Told about every step; may raise ``Cancelled``.

    Returns:
        The content of ``judge_quality.json``.

    Raises:
        ConfigError: If the folder belongs to other settings or another dataset.
        DataError: If the dataset is too small to learn anything from.
    """
    _check(dataset)
    _claim(folder, dataset, config, None, None)
    device = _device(config)
    engine = Engine(dataset, config, device, folder / "checkpoints", cache, on_progress)
    stages = _stages(dataset, config, device, folder, cache, on_progress)
    _check_judge(stages, config, cache)
    with reproducible(device):
        texts, aligned, pretrained, behaviour = _before_judging(engine, stages)
        judged = stages.run("judge", lambda: engine.judge(texts, aligned, behaviour, pretrained))
    write_judged(folder, dataset, judged)
    return judge_report(judged, None, config.judge, texts)


def _stages(
    dataset: Dataset,
    config: RunConfig,
    device: torch.device,
    folder: Path,
    cache: Path,
    on_progress: OnProgress,
) -> Stages:
    """Stages of this run, and of earlier ones with the same inputs."""
    return make_stages(
        folder / "stages",
        cache,
        stage_keys(dataset.fingerprint, config, device),
        lambda stage: on_progress(Progress(SHOWN_AS.get(stage, stage), 1.0)),
    )


def _check_judge(stages: Stages, config: RunConfig, cache: Path) -> None:
    """Look for what the judge needs, unless an earlier sitting has asked it already."""
    if not (stages.folder / "judge.npz").exists():
        check_judge(config, cache)


def _start(stages: Stages, dataset: Dataset, config: RunConfig, parent: Path | None) -> Arrays:
    """What the final training begins with, kept: the parent may be gone when a run is resumed."""
    if parent is None:
        return from_scratch("no parent run was given")
    if config.method != OURS:
        return from_scratch("baselines are always trained from scratch")
    return stages.keep("start", lambda: read_start(parent, dataset, config))


def _before_judging(engine: Engine, stages: Stages) -> tuple[Arrays, Arrays, Arrays, Arrays]:
    texts = stages.run("texts", engine.texts)
    aligned = stages.run("align", lambda: engine.align(texts))
    pretrained = stages.run("pretrain", engine.pretrain)
    behaviour = stages.run("out-of-fold", lambda: engine.out_of_fold(aligned, pretrained))
    return texts, aligned, pretrained, behaviour


def _all_stages(engine: Engine, stages: Stages, start: Arrays) -> Results:
    texts, aligned, pretrained, behaviour = _before_judging(engine, stages)
    judged = stages.run("judge", lambda: engine.judge(texts, aligned, behaviour, pretrained))

    def signals() -> Arrays:
        return engine.signals(texts, aligned, behaviour, judged)

    def known() -> Arrays:
        return stages.keep("signals", signals)

    if engine.config.method == OURS:
        scored = stages.run("score", lambda: engine.score(known(), judged))
        trained = stages.run("train", lambda: engine.train(aligned, judged, scored, start))
    else:  # whose suspicion comes of its training
        trained = stages.run(
            "train", lambda: engine.baseline(texts, aligned, pretrained, behaviour, judged)
        )
        scored = stages.run("score", lambda: engine.score(suspected(known(), trained), judged))
    maps = stages.run("project", lambda: engine.project(texts, aligned))

    return Results(texts, aligned, pretrained, behaviour, judged, scored, trained, maps)


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """Have PyTorch add in a fixed order while the block runs, on the CPU.

    With more than one thread it otherwise adds gradients of rows used twice in whatever order
    the threads come, and training blows the difference up until verdicts differ. CUDA lacks
    fixed-order versions of some sparse products, so there nothing is promised.
    """
    before = torch.are_deterministic_algorithms_enabled()
    if device.type == "cpu":
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _outcome(
    found: Results, ranking: Mapping[str, float], stages: Stages, start: Arrays
) -> RunOutcome:
    return RunOutcome(
        scores=scores_of(found.scored),
        judge=str(found.judged["judge"]),
        n_judged=len(found.judged["user"]),
        noise_rate=float(found.scored["noise_rate"]),
        threshold=float(found.scored["threshold"]),
        preset=str(found.trained["preset"]),
        ranking=ranking,
        seconds=dict(stages.seconds),
        reused=tuple(stages.reused),
        warm_start=bool(start["use"]),
        warm_reason=str(start["reason"]),
    )


def _vectors(found: Arrays) -> Embeddings:
    return Embeddings(found["user"], found["item"])


def _check(dataset: Dataset) -> None:
    """Refuse what no estimate could be made of, before anything is written."""
    train = dataset.train
    if min(train.n_users, train.n_items) < 2 or len(train) < LEAST_PAIRS:
        raise DataError(
            f"the dataset {dataset.name} has {len(train)} train interactions of {train.n_users} "
            f"users with {train.n_items} items; at least {LEAST_PAIRS} interactions, 2 users and "
            "2 items are needed. Import more data, or keep more of it (rating threshold, core)"
        )


def _claim(
    folder: Path, dataset: Dataset, config: RunConfig, labels: Path | None, parent: Path | None
) -> None:
    """Note whose folder it is, or check that it is ours."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.json"
    ours: dict[str, Any] = {
        "dataset": dataset.fingerprint,
        "settings": config.model_dump(mode="json"),
    }
    if labels is not None:
        ours["labels"] = hashlib.sha256(labels.read_bytes()).hexdigest()
    if parent is not None:
        ours["parent"] = parent.name
    if path.exists():
        if json.loads(path.read_text()) != ours:
            raise ConfigError(
                f"the run folder {folder.name} was begun with other settings or another dataset, "
                "other labels or another parent; start a new run instead"
            )
        return
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(ours, indent=2))
    os.replace(aside, path)


def _device(config: RunConfig) -> torch.device:
    """The device to train on.

    Raises:
        ConfigError: If CUDA is asked for and not there.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("no CUDA device was found; set device to cpu or auto")
    if config.device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")
