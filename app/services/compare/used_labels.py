"""Labels that decided edges of a run, as the method itself takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from app.services import query
from app.services.compare.pair import columns, table
from app.services.store import Run
from core.config import LabelsConfig
from core.labels import GIVEN_TO_MANY, ORIGIN, held_out_pairs
from core.types import LABELS, BoolArray, GradeArray, Interactions, Labels

UNOBSERVED: Final = ("like", "not")
NODES: Final = ("projection", "embeddings")
"""Tables that know number and id of every node."""


def used_labels(
    run: Run, train: Interactions, verdict: GradeArray, person: BoolArray
) -> Labels | None:
    """What people decided about pairs of a run.

    Args:
        run: Whose labels; without ``labels.parquet`` those of train interactions alone are known.
        train: Its E train interactions.
        verdict: Index into ``VERDICTS``, ``(E,)``; where a person decided it is the label.
        person: Where a person decided, ``(E,)``.

    Returns:
        None if nobody decided anything.
    """
    other = _unobserved(run)
    user = np.concatenate([train.user[person], other["user"].to_numpy(np.int64)])
    if not len(user):
        return None
    item = np.concatenate([train.item[person], other["item"].to_numpy(np.int64)])
    code = other["label"].map(LABELS.index).to_numpy(np.int8)
    label = np.concatenate([verdict[person], code]).astype(np.int8)
    return Labels(user, item, label, np.zeros(len(user), bool))


def _unobserved(run: Run) -> pd.DataFrame:
    """Likes and nots that the run used: columns ``user``, ``item``, ``label``."""
    settings = run.manifest.settings.get("labels")
    said = settings if isinstance(settings, Mapping) else {}
    nodes = next((name for name in NODES if "id" in columns(run, name)), "")
    known = {"user_id", "item_id", "label"} <= columns(run, "labels")
    if not known or not nodes or said.get("override") is False:
        return pd.DataFrame({"user": [], "item": [], "label": pd.Series([], dtype=object)})
    reserved = query.reserved(run)
    others = ("interactions", *reserved)  # a like of what was observed is misplaced
    elsewhere = " ".join(
        f'AND (u.number, i.number) NOT IN (SELECT ("user", item) FROM {name})' for name in others
    )
    many = f"s.{ORIGIN} IN $many" if ORIGIN in columns(run, "labels") else "NOT s.label IN $labels"
    found = query.ask(
        run,
        f"""
        SELECT u.number AS "user", i.number AS item, s.label, s.user_id, s.item_id, {many} AS many
        FROM said s JOIN {nodes} u ON u.kind = 'user' AND u.id = s.user_id
                    JOIN {nodes} i ON i.kind = 'item' AND i.id = s.item_id
        WHERE s.label IN $labels {elsewhere} ORDER BY 1, 2
        """,
        {"labels": list(UNOBSERVED)} | ({"many": list(GIVEN_TO_MANY)} if "$many" in many else {}),
        {"said": table(run, "labels"), **reserved},
    )
    share = float(said.get("held_out", LabelsConfig().held_out))
    held_out = held_out_pairs(found["user_id"].tolist(), found["item_id"].tolist(), share)
    used = found["many"].to_numpy(bool) | ~held_out
    return found.loc[used, ["user", "item", "label"]]
