"""What a study runs: blocks of cells, the most telling first.

Loads no PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from core.config import Settings
from core.errors import ConfigError
from core.study.names import (
    AMAZON,
    ML,
    NATURAL,
    NO_NOISE,
    NOISES,
    SAMPLE,
    SCHEMES,
    SIGNALS,
    TUNING_SEED,
)
from core.study.variants import ABLATIONS, COMPARED, METHODS, VARIANTS

SEEDS: Final = (0, 1, 2, 3, 4)
FOUR: Final = ("position", "uniform", "co-click", "lookalike")
RATE: Final = 0.2
RATE_NATURAL: Final = 0.16
"""Share of ratings below 3 among those of MovieLens, about; ``n_noise / n_train`` is exact."""


def check_variant(name: str) -> None:
    """See that there is a variant of that name.

    Raises:
        ConfigError: If there is none; the message names those that are near.
    """
    if name in VARIANTS:
        return
    near = get_close_matches(name, VARIANTS, n=4)
    meant = f" Do you mean {' or '.join(near)}?" if near else ""
    raise ConfigError(
        f"There is no variant '{name}'.{meant} Methods are {', '.join(METHODS)}; the ablations "
        "are listed by: study --help"
    )


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
        for rate in self.rates:
            if not 0.0 <= rate < 1.0:
                raise ValueError(f"rates are shares, 0 to below 1; {rate:g} is none")
        for seed in self.seeds:
            if not 0 <= seed < 2**32:
                raise ValueError(f"seeds are whole numbers, 0 to 2^32 - 1; {seed} is none")
        for name in self.variants:
            check_variant(name)
        return self


class StudyConfig(Settings):
    """A plan: its blocks are run in this order."""

    name: str = Field("own", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Name of the plan."""
    blocks: tuple[Block, ...]
    """Cells; one that stands in several blocks is run once."""


def _tuning(*data: str, noise: str = "mixed") -> Block:
    return Block(part="tuning", data=data, noise=(noise,), seeds=(TUNING_SEED,), variants=METHODS)


_ASKED: Final = ("position", "uniform", "co-click")
"""Noise that the aims ask of."""
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
            noise=_ASKED,
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
        Block(noise=_ASKED, variants=("oracle-llmhni",)),
        _tuning(ML),
        Block(data=(ML,), noise=_ASKED),
        *_BOTH_ENDS,
        Block(noise=("uniform", "co-click", "lookalike"), rates=(0.4,)),
        Block(data=(ML,), noise=(NO_NOISE,), rates=(0.0,)),
        Block(data=(ML,), noise=_ASKED, rates=(0.4,)),
        Block(part="ablations", noise=("mixed",), variants=_SWEPT),
        Block(part="ablations", noise=("position",), variants=_SWEPT),
        Block(part="negatives", data=(SAMPLE, ML), variants=("bpr",)),
        Block(noise=FOUR, rates=(0.1, 0.3)),
        Block(data=(ML,), noise=_ASKED, rates=(0.1, 0.3)),
        Block(data=(ML,), noise=("lookalike",), rates=(RATE, 0.4, 0.1, 0.3)),
        Block(data=(ML,), noise=(NATURAL,), rates=(RATE_NATURAL,)),
        _tuning(AMAZON, noise="position"),
        Block(data=(AMAZON,), noise=("position", "uniform"), seeds=(0, 1, 2)),
    ),
)
"""Everything that the report speaks of: about a day on two cores, most telling first."""
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
