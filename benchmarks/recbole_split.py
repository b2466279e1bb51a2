"""A split as RecBole reads it: three atomic files that ``benchmark_filename`` names.

Source: RecBole's documentation of atomic files; ``name:token`` is a column of ids. Tokens are our
numbers, so that vectors can be put back in our order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.errors import DataError
from core.types import Dataset, Interactions

PARTS: Final = ("train", "valid", "test")
HEAD: Final = "user_id:token\titem_id:token\n"


def write_split(dataset: Dataset, folder: Path, name: str) -> None:
    """Write ``NAME/NAME.train.inter`` and so on.

    Args:
        dataset: With a train row of every user and item.
        folder: Where RecBole looks for data (``data_path``).
        name: Of the data there.

    Raises:
        DataError: If parts overlap, or users or items have no train row: RecBole numbers what it
            finds, and the two sides would not rank the same catalogue.
    """
    check_split(dataset)
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        pairs: Interactions = getattr(dataset, part)
        rows = zip(pairs.user.tolist(), pairs.item.tolist(), strict=True)
        lines = "".join(f"{user}\t{item}\n" for user, item in rows)
        (place / f"{name}.{part}.inter").write_text(HEAD + lines, encoding="utf-8")


def check_split(dataset: Dataset) -> None:
    """Check that both sides will see the same split.

    Raises:
        DataError: As of :func:`write_split`.
    """
    parts = [getattr(dataset, part) for part in PARTS]
    n_rows = sum(map(len, parts))
    if len({key for part in parts for key in part.key().tolist()}) != n_rows:
        raise DataError("A pair is in the split twice. Prepare the dataset again.")
    train = dataset.train
    in_use = (len(set(train.user.tolist())), len(set(train.item.tolist())))
    if in_use != (train.n_users, train.n_items):
        raise DataError("A user or item has no train row. Prepare the dataset again.")
