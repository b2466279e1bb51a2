"""Judging from the app: what is previewed, what is said on the way, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from app.services import jobs, judge_ask, launches
from core.config import RunConfig
from core.errors import DataError
from tests.dataset_folder import write_dataset

GONE = 2**30
"""No process has this number."""
ASKED = RunConfig.model_validate({"judge": {"kind": "openai", "llm": {"model": "tiny"}}})


def line(stage, fraction, **values):
    told = {"stage": stage, "fraction": fraction, "values": values}
    return json.dumps({"progress": told})


def write_log(workspace, name, *lines, pid=GONE):
    logs = workspace / "logs"
    logs.mkdir(exist_ok=True)
    started = datetime.now(UTC).isoformat()
    (logs / f"judging-{name}.json").write_text(json.dumps({"pid": pid, "started": started}))
    (logs / f"judging-{name}.log").write_text("\n".join(lines) + "\n")


def test_other_settings_or_another_dataset_have_another_name(workspace):
    write_dataset(workspace)
    write_dataset(workspace, "books", fingerprint="sha256:other")
    name = judge_ask.name_of(workspace, "films", ASKED)
    assert name == judge_ask.name_of(workspace, "films", ASKED)
    others = {
        judge_ask.name_of(workspace, "films", RunConfig()),
        judge_ask.name_of(workspace, "books", ASKED),
    }
    assert len({name, *others}) == 3
    with pytest.raises(DataError, match="no finished dataset"):
        judge_ask.name_of(workspace, "gone", ASKED)


def test_a_preview_is_of_exactly_these_settings_or_is_not_there(workspace, monkeypatch):
    write_dataset(workspace)
    started = []
    monkeypatch.setattr(jobs, "start", lambda _, words, name: started.append((words, name)))
    judge_ask.start_preview(workspace, "films", ASKED)
    ((words, name),) = started
    assert words[:4] == ("-m", "app.cli", "judge", "--preview")
    assert "--run" not in words
    kept = json.loads(open(words[words.index("--config") + 1]).read())
    assert RunConfig.model_validate(kept) == ASKED
    log = workspace / "logs" / f"{name}.log"
    log.write_text('{"n_pairs": 7}\n')
    record = {"pid": GONE, "started": datetime.now(UTC).isoformat()}
    log.with_suffix(".json").write_text(json.dumps(record))
    assert judge_ask.preview(workspace, "films", ASKED).answer == {"n_pairs": 7}
    assert judge_ask.preview(workspace, "films", RunConfig()) is None


def test_the_last_report_of_the_judge_is_told_while_it_works(workspace):
    lines = (
        "judge ...",
        line("pretrain", 1.0, loss=0.5),
        line("judge", 0.5, n_judged=60, n_calls=8, money=0.25),
        line("judge", 0.9, n_judged=20, n_calls=11, money=0.5),  # pairs that are asked once more
        '{"progress": {"stage": "jud',  # is being written
    )
    write_log(workspace, "x", *lines, pid=os.getpid())
    found = judge_ask.progress(workspace, "x")
    assert (found.state, found.stage, found.fraction) == ("running", "judge", 0.9)
    assert found.values == {"n_judged": 60, "n_calls": 11, "money": 0.5}
    assert found.said == ("judge ...",)
    assert judge_ask.going_on(workspace) == ["x"]


@pytest.mark.parametrize(
    ("lines", "state", "error"),
    [
        ((line("judge", 1.0), '{"n_pairs": 4}'), "done", ""),
        ((line("judge", 0.2), '{"error": "Stopped."}'), "stopped", "Stopped."),
        (('{"error": "h: wrong key"}',), "failed", "h: wrong key"),
        (("judge ...",), "failed", "It ended without a word.\njudge ..."),
    ],
)
def test_how_it_ended(workspace, lines, state, error):
    write_log(workspace, "x", *lines)
    found = judge_ask.progress(workspace, "x")
    assert (found.state, found.error) == (state, error)
    assert judge_ask.going_on(workspace) == []


def test_what_was_never_started_is_not_known(workspace):
    assert judge_ask.progress(workspace, "x") is None
    assert not launches.stop(workspace, "judging-x")


def test_a_request_to_stop_reaches_the_process_and_is_remembered(workspace):
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(3)); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code])
    try:
        time.sleep(0.5)  # until it listens
        write_log(workspace, "x", line("judge", 0.2), pid=child.pid)
        judge_ask.stop(workspace, "x")
        assert child.wait(20) in (3, -signal.SIGTERM)
        assert judge_ask.progress(workspace, "x").state == "stopped"
    finally:
        child.kill()
