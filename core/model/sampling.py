"""Which pairs are observed, and uniform draws of pairs that are not.

The draw is exact, without rejection: the r-th item a user has not interacted with is r plus the
number of observed items before it, and that number is one binary search. A user with nearly all
items costs the same as one with none.

Shape letters: U users, I items, P observed pairs, B batch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.keys import distinct
from core.model.transfer import to_device
from core.types import Interactions

TABLE_LIMIT = 2**25
"""Largest U * I for which membership is looked up in a table of bits rather than searched."""
FREE_LIMIT = 2**22
"""Largest U * I for which unobserved items are looked up in a table (16 MB) too."""


class Observed:
    """The set of observed pairs, for membership tests and for counting around its gaps.

    Args:
        interactions: One or more sets of pairs over the same users and items; repeats are fine.
        device: Where the structure lives; queries must live there too.

    Raises:
        ValueError: If the sets are over different numbers of users or items.
    """

    def __init__(self, *interactions: Interactions, device: str | torch.device = "cpu") -> None:
        """Sort the pairs and index the gaps between them."""
        sizes = {(part.n_users, part.n_items) for part in interactions}
        if len(sizes) != 1:
            raise ValueError(f"need interactions over the same users and items, got {sizes}")
        ((self.n_users, self.n_items),) = sizes
        key = torch.from_numpy(distinct(np.concatenate([part.key() for part in interactions])))
        self._set_keys(key.to(device))

    def _set_keys(self, key: Tensor) -> None:
        user, item = key // self.n_items, key % self.n_items
        self.key = key
        """Sorted ``user * I + item`` of each pair, int64 ``(P,)``."""
        self.count = torch.bincount(user, minlength=self.n_users)
        """Observed items of each user, int64 ``(U,)``."""
        self._start = self.count.cumsum(0) - self.count
        place = torch.arange(len(key), device=key.device) - self._start[user]
        # Unobserved items of the same user below each observed one, made sortable over users.
        self._gap = user * (self.n_items + 1) + item - place
        self._table: Tensor | None = None
        if self.n_users * self.n_items <= TABLE_LIMIT:
            self._table = torch.zeros(
                self.n_users * self.n_items, dtype=torch.bool, device=key.device
            )
            self._table[key] = True
        self._free: Tensor | None = None
        if self._table is not None and self.n_users * self.n_items <= FREE_LIMIT:
            taken = self._table.view(self.n_users, self.n_items).byte()
            self._free = taken.argsort(dim=1, stable=True).int().flatten()  # unobserved ones first

    @property
    def device(self) -> torch.device:
        """Where the structure lives."""
        return self.key.device

    def including(self, interactions: Interactions) -> Observed:
        """Make the set of these pairs and some more, on the same device."""
        user, item = self.key // self.n_items, self.key % self.n_items
        own = Interactions(user.cpu().numpy(), item.cpu().numpy(), self.n_users, self.n_items)
        return Observed(own, interactions, device=self.device)

    def contains(self, user: Tensor, item: Tensor) -> Tensor:
        """Whether each pair is in the set; int64 arrays that broadcast to bool of that shape."""
        key = user * self.n_items + item
        if self._table is not None:
            return self._table[key]
        if len(self.key) == 0:
            return torch.zeros_like(key, dtype=torch.bool)
        place = torch.searchsorted(self.key, key).clamp(max=len(self.key) - 1)
        return self.key[place] == key

    def unobserved(self, user: Tensor, rank: Tensor) -> Tensor:
        """Find the item at a place among those a user has *not* interacted with, ascending.

        Args:
            user: User numbers, int64, any shape.
            rank: Places, int64 of the same shape, in 0..I-count-1.
        """
        if self._free is not None:
            return self._free[user * self.n_items + rank].long()
        query = user * (self.n_items + 1) + rank
        below = torch.searchsorted(self._gap, query, right=True) - self._start[user]
        return rank + below


def sample_uniform_negatives(
    users: Tensor, observed: Observed, n_items: int, generator: torch.Generator
) -> Tensor:
    """Draw one item per entry, uniformly from the items that user has not interacted with.

    Args:
        users: User numbers, int64 of any shape, e.g. ``(B,)`` or ``(B, K)``.
        observed: Pairs never to draw. A user with every item gets any item: there is no
            negative to find, and one such user must not stop a training.
        n_items: I.
        generator: Source of the draw; it may live on another device than ``users``.

    Returns:
        Item numbers, int64, in the shape of ``users``.

    Raises:
        ValueError: If ``observed`` is over another number of items.
    """
    if n_items != observed.n_items:
        raise ValueError(f"n_items is {n_items}, but observed has {observed.n_items} items")
    n_free = n_items - observed.count[users]
    has_free = n_free > 0
    n_choices = n_free.masked_fill(~has_free, n_items)
    draw = torch.rand(
        users.shape, dtype=torch.float64, generator=generator, device=generator.device
    )
    place = to_device(draw, users.device) * n_choices
    rank = place.long().clamp(max=n_choices - 1)  # rounding may reach n_choices
    safe_rank = rank.masked_fill(~has_free, 0)
    return torch.where(has_free, observed.unobserved(users, safe_rank), rank)
