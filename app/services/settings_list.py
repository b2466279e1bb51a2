"""All settings of a run with their defaults and meanings, beside what a run was made with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pandas as pd
from pydantic import BaseModel

from app.services.fields import OPTIONS, flat, options_of
from app.services.store import Run
from core.config import RunConfig
from core.method_options import Options


class Setting(NamedTuple):
    """One setting of a run."""

    name: str
    """With the step it belongs to, e.g. ``train.pool``."""
    default: Any
    help: str


def known_settings(model: type[BaseModel] = RunConfig, prefix: str = "") -> Iterator[Setting]:
    """Yield every setting with its default and its help text, in the order of the steps."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from known_settings(type(field.default), f"{prefix}{name}.")
        else:
            text = " ".join((field.description or "").split())
            default = dict(field.default) if isinstance(field.default, Options) else field.default
            yield Setting(prefix + name, default, text)


def known_options(method: object) -> Iterator[Setting]:
    """Yield the options of a baseline, such as ``method_options.alpha``; LLMHNI has none."""
    for option in options_of(method):
        yield Setting(option.name, option.default, option.help.replace("`", "``"))


def of_run(run: Run) -> pd.DataFrame:
    """Say what a run was made with.

    Returns:
        Columns ``name``, ``value`` and ``default`` (both as text; a dash where not known),
        ``changed`` (differs from today's default), ``meaning``. Settings that this version does
        not know any more come last.
    """
    values = flat(run.manifest.settings)
    rows = [
        (
            known.name,
            as_text(values[known.name]) if known.name in values else "–",
            as_text(known.default),
            known.name in values and values[known.name] != known.default,
            known.help.replace("``", ""),
        )
        for known in settings_of_methods([values.get("method")])
    ]
    names = {row[0] for row in rows}
    rows += [
        (name, as_text(value), "–", True, "Not known to this version of the workbench.")
        for name, value in values.items()
        if name not in names
    ]
    return pd.DataFrame(rows, columns=["name", "value", "default", "changed", "meaning"])


def settings_of_methods(methods: Iterable[object]) -> Iterator[Setting]:
    """Yield all settings of runs of some methods: options stand beneath the method, each once."""
    options = {one.name: one for method in methods for one in known_options(method)}
    for setting in known_settings():
        if setting.name == OPTIONS:
            yield from options.values()
        else:
            yield setting


def matching(table: pd.DataFrame, text: str, changed_only: bool) -> pd.DataFrame:
    """Rows of :func:`of_run` that hold every word of ``text``, whatever the case of its letters."""
    kept = table["changed"] | (not changed_only)
    whole = (table["name"] + " " + table["value"] + " " + table["meaning"]).str.lower()
    for word in text.lower().split():
        kept &= whole.str.contains(word, regex=False)
    return table[kept]


def as_text(value: object) -> str:
    """A value as it is written on the command line."""
    return value if isinstance(value, str) else json.dumps(value)
