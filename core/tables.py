"""The tables of a run folder, described in docs/run-folder.md.

Shape letters: U users, I items, E train interactions, P judged pairs, K epochs kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.graph.refine import ADDED, DROPPED, ORIGINS
from core.stages import Arrays
from core.types import HIGH, VERDICTS, Dataset, InteractionScores, Judgements

GRADE_NAMES = {-1: "not asked", 0: "Low", 1: "Mid", 2: "High"}


def judgements_of(judged: Arrays) -> Judgements:
    """Rebuild the judgements from the arrays of their stage."""
    return Judgements(
        user=judged["user"],
        item=judged["item"],
        observed=judged["observed"],
        control=judged["control"],
        user_grade=judged["user_grade"],
        item_grade=judged["item_grade"],
        user_reason=tuple(judged["user_reason"].tolist()),
        item_reason=tuple(judged["item_reason"].tolist()),
        judge=str(judged["judge"]),
        n_unparsed=int(judged["n_unparsed"]),
        user_support=judged["user_support"],
        item_support=judged["item_support"],
    )


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
    )


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


def write_all(
    folder: Path,
    dataset: Dataset,
    texts: Arrays,
    aligned: Arrays,
    pretrained: Arrays,
    behaviour: Arrays,
    judged: Arrays,
    scored: Arrays,
    trained: Arrays,
    maps: Arrays,
) -> None:
    """Write every table; each is written aside and moved into place."""
    _write(folder, "interactions", _interactions(dataset, judged, scored))
    _write(folder, "loss_history", _loss_history(dataset, pretrained, behaviour))
    _write(folder, "judgements", _judgements(dataset, judged))
    _write(folder, "edges", _edges(dataset, judged["low"], scored, trained))
    _write(folder, "embeddings", _embeddings(dataset, texts, aligned))
    _write(folder, "projection", _projection(dataset, maps))
    _write(folder, "metrics", _metrics(aligned, pretrained, trained))


def _write(folder: Path, name: str, columns: Mapping[str, Any]) -> None:
    path = folder / f"{name}.parquet"
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    pq.write_table(pa.table(dict(columns)), aside)
    os.replace(aside, path)


def _pick(values: tuple[str, ...], number: np.ndarray) -> list[str]:
    return [values[k] for k in number.tolist()]


def _reasons(dataset: Dataset, judged: Arrays) -> tuple[list[str], list[str]]:
    """Both reasons of each train interaction, empty where not judged."""
    train = dataset.train
    asked = np.flatnonzero(judged["observed"])
    key = judged["user"][asked] * np.int64(train.n_items) + judged["item"][asked]
    place = dict(zip(key.tolist(), asked.tolist(), strict=True))
    found = [place.get(key) for key in train.key().tolist()]
    columns = []
    for name in ("user_reason", "item_reason"):
        texts = judged[name].tolist()
        columns.append(["" if row is None else texts[row] for row in found])
    return columns[0], columns[1]


def _interactions(dataset: Dataset, judged: Arrays, scored: Arrays) -> dict[str, Any]:
    train, scores = dataset.train, scores_of(scored)
    user_reason, item_reason = _reasons(dataset, judged)
    all_judged = bool((scores.user_grade >= 0).all())
    return {
        "row": np.arange(len(train)),
        "user": train.user,
        "item": train.item,
        "user_id": _pick(dataset.users.id, train.user),
        "item_id": _pick(dataset.items.id, train.item),
        "title": _pick(dataset.items.title, train.item),
        "loss": scores.loss,
        "loss_mean": scores.loss_mean,
        "loss_variability": scores.loss_variability,
        "score": scores.score,
        "semantic": scores.semantic,
        "semantic_among_users": scored["semantic_among_users"],
        "text_among_users": scored["text_among_users"],
        "logical": scores.logical,
        "user_grade": scores.user_grade,
        "item_grade": scores.item_grade,
        "user_reason": user_reason,
        "item_reason": item_reason,
        "low_scored": judged["low"],
        "from_language": scored["from_language"],
        "from_behaviour": scored["from_behaviour"],
        "from_grades": scored["from_grades"],
        "p_noisy": scores.p_noisy,
        "verdict": [VERDICTS[k] for k in scores.verdict.tolist()],
        "explanation": [_explain(scored, row, all_judged) for row in range(len(train))],
    }


def _explain(scored: Arrays, row: int, all_judged: bool) -> str:
    """Say in one sentence what led to a verdict; every number is a column of the table."""
    name = VERDICTS[int(scored["verdict"][row])]
    grades = [GRADE_NAMES[int(scored[view][row])] for view in ("user_grade", "item_grade")]
    asked = "not judged" if grades[0] == "not asked" else f"grades {grades[0]} and {grades[1]}"
    parts = {
        "texts and grades" if all_judged else "texts": float(scored["from_language"][row]),
        "behaviour": float(scored["from_behaviour"][row]),
        "grades": float(scored["from_grades"][row]),
    }
    moved = ", ".join(
        f"{part} {'towards noise' if value > 0 else 'towards genuine'} ({value:+.2f})"
        for part, value in sorted(parts.items(), key=lambda item: -abs(item[1]))
        if abs(value) >= 0.05
    )
    return (
        f"{name}: p_noisy {scored['p_noisy'][row]:.2f} (noisy from "
        f"{float(scored['threshold']):.2f}); the model ranks it above "
        f"{scored['score'][row]:.0%} of the items it has not seen the user choose; {asked}; "
        f"against the average interaction, log-odds moved by {moved or 'nothing much'}."
    )


def _loss_history(dataset: Dataset, pretrained: Arrays, behaviour: Arrays) -> dict[str, Any]:
    """Long table of the losses per epoch, out of fold and in sample where both were kept."""
    n_train = len(dataset.train)
    held_out = behaviour["loss"][:, :n_train]  # (K, E)
    fitted = pretrained["recorded"][: len(held_out)]
    n_epochs = min(len(held_out), len(fitted))
    step = int(pretrained["keep_every"])
    return {
        "row": np.tile(np.arange(n_train), n_epochs),
        "epoch": np.repeat((np.arange(n_epochs) + 1) * step, n_train),
        "loss": held_out[:n_epochs].ravel(),
        "loss_in_sample": fitted[:n_epochs].ravel(),
    }


def _judgements(dataset: Dataset, judged: Arrays) -> dict[str, Any]:
    columns = (
        "observed",
        "control",
        "user_grade",
        "item_grade",
        "user_support",
        "item_support",
    )
    high = (judged["user_grade"] == HIGH) & (judged["item_grade"] == HIGH)
    unobserved = np.where(high, "hidden like", "hard negative")
    low = dataset.train.key()[judged["low"]]
    asked = judged["user"] * np.int64(dataset.train.n_items) + judged["item"]
    fits = np.where(np.isin(asked, low), np.where(high, "hard", "noisy"), "clean")
    outcome = np.where(judged["observed"], fits, unobserved)
    outcome = np.where(judged["control"], "control", outcome)
    keep = _shown(dataset, judged)
    return {
        "user": judged["user"][keep],
        "item": judged["item"][keep],
        "user_id": _pick(dataset.users.id, judged["user"][keep]),
        "item_id": _pick(dataset.items.id, judged["item"][keep]),
        "title": _pick(dataset.items.title, judged["item"][keep]),
        **{name: judged[name][keep] for name in columns},
        "user_reason": judged["user_reason"][keep].tolist(),
        "item_reason": judged["item_reason"][keep].tolist(),
        "by_grades": outcome[keep].tolist(),
    }


def _shown(dataset: Dataset, judged: Arrays) -> np.ndarray:
    """Rows worth keeping: all but the controls beyond one per user, which nobody reads."""
    controls = np.flatnonzero(judged["control"])
    rest = np.flatnonzero(~judged["control"])
    return np.concatenate([rest, controls[: len(dataset.users.id)]])


def _edges(dataset: Dataset, low: np.ndarray, scored: Arrays, trained: Arrays) -> dict[str, Any]:
    origin = trained["edge_origin"]
    n_train = len(dataset.train)
    preset = str(trained["preset"])
    reason = np.full(len(origin), "not touched", dtype=object)
    if preset == "soft":
        reason[:n_train] = [f"weight by p_noisy {p:.2f}" for p in scored["p_noisy"]]
    high = (scored["user_grade"] == HIGH) & (scored["item_grade"] == HIGH)
    if preset == "paper":
        reason[:n_train][low & high] = "low-scored, judged High and High"
    reason[origin == DROPPED] = "low-scored, not High and High"
    reason[trained["edge_rescued"]] = "low-scored, not High and High; kept as a last edge"
    reason[origin == ADDED] = "unobserved, judged High and High"
    return {
        "user": trained["edge_user"],
        "item": trained["edge_item"],
        "user_id": _pick(dataset.users.id, trained["edge_user"]),
        "item_id": _pick(dataset.items.id, trained["edge_item"]),
        "in_original": origin != ADDED,
        "in_refined": origin != DROPPED,
        "origin": [ORIGINS[k] for k in origin.tolist()],
        "weight": trained["edge_weight"],
        "reason": reason.tolist(),
    }


def _nodes(dataset: Dataset) -> dict[str, Any]:
    n_users, n_items = len(dataset.users.id), len(dataset.items.id)
    return {
        "kind": ["user"] * n_users + ["item"] * n_items,
        "number": np.concatenate([np.arange(n_users), np.arange(n_items)]),
        "id": [*dataset.users.id, *dataset.items.id],
    }


def _embeddings(dataset: Dataset, texts: Arrays, aligned: Arrays) -> dict[str, Any]:
    columns = _nodes(dataset)
    for name, found in (("raw", texts), ("aligned", aligned)):
        both = np.concatenate([found["user"], found["item"]]).astype(np.float32)
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(both.ravel()), both.shape[1])
    columns["text"] = [*texts["user_text"].tolist(), *texts["item_text"].tolist()]
    return columns


def _projection(dataset: Dataset, maps: Arrays) -> dict[str, Any]:
    columns = _nodes(dataset)
    group = dataset.items.group or ("",) * len(dataset.items.id)
    columns["title"] = [*dataset.users.id, *dataset.items.title]
    columns["group"] = [""] * len(dataset.users.id) + list(group)
    for name in ("raw", "aligned"):
        columns[f"x_{name}"], columns[f"y_{name}"] = maps[name].T
    return columns


def _metrics(aligned: Arrays, pretrained: Arrays, trained: Arrays) -> dict[str, Any]:
    stage: list[str] = []
    epoch, name, value = [], [], []
    for label, found in (("pretrain", pretrained), ("train", trained)):
        stage += [label] * len(found["metric_epoch"])
        epoch.append(found["metric_epoch"])
        name += found["metric_name"].tolist()
        value.append(found["metric_value"])
    for fold, at, loss, held_out in aligned["history"].tolist():
        label = "align final" if fold < 0 else f"align fold {int(fold)}"
        stage += [label, label]
        epoch.append(np.array([at, at], np.int64))
        name += ["loss", "held_out"]
        value.append(np.array([loss, held_out]))
    return {
        "stage": stage,
        "epoch": np.concatenate(epoch),
        "name": name,
        "value": np.concatenate(value),
    }
