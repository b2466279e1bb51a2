"""Graphs to measure on: two that are drawn, the sample, and Amazon-book where it is on disk."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.types import Interactions

Ints = NDArray[np.int64]

N_GROUPS: Final = 24
AT_HOME: Final = 0.7
"""Share of interactions within the user's group of items."""
HELD_OUT: Final = 0.1
"""Of as many interactions as train has; of Amazon-book a share of its train file."""
SIZES: Final = {"S": (10_000, 10_000, 300_000), "L": (30_000, 40_000, 1_000_000)}
"""Users, items, train interactions."""
SAMPLE: Final = "sample"
AMAZON: Final = "amazon-book"
DATA_VARIABLE: Final = "LLMHNI_DATA"
NAMES: Final = (*SIZES, SAMPLE, AMAZON)


@dataclass(frozen=True)
class Drawn:
    """Pairs of train and pairs held out, by number."""

    user: Ints
    item: Ints
    held_user: Ints
    held_item: Ints
    n_users: int
    n_items: int

    @property
    def train(self) -> Interactions:
        """As the engine takes them."""
        from core.types import Interactions  # noqa: PLC0415 - other environments lack the engine

        return Interactions(self.user, self.item, self.n_users, self.n_items)

    @property
    def held_out(self) -> Interactions:
        """To be found again; each by a user with train interactions."""
        from core.types import Interactions  # noqa: PLC0415

        return Interactions(self.held_user, self.held_item, self.n_users, self.n_items)

    def save(self, path: Path) -> None:
        """Write to an npz file; folders are made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez(part, **vars(self))
        part.replace(path)


def load(path: Path | str) -> Drawn:
    """Read what :meth:`Drawn.save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    return Drawn(**arrays | {name: int(arrays[name]) for name in ("n_users", "n_items")})


def power_law(n_users: int, n_items: int, n_edges: int, rng: np.random.Generator) -> Drawn:
    """Draw a clustered graph whose degrees follow a power law; every node has a train row.

    Raises:
        ValueError: If the nodes cannot have so few, or so many, interactions.
    """
    most, least = n_users * n_items // 4, 2 * (n_users + n_items)
    if not least <= n_edges <= most:
        raise ValueError(f"{n_edges} interactions of these nodes; need {least} to {most}")
    user_group, item_group = (rng.integers(0, N_GROUPS, n) for n in (n_users, n_items))
    activity, popularity = (
        rng.permutation((np.arange(n) + 10.0) ** -power)
        for n, power in ((n_users, 0.7), (n_items, 0.8))
    )

    def pairs(user: Ints) -> Ints:
        item = _drawn(popularity, len(user), rng)
        home = rng.random(len(user)) < AT_HOME
        for group in range(N_GROUPS):
            rows = np.flatnonzero(home & (user_group[user] == group))
            members = np.flatnonzero(item_group == group)
            if len(members):
                item[rows] = members[_drawn(popularity[members], len(rows), rng)]
        return user * np.int64(n_items) + item

    everyone = pairs(np.arange(n_users, dtype=np.int64))
    everything = _drawn(activity, n_items, rng) * np.int64(n_items) + np.arange(n_items)
    first = np.unique(np.concatenate([everyone, everything]))
    n_all, found = n_edges + int(HELD_OUT * n_edges), first
    while len(found) < n_all:
        user = _drawn(activity, int((n_all - len(found)) * 1.3) + 100, rng)
        found = np.unique(np.concatenate([found, pairs(user)]))
    others = rng.permutation(np.setdiff1d(found, first, assume_unique=True))
    n_rest = n_edges - len(first)
    train = np.sort(np.concatenate([first, others[:n_rest]]))
    held = np.sort(others[n_rest : n_rest + n_all - n_edges])
    return Drawn(*np.divmod(train, n_items), *np.divmod(held, n_items), n_users, n_items)


def _drawn(odds: NDArray[np.float64], n: int, rng: np.random.Generator) -> Ints:
    total = np.cumsum(odds)
    return np.searchsorted(total, rng.random(n) * total[-1]).clip(max=len(odds) - 1)


def file_of(name: str, folder: Path) -> Path | None:
    """The npz file of a graph, made on first use; none where its data is not on this machine.

    Args:
        name: One of :data:`NAMES`, or ``USERSxITEMSxINTERACTIONS`` for one that is drawn.
        folder: Where files are kept.
    """
    path = folder / f"{name}.npz"
    if path.is_file():
        return path
    if name == AMAZON:
        drawn = _amazon()
    elif name == SAMPLE:
        drawn = _sample()
    else:
        sizes = SIZES.get(name) or tuple(int(size) for size in name.split("x"))
        drawn = power_law(*sizes, np.random.default_rng(0))
    if drawn is None:
        return None
    drawn.save(path)
    return path


def _amazon() -> Drawn | None:
    path = Path(os.environ.get(DATA_VARIABLE, "")) / AMAZON / "train.csv"
    if not os.environ.get(DATA_VARIABLE) or not path.is_file():
        return None
    import pandas as pd  # noqa: PLC0415 - heavy

    table = pd.read_csv(path, usecols=["user", "item"]).drop_duplicates()
    rng = np.random.default_rng(0)
    # The first row of every user and of every item stays in train.
    free = table.duplicated("user").to_numpy() & table.duplicated("item").to_numpy()
    held = free & (rng.random(len(table)) < HELD_OUT)
    user, item = (pd.factorize(table[name])[0].astype(np.int64) for name in ("user", "item"))
    sizes = int(user.max()) + 1, int(item.max()) + 1
    return Drawn(user[~held], item[~held], user[held], item[held], *sizes)


def _sample() -> Drawn:
    """Train and validation of the sample."""
    from benchmarks.recbole_parity import dataset_of  # noqa: PLC0415 - heavy

    data = dataset_of(argparse.Namespace(data=SAMPLE, min_rating=None, core=0))
    train, valid = data.train, data.valid
    return Drawn(train.user, train.item, valid.user, valid.item, train.n_users, train.n_items)
