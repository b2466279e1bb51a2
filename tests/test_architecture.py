"""The import contracts hold, and they mean what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from app.services import environment

HEAVY = ("torch", "umap", "numba", "sentence_transformers", "transformers", "sklearn")
PAGES = sorted(path.stem for path in (environment.ROOT / "pages").glob("*.py"))

OPEN_EVERY_PAGE = """
import sys
from streamlit.testing.v1 import AppTest

pages, heavy = sys.argv[2].split(","), sys.argv[3].split(",")
app = AppTest.from_file(sys.argv[1], default_timeout=120).run()
for name in sorted(pages, key="study".__eq__):  # the last: it tests by Student's t, scipy's
    before_study = [*heavy, *(["scipy"] if name == "study" else [])]
    print(f"loaded before {name}:", *(each for each in before_study if each in sys.modules))
    app.switch_page(f"../pages/{name}.py").run()
    assert not app.exception, (name, app.exception)
print("loaded at last:", *(each for each in heavy if each in sys.modules))
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


def test_no_page_loads_a_heavy_library(finished_run):
    """Far from the project's folder, where nothing is found by chance."""
    given = [str(environment.ROOT / "app" / "main.py"), ",".join(PAGES), ",".join(HEAVY)]
    result = subprocess.run(
        [sys.executable, "-c", OPEN_EVERY_PAGE, *given],
        cwd=finished_run,
        env={**os.environ, "LLMHNI_WORKSPACE": str(finished_run.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    said = [line for line in result.stdout.splitlines() if line.startswith("loaded ")]
    assert len(said) == len(PAGES) + 1
    assert [line for line in said if not line.endswith(":")] == []
