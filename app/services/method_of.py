"""Which method a run is of: LLMHNI or a baseline, with what can be said of the latter.

A baseline has no grades and no decomposition; its P(noisy) is a rank, and every edge is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from app.services.records import Manifest
from core.method_names import OURS

OUR_TITLE: Final = "LLMHNI"
BASELINE: Final = "A baseline:"
"""Start of the note that a run of another method than LLMHNI leaves about itself."""
TITLES: Final[Mapping[str, str]] = {
    OURS: OUR_TITLE,
    "bpr": "BPR on LightGCN",
    "bpr-ngcf": "BPR on NGCF",
    "wbpr": "WBPR",
    "t-ce": "T-CE",
    "t-ce-pairwise": "T-CE, pairwise",
    "r-ce": "R-CE",
    "r-ce-pairwise": "R-CE, pairwise",
    "dcf": "DCF",
    "bod": "BOD",
    "pld": "PLD",
    "sgl": "SGL, edges dropped",
    "sgl-node": "SGL, nodes dropped",
    "simgcl": "SimGCL",
    "xsimgcl": "XSimGCL",
    "rlmrec": "RLMRec-Con",
    "llard": "LLaRD-style mask",
    "dns": "DNS negatives",
    "srns": "SRNS negatives",
    "text-only": "Text-only threshold",
    "cleanlab": "cleanlab (confident learning)",
    "random-edits": "Random edge edits",
}
"""Name -> title, as in ``core.baselines.METHODS``: that table loads PyTorch, no screen may."""
RANK: Final = (
    "Its P(noisy) is a rank: an order, no probability. It flags as many interactions as the "
    "workbench estimates to be noise, takes no verdict from a judge, and keeps every edge."
)


class RunMethod(NamedTuple):
    """The method of one run; title and note come from a file: text of others, shown plainly."""

    name: str
    """The setting ``method``: ``llmhni``, ``r-ce-pairwise`` ..."""
    title: str
    """For people: ``LLMHNI``, ``R-CE, pairwise`` ..."""
    note: str
    """What a run of a baseline is; empty for LLMHNI."""

    @property
    def is_baseline(self) -> bool:
        """Whether p_noisy is a rank, no grade was used and no edge was dropped."""
        return self.name != OURS


def method_of(manifest: Manifest) -> RunMethod:
    """Say which method a run is of; runs that do not say are of LLMHNI, there was no other."""
    said = manifest.settings.get("method")
    name = said if isinstance(said, str) and said else OURS
    if name == OURS:
        return RunMethod(OURS, OUR_TITLE, "")
    note = next((note for note in manifest.notes if note.startswith(BASELINE)), "")
    title = TITLES.get(name) or _title_in(note) or name
    return RunMethod(name, title, note or f"{BASELINE} {title}. {RANK}")


def is_baseline(manifest: Manifest) -> bool:
    """Whether a run is of another method than LLMHNI."""
    return method_of(manifest).is_baseline


def _title_in(note: str) -> str:
    """Title in a note such as ``A baseline: T-CE (Wang et al., ...). Its ...``."""
    return note.removeprefix(BASELINE).partition(" (")[0].strip() if " (" in note else ""
