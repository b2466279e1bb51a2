"""``settings.json`` of a study: the plan, what every variant is, and which options were chosen."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.study.names import SETTINGS_FILE
from core.study.settings import StudyConfig
from core.study.tuning import Choices, candidates
from core.study.variants import VARIANTS, options_of


def write_settings(folder: Path, plan: StudyConfig, known: Choices) -> Path:
    """Write what the rows of a folder were made with; plans of earlier calls are kept.

    Args:
        folder: Of the study.
        plan: That is run now, whole: of which part of it was asked in a call is not noted, or its
            progress would look done when that part is.
        known: Chosen options by dataset and method.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS_FILE
    names = sorted({name for block in plan.blocks for name in block.variants})
    before = _before(path)
    plans = {name: one for name, one in _dict(before, "plans").items() if name != plan.name}
    plans[plan.name] = plan.model_dump(mode="json")  # the latest last
    content = {
        "plans": plans,
        "variants": _dict(before, "variants") | {name: _variant(name) for name in names},
        "choices": _choices(known),
        "defaults": RunConfig().model_dump(mode="json"),
    }
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)
    return path


def recorded_data(folder: Path, plan: str) -> list[str]:
    """Datasets that earlier calls of a plan were about, with those of one's own."""
    blocks = _dict(_dict(_before(folder / SETTINGS_FILE), "plans"), plan).get("blocks")
    found = [block.get("data") for block in blocks or () if isinstance(block, dict)]
    return [str(name) for data in found if isinstance(data, list) for name in data]


def _dict(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _before(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _variant(name: str) -> dict[str, Any]:
    variant = VARIANTS[name]
    return {
        "family": variant.family,
        "method": variant.method,
        "settings": dict(variant.assignments),
        "trained_without_noise": variant.oracle,
        "candidates": [options_of(text) for text in candidates(variant.method)],
    }


def _choices(known: Choices) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (data, method), options in sorted(known.items()):
        found.setdefault(data, {})[method] = options_of(options)
    return found
