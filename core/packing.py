"""Results of stages as named arrays, as :class:`core.stages.Stages` keeps them, and back.

Texts are kept as one UTF-8 buffer with offsets: an array of strings gives each the room of the
longest, and there are two reasons for every judged pair.

Shape letters: N texts, P judged pairs, E train interactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from core.relevance.alignment import Alignment
from core.scoring.evidence import Evidence
from core.scoring.insertions import Insertions
from core.scoring.posterior import Posterior
from core.scoring.stand_ins import Pairs
from core.stages import Arrays
from core.train.final import FinalTraining
from core.train.out_of_fold import OutOfFold
from core.train.trainer import TrainResult
from core.types import PERSON, FloatArray, IntArray, InteractionScores, Judgements

WEIGHT = "parameter "
"""Before the name of a trained parameter among the arrays of the final training."""
CALL, TARGET = "call ", "target "
"""Before the name of a column of the calls, and of what was asked in them, among the arrays of the
judging."""


def pack_texts(name: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Texts as ``name``, their UTF-8 bytes, and ``name_at``, where each begins, ``(N + 1,)``."""
    encoded = [text.encode() for text in texts]
    return {
        name: np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}_at": np.cumsum([0, *map(len, encoded)], dtype=np.int64),
    }


def texts_of(arrays: Arrays, name: str, rows: IntArray | None = None) -> list[str]:
    """Read back what :func:`pack_texts` made: all texts, or those of some rows in that order."""
    content, at = arrays[name].tobytes(), arrays[f"{name}_at"]
    wanted = np.arange(len(at) - 1) if rows is None else rows
    begin, end = at[wanted].tolist(), at[wanted + 1].tolist()
    return [content[b:e].decode() for b, e in zip(begin, end, strict=True)]


def pack_alignment(found: Alignment) -> dict[str, Any]:
    """All fields by name, the history as rows of numbers."""
    return {
        "user": found.user,
        "item": found.item,
        "fold": found.fold,
        "fold_user": found.fold_user,
        "fold_item": found.fold_item,
        "out_of_fold": found.out_of_fold,
        "history": np.array([tuple(record) for record in found.history], np.float64),
    }


def pack_judgements(judgements: Judgements) -> dict[str, Any]:
    """All fields by name."""
    return {
        "user": judgements.user,
        "item": judgements.item,
        "observed": judgements.observed,
        "control": judgements.control,
        "user_grade": judgements.user_grade,
        "item_grade": judgements.item_grade,
        "user_support": judgements.user_support,
        "item_support": judgements.item_support,
        **pack_texts("user_reason", judgements.user_reason),
        **pack_texts("item_reason", judgements.item_reason),
        "judge": judgements.judge,
        "n_unparsed": judgements.n_unparsed,
    }


def judgements_of(judged: Arrays) -> Judgements:
    """Rebuild the judgements from the arrays of their stage."""
    return Judgements(
        user=judged["user"],
        item=judged["item"],
        observed=judged["observed"],
        control=judged["control"],
        user_grade=judged["user_grade"],
        item_grade=judged["item_grade"],
        user_reason=tuple(texts_of(judged, "user_reason")),
        item_reason=tuple(texts_of(judged, "item_reason")),
        judge=str(judged["judge"]),
        n_unparsed=int(judged["n_unparsed"]),
        user_support=judged["user_support"],
        item_support=judged["item_support"],
    )


def pack_columns(prefix: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Columns of a table, texts or numbers, each named by ``prefix`` and its name."""
    packed: dict[str, Any] = {}
    for name, values in columns.items():
        if len(values) and isinstance(values[0], str):
            packed |= pack_texts(prefix + name, values)
        else:
            packed[prefix + name] = np.asarray(values)
    return packed


def columns_of(arrays: Arrays, prefix: str) -> dict[str, Any] | None:
    """Read back what :func:`pack_columns` made; None if there are none."""
    names = [name.removeprefix(prefix) for name in arrays if name.startswith(prefix)]
    texts = {name.removesuffix("_at") for name in names if name.endswith("_at")}
    found = {
        name: texts_of(arrays, prefix + name) if name in texts else arrays[prefix + name]
        for name in names
        if not name.endswith("_at")
    }
    return found or None


def pack_out_of_fold(pairs: Pairs, found: OutOfFold, seen: Insertions) -> dict[str, Any]:
    """The pairs, and what backbones say that have not seen them, and that have."""
    return {
        "user": pairs.user,
        "item": pairs.item,
        "fold": pairs.fold,
        "left_out": pairs.left_out,
        "loss": found.loss,
        "among_items": found.place.among_items,
        "among_users": found.place.among_users,
        "user_vector": found.user,
        "item_vector": found.item,
        "inserted_row": seen.row,
        "fitted_score": seen.score,
        "inserted_score": seen.stand_in_score,
    }


def pairs_of(behaviour: Arrays, n_observed: int) -> Pairs:
    """Rebuild train interactions and stand-ins from the out-of-fold stage."""
    return Pairs(
        behaviour["user"], behaviour["item"], behaviour["fold"], behaviour["left_out"], n_observed
    )


def pack_signals(evidence: Evidence, found: Posterior) -> dict[str, Any]:
    """Signals and p_noisy of the train interactions alone, ``(E,)`` each."""
    third = max(len(evidence.loss) // 3, 1)
    own = slice(0, len(found.p_noisy))
    return {
        "loss": evidence.loss[-third:, own].mean(axis=0),
        "loss_mean": evidence.loss[:, own].mean(axis=0),
        "loss_variability": evidence.loss[:, own].std(axis=0),
        "score": evidence.score_among_items[own],
        "semantic": evidence.semantic[own],
        "semantic_among_users": evidence.semantic_among_users[own],
        "text_among_users": evidence.text_among_users[own],
        "user_grade": evidence.user_grade[own],
        "item_grade": evidence.item_grade[own],
        "p_noisy": found.p_noisy,
        "from_language": found.from_language,
        "from_behaviour": found.from_behaviour,
        "from_grades": found.from_grades,
        "log_popularity": evidence.log_popularity[own],
        "noise_rate": found.noise_rate,
    }


def scores_of(scored: Arrays) -> InteractionScores:
    """Rebuild the scores of the train interactions from the arrays of their stage."""
    user_grade, item_grade = scored["user_grade"], scored["item_grade"]
    asked = user_grade >= 0
    logical = np.where(asked, (user_grade + item_grade) / 2.0, np.nan).astype(np.float32)
    return InteractionScores(
        loss=scored["loss"],
        loss_mean=scored["loss_mean"],
        loss_variability=scored["loss_variability"],
        score=scored["score"],
        semantic=scored["semantic"],
        user_grade=user_grade,
        item_grade=item_grade,
        logical=logical,
        p_noisy=scored["p_noisy"],
        verdict=scored["verdict"],
        by_person=scored["decided_by"] == PERSON,
        taught=scored.get("taught", np.zeros(0, np.bool_)),  # runs begun by earlier versions
    )


def pack_training(result: TrainResult) -> dict[str, Any]:
    """Embeddings of the best epoch, recorded losses, and the metrics of every epoch."""
    epoch, name, value = history_rows(result.history)
    return {
        "user": result.embeddings.user,
        "item": result.embeddings.item,
        "best_epoch": result.best_epoch,
        "recorded": result.recorded,
        "metric_epoch": epoch,
        "metric_name": name,
        "metric_value": value,
    }


def pack_final(found: FinalTraining) -> dict[str, Any]:
    """The best training with its graph, and how the presets compare on validation."""
    graph = found.graph
    return {
        **pack_training(found.result),
        **{WEIGHT + name: value for name, value in found.result.weights.items()},
        "preset": graph.preset,
        "edge_user": graph.user,
        "edge_item": graph.item,
        "edge_origin": graph.origin,
        "edge_weight": graph.weight,
        "edge_rescued": graph.rescued,
        "edge_decided": graph.decided_by,
        "valid_by_preset": np.array([*found.recall.values()]),
        "presets": np.array([*found.recall], dtype=np.str_),
    }


def weights_of(trained: Arrays) -> dict[str, FloatArray]:
    """Trained parameters of the best epoch by name."""
    names = [name for name in trained if name.startswith(WEIGHT)]
    return {name.removeprefix(WEIGHT): trained[name] for name in names}


def history_rows(
    history: Iterable[Mapping[str, float]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Epoch metrics as long columns: epoch, name, value."""
    rows = [(row["epoch"], name, row[name]) for row in history for name in row if name != "epoch"]
    epoch, name, value = zip(*rows, strict=True) if rows else ((), (), ())
    return (
        np.array(epoch, np.int64),
        np.array(name, dtype=np.str_),
        np.array(value, np.float64),
    )
