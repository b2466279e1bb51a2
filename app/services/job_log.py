"""What the process of a job printed, fit to be shown and sent to somebody: keys are taken out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 200_000
"""Of the end of a log."""
HIDDEN: Final = "[removed]"
LEAST_LETTERS: Final = 8
"""A secret is at least that long: shorter values would be found in any text."""
_SECRET_NAME: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_SECRETS: Final = (
    re.compile(r"\b(?:sk|pk|rk|hf|ghp|gho|xox[bap])[-_][A-Za-z0-9_-]{12,}"),
    re.compile(r"\bAKIA[A-Z0-9]{12,}"),
    re.compile(r"(?<=bearer )\S{8,}", re.IGNORECASE),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)
_ASSIGNED: Final = re.compile(
    r"((?:api[_-]?key|token|secret|password|authorization)[\"']?\s*[=:]\s*[\"']?)"
    r"(?!bearer\b)[^\s\"',}]{4,}",
    re.IGNORECASE,
)
_CONTROLS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def end(log: Path, most_bytes: int = MOST_BYTES) -> str:
    """The end of a log as it was printed, keys and all; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - most_bytes))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def read(log: Path | None, n_lines: int | None = None) -> str:
    """The end of a log without keys and control characters; empty if there is none.

    Args:
        log: The file.
        n_lines: The last lines; all of the last ``MOST_BYTES`` if omitted.
    """
    if log is None:
        return ""
    lines = without_secrets(end(log)).replace("\r", "\n").splitlines()
    return "\n".join(_CONTROLS.sub("", line) for line in lines[-(n_lines or len(lines)) :])


def without_secrets(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Take out what looks like a key, and every secret of the environment."""
    variables = os.environ if environment is None else environment
    for name, value in variables.items():
        if _SECRET_NAME.search(name) and len(value) >= LEAST_LETTERS:
            text = text.replace(value, HIDDEN)
    for pattern in _SECRETS:
        text = pattern.sub(HIDDEN, text)
    return _ASSIGNED.sub(rf"\1{HIDDEN}", text)
