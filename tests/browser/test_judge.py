"""A judge from the page: previewed, confirmed, asked, and a run with its grades."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.browser.conftest import App
from tests.llm_server import serve as serve_model

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from benchmarks.browser import serve  # noqa: E402 - needs Playwright

PATIENCE_MS = 200_000
"""For processes that load their libraries on a machine with other work to do."""


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    """An app of its own, because judgements are added to its workspace."""
    workspace = Path(shutil.copytree(world, tmp_path_factory.mktemp("judge") / "workspace"))
    with serve(workspace) as started:
        yield App(started.url, started.pid, workspace)


@pytest.fixture
def model():
    """A language model on this machine that grades everything High."""
    with serve_model() as started:
        yield started


def fill(screen, setting, value):
    """Type the value of a setting of the judge."""
    field = screen.page.locator(f"[class*='judge-llm-{setting}'] input").first
    field.fill(str(value))
    field.press("Enter")
    screen.idle()


@pytest.mark.slow
def test_a_judge_is_previewed_confirmed_and_asked_and_its_grades_make_a_run(screen, server, model):
    page = screen.page
    screen.open("judge")
    fill(screen, "base_url", model.base_url)
    fill(screen, "model", "tiny")
    fill(screen, "price_output", 2)
    screen.press("Preview")
    send = page.get_by_role("button", name=re.compile("Send to 127.0.0.1:"))
    send.wait_for(timeout=PATIENCE_MS)
    screen.says("Ids of users and items are never sent.")
    assert send.is_disabled()
    assert not model.state.requests  # a preview asks nothing

    page.locator("[class*='st-key-ju_sure_'] label").first.click()
    screen.until(send.is_enabled)
    send.click()
    done = page.get_by_text("These pairs are judged.")
    done.wait_for(timeout=PATIENCE_MS)
    screen.idle()
    (about,) = (server.workspace / "judgements").glob("*/about.json")
    told = json.loads(about.read_text(encoding="utf-8"))
    assert told["n_pairs"] > 0
    assert model.state.requests
    screen.says(f"{told['n_pairs']:,} pairs by tiny at 127.0.0.1:")

    screen.press("How far to trust it")
    screen.says(f"Graded by: {told['judge']}")
    screen.says("What came of the calls?")
    screen.switch("ju_view", "Ask")
    before = {path.name for path in (server.workspace / "runs").iterdir()}
    page.get_by_role("button", name="Run with these grades").wait_for()
    screen.press("Run with these grades")
    screen.says("Started:")
    (started,) = {path.name for path in (server.workspace / "runs").iterdir()} - before
    order = json.loads((server.workspace / "runs" / started / "run.json").read_text())
    assert order["settings"]["judge"]["kind"] == "recorded"
    assert order["settings"]["judge"]["recorded"] == told["name"]
    n_asked = len(model.state.requests)

    screen.press("Show it on Jobs")
    screen.title("Jobs")
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text("A run has finished:").wait_for(timeout=PATIENCE_MS)
    assert len(model.state.requests) == n_asked  # recorded grades are not paid for again
