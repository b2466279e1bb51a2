"""A real app over a real run, and a real browser that lets no error and no foreign host pass."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from app.services import environment
from tests.browser.screen import TIMEOUT_S, Screen
from tests.browser.world import OLDER, make_workspace

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names under which the system's own browser is looked for; else the one Playwright brings."""
OPTIONS = [
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
]
HOME = "127.0.0.1"
PROBES = re.compile(r"/[a-z_]+/_stcore/(health|host-config)$")
"""Streamlit's own search for its root when a page is opened by its address: it tries the address
of the page first, gets 404, and goes up one step. No error of the app."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Server:
    """The running app."""

    url: str
    pid: int
    workspace: Path

    @property
    def run(self) -> Path:
        """Folder of the newest run."""
        folders = (path.parent for path in self.workspace.glob("runs/*/manifest.json"))
        return next(folder for folder in folders if folder.name != OLDER)

    def table(self, name: str) -> pd.DataFrame:
        """A table of the newest run."""
        return pd.read_parquet(self.run / f"{name}.parquet")


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """Path of a browser on this machine; None = the one that Playwright brought."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser(chromium: str | None) -> Iterator[sync_api.Browser]:
    """One browser for all tests; skips them where there is none."""
    with sync_api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium: install one, or 'playwright install chromium' ({error})")
        yield started
        started.close()


@pytest.fixture(scope="session")
def workspace(browser, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - no browser, no run
    """A workspace with one finished run of the real method."""
    return make_workspace(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="session")
def server(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app as people start it, but from another folder than that of the project."""
    port, elsewhere = free_port(), tmp_path_factory.mktemp("elsewhere")
    log = elsewhere / "app.log"
    variables = environment.with_defaults(os.environ)
    variables[environment.WORKSPACE_VARIABLE] = str(workspace)
    command = [sys.executable, str(environment.ROOT / "app"), "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--server.headless=true"],
            cwd=elsewhere,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://{HOME}:{port}/_stcore/health", process, log)
        yield Server(f"http://{HOME}:{port}", process.pid, workspace)
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOME, 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the app answers."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the app did not answer: {log.read_text()}")


@pytest.fixture
def scheme() -> str:
    """Colour scheme of the browser; a test may parametrize it."""
    return "light"


@pytest.fixture
def screen(server: Server, browser, scheme: str, tmp_path: Path) -> Iterator[Screen]:
    """A fresh browser window on the app; no error and no foreign request may come of the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1000}, color_scheme=scheme, accept_downloads=True
    )
    context.set_default_timeout(1000 * TIMEOUT_S)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.extend(complaint(message)))
    page.on("pageerror", lambda error: errors.append(f"page error: {error}"))
    page.on("dialog", lambda dialog: (errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: errors.extend(foreign(request.url)))
    yield Screen(page, server.url, tmp_path)
    context.close()
    assert not errors, "\n".join(errors)


def complaint(message: sync_api.ConsoleMessage) -> list[str]:
    """An error of the console, unless it is one of the two known probes."""
    url = str(message.location.get("url", ""))
    if message.type != "error" or ("404" in message.text and PROBES.search(url)):
        return []
    return [f"console: {message.text} ({url})"]


def foreign(url: str) -> list[str]:
    """A request that would leave this machine."""
    local = url.startswith(("data:", "blob:", f"http://{HOME}:"))
    return [] if local else [f"request to {url}"]
