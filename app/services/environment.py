"""Environment variables that every process of the workbench starts with."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Folder of the project: working directory of every process, so that settings are found."""

WORKSPACE_VARIABLE = "LLMHNI_WORKSPACE"

DEFAULTS: Mapping[str, str] = {
    # Threads that wait sleep: PyTorch, NumPy and Numba share the cores without spinning ...
    "OMP_WAIT_POLICY": "PASSIVE",
    # ... but not at once: to wake one takes longer than most products of a training step. Some
    # microseconds of spinning halve a step on two free cores and cost a fifth on busy ones.
    "GOMP_SPINCOUNT": "1000",
    # The one Numba layer that never clashes with the OpenMP of PyTorch.
    "NUMBA_THREADING_LAYER": "workqueue",
    # Models are looked up on disk only; set 0 to let a named encoder be downloaded.
    "HF_HUB_OFFLINE": "1",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


SECRETS_VARIABLE = "LLMHNI_SECRETS"
"""Path of a file with the key of a language model; what is in it is read where it is needed."""


def with_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """Add the defaults that ``environment`` does not set itself, and where the secrets are."""
    secrets = ROOT / ".streamlit" / "secrets.toml"
    found = {SECRETS_VARIABLE: str(secrets)} if secrets.is_file() else {}
    return {**DEFAULTS, **found, **environment}


def shell_command(*words: str, place: Path | None = None) -> str:
    """A command of the workbench, to be pasted into a shell at the root of the project.

    Args:
        *words: The command and its arguments, such as ``"report", "latest"``.
        place: Workspace it is about; named where it is not the one that is used anyway.
    """
    # Of a virtual environment the name is compared, not what its python links to.
    own = Path(sys.prefix).absolute() == ROOT / ".venv"
    python = ".venv/bin/python" if own else "python"
    elsewhere = [] if place in (None, workspace()) else ["--workspace", str(place)]
    return " ".join([python, "-m", "app.cli", *map(shlex.quote, [*words, *elsewhere])])


def workspace() -> Path:
    """Folder of datasets, runs and logs, absolute; ``LLMHNI_WORKSPACE`` overrides the default."""
    chosen = os.environ.get(WORKSPACE_VARIABLE)
    return Path(chosen).absolute() if chosen else ROOT / "workspace"
