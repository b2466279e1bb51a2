"""A retraining from the page: started, watched, stopped, resumed, finished, opened."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from app.services import database, jobs, run_queue
from app.services.labels import events
from tests.browser.conftest import App
from tests.browser.world import DATASET, OLDER, copy_run

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from benchmarks.browser import serve  # noqa: E402 - needs Playwright

MESSAGE = "<b>twelve</b> *labels*"


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    """An app of its own, with labels that were given before it was started."""
    workspace = Path(shutil.copytree(world, tmp_path_factory.mktemp("jobs") / "workspace"))
    (run,) = (path for path in (workspace / "runs").iterdir() if path.name != OLDER)
    write_labels(workspace, run)
    with serve(workspace) as started:
        yield App(started.url, started.pid, workspace)


def write_labels(workspace, run):
    """Twelve labels of ann."""
    rows = pd.read_parquet(run / "interactions.parquet").nlargest(12, "p_noisy")
    connection = database.connect(workspace)
    database.prepare(connection)
    context = events.Context("ann", DATASET, "noisy", run.name, "window")
    decisions = [
        events.Decision(row["user_id"], row["item_id"], True, "noisy", place)
        for place, row in enumerate(rows.to_dict("records"))
    ]
    events.record(connection.cursor(), context, decisions)
    connection.close()


@contextmanager
def others_at_work(workspace):
    """Be first in the queue, so that a run stays where it is until it is seen."""
    (workspace / "queue").mkdir(exist_ok=True)
    ticket = run_queue.draw(workspace, run_queue.device_of("auto"), "another")
    try:
        yield
    finally:
        ticket.give_back()


def kill(folder):
    """Kill the process of a run as soon as it works; its libraries alone take seconds to load."""
    end = time.monotonic() + 120
    while (status := jobs.read_status(folder)).state != "running":
        assert time.monotonic() < end, status
        time.sleep(0.01)
    os.kill(status.pid, signal.SIGKILL)


def row_of(screen, table, run_id):
    """Cells of a run in the table of all jobs; none while they are drawn."""
    rows = (screen.cells(place, table) for place in range(8))
    return next((cells for cells in rows if run_id in cells), [])


@pytest.mark.slow
def test_a_retraining_is_started_stopped_resumed_and_opened(screen, server):
    before = {path.name for path in (server.workspace / "runs").iterdir()}
    page = screen.page
    screen.open()
    screen.go("Label")
    screen.write("la_name", "ann")
    screen.switch("la_tab", "Retrain")
    screen.says("The final training begins")
    screen.write("rt_message", MESSAGE)
    screen.press("Retrain with")
    screen.press(re.compile("Stop|Take out"))
    runs = server.workspace / "runs"
    screen.until(lambda: [path for path in runs.iterdir() if (path / "cancel").exists()])
    screen.says("Stopped on request")
    page.reload()  # where it was started it stays on show
    screen.says("Stopped on request")
    screen.go("Jobs")
    screen.says("Stopped on request.")
    screen.says(f"“{MESSAGE}”")
    (started,) = {path.name for path in (server.workspace / "runs").iterdir()} - before
    screen.until(lambda: screen.query.get("jo_id") == [started])

    with others_at_work(server.workspace):
        screen.press("Resume")
        screen.says("Waits for run another")
        page.reload()  # nothing is lost
        screen.says("Waits for run another")
    screen.go("Overview")  # and looking elsewhere ends nothing
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text("A run has finished:").wait_for(timeout=200_000)
    sidebar.get_by_role("button", name="Open it").click()
    screen.until(lambda: screen.query.get("run") == [started])
    screen.idle()
    assert (server.workspace / "runs" / started / "label_quality.json").is_file()

    screen.go("Jobs")
    screen.says("Nothing is running.")
    screen.pick("jo_id", started)
    screen.says("Where it comes from")
    assert page.locator("b", has_text="twelve").count() == 0  # words of people stay words


@pytest.mark.slow
def test_a_retraining_that_is_killed_is_resumed_and_ends_with_its_parent(screen, server):
    runs = server.workspace / "runs"
    before = {path.name for path in runs.iterdir()}
    page = screen.page
    screen.open("label", run=OLDER)
    screen.write("la_name", "ann")
    screen.switch("la_tab", "Retrain")
    with others_at_work(server.workspace):
        screen.press("Retrain with")
        screen.says("Waits for run another")
    (started,) = {path.name for path in runs.iterdir()} - before
    kill(runs / started)
    screen.says("Interrupted")
    screen.press("Show it on Jobs")
    screen.title("Jobs")
    screen.says("Interrupted.")
    assert screen.query["jo_id"] == [started]

    screen.press("Resume")
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text("A run has finished:").wait_for(timeout=200_000)
    screen.says("Finished.")
    table = page.locator("[class*='st-key-jo_table'] [data-testid='stDataFrame']").first
    screen.until(lambda: {"✓ done", started, OLDER} <= set(row_of(screen, table, started)))
    screen.says("Where it comes from")
    page.locator("summary", has_text="Log").click()
    screen.says("resumed at")  # what it printed before it was killed stays


@pytest.mark.slow
def test_a_row_of_the_table_shows_its_job(screen, server):
    runs = server.workspace / "runs"
    name = "20200102-000000-copy"
    copy_run(runs / OLDER, name, "2020-01-02T00:00:00+00:00")
    screen.open()
    screen.go("Jobs")
    table = screen.page.locator("[class*='st-key-jo_table'] [data-testid='stDataFrame']").first
    rows = len(list(runs.iterdir()))

    def places() -> list[int]:
        return [row for row in range(rows) if name in screen.cells(row, table)]

    screen.until(places)  # what is read of a table comes after its picture
    screen.choose_row(places()[0], table)
    screen.until(lambda: screen.query.get("jo_id") == [name])
    screen.says("Finished.")
