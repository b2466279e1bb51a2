"""Hard negatives: a pool of high-scored unobserved items per user, chosen from by meaning.

A high score alone also finds false negatives: items the user would like. Of a few pool items
the one that is semantically furthest from the user is taken, so likely false negatives lose.

Shape letters: U users, I items, M pool size, C items considered per user, D embedding size,
B batch, n candidates drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from core.model.sampling import Observed, sample_uniform_negatives
from core.model.transfer import to_device
from core.parallel.group import ALONE, Group
from core.types import Interactions

Semantic: TypeAlias = Callable[[Tensor, Tensor], Tensor] | tuple[Tensor, Tensor]
"""Semantic relevance: a function of users ``(B, 1)`` and items ``(B, n)`` giving ``(B, n)``, or
the aligned embeddings z of users ``(U, D)`` and items ``(I, D)``, compared by cosine."""

DRAWN_AT_ONCE = 2**20
"""Numbers that are drawn in order to be skipped."""
USERS_AT_ONCE = 256
"""Users scored in one block: bounds memory to this many times C * D floats."""


class HardNegativePool:
    """M unobserved items per user that the model scores highest, renewed a part at a time.

    Items of one user's pool are distinct. Where a user has fewer than M items to choose from,
    they are repeated to fill the row; a user with every item has a row of any items.

    Args:
        n_users: U.
        n_items: I.
        size: M; a catalogue of fewer items lowers it to I.
        observed: Pairs never to put in the pool.
        generator: Source of the first pool and of the fresh items of each refresh.
        excluded: Further pairs to keep out, e.g. edges that refinement added.

    Raises:
        ValueError: If ``size`` is not positive or ``observed`` is over other users or items.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        size: int,
        observed: Observed,
        generator: torch.Generator,
        excluded: Interactions | None = None,
    ) -> None:
        """Fill the first pool at random."""
        if size < 1:
            raise ValueError(f"size is {size}, need 1 or more")
        if (n_users, n_items) != (observed.n_users, observed.n_items):
            raise ValueError(f"observed is over {observed.n_users} users, {observed.n_items} items")
        self.n_users = n_users
        self.n_items = n_items
        self.size = min(size, n_items)
        self._banned = observed if excluded is None else observed.including(excluded)
        self._generator = generator
        # Random scores make the first pool a random one.
        considered = self._fresh(2)
        noise = torch.rand(considered.shape, generator=generator, device=generator.device)
        self.item = self._keep_best(considered, to_device(noise, considered.device))
        """The pool, item numbers, int64 ``(U, M)``; best-scored first after a refresh."""

    @torch.no_grad()
    def refresh(self, user_rep: Tensor, item_rep: Tensor, group: Group = ALONE) -> None:
        """Let M fresh uniform items join the pool and keep the M best-scored of all.

        A catalogue of at most 2 M items is scored as a whole instead.

        Args:
            user_rep: User vectors, ``(U, D)``.
            item_rep: Item vectors, ``(I, D)``; score = dot product.
            group: Processes to split the users over; all have the result.
        """
        considered = self._fresh(1)  # (U, C)
        if considered.shape[1] < self.n_items:
            considered = torch.cat([self.item, considered], dim=1)
        part = group.part(self.n_users)
        considered, user_rep = considered[part], user_rep[part]
        score = torch.cat(
            [
                torch.bmm(item_rep[block], user_rep[start : start + USERS_AT_ONCE, :, None])[..., 0]
                for start, block in zip(
                    range(0, max(len(user_rep), 1), USERS_AT_ONCE),
                    torch.split(considered, USERS_AT_ONCE),
                    strict=True,
                )
            ]
        )
        best = self._keep_best(considered, score, part.start)
        self.item = group.rows(best, self.n_users)

    @torch.no_grad()
    def draw(
        self, users: Tensor, n_candidates: int, semantic: Semantic, generator: torch.Generator
    ) -> Tensor:
        """Draw n different places of each user's pool; return the item with the lowest s.

        One candidate is a plain hard negative, M candidates a plain arg-min over the pool.

        Args:
            users: User of each positive, int64 ``(B,)``.
            n_candidates: n; more than M means M.
            semantic: Semantic relevance s.
            generator: Source of the draw.

        Returns:
            Item numbers, int64 ``(B,)``.

        Raises:
            ValueError: If ``n_candidates`` is not positive.
        """
        if n_candidates < 1:
            raise ValueError(f"n_candidates is {n_candidates}, need 1 or more")
        place = _random_subsets(len(users), self.size, min(n_candidates, self.size), generator)
        candidate = self.item[users[:, None], place.to(users.device)]  # (B, n)
        if candidate.shape[1] == 1:
            return candidate[:, 0]
        lowest = _relevance(semantic, users[:, None], candidate).argmin(dim=1, keepdim=True)
        return candidate.gather(1, lowest)[:, 0]

    def _fresh(self, times: int) -> Tensor:
        """Items to consider: ``times * M`` uniform ones per user, or a small catalogue whole."""
        device = self._banned.device
        user = torch.arange(self.n_users, device=device)[:, None]
        if self.n_items <= 2 * self.size:
            return torch.arange(self.n_items, device=device).repeat(self.n_users, 1)
        users = user.expand(self.n_users, times * self.size)
        return sample_uniform_negatives(users, self._banned, self.n_items, self._generator)

    def _keep_best(self, considered: Tensor, score: Tensor, first: int = 0) -> Tensor:
        """The M best-scored distinct allowed items of users from ``first`` on.

        ``(U, C)`` to ``(U, M)``.
        """
        considered, order = considered.sort(dim=1)
        user = torch.arange(first, first + len(considered), device=considered.device)[:, None]
        out = self._banned.contains(user, considered)
        out[:, 1:] |= considered[:, 1:] == considered[:, :-1]
        score = score.gather(1, order).masked_fill_(out, -torch.inf)
        best, place = score.topk(self.size, dim=1)
        n_good = (best > -torch.inf).sum(dim=1, keepdim=True)
        n_good = n_good.masked_fill(n_good == 0, self.size)  # every item is banned: any item
        repeat = torch.arange(self.size, device=considered.device) % n_good  # (U, M)
        return considered.gather(1, place.gather(1, repeat))


def skip_first_pool(n_users: int, n_items: int, size: int, generator: torch.Generator) -> None:
    """Draw as often as a first pool does, and keep nothing.

    A seed then means the same training whether there is a pool or not, without room for one.
    """
    size = min(size, n_items)
    n_fresh = 0 if n_items <= 2 * size else 2 * n_users * size
    n_noise = n_fresh or n_users * n_items
    for n, dtype in ((n_fresh, torch.float64), (n_noise, torch.float32)):
        for start in range(0, n, DRAWN_AT_ONCE):
            n_now = min(DRAWN_AT_ONCE, n - start)
            torch.rand(n_now, dtype=dtype, generator=generator, device=generator.device)


def _relevance(semantic: Semantic, user: Tensor, item: Tensor) -> Tensor:
    if callable(semantic):
        return semantic(user, item)
    z_user, z_item = semantic
    return functional.cosine_similarity(z_user[user], z_item[item], dim=-1)  # (B, n)


def _random_subsets(n_rows: int, n_total: int, n_draw: int, generator: torch.Generator) -> Tensor:
    """A uniform random subset of 0..n_total-1 per row, int64 ``(n_rows, n_draw)``.

    Source: Bentley and Floyd, "A sample of brilliance", CACM 1987: n_draw draws per row, none
    of them rejected.
    """
    device = generator.device
    if n_draw == n_total:
        return torch.arange(n_total, device=device).expand(n_rows, n_total)
    chosen = torch.full((n_rows, n_draw), -1, device=device)
    for column, last in enumerate(range(n_total - n_draw, n_total)):
        draw = torch.randint(last + 1, (n_rows,), generator=generator, device=device)
        taken = (chosen == draw[:, None]).any(dim=1)
        chosen[:, column] = torch.where(taken, last, draw)
    return chosen
