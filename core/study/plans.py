"""Plans by name or from a file, and what a call keeps of one. Loads no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from reprlib import repr as short
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.errors import ConfigError
from core.study.names import NO_NOISE, NOISES, PARTS, SAMPLE
from core.study.settings import PLANS, Block, StudyConfig, check_variant, groups_of

PAGE: Final = "docs/measuring.md"
"""Says how a plan of one's own is written."""
OWN: Final = f"A plan of your own can hold others: --plan FILE.json, see {PAGE}."


def read_plan(name: str) -> StudyConfig:
    """A known plan, or one from a JSON file.

    Raises:
        ConfigError: If there is no such plan, or it holds unknown names.
    """
    if name in PLANS:
        return PLANS[name]
    path = Path(name)
    if path.suffix != ".json":
        raise ConfigError(
            f"There is no plan '{name}'. Known are: {', '.join(PLANS)}, and FILE.json with one of "
            f"your own, see {PAGE}."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The plan in {path} cannot be read: {error}.") from error
    plan = _checked(values, path)
    if plan.name in PLANS:
        raise ConfigError(f"The plan in {path} is named {plan.name}, as a known one: name it anew.")
    return plan


def _checked(values: object, path: Path) -> StudyConfig:
    try:
        return StudyConfig.model_validate(values)
    except ValidationError as error:
        said = "; ".join(map(_complaint, error.errors()[:3]))
        raise ConfigError(f"The plan in {path} does not fit: {said}. See {PAGE}.") from error
    except ConfigError as error:  # of a name in it
        raise ConfigError(f"The plan in {path} does not fit: {error}") from error


def _complaint(error: ErrorDetails) -> str:
    """What is wrong, and where, without the words of a schema."""
    where = [place + 1 if isinstance(place, int) else place for place in error["loc"]]
    in_block = len(where) > 1
    place = f"block {where[1]}" if in_block else "the plan"
    keys = where[2:] if in_block else where
    known = list((Block if in_block else StudyConfig).model_fields)
    key = str(keys[0]) if keys else ""
    match error["type"]:
        case "extra_forbidden":
            near = get_close_matches(key, known, n=1)
            meant = f" (do you mean '{near[0]}'?)" if near else ""
            return f"{place} has an unknown key '{key}'{meant}; known are {', '.join(known)}"
        case "missing":
            return f"{place} has no key '{key}'"
        case "tuple_type":
            return f"'{key}' of {place} has to be a list: [...]"
        case "model_type":
            return f"{place} has to be an object with keys out of {', '.join(known)}: {{...}}"
        case "value_error":
            return f"{place}: {error['ctx']['error']}"
    said = f"{error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"'{key}' of {place} cannot be {short(error['input'])}: {said}"


@dataclass(frozen=True)
class Narrowed:
    """Which cells of a plan are wanted; None = all."""

    data: Sequence[str] | None = None
    noise: Sequence[str] | None = None
    rates: Sequence[float] | None = None
    seeds: Sequence[int] | None = None
    variants: Sequence[str] | None = None
    parts: Sequence[str] | None = None


def with_own_data(plan: StudyConfig, data: Iterable[str]) -> StudyConfig:
    """The plan, and its blocks of the sample for each dataset that it does not know."""
    known = {name for block in plan.blocks for name in block.data}
    own = [
        _changed(block, {"data": (name,)})
        for name in data
        if name not in known
        for block in plan.blocks
        if SAMPLE in block.data and block.part != "ablations"
    ]
    return StudyConfig(name=plan.name, blocks=(*plan.blocks, *own))


def narrow(plan: StudyConfig, wanted: Narrowed) -> StudyConfig:
    """Keep the wanted cells of a plan.

    Seeds replace those of the plan, but for tuning. Tuning is kept for the datasets whose methods
    are, and where it is asked for by its name. A dataset that the plan does not know gets the
    blocks of the sample.

    Raises:
        ConfigError: If a name or number is unknown or not in the plan, or nothing is left.
    """
    _check_seeds(wanted.seeds or ())
    whole = with_own_data(plan, wanted.data or ())
    _check_names(whole, wanted)
    left = _useful(_blocks(whole, wanted), whole, wanted)
    if not left:
        raise ConfigError(_nothing_left(whole, wanted))
    return StudyConfig(name=plan.name, blocks=tuple(left))


def _check_seeds(seeds: Iterable[int]) -> None:
    for seed in seeds:
        if not 0 <= seed < 2**32:
            raise ConfigError(f"Seeds are whole numbers, 0 to 2^32 - 1: --seeds {seed} is none.")


def _check_names(plan: StudyConfig, wanted: Narrowed) -> None:
    """See that all that is asked for exists, and that the plan has it."""
    for name in wanted.variants or ():
        check_variant(name)
        if not _has_variant(plan, name):
            holders = [one.name for one in PLANS.values() if _has_variant(one, name)]
            there = f" It is in --plan {' and '.join(holders)}." if holders else ""
            raise ConfigError(f"The plan {plan.name} has no variant '{name}'.{there} {OWN}")
    cells = [block for block in plan.blocks if block.part != "tuning"] or plan.blocks
    _check_among("part", wanted.parts, PARTS, [block.part for block in plan.blocks], plan)
    _check_among("noise", wanted.noise, NOISES, [n for b in cells for n in b.noise], plan)
    _check_among("rate", wanted.rates, (), [g.rate for b in cells for g in groups_of(b)], plan)


def _has_variant(plan: StudyConfig, name: str) -> bool:
    return any(name in block.variants for block in plan.blocks)


def _check_among(
    what: str,
    given: Sequence[Any] | None,
    known: Sequence[Any],
    there: Sequence[Any],
    plan: StudyConfig,
) -> None:
    for one in given or ():
        if one in there:
            continue
        if known and one not in known:
            raise ConfigError(f"There is no {what} '{one}'. Known are: {_listed(known)}.")
        named, listed = _listed([one]), _listed(sorted(set(there)))
        raise ConfigError(f"The plan {plan.name} has no {what} '{named}'. It has: {listed}. {OWN}")


def _listed(values: Iterable[Any], between: str = ", ") -> str:
    return between.join(f"{one:g}" if isinstance(one, float) else str(one) for one in values)


def _blocks(plan: StudyConfig, wanted: Narrowed) -> list[Block]:
    return [block for one in plan.blocks if (block := _narrowed(one, wanted)) is not None]


def _narrowed(block: Block, wanted: Narrowed) -> Block | None:
    if wanted.parts is not None and block.part not in wanted.parts:
        return None
    changes = {
        "data": _among(block.data, wanted.data),
        "variants": _among(block.variants, wanted.variants),
    }
    if block.part != "tuning":
        rates = _among(block.rates, wanted.rates)
        noises = _among(block.noise, wanted.noise)
        if wanted.rates is not None:  # no noise is at 0, whatever the rates of its block are
            of_none = 0.0 in wanted.rates
            noises = tuple(one for one in noises if (of_none if one == NO_NOISE else rates))
        changes["noise"] = noises
        changes["rates"] = rates or block.rates
        changes["seeds"] = block.seeds if wanted.seeds is None else tuple(wanted.seeds)
    return _changed(block, changes) if all(changes.values()) else None


def _changed(block: Block, changes: dict[str, Any]) -> Block:
    """The block with other values, checked as any (``model_copy`` would not)."""
    return Block(**{**dict(block), **changes})


def _among(values: tuple[Any, ...], wanted: Sequence[Any] | None) -> tuple[Any, ...]:
    return values if wanted is None else tuple(one for one in values if one in wanted)


def _useful(blocks: list[Block], whole: StudyConfig, wanted: Narrowed) -> list[Block]:
    """Blocks without tuning that nothing would use: of datasets whose methods are left out."""
    if wanted.parts is not None:
        return blocks
    idle = _compared(whole.blocks) - _compared(blocks)
    kept = []
    for block in blocks:
        data = tuple(name for name in block.data if block.part != "tuning" or name not in idle)
        if data:
            kept.append(_changed(block, {"data": data}))
    return kept


def _compared(blocks: Iterable[Block]) -> set[str]:
    return {name for block in blocks if block.part == "methods" for name in block.data}


def _nothing_left(plan: StudyConfig, wanted: Narrowed) -> str:
    """Say what the plan has of the datasets, parts and variants that are asked for."""
    held = _blocks(plan, replace(wanted, noise=None, rates=None))
    held = held or _blocks(plan, Narrowed(data=wanted.data))
    cells = [block for block in held if block.part != "tuning"] or held
    found: dict[str, dict[str, set[float]]] = {}
    for block in cells:
        for group in groups_of(block):
            place = found.setdefault(f"{group.part} on {group.data}", {})
            place.setdefault(group.noise, set()).add(group.rate)
    has = "; ".join(
        f"{place}: "
        + ", ".join(f"{noise} at {_listed(sorted(at), ' ')}" for noise, at in noises.items())
        for place, noises in found.items()
    )
    has = has or f"data {_listed(sorted({name for one in plan.blocks for name in one.data}))}"
    return f"Nothing of the plan {plan.name} is all of that at once. It has {has}. {OWN}"
