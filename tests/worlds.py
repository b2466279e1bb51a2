"""Small datasets with a planted structure that tests know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from core.config import RunConfig
from core.data.dataset import fingerprint
from core.scoring import posterior
from core.types import Dataset, Interactions, Items, Users

N_TASTES = 4
WORDS = (
    "spaceship alien galaxy robot orbit",
    "horse saloon sheriff desert duel",
    "wedding kiss letter summer waltz",
    "ghost cellar scream midnight crypt",
)
"""What the texts of each taste are made of."""

TINY_RUN = {
    "text": {"encoder": "hashing"},
    "alignment": {"size": 8, "folds": 3, "epochs": 6, "learning_rate": 1e-2},
    "backbone": {"embedding_size": 8, "n_layers": 2},
    "pretrain": {"epochs": 6, "batch_size": 128, "eval_every": 2, "learning_rate": 2e-2},
    "train": {
        "epochs": 5,
        "batch_size": 128,
        "eval_every": 2,
        "warmup_epochs": 2,
        "fresh": 0,  # the pool has more to go wrong
        "candidates": 2,
        "pool": 8,
        "learning_rate": 2e-2,
        "lambda_alignment": 0.001,  # what is off by default has more to go wrong, too
        "lambda_hallucination": 0.001,
    },
    "scoring": {"folds": 2},
    "projection": {"method": "pca"},
}
"""Settings with which a whole run on :func:`tastes` takes about a second."""


def tiny_run(**changes) -> RunConfig:
    """Settings of a tiny run; ``section={"field": value}`` replaces single fields."""
    settings = dict(TINY_RUN)
    for name, value in changes.items():
        settings[name] = {**settings.get(name, {}), **value} if isinstance(value, dict) else value
    return RunConfig.model_validate(settings)


def fewer_trees(patch: pytest.MonkeyPatch) -> None:
    """Let the classifiers behind p_noisy grow fewer and coarser trees: a tenth of the time."""
    coarse = {"max_iter": 30, "learning_rate": 0.15, "max_bins": 24}

    def small(**options):
        return HistGradientBoostingClassifier(**options | coarse)

    patch.setattr(posterior, "HistGradientBoostingClassifier", small)


def pairs(user, item, n_users: int, n_items: int) -> Interactions:
    """Interactions from two lists of numbers."""
    return Interactions(
        np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64), n_users, n_items
    )


def dataset(
    train: Interactions,
    valid: Interactions | None = None,
    test: Interactions | None = None,
    titles: tuple[str, ...] | None = None,
    **items,
) -> Dataset:
    """A dataset around some train interactions; without ``titles`` all texts are empty."""
    n_users, n_items = train.n_users, train.n_items
    nothing = pairs([], [], n_users, n_items)
    made = Dataset(
        "tiny",
        train,
        valid or nothing,
        test or nothing,
        Users(tuple(f"u{k}" for k in range(n_users)), ("",) * n_users),
        Items(
            tuple(f"i{k}" for k in range(n_items)),
            titles or ("",) * n_items,
            ("",) * n_items,
            **items,
        ),
        "",
    )
    return stamped(made)


def stamped(data: Dataset, **changes) -> Dataset:
    """The dataset with some fields changed and its fingerprint made to fit."""
    changed = replace(data, **changes)
    return replace(changed, fingerprint=fingerprint(changed))


def tastes(
    n_users: int = 60, n_items: int = 48, n_noise: int = 2, seed: int = 0
) -> tuple[Dataset, np.ndarray]:
    """Users and items of four tastes (number modulo 4), and uniform misclicks across tastes.

    Each user has two thirds of the items of the taste, one of which is held out for validation
    and one for testing, and ``n_noise`` items of other tastes in train. Texts name the taste.

    Returns:
        The dataset, and which train interactions are noise, bool ``(E,)``.
    """
    rng = np.random.default_rng(seed)
    taste = np.arange(n_items) % N_TASTES
    rows: dict[str, list[tuple[int, int]]] = {"train": [], "valid": [], "test": []}
    noise = []
    for user in range(n_users):
        own = rng.permutation(np.flatnonzero(taste == user % N_TASTES))
        own = own[: max(2 * len(own) // 3, 3)]
        foreign = rng.permutation(np.flatnonzero(taste != user % N_TASTES))[:n_noise]
        rows["valid"].append((user, own[0]))
        rows["test"].append((user, own[1]))
        rows["train"] += [(user, item) for item in sorted([*own[2:], *foreign])]
        noise += [taste[item] != user % N_TASTES for item in sorted([*own[2:], *foreign])]
    parts = {name: pairs(*np.array(found).T, n_users, n_items) for name, found in rows.items()}
    words = [WORDS[k].split() for k in taste]
    titles = tuple(
        f"{' '.join(rng.permutation(of_taste)[:3])} number{k}" for k, of_taste in enumerate(words)
    )
    made = dataset(
        parts["train"],
        parts["valid"],
        parts["test"],
        titles,
        attributes={"genre": tuple((of_taste[0],) for of_taste in words)},
        group=tuple(str(k) for k in taste),
    )
    return made, np.array(noise)
