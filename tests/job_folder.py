"""Folders of runs in every state, written by hand."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

from core.config import RunConfig
from tests.run_folder import MANIFEST, write_run, write_status

START = datetime(2030, 5, 6, 12, 0, 0, tzinfo=UTC)
STAGES = [["pretrain", 1.0], ["train", 3.0]]


def write_order(folder, **changes):
    """Write the order of a run."""
    order = {
        "run_id": folder.name,
        "created": START.isoformat(),
        "dataset": "films",
        "dataset_folder": "datasets/films",
        "dataset_fingerprint": "sha256:abc",
        "settings": RunConfig().model_dump(mode="json"),
    }
    (folder / "run.json").write_text(json.dumps(order | changes))


def write_job(workspace, run_id, state, order=None, **status):
    """Write a run without a result; one that is going on is of this process."""
    alive = {"pid": os.getpid()} if state in ("running", "queued") else {}
    said = {"state": state, "updated": datetime.now(UTC).isoformat(), **alive, **status}
    folder = write_status(workspace, run_id, **said)
    write_order(folder, **(order or {}))
    return folder


def write_finished(workspace, run_id, **changes):
    """Write a finished run of two stages."""
    stages = {"stages": {"pretrain": 10.0, "train": 40.0, "evaluate": 1.0}, "dataset": "films"}
    folder = write_run(workspace, run_id, stages | changes)
    write_order(folder)
    return folder


def write_progress(folder, *lines, at=START, whole=True):
    """Write reports: (seconds since the start, stage, fraction, values or None)."""
    rows = [json.dumps({"at": at.isoformat(), "stages": STAGES})]
    for seconds, stage, fraction, values in lines:
        moment = (at + timedelta(seconds=seconds)).isoformat()
        row = {"at": moment, "stage": stage, "fraction": fraction}
        rows.append(json.dumps(row if values is None else row | {"values": values}))
    text = "\n".join(rows) + ("\n" if whole else "")
    (folder / "progress.jsonl").write_text(text)


__all__ = ["MANIFEST", "START", "write_finished", "write_job", "write_order", "write_progress"]
