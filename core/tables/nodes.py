"""Tables with one row per node, users first; and how nodes are named in the other tables.

Shape letters: U users, I items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from core.packing import texts_of
from core.stages import Arrays
from core.types import Dataset, IntArray


def pair_columns(dataset: Dataset, user: IntArray, item: IntArray) -> dict[str, Any]:
    """Numbers and ids of pairs: the columns by which people and programs find them."""
    return {
        "user": user,
        "item": item,
        "user_id": [dataset.users.id[k] for k in user.tolist()],
        "item_id": [dataset.items.id[k] for k in item.tolist()],
    }


def titles(dataset: Dataset, item: IntArray) -> list[str]:
    """Title of each item number."""
    return [dataset.items.title[k] for k in item.tolist()]


def embeddings(dataset: Dataset, texts: Arrays, aligned: Arrays) -> dict[str, Any]:
    """Columns of ``embeddings``: text vectors before and after alignment, and the texts."""
    columns = _nodes(dataset)
    for name, found in (("raw", texts), ("aligned", aligned)):
        columns[name] = _lists(found)
    columns["text"] = [*texts_of(texts, "user_text"), *texts_of(texts, "item_text")]
    return columns


def vectors(dataset: Dataset, pretrained: Arrays, trained: Arrays) -> dict[str, Any]:
    """Columns of ``vectors``: what the plain recommender and LLMHNI learnt."""
    columns = _nodes(dataset)
    del columns["id"]
    for name, found in (("plain", pretrained), ("refined", trained)):
        columns[name] = _lists(found)
    return columns


def projection(dataset: Dataset, maps: Arrays) -> dict[str, Any]:
    """Columns of ``projection``: 2-D maps before and after alignment."""
    columns = _nodes(dataset)
    group = dataset.items.group or ("",) * len(dataset.items.id)
    columns["title"] = [*dataset.users.id, *dataset.items.title]
    columns["group"] = [""] * len(dataset.users.id) + list(group)
    for name in ("raw", "aligned"):
        columns[f"x_{name}"], columns[f"y_{name}"] = maps[name].T
    return columns


def _nodes(dataset: Dataset) -> dict[str, Any]:
    n_users, n_items = len(dataset.users.id), len(dataset.items.id)
    return {
        "kind": ["user"] * n_users + ["item"] * n_items,
        "number": np.concatenate([np.arange(n_users), np.arange(n_items)]),
        "id": [*dataset.users.id, *dataset.items.id],
    }


def _lists(found: Arrays) -> pa.FixedSizeListArray:
    """Vectors of users, then of items, as lists of one length."""
    both = np.concatenate([found["user"], found["item"]]).astype(np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(both.ravel()), both.shape[1])
