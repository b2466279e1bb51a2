"""What the machine is called, for reports."""

from __future__ import annotations

import platform
from pathlib import Path


def cpu_name() -> str:
    """Model of the processor as the system names it, ``unknown`` where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
