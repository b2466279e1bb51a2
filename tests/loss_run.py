"""The run of six interactions with a loss history of two epochs and planted kinds, by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.run_folder import NAN, write_run

HISTORY = {
    "row": [0, 1, 2, 3, 4, 5] * 2,
    "epoch": [1] * 6 + [2] * 6,
    "loss": [0.7, 0.7, 0.7, 0.7, 0.7, NAN, 0.0, 1.0, 2.0, 4.0, 3.5, NAN],
    "loss_in_sample": [0.7] * 6 + [0.0, 0.1, 0.5, 1.0, 0.5, 0.9],
}
KINDS = {
    "row": [1, 2, 3, 5],
    "kind": ["uniform", "minority", "uniform", "position"],
    "noise": [True, False, True, True],
    "hard": [False, True, False, False],
}


def write_loss_run(workspace: Path, kinds: dict | None = KINDS, **options: object) -> Path:
    """Write the run; without ``kinds`` nothing was planted."""
    folder = write_run(workspace, **options)
    pd.DataFrame(HISTORY).to_parquet(folder / "loss_history.parquet")
    if kinds is not None:
        pd.DataFrame(kinds).to_parquet(folder / "kinds.parquet")
    return folder
