"""What made a row: the device, the version of the code, the libraries, and when."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
import platform
from functools import cache
from pathlib import Path
from typing import Any, Final

import torch

PACKAGES: Final = ("torch", "numpy", "scipy", "scikit-learn", "sentence-transformers", "cleanlab")


def stamp() -> dict[str, Any]:
    """What made a row, and when."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "device": platform.machine() if not torch.cuda.is_available() else "cuda",
        "code": code(),
        "versions": versions(),
        "finished": now.isoformat(timespec="seconds"),
    }


@cache
def code() -> str:
    """Twelve hex digits over the source of ``core``, without what only reports on rows."""
    folder, digest = Path(__file__).parents[1], hashlib.sha256()
    own = {"cells.py", "data.py", "measure.py", "mining.py", "stamp.py", "variants.py"}
    for path in sorted(folder.rglob("*.py")):
        if path.parent.name == "study" and path.name not in own:
            continue
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def versions() -> str:
    """Libraries as JSON."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return json.dumps(found, separators=(",", ":"))
