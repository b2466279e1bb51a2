"""The cells of one group, run one after the other in one process: each becomes rows.

Shape letters: E train interactions, D embedding size.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from core.baseline_stage import SUSPICION
from core.baselines.method import Inputs
from core.baselines.run import run_method
from core.config import RunConfig
from core.errors import DataError, WorkbenchError
from core.evaluation.detection import noise_signals
from core.graph.adjacency import normalized_graph
from core.graph.refine import ADDED, DROPPED
from core.method_names import OURS
from core.pipeline import reproducible, run_pipeline
from core.stages import read_arrays
from core.study.data import Places, prepare_group
from core.study.measure import Ruler, detection, own_threshold, ranking, validation
from core.study.mining import mined
from core.study.names import SIGNALS
from core.study.rows import Row
from core.study.settings import Cell, Group
from core.study.stamp import stamp
from core.study.variants import Variant, options_of, variant_of
from core.types import (
    Dataset,
    Embeddings,
    InteractionScores,
    OnProgress,
    Progress,
    RunOutcome,
)

SHARED: Final = ("texts", "align", "pretrain", "out-of-fold", "judge")
"""Stages before all methods."""
BASE: Final = "text-only"
"""The run that comes first in a group and pays for them; it trains nothing."""
EDITS_AT_RANDOM: Final = "random-edits"
"""The control that makes as many edits as LLMHNI, but any."""
CPU: Final = torch.device("cpu")


class NotForThisData(WorkbenchError):  # noqa: N818 - no error: there is nothing to run
    """The dataset lacks what the method needs."""


@dataclass(frozen=True)
class Found:
    """What a run left."""

    outcome: RunOutcome
    embeddings: Embeddings
    suspicion: np.ndarray | None
    """``(E,)``, higher = more likely noise; None of a method that says nothing."""
    best_epoch: int
    n_edits: tuple[int, int]
    """Edges that its graph lacks and edges that it has beyond the train set; 0 of a baseline."""
    shares_signals: bool
    """Whether p_noisy of LLMHNI came from the run before all methods."""


class GroupRun:
    """Runs cells of one group.

    Args:
        group: Which.
        places: Where datasets lie.
        scratch: Folder for the caches and runs of this group; the caller takes it away.
        tick: Called often; may raise to stop.
    """

    def __init__(
        self, group: Group, places: Places, scratch: Path, tick: Callable[[], None]
    ) -> None:
        self.group, self.scratch, self.tick = group, scratch, tick
        self.prepared = prepare_group(group, places)
        tuning = group.part == "tuning"
        self.dataset = self.prepared.without_test if tuning else self.prepared.dataset
        self._n_edits: dict[str, tuple[int, int]] = {}

    def measure(self, cell: Cell) -> list[Row]:
        """Run a cell.

        Returns:
            Its rows: one, and those of single signals, or one per scheme.

        Raises:
            NotForThisData: If it needs texts and there are none.
            ConfigError: If its settings do not fit.
            core.errors.Cancelled: If ``tick`` asked to stop.
        """
        variant = variant_of(cell.variant)
        if variant.needs_text and not self.prepared.has_text:
            raise NotForThisData(f"{variant.name} needs texts, and {self.group.data} has none.")
        options = options_of(cell.options)
        if variant.method == EDITS_AT_RANDOM:
            options |= self._as_many_edits(cell.edits_like)
        config = variant.config(options, self.group.seed)
        place = {
            **{name: getattr(self.group, name) for name in ("part", "data", "noise", "rate")},
            "seed": self.group.seed,
            "variant": cell.variant,
            "family": variant.family,
            "options": cell.options,
        }
        if self.group.part == "negatives":
            return [place | row for row in self._negatives(config)]
        if variant.oracle:
            return [place | self._oracle(config)]
        _ = self.base  # first: what it shares is in the cache then
        found = self._run(config, self.dataset)
        if cell.variant == OURS:
            self._n_edits[cell.options] = found.n_edits
        rows: list[Row] = [place | self._row(variant, config, found)]
        if cell.has_signals:
            rows += [
                place | {"variant": f"signal:{name}", "family": "signal", "options": "{}"} | row
                for name, row in self._signals(found.outcome.scores)
            ]
        return rows

    @cached_property
    def base(self) -> Found:
        """The run before all methods."""
        config = variant_of(BASE).config({}, self.group.seed)
        return self._run(config, self.dataset)

    @cached_property
    def ruler(self) -> Ruler:
        """What all methods of the group are measured with."""
        return Ruler(self.prepared, self.base.outcome.scores, self.group.seed)

    def _as_many_edits(self, options: str) -> dict[str, Any]:
        """Numbers of edits of LLMHNI's graph in this group; LLMHNI is run where it was not."""
        if options not in self._n_edits:
            config = variant_of(OURS).config(options_of(options), self.group.seed)
            self._n_edits[options] = self._run(config, self.dataset).n_edits
        n_dropped, n_added = self._n_edits[options]
        return {"method_options.n_dropped": n_dropped, "method_options.n_added": n_added}

    def _row(self, variant: Variant, config: RunConfig, found: Found) -> dict[str, Any]:
        outcome = found.outcome
        seconds = sum(s for name, s in outcome.seconds.items() if name not in outcome.reused)
        if config.method == OURS and found.shares_signals:
            seconds += self.base.outcome.seconds["score"]
        row = {"best_epoch": found.best_epoch or None, "seconds": seconds, **self._how()}
        if self.group.part == "tuning":
            return row | self._facts() | validation(found.embeddings, self.prepared)
        if variant.ranks:
            row |= ranking(found.embeddings, self.ruler)
        says = config.method != EDITS_AT_RANDOM or config.method_options["n_dropped"] != 0
        if found.suspicion is not None and says:
            row |= detection(found.suspicion, self.ruler)
        if config.method == OURS:
            row |= own_threshold(outcome.scores, outcome.noise_rate, self.ruler)
        return row | self._facts()

    def _oracle(self, config: RunConfig) -> dict[str, Any]:
        """Trained without the planted rows, measured as all others."""
        clean = self.prepared.clean
        if config.method == OURS:
            found = self._run(config, clean)
            seconds = sum(found.outcome.seconds.values())
            embeddings, best_epoch = found.embeddings, found.best_epoch
        else:
            started = time.perf_counter()
            embeddings, best_epoch = self._trained_alone(config, clean)
            seconds = time.perf_counter() - started
        how = {"best_epoch": best_epoch, "seconds": seconds}
        return self._facts() | ranking(embeddings, self.ruler) | how | self._how()

    def _trained_alone(self, config: RunConfig, dataset: Dataset) -> tuple[Embeddings, int]:
        """A baseline that needs nothing but interactions, as a run would train it."""
        inputs = Inputs(
            train=dataset.train,
            valid=dataset.valid,
            graph=normalized_graph(dataset.train, device=CPU, dtype=config.backbone.dtype),
            backbone=config.backbone,
            optimiser=config.train,
            device=CPU,
            seed=config.seed,
        )
        with reproducible(CPU):
            found = run_method(config.method, inputs, None, None, self._progress)
        if found.embeddings is None:
            raise ValueError(f"{config.method} trains nothing")
        return found.embeddings, found.best_epoch

    def _signals(self, scores: InteractionScores) -> list[tuple[str, dict[str, Any]]]:
        """Single signals of LLMHNI as detectors; they come before the training and cost nothing."""
        values = noise_signals(scores)
        found = {name: detection(values[name], self.ruler) for name in SIGNALS}
        how = self._facts() | self._how() | {"seconds": 0.0}
        return [(name, how | row) for name, row in found.items()]

    def _negatives(self, config: RunConfig) -> list[dict[str, Any]]:
        folder = self.scratch / "mining"
        started = time.perf_counter()
        found = mined(self.dataset, config, folder, self.scratch / "cache", self._progress)
        seconds = time.perf_counter() - started
        train = self.dataset.train
        facts = {
            "fingerprint": self.dataset.fingerprint,
            "n_users": train.n_users,
            "n_items": train.n_items,
            "n_train": len(train),
            "n_noise": int(self.prepared.noise.sum()),
        }
        made = stamp() | {"best_epoch": found.best_epoch, "seconds": seconds}
        return [
            {
                **facts,
                **made,
                "scheme": scheme,
                "false_negative_rate": one.false_share,
                "hardness": one.hardness,
            }
            for scheme, one in found.schemes.items()
        ]

    def _facts(self) -> dict[str, Any]:
        return self.ruler.facts()

    def _how(self) -> dict[str, Any]:
        shared = sum(self.base.outcome.seconds[name] for name in SHARED)
        return {"seconds_shared": shared, **stamp()}

    def _run(self, config: RunConfig, dataset: Dataset) -> Found:
        """One run in a folder of its own; nothing of it stays but the stages that are shared."""
        folder = self.scratch / "run"
        try:
            outcome = run_pipeline(dataset, config, folder, self.scratch / "cache", self._progress)
            stages = folder / "stages"
            trained = read_arrays(stages / "train.npz")
            if trained is None:
                raise DataError(f"What was trained cannot be read from {stages}. Try again.")
            ours = config.method == OURS
            return Found(
                outcome,
                Embeddings(trained["user"], trained["item"]),
                outcome.scores.p_noisy if ours else trained.get(SUSPICION),
                int(trained["best_epoch"]),
                _edits(trained),
                (stages / "signals.reused").exists(),
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _progress(self) -> OnProgress:
        def told(_: Progress) -> None:
            self.tick()

        return told


def _edits(trained: Mapping[str, Any]) -> tuple[int, int]:
    """Edges dropped and added in the graph of a training; weights alone are no edits."""
    origin = trained["edge_origin"]
    return int((origin == DROPPED).sum()), int((origin == ADDED).sum())
