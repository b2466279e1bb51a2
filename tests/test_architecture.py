"""The import contracts hold, and they mean what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from app.services import environment

HEAVY = ("torch", "umap", "numba", "sentence_transformers", "transformers", "sklearn")

OPEN_THE_APP = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
assert not app.exception, app.exception
print("loaded:", *(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_import_contracts_are_kept():
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=environment.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_screen_process_loads_no_heavy_library(finished_run):
    result = subprocess.run(
        [sys.executable, "-c", OPEN_THE_APP, str(environment.ROOT / "app" / "main.py"), *HEAVY],
        cwd=finished_run,
        env={**os.environ, "LLMHNI_WORKSPACE": str(finished_run.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].split() == ["loaded:"]
