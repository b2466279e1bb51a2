"""One statement of what a run can and cannot claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Standing = Literal["known", "limit", "not measured"]
SIGNS: Final[Mapping[Standing, str]] = {"known": "●", "limit": "◆", "not measured": "○"}
"""Standing -> its sign: a second cue beside the words."""


class Statement(NamedTuple):
    """One thing to know before believing a run."""

    topic: str
    standing: Standing
    """``known``: a fact about the run; ``limit``: believe it with care; ``not measured``."""
    text: str
