"""Reasons fit into the block that a status has on a full disk."""

from __future__ import annotations

import json

import pytest

from app.services import failures
from app.services.run_folder import StatusFile
from core.errors import DataError

BLOCK = 4096
"""Bytes of a block of a disk."""


@pytest.mark.parametrize("letter", ["a", "ä", "力", "🎬", '"', "\n", "\x00", "\u2028", "\ud800"])
def test_a_long_reason_fits_into_a_block_whatever_its_letters(workspace, letter):
    told = failures.reason(DataError(letter * 9000))
    assert set(told) == {letter}
    assert len(told) >= failures.MOST_BYTES // 12
    (workspace / "run").mkdir()
    status = StatusFile(workspace / "run")
    status.report("a stage with a long name, as they are", 0.123456789)
    status.fail("failed", told)
    written = (workspace / "run" / "status.json").read_bytes()
    assert len(written) < BLOCK
    assert json.loads(written)["message"] == told


def test_a_reason_of_usual_length_is_told_whole(workspace):
    said = "Größe von 力.npz: " + "x" * 1000
    assert failures.reason(DataError(said), workspace) == said


def test_an_error_in_short_is_its_first_line_or_its_name():
    assert failures.first_line(ValueError("bad\nSELECT 1")) == "bad"
    assert failures.first_line(ValueError("")) == "ValueError"
