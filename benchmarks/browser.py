"""The real app in a real browser, for pictures, measurements and the tests in tests/browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Playwright

from app.services import environment

PAGES: Final = {
    "": "Overview",
    "losses": "Loss distributions",
    "semantic_map": "Semantic map",
    "flagged": "Flagged interactions",
    "graph_diff": "Graph diff",
    "label": "Label",
    "compare": "Compare",
    "data": "Data",
    "jobs": "Jobs",
    "method": "Method",
    "judge": "Judge",
    "study": "Study",
}
"""Address of each page -> its title."""
HOME: Final = "127.0.0.1"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names under which the system's own browser is looked for; else the one Playwright brings."""
OPTIONS: Final = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # WebGL in software, so that the map draws the same with and without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
CHEAP: Final = "--disable-gpu"
"""Pages are put together without OpenGL, which costs half the processor time where it has to be
done in software. The map still draws with WebGL. Not for measurements: those that are published
were made without it."""
START_S: Final = 90
DRAWN: Final = """() => {
  const find = (css) => [...document.querySelectorAll(css)];
  const app = document.querySelector('[data-testid="stApp"]');
  return app?.dataset.testScriptState === 'notRunning'
    && !find('[data-stale="true"], [data-testid="stSkeleton"], [data-testid="stSpinner"]').length
    && find('[data-testid="stPlotlyChart"]').every((plot) => plot.querySelector('.main-svg'))
    && find('[data-testid="stDataFrame"]').every((table) =>
      table.querySelector('canvas') || table.closest('details:not([open])'))
    && find('.map').every((map) => map.dataset.seen);
}"""
"""Whether the script of the page is done, and all figures, tables and maps have been drawn."""


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    pid: int

    def status(self, name: str) -> float | None:
        """A size of the process in MB, such as ``VmRSS``; None where the system does not say."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            return None
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(values[name].split()[0]) / 1024 if name in values else None


def launch(playwright: Playwright, *more: str) -> Browser:
    """Start Chromium without a window.

    Args:
        playwright: That is running.
        more: Further options of its command line.

    Raises:
        playwright.sync_api.Error: If there is none, or it does not start.
    """
    own = next(filter(None, map(shutil.which, BROWSERS)), None)
    return playwright.chromium.launch(executable_path=own, args=[*OPTIONS, *more])


@contextmanager
def serve(workspace: Path, port: int | None = None) -> Iterator[Server]:
    """Run the app on a workspace, as people start it, from another folder than the project's.

    Args:
        workspace: What it shows.
        port: Where it answers; None takes a free one.

    Raises:
        RuntimeError: If it does not answer; with what it printed.
    """
    with tempfile.TemporaryDirectory() as elsewhere:
        port, log = port or free_port(), Path(elsewhere) / "app.log"
        variables = environment.with_defaults(os.environ)
        variables[environment.WORKSPACE_VARIABLE] = str(workspace.absolute())
        command = [sys.executable, str(environment.ROOT / "app"), "--port", str(port)]
        with log.open("w") as output:
            process = subprocess.Popen(
                # Files of the project are not watched: an edit must not disturb what is measured.
                [*command, "--server.headless=true", "--server.fileWatcherType=none"],
                cwd=elsewhere,
                env=variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for(f"http://{HOME}:{port}/_stcore/health", process, log)
            yield Server(f"http://{HOME}:{port}", process.pid)
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOME, 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"The app did not answer. It printed:\n{log.read_text()}")
