from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.services import store
from app.services.compare import next_settings, scenario, signals
from app.services.compare.expressed import expressed
from app.services.compare.scenario import Scenario, level
from app.services.compare.what_if import outcome
from core.errors import ConfigError
from tests.compare_run import AFTER, CHILD, PARENT
from tests.run_folder import INTERACTIONS


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
    found = outcome(run, scenario.start(run))
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
    found = outcome(run, scenario.start(run))
    # Dropped: (1, 3) Low, (2, 1) Mid; (1, 3) is Dune's last edge and stays.
    assert (found.now.dropped, found.now.added) == (1, 1)
    mid = outcome(run, replace(scenario.start(run), accept="mid"))
    assert (mid.then.dropped, mid.then.added) == (0, 2)


def test_without_any_part_everything_is_alike(run):
    nothing = Scenario("threshold", 0.39, without=("behaviour", "grades", "language"))
    known = signals.load(run)
    assert scenario.p_noisy(known, nothing, 0.5) == pytest.approx(np.full(6, 0.4))
    assert outcome(run, nothing).then.verdicts["noisy"] == 6
    changes, cannot, _ = expressed(run, nothing)
    assert not [name for name in changes if "use_" in name]  # refused by a run
    assert "nothing tells" in cannot[0]


def test_twice_the_caution_doubles_the_part_of_behaviour(run):
    known = signals.load(run)
    p = scenario.p_noisy(known, Scenario(caution=1.0), 0.5)
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
    found = outcome(run, scenario.start(run))
    assert found.now.noise_found is None
    assert found.now.hard_kept is None
    assert found.now.dropped is None


def test_a_run_without_parts_keeps_its_p_noisy(run):
    table = pd.DataFrame(AFTER).drop(columns=["from_language"])
    table.to_parquet(run.folder / "interactions.parquet")
    known = signals.load(run)
    assert not known.has_parts
    without = Scenario(without=("language",))
    assert scenario.p_noisy(known, without, 0.5).tolist() == known.p_noisy.tolist()
    assert expressed(run, replace(scenario.start(run), without=("language",))).changes == {}


def test_every_rule_has_a_setting(run):
    asked = Scenario(value=1 / 6, accept="mid", without=("language",), caution=0.8, preset="soft")
    assert expressed(run, asked).changes == {
        "scoring.flag_factor": round(1 / 6 / 0.4, 4),
        "scoring.use_language": False,
        "scoring.caution": 0.8,
        "refine.accept": "mid",
        "refine.preset": "soft",
    }
    assert expressed(run, scenario.start(run)) == ({}, (), ())
    behaviour = replace(scenario.start(run), without=("behaviour",), caution=0.8)
    assert expressed(run, behaviour).changes == {"scoring.use_behaviour": False}
    grades = expressed(run, replace(scenario.start(run), rule="grades")).changes
    assert grades == {"scoring.rule": "grades"}
    nobody = expressed(run, Scenario(value=0.0))
    assert "nothing is noisy" in nobody.cannot[0]


def test_a_flag_factor_flags_just_as_many_of_very_many(run, monkeypatch):
    n = 1_000_003
    known = replace(signals.load(run), p_noisy=np.linspace(0, 1, n, dtype=np.float64), parts={})
    monkeypatch.setattr(signals, "load", lambda _: known)
    factor = expressed(run, Scenario("threshold", 0.1234567)).changes["scoring.flag_factor"]
    assert round(factor * known.noise_rate * n) == (known.p_noisy >= 0.1234567).sum()


def test_what_a_run_does_anew_is_said_to_be_rough(both):
    path = both[1].folder / "manifest.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"labels": told["labels"] | {"calibrated": True}}))
    run = store.load_run(both[1].folder.parents[1], CHILD)
    own = scenario.start(run)
    assert expressed(run, replace(own, accept="mid")).roughly == ()
    (said,) = expressed(run, replace(own, without=("language",))).roughly
    assert "fits the correction anew" in said
    _, said = expressed(run, replace(own, caution=0.8)).roughly  # some grades weigh by themselves
    assert "candidates alone" in said


def test_edges_are_those_of_the_preset_that_is_named(run):
    paper = scenario.start(run)
    assert paper.preset == "paper"
    soft = outcome(run, replace(paper, preset="soft"))
    assert (soft.now.preset, soft.now.dropped, soft.now.weight) == ("paper", 1, 5.0)
    assert (soft.then.preset, soft.then.dropped, soft.then.added) == ("soft", 0, 1)
    p = np.float32(INTERACTIONS["p_noisy"])
    assert soft.then.weight == pytest.approx(np.maximum(1 - p, 0.05).sum())
    kept = outcome(run, replace(paper, preset="none"))
    assert (kept.then.dropped, kept.then.added, kept.then.weight) == (0, 0, 6.0)
    unknown = outcome(run, replace(paper, preset=""))
    assert (unknown.then.dropped, unknown.then.weight, unknown.moved) == (None, None, None)


def test_the_rules_that_a_run_was_given_are_where_it_starts(run):
    path = run.folder / "manifest.json"
    settings = {"refine": {"accept": "mid"}, "scoring": {"use_language": False, "rule": "grades"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"settings": settings}))
    found = store.load_run(run.folder.parents[1], PARENT)
    own = scenario.start(found)
    assert (own.accept, own.rule) == ("mid", "grades")
    assert scenario.left_out(found) == ("language",)
    assert expressed(found, replace(own, accept="high")).changes == {"refine.accept": "high"}
    back = expressed(found, replace(own, rule="posterior", value=3 / 6)).changes
    assert back == {"scoring.rule": "posterior", "scoring.flag_factor": 1.25}


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
    before = outcome(both[1], scenario.start(both[1])).now
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
    now = outcome(run, scenario.start(run)).now
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
        dropped.append(outcome(both[1], scenario.start(both[1])).now.dropped)
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
    found = scenario.p_noisy(signals.load(both[1]), Scenario(without=("behaviour",)), 0.5)
    assert found[1] == 1.0
