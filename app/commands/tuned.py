"""Options that tuning found best on validation, for runs beyond the study."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.services.study import COMMITTED
from core.errors import ConfigError
from core.study.names import SETTINGS_FILE


def tuned_settings(data: str, method: str, folder: Path = COMMITTED) -> Mapping[str, Any]:
    """Settings that a study chose for a method on a dataset.

    Args:
        data: Name of a dataset that the study tuned on, such as ``sample``.
        method: Whose options.
        folder: Of the study, the project's own unless said otherwise.

    Returns:
        ``step.name`` -> value; empty where the defaults were best.

    Raises:
        ConfigError: If the study tuned nothing there; the message lists where it did.
    """
    known = _choices(folder)
    if data not in known:
        raise ConfigError(
            f"The study tuned nothing on '{data}'. It did on: {', '.join(sorted(known)) or 'none'}."
        )
    if method not in known[data]:
        raise ConfigError(
            f"The study has not tuned {method} on {data}; leave --tuned out to run it with its "
            f"published options. Tuned were: {', '.join(sorted(known[data]))}."
        )
    return known[data][method]


def _choices(folder: Path) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    try:
        found = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))["choices"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"The study in {folder} does not say what it chose: {error}.") from error
    return found if isinstance(found, dict) else {}
