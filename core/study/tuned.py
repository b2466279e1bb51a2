"""What the report says of options: which were tried, which were chosen, and where it matters."""

from __future__ import annotations

from typing import Final

import pandas as pd

from core.study import statistics
from core.study.labels import title
from core.study.tables import markdown, number
from core.study.tuning import CHOSEN_BY
from core.study.variants import VARIANTS
from core.train_settings import LLMHNIConfig

EPOCHS: Final = LLMHNIConfig().epochs
"""That a training may have; plans change it for no method."""


def candidates(rows: pd.DataFrame) -> str:
    """Candidates of every method and what they reached on validation."""
    cells = statistics.part_of(rows, "tuning")
    found = statistics.summary(cells, CHOSEN_BY, ("data", "variant", "options"))
    best = found.groupby(["data", "variant"])["mean"].transform("max")
    body = [
        [
            str(row["data"]),
            title(str(row["variant"])),
            _options(str(row["options"])),
            number(row["mean"], 4),
            "best" if is_best else "",
        ]
        for row, is_best in zip(found.to_dict("records"), found["mean"] == best, strict=True)
    ]
    head = ["Data", "Method", "Options", "NDCG@20, validation", ""]
    table = markdown(head, body) if body else "Nothing was tuned here."
    return "\n\n".join(part for part in (table, _from_elsewhere(rows), cut_off(rows)) if part)


def cut_off(rows: pd.DataFrame) -> str:
    """Whose best epoch was often the last one allowed: it may have gained with more of them."""
    cells = statistics.part_of(rows, "methods")
    known = cells[cells["best_epoch"].notna() & (cells["rate"] > 0.0)]
    at_end = (known["best_epoch"] >= EPOCHS).groupby([known["data"], known["variant"]])
    found = at_end.agg(["sum", "count"]).reset_index()
    found = found[found["sum"] > 0].sort_values(["data", "sum"], ascending=[True, False])
    if found.empty:
        return ""
    said = ", ".join(
        f"{title(row['variant'])} on {row['data']} {row['sum']} of {row['count']}"
        for row in found.to_dict("records")
    )
    return (
        f"Runs with planted noise whose best epoch is the last of {EPOCHS}, so that more epochs "
        f"might help: {said}."
    )


def _from_elsewhere(rows: pd.DataFrame) -> str:
    """Say with which options methods were run that are no candidates of this study."""
    tuned = statistics.part_of(rows, "tuning")
    tried = set(zip(tuned["data"], tuned["variant"], tuned["options"], strict=True))
    cells = statistics.part_of(rows, "methods").sort_values(["data", "variant"])
    run = dict.fromkeys(zip(cells["data"], cells["variant"], cells["options"], strict=True))
    found = [
        f"{title(name)} on {data} {_options(options)}"
        for data, name, options in run
        if options not in ("", "{}") and (data, _method(name), options) not in tried
    ]
    if not found:
        return "Methods without candidates here have their defaults."
    return (
        "Chosen elsewhere, and no candidates of this study: " + ", ".join(found) + ". What a study "
        "has not tuned itself it takes from the project's study (docs/results/study). Methods "
        "named neither here nor as tuned have their defaults."
    )


def _method(name: str) -> str:
    return VARIANTS[name].method if name in VARIANTS else name


def not_the_tuned(rows: pd.DataFrame) -> list[str]:
    """Methods with rows made with other options than the best on validation, by dataset."""
    by = ["data", "variant"]
    reached = statistics.summary(statistics.part_of(rows, "tuning"), CHOSEN_BY, (*by, "options"))
    best = reached[reached["mean"] == reached.groupby(by)["mean"].transform("max")]
    chosen = {key: set(here["options"]) for key, here in best.groupby(by)}
    cells = statistics.part_of(rows, "methods")
    return [
        f"{title(str(key[1]))} on {key[0]}"
        for key, here in cells.groupby(by)
        if key in chosen and not set(here["options"]) <= chosen[key]
    ]


def _options(text: str) -> str:
    return "defaults" if text in ("", "{}") else f"`{text.replace('`', '')}`"
