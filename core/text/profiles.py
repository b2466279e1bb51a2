"""Profile texts of items (metadata) and users (a summary of their train items).

User profiles see the noised train set alone: a profile made from clean or held-out history
would tell later steps which interactions are clean. ``Items.group`` is never read.

Shape letters: U users, I items, V attribute values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import sparse

from core.config import TextConfig
from core.incidence import AttributeTable, attribute_table, interaction_matrix
from core.types import FloatArray, IntArray, Interactions, Items, Profiles, Users

ITEM_WORDS = 110
"""Longest item text; encoding costs grow with length, and encoders cut at about this."""
USER_WORDS = 75
"""Longest user text."""
OWN_WORDS = 20
"""Words of the user's own text that enter the profile."""
TRAITS = 8
"""Distinctive attribute values named in a user's profile."""
WORD_CHARACTERS = 40
"""A longer run without a space is cut: it is no word."""


def build_profiles(
    users: Users, items: Items, train: Interactions, config: TextConfig, rng: np.random.Generator
) -> Profiles:
    """Compose one text per user and per item; no LLM involved.

    Args:
        users: The U users.
        items: The I items.
        train: The noised train interactions, the only history that is read.
        config: Number of titles per user, and the shuffle ablation.
        rng: Draws the permutation of the shuffle ablation.
    """
    items = catalogue(items, config, rng)
    return Profiles(_user_texts(users, items, train, config.profile_items), _item_texts(items))


def catalogue(items: Items, config: TextConfig, rng: np.random.Generator) -> Items:
    """Return the catalogue as all text steps must see it.

    Under ``config.shuffle`` every item carries title, text and attributes of another item
    (one random cycle through all items, so none keeps its own). Called with a generator in the
    same state, it returns what :func:`build_profiles` works on: the judge must get this one too.
    """
    n_items = len(items.id)
    if not config.shuffle or n_items < 2:
        return items
    cycle = rng.permutation(n_items)
    source = np.empty(n_items, dtype=np.int64)
    source[cycle] = np.roll(cycle, 1)
    return replace(
        items,
        title=tuple(items.title[k] for k in source),
        text=tuple(items.text[k] for k in source),
        attributes={
            column: tuple(values[k] for k in source) for column, values in items.attributes.items()
        },
    )


def clean_text(text: str, n_words: int) -> str:
    """Replace control and format characters by spaces, join the first ``n_words`` words."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(word[:WORD_CHARACTERS] for word in printable.split()[:n_words])


def _item_texts(items: Items) -> tuple[str, ...]:
    texts = []
    for k, title in enumerate(items.title):
        facts = [
            f"{column}: {', '.join(values[k])}"
            for column, values in items.attributes.items()
            if values[k]
        ]
        texts.append(_sentences([title, *facts, items.text[k]], ITEM_WORDS))
    return tuple(texts)


def profile_of(users: Users, items: Items, n_titles: int) -> Callable[[int, IntArray], str]:
    """Make a writer of profiles that rest on some of a user's items alone.

    A judge must not read in the profile of a user that the user chose the very item in question.

    Args:
        users: The U users.
        items: The I items, as :func:`catalogue` returns them.
        n_titles: Titles named at most.

    Returns:
        The profile by user number and the items it may rest on; the same text as that of
        :func:`build_profiles` where these are all train items of the user.
    """
    table = attribute_table(items)
    shape = (1, table.matrix.shape[0])

    def write(user: int, own: IntArray) -> str:
        row = sparse.csr_array((np.ones(len(own), np.float32), (np.zeros_like(own), own)), shape)
        weight = _distinctiveness(row, table.matrix)[0]
        return _user_text(users.text[user], items, table, np.sort(own), weight, n_titles)

    return write


def _user_texts(users: Users, items: Items, train: Interactions, n_titles: int) -> tuple[str, ...]:
    history = interaction_matrix(train)  # (U, I)
    table = attribute_table(items)
    weight = _distinctiveness(history, table.matrix)  # (U, V)
    own = [np.sort(history.indices[begin:end]) for begin, end in itertools.pairwise(history.indptr)]
    return tuple(
        _user_text(users.text[u], items, table, own[u], weight[u], n_titles)
        for u in range(train.n_users)
    )


def _user_text(
    own_text: str,
    items: Items,
    table: AttributeTable,
    own: IntArray,
    weight: FloatArray,
    n_titles: int,
) -> str:
    """What values (V weights) and which of the user's own items mark the user."""
    return _sentences(
        [
            _listing("Often", _top_values(table, weight)),
            _listing("Chose", _top_titles(items, table, own, weight, n_titles)),
            clean_text(own_text, OWN_WORDS),
        ],
        USER_WORDS,
    )


def _distinctiveness(history: sparse.csr_array, attributes: sparse.csr_array) -> FloatArray:
    """How much a value marks a user: count * log(lift), 0 where not above the catalogue rate.

    Lift = share of the user's items with the value / share of all items with it. Values that a
    user met once only count half: a single item is no habit.
    """
    n_items = max(history.shape[1], 1)
    count = (history @ attributes).toarray()  # (U, V)
    size = np.maximum(np.asarray(history.sum(axis=1)).reshape(-1, 1), 1.0)
    rate = np.asarray(attributes.sum(axis=0)).reshape(1, -1) / n_items
    lift = (count / size) / np.maximum(rate, 1.0 / n_items)
    weight = count * np.log(np.maximum(lift, 1.0)) * np.where(count > 1, 1.0, 0.5)
    return np.asarray(weight, dtype=np.float32)


def _top_values(table: AttributeTable, weight: FloatArray) -> list[str]:
    order = np.argsort(-weight, kind="stable")[:TRAITS]
    return [table.value[v] for v in order if weight[v] > 0]


def _top_titles(
    items: Items, table: AttributeTable, own: IntArray, weight: FloatArray, n_titles: int
) -> list[str]:
    """Titles of the user's items that carry most of what is distinctive about the user."""
    fit = table.matrix[own] @ weight
    return [items.title[k] for k in own[np.argsort(-fit, kind="stable")][:n_titles]]


def _listing(head: str, values: list[str]) -> str:
    return f"{head}: {', '.join(values)}" if values else ""


def _sentences(parts: list[str], n_words: int) -> str:
    """Join the parts that say something, each ended by a full stop."""
    cleaned = [clean_text(part, n_words) for part in parts]
    ended = [part if part[-1] in ".!?" else f"{part}." for part in cleaned if part]
    return clean_text(" ".join(ended), n_words)
