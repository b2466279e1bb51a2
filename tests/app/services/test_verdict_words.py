"""What the verdicts of a run mean, and what is said of one interaction."""

from __future__ import annotations

from app.services.records import Manifest
from app.services.verdict_words import explained, meanings
from tests.run_folder import MANIFEST


def manifest(threshold: float | None = 0.4, **settings: object) -> Manifest:
    return Manifest.model_validate(MANIFEST | {"settings": settings, "threshold": threshold})


def test_by_p_noisy_nothing_is_claimed_of_what_grades_and_texts_said() -> None:
    said = meanings(manifest(refine={"accept": "mid"}))
    assert said == {
        "clean": "the rest: neither noisy nor hard",
        "hard": "low-scored, both grades at least Mid, not noisy: kept, worth learning",
        "noisy": "P(noisy) of at least 0.400, whatever the grades",
    }


def test_where_grades_decide_the_judged_alone_are_noisy() -> None:
    said = meanings(manifest(None, scoring={"rule": "grades"}))
    assert said["noisy"] == "low-scored, judged and not both grades High"


def test_a_baseline_has_a_rank_and_nothing_hard_whatever_the_rule() -> None:
    for rule in ("posterior", "grades"):
        said = meanings(manifest(method="bpr", scoring={"rule": rule}))
        assert said["noisy"] == "rank of suspicion of at least 0.400, whatever the grades"
        assert said["hard"].startswith("none: ")


def test_without_a_threshold_no_number_is_made_up() -> None:
    assert meanings(manifest(None))["noisy"].startswith("P(noisy) of at least the threshold,")


def test_an_interaction_of_a_baseline_is_explained_by_its_rank_alone() -> None:
    theirs = "noisy: p_noisy 0.90; log-odds moved by nothing much."
    assert explained(manifest(), "noisy", 0.9, theirs) == theirs
    said = explained(manifest(method="bpr"), "noisy", 0.9, theirs)
    assert said == "noisy: rank 0.90 of suspicion, 0 to 1 (noisy from 0.40)."
