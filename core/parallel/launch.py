"""Joining the processes that ``torchrun`` started.

``torchrun`` sets RANK, WORLD_SIZE, LOCAL_RANK and the address of a store in the environment; gloo
carries tensors of the CPU, and NCCL those of GPUs, one for each process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

from core.config import RunConfig
from core.errors import ConfigError
from core.method_names import OURS
from core.parallel.columns import check_columns
from core.parallel.group import ALONE, Group, current, working_in

PATIENCE = timedelta(days=30)
"""A process that died is noticed at once, by torchrun and by the others; one that waits for the
judge of process 0 may wait for days."""


@contextmanager
def joined() -> Iterator[Group]:
    """Work with the other processes while the block runs; alone where there are none.

    Raises:
        ConfigError: If the processes cannot find each other.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    place = int(os.environ.get("LOCAL_RANK", "0"))
    with_gpu = place < torch.cuda.device_count()
    if with_gpu:
        torch.cuda.set_device(place)  # "cuda" is this device from here on
    backend = "cpu:gloo,cuda:nccl" if with_gpu else "gloo"
    try:
        distributed.init_process_group(backend, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"the {size} processes could not find each other ({error}); start them all with "
            "torchrun, on machines that can reach the address of --rdzv-endpoint"
        ) from error
    try:
        with working_in(Group(distributed.get_rank(), size)) as group:
            yield group
    finally:
        with suppress(RuntimeError):  # somebody may have gone already
            distributed.destroy_process_group()


def begin_together(config: RunConfig, device: torch.device, folder: Path) -> None:
    """Tell the other processes which run it is; nothing happens where there are none.

    Raises:
        ConfigError: If several processes cannot share this run.
    """
    group = current()
    if group.size == 1:
        return
    check_together(config, device, group)
    group.tell({"folder": str(folder.resolve()), "device": device.type})


def check_together(config: RunConfig, device: torch.device, group: Group) -> None:
    """Refuse what cannot be split, before anything has been computed.

    Raises:
        ConfigError: If columns are mixed, or are too few, or there are too few GPUs.
    """
    if config.method != OURS:
        raise ConfigError(
            f"the method {config.method} runs in one process; several can share {OURS} alone. "
            "Start it without torchrun"
        )
    if config.backbone.kind != "lightgcn":
        raise ConfigError(
            f"{config.backbone.kind} mixes the columns of its vectors, which several processes "
            "cannot share; set backbone.kind=lightgcn, or start it without torchrun"
        )
    check_columns(config.backbone.embedding_size, group)
    here, n_gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if device.type == "cuda" and here > n_gpus:
        raise ConfigError(
            f"{here} processes were started, but there are {n_gpus} GPUs here; start at most one "
            "for each GPU, or set device=cpu"
        )
