"""RecBole's own environment: ``python -m benchmarks.recbole_env``.

RecBole needs older versions of NumPy and SciPy than the workbench, so they never share an
environment: RecBole is installed in ``.venv-recbole`` and runs in processes of its own.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from app.services import environment
from core.errors import ConfigError

RECBOLE: Final = "recbole==1.2.1"
REQUIREMENTS: Final = Path(__file__).with_name("recbole_requirements.txt")
PLACE: Final = environment.ROOT / ".venv-recbole"
STAMP: Final = ".ready"
"""File in the environment that holds the hash of what was installed; written last."""


def make_environment(place: Path = PLACE) -> Path:
    """Install RecBole and what it needs, unless that was done before.

    Args:
        place: Folder of the environment.

    Returns:
        Its Python.

    Raises:
        ConfigError: If something cannot be installed.
    """
    python = place / "bin" / "python"
    wanted = hashlib.sha256(f"{RECBOLE}\n{REQUIREMENTS.read_text('utf-8')}".encode()).hexdigest()
    stamp = place / STAMP
    if python.exists() and stamp.is_file() and stamp.read_text("utf-8").strip() == wanted:
        return python
    print(f"Installing {RECBOLE} in {place.name} (about 1.3 GB on disk) ...", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _call([sys.executable, "-m", "venv", "--clear", str(place)])
    _call([*pip, "-r", str(REQUIREMENTS)])
    _call([*pip, "--no-deps", RECBOLE])
    stamp.write_text(wanted + "\n", encoding="utf-8")
    return python


def _call(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigError(
            f"RecBole's environment cannot be made: {error}. Python 3.11 and a package index are "
            f"needed; the versions are in {REQUIREMENTS.name}."
        ) from error


if __name__ == "__main__":
    try:
        print(make_environment())
    except ConfigError as error:
        sys.exit(str(error))
