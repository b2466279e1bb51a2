"""A small study on disk whose answers can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.study.rows import append_rows

FAMILIES = {"llmhni": "ours", "bpr": "plain", "t-ce": "loss-based", "oracle": "oracle"}
KEPT = {"llmhni": 0.80, "bpr": 0.60, "t-ce": 0.50}
RANKED = {"llmhni": 0.24, "bpr": 0.20, "t-ce": 0.19, "oracle": 0.25}
CLEAN = {"llmhni": 0.25, "bpr": 0.25, "t-ce": 0.25, "oracle": 0.25}
HOSTILE = "<b>x</b>[a](http://example.org)"


def cell(variant: str, seed: int, **changes: Any) -> dict[str, Any]:
    """A row of the sample with 20 % position noise."""
    made = {
        "part": "methods",
        "data": "sample",
        "noise": "position",
        "rate": 0.2,
        "seed": seed,
        "variant": variant,
        "family": FAMILIES.get(variant, "ours"),
        "options": "{}",
        "hard_source": "planted",
        "device": "cpu",
        "code": "abc123",
        "versions": '{"numpy": "2"}',
        "finished": f"2026-01-0{seed + 1}T10:00:00+00:00",
    }
    return made | changes


def rows() -> list[dict[str, Any]]:
    """Two seeds, 0.02 apart in what is kept; ranking is the same in both, so intervals are 0."""
    found = []
    for seed in (0, 1):
        for name, recall in RANKED.items():
            found.append(cell(name, seed, noise="none", rate=0.0, recall20=CLEAN[name]))
            kept = {"hard_kept_70": KEPT[name] + 0.02 * seed} if name in KEPT else {}
            found.append(cell(name, seed, recall20=recall) | kept)
        for name, recall in (("llmhni", 0.24), ("no-denoising", 0.23), ("pool-16", 0.22)):
            found.append(cell(name, seed, part="ablations", noise="mixed", recall20=recall))
        for scheme, rate in (("uniform", 0.01), ("llmhni", 0.02)):
            found.append(
                cell("bpr", seed, part="negatives", scheme=scheme)
                | {"false_negative_rate": rate, "hardness": 10 * rate}
            )
    return found


def write_study(folder: Path, **changes: Any) -> Path:
    """Write the study with a plan of which one cell is left: T-CE without noise, seed 1."""
    dropped = ("t-ce", "none", 1)
    kept = [row for row in rows() if (row["variant"], row["noise"], row["seed"]) != dropped]
    append_rows(folder, [row | changes for row in kept])
    block = {"seeds": [0, 1], "variants": list(RANKED)}
    blocks = [
        block | {"part": "methods", "noise": ["position"], "rates": [0.2]},
        block | {"part": "methods", "noise": ["none"], "rates": [0.0]},
        {"part": "negatives", "seeds": [0, 1], "variants": ["bpr"], "rates": [0.2]},
    ]
    settings = {"plans": {"own": {"name": "own", "blocks": blocks}}}
    (folder / "settings.json").write_text(json.dumps(settings))
    return folder
