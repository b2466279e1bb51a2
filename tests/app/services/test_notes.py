"""Notes beside the numbers of a run."""

from __future__ import annotations

import numpy as np
import pytest

from app.services import notes, store
from tests.baseline_run import write_baseline_run
from tests.run_folder import INTERACTIONS, NAN, write_run

KNOWN = np.array([0.1, np.nan], np.float32)
UNKNOWN = np.array([np.nan, np.nan], np.float32)


@pytest.mark.parametrize(
    ("rate", "semantic", "expected"),
    [
        (0.2, KNOWN, []),
        (0.499, KNOWN, []),
        (None, KNOWN, []),
        (0.5, KNOWN, [notes.AT_LIMIT]),
        (0.2, UNKNOWN, [notes.NO_TEXTS]),
        (0.5, UNKNOWN, [notes.AT_LIMIT, notes.NO_TEXTS]),
        (0.2, UNKNOWN[:0], []),
    ],
)
def test_a_rate_at_its_limit_and_missing_texts_are_said(rate, semantic, expected):
    assert notes.of_numbers(rate, semantic) == expected


def test_the_files_of_a_run_say_the_same(workspace):
    blind = INTERACTIONS | {"semantic": [NAN] * 6}
    write_run(workspace, "blind", {"noise_rate": 0.5}, blind)
    write_run(workspace, "seeing", {"noise_rate": 0.2})
    assert notes.of_run(store.load_run(workspace, "blind")) == [notes.AT_LIMIT, notes.NO_TEXTS]
    assert notes.of_run(store.load_run(workspace, "seeing")) == []


def test_the_words_are_plain():
    assert "upper limit (50%)" in notes.AT_LIMIT
    assert notes.NO_TEXTS == "No texts: semantic relevance is not known."


def test_an_older_run_of_a_baseline_has_its_note_all_the_same(workspace):
    write_baseline_run(workspace, notes=[], noise_rate=0.1)
    (note,) = notes.of_run(store.load_run(workspace, "run-1"))
    assert note.startswith("A baseline: R-CE, pairwise. Its P(noisy) is a rank")
