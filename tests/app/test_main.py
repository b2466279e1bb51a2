"""``python -m app`` for real: a process of its own, from a foreign folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from app.services import environment

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url):
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with local.open(url, timeout=5) as response:
        return response.read().decode()


def start(folder, *arguments, workspace=None):
    """Start the app from ``folder``, with the project on no path."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables[environment.WORKSPACE_VARIABLE] = str(workspace or folder)
    return subprocess.Popen(
        [sys.executable, str(environment.ROOT / "app"), *arguments],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def server(finished_run, tmp_path_factory):
    """Address of a running app that shows the hand-made run."""
    port = free_port()
    process = start(
        tmp_path_factory.mktemp("elsewhere"),
        f"--port={port}",
        "--server.headless=true",
        workspace=finished_run.parents[1],
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert process.poll() is None, process.communicate()[0]
            try:
                assert answer(f"{address}/_stcore/health") == "ok"
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_it_answers_when_started_from_another_folder(server):
    assert answer(f"{server}/_stcore/health") == "ok"


def test_a_port_in_use_is_said_with_a_way_out(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process = start(tmp_path, "--port", str(port))
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {port} is in use" in printed
    assert f"--port {port + 1}" in printed


@pytest.mark.browser
def test_a_browser_shows_the_run_without_leaving_this_machine(server):
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("no Chromium on this machine: the app was not opened in a browser")
    sync_api = pytest.importorskip("playwright.sync_api")
    requests, errors = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{server}/?run=run-1")
        page.get_by_text("ann → Alien").wait_for(timeout=60_000)
        page.locator(".js-plotly-plot").nth(1).wait_for(timeout=60_000)
        browser.close()
    assert not errors
    assert [url for url in requests if not url.startswith((server, "data:", "blob:"))] == []
