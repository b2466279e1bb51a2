"""The training loop: batches, optimiser, recorded losses, early stop, checkpoint, progress.

One loop for every objective. All state that decides what comes next (weights, optimiser,
generator, objective, best epoch so far) is in the checkpoint that is written about every second
and at every stop: a killed run that is started again ends as if it had never stopped. Several
processes write the checkpoint of one (:mod:`core.parallel`): their number may change in between.

Shape letters: U users, I items, D embedding size, B batch, P recorded pairs, K epochs kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from core.config import OptimiserConfig
from core.errors import ConfigError
from core.metrics import RankingMetrics
from core.model.representations import PropagationGraph, Representations
from core.model.transfer import to_device
from core.parallel.columns import divide
from core.parallel.group import current
from core.parallel.ranking import shared_rank_metrics
from core.train.allocator import give_back_freed_memory
from core.train.checkpoint import TrainingState, load_checkpoint, save_checkpoint
from core.train.recorder import LossRecorder
from core.types import Embeddings, FloatArray, Interactions, OnProgress, Progress, ignore_progress

SAVE_AFTER = 1.0
"""Seconds of training that a kill may cost: a checkpoint takes as long as a small epoch."""
SAVES_PER_SAVE = 20
"""Or as many times what the last checkpoint took: they grow with every recorded loss."""
K_SELECT = 20
"""Early stop looks at Recall at this cut-off [D]."""


class Objective(Protocol):
    """What is minimised, and on which graph the result is read off."""

    @property
    def n_rows(self) -> int:
        """Positives per epoch."""
        ...

    @property
    def graph(self) -> PropagationGraph:
        """Graph of inference."""
        ...

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw what is fixed for one epoch: negatives, dropped views, pools."""
        ...

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """Loss terms of some positives ``(B,)``; their sum is minimised."""
        ...

    def state(self) -> dict[str, Tensor]:
        """What :meth:`begin_epoch` of the next epoch needs from this one."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back a :meth:`state`."""
        ...


@dataclass(frozen=True)
class Validation:
    """What early stopping may look at: never the test set."""

    train: Interactions
    """Masked in the ranking."""
    held_out: Interactions


@dataclass(frozen=True)
class TrainResult:
    """The best epoch of one training, and how it came about."""

    embeddings: Embeddings
    """Propagated users ``(U, D)`` and items ``(I, D)`` of the best epoch."""
    best_epoch: int
    """1-based; the last epoch where nothing was validated."""
    history: tuple[Mapping[str, float], ...]
    """One row per epoch: ``epoch``, loss terms, and the validation metrics where measured."""
    recorded: FloatArray
    """Recorded losses ``(K, P)``; K = 0 without a recorder."""
    valid: RankingMetrics | None = None
    """Validation metrics of the best epoch."""
    weights: Mapping[str, FloatArray] = field(default_factory=dict)
    """Trained parameters of the best epoch by name, where they were to be kept."""


class Trainer:
    """Trains one backbone for one objective.

    Args:
        backbone: Its parameters are trained in place.
        objective: What to minimise.
        config: Epochs, batches, early stop.
        generator: Every random draw, on the CPU.
        validation: Early stop and choice of the best epoch; without it, or with nothing held
            out, all epochs are run.
        recorder: Which losses to keep per epoch.
        checkpoint: File to resume from and to write, see :data:`SAVE_AFTER`.
        keep_weights: Whether to keep the parameters of the best epoch.
    """

    def __init__(
        self,
        backbone: nn.Module,
        objective: Objective,
        config: OptimiserConfig,
        generator: torch.Generator,
        validation: Validation | None = None,
        recorder: LossRecorder | None = None,
        checkpoint: Path | None = None,
        keep_weights: bool = False,
    ) -> None:
        give_back_freed_memory()  # and from here on it is kept
        self.backbone, self.objective, self.config = backbone, objective, config
        self.generator, self.recorder = generator, recorder
        # Nothing held out is no validation: every value would be NaN.
        self.validation = validation if validation and len(validation.held_out) else None
        self.checkpoint, self.keep_weights = checkpoint, keep_weights
        self.group = current()
        self.share = divide(backbone, self.group)
        self.optimizer = torch.optim.Adam(
            backbone.parameters(), lr=config.learning_rate, fused=True
        )
        self.state = TrainingState()
        self._saved, self._save_after = time.monotonic(), SAVE_AFTER

    def fit(self, stage: str, on_progress: OnProgress = ignore_progress) -> TrainResult:
        """Train, from the checkpoint on if there is one.

        Raises:
            ConfigError: If loss or vectors are no longer finite.
            core.errors.Cancelled: If ``on_progress`` asked to stop; the checkpoint stays.
        """
        self._resume()
        while self.state.epoch < self.config.epochs and not self._stopped():
            self.state.epoch += 1
            row = self._run_epoch()
            self._measure(row)
            self.state.history.append(row)
            # Several processes save together: what they see of the clock differs.
            if self.group.size > 1 or time.monotonic() - self._saved > self._save_after:
                self._save()
            try:
                on_progress(Progress(stage, self.state.epoch / self.config.epochs, row))
            except BaseException:
                self._save_alone()
                raise
        self._save_alone()
        return self._result()

    def _save_alone(self) -> None:
        """Keep what is done now, unless that takes others, who may be elsewhere."""
        if self.group.size == 1:
            self._save()

    def _stopped(self) -> bool:
        return self.state.waited >= self.config.patience

    def _run_epoch(self) -> dict[str, float]:
        self.objective.begin_epoch(self.state.epoch, self.backbone, self.generator)
        total: dict[str, Tensor] = {}
        for rows in self._batches():
            terms = self.objective.loss(self.backbone, rows)
            self.optimizer.zero_grad()
            torch.autograd.backward(torch.stack(list(terms.values())).sum())
            self.optimizer.step()
            for name, term in terms.items():  # read once per epoch: a GPU need not wait for it
                if name not in total:
                    total[name] = torch.zeros((), dtype=torch.float64, device=term.device)
                # In place: a term kept from every step would lie among the tables that steps free,
                # and the next table would no longer fit there.
                total[name].add_(term.detach(), alpha=len(rows))
        found = torch.stack(list(total.values())) if total else torch.zeros(0)
        self._check_finite(found)  # what was not finite once stays so in the sum
        n_rows = max(self.objective.n_rows, 1)
        mean = {name: value / n_rows for name, value in zip(total, found.tolist(), strict=True)}
        return {"epoch": float(self.state.epoch), "loss": sum(mean.values()), **mean}

    @property
    def _device(self) -> torch.device:
        return next(self.backbone.parameters()).device

    def _check_finite(self, *values: Tensor) -> None:
        if not all(bool(torch.isfinite(value).all()) for value in values):
            raise ConfigError(
                f"the training is no longer finite in epoch {self.state.epoch}; "
                f"lower the learning rate (now {self.config.learning_rate:g})"
            )

    def _propagated(self) -> Representations:
        own: Representations = self.backbone(self.objective.graph)
        found = Representations(self.share.whole(own.user), self.share.whole(own.item))
        self._check_finite(found.user, found.item)  # the last step may have gone too far
        return found

    def _batches(self) -> Iterator[Tensor]:
        order = torch.randperm(self.objective.n_rows, generator=self.generator)
        yield from torch.split(to_device(order, self._device), self.config.batch_size)

    @torch.no_grad()
    def _measure(self, row: dict[str, float]) -> None:
        """Record losses, validate when due, remember the best epoch."""
        due = self.validation is not None and self.state.epoch % self.config.eval_every == 0
        keep = self.recorder is not None and self.recorder.due(self.state.epoch)
        if not due and not keep:
            return
        found = self._propagated()
        if keep and self.recorder is not None:
            self.state.recorded.append(self.recorder.losses(found, self.group).cpu())
        if due and self.validation is not None:
            metrics = self._ranked(found.user, found.item, self.validation)
            row.update(metrics.summary())
            self._remember(found, metrics.recall[K_SELECT])

    def _ranked(self, user: Tensor, item: Tensor, validation: Validation) -> RankingMetrics:
        return shared_rank_metrics(self.group, user, item, validation.train, validation.held_out)

    def _remember(self, found: Representations, value: float) -> None:
        self.state.waited += 1
        if value > self.state.best_value:
            self.state.best_value, self.state.best_epoch = value, self.state.epoch
            self.state.best_user = found.user.cpu().clone()
            self.state.best_item = found.item.cpu().clone()
            self.state.best_weights = self._weights()
            self.state.waited = 0

    def _weights(self) -> dict[str, Tensor]:
        """Copy of the parameters, if they are to be kept."""
        if not self.keep_weights:
            return {}
        weights = self.share.whole_state(self.backbone.state_dict())
        return {name: value.cpu().clone() for name, value in weights.items()}

    @torch.no_grad()
    def _result(self) -> TrainResult:
        user, item = self.state.best_user, self.state.best_item
        valid = None
        if user is None or item is None:  # nothing was validated: the last epoch stands
            found = self._propagated()
            user, item = found.user.cpu(), found.item.cpu()
            self.state.best_epoch = self.state.epoch
            self.state.best_weights = self._weights()
        if self.validation is not None:
            whole = user.to(self._device), item.to(self._device)
            valid = self._ranked(*whole, self.validation)
        n_pairs = 0 if self.recorder is None else self.recorder.n_pairs
        recorded = torch.stack(self.state.recorded) if self.state.recorded else None
        return TrainResult(
            Embeddings(user.numpy(), item.numpy()),
            self.state.best_epoch,
            tuple(self.state.history),
            np.zeros((0, n_pairs), np.float32) if recorded is None else recorded.numpy(),
            valid,
            {name: value.numpy() for name, value in self.state.best_weights.items()},
        )

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        content: dict[str, Any] = {
            "backbone": self.share.whole_state(self.backbone.state_dict()),
            "optimizer": self.share.whole_state(self.optimizer.state_dict()),
            "generator": self.generator.get_state(),
            "objective": self.objective.state(),
            "state": vars(self.state),
        }
        began = time.monotonic()
        if self.group.writes:
            save_checkpoint(self.checkpoint, content)
        self._saved = time.monotonic()
        self._save_after = max(SAVE_AFTER, SAVES_PER_SAVE * (self._saved - began))

    def _resume(self) -> None:
        content = None if self.checkpoint is None else load_checkpoint(self.checkpoint)
        if not self.group.agree(0 if content is None else content["state"]["epoch"]):
            raise ConfigError(
                "the processes of this run see different checkpoints; put the workspace where "
                "all of them see the same files"
            )
        if content is None:
            return
        self.backbone.load_state_dict(self.share.cut_state(content["backbone"]))
        self.optimizer.load_state_dict(self.share.cut_state(content["optimizer"]))
        self.generator.set_state(content["generator"])
        self.objective.restore(content["objective"])
        self.state = TrainingState(**content["state"])
