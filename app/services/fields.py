"""Settings as fields of a form: what to ask for, and what is wrong with an answer."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from core.config import RunConfig
from core.method_options import METHOD_SETTINGS, Options

Kind = Literal["choice", "switch", "whole", "number", "text"]
Model = TypeVar("Model", bound=BaseModel)

OPTIONS: Final = "method_options"
"""Name of the options of a baseline among the settings of a run."""
_LIMITS: Final = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


@dataclass(frozen=True)
class Setting:
    """One field."""

    name: str
    """With the step it belongs to, e.g. ``train.pool``."""
    title: str
    kind: Kind
    default: Any
    choices: tuple[str, ...]
    """Of a choice; else empty."""
    optional: bool
    """Whether it may be left empty."""
    help: str
    """Its docstring and its limits."""

    def called(self, title: str) -> Setting:
        """The same field under another title."""
        return replace(self, title=title)

    @property
    def section(self) -> str:
        """The step, empty for the settings of the whole."""
        return self.name.rpartition(".")[0]


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Yield the fields of a model, those of the models inside it too, in their order.

    Options of a baseline depend on which one it is: see :func:`options_of`.
    """
    for name, field in model.model_fields.items():
        if isinstance(field.default, Options):
            continue
        if isinstance(field.default, BaseModel):
            yield from settings_of(type(field.default), f"{prefix}{name}.")
        else:
            yield _setting(prefix + name, field)


def options_of(method: object) -> list[Setting]:
    """Fields of the options of a method, such as ``method_options.alpha``; LLMHNI has none."""
    known = METHOD_SETTINGS.get(method) if isinstance(method, str) else None
    return [] if known is None else list(settings_of(known, f"{OPTIONS}."))


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their full name, such as ``train.pool``."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by full name as nested ones: :func:`flat` the other way round."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *steps, last = name.split(".")
        place = found
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = value
    return found


def build(model: type[Model], values: Mapping[str, Any]) -> tuple[Model | None, dict[str, str]]:
    """Put answers together.

    Args:
        model: What they are settings of.
        values: By full name.

    Returns:
        The settings, None if an answer does not fit; and what is wrong, by full name.
    """
    try:
        return model.model_validate(nested(values)), {}
    except ValidationError as error:
        return None, {_place(entry): _said(entry) for entry in error.errors()}


def changed(config: RunConfig) -> dict[str, Any]:
    """Settings that differ from their defaults, by full name."""
    found = {}
    values = flat(config.model_dump())
    for setting in (*settings_of(RunConfig), *options_of(config.method)):
        if values[setting.name] != setting.default:
            found[setting.name] = values[setting.name]
    return found


def _place(entry: ErrorDetails) -> str:
    """Full name of the setting that does not fit."""
    option = entry.get("ctx", {}).get("option")
    return ".".join(map(str, [*entry["loc"], *([option] if option else [])]))


def _said(entry: ErrorDetails) -> str:
    """What is wrong, in words; names are the only texts that must look a certain way."""
    if entry["type"] == "string_pattern_mismatch":
        return (
            "Up to 64 letters, digits, dots, dashes and underscores; a letter or digit comes first"
        )
    return entry["msg"]


def _setting(name: str, field: FieldInfo) -> Setting:
    kind, choices, optional = _kind(field.annotation)
    text = " ".join((field.description or "").split()).replace("``", "`")
    limits = [
        words.format(f"{getattr(limit, sign):g}")
        for limit in field.metadata
        for sign, words in _LIMITS.items()
        if isinstance(getattr(limit, sign, None), int | float)
    ]
    said = f" ({', '.join(limits)})" if limits else ""
    title = name.rpartition(".")[2].replace("_", " ").capitalize()
    return Setting(name, title, kind, field.default, choices, optional, text + said)


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...], bool]:  # noqa: ANN401 - any type
    """Kind of widget, choices, and whether None is allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not type(None)]
        kind, choices, _ = _kind(inner[0])
        return kind, choices, True
    if get_origin(annotation) is Literal:
        return "choice", get_args(annotation), False
    kinds: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number"}
    return kinds.get(annotation, "text"), (), False
