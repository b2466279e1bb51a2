"""Settings of a run from the command line: every name is one of :class:`RunConfig`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from app.commands.tuned import tuned_settings
from app.services.fields import OPTIONS
from app.services.settings_list import known_settings
from core.config import RunConfig
from core.errors import ConfigError
from core.method_names import OURS
from core.presets import PRESETS

ABLATIONS: Final[Mapping[str, tuple[str, bool]]] = {
    "no-semantic-negatives": ("train.semantic_negatives", False),
    "no-alignment": ("train.cross_graph_alignment", False),
    "no-denoising": ("train.interaction_denoising", False),
    "no-hallucination-suppression": ("train.hallucination_suppression", False),
    "no-layer-contrast": ("train.layer_contrast", False),
    "shuffle-text": ("text.shuffle", True),
}
"""Flag -> the setting it changes."""


def build_config(
    file: Path | None = None,
    assignments: Sequence[str] = (),
    flags: Sequence[str] = (),
    seed: int | None = None,
    preset: str | None = None,
    tuned: str | None = None,
) -> RunConfig:
    """Put settings together; later sources win: file, preset, tuned, flags, assignments, seed.

    Args:
        file: JSON file with settings, such as ``settings.json`` of a run.
        assignments: ``key=value`` or ``step.key=value``.
        flags: Names from :data:`ABLATIONS`.
        seed: Seed of every random draw.
        preset: Name from :data:`core.presets.PRESETS`.
        tuned: Dataset whose tuning says the options of the method; not with a preset.

    Raises:
        ConfigError: If a name is unknown or a value does not fit; the message lists what is.
    """
    if preset is not None and tuned is not None:
        raise ConfigError("--preset and --tuned are two sets of settings: give one of them.")
    values = _read(file) if file is not None else {}
    if _method_in(assignments) not in ("", values.get("method", OURS)):
        values.pop(OPTIONS, None)  # options in the file are of the method in the file
    method = _method_in(assignments) or values.get("method", OURS)
    given = PRESETS[preset] if preset is not None else {}
    for name, value in (given if tuned is None else tuned_settings(tuned, method)).items():
        _assign(values, name, value)
    for flag in flags:
        _assign(values, *ABLATIONS[flag])
    names = {setting.name for setting in known_settings()}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise ConfigError(f"'{assignment}' is no setting. Write it as step.name=value.")
        name = name.strip()
        # Which options there are depends on the method, which may be assigned after them.
        if name not in names and not name.startswith(f"{OPTIONS}."):
            raise ConfigError(_unknown(name, names))
        _assign(values, name, _value(text.strip()))
    if seed is not None:
        values["seed"] = seed
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, names)) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The settings in {file} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{file} holds no settings: a JSON object is needed.")
    # Files of a run hold its settings beside other things.
    inner = values.get("settings")
    return inner if isinstance(inner, dict) else values


def _method_in(assignments: Sequence[str]) -> str:
    """The method that is assigned last, empty if none is."""
    pairs = [assignment.partition("=") for assignment in assignments]
    return next((text.strip() for name, _, text in pairs[::-1] if name.strip() == "method"), "")


def _value(text: str) -> Any:  # noqa: ANN401 - JSON is any of several types
    """Number, truth value or null as in JSON; anything else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _assign(values: dict[str, Any], name: str, value: object) -> None:
    """Set ``step.name`` in nested settings."""
    *steps, last = name.split(".")
    for step in steps:
        inner = values.setdefault(step, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{step} is no step with settings in the file of settings.")
        values = inner
    values[last] = value


def _unknown(name: str, names: set[str]) -> str:
    step = name.rpartition(".")[0]
    alike = sorted(other for other in names if other.endswith(f".{name}"))
    alike = alike or get_close_matches(name, sorted(names), n=1, cutoff=0.8)
    meant = f" Did you mean {' or '.join(alike)}?" if alike else ""
    near = sorted(other for other in names if other.rpartition(".")[0] == step and step)
    return f"There is no setting '{name}'.{meant} Known are: {', '.join(near or sorted(names))}."


def _explain(error: ValidationError, names: set[str]) -> str:
    """Say in words what is wrong with the first settings that do not fit."""
    parts = []
    for entry in error.errors()[:5]:
        name = ".".join(map(str, entry["loc"]))
        if entry["type"] == "unfit_option":  # says by itself which option of which method
            parts.append(entry["msg"])
        elif entry["type"] == "extra_forbidden":
            parts.append(_unknown(name, names))
        else:
            parts.append(f"The setting {name} cannot be {entry['input']!r}: {entry['msg']}.")
    return " ".join(parts)
