"""A retraining from the page: started, watched, stopped, resumed, finished, opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from app.services import database
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
    screen.press("Stop")
    runs = server.workspace / "runs"
    screen.until(lambda: [path for path in runs.iterdir() if (path / "cancel").exists()])
    screen.go("Jobs")
    screen.says("Stopped on request.")
    screen.says(f"“{MESSAGE}”")
    (started,) = {path.name for path in (server.workspace / "runs").iterdir()} - before
    screen.until(lambda: screen.query.get("jo_id") == [started])

    screen.press("Resume")
    screen.says("so far")
    page.reload()  # nothing is lost
    screen.says("so far")
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
def test_a_row_of_the_table_shows_its_job(screen, server):
    runs = server.workspace / "runs"
    name = "20200102-000000-copy"
    copy_run(runs / OLDER, name, "2020-01-02T00:00:00+00:00")
    screen.open()
    screen.go("Jobs")
    table = screen.page.locator("[class*='st-key-jo_table'] [data-testid='stDataFrame']").first
    rows = len(list(runs.iterdir()))
    (place,) = (row for row in range(rows) if name in screen.cells(row, table))
    screen.choose_row(place, table)
    screen.until(lambda: screen.query.get("jo_id") == [name])
    screen.says("Finished.")
