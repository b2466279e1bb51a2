"""A real app over a real run, and a real browser that lets no error and no foreign host pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.browser.world import DATASET, OLDER, make_workspace

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from benchmarks.browser import CHEAP, HOME, launch, serve  # noqa: E402 - needs Playwright
from tests.browser.screen import TIMEOUT_S, Screen  # noqa: E402

PROBES = re.compile(r"/[a-z_]+/_stcore/(health|host-config)$")
"""Streamlit's own search for its root when a page is opened by its address: it tries the address
of the page first, gets 404, and goes up one step. No error of the app."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # A real browser on a busy machine: once more, and the summary says that it was.
            item.add_marker(pytest.mark.flaky(reruns=1))


@dataclass(frozen=True)
class App:
    """The running app, and what it shows."""

    url: str
    pid: int
    workspace: Path

    @property
    def run(self) -> Path:
        """Folder of the newest run."""
        folders = (path.parent for path in self.workspace.glob("runs/*/manifest.json"))
        return next(folder for folder in folders if folder.name != OLDER)

    @property
    def dataset(self) -> Path:
        """Folder of the dataset of the runs."""
        return self.workspace / "datasets" / DATASET

    def table(self, name: str) -> pd.DataFrame:
        """A table of the newest run."""
        return pd.read_parquet(self.run / f"{name}.parquet")

    def kept(self, name: str) -> set[int]:
        """Interactions of a review list of the newest run."""
        folder = self.workspace / "selections" / self.run.name
        return set(pd.read_parquet(folder / f"{name}.parquet")["row"])


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    """One browser for all tests; skips them where there is none."""
    with sync_api.sync_playwright() as playwright:
        try:
            started = launch(playwright, CHEAP)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium: install one, or run 'playwright install chromium' ({error})")
        yield started
        started.close()


@pytest.fixture(scope="session")
def world(browser, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - else skipped
    """A workspace with a run of the real method."""
    return make_workspace(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="session")
def server(world: Path) -> Iterator[App]:
    """The app as people start it, but from another folder than that of the project."""
    with serve(world) as started:
        yield App(started.url, started.pid, world)


@pytest.fixture
def scheme() -> str:
    """Colour scheme of the browser; a test may parametrize it."""
    return "light"


@pytest.fixture
def screen(server: App, browser, scheme: str, tmp_path: Path) -> Iterator[Screen]:
    """A fresh browser window on the app; no error and no foreign request may come of the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1000}, color_scheme=scheme, accept_downloads=True
    )
    context.set_default_timeout(1000 * TIMEOUT_S)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.extend(complaint(message)))
    page.on("pageerror", lambda error: errors.append(f"page error: {error}"))
    page.on("dialog", lambda dialog: errors.extend(answer(dialog)))
    page.on("request", lambda request: errors.extend(foreign(request.url)))
    yield Screen(page, server.url, tmp_path)
    context.close()
    assert not errors, "\n".join(errors)


def answer(dialog: sync_api.Dialog) -> list[str]:
    """Leave a page that asks first; any other dialog is an error."""
    if dialog.type == "beforeunload":
        dialog.accept()
        return []
    dialog.dismiss()
    return [f"dialog: {dialog.message}"]


def complaint(message: sync_api.ConsoleMessage) -> list[str]:
    """An error of the console, unless it is one of the two known probes."""
    url = str(message.location.get("url", ""))
    if message.type != "error" or ("404" in message.text and PROBES.search(url)):
        return []
    return [f"console: {message.text} ({url})"]


def foreign(url: str) -> list[str]:
    """A request that would leave this machine."""
    local = url.startswith(("data:", "blob:", f"http://{HOME}:", f"ws://{HOME}:"))
    return [] if local else [f"request to {url}"]
