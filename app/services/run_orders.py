"""Ordering a run: its folder with everything it is to do, before anybody begins to work on it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from app.services import failures, run_folder, whole_file
from app.services.records import RunOrder
from core.config import RunConfig
from core.data.dataset import load_manifest
from core.errors import DataError

LABEL_COLUMNS: Final = ("user_id", "item_id", "label")
"""What a file of labels must have."""


@dataclass(frozen=True)
class Retraining:
    """What a run is given beside data and settings; nothing of it for a run from the beginning."""

    labels: Path | None = None
    """Parquet file with the columns :data:`LABEL_COLUMNS`; it is copied."""
    revision: str = ""
    """Which state of the labels that is; the sha256 of the file if empty."""
    parent: str = ""
    """Finished run whose weights the final training may begin with."""
    message: str = ""
    warm_start: bool = True


def place(
    workspace: Path,
    dataset_folder: Path,
    config: RunConfig,
    retraining: Retraining | None = None,
    run_id: str | None = None,
) -> Path:
    """Make the folder of a new run and write what it is to do.

    Args:
        workspace: The folder is ``<workspace>/runs/<run_id>``.
        dataset_folder: Folder of a prepared dataset.
        config: Settings.
        retraining: Labels and parent, if there are any.
        run_id: Name of the run; time, dataset and a short hash if omitted.

    Returns:
        The run folder.

    Raises:
        DataError: If there is no such dataset or parent, the labels cannot be read, the name is
            taken, or nothing can be written. Nothing is left behind then.
    """
    extra = retraining or Retraining()
    manifest = load_manifest(dataset_folder)
    name, fingerprint = str(manifest["name"]), str(manifest["fingerprint"])
    _check_parent(workspace, extra.parent)
    revision = extra.revision or (file_hash(extra.labels) if extra.labels else "")
    if extra.labels:
        check_labels(extra.labels)
    content = fingerprint + config.model_dump_json() + revision + extra.parent
    folder = run_folder.make_folder(workspace, name, content, run_id)
    order = RunOrder(
        run_id=folder.name,
        created=run_folder.now(),
        dataset=name,
        dataset_fingerprint=fingerprint,
        settings=config.model_dump(mode="json"),
        labels=run_folder.LABELS if extra.labels else "",
        revision=revision,
        parent=extra.parent,
        message=extra.message.strip(),
        warm_start=extra.warm_start,
    )
    _fill(folder, workspace, dataset_folder, order, extra.labels)
    return folder


def _fill(
    folder: Path, workspace: Path, dataset_folder: Path, order: RunOrder, labels: Path | None
) -> None:
    """Write labels and order into a new run folder, or remove it."""
    try:
        if labels:
            with whole_file.replacing(folder / run_folder.LABELS) as aside:
                shutil.copyfile(labels, aside)
        run_folder.write_order(folder, workspace, dataset_folder, order)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise DataError(failures.reason(error, workspace)) from error
        raise


def check_labels(path: Path) -> None:
    """Refuse a file that holds no labels.

    Raises:
        DataError: If it cannot be read or lacks a column.
    """
    try:
        found = pq.read_schema(path).names
    except (OSError, ValueError) as error:  # errors of pyarrow are one or the other
        raise DataError(
            f"The labels in {path} cannot be read. A Parquet file is needed, as the Label page "
            "saves it as a revision."
        ) from error
    missing = [name for name in LABEL_COLUMNS if name not in found]
    if missing:
        raise DataError(f"The labels in {path} lack the columns {', '.join(missing)}.")


def file_hash(path: Path) -> str:
    """Sha256 of a file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"The labels in {path} cannot be read: {error.strerror}.") from error


def _check_parent(workspace: Path, parent: str) -> None:
    if parent and not (workspace / "runs" / parent / run_folder.MANIFEST).is_file():
        raise DataError(f"There is no finished run {parent} to go on from. Check the name.")
