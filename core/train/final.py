"""Final training: LLMHNI on the refined graph, with each preset that is asked for.

Source: LLMHNI (arXiv:2511.07295); choosing the preset on validation is ours [D].

Shape letters: U users, I items, E train interactions, D embedding size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import torch

from core.config import RunConfig
from core.graph.adjacency import normalized_graph
from core.graph.refine import RefinedGraph, refine, untouched
from core.model.backbones import Backbone, make_backbone
from core.model.noisy_layers import OuterLayers
from core.side_by_side import Training, side_by_side
from core.train.llmhni import LLMHNI, RefinedInput
from core.train.trainer import Trainer, TrainResult, Validation
from core.types import (
    BoolArray,
    Embeddings,
    FloatArray,
    Interactions,
    Judgements,
    Labels,
    OnProgress,
    ignore_progress,
)

Preset: TypeAlias = Literal["paper", "soft"]


@dataclass(frozen=True)
class FinalTraining:
    """The best of the presets that were tried."""

    graph: RefinedGraph
    result: TrainResult
    recall: Mapping[str, float]
    """Recall@20 on validation of each preset, in the order tried; 0 where nothing is held out."""


def refined_graphs(
    train: Interactions,
    judgements: Judgements,
    low: BoolArray,
    p_noisy: FloatArray,
    config: RunConfig,
    labels: Labels | None = None,
) -> dict[Preset, RefinedGraph]:
    """Make the refined graph of every preset to try.

    Args:
        train: The E train interactions.
        judgements: All judged pairs.
        low: Which train interactions are low-scored, ``(E,)``.
        p_noisy: Of each train interaction, ``(E,)``.
        config: The preset, ``auto`` = both, and whether to refine at all.
        labels: What people decided; without refining it has no effect on the graph.
    """
    if not config.train.interaction_denoising:
        return {"paper": untouched(train)}  # G' = G whatever the preset
    preset = config.refine.preset
    tried: tuple[Preset, ...] = ("soft", "paper") if preset == "auto" else (preset,)
    accept = config.refine.accept
    return {name: refine(train, judgements, low, p_noisy, name, labels, accept) for name in tried}


def final_training(
    validation: Validation,
    graphs: Mapping[Preset, RefinedGraph],
    semantic: Embeddings,
    config: RunConfig,
    device: torch.device,
    new_generator: Callable[[], torch.Generator],
    folder: Path,
    on_progress: OnProgress = ignore_progress,
    start: Mapping[str, FloatArray] | None = None,
) -> FinalTraining:
    """Train on every graph and keep the one that is better on validation, the first of equals.

    Args:
        validation: The train interactions, and what chooses epoch and preset.
        graphs: The refined graph of each preset.
        semantic: Aligned vectors of users ``(U, D)`` and items ``(I, D)``.
        config: Backbone and optimiser.
        device: Where to train.
        new_generator: Makes the generator of one training; all start from the same state.
        folder: For checkpoints.
        on_progress: Told after every epoch.
        start: Parameters to begin with, by name; drawn at random if omitted. Training that goes
            on needs no warm-up of the negatives: the scores that choose them are there.
    """

    def training(name: Preset) -> Training[TrainResult]:
        given = graphs[name], validation, semantic, config, device, new_generator()
        checkpoint = folder / f"train_{name}.pt"
        return lambda report: _train_on(*given, checkpoint, report, start)

    trainings = [training(name) for name in graphs]
    found = side_by_side(trainings, len(validation.train), device, on_progress)
    results = dict(zip(graphs, found, strict=True))
    best = max(results, key=lambda name: _recall(results[name]))
    recall: dict[str, float] = {name: _recall(result) for name, result in results.items()}
    return FinalTraining(graphs[best], results[best], recall)


def make_final_backbone(
    n_users: int, n_items: int, config: RunConfig, generator: torch.Generator
) -> Backbone:
    """The backbone of the settings, without its input layer where its layers are contrasted."""
    if config.leaves_input_layer_out:
        return OuterLayers(n_users, n_items, config.backbone, generator)
    return make_backbone(n_users, n_items, config.backbone, generator)


def _train_on(
    refined: RefinedGraph,
    validation: Validation,
    semantic: Embeddings,
    config: RunConfig,
    device: torch.device,
    generator: torch.Generator,
    checkpoint: Path,
    report: OnProgress,
    start: Mapping[str, FloatArray] | None,
) -> TrainResult:
    train, dtype = validation.train, config.backbone.dtype
    positives, weight = refined.edges(train.n_users, train.n_items)
    data = RefinedInput(
        normalized_graph(train, device=device, dtype=dtype),
        normalized_graph(positives, weight, device=device, dtype=dtype),
        positives,
        weight,
        train,
        semantic,
    )
    backbone = make_final_backbone(train.n_users, train.n_items, config, generator)
    options = config.train
    if start is not None:
        backbone.load_state_dict({name: torch.tensor(value) for name, value in start.items()})
        options = options.model_copy(update={"warmup_epochs": 0})
    backbone = backbone.to(device)
    trainer = Trainer(
        backbone,
        LLMHNI(data, options, generator),
        options,
        generator,
        validation,
        checkpoint=checkpoint,
        keep_weights=True,
    )
    return trainer.fit("train", report)


def _recall(result: TrainResult) -> float:
    return 0.0 if result.valid is None else result.valid.recall[20]
