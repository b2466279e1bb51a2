"""The stages of a run, each from arrays to arrays; :mod:`core.pipeline` puts them in order.

Shape letters: U users, I items, E train interactions, P pairs (E + stand-ins), K epochs kept,
T text size, D embedding size.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from core.config import RunConfig
from core.errors import DataError
from core.graph.adjacency import normalized_graph
from core.graph.refine import RefinedGraph, refine, untouched
from core.incidence import interaction_matrix
from core.judge import JudgeContext
from core.judge.evidence import EvidenceJudge
from core.metrics import RankingMetrics, rank_metrics
from core.model.backbones import make_backbone
from core.model.sampling import Observed, sample_uniform_negatives
from core.projection import project
from core.relevance.alignment import align
from core.relevance.candidates import choose_candidates, low_scored
from core.relevance.text_fit import centred, text_fit
from core.scoring.evidence import Evidence
from core.scoring.neighbours import neighbours
from core.scoring.posterior import combine
from core.scoring.stand_ins import Pairs, with_stand_ins
from core.scoring.verdict import assign_verdicts, noise_threshold
from core.stages import Arrays
from core.strangers import places
from core.tables import history_rows, judgements_of
from core.text.cache import cached_encode
from core.text.encoder import create_encoder
from core.text.profiles import build_profiles, catalogue
from core.train.objectives import BPR, LLMHNI, RefinedInput
from core.train.out_of_fold import out_of_fold
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer, TrainResult, Validation
from core.types import Dataset, Embeddings, OnProgress, Progress

TEXTS, ALIGN, PRETRAIN, PAIRS, FOLDS, JUDGE, SCORE, TRAIN = range(8)
"""Number of each stage in its seed: stages never shift each other's draws."""
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
    """

    def __init__(
        self,
        dataset: Dataset,
        config: RunConfig,
        device: torch.device,
        checkpoints: Path,
        cache: Path,
        on_progress: OnProgress,
    ) -> None:
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
        profiles = build_profiles(data.users, data.items, data.train, text, self._rng(TEXTS))
        encoder = create_encoder(text.encoder, text.batch_size, str(self.device))
        both = cached_encode(
            encoder, [*profiles.user, *profiles.item], self.cache, self._as_stage("texts")
        )
        n_users = data.train.n_users
        return {
            "user": both[:n_users],
            "item": both[n_users:],
            "user_text": np.array(profiles.user, dtype=np.str_),
            "item_text": np.array(profiles.item, dtype=np.str_),
            "encoder": encoder.name,
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
        return {
            "user": found.user,
            "item": found.item,
            "fold": found.fold,
            "fold_user": found.fold_user,
            "fold_item": found.fold_item,
            "out_of_fold": found.out_of_fold,
            "history": np.array([tuple(record) for record in found.history], np.float64),
        }

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
        trainer = Trainer(
            self._backbone(generator),
            BPR(train, graph, options.weight_decay),
            options,
            generator,
            self.validation,
            recorder,
            self.checkpoints / "pretrain.pt",
        )
        found = _arrays(trainer.fit("pretrain", self.on_progress))
        return {**found, "keep_every": options.keep_every}

    def _backbone(self, generator: torch.Generator) -> torch.nn.Module:
        train = self.data.train
        made = make_backbone(train.n_users, train.n_items, self.config.backbone, generator)
        return made.to(self.device)

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
            self.on_progress,
        )
        return {
            "user": pairs.user,
            "item": pairs.item,
            "fold": pairs.fold,
            "left_out": pairs.left_out,
            "loss": found.loss,
            "among_items": found.place.among_items,
            "among_users": found.place.among_users,
            "user_vector": found.user,
            "item_vector": found.item,
        }

    def judge(self, texts: Arrays, behaviour: Arrays, pretrained: Arrays) -> Arrays:
        """Stage 3: candidates and their grades from two views."""
        train = self.data.train
        pairs = _pairs(behaviour, len(train))
        low = low_scored(
            train, behaviour["among_items"][: len(train)], self.config.judge.observed_share
        )
        found = Embeddings(pretrained["user"], pretrained["item"])
        held_out = Embeddings(behaviour["user_vector"], behaviour["item_vector"])
        candidates = choose_candidates(
            train, low, found, held_out, pairs, self.config.judge, self._rng(JUDGE)
        )
        text = centred(texts["item"])
        if not text.any():  # all texts alike: the judge must not take them for evidence
            text = text[:, :0]
        context = JudgeContext(self.items, train, text)
        graded = EvidenceJudge().judge(candidates, context, self.on_progress)
        return {
            "low": low,
            "user": graded.user,
            "item": graded.item,
            "observed": graded.observed,
            "control": graded.control,
            "user_grade": graded.user_grade,
            "item_grade": graded.item_grade,
            "user_support": graded.user_support,
            "item_support": graded.item_support,
            "user_reason": np.array(graded.user_reason, dtype=np.str_),
            "item_reason": np.array(graded.item_reason, dtype=np.str_),
            "judge": graded.judge,
            "n_unparsed": graded.n_unparsed,
        }

    def score(self, texts: Arrays, aligned: Arrays, behaviour: Arrays, judged: Arrays) -> Arrays:
        """Stage 10: all signals to p_noisy, p_noisy to verdicts."""
        self.on_progress(Progress("score", 0.0))
        options, n_train = self.config.scoring, len(self.data.train)
        pairs = _pairs(behaviour, n_train)
        evidence = self._evidence(pairs, texts, aligned, behaviour, judged)
        user_grade, item_grade = evidence.user_grade, evidence.item_grade
        found = combine(evidence, pairs.observed, options, self._rng(SCORE))
        own = slice(0, n_train)
        threshold = noise_threshold(found.p_noisy, found.noise_rate, options)
        verdict = assign_verdicts(
            found.p_noisy, user_grade[own], item_grade[own], judged["low"], threshold, options
        )
        third = max(len(evidence.loss) // 3, 1)
        self.on_progress(Progress("score", 1.0))
        return {
            "loss": evidence.loss[-third:, own].mean(axis=0),
            "loss_mean": evidence.loss[:, own].mean(axis=0),
            "loss_variability": evidence.loss[:, own].std(axis=0),
            "score": evidence.score_among_items[own],
            "semantic": evidence.semantic[own],
            "semantic_among_users": evidence.semantic_among_users[own],
            "text_among_users": evidence.text_among_users[own],
            "user_grade": user_grade[own],
            "item_grade": item_grade[own],
            "p_noisy": found.p_noisy,
            "from_language": found.from_language,
            "from_behaviour": found.from_behaviour,
            "from_grades": found.from_grades,
            "verdict": verdict,
            "noise_rate": found.noise_rate,
            "threshold": threshold,
        }

    def _evidence(
        self, pairs: Pairs, texts: Arrays, aligned: Arrays, behaviour: Arrays, judged: Arrays
    ) -> Evidence:
        """Put the signals of all pairs side by side."""
        train, n_references = self.data.train, self.config.scoring.references
        rng = self._rng(FOLDS)
        fit = text_fit(centred(texts["item"]), train, pairs, n_references, rng)
        among_items, among_users, semantic = np.zeros((3, len(pairs)), np.float32)
        for fold in range(len(aligned["fold_user"])):
            rows = np.flatnonzero(pairs.fold == fold)
            user, item = pairs.user[rows], pairs.item[rows]
            user_of, item_of = aligned["fold_user"][fold], aligned["fold_item"][fold]
            semantic[rows] = np.einsum("pd,pd->p", user_of[user], item_of[item])
            rest = interaction_matrix(train.select(aligned["fold"] != fold))
            among_items[rows], among_users[rows] = places(
                semantic[rows], user, item, user_of, item_of, rest, n_references, rng
            )
        beside = neighbours(train, pairs, n_references, rng)
        popularity = np.bincount(train.item, minlength=train.n_items)[pairs.item] - pairs.observed
        return Evidence(
            loss=behaviour["loss"],
            score_among_items=behaviour["among_items"],
            score_among_users=behaviour["among_users"],
            neighbours=beside.similarity,
            neighbours_among_items=beside.place.among_items,
            neighbours_among_users=beside.place.among_users,
            semantic=semantic,
            semantic_among_items=among_items,
            semantic_among_users=among_users,
            text=fit.cosine,
            text_among_items=fit.place.among_items,
            text_among_users=fit.place.among_users,
            log_popularity=np.log1p(popularity).astype(np.float32),
            **self._judged(pairs, judged),
        )

    def _judged(self, pairs: Pairs, judged: Arrays) -> dict[str, np.ndarray]:
        """Grades and supports of all pairs, -1 and NaN where the judge was not asked."""
        n_items = np.int64(self.data.train.n_items)
        key = pairs.user * n_items + pairs.item
        order = np.argsort(key)
        asked = judged["observed"] | judged["control"]
        wanted = judged["user"][asked] * n_items + judged["item"][asked]
        row = order[np.searchsorted(key, wanted, sorter=order)]
        found = {}
        for name in ("user_grade", "item_grade", "user_support", "item_support"):
            unknown, kind = (-1, np.int8) if name.endswith("grade") else (np.nan, np.float32)
            found[name] = np.full(len(pairs), unknown, kind)
            found[name][row] = judged[name][asked]
        return found

    def train(self, aligned: Arrays, judged: Arrays, scored: Arrays) -> Arrays:
        """Stages 4-8: refined graph and final training; ``auto`` keeps the better on validation."""
        preset = self.config.refine.preset
        tried: list[Literal["paper", "soft"]] = ["soft", "paper"] if preset == "auto" else [preset]
        if not self.config.train.interaction_denoising:
            tried = ["paper"]  # G' = G either way
        results = []
        for place, name in enumerate(tried):
            graph = self._refined(name, judged, scored)
            results.append((graph, self._train_on(graph, aligned, name, place, len(tried))))
        graph, best = max(results, key=lambda pair: _recall(pair[1]))
        return {
            **_arrays(best),
            "preset": graph.preset,
            "edge_user": graph.user,
            "edge_item": graph.item,
            "edge_origin": graph.origin,
            "edge_weight": graph.weight,
            "edge_rescued": graph.rescued,
            "valid_by_preset": np.array([_recall(result) for _, result in results]),
            "presets": np.array(tried, dtype=np.str_),
        }

    def _refined(
        self, preset: Literal["paper", "soft"], judged: Arrays, scored: Arrays
    ) -> RefinedGraph:
        if not self.config.train.interaction_denoising:
            return untouched(self.data.train)
        return refine(
            self.data.train, judgements_of(judged), judged["low"], scored["p_noisy"], preset
        )

    def _train_on(
        self, refined: RefinedGraph, aligned: Arrays, name: str, place: int, n_parts: int
    ) -> TrainResult:
        train, options = self.data.train, self.config.train
        positives, weight = refined.edges(train.n_users, train.n_items)
        dtype = self.config.backbone.dtype
        data = RefinedInput(
            normalized_graph(train, device=self.device, dtype=dtype),
            normalized_graph(positives, weight, device=self.device, dtype=dtype),
            positives,
            weight,
            train,
            Embeddings(aligned["user"], aligned["item"]),
        )
        generator = self._generator(TRAIN)

        def report(progress: Progress) -> None:
            fraction = (place + progress.fraction) / n_parts
            self.on_progress(Progress(progress.stage, fraction, progress.values))

        backbone = self._backbone(generator)
        trainer = Trainer(
            backbone,
            LLMHNI(data, options, generator),
            options,
            generator,
            self.validation,
            checkpoint=self.checkpoints / f"train_{name}.pt",
        )
        return trainer.fit("train", report)

    def project(self, texts: Arrays, aligned: Arrays) -> Arrays:
        """2-D maps of users and items, before and after alignment, ``(U + I, 2)`` each."""
        maps = {}
        for place, (name, found) in enumerate((("raw", texts), ("aligned", aligned))):
            self.on_progress(Progress("project", place / 2))
            points = np.concatenate([found["user"], found["item"]])
            maps[name] = project(points, self.config.projection, self.config.seed)
        self.on_progress(Progress("project", 1.0))
        return maps

    def ranking(self, pretrained: Arrays, trained: Arrays) -> Mapping[str, float]:
        """Recall@20 and NDCG@20 on the test set, once, of the epochs chosen on validation."""

        def measure(found: Arrays) -> RankingMetrics:
            return rank_metrics(found["user"], found["item"], self.data.train, self.data.test)

        ours, plain = measure(trained), measure(pretrained)
        return {
            "recall20": ours.recall[20],
            "ndcg20": ours.ndcg[20],
            "bpr_recall20": plain.recall[20],
            "bpr_ndcg20": plain.ndcg[20],
        }

    def _as_stage(self, stage: str) -> OnProgress:
        """Give the progress of a helper the name of the stage it works for."""
        return lambda progress: self.on_progress(
            Progress(stage, progress.fraction, progress.values)
        )


def _pairs(behaviour: Arrays, n_train: int) -> Pairs:
    return Pairs(
        behaviour["user"], behaviour["item"], behaviour["fold"], behaviour["left_out"], n_train
    )


def _recall(result: TrainResult) -> float:
    return 0.0 if result.valid is None else result.valid.recall[20]


def _arrays(result: TrainResult) -> dict[str, Any]:
    """A training as named arrays."""
    epoch, name, value = history_rows(result.history)
    return {
        "user": result.embeddings.user,
        "item": result.embeddings.item,
        "best_epoch": result.best_epoch,
        "recorded": result.recorded,
        "metric_epoch": epoch,
        "metric_name": name,
        "metric_value": value,
    }
