from __future__ import annotations

import pytest

from app.services import accepting, store
from tests.run_folder import MANIFEST


@pytest.mark.parametrize(
    ("settings", "least", "both"),
    [
        ({"refine": {"accept": "high"}}, 2, "both grades High"),
        ({"refine": {"accept": "mid"}}, 1, "both grades at least Mid"),
        ({"refine": {}}, 2, "both grades High"),  # a run from before the setting
        ({}, 2, "both grades High"),
        ({"refine": {"accept": "<b>"}}, 2, "both grades High"),  # a file may say anything
    ],
)
def test_what_a_run_accepts_is_told_by_its_settings(settings, least, both):
    manifest = store.Manifest.model_validate(MANIFEST | {"settings": settings})
    assert (accepting.least(manifest), accepting.both(manifest)) == (least, both)
    words = {1: "at least Mid and Mid", 2: "High and High"}
    assert accepting.accepted(manifest) == words[least]
