"""A run and judgements of a language model, written by hand: every number is known."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from app.services import judging
from core.judge.quality import judge_quality_report
from core.types import Judgements
from tests.dataset_folder import write_dataset
from tests.run_folder import write_run

HOSTILE = "**Casino** <b>"
JUDGE = "tiny at 127.0.0.1:1, prompts v1"
NAME = "films-12345678"
CALLS = {
    "user_id": ["ann", "ann", "bob", "cid"],
    "key": ["a1", "a2", "b1", "c1"],
    "view": ["user", "item", "user", "item"],
    "n_targets": [3, 3, 1, 1],
    "outcome": ["parsed", "repaired", "refused", "parsed"],
    "prompt": ["user-centric/1", "item-centric/1", "user-centric/1", "item-centric/1"],
    "model": ["tiny"] * 4,
    "mode": ["schema"] * 4,
    "prompt_tokens": [100, 200, 50, 50],
    "output_tokens": [30, 40, 0, 10],
    "cached_tokens": [0] * 4,
    "seconds": [1.0, 3.0, 2.0, 5.0],
    "n_requests": [1, 2, 1, 1],
    "from_cache": [False, False, False, True],
    "n_uncited": [1, 0, 0, 0],
    "n_cannot_tell": [0, 1, 0, 0],
    "reply": ["x" * 30_000, "two", HOSTILE, "four"],
    "error": ["", "", "refused", ""],
}
TARGETS = {
    "user_id": ["ann"] * 3 + ["bob"],
    "item_id": ["i2", "i0", "i1", "i1"],
    "view": ["user"] * 4,
    "call": ["a1"] * 3 + ["b1"],
    "position": [2, 0, 1, 0],
    "grade": [0, 2, 1, -1],
    "cited": [True, False, True, False],
    "cannot_tell": [False] * 4,
}
JUDGED = {
    "user_id": ["ann", "ann", "ann", "bob"],
    "item_id": ["i0", "i1", "i2", "i1"],
    "title": ["Alien", HOSTILE, "Dune", HOSTILE],
    "observed": [True, True, False, True],
    "control": [False, False, True, False],
    "user_grade": ["High", "Mid", "Low", "Mid"],
    "item_grade": ["High", "Low", "Low", "Mid"],
    "user_reason": ["space", "so so", "sand", "?"],
    "item_reason": ["Solaris", "far", "none", "?"],
    "judge": [JUDGE] * 4,
}
GRADES = {"Low": 0, "Mid": 1, "High": 2}


def write_judgements(workspace: Path, name: str = NAME, **about: object) -> Path:
    """Judgements that were made here, with calls, targets and quality."""
    folder = workspace / judging.FOLDER / name
    folder.mkdir(parents=True)
    write_tables(folder)
    (folder / "settings.json").write_text("{}")
    told = {
        "name": name,
        "created": "2030-01-02T03:04:05+00:00",
        "dataset": "films",
        "judge": JUDGE,
        "n_pairs": 4,
        "made": "here",
    }
    (folder / judging.ABOUT).write_text(json.dumps(told | about))
    return folder


def write_tables(folder: Path) -> None:
    """Judgements, calls, targets and their quality."""
    pd.DataFrame(JUDGED).to_parquet(folder / "judgements.parquet")
    pd.DataFrame(CALLS).to_parquet(folder / "judge_calls.parquet")
    pd.DataFrame(TARGETS).to_parquet(folder / "judge_targets.parquet")
    (folder / "judge_quality.json").write_text(json.dumps(quality()))


def quality() -> dict:
    """What the engine says of these tables."""
    rows = pd.DataFrame(JUDGED)
    none = ("",) * len(rows)
    found = Judgements(
        rows["user_id"].map({"ann": 0, "bob": 1}).to_numpy("int64"),
        rows["item_id"].str[1:].astype("int64").to_numpy(),
        rows["observed"].to_numpy(),
        rows["control"].to_numpy(),
        rows["user_grade"].map(GRADES).to_numpy("int8"),
        rows["item_grade"].map(GRADES).to_numpy("int8"),
        none,
        none,
        JUDGE,
    )
    report = judge_quality_report(found, calls=CALLS, targets=TARGETS, prices=(1.0, 2.0))
    return {**report, "asked": {"stopped_by": "", "rounds": []}, "flipped": 0.0}


def write_judged_run(workspace: Path, **changes: object) -> Path:
    """A run on the dataset films that asked the model itself, with the dataset."""
    if not (workspace / "datasets" / "films").exists():
        write_dataset(workspace)
    settings = {"judge": {"kind": "openai", "llm": {"model": "tiny"}}}
    told = {"dataset": "films", "judge": JUDGE, "settings": settings}
    folder = write_run(workspace, changes=told | changes)
    write_tables(folder)
    matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    rule = {
        "noise": matrix,
        "genuine": [[0, 0, 0], [0, 0, 0], [0, 0, 6]],
        "n_judged": 8,
        "n_dropped": 2,
        "dropped_precision": 1.0,
        "dropped_recall": 0.5,
    }
    (folder / "detection.json").write_text(json.dumps({"judge": rule}))
    return folder
