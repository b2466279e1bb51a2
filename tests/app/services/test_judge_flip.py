"""What-if runs with flipped grades: their settings, and which runs belong together."""

from __future__ import annotations

import pytest

from app.services import background, judge_flip, store
from core.config import RunConfig
from core.errors import DataError
from tests.run_folder import write_run


def settings(**changes):
    values = RunConfig().model_dump(mode="json")
    for name, value in changes.items():
        section, _, field = name.partition("__")
        values[section][field] = value
    return values


def write(workspace, run_id, **changes):
    more = {name: changes.pop(name) for name in ("parent", "revision") if name in changes}
    write_run(workspace, run_id, {"settings": settings(**changes), **more})
    return store.load_run(workspace, run_id)


def test_a_family_differs_in_flips_and_suppression_alone(workspace):
    run = write(workspace, "a")
    heavy = {"train__lambda_hallucination": 0.01}
    write(workspace, "b", judge__flip=0.3, **heavy)
    write(workspace, "c", judge__flip=0.1, train__hallucination_suppression=False, **heavy)
    write(workspace, "d", judge__flip=0.1, **heavy)
    write(workspace, "e", judge__flip=0.1, train__epochs=7)
    write(workspace, "f", judge__flip=0.1, parent="a")
    found = judge_flip.family(workspace, run)
    assert [(one.run.id, one.flip, one.weight, one.suppression) for one in found] == [
        ("a", 0.0, 0.0, False),  # by default it has no weight
        ("d", 0.1, 0.01, True),
        ("c", 0.1, 0.0, False),
        ("b", 0.3, 0.01, True),
    ]


@pytest.mark.parametrize(("own", "used"), [(0.0, 0.01), (0.05, 0.05)])
def test_suppression_has_the_weight_of_the_run_or_one_that_counts(own, used):
    config = RunConfig.model_validate({"train": {"lambda_hallucination": own}})
    on, off = (judge_flip.changed(config, 0.2, suppression) for suppression in (True, False))
    assert on.train.hallucination_suppression
    assert on.train.lambda_hallucination == off.train.lambda_hallucination == used
    assert not off.train.hallucination_suppression


def test_a_setting_that_an_earlier_version_did_not_have_is_as_by_default(workspace):
    run = write(workspace, "a")
    old = settings(judge__flip=0.2)
    del old["text"]["profile_items"]
    write_run(workspace, "old", {"settings": old})
    assert [one.run.id for one in judge_flip.family(workspace, run)] == ["a", "old"]


def test_a_what_if_run_has_the_settings_labels_and_parent_of_the_run(workspace, monkeypatch):
    run = write(workspace, "a", train__epochs=9, parent="p", revision="r")
    (run.folder / "labels.parquet").write_bytes(b"")
    started = []
    monkeypatch.setattr(background, "start_run", lambda *given: started.append(given) or "new")
    assert judge_flip.start(workspace, run, 0.3, suppression=False) == "new"
    ((dataset, config, _, given),) = started
    assert dataset == run.manifest.dataset
    assert (config.judge.flip, config.train.hallucination_suppression) == (0.3, False)
    assert config.train.epochs == 9
    assert (given.parent, given.revision) == ("p", "r")
    assert given.labels == run.folder / "labels.parquet"
    assert given.message == "what if 30% of the grades were flipped, suppression off"


def test_settings_of_another_version_are_explained(workspace):
    write_run(workspace, "a", {"settings": {"judge": {"kind": "oracle"}}})
    with pytest.raises(DataError, match=r"judge\.kind"):
        judge_flip.settings_of(store.load_run(workspace, "a"))


def test_flips_are_not_offered_where_grades_decide_nothing(workspace, monkeypatch):
    write_run(workspace, "a", {"settings": RunConfig(method="r-ce").model_dump(mode="json")})
    run = store.load_run(workspace, "a")
    assert "the baseline R-CE" in judge_flip.why_not(run)
    monkeypatch.setattr(background, "start_run", lambda *_: pytest.fail("it was started"))
    with pytest.raises(DataError, match="take no grades"):
        judge_flip.start(workspace, run, 0.3, suppression=True)
    assert judge_flip.why_not(write(workspace, "b")) == ""
