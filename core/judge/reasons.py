"""Reasons in words: each cites the facts that a grade rests on, in at most 40 words.

Shape letters: B pairs of a block, V attribute values.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.judge import REASON_WORDS, JudgePairs
from core.judge.item_view import ItemView
from core.judge.measure import Measures, own_share
from core.judge.user_view import UserView, attribute_weights
from core.types import Items

TITLE_WORDS = 7
"""Longer titles are cut: three of them must fit a reason."""
NAMED_VALUES = 2
"""Attribute values named in a user-centric reason."""
MARKED_FROM = 0.2
"""Log ratio from which a shared value is worth naming (a fifth above the catalogue rate) [D]."""


def user_reasons(found: Measures, pairs: JudgePairs, view: UserView) -> list[str]:
    """Say what the item shares with the rest of the user's items."""
    own = own_share(found, pairs)
    count, size, weight = attribute_weights(found, pairs, own)
    matrix, values = found.attributes.matrix, found.attributes.value
    rate = np.asarray(matrix.sum(axis=0)).ravel() / found.n_items
    reasons = []
    for b, item in enumerate(pairs.item):
        has = matrix.indices[matrix.indptr[item] : matrix.indptr[item + 1]]
        best = has[np.argsort(-weight[b, has], kind="stable")]
        best = [v for v in best if weight[b, v] >= MARKED_FROM][:NAMED_VALUES]
        n = int(size[b])
        shared = [
            f"{short(values[v], 4)} ({int(count[b, v])} of {n}, "
            f"{count[b, v] / (n * rate[v]):.1f}x catalogue)"
            for v in best
        ]
        reasons.append(_user_sentence(shared, len(has) > 0, n, view.text[b], view.support[b]))
    return reasons


def item_reasons(found: Measures, items: Items, pairs: JudgePairs, view: ItemView) -> list[str]:
    """Say which items of the history are nearest and how often they go together."""
    count = found.count[pairs.item] - own_share(found, pairs)
    n_users = len(found.size)
    reasons = []
    for b in range(len(pairs)):
        near = [int(k) for k in view.nearest[b] if k >= 0]
        if not near:
            reasons.append("The user has no other item to compare with.")
            continue
        titles = ", ".join(f"'{_name(items, k)}'" for k in near)
        expected = count[b] * found.count[near[0]] / max(n_users, 1)
        together = int(view.together[b])
        ratio = f" ({together / expected:.1f}x chance)" if together and expected > 0 else ""
        reasons.append(
            _cut(
                f"Nearest in the history: {titles}. Fits better than "
                f"{_percent(view.support[b])} of strangers' histories; "
                f"{together} {'user has' if together == 1 else 'users have'} it with the "
                f"first{ratio}."
            )
        )
    return reasons


def _name(items: Items, number: int) -> str:
    """Title of an item, or its id where the title says nothing."""
    return short(items.title[number], TITLE_WORDS) or short(items.id[number], TITLE_WORDS)


@lru_cache(4096)  # the same titles and values come back in most reasons
def short(text: str, n_words: int) -> str:
    """First words of a text, without control characters."""
    words = "".join(c if c.isprintable() else " " for c in text).split()
    kept = " ".join(word[:30] for word in words[:n_words])
    return kept if len(words) <= n_words else f"{kept}…"


def _user_sentence(
    shared: list[str], described: bool, size: int, by_text: float, support: float
) -> str:
    if size == 0:
        return "The user has no other item to compare with."
    if shared:
        first = f"Shares {' and '.join(shared)}."
    elif described:
        first = f"None of its attributes stands out among the user's {size} other items."
    else:
        first = f"Compared with the user's {size} other items."
    text = "" if np.isnan(by_text) else f" Text nearer than {_percent(by_text)} of unchosen items."
    overall = f"Overall a better fit than {_percent(support)} of items never chosen."
    return _cut(f"{first}{text} {overall}")


def _percent(share: float) -> str:
    """Rounded down: 59.7 % is graded Low and must not read 60 %."""
    return f"{int(100 * float(share) + 1e-4)}%"


def _cut(reason: str) -> str:
    words = reason.split()
    return reason if len(words) <= REASON_WORDS else " ".join(words[: REASON_WORDS - 1]) + " …"
