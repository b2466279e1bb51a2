"""Which edges of a run an export means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from app.services import query
from app.services.export_files import Format
from app.services.store import Run

Only = Literal["all", "refined", "kept", "dropped", "added"]
WHERE: Final[Mapping[Only, str]] = {
    "all": "true",
    "refined": "origin <> 'dropped'",
    "kept": "origin = 'kept'",
    "dropped": "origin = 'dropped'",
    "added": "origin = 'added'",
}


class Meant(NamedTuple):
    """Edges as a question knows them."""

    where: str
    """Condition on ``edges``."""
    tables: Mapping[str, Path]
    """Tables that the condition names."""


def edges_meant(run: Run, form: Format, only: Only) -> Meant:
    """Edges to write.

    The judge is asked about unobserved pairs, and validation and test are such pairs: of a train
    set they are left out, or what measures would be trained on, or lost when the export is
    imported (a pair lies in one split alone). Tables of edges that are no train set keep them.
    """
    is_train = only == "refined" or form == "npz"
    tables = query.reserved(run) if is_train else {}
    return Meant(" AND ".join([WHERE[only], f"NOT {reserved(tables)}"]), tables)


def reserved(tables: Mapping[str, Path]) -> str:
    """Condition on ``edges``: added, and a pair of validation or test.

    Args:
        tables: From :func:`app.services.query.reserved`; without any, no edge is known to be one.
    """
    held = [f"""("user", item) IN (SELECT ("user", item) FROM {name})""" for name in tables]
    return f"(origin = 'added' AND ({' OR '.join(held) or 'false'}))"
