"""The tables of an invented run, as docs/run-folder.md has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.synthetic import HARD, KINDS, N_GROUPS, NOISE, VERDICTS, World

Named = Iterator[tuple[str, pa.Table]]

HISTORY: Final = pa.schema(
    [("row", pa.int64()), ("epoch", pa.int64()), ("loss", pa.float32()),
     ("loss_in_sample", pa.float32())]
)  # fmt: skip
CHUNK: Final = 100_000
MEASURES: Final = ("loss", "rec", "decay", "de", "hal", "layers", "recall@20", "ndcg@20")
"""Of the final training."""
GENRES: Final = ("Drama", "Comedy", "Documentary", "Science Fiction", "Crime", "Romance", "War")
HEADS: Final = ("The Long", "A Quiet", "Return of the", "Über", "<i>Last</i>", "Nights of", "My")
TAILS: Final = ("Harbour", "Orchard", "Signal", "Winter", "Machine", "Été", "& Sons", "River")
RAW_SIZE: Final = 32
ALIGNED_SIZE: Final = 16


def of_dataset(world: World, rng: np.random.Generator) -> Named:
    """Yield name and table of each file of the dataset."""
    n_users, n_items = len(world.user_group), len(world.item_group)
    n_train = len(world.user)
    stamps = pa.array(1.7e9 + np.floor(rng.random(n_train) * 3e7))
    yield "train", pa.table({
        **_pair_ids(world.user, world.item), "user": world.user, "item": world.item,
        "timestamp": stamps, "position": rng.integers(1, 20, n_train).astype(float),
    })  # fmt: skip
    for part in ("valid", "test"):
        # Same law, other pairs; that a few are in train too does not matter for a page.
        rows = np.sort(rng.choice(n_train, max(1, n_train // 10), replace=False))
        user, item = world.user[rows], np.roll(world.item[rows], 7)
        yield part, pa.table({**_pair_ids(user, item), "user": user, "item": item})
    yield "users", pa.table({"user_id": _ids("u", np.arange(n_users)), "text": [""] * n_users})
    genres = [[GENRES[group % 7], GENRES[(group * 5 + 3) % 7]] for group in world.item_group]
    yield "items", pa.table({
        "item_id": _ids("i", np.arange(n_items)), "title": _titles(n_items),
        "text": _chosen(["An invented film about nothing.", "A synthetic text."], n_items),
        "group": _groups(world.item_group), "attribute:genres": genres,
    })  # fmt: skip
    planted = np.flatnonzero(world.kind)
    yield "truth", pa.table({
        "user": world.user[planted], "item": world.item[planted],
        "kind": _words(KINDS, world.kind[planted]),
    })  # fmt: skip


def of_run(world: World, rng: np.random.Generator) -> Named:
    """Yield name and table of each file of the run but ``loss_history``."""
    planted = np.flatnonzero(world.kind)
    kind = world.kind[planted]
    yield "interactions", _interactions(world)
    yield "judgements", _judgements(world, rng)
    yield "edges", _edges(world, rng)
    yield "kinds", pa.table({
        "row": planted, "kind": _words(KINDS, kind), "noise": kind <= len(NOISE),
        "hard": kind > len(KINDS) - 1 - len(HARD),
    })  # fmt: skip
    yield "metrics", _metrics()
    yield from _nodes(world, rng)


def loss_history(world: World, epochs: int, rng: np.random.Generator) -> Iterator[pa.Table]:
    """Yield ``loss_history`` in parts, by row and epoch."""
    end = world.signals["loss"]
    for start in range(0, len(end), CHUNK):
        part = end[start : start + CHUNK]
        falls = np.linspace(0, 1, epochs, dtype=np.float32)
        curve = 0.69 + (part[:, None] - 0.69) * falls + rng.normal(0, 0.05, (len(part), epochs))
        loss = np.maximum(curve, 0).astype(np.float32)
        row = np.repeat(np.arange(start, start + len(part)), epochs)
        epoch = np.tile(np.arange(1, epochs + 1), len(part))
        inside = (loss * 0.7).ravel()
        yield pa.table([row, epoch, loss.ravel(), inside], schema=HISTORY)


def _interactions(world: World) -> pa.Table:
    n = len(world.user)
    asked = world.grades[:, 0] >= 0
    every = _titles(len(world.item_group))
    titles = pa.DictionaryArray.from_arrays(world.item.astype(np.int32), every)
    said = ["", "Shares a genre with most of the history.", "Nothing alike in the history."]
    reason = np.where(asked, np.where(world.grades[:, 0] >= 1, 1, 2), 0)
    told = ("Fits the user's taste.", "Fits badly, yet both views speak for it.",
            "Fits badly, and the evidence speaks against it.")  # fmt: skip
    return pa.table({
        "row": np.arange(n), "user": world.user, "item": world.item,
        **_pair_ids(world.user, world.item), "title": titles.cast(pa.string()), **world.signals,
        "user_grade": world.grades[:, 0], "item_grade": world.grades[:, 1],
        "user_reason": _words(said, reason), "item_reason": _words(said, reason),
        "low_scored": world.low_scored, "verdict": _words(VERDICTS, world.verdict),
        "explanation": _words(told, world.verdict),
    })  # fmt: skip


def _judgements(world: World, rng: np.random.Generator) -> pa.Table:
    asked = np.flatnonzero(world.grades[:, 0] >= 0)
    others = max(1, len(asked) // 2)
    user = np.concatenate([world.user[asked], rng.integers(0, len(world.user_group), others)])
    item = np.concatenate([world.item[asked], rng.integers(0, len(world.item_group), others)])
    observed = np.arange(len(user)) < len(asked)
    control = ~observed & (rng.random(len(user)) < 0.3)
    grades = np.concatenate([world.grades[asked], rng.integers(0, 3, (others, 2), dtype=np.int8)])
    both_high = (grades == 2).all(axis=1)
    low = np.concatenate([world.low_scored[asked], np.zeros(others, bool)])
    by_grades = np.select(
        [control, ~observed & both_high, ~observed, ~low, both_high], [5, 3, 4, 0, 1], 2
    )
    names = ("clean", "hard", "noisy", "hidden like", "hard negative", "control")
    titles = pa.DictionaryArray.from_arrays(item.astype(np.int32), _titles(len(world.item_group)))
    reasons = _words(("Nothing alike.", "Some overlap.", "Close in genre."), grades[:, 0])
    support = ((grades + rng.random(grades.shape)) / 3).astype(np.float32)
    return pa.table({
        "user": user, "item": item, **_pair_ids(user, item), "title": titles.cast(pa.string()),
        "observed": observed, "control": control, "user_grade": grades[:, 0],
        "item_grade": grades[:, 1], "user_support": support[:, 0], "item_support": support[:, 1],
        "user_reason": reasons, "item_reason": reasons, "by_grades": _words(names, by_grades),
    })  # fmt: skip


def _edges(world: World, rng: np.random.Generator) -> pa.Table:
    n_added = max(1, len(world.user) // 20)
    n_items = len(world.item_group)
    taken = world.user * n_items + world.item
    drawn = np.unique(rng.integers(0, len(world.user_group) * n_items, n_added))
    added_user, added_item = np.divmod(np.setdiff1d(drawn, taken), n_items)
    user = np.concatenate([world.user, added_user])
    item = np.concatenate([world.item, added_item])
    observed = np.arange(len(user)) < len(world.user)
    p_noisy = np.concatenate([world.signals["p_noisy"], np.zeros(len(added_user), np.float32)])
    noisy = np.concatenate([world.verdict == 2, np.zeros(len(added_user), bool)])
    dropped = noisy & (p_noisy > 0.6)
    weight = np.where(dropped, 0, np.where(noisy, 0.5, 1)).astype(np.float32)
    reason = np.select([~observed, dropped, noisy], [3, 2, 1], 0)
    told = ("not touched", "perhaps noise: weakened", "noise: dropped", "both grades High: added")
    return pa.table({
        "user": user, "item": item, **_pair_ids(user, item), "in_original": observed,
        "in_refined": ~dropped,
        "origin": _words(("kept", "dropped", "added"), np.select([~observed, dropped], [2, 1], 0)),
        "weight": weight, "reason": _words(told, reason),
    })  # fmt: skip


def _nodes(world: World, rng: np.random.Generator) -> Named:
    """Tables with one row per node: blobs by group, tighter after alignment."""
    group = np.concatenate([world.user_group, world.item_group])
    n_users, n_items = len(world.user_group), len(world.item_group)
    node = {
        "kind": pa.concat_arrays([_same("user", n_users), _same("item", n_items)]),
        "number": np.concatenate([np.arange(n_users), np.arange(n_items)]),
    }
    ids = pa.concat_arrays([_ids("u", np.arange(n_users)), _ids("i", np.arange(n_items))])
    sizes = {"raw": RAW_SIZE, "aligned": ALIGNED_SIZE, "plain": 16, "refined": 16}
    vectors = {name: _vectors(group, size, rng) for name, size in sizes.items()}
    profile = {"text": _chosen(["Likes invented films.", "Watches whatever is on."], len(group))}
    yield (
        "embeddings",
        pa.table(
            {**node, "id": ids, "raw": vectors["raw"], "aligned": vectors["aligned"], **profile}
        ),
    )
    yield "vectors", pa.table({**node, "plain": vectors["plain"], "refined": vectors["refined"]})
    places = {}
    for name, spread in (("raw", 2.2), ("aligned", 0.9)):
        angle = np.linspace(0, 2 * np.pi, N_GROUPS, endpoint=False)
        radius = rng.uniform(4, 9, N_GROUPS)
        noise = rng.standard_normal((2, len(group))) * rng.gamma(3, spread / 3, len(group))
        places[f"x_{name}"] = (np.cos(angle) * radius)[group] + noise[0]
        places[f"y_{name}"] = (np.sin(angle) * radius)[group] + noise[1]
    yield "projection", pa.table({
        **node, "id": ids,
        "title": pa.concat_arrays([_ids("u", np.arange(n_users)), _titles(n_items)]),
        "group": pa.concat_arrays([_same("", n_users), _groups(world.item_group)]),
        **{name: value.astype(np.float32) for name, value in places.items()},
    })  # fmt: skip


def _metrics() -> pa.Table:
    rows: list[dict[str, Any]] = []
    for stage, names in (("pretrain", ("loss", "recall@20", "ndcg@20")),
                         ("train", MEASURES),
                         ("align final", ("loss", "held_out"))):  # fmt: skip
        for name in names:
            up = "@" in name
            rows += [
                {"stage": stage, "epoch": epoch, "name": name,
                 "value": 0.2 - 0.18 / epoch if up else 0.1 + 0.6 / epoch}
                for epoch in range(1, 61)
            ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def _vectors(group: np.ndarray, size: int, rng: np.random.Generator) -> pa.Array:
    """Unit vectors by node that lie near those of their group."""
    centres = rng.standard_normal((N_GROUPS, size)).astype(np.float32)
    drawn = centres[group] + 0.8 * rng.standard_normal((len(group), size), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return pa.FixedSizeListArray.from_arrays(drawn.ravel(), size)


def _pair_ids(user: np.ndarray, item: np.ndarray) -> dict[str, pa.Array]:
    return {"user_id": _ids("u", user), "item_id": _ids("i", item)}


def _ids(letter: str, number: np.ndarray) -> pa.Array:
    """Ids that sort as their numbers do."""
    every = pa.array([f"{letter}{place:06d}" for place in range(int(number.max()) + 1)])
    return every.take(pa.array(number))


def _titles(n_items: int) -> pa.Array:
    return pa.array(
        f"{HEADS[place % 7]} {TAILS[place // 7 % 8]} {place:,}" for place in range(n_items)
    )


def _groups(group: np.ndarray) -> pa.Array:
    return _words([f"niche {place + 1:02d}" for place in range(N_GROUPS)], group)


def _words(words: Sequence[str], place: np.ndarray) -> pa.Array:
    return pa.array(list(words)).take(pa.array(place.astype(np.int64)))


def _chosen(words: list[str], n: int) -> pa.Array:
    return _words(words, np.arange(n) % len(words))


def _same(word: str, n: int) -> pa.Array:
    return pa.repeat(word, n)
