"""What to know before believing the numbers of a run, in plain words."""

from __future__ import annotations

import numpy as np

from app.services import query
from app.services.method_of import method_of
from app.services.store import Run
from core.config import MOST_NOISE
from core.types import FloatArray

AT_LIMIT = (
    f"The estimated share of noise is at its upper limit ({MOST_NOISE:.0%}): the signals hardly "
    "tell anything on this data, so verdicts mean little."
)
NO_TEXTS = "No texts: semantic relevance is not known."


def at_limit(noise_rate: float | None) -> bool:
    """Whether an estimated share of noise was cut at the highest one there is."""
    return noise_rate is not None and noise_rate >= MOST_NOISE - 1e-9


def of_numbers(noise_rate: float | None, semantic: FloatArray) -> list[str]:
    """Notes from the estimated share of noise and the semantic relevance ``(E,)``."""
    known = len(semantic) == 0 or bool(np.isfinite(semantic).any())
    return _notes(noise_rate, known)


def of_run(run: Run) -> list[str]:
    """The same from the files of a run, whatever version wrote them.

    Raises:
        DataError: If the table of interactions cannot be read.
    """
    found = query.ask(
        run,
        "SELECT count(*) AS n, count(*) FILTER (WHERE isfinite(semantic)) AS n_known "
        "FROM interactions",
    )
    n, n_known = int(found["n"].iloc[0]), int(found["n_known"].iloc[0])
    of_method = method_of(run.manifest).note
    return [
        *([of_method] if of_method else []),
        *_notes(run.manifest.noise_rate, n_known > 0 or n == 0),
    ]


def _notes(noise_rate: float | None, semantic_is_known: bool) -> list[str]:
    said = [AT_LIMIT] if at_limit(noise_rate) else []
    return said if semantic_is_known else [*said, NO_TEXTS]
