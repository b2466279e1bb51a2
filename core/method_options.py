"""Options of a run that are settings of its method: which there are, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from core.method_names import OURS
from core.method_settings import (
    BODConfig,
    ConfidentLearningConfig,
    DCFConfig,
    DNSSettings,
    LLaRDSettings,
    NoSettings,
    PLDConfig,
    RandomEditsConfig,
    ReweightedConfig,
    RLMRecSettings,
    SGLNodeSettings,
    SGLSettings,
    SimGCLSettings,
    SRNSSettings,
    TextOnlyConfig,
    TruncatedConfig,
    XSimGCLSettings,
)
from core.settings import Settings

OptionValue: TypeAlias = bool | int | float | str


class Options(Mapping[str, OptionValue]):
    """Options of a method by name: read-only, hashable, and equal to a dict of the same."""

    def __init__(self, values: Mapping[str, OptionValue] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> OptionValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Options({self._values})"

    @classmethod
    def __get_pydantic_core_schema__(
        cls,
        source: Any,  # noqa: ANN401 - as pydantic calls it
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        """Read from any mapping, write as a plain one."""
        return core_schema.no_info_after_validator_function(
            cls,
            handler.generate_schema(dict[str, Any]),
            serialization=core_schema.plain_serializer_function_ser_schema(dict),
        )


METHOD_SETTINGS: Final[Mapping[str, type[Settings]]] = MappingProxyType(
    {
        "bpr": NoSettings,
        "bpr-ngcf": NoSettings,
        "wbpr": NoSettings,
        "t-ce": TruncatedConfig,
        "t-ce-pairwise": TruncatedConfig,
        "r-ce": ReweightedConfig,
        "r-ce-pairwise": ReweightedConfig,
        "dcf": DCFConfig,
        "bod": BODConfig,
        "pld": PLDConfig,
        "sgl": SGLSettings,
        "sgl-node": SGLNodeSettings,
        "simgcl": SimGCLSettings,
        "xsimgcl": XSimGCLSettings,
        "rlmrec": RLMRecSettings,
        "llard": LLaRDSettings,
        "dns": DNSSettings,
        "srns": SRNSSettings,
        "text-only": TextOnlyConfig,
        "cleanlab": ConfidentLearningConfig,
        "random-edits": RandomEditsConfig,
    }
)
"""Baseline -> its settings, as in :data:`core.baselines.METHODS`."""


def checked_options(method: str, options: Mapping[str, OptionValue]) -> Options:
    """Options of a method, complete: those not given have their default.

    Raises:
        PydanticCustomError: If one is unknown or does not fit; the context has its name as
            ``option``, empty where it is about none alone.
    """
    if method == OURS:
        if options:
            raise _unfit(
                f"{OURS} has no options of its own: its settings are those of the steps, such as "
                f"train.pool. Leave out {', '.join(options)}, or choose a baseline as method.",
            )
        return Options()
    known = METHOD_SETTINGS[method]
    try:
        found = known.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise _unfit(f"{method} has no option '{name}'. {_known(method)}", name) from error
        raise _unfit(
            f"The option {name} of {method} cannot be {first['input']!r}: {first['msg']}.", name
        ) from error
    return Options(found.model_dump())


def _known(method: str) -> str:
    names = ", ".join(METHOD_SETTINGS[method].model_fields)
    return f"Known are: {names}." if names else "It has none."


def _unfit(message: str, option: str = "") -> PydanticCustomError:
    return PydanticCustomError("unfit_option", "{said}", {"said": message, "option": option})
