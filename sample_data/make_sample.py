"""Write the simulated sample: ``python -m sample_data.make_sample [--seed 0] [--out DIR]``."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.types import BoolArray, IntArray
from sample_data.catalogue import read_catalogue
from sample_data.config import SampleConfig
from sample_data.exposure import Clicks, show_lists
from sample_data.latent import draw_item_factors
from sample_data.plant import NOISE_KINDS, Planted, World, join, plant
from sample_data.users import MINORITY, draw_users

SPLITS = ("train", "valid", "test")
TRAIN, VALID, TEST = 0, 1, 2
HARD_KINDS = ("minority", "tail")


@dataclass(frozen=True)
class Sample:
    """The simulated interactions with their truth, and the world behind them."""

    world: World
    clicks: Clicks
    """Genuine and planted interactions, sorted by user, time, item, ``(M,)``."""
    split: IntArray
    """Index into ``SPLITS``, ``(M,)``."""
    kind: tuple[str, ...]
    """Kind of noise or of hard positive, ``(M,)``; empty = any other genuine interaction."""


def simulate(config: SampleConfig) -> Sample:
    """Simulate users, their genuine interactions and planted noise.

    Args:
        config: Seed and settings; equal settings give equal samples.

    Returns:
        The sample.
    """
    # One generator per stage: a change in one stage leaves the draws of the others alone.
    rngs = np.random.default_rng(config.seed).spawn(5)
    catalogue = read_catalogue()
    factors = draw_item_factors(catalogue, config.latent, rngs[0])
    users = draw_users(catalogue, factors, config.users, rngs[1])
    genuine = show_lists(catalogue, factors, users, config.exposure, rngs[2])
    split = draw_split(genuine, rngs[3])
    train = np.zeros(users.utility.shape, dtype=np.bool_)
    train[genuine.user[split == TRAIN], genuine.item[split == TRAIN]] = True
    world = World(catalogue, factors, users, genuine, train, config)
    return _combine(world, split, plant(world, rngs[4]))


def draw_split(genuine: Clicks, rng: np.random.Generator) -> IntArray:
    """Split each user's interactions 3:1:1 at random.

    Args:
        genuine: Interactions sorted by user.
        rng: Source of every draw.

    Returns:
        Index into ``SPLITS``, ``(G,)``. Train has an interaction of the minority taste of
        every user who has one.
    """
    split = np.full(len(genuine.user), TRAIN, dtype=np.int64)
    for rows in np.split(
        np.arange(len(split)), np.flatnonzero(np.diff(genuine.user, prepend=genuine.user[:1]))
    ):
        order = rng.permutation(rows)
        minority = genuine.mood[order] == MINORITY
        if minority.any():  # one of them to the end of the order, which is train
            first = order[minority.argmax()]
            order = np.append(order[order != first], first)
        n_part = len(rows) // 5
        split[order[:n_part]] = VALID
        split[order[n_part : 2 * n_part]] = TEST
    return split


def tail_items(train: BoolArray) -> BoolArray:
    """Fifth of the films with the fewest genuine train interactions, ``(I,)``."""
    count = train.sum(axis=0)
    tail = np.zeros(len(count), dtype=np.bool_)
    tail[np.argsort(count, kind="stable")[: len(count) // 5]] = True
    return tail


def write_sample(sample: Sample, folder: Path) -> None:
    """Write ``interactions.csv`` and ``truth.csv``.

    Args:
        sample: What to write.
        folder: Where to; made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clicks, catalogue = sample.clicks, sample.world.catalogue
    users = [f"u{number + 1:03d}" for number in clicks.user]
    items = [catalogue.id[number] for number in clicks.item]
    splits = [SPLITS[number] for number in sample.split]
    times, positions = clicks.timestamp.tolist(), clicks.position.tolist()
    _write(
        folder / "interactions.csv",
        ("user_id", "item_id", "timestamp", "position", "split"),
        zip(users, items, times, positions, splits, strict=True),
    )
    truth = [row for row in zip(users, items, sample.kind, strict=True) if row[2]]
    _write(folder / "truth.csv", ("user_id", "item_id", "kind"), sorted(truth))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.make_sample", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="seed of every random draw")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    options = parser.parse_args(arguments)
    write_sample(simulate(SampleConfig(seed=options.seed)), options.out)


def _combine(world: World, split: IntArray, planted: Planted) -> Sample:
    """Mix planted interactions into train and name the kinds."""
    genuine = world.genuine
    in_train = split == TRAIN
    minority = in_train & (genuine.mood == MINORITY)
    tail = in_train & ~minority & tail_items(world.train)[genuine.item]
    kind = np.where(minority, HARD_KINDS[0], np.where(tail, HARD_KINDS[1], "")).tolist()
    kind += [NOISE_KINDS[number] for number in planted.kind]
    split = np.append(split, np.full(len(planted.kind), TRAIN))
    clicks = join([genuine, planted.clicks])
    order = np.lexsort((clicks.item, clicks.timestamp, clicks.user))
    mixed = Clicks(
        clicks.user[order],
        clicks.item[order],
        clicks.timestamp[order],
        clicks.position[order],
        clicks.mood[order],
    )
    return Sample(world, mixed, split[order], tuple(kind[row] for row in order))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with the same bytes on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
