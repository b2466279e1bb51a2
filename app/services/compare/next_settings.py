"""Settings for the next run on a dataset, kept beside the runs until somebody starts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.services.export import stem
from app.services.fields import flat, nested
from app.services.run_folder import write_json
from app.services.store import Run
from core.config import RunConfig
from core.errors import ConfigError


def path_of(run: Run) -> Path:
    """File of the settings for the dataset of a run: ``<workspace>/next_settings/<dataset>.json``.

    Names of datasets come from files: what could not be part of a file name becomes a dash.
    """
    return run.folder.parents[1] / "next_settings" / f"{stem(run)}.json"


def save(run: Run, changes: Mapping[str, Any]) -> Path:
    """Write the settings of a run with some changed; ``run DATASET --config FILE`` reads them.

    Args:
        run: Whose settings to begin with.
        changes: By full name, such as ``scoring.caution``.

    Returns:
        The file.

    Raises:
        ConfigError: If they are no settings of this version.
    """
    settings = nested(flat(run.manifest.settings) | dict(changes))
    try:
        config = RunConfig.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"The settings of run {run.id} do not fit this version: "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}. Set them on the data page."
        ) from error
    path = path_of(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "dataset_name": run.manifest.dataset,
        "from_run": run.id,
        "changed": dict(changes),
        "settings": config.model_dump(mode="json"),
    }
    write_json(path, content)
    return path
