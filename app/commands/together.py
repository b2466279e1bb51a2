"""A command in one process, or in several that ``torchrun`` started.

Process 0 does the command as ever: it waits its turn, reports and writes. The others are told
which run it is, and take part in its trainings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.commands.output import without_controls
from app.services import run_folder
from core.data.dataset import load_dataset
from core.errors import ConfigError, WorkbenchError

if TYPE_CHECKING:
    from core.parallel.group import Group

SHARED: Final = "run"
"""The command that several processes can do."""


def do(command: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do a command, with the other processes where there are any.

    Raises:
        ConfigError: If there are others, and nothing for them to do.
        SystemExit: In all processes but the first, when there is nothing left to do.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return work()
    if command != SHARED:
        raise ConfigError(
            f"'{command}' is done by one process; torchrun is for '{SHARED}' alone. Start it with: "
            f"python -m app.cli {command} ..."
        )
    # Heavy, and of use here alone.
    from core.parallel.launch import joined  # noqa: PLC0415

    with joined() as group:
        if group.writes:
            return work()
        sys.exit(_follow(group))


def _follow(group: Group) -> int:
    """Take part in the run of process 0; the exit code."""
    try:
        _take_part(group)
    except (WorkbenchError, KeyboardInterrupt) as error:
        message = without_controls(str(error) or "Stopped.")
        print(f"process {group.rank} of {group.size}: {message}", file=sys.stderr, flush=True)
        return 1
    return 0


def _take_part(group: Group) -> None:
    import torch  # noqa: PLC0415 - heavy

    from core.following import follow_pipeline  # noqa: PLC0415

    told = group.tell()
    folder = Path(str(told["folder"]))
    order, config = run_folder.read_order(folder)
    workspace = folder.parents[1]
    follow_pipeline(
        load_dataset(workspace / order.dataset_folder),
        config,
        torch.device(str(told["device"])),
        folder,
        workspace / "cache",
        folder / order.labels if order.labels else None,
        with_parent=bool(order.parent and order.warm_start),
    )
