"""A small finished run, made by the real command line from files on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

from app.services import environment
from tests.worlds import TINY_RUN, tastes

HOSTILE = "<b>b</b><img src=x onerror=alert(1)> **bold** $x$ [a](http://evil.test)"
"""How titles begin: HTML, Markdown, a formula and a link; nothing of it may work."""
DATASET = "browser"
OLDER = "20200101-000000-older"
"""A second run, so that the address has to say which one is meant."""
N_USERS, N_ITEMS = 60, 48


def make_workspace(folder: Path) -> Path:
    """Prepare the dataset and run the method on it; return the workspace."""
    source, workspace = folder / "films", folder / "workspace"
    write_source(source)
    settings = folder / "settings.json"
    settings.write_text(json.dumps(TINY_RUN))
    command_line(workspace, "prepare", source, "--name", DATASET, "--split", "given")
    command_line(workspace, "run", DATASET, "--config", settings)
    (run,) = (workspace / "runs").iterdir()
    copy_run(run, OLDER, "2020-01-01T00:00:00+00:00")
    return workspace


def copy_run(run: Path, name: str, created: str) -> None:
    """Copy a run, as if it had been made before."""
    copy = shutil.copytree(run, run.with_name(name))
    for file in ("manifest.json", "run.json"):
        content = json.loads((copy / file).read_text(encoding="utf-8"))
        changes = {"run_id": name, "created": created}
        (copy / file).write_text(json.dumps(content | changes), encoding="utf-8")


def command_line(workspace: Path, *arguments: object) -> None:
    """Do one command of ``python -m app.cli`` as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *map(str, arguments), "--workspace", str(workspace)],
        cwd=environment.ROOT,
        env=environment.with_defaults(os.environ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def write_source(folder: Path) -> None:
    """Write users and items of four tastes in the layout of the sample, with planted noise."""
    folder.mkdir(parents=True)
    data, noise = tastes(N_USERS, N_ITEMS, n_noise=3)
    parts = []
    for name in ("train", "valid", "test"):
        pairs = getattr(data, name)
        part = pd.DataFrame({"user": pairs.user, "item": pairs.item, "split": name})
        parts.append(part.assign(noise=noise if name == "train" else False))
    rows = pd.concat(parts, ignore_index=True)
    rows["user_id"] = [f"u{user:02d}" for user in rows["user"]]
    rows["item_id"] = [f"i{item:02d}" for item in rows["item"]]
    rows["timestamp"] = range(1_600_000_000, 1_600_000_000 + 60 * len(rows), 60)
    rows["position"] = rows.index % 20 + 1
    columns = ["user_id", "item_id", "timestamp", "position", "split"]
    rows[columns].to_csv(folder / "interactions.csv", index=False)
    planted = rows.loc[rows["noise"], ["user_id", "item_id"]]
    planted.assign(kind="uniform").to_csv(folder / "truth.csv", index=False)
    genre = [values[0] for values in data.items.attributes["genre"]]
    pd.DataFrame(
        {
            "item_id": [f"i{item:02d}" for item in range(N_ITEMS)],
            "title": [f"{HOSTILE} {title}" for title in data.items.title],
            "year": [1970 + item for item in range(N_ITEMS)],
            "genres": genre,
            "director": [f"Director {item % 7}" for item in range(N_ITEMS)],
            "keywords": [title.replace(" ", "|") for title in data.items.title],
            "description": [f"A film about {title}." for title in data.items.title],
            "niche": genre,
        }
    ).to_csv(folder / "catalogue.csv", index=False)
