"""Variants: what is laid side by side, each by the settings in which it differs.

Loads no PyTorch: the process that hands out cells knows the variants by this table alone.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, get_args

from pydantic import ValidationError

from core.config import RunConfig
from core.errors import ConfigError
from core.method_names import OURS, MethodName
from core.presets import PAPER

Options = Mapping[str, Any]
"""Settings of a run by dotted name, as for ``run --set``."""
Sweeps = Mapping[str, tuple[str, tuple[Any, ...]]]
"""Settings by dotted name and their values, by the name of the sweep."""
PUBLISHED: Final[tuple[Options, ...]] = ({},)


@dataclass(frozen=True)
class Variant:
    """One way of running, with the settings that make it."""

    name: str
    family: str
    method: str
    assignments: Options = field(default_factory=dict)
    """Settings over those of the method."""
    oracle: bool = False
    """Trained without the planted rows, which nobody but the study can know."""
    needs_text: bool = False
    ranks: bool = True
    """False of what only looks: it trains nothing of its own that could rank."""

    def config(self, options: Options, seed: int) -> RunConfig:
        """Settings of a run: chosen options, then those of the variant.

        Raises:
            ConfigError: If a name is unknown or a value does not fit.
        """
        values: dict[str, Any] = {}
        fixed = {"method": self.method, "seed": seed, "projection.method": "none"}
        for name, value in {**options, **self.assignments, **fixed}.items():
            _assign(values, name, value)
        try:
            return RunConfig.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"The settings of {self.name} do not fit: {error}") from error


def _assign(values: dict[str, Any], name: str, value: object) -> None:
    *steps, last = name.split(".")
    for step in steps:
        values = values.setdefault(step, {})
    values[last] = value


_FAMILIES: Final = {
    "ours": (OURS,),
    "plain": ("bpr", "bpr-ngcf"),
    "loss-based": (
        *("t-ce", "t-ce-pairwise", "r-ce", "r-ce-pairwise"),
        *("dcf", "bod", "pld", "cleanlab"),
    ),
    "contrastive": ("sgl", "sgl-node", "simgcl", "xsimgcl"),
    "language": ("rlmrec", "llard", "text-only"),
    "negatives": ("wbpr", "dns", "srns"),
    "control": ("random-edits",),
}
_ONLY_LOOK: Final = ("text-only", "cleanlab")


def _methods() -> list[Variant]:
    family = {name: kind for kind, names in _FAMILIES.items() for name in names}
    return [
        Variant(
            name,
            family.get(name, "plain"),
            name,
            needs_text=family.get(name) == "language",
            ranks=name not in _ONLY_LOOK,
        )
        for name in get_args(MethodName)
    ]


_PAPER: Final = Variant("llmhni-paper", "ours", OURS, PAPER)
"""The paper by the letter: ``run --preset paper``."""
_ORACLES: Final = (
    Variant("oracle", "oracle", "bpr", oracle=True),
    Variant("oracle-llmhni", "oracle", OURS, oracle=True),
)
_HARD_EDITS: Final = {"refine.preset": "paper"}
"""Fixed where grades are flipped: choosing the preset on validation would hide the harm."""


_POOL: Final = {"train.fresh": 0, "train.candidates": 2}
"""Negatives from the paper's pool."""


_OFF: Final[Mapping[str, str]] = {
    "no-semantic-negatives": "train.semantic_negatives",
    "no-denoising": "train.interaction_denoising",
    "no-layer-contrast": "train.layer_contrast",
    "no-language": "scoring.use_language",
    "no-behaviour": "scoring.use_behaviour",
    "no-popularity": "scoring.use_popularity",
}
"""Parts and the switch of each; the paper's contrasts are off by default, and switched on below."""
_NO_JUDGE: Final[Options] = {
    "judge.scope": "candidates",
    "judge.unobserved": 0,
    "scoring.use_grades": False,
    "refine.preset": "soft",
}
_SWEPT: Final[Sweeps] = {
    "fresh": ("train.fresh", (2, 4, 8, 16)),
    "lambda-alignment": ("train.lambda_alignment", (0.001, 0.01, 0.1)),
    "lambda-hallucination": ("train.lambda_hallucination", (0.001, 0.01, 0.1)),
    "lambda-layers": ("train.lambda_layers", (0.003, 0.03, 0.1)),
    "caution": ("scoring.caution", (0.0, 0.25, 0.5, 0.75, 1.0)),
}
_OF_CONTRAST: Final[Sweeps] = {
    "drop-rate": ("train.drop_rate", (0.05, 0.1, 0.2, 0.4)),
    "temperature": ("train.temperature", (0.1, 0.2, 0.5)),
}
"""Swept with contrasts heavy enough to show what it does."""
_HEAVY: Final = {"train.lambda_alignment": 0.01, "train.lambda_hallucination": 0.01}
_OF_JUDGE: Final[Sweeps] = {
    "rho": ("judge.observed_share", (0.1, 0.2, 0.3, 0.5)),
}
"""Swept where, as the paper has it, only the lowest-scored interactions are judged."""
_OF_POOL: Final[Sweeps] = {
    "candidates": ("train.candidates", (1, 2, 4, 8, 16, 128)),
    "pool": ("train.pool", (16, 64, 128, 256)),
    "hard-share": ("train.hard_share", (0.25, 0.5, 1.0)),
}
"""Swept with negatives from the paper's pool."""
_FLIPS: Final = (0.0, 0.1, 0.2, 0.3, 0.4)


def _ours(name: str, assignments: Options, family: str = "ours") -> Variant:
    return Variant(name, family, OURS, assignments)


def _ablations() -> list[Variant]:
    """LLMHNI with one thing changed."""
    found = [_ours(name, {setting: False}) for name, setting in _OFF.items()]
    found += [
        _ours("with-alignment", {"train.lambda_alignment": 0.01}),
        _ours("with-hallucination-suppression", {"train.lambda_hallucination": 0.01}),
        _ours("with-both-contrasts", _HEAVY),
        _ours("paper-contrasts-alone", {**_HEAVY, "train.layer_contrast": False}),
        _ours("no-insertions", {"scoring.insertions": 0}),
        _ours("soft", {"refine.preset": "soft"}),
        _ours("hard-edits", _HARD_EDITS),
        _ours("shuffle-text", {"text.shuffle": True}, "control"),
        _ours("no-judge", _NO_JUDGE),
        _ours("encoder-hashing", {"text.encoder": "hashing"}),
    ]
    for share in _FLIPS:
        # By default the edge-drop contrast has no weight, and nothing to repair with.
        flip = {**_HARD_EDITS, "judge.flip": share, "train.lambda_hallucination": 0.01}
        without = {**flip, "train.hallucination_suppression": False}
        found += [_ours(f"flip-{share:g}", flip), _ours(f"flip-{share:g}-no-hal", without)]
    of_judge = {**_HARD_EDITS, "judge.scope": "candidates"}
    bases: tuple[tuple[Options, Sweeps], ...] = (
        ({}, _SWEPT),
        (_POOL, _OF_POOL),
        (_HEAVY, _OF_CONTRAST),
        (of_judge, _OF_JUDGE),
    )
    for base, swept in bases:
        for name, (setting, values) in swept.items():
            found += [_ours(f"{name}-{value:g}", {**base, setting: value}) for value in values]
    # The pick by meaning, at about the hardness of the default.
    for n_fresh, n_picked in ((8, 2), (16, 4)):
        pick = {"train.fresh": n_fresh, "train.candidates": n_picked}
        found.append(_ours(f"fresh-{n_fresh}-pick-{n_picked}", pick))
    return found


_ALL: Final = (*_methods(), _PAPER, *_ORACLES, *_ablations())
VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType({one.name: one for one in _ALL})
"""Everything that can be laid side by side, by name."""
METHODS: Final = tuple(one.name for one in _methods())
ABLATIONS: Final = tuple(one.name for one in _ablations())
COMPARED: Final = (*METHODS, _PAPER.name, _ORACLES[0].name)
"""Variants of the part ``methods`` unless a plan says otherwise."""


def variant_of(name: str) -> Variant:
    """Look a variant up.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in VARIANTS:
        known = ", ".join(VARIANTS)
        raise ConfigError(f"There is no variant '{name}'. Known are: {known}.")
    return VARIANTS[name]


def grid_of(method: str) -> tuple[Options, ...]:
    """Candidates among which options are chosen, the first of them the published defaults.

    Asked from :mod:`core.baselines.grids`, which loads the methods.
    """
    try:
        grids = importlib.import_module("core.baselines.grids").GRIDS
    except ModuleNotFoundError:
        return PUBLISHED
    return tuple(grids.get(method, PUBLISHED))


def options_text(options: Options) -> str:
    """Options as they stand in a row: JSON with sorted names."""
    return json.dumps(dict(options), sort_keys=True, separators=(",", ":"))


def options_of(text: str) -> dict[str, Any]:
    """Read back what :func:`options_text` wrote."""
    return dict(json.loads(text))
