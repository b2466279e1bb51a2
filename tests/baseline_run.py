"""A finished run of a baseline, made of the run of the report: a rank, no grades, every edge."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from tests.report_run import EDGES, SETTINGS, write_report_run
from tests.run_folder import NAN

NOTE = (
    "A baseline: R-CE, pairwise (Wang et al., WSDM 2021). Its P(noisy) is the rank of 1 - its "
    "weight: an order, no probability."
)
RANKS = [1 / 12, 3 / 12, 5 / 12, 11 / 12, 7 / 12, 9 / 12]


def write_baseline_run(workspace: Path, truth: bool = True, **changes: object) -> Path:
    """Write the run; rows 3 and 5 are noisy, none is hard, from rank 0.7 on."""
    settings = SETTINGS | {"method": "r-ce-pairwise"}
    verdicts = {"clean": 4, "hard": 0, "noisy": 2}
    made = {"settings": settings, "notes": [NOTE], "verdicts": verdicts, "preset": "none"}
    folder = write_report_run(workspace, truth=truth, **(made | {"threshold": 0.7} | changes))
    path = folder / "interactions.parquet"
    unmoved = ["from_language", "from_behaviour", "from_grades"]
    pd.read_parquet(path).assign(
        p_noisy=RANKS,
        verdict=["clean", "clean", "clean", "noisy", "clean", "noisy"],
        logical=NAN,
        user_grade=-1,
        item_grade=-1,
        explanation="p_noisy 0.92; log-odds moved by nothing much.",
        **dict.fromkeys(unmoved, 0.0),
    ).to_parquet(path)
    original = pd.DataFrame(EDGES).query("in_original")
    original.assign(in_refined=True, origin="kept", weight=1.0).to_parquet(folder / "edges.parquet")
    (folder / "detection.json").write_text(
        json.dumps({"counts": {"interactions": 6, "noise": 2}}) if truth else "{}"
    )
    return folder
