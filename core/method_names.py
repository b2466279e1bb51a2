"""Names of all methods that a run can be of."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

OURS: Final = "llmhni"
"""The method that is no baseline."""
MethodName: TypeAlias = Literal[
    "llmhni",
    "bpr",
    "bpr-ngcf",
    "wbpr",
    "t-ce",
    "t-ce-pairwise",
    "r-ce",
    "r-ce-pairwise",
    "dcf",
    "bod",
    "pld",
    "sgl",
    "sgl-node",
    "simgcl",
    "xsimgcl",
    "rlmrec",
    "llard",
    "dns",
    "srns",
    "text-only",
    "cleanlab",
    "random-edits",
]
"""LLMHNI and the baselines of :data:`core.baselines.METHODS`."""
