"""Baselines: what a user would take instead of LLMHNI, in the same engine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.baselines import (
    bod,
    confident_learning,
    dcf,
    pld,
    random_edits,
    reweighted,
    text_only,
    truncated,
    wbpr,
)
from core.baselines.llard import LLARD
from core.baselines.method import HeldOut, Inputs, Method, Outcome, Plan, plain_loss
from core.baselines.negatives import NEGATIVES
from core.baselines.plain import PLAIN
from core.baselines.rlmrec import RLMREC
from core.baselines.sgl import SGLS
from core.baselines.simgcl import SIMGCLS
from core.method_settings import NoSettings

_ALL: tuple[Method, ...] = (
    *PLAIN,
    wbpr.METHOD,
    *truncated.METHODS,
    *reweighted.METHODS,
    dcf.METHOD,
    bod.METHOD,
    pld.METHOD,
    *SGLS,
    *SIMGCLS,
    RLMREC,
    LLARD,
    *NEGATIVES,
    text_only.METHOD,
    confident_learning.METHOD,
    random_edits.METHOD,
)
METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _ALL})
"""The table: the one place to add a baseline."""

__all__ = [
    "METHODS",
    "HeldOut",
    "Inputs",
    "Method",
    "NoSettings",
    "Outcome",
    "Plan",
    "plain_loss",
]
