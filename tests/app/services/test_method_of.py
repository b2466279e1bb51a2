"""Which method a run is of."""

from __future__ import annotations

from app.services.method_of import TITLES, is_baseline, method_of
from app.services.records import Manifest
from core.baseline_stage import baseline_note
from core.baselines import METHODS
from tests.run_folder import MANIFEST


def manifest(settings: dict, notes: tuple[str, ...] = ()) -> Manifest:
    return Manifest.model_validate(MANIFEST | {"settings": settings, "notes": notes})


def test_a_run_that_does_not_say_is_of_llmhni() -> None:
    for settings in ({}, {"method": "llmhni"}, {"method": None}):
        found = method_of(manifest(settings))
        assert found == ("llmhni", "LLMHNI", "")
        assert not found.is_baseline


def test_a_baseline_brings_its_title_and_the_note_of_its_run() -> None:
    note = baseline_note("r-ce-pairwise")
    found = method_of(manifest({"method": "r-ce-pairwise"}, ("No texts.", note)))
    assert found == ("r-ce-pairwise", "R-CE, pairwise", note)
    assert found.is_baseline
    assert is_baseline(manifest({"method": "bpr"}))


def test_a_baseline_without_its_note_is_described_all_the_same() -> None:
    found = method_of(manifest({"method": "cleanlab"}))
    assert found.title == "cleanlab (confident learning)"
    assert found.note.startswith("A baseline: cleanlab (confident learning). Its P(noisy) is a ran")


def test_a_method_of_another_version_is_named_by_its_note_or_its_name() -> None:
    note = "A baseline: New thing (Doe et al., 2031). Its P(noisy) is the rank of something."
    assert method_of(manifest({"method": "new"}, (note,))).title == "New thing"
    assert method_of(manifest({"method": "new"})).title == "new"


def test_the_titles_are_those_of_the_table_of_baselines() -> None:
    assert dict(TITLES) == {"llmhni": "LLMHNI"} | {
        name: method.title for name, method in METHODS.items()
    }
