"""What a study runs: blocks of cells, the most telling first.

Loads no PyTorch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.config import Settings
from core.errors import ConfigError
from core.study.names import (
    AMAZON,
    ML,
    NATURAL,
    NO_NOISE,
    NOISES,
    PARTS,
    SAMPLE,
    SCHEMES,
    SIGNALS,
    TUNING_SEED,
)
from core.study.variants import ABLATIONS, COMPARED, METHODS, variant_of

SEEDS: Final = (0, 1, 2, 3, 4)
FOUR: Final = ("position", "uniform", "co-click", "lookalike")
RATE: Final = 0.2
RATE_NATURAL: Final = 0.16
"""Share of ratings below 3 among those of MovieLens, about; ``n_noise / n_train`` is exact."""


class Block(Settings):
    """Cells of one part: every dataset with every kind of noise, rate, seed and variant."""

    part: Literal["methods", "ablations", "negatives", "tuning"] = "methods"
    data: tuple[str, ...] = (SAMPLE,)
    """``sample``, ``ml-latest-small``, ``amazon-book``, or a dataset of the workspace."""
    noise: tuple[str, ...] = ("position",)
    """Kinds of noise; ``none`` takes the rate 0 alone."""
    rates: tuple[float, ...] = (RATE,)
    """Planted noise as a share of the noised train set."""
    seeds: tuple[int, ...] = SEEDS
    """Of split, planting and training."""
    variants: tuple[str, ...] = COMPARED
    """Names of :data:`core.study.variants.VARIANTS`."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        unknown = [name for name in self.noise if name not in NOISES]
        if unknown:
            raise ValueError(f"unknown noise {unknown[0]!r}; known are {', '.join(NOISES)}")
        if not all(0.0 <= rate < 1.0 for rate in self.rates):
            raise ValueError("rates are shares, 0 to below 1")
        if not all(0 <= seed < 2**32 for seed in self.seeds):
            raise ValueError("seeds are whole numbers, 0 or more")
        for name in self.variants:
            variant_of(name)
        return self


class StudyConfig(Settings):
    """A plan: its blocks are run in this order."""

    name: str = Field("own", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the plan."""
    blocks: tuple[Block, ...]
    """Cells; one that stands in several blocks is run once."""


def _tuning(*data: str, noise: str = "mixed") -> Block:
    return Block(part="tuning", data=data, noise=(noise,), seeds=(TUNING_SEED,), variants=METHODS)


_ALL_AT_20: Final = Block(noise=FOUR)
_BOTH_ENDS: Final = (
    Block(noise=(NO_NOISE,), rates=(0.0,)),
    Block(noise=("position",), rates=(0.4,)),
)
_SWEPT: Final = ("llmhni", "bpr", "oracle", *ABLATIONS)
_SLOW: Final = ("bod", "llard", "bpr-ngcf", "sgl-node", "srns")
"""Methods that take most of the time and come out behind others of their family."""
QUICK: Final = StudyConfig(
    name="quick",
    blocks=(
        Block(
            noise=("position", "uniform", "co-click"),
            variants=tuple(name for name in COMPARED if name not in _SLOW),
        ),
    ),
)
"""What half an hour on two cores is enough for."""
FULL: Final = StudyConfig(
    name="full",
    blocks=(
        _tuning(SAMPLE),
        _ALL_AT_20,
        _tuning(ML),
        Block(data=(ML,), noise=("position", "uniform", "co-click")),
        *_BOTH_ENDS,
        Block(noise=("uniform", "co-click", "lookalike"), rates=(0.4,)),
        Block(data=(ML,), noise=(NO_NOISE,), rates=(0.0,)),
        Block(data=(ML,), noise=("position", "uniform", "co-click"), rates=(0.4,)),
        Block(part="ablations", noise=("mixed",), variants=_SWEPT),
        Block(part="ablations", noise=("position",), variants=_SWEPT),
        Block(part="negatives", data=(SAMPLE, ML), variants=("bpr",)),
        Block(noise=FOUR, rates=(0.1, 0.3)),
        Block(data=(ML,), noise=("position", "uniform", "co-click"), rates=(0.1, 0.3)),
        Block(data=(ML,), noise=("lookalike",), rates=(RATE, 0.4, 0.1, 0.3)),
        Block(data=(ML,), noise=(NATURAL,), rates=(RATE_NATURAL,)),
        _tuning(AMAZON, noise="position"),
        Block(data=(AMAZON,), noise=("position", "uniform"), seeds=(0, 1, 2)),
    ),
)
"""Everything that the report speaks of: days on two cores, most telling first."""
PLANS: Final = {plan.name: plan for plan in (QUICK, FULL)}


@dataclass(frozen=True)
class Group:
    """One prepared dataset; all its cells share what comes before the training."""

    part: str
    data: str
    noise: str
    rate: float
    seed: int
    share: int = 0
    """Number of this share of the cells, where a group is cut for several processes."""

    @property
    def title(self) -> str:
        """What it is, for people."""
        noise = "no noise" if self.noise == NO_NOISE else f"{self.noise} {self.rate:g}"
        return f"{self.part} · {self.data} · {noise} · seed {self.seed}"


@dataclass(frozen=True)
class Cell:
    """One run."""

    group: Group
    variant: str
    options: str = "{}"
    """Chosen settings, as :func:`core.study.variants.options_text` writes them."""
    edits_like: str = "{}"
    """Options of the LLMHNI whose numbers of edits ``random-edits`` takes; of no other meaning."""

    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Keys of all rows that the cell makes, see :func:`core.study.rows.row_key`."""
        group = self.group
        place = (group.part, group.data, group.noise, f"{group.rate:.6g}", str(group.seed))
        own = (*place, self.variant, self.options)
        if group.part == "negatives":
            return tuple((*own, scheme) for scheme in SCHEMES)
        signals = SIGNALS if self.has_signals else ()
        return ((*own, ""), *((*place, f"signal:{name}", "{}", "") for name in signals))

    @property
    def has_signals(self) -> bool:
        """Whether the single signals are read off this run as well."""
        return self.variant == "llmhni" and self.group.part == "methods" and self.group.rate > 0


def groups_of(block: Block) -> Iterator[Group]:
    """Groups of a block: seed by seed, so that every kind of noise is seen early."""
    for data in block.data:
        for seed in block.seeds:
            for noise in block.noise:
                for rate in (0.0,) if noise == NO_NOISE else block.rates:
                    yield Group(block.part, data, noise, rate, seed)


def read_plan(name: str) -> StudyConfig:
    """A known plan, or one from a JSON file.

    Raises:
        ConfigError: If there is no such plan, or it holds unknown names.
    """
    if name in PLANS:
        return PLANS[name]
    path = Path(name)
    if path.suffix != ".json":
        raise ConfigError(f"There is no plan '{name}'. Known are: {', '.join(PLANS)}, FILE.json.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The plan in {path} cannot be read: {error}.") from error
    try:
        return StudyConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"The plan in {path} does not fit: {error}") from error


@dataclass(frozen=True)
class Narrowed:
    """Which cells of a plan are wanted; None = all."""

    data: Sequence[str] | None = None
    noise: Sequence[str] | None = None
    rates: Sequence[float] | None = None
    seeds: Sequence[int] | None = None
    variants: Sequence[str] | None = None
    parts: Sequence[str] | None = None


def narrow(plan: StudyConfig, wanted: Narrowed) -> StudyConfig:
    """Keep the wanted cells of a plan.

    Seeds replace those of the plan, but for tuning. A dataset that the plan does not know gets
    the blocks of the sample.

    Raises:
        ConfigError: If a name is unknown, or nothing is left.
    """
    _check(wanted)
    blocks = [_narrowed(block, wanted) for block in _with_own_data(plan, wanted.data)]
    left = [block for block in blocks if block is not None]
    if not left:
        raise ConfigError(
            f"Nothing of the plan {plan.name} is left. Ask for less, take --plan full, or write "
            "a plan of your own as a JSON file."
        )
    return plan.model_copy(update={"blocks": tuple(left)})


def _check(wanted: Narrowed) -> None:
    for name in wanted.variants or ():
        variant_of(name)
    for given, known, what in (
        (wanted.parts, PARTS, "part"),
        (wanted.noise, NOISES, "kind of noise"),
    ):
        for name in given or ():
            if name not in known:
                raise ConfigError(f"There is no {what} '{name}'. Known are: {', '.join(known)}.")


def _with_own_data(plan: StudyConfig, data: Sequence[str] | None) -> Iterator[Block]:
    """Blocks of the plan, and those of the sample for each dataset that it does not know."""
    yield from plan.blocks
    known = {name for block in plan.blocks for name in block.data}
    for name in data or ():
        if name not in known:
            for block in plan.blocks:
                if SAMPLE in block.data and block.part != "ablations":
                    yield block.model_copy(update={"data": (name,)})


def _narrowed(block: Block, wanted: Narrowed) -> Block | None:
    if wanted.parts is not None and block.part not in wanted.parts:
        return None
    tuning = block.part == "tuning"
    update = {"data": _among(block.data, wanted.data)}
    if block.part != "negatives":
        update["variants"] = _among(block.variants, wanted.variants)
    if not tuning:
        update["noise"] = _among(block.noise, wanted.noise)
        update["rates"] = _among(block.rates, wanted.rates)
        update["seeds"] = block.seeds if wanted.seeds is None else tuple(wanted.seeds)
    return block.model_copy(update=update) if all(update.values()) else None


def _among(values: tuple[Any, ...], wanted: Sequence[Any] | None) -> tuple[Any, ...]:
    return values if wanted is None else tuple(one for one in values if one in wanted)
