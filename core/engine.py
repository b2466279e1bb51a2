"""The stages of a run, each from arrays to arrays; :mod:`core.pipeline` puts them in order.

Shape letters: U users, I items, E train interactions, P pairs (E + stand-ins), K epochs kept,
T text size, D embedding size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.baseline_stage import train_baseline
from core.config import RunConfig
from core.decisions import decide_all
from core.errors import DataError
from core.graph.adjacency import normalized_graph
from core.judge_stage import JudgeStage, pack_spend, pack_written, spend_of
from core.labels import overruling
from core.model.backbones import make_backbone
from core.model.sampling import Observed, sample_uniform_negatives
from core.packing import (
    judgements_of,
    pack_alignment,
    pack_final,
    pack_out_of_fold,
    pack_signals,
    pack_texts,
    pack_training,
    pairs_of,
)
from core.progress import within
from core.projection import project
from core.relevance.alignment import align
from core.relevance.text_fit import centred
from core.scoring.evidence import Evidence
from core.scoring.posterior import combine
from core.scoring.stand_ins import with_stand_ins
from core.settling import Settling, no_judgements
from core.signals import gather_evidence
from core.stages import Arrays
from core.text.cache import cached_encode
from core.text.encoder import create_encoder
from core.text.profiles import build_profiles, catalogue
from core.train.allocator import keep_freed_memory
from core.train.final import final_training, refined_graphs
from core.train.inserted import fit_inserted
from core.train.objectives import BPR
from core.train.out_of_fold import out_of_fold
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer, Validation
from core.types import (
    Dataset,
    Embeddings,
    Labels,
    OnProgress,
    Progress,
)
from core.warm_start import start_weights

TEXTS, ALIGN, PRETRAIN, PAIRS, FOLDS, JUDGE, SCORE, TRAIN, CALIBRATE, FLIP, WRITE = range(11)
INSERT = 11
"""Number of each stage in its seed: stages never shift each other's draws."""
FOLDS_SHARE = 0.7
"""Usual share of the folds in the time of the stage out-of-fold."""
LOADING = "loading the encoder"
"""Reported before the first stage: it takes seconds during which nothing else moves."""
LEAST_PAIRS = 50
"""With fewer interactions or fewer stand-ins, any share of noise would fit the data [D]."""


class Engine:
    """What all stages of one run share.

    Args:
        dataset: The prepared dataset.
        config: All settings.
        device: Where backbones are trained.
        checkpoints: Folder of the checkpoints.
        cache: Folder of the embedding cache.
        on_progress: Told about every step.
        labels: What people said of pairs, held out or not.
    """

    def __init__(
        self,
        dataset: Dataset,
        config: RunConfig,
        device: torch.device,
        checkpoints: Path,
        cache: Path,
        on_progress: OnProgress,
        labels: Labels | None = None,
    ) -> None:
        keep_freed_memory()  # before any thread begins: it has to be asked for first
        self.labels = labels
        self.data, self.config, self.device = dataset, config, device
        self.checkpoints, self.cache, self.on_progress = checkpoints, cache, on_progress
        self.validation = Validation(dataset.train, dataset.valid)
        # Same generator state as in texts(): the shuffled catalogue is the same one.
        self.items = catalogue(dataset.items, config.text, self._rng(TEXTS))

    def _rng(self, stage: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, stage])

    def _generator(self, stage: int) -> torch.Generator:
        return torch.Generator().manual_seed(self.config.seed * 1_000_003 + stage)

    def texts(self) -> Arrays:
        """Stage 0: profiles from train alone, encoded; ``user`` (U, T), ``item`` (I, T)."""
        data, text = self.data, self.config.text
        composed = build_profiles(data.users, data.items, data.train, text, self._rng(TEXTS))
        written = self._judging().texts(composed, self._rng(WRITE))
        profiles = written.profiles
        self.on_progress(Progress(LOADING, 0.0))
        encoder = create_encoder(text.encoder, text.batch_size, str(self.device))
        both = cached_encode(
            encoder, [*profiles.user, *profiles.item], self.cache, self._as_stage("texts")
        )
        n_users = data.train.n_users
        return {
            "user": both[:n_users],
            "item": both[n_users:],
            **pack_texts("user_text", profiles.user),
            **pack_texts("item_text", profiles.item),
            "encoder": encoder.name,
            "spent": pack_spend(written.spend),
            "written": pack_written(written),
        }

    def align(self, texts: Arrays) -> Arrays:
        """Stage 1: projector, out-of-fold user and item vectors, folds."""
        found = align(
            Embeddings(texts["user"], texts["item"]),
            self.data.train,
            self.config.alignment,
            self._generator(ALIGN),
            self.on_progress,
        )
        return pack_alignment(found)

    def pretrain(self) -> Arrays:
        """Stage 2: plain backbone on G with the loss of every interaction; the ranking baseline."""
        train, options = self.data.train, self.config.pretrain
        generator = self._generator(PRETRAIN)
        shape = torch.from_numpy(train.user)[:, None].expand(-1, options.loss_negatives)
        negatives = sample_uniform_negatives(shape, Observed(train), train.n_items, generator)
        recorder = LossRecorder(
            train.user, train.item, negatives, options.keep_every, device=self.device
        )
        graph = normalized_graph(train, device=self.device, dtype=self.config.backbone.dtype)
        backbone = make_backbone(train.n_users, train.n_items, self.config.backbone, generator)
        trainer = Trainer(
            backbone.to(self.device),
            BPR(train, graph, options.weight_decay),
            options,
            generator,
            self.validation,
            recorder,
            self.checkpoints / "pretrain.pt",
        )
        found = pack_training(trainer.fit("pretrain", self.on_progress))
        return {**found, "keep_every": options.keep_every}

    def out_of_fold(self, aligned: Arrays, pretrained: Arrays) -> Arrays:
        """Stage 2, held out: stand-ins, and what backbones that have not seen a pair say of it."""
        pairs = with_stand_ins(
            self.data.train, aligned["fold"], self.config.scoring.stand_ins, self._rng(PAIRS)
        )
        if len(pairs) - pairs.n_observed < LEAST_PAIRS:
            raise DataError(
                "nearly every user has nearly every item: hardly any pair is left to show what "
                "noise looks like. Import more items, or fewer interactions per user"
            )
        found = out_of_fold(
            self.data.train,
            pairs,
            max(int(pretrained["best_epoch"]), self.config.pretrain.keep_every),
            self.config,
            self.device,
            self.checkpoints,
            within(self.on_progress, 0.0, FOLDS_SHARE),
        )
        seen = fit_inserted(
            self.validation,
            pairs,
            self.config,
            self.device,
            self._rng(INSERT),
            self.checkpoints,
            within(self.on_progress, FOLDS_SHARE, 1.0),
        )
        return pack_out_of_fold(pairs, found, seen)

    def judge(
        self, texts: Arrays, aligned: Arrays, behaviour: Arrays, pretrained: Arrays
    ) -> Arrays:
        """Stage 3: candidates and their grades from two views."""
        stage = self._judging()
        low, pairs = stage.candidates(behaviour, pretrained, self._rng(JUDGE))
        context = stage.context(texts)
        settling = None
        if self.config.judge.settle:
            settling = Settling(
                self._evidence(texts, aligned, behaviour, vars(no_judgements())),
                pairs_of(behaviour, len(self.data.train)),
                low,
                self.data.train,
                self.config,
                (self.config.seed, SCORE),
            )
        return {
            "low": low,
            **stage.ask(pairs, context, settling, spend_of(texts["spent"]), self._rng(FLIP)),
        }

    def signals(self, texts: Arrays, aligned: Arrays, behaviour: Arrays, judged: Arrays) -> Arrays:
        """Stage 10, first part: all signals to p_noisy, without any label."""
        self.on_progress(Progress("score", 0.0))
        evidence = self._evidence(texts, aligned, behaviour, judged)
        observed = pairs_of(behaviour, len(self.data.train)).observed
        found = combine(evidence, observed, self.config.scoring, self._rng(SCORE))
        if not centred(texts["item"]).any():  # all texts alike: what they say is not known
            evidence = evidence.without_text()
        return pack_signals(evidence, found)

    def _judging(self) -> JudgeStage:
        return JudgeStage(self.data, self.items, self.config, self.cache, self.on_progress)

    def _evidence(
        self, texts: Arrays, aligned: Arrays, behaviour: Arrays, judged: Arrays
    ) -> Evidence:
        """All signals of all pairs."""
        return gather_evidence(
            self.data.train,
            pairs_of(behaviour, len(self.data.train)),
            texts["item"],
            aligned,
            behaviour,
            judged,
            self.config.scoring.references,
            self._rng(FOLDS),
        )

    def score(self, signals: Arrays, judged: Arrays) -> Arrays:
        """Stage 10, second part: labels correct p_noisy, p_noisy to verdicts, labels overrule."""
        rng = self._rng(CALIBRATE)
        found = decide_all(signals, judged["low"], self.data.train, self.labels, self.config, rng)
        self.on_progress(Progress("score", 1.0))
        return found

    def train(
        self, aligned: Arrays, judged: Arrays, scored: Arrays, start: Arrays | None = None
    ) -> Arrays:
        """Stages 4-8: refined graph and final training; ``auto`` keeps the better on validation.

        Training that goes on from the weights of a parent run has the preset of that run alone.
        """
        judgements, low = judgements_of(judged), judged["low"]
        labels = overruling(self.labels, self.config.labels)
        weights = None if start is None else start_weights(start)
        config = self.config
        if start is not None and weights is not None and config.train.interaction_denoising:
            refine = config.refine.model_copy(update={"preset": str(start["preset"])})
            config = config.model_copy(update={"refine": refine})
        graphs = refined_graphs(self.data.train, judgements, low, scored["p_noisy"], config, labels)
        found = final_training(
            self.validation,
            graphs,
            Embeddings(aligned["user"], aligned["item"]),
            self.config,
            self.device,
            lambda: self._generator(TRAIN),
            self.checkpoints,
            self.on_progress,
            weights,
        )
        return pack_final(found)

    def baseline(self, *found: Arrays) -> Arrays:
        """Training of a baseline in the place of stages 4-8, from what all before it found."""
        options = (self.data, self.config, self.device, self.checkpoints, self.on_progress)
        return train_baseline(*options, *found)

    def project(self, texts: Arrays, aligned: Arrays) -> Arrays:
        """2-D maps of users and items, before and after alignment, ``(U + I, 2)`` each."""
        maps = {}
        for place, (name, found) in enumerate((("raw", texts), ("aligned", aligned))):
            self.on_progress(Progress("project", place / 2))
            points = np.concatenate([found["user"], found["item"]])
            maps[name] = project(points, self.config.projection, self.config.seed)
        self.on_progress(Progress("project", 1.0))
        return maps

    def _as_stage(self, stage: str) -> OnProgress:
        """Give the progress of a helper the name of the stage it works for."""
        return lambda progress: self.on_progress(
            Progress(stage, progress.fraction, progress.values)
        )
