from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.services import store
from app.services.compare import next_settings, signals, what_if
from app.services.compare.what_if import Scenario, level, outcome
from core.errors import ConfigError
from tests.compare_run import AFTER, CHILD, PARENT


@pytest.fixture
def run(both):
    return both[0]


def test_the_level_brings_the_mean_to_the_rate():
    assert level(np.zeros(3), 0.5) == 0.0
    assert level(np.full(4, np.log(3)), 0.5) == pytest.approx(-np.log(3))
    odd = np.array([-40.0, 0.0, 40.0, 3.0])
    p = 1 / (1 + np.exp(-(odd + level(odd, 0.3))))
    assert p.mean() == pytest.approx(0.3)


def test_the_rules_of_the_run_change_nothing(run):
    found = outcome(run, what_if.start(run))
    assert found.then.verdicts == found.now.verdicts == {"clean": 2, "hard": 2, "noisy": 2}
    assert found.moved == 0.0
    assert found.moves.values.tolist() == [
        ["clean", "clean", 2],
        ["hard", "hard", 2],
        ["noisy", "noisy", 2],
    ]


def test_a_smaller_share_calls_the_highest_noisy(run):
    found = outcome(run, Scenario(value=1 / 6))
    # Only 0.95 is left; the row of 0.8 is low-scored without High from both: clean.
    assert found.then.verdicts == {"clean": 3, "hard": 2, "noisy": 1}
    assert found.then.threshold == pytest.approx(0.95)
    assert (found.now.precision, found.then.precision) == (0.5, 1.0)
    assert (found.now.noise_found, found.then.noise_found) == (1.0, 1.0)


def test_a_threshold_may_cost_hard_ones(run):
    found = outcome(run, Scenario("threshold", 0.15))
    assert found.then.verdicts == {"clean": 2, "hard": 0, "noisy": 4}
    assert (found.now.hard_kept, found.then.hard_kept) == (1.0, 0.0)  # row 2 is planted hard
    assert found.then.precision == 0.25


def test_grades_alone_decide_by_the_grade_that_is_asked_for(run):
    found = outcome(run, Scenario(rule="grades"))
    # Low-scored and judged: 2 and 4 are High and High, 3 and 5 are not.
    assert found.then.verdicts == {"clean": 2, "hard": 2, "noisy": 2}
    assert found.then.threshold is None


def test_edges_follow_the_grade_that_is_asked_for(run):
    found = outcome(run, what_if.start(run))
    # Dropped: (1, 3) Low, (2, 1) Mid; (1, 3) is Dune's last edge and stays.
    assert (found.now.dropped, found.now.added) == (1, 1)
    mid = outcome(run, replace(what_if.start(run), least="Mid"))
    assert (mid.then.dropped, mid.then.added) == (0, 2)


def test_without_any_part_everything_is_alike(run):
    scenario = Scenario("threshold", 0.39, without=("behaviour", "grades", "language"))
    known = signals.load(run)
    assert what_if.p_noisy(known, scenario, 0.5) == pytest.approx(np.full(6, 0.4))
    assert outcome(run, scenario).then.verdicts["noisy"] == 6


def test_twice_the_caution_doubles_the_part_of_behaviour(run):
    known = signals.load(run)
    p = what_if.p_noisy(known, Scenario(caution=1.0), 0.5)
    total = np.array([-6.0, -3.0, 0.5, 6.0, 0.5, 3.0])  # texts + 2 * behaviour + grades
    logit = np.log(p.astype(float) / (1 - p))
    assert logit - total == pytest.approx(np.full(6, logit[0] + 6.0), abs=1e-3)
    assert p.mean() == pytest.approx(0.4)


def test_what_a_person_decided_stays(both):
    found = outcome(both[1], Scenario("threshold", 0.99))
    assert found.then.verdicts["noisy"] == 1  # row 1, labelled noisy, whatever its p_noisy
    assert found.now.n_labels == 3
    # Labels kept for measuring: 0 clean, 3 noisy, 4 hard; nothing else is called noisy any more.
    assert found.now.agree == pytest.approx(2 / 3)
    assert found.then.agree == pytest.approx(2 / 3)


def test_nothing_planted_and_nothing_judged_is_not_known(run):
    (run.folder / "kinds.parquet").unlink()
    (run.folder / "judgements.parquet").unlink()
    signals._load.cache_clear()
    found = outcome(run, what_if.start(run))
    assert found.now.noise_found is None
    assert found.now.hard_kept is None
    assert found.now.dropped is None


def test_a_run_without_parts_keeps_its_p_noisy(run):
    table = pd.DataFrame(AFTER).drop(columns=["from_language"])
    table.to_parquet(run.folder / "interactions.parquet")
    known = signals.load(run)
    assert not known.has_parts
    scenario = Scenario(without=("language",))
    assert what_if.p_noisy(known, scenario, 0.5).tolist() == known.p_noisy.tolist()


def test_settings_say_what_they_can(run):
    scenario = Scenario(value=1 / 6, least="Mid", without=("language",), caution=0.8)
    found, cannot = what_if.expressible(run, scenario)
    assert found == {"scoring.flag_factor": round(1 / 6 / 0.4, 4), "scoring.caution": 0.8}
    assert len(cannot) == 2
    assert what_if.expressible(run, what_if.start(run)) == ({}, ())
    behaviour = replace(what_if.start(run), without=("behaviour",))
    assert what_if.expressible(run, behaviour) == ({"scoring.caution": 0.0}, ())
    grades, _ = what_if.expressible(run, replace(what_if.start(run), rule="grades"))
    assert grades == {"scoring.rule": "grades"}


def test_the_settings_of_the_next_run_are_those_of_this_one_but_for_the_changes(run, workspace):
    path = next_settings.save(run, {"scoring.caution": 0.25})
    assert path == workspace / "next_settings" / "six-rows.json"
    kept = json.loads(path.read_text())
    assert kept["from_run"] == PARENT
    assert kept["settings"]["scoring"]["caution"] == 0.25
    assert kept["settings"]["train"]["pool"] == 64


def test_settings_of_another_version_are_refused_with_a_reason(both, workspace):
    path = both[1].folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"settings": {"gone": {"x": 1}}}))
    with pytest.raises(ConfigError, match="gone"):
        next_settings.save(store.load_run(workspace, CHILD), {"scoring.caution": 0.25})


def test_now_is_the_graph_that_people_had_their_say_in(both):
    # Dropped by grades: (1, 3), whose item would be lonely, so it stays, and (2, 1).
    before = outcome(both[1], what_if.start(both[1])).now
    labels = [("ann", "i2", "not"), ("bob", "i0", "like"), ("cid", "i3", "like")]
    table = pd.DataFrame(labels, columns=["user_id", "item_id", "label"])
    # The last is a pair of validation. Nothing is held out here but by the share below.
    table.to_parquet(both[1].folder / "labels.parquet")
    path = both[1].folder / "manifest.json"
    settings = json.loads(path.read_text())
    settings["settings"]["labels"] = {"held_out": 0.0, "override": True}
    path.write_text(json.dumps(settings))
    run = store.load_run(both[1].folder.parents[1], CHILD)
    signals._load.cache_clear()
    found = signals.load(run).labels
    # (0, 1) was called noisy by a person, (0, 2) is not liked, (1, 0) is.
    assert list(zip(found.user, found.item, found.label, strict=True)) == [
        *((0, 1, 2), (0, 2, 4), (1, 0, 3))
    ]
    now = outcome(run, what_if.start(run)).now
    assert (before.added, now.added) == (1, 1)  # bob gets Alien, ann no longer Casino
    signals._load.cache_clear()
    settings["settings"]["labels"]["override"] = False
    path.write_text(json.dumps(settings))
    run = store.load_run(both[1].folder.parents[1], CHILD)
    assert len(signals.load(run).labels) == 1  # what the interactions say was decided


def test_what_a_person_calls_noisy_is_dropped_now(both):
    dropped = []
    for who in ("model", "person"):  # ann and Alien have other edges: nothing is rescued
        said = {"decided_by": [who] + ["model"] * 5, "verdict": ["noisy", *AFTER["verdict"][1:]]}
        pd.DataFrame(AFTER | said).to_parquet(both[1].folder / "interactions.parquet")
        signals._load.cache_clear()
        dropped.append(outcome(both[1], what_if.start(both[1])).now.dropped)
    assert dropped == [1, 2]


def test_what_a_person_decided_measures_nothing(both):
    kinds = {"row": [1, 3], "kind": ["uniform", "uniform"]}
    flags = {"noise": [True, True], "hard": [False, False]}
    pd.DataFrame(kinds | flags).to_parquet(both[1].folder / "kinds.parquet")
    signals._load.cache_clear()
    found = outcome(both[1], Scenario("threshold", 0.99))
    # Row 1 stays noisy because a person said so; of the rest nothing is called noisy any more.
    assert (found.then.noise_found, found.then.precision) == (0.0, None)
    assert found.n_told == 1


def test_a_person_s_p_noisy_stays_whatever_is_left_out(both):
    table = pd.DataFrame(AFTER | {"p_noisy": [0.01, 1.0, 0.2, 0.95, 0.6, 0.75]})
    table.to_parquet(both[1].folder / "interactions.parquet")
    signals._load.cache_clear()
    found = what_if.p_noisy(signals.load(both[1]), Scenario(without=("behaviour",)), 0.5)
    assert found[1] == 1.0
