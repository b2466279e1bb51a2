"""Train one baseline by its name.

Early stop and best epoch are chosen on validation, as for LLMHNI itself.
"""

from __future__ import annotations

from pathlib import Path

import torch

from core.baselines import METHODS
from core.baselines.method import Inputs, Method, Need, Outcome, Plan, plain_loss
from core.config import Settings
from core.errors import ConfigError
from core.train.trainer import Trainer, TrainResult, Validation
from core.types import FloatArray, OnProgress, Progress, ignore_progress

WHAT_TO_DO: dict[Need, str] = {
    "text": "text embeddings; give it a run with texts",
    "judgements": "judgements; give it a run with a judge",
    "out-of-fold": "out-of-fold losses and scores; give it a run that has them",
    "cleanlab": "the package cleanlab; install it with pip",
}


def run_method(
    name: str,
    inputs: Inputs,
    settings: Settings | None = None,
    checkpoints: Path | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Outcome:
    """Train a method of the table, from its checkpoint on if there is one.

    Args:
        name: As in the table.
        inputs: What it may see.
        settings: Of the class that the table names; its defaults if omitted.
        checkpoints: Folder for the checkpoint ``method_NAME.pt``; none is written if omitted. It
            belongs to one set of inputs and settings.
        on_progress: Told after every epoch; the stage is the name.

    Raises:
        ConfigError: If there is no such method, or an input is missing that it needs.
        ValueError: If the settings are of another method.
        core.errors.Cancelled: If ``on_progress`` asked to stop; the checkpoint stays.
    """
    method = method_of(name)
    _check_needs(method, inputs)
    options = method.settings() if settings is None else settings
    if not isinstance(options, method.settings):
        raise ValueError(f"{name} takes {method.settings.__name__}, got {type(options).__name__}")
    generator = inputs.generator()
    plan = method.build(inputs, options, generator)
    result = _train(method, plan, inputs, generator, checkpoints, on_progress)
    suspicion = _suspicion(plan, inputs, result)
    if result is None:
        on_progress(Progress(name, 1.0))
        return Outcome(None, suspicion)
    return Outcome(result.embeddings, suspicion, result.history, result.best_epoch)


def method_of(name: str) -> Method:
    """Look a method up.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in METHODS:
        raise ConfigError(f"there is no method {name!r}; choose one of {', '.join(METHODS)}")
    return METHODS[name]


def _check_needs(method: Method, inputs: Inputs) -> None:
    there = {
        "text": inputs.text is not None,
        "judgements": inputs.judgements is not None,
        "out-of-fold": inputs.held_out is not None,
    }
    for need in sorted(method.needs):
        if not there.get(need, True):  # whether cleanlab is there shows when it is asked
            raise ConfigError(f"{method.title} needs {WHAT_TO_DO[need]}")


def _train(
    method: Method,
    plan: Plan,
    inputs: Inputs,
    generator: torch.Generator,
    checkpoints: Path | None,
    on_progress: OnProgress,
) -> TrainResult | None:
    """Train, and leave the backbone with the weights of the best epoch."""
    if plan.backbone is None or plan.objective is None:
        return None
    trainer = Trainer(
        plan.backbone,
        plan.objective,
        inputs.optimiser,
        generator,
        Validation(inputs.train, inputs.valid),
        checkpoint=None if checkpoints is None else checkpoints / f"method_{method.name}.pt",
        keep_weights=True,
    )
    result = trainer.fit(method.name, on_progress)
    plan.backbone.load_state_dict({k: torch.tensor(v) for k, v in result.weights.items()})
    return result


def _suspicion(plan: Plan, inputs: Inputs, result: TrainResult | None) -> FloatArray | None:
    if plan.suspicion is not None:
        return plan.suspicion(result)
    return None if result is None else plain_loss(inputs, result.embeddings)
