from __future__ import annotations

import json
import math

import pytest

from benchmarks.speed import cases, race
from benchmarks.speed.report import render, write_report
from benchmarks.speed.rows import Rows, append, drop, fingerprint_of_code, take_over
from benchmarks.speed.sections import exponent
from benchmarks.speed.targets import TARGETS, Target, measured_text, verdict
from core.errors import ConfigError

MACHINE = {"cpu": "a chip", "cpus": 2, "system": "an OS"}


def make_row(part, graph, contestant, number=0, threads=2, load=0.1, code=None, **found):
    return {"part": part, "graph": graph, "contestant": contestant, "threads": threads,
            "round": number, "found": found, "load": load, "machine": MACHINE, "when": "today",
            "versions": {"python": "3.11"}, "code": code or fingerprint_of_code()}  # fmt: skip


def steps():
    """RecBole takes 120 ms a step in the median; ours 10 ms, and 12 ms stored in bfloat16."""
    rows = []
    for number, (theirs, ours) in enumerate([(0.1, 0.008), (0.11, 0.009), (0.5, 0.1)]):
        rows += [
            make_row("steps", "L", "RecBole", number, step=theirs, sample=0.01, step_min=theirs),
            make_row("steps", "L", "ours fp32", number, step=ours, sample=0.001, step_cpu=0.02),
            make_row("steps", "L", "ours bf16", number, step=ours, sample=0.003),
        ]
    return rows


def target_of(words) -> Target:
    (found,) = [one for one in TARGETS if all(word in one.title for word in words)]
    return found


def test_a_ratio_is_of_medians_over_rounds_with_sampling():
    target = target_of(["Plain LightGCN", "fp32"])
    cases = target.cases(Rows(steps()))
    assert cases == {"L": pytest.approx(0.12 / 0.010)}
    assert measured_text(target, cases) == "L 12x"
    assert verdict(target, cases) == "met; S not measured"


def test_a_missed_target_says_by_how_much():
    target = target_of(["Plain LightGCN", "bf16"])
    cases = target.cases(Rows(steps()))  # 10x of 14x
    assert verdict(target, cases) == "**missed** by 29% (L)"


def test_a_recall_that_is_never_reached_is_no_ratio():
    target = Target("as soon", "at least", 10.0, "x", dict)
    assert measured_text(target, {"S": 12.0, "sample": 0.0}) == "S 12x, sample not by most"
    assert verdict(target, {"S": 12.0, "sample": 0.0}) == "**missed** (sample)"
    other = Target("million a second", "at least", 2.0, "", dict)
    assert measured_text(other, {"S": 0.0}) == "S 0"


def curve_row(who, seed, *points):
    curve = [[seconds, seconds, recall] for seconds, recall in points]
    return make_row("recall", "S", f"{who} lr 0.001", number=seed, curve=curve)


def test_seeds_that_never_arrive_are_counted_and_not_averaged():
    rows = [
        curve_row("RecBole", 0, (10.0, 0.30)),
        curve_row("RecBole", 1, (10.0, 0.20)),
        curve_row("ours fp32", 0, (1.0, 0.25)),
        curve_row("ours fp32", 1, (1.0, 0.25)),
    ]
    tuned = cases.race(True, "fp32", 0.0)
    assert tuned(Rows(rows)) == {"S (there in 1 of 2 seeds, at 10x)": 0.0}
    assert tuned(Rows(rows[1:2] + rows[3:])) == {"S": 10.0}
    assert (
        cases.race(True, "fp32", 1.0)(Rows(rows[1:2] + rows[3:])) == {}
    )  # one seed has no deviation


def test_the_worst_case_decides():
    target = Target("time", "at most", 0.6, "x", dict)
    assert verdict(target, {"S": 0.5, "L": 0.9}) == "**missed** by 50% (L)"
    assert verdict(target, {"S": 0.5, "L": 0.6}) == "met"


def test_what_was_not_measured_is_never_met():
    target = target_of(["evaluation"])
    assert verdict(target, {"S": 5.0}) == "not measured"  # aimed for at 40,000 items alone
    assert verdict(target, {"L": float("nan")}) == "not measured"
    assert measured_text(target, {}) == "not measured"
    some = Target("maps", "at least", {"10": 4.0, "50": 2.0}, "x", dict)
    assert verdict(some, {"10": 4.5}) == "met; 50 not measured"


def test_most_threads_count_and_the_last_row_of_a_round(tmp_path):
    append(tmp_path, make_row("eval", "L", "ours", threads=1, evaluate=9.0))
    append(tmp_path, make_row("eval", "L", "ours", evaluate=1.0))
    append(tmp_path, make_row("eval", "L", "ours", evaluate=2.0))
    rows = Rows.read(tmp_path)
    assert len(rows) == 2
    assert rows.with_most_threads().median("evaluate") == 2.0
    drop(tmp_path, ["eval", "never measured"])
    assert len(Rows.read(tmp_path)) == 0


def recall_rows():
    slow, fast = [[10, 9, 0.1], [20, 18, 0.2], [30, 27, 0.19]], [[1, 1, 0.15], [2, 2, 0.21]]
    low = [[1, 1, 0.05], [2, 2, 0.06]]
    rows = [
        make_row("recall", "sample", "RecBole lr 0.001", curve=slow),
        make_row("recall", "sample", "RecBole lr 0.01", curve=[[5, 5, 0.22], [9, 9, 0.2]]),
        make_row("recall", "sample", "ours fp32 lr 0.001", curve=low),
        make_row("recall", "sample", "ours fp32 lr 0.005", curve=fast),
    ]
    for number, (theirs, ours) in enumerate([(0.10, 0.11), (0.12, 0.13)]):
        for name, value in {"reference": theirs, "ours fp32": ours}.items():
            curve = [[1, 1, value]]
            rows.append(make_row("recall", "sample", f"equal epochs: {name}", number, curve=curve))
    return Rows(rows)


def test_time_to_recall_is_until_the_best_of_the_peer():
    rows = recall_rows()
    assert race.best_rate(rows, "ours fp32", (1e-3, 5e-3)) == 5e-3
    # Its best, 0.2, after 20 s; ours has 0.21 after 2 s. Tuned it has 0.22, which ours never has.
    assert race.sooner(rows, "ours fp32", (1e-3, 5e-3, 1e-2), tuned=False) == [10.0]
    assert race.sooner(rows, "ours fp32", (1e-3, 5e-3, 1e-2), tuned=True) == [0.0]


def test_arriving_within_chance_of_the_best_of_the_peer_counts():
    theirs = [[[1, 1, 0.18], [4, 4, 0.20]], [[6, 6, 0.24]]]  # bests 0.20 and 0.24: sd 0.0283
    ours = [[[1, 1, 0.16], [2, 2, 0.19]], [[1, 1, 0.2]]]
    rows = Rows(
        [
            make_row("recall", "sample", f"{side} lr 0.001", seed, curve=curve)
            for side, curves in (("RecBole", theirs), ("ours fp32", ours))
            for seed, curve in enumerate(curves)
        ]
    )
    assert race.sooner(rows, "ours fp32", (1e-3,), tuned=True) == [0.0, 0.0]
    # Goals 0.1717 and 0.2117: theirs after 1 and 6 s, ours after 2 s and never.
    assert race.sooner(rows, "ours fp32", (1e-3,), tuned=True, near=1.0) == [0.5, 0.0]


def test_recall_is_compared_in_standard_deviations_over_seeds():
    # Means 0.11 and 0.12; both standard deviations are 0.02 / sqrt 2.
    assert race.equal_recall(recall_rows(), "ours fp32") == pytest.approx(2**-0.5)
    assert math.isnan(race.equal_recall(Rows([]), "ours fp32"))


def test_seconds_that_grow_with_a_power_have_that_exponent():
    assert exponent({10: 1.0, 100: 100.0, 1000: 10_000.0}) == pytest.approx(2.0)
    assert math.isnan(exponent({10: 1.0}))


def every_part():
    rows = [*steps(), *recall_rows().rows]
    rows += [make_row("growth", size, "engine", epoch=int(size) / 5e4) for size in ("1000", "2000")]
    top = {"name": "aten::mm | `x`", "self": 0.5, "calls": 3}
    rows.append(make_row("profile", "S", "demo", rows=[top], total=2.0, what="the whole demo"))
    product = {"product, fp32: share of bandwidth": 0.5, "plain epoch, fp32": 0.2}
    rows.append(make_row("gpu", "L", "GPU", device="a GPU", bandwidth_gb=3000.0, **product))
    return rows


def test_the_page_has_targets_numbers_and_what_was_written_by_hand(tmp_path):
    folder, page = tmp_path / "results" / "performance", tmp_path / "performance.md"
    for row in every_part():
        append(folder, row)
    (folder / "reading.md").write_text("Most of it is memory.\n", encoding="utf-8")
    write_report(folder, page)
    text = page.read_text(encoding="utf-8")
    assert "| at least 10x | L 12x | met; S not measured |" in text
    assert "## Reading\n\nMost of it is memory.\n\n## How" in text
    assert "| L | 2 | ours fp32 | step | 9 ms | 8 ms | 20 ms | 12.22x | 3 |" in text
    assert "| sample | ours fp32 lr 0.005 | 0.2100 | 2 s | 2 s | 1 |" not in text
    assert "| sample | ours fp32 lr 0.005 | 0.2100 | 2 | 2 | 1 |" in text
    assert "| sample | ours fp32 lr 0.001 | 0.0600 | 2 | never | 1 |" in text
    assert "| epoch | 0.02 s | 0.04 s | 1.00 |" in text
    assert "(results/performance/growth.svg)" in text
    assert "| 0.500 s | 25.0% | 3 | `aten::mm / x` |" in text
    assert "| product, fp32: share of bandwidth | 50% |" in text
    assert "## Maps\n\nNot measured." in text
    assert "busy for" not in text
    assert "older versions" not in text


def test_a_busy_machine_and_old_numbers_are_said(tmp_path):
    rows = Rows([make_row("demo", "", "demo", load=2.0, code="old", demo=60.0)])
    text = render(rows, tmp_path, tmp_path / "page.md")
    assert "Before 1 of 1 measurements the machine had been busy" in text
    assert "**Measured with older versions of the engine than this one:** demo;" in text
    assert "| `make demo` after installation | at most 60 s | 60 s | met |" in text


def test_profiles_of_an_older_version_stand_beside_the_present_one(tmp_path):
    older, folder = tmp_path / "older", tmp_path / "now"
    one = {"name": "slow", "self": 2.0, "calls": 3}
    profile = {"what": "an epoch", "total": 4.0}
    append(older, make_row("profile", "S", "epoch", rows=[one], **profile) | {"code": "old"})
    append(folder, make_row("profile", "S", "epoch", rows=[one | {"self": 1.0}], **profile))
    for _ in range(2):  # taken over once
        assert take_over(older, folder, "profile") == 1
    assert Rows.read(folder).names("contestant") == ["epoch", "epoch, before"]
    page = render(Rows.read(folder), folder, tmp_path / "page.md")
    assert page.index("**epoch** (an") < page.index("**epoch, before** (an")
    assert "2.000 s | 50.0%" in page
    assert "older versions" not in page
    with pytest.raises(ConfigError, match="no rows of profile"):
        take_over(tmp_path, folder, "profile")


def test_an_empty_folder_gives_a_page_that_claims_nothing(tmp_path):
    text = render(Rows([]), tmp_path, tmp_path / "page.md")
    assert "met |" not in text
    assert text.count("Not measured.") > 5


def test_rows_are_plain_json(tmp_path):
    append(tmp_path, make_row("eval", "L", "ours", evaluate=1.0))
    assert json.loads((tmp_path / "eval.jsonl").read_text())["found"] == {"evaluate": 1.0}
