"""The tables of a run folder, described in docs/run-folder.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from core.method_names import OURS
from core.metrics import Rankings
from core.stages import Arrays
from core.tables.calls import judge_calls, judge_targets, recorded
from core.tables.interactions import interactions
from core.tables.nodes import embeddings, projection, vectors
from core.tables.pairs import edges, judgements
from core.tables.training import loss_history, metrics, ranking
from core.types import Dataset


class Results(NamedTuple):
    """What the stages of a run found, in their order."""

    texts: Arrays
    aligned: Arrays
    pretrained: Arrays
    behaviour: Arrays
    judged: Arrays
    scored: Arrays
    trained: Arrays
    maps: Arrays


def write_all(
    folder: Path, dataset: Dataset, found: Results, rankings: Rankings, method: str = OURS
) -> None:
    """Write every table; each is written aside and moved into place.

    ``method`` is that of the run: of a baseline, verdicts are explained otherwise.
    """
    _write(folder, "interactions", interactions(dataset, found.judged, found.scored, method))
    _write(folder, "loss_history", loss_history(dataset, found.pretrained, found.behaviour))
    _write(folder, "judgements", judgements(dataset, found.judged, found.scored))
    _write(folder, "edges", edges(dataset, found.judged["low"], found.scored, found.trained))
    _write(folder, "embeddings", embeddings(dataset, found.texts, found.aligned))
    _write(folder, "projection", projection(dataset, found.maps))
    _write(folder, "vectors", vectors(dataset, found.pretrained, found.trained))
    _write(folder, "metrics", metrics(found.aligned, found.pretrained, found.trained))
    _write(folder, "ranking", ranking(rankings))
    _write_calls(folder, dataset, found.judged)


def write_judged(folder: Path, dataset: Dataset, judged: Arrays) -> None:
    """Write what a judge said apart from any run, and the calls it took."""
    _write(folder, "judgements", recorded(dataset, judged))
    _write_calls(folder, dataset, judged)


def _write_calls(folder: Path, dataset: Dataset, judged: Arrays) -> None:
    for name, table in (("judge_calls", judge_calls), ("judge_targets", judge_targets)):
        columns = table(dataset, judged)
        if columns is not None:
            _write(folder, name, columns)


def _write(folder: Path, name: str, columns: Mapping[str, Any]) -> None:
    path = folder / f"{name}.parquet"
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    pq.write_table(pa.table(dict(columns)), aside)
    os.replace(aside, path)
