"""Several processes: each does all trainings, and tries what they tell each other.

Usage: ``python -m tests.core.parallel.worker FOLDER``. Every process leaves what it found in
``<FOLDER>/<size>/<rank>.npz``; two processes also do a whole run.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.following import follow_pipeline
from core.parallel import group as exchange
from core.parallel.columns import ColumnShare
from core.parallel.group import Group, ProcessLostError
from core.parallel.launch import joined
from core.pipeline import run_pipeline
from tests.core.parallel import trainings
from tests.worlds import fewer_trees, tastes


def exchanged(group: Group) -> dict[str, np.ndarray]:
    """What comes of tensors that say who sent them."""
    share = ColumnShare(group, 5)
    table = torch.arange(35.0).view(7, 5)
    exchange.ROWS_AT_ONCE = 3  # blocks, the last one not full
    exchange.BYTES_AT_ONCE = 100
    own = share.cut(table).requires_grad_()
    (rows,) = share.whole_rows(own)
    part = torch.full((2, 3), float(group.rank + 1), requires_grad=True)
    sums = share.sums(part, part.sum())
    (rows * table).sum().backward()
    (sums[0].sum() * sums[1]).backward()
    message = {"text": np.array("ü"), "number": np.arange(40.0)} if group.writes else None
    told = group.tell(message)
    return {
        "columns": rows.detach().numpy(),
        "columns_gradient": share.whole(own.grad).numpy(),
        "n_own": np.array(own.shape[1]),
        "sum": sums[0].detach().numpy(),
        "total": sums[1].detach().numpy(),
        "sum_gradient": part.grad.numpy(),
        "rows": group.rows(torch.arange(7)[group.part(7)], 7).numpy(),
        "agree": np.array([group.agree(4), group.agree(group.rank)]),
        **told,
    }


def run(group: Group, folder: Path) -> dict[str, np.ndarray]:
    """A whole run, as process 0 does it and as the others do."""
    data, _ = tastes(40, 30)
    if not group.writes:
        told = group.tell()
        assert str(told["folder"]) == str((folder / "run").resolve())
        follow_pipeline(data, trainings.TINY, torch.device("cpu"), folder / "run", folder / "cache")
        return {}
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        found = run_pipeline(data, trainings.TINY, folder / "run", folder / "cache")
    return {"p_noisy": found.scores.p_noisy, "ranking": np.array(list(found.ranking.values()))}


def lost(group: Group) -> dict[str, np.ndarray]:
    """The last process leaves without a word; what the others are told."""
    if group.rank == group.size - 1:
        return {}
    try:
        while True:
            group.sum(torch.zeros(1))
    except ProcessLostError as error:
        return {"message": np.array(str(error))}


def work(folder: Path, rank: int, size: int, port: int) -> None:
    """Do everything as one of several processes, and write it down."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(place, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size))
    with joined() as group:
        found = {f"exchange_{k}": v for k, v in exchanged(group).items()}
        for kind in trainings.KINDS:
            checkpoint = folder / f"{kind}.pt"
            found |= {f"{kind}_{k}": v for k, v in trainings.outcome(kind, checkpoint).items()}
        if size == 2:
            found |= {f"run_{k}": v for k, v in run(group, folder).items()}
        again = trainings.outcome("bpr", folder / "of_one.pt")  # begun by one process
        found |= {f"again_{k}": v for k, v in again.items()}
        found |= {f"lost_{k}": v for k, v in lost(group).items()}
        np.savez(folder / f"{rank}.npz", **found)


def main(folder: Path) -> int:
    """Let two processes do it, then four: copies of this one, which has loaded the libraries."""
    codes = []
    for size in (2, 4):
        place = folder / str(size)
        place.mkdir()
        shutil.copy(folder / "of_one.pt", place)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        copies = multiprocessing.get_context("fork")
        others = [
            copies.Process(target=work, args=(place, rank, size, port), daemon=True)
            for rank in range(size)
        ]
        for one in others:
            one.start()
        for one in others:
            one.join()
        codes += [one.exitcode for one in others]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
