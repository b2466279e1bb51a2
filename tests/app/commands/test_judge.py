"""``judge`` and ``run`` with a language model, as a person or a script sees them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from app.cli import main
from app.commands.judge_run import clear_unfinished
from app.services import run_queue
from core.data.dataset import load_dataset
from tests.llm_replies import grade_all
from tests.llm_server import serve
from tests.taste_grader import GRADES, by_number, item_grade, judged_by, user_grade

VIEWS = ["user_grade", "item_grade"]
PAIR = ["user_id", "item_id"]


@pytest.fixture
def judged(done, server):
    """Everything judged by the server, apart from a run."""
    return done("judge", "--run", "films", **judged_by(server))


def grades(frame):
    return frame.drop_duplicates(PAIR).set_index(PAIR).sort_index()[VIEWS]


# ---------------------------------------------------------------- preview


def test_a_preview_says_who_would_receive_what_and_sends_nothing(call, place):
    with serve(by_number) as server:
        llm = {"price_prompt": 1.0, "budget_calls": 5}
        code, answer, said = call("judge", "--preview", "films", **judged_by(server, llm=llm))
        assert server.state.requests == []
    host = server.base_url.split("/")[2]
    assert code == 0
    assert answer["receiver"] == f"{host} (this machine)"
    assert (answer["model"], answer["asks_model"]) == ("tiny", True)
    assert (answer["n_observed"], answer["n_unobserved"], answer["n_controls"]) == (24, 96, 24)
    assert answer["n_pairs"] == 144
    assert answer["money"] == pytest.approx(answer["prompt_tokens"] / 1e6)
    assert answer["budget"] == {"budget_calls": 5}
    assert len(answer["sample"]) == 4
    assert f"Receiver: {host}" in said
    assert "item attribute genre" in said
    assert "<T1>" in said
    lines = answer["sample"][0]["content"].splitlines()
    assert len(lines) > 1
    assert lines[1] in [line.strip() for line in said.splitlines()] + [""]
    assert not list(place.glob(f"cache/judge/endpoints/*{host}*"))


def test_a_preview_goes_by_what_was_measured(judged, done, server):
    answer = done("judge", "--preview", "films", **judged_by(server))
    assert judged["n_pairs"] == answer["n_pairs"]
    assert answer["seconds"] > 0
    assert "reply tokens per grade measured" in answer["rests_on"]


def test_where_no_model_is_asked_a_preview_says_so(call):
    code, answer, said = call("judge", "--preview", "films", kind="evidence")
    assert code == 0
    assert answer["asks_model"] is False
    assert "No language model is asked" in said


def test_a_preview_of_a_model_file_names_it(done, monkeypatch):
    answer = done("judge", "--preview", "films", kind="local", llm={"model_file": "/m/big.gguf"})
    assert (answer["receiver"], answer["model"]) == ("a process on this machine", "big.gguf")
    monkeypatch.setenv("LLMHNI_LLM_FILE", "/m/small.gguf")
    assert done("judge", "--preview", "films", kind="local")["model"] == "small.gguf"


def test_settings_can_be_given_one_by_one(done, server):
    llm = [f"judge.llm.base_url={server.base_url}", "judge.llm.model=tiny"]
    answer = done("judge", "--preview", "films", "--set", "judge.kind=openai", *llm, "--seed", 3)
    assert answer["model"] == "tiny"


# ---------------------------------------------------------------- run, list, stats


def test_judging_leaves_tables_and_says_what_it_took(judged, place):
    folder = place / "judgements" / judged["name"]
    assert {path.name for path in folder.iterdir()} == {
        *("judgements.parquet", "judge_calls.parquet", "judge_targets.parquet"),
        *("about.json", "judge_quality.json", "settings.json"),
    }
    frame = pd.read_parquet(folder / "judgements.parquet")
    number = frame["item_id"].str[1:].astype(int)
    assert frame["user_grade"].tolist() == [GRADES[user_grade(k)] for k in number]
    assert frame["item_grade"].tolist() == [GRADES[item_grade(k)] for k in number]
    about = json.loads((folder / "about.json").read_text())
    assert about["dataset"] == "tiny"  # the name that the data bear
    assert about["made"] == "here"
    assert about["n_pairs"] == judged["n_pairs"] == len(frame)
    assert about["settings"]["judge"]["kind"] == "openai"


def test_the_same_judging_again_sends_nothing_and_has_the_same_name(judged, done, server):
    before = len(server.state.requests)
    again = done("judge", "--run", "films", **judged_by(server))
    assert len(server.state.requests) == before
    assert again["name"] == judged["name"]


def test_a_budget_ends_the_judging_in_order_and_more_of_it_goes_on(done):
    with serve(by_number) as server:
        poor = done("judge", "--run", "films", **judged_by(server, llm={"budget_calls": 9}))
        assert len(server.state.requests) == 9
        assert "budget_calls" in poor["stopped_by"]
        assert poor["n_wanted"] == 144
        rich = done("judge", "--run", "films", **judged_by(server))
        assert set(server.state.asked.values()) == {1}
    assert rich["stopped_by"] == ""
    assert poor["n_pairs"] < rich["n_pairs"]


def test_a_judging_that_a_budget_ended_says_so_wherever_it_is_told(call):
    with serve(by_number) as server:
        options = judged_by(server, llm={"budget_calls": 9})
        poor, said = call("judge", "--run", "films", **options)[1:]
        assert "Not all is judged" in said
        some = f"{poor['n_pairs']} of 144 pairs"
        assert "Paid now: 9 calls" in said
        assert "money not known without prices" in said
        assert f"stopped early: {some}" in call("judge", "--list")[2]
        answer, said = call("judge", "--preview", "films", **options)[1:]
        assert answer["there"]["n_pairs"] == poor["n_pairs"]
        assert answer["stops"]["by"] == "budget_calls"
        assert answer["stops"]["n_pairs"] == int(144 * 9 / answer["n_calls"])
        assert "judge.llm.budget_calls ends it early" in said
        assert some in said
        recorded = {"kind": "recorded", "recorded": poor["name"]}
        assert some in call("judge", "--preview", "films", **recorded)[2]


def test_money_and_time_are_told_at_the_end_where_prices_are_known(call):
    with serve(by_number) as server:
        prices = {"price_prompt": 1e6, "price_output": 1e6}
        _, answer, said = call("judge", "--run", "films", **judged_by(server, llm=prices))
        paid = call("judge", "--stats", answer["name"])[1]["spend"]["paid_now"]
    tokens = paid["prompt_tokens"] + paid["output_tokens"]
    assert f"{tokens:,} tokens, money {tokens:,}.00" in said
    assert f"Took {answer['seconds']:.1f} s" in said


def test_an_endpoint_that_is_away_ends_it_at_once_and_leaves_nothing(call, place):
    with serve(by_number) as server:
        options = judged_by(server, llm={"targets_per_call": 2})
    before = set((place / "judgements").glob("*"))
    code, answer, said = call("judge", "--run", "films", **options)
    assert code == 1
    assert "cannot be reached" in answer["error"]
    assert "texts ..." not in said
    assert set((place / "judgements").glob("*")) == before


def test_stopped_by_hand_it_says_what_is_kept_and_how_to_go_on(call, place, monkeypatch):
    def pressed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("core.pipeline.judge_report", pressed)
    with serve(by_number) as server:
        code, answer, said = call("judge", "--run", "films", **judged_by(server))
        n = len(server.state.requests)
    assert (code, answer["error"]) == (1, "Stopped.")
    assert f"Kept: {n} answers that were paid for" in said
    assert "grades of 144 pairs" in said
    assert "The same command goes on" in said
    assert all((path / "about.json").exists() for path in (place / "judgements").glob("*"))


def test_what_a_killed_judging_left_is_cleared_and_what_works_or_was_imported_stays(place):
    folder = place / "judgements"
    for name in ("killed", "works", "imported", "own"):
        (folder / name / "stages").mkdir(parents=True)
        if name != "imported":
            (folder / name / "settings.json").touch()
    ticket = run_queue.draw(place, "cpu", "works")
    try:
        clear_unfinished(place, "cpu", "own")
    finally:
        ticket.give_back()
    left = {name for name in ("killed", "works", "imported", "own") if (folder / name).exists()}
    assert left == {"works", "imported", "own"}
    for name in left:
        shutil.rmtree(folder / name)


def test_a_judge_whose_grades_tell_nothing_is_doubted(call):
    with serve(grade_all("High")) as server:
        _, answer, said = call("judge", "--run", "films", **judged_by(server))
        _, quality, stats = call("judge", "--stats", answer["name"])
    assert [one["kind"] for one in quality["doubts"]] == ["one_grade", "one_grade", "strangers"]
    for text in (said, stats):
        assert "100.0% of 144 pairs got one grade, High" in text
        assert "Nothing shows that strangers" in text


def test_judgements_are_listed(judged, call):
    code, answer, said = call("judge", "--list")
    assert code == 0
    found = {about["name"]: about for about in answer["judgements"]}
    assert found[judged["name"]]["n_pairs"] == judged["n_pairs"]
    assert judged["name"] in said
    assert judged["created"][:10] in said


def test_stats_tell_what_is_known_of_the_judge(judged, call):
    code, answer, said = call("judge", "--stats", judged["name"])
    assert code == 0
    assert answer["n_pairs"] == judged["n_pairs"]
    assert answer["outcomes"]["all"]["parsed"]["share"] == 1.0
    assert "user's view: Low" in said
    assert "place in the call, item's view: p = " in said


def test_of_two_judges_the_agreement_is_told_and_of_a_file_what_was_left_out(
    judged, call, done, server, tmp_path
):
    path = tmp_path / "some.csv"
    done("judge", "--export", judged["name"], "--to", path)
    with path.open("a") as file:
        file.write("nobody,i1,High,High,,,x\n")
    both = {"first": "recorded", "recorded": str(path), "second": "openai", "kind": "ensemble"}
    code, _, said = call("judge", "--run", "films", **judged_by(server, **both))
    assert code == 0
    assert f"both judges alike, user's view: 100.0% of {judged['n_pairs']:,} pairs" in said
    assert "left out: " in said


# ---------------------------------------------------------------- out, in, and into a run


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_what_is_exported_imported_and_run_comes_out_the_same(
    judged, done, place, tmp_path, ending
):
    target, name = tmp_path / f"mine.{ending}", f"mine-{ending}"
    first = pd.read_parquet(place / "judgements" / judged["name"] / "judgements.parquet")
    assert first.duplicated(PAIR).any()  # some strangers are a pair that was judged anyway
    n_pairs = len(grades(first))
    assert done("judge", "--export", judged["name"], "--to", target)["n_pairs"] == n_pairs
    brought = done("judge", "--import", target, "--dataset", "films", "--name", name)
    assert brought["problems"] == []
    table = pd.read_parquet(place / "judgements" / name / "judgements.parquet")
    assert brought["n_pairs"] == len(grades(first))
    pd.testing.assert_frame_equal(grades(table), grades(first))
    assert brought["judge"] == judged["judge"]
    if ending != "csv":
        return
    result = done("run", "films", kind="recorded", recorded=name)
    assert result["judge"] == f"recorded: {judged['judge']}"
    back, twice = tmp_path / "back.csv", tmp_path / "twice.csv"
    done("judge", "--export", "latest", "--to", back)
    pd.testing.assert_frame_equal(grades(pd.read_csv(back)), grades(first))
    assert set(pd.read_csv(back)["judge"]) == {judged["judge"]}  # the prefix does not pile up
    assert done("judge", "--stats", "latest")["judge"] == result["judge"]
    folder = place / "runs" / result["run_id"]
    edges = json.loads((folder / "detection.json").read_text())["edges"]
    by_judge = pd.read_parquet(folder / "edges.parquet").query("decided_by == 'judge'")
    assert edges["dropped"]["n"] == (by_judge["origin"] == "dropped").sum()
    assert edges["added"]["n"] == (by_judge["origin"] == "added").sum()
    assert edges["judge"] == result["judge"]
    imported = done("judge", "--import", back, "--dataset", "films", "--name", "again")
    frame = pd.read_parquet(place / "judgements" / "again" / "judgements.parquet")
    frame["judge"] = f"recorded: recorded: {judged['judge']}"
    frame.to_parquet(place / "judgements" / "again" / "judgements.parquet")
    done("judge", "--export", "again", "--to", twice)
    assert set(pd.read_csv(twice)["judge"]) == {imported["judge"]} == {judged["judge"]}


def test_a_file_is_imported_under_its_own_name_and_what_is_wrong_is_said(call, place, tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text(
        "user_id,item_id,user_grade,item_grade,judge\n"
        "u0,i1,High,Low,\x1b[2Jann\nu0,i2,2,1,ann\nnobody,i1,High,High,ann\nu1,i3,Best,Low,ann\n"
    )
    code, answer, said = call("judge", "--import", path, "--dataset", "films")
    assert code == 0
    assert (answer["name"], answer["n_pairs"], answer["made"]) == ("lab", 2, "elsewhere")
    assert sum(problem["count"] for problem in answer["problems"]) >= 2
    assert "nobody" in said
    assert "\x1b" not in said
    frame = pd.read_parquet(place / "judgements" / "lab" / "judgements.parquet")
    assert frame["user_grade"].tolist() == ["High", "High"]
    assert frame["item_grade"].tolist() == ["Low", "Mid"]


def test_judgements_of_a_name_are_replaced_only_on_demand(call, place, tmp_path):
    path = tmp_path / "twice.csv"
    words = ["judge", "--import", path, "--dataset", "films"]
    head = "user_id,item_id,user_grade,item_grade\n"
    path.write_text(f"{head}u0,i1,High,High\n")
    assert call(*words)[0] == call(*words)[0] == 0  # the same again harms nothing
    path.write_text(f"{head}u0,i1,High,Low\n")
    code, answer, _ = call(*words)
    assert code == 1
    assert "--replace" in answer["error"]
    table = place / "judgements" / "twice" / "judgements.parquet"
    assert pd.read_parquet(table)["item_grade"].tolist() == ["High"]
    assert call(*words, "--replace")[0] == 0
    assert pd.read_parquet(table)["item_grade"].tolist() == ["Low"]


def test_a_whole_run_asks_the_model_and_keeps_its_tables(done, place, server):
    result = done("run", "films", **judged_by(server))
    folder = place / "runs" / result["run_id"]
    calls = pd.read_parquet(folder / "judge_calls.parquet")
    assert len(calls) > 0
    assert {"judge_calls.parquet", "judge_targets.parquet", "judge_quality.json"} <= {
        *result["files"]
    }
    said = done("judge", "--stats", result["run_id"])
    assert said["spend"]["all"]["n_calls"] == len(calls)
    data = load_dataset(place / "datasets" / "films")
    assert set(calls["user_id"]) <= set(data.users.id)
    assert np.isin(calls["view"], ["user", "item"]).all()


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--import", "x.csv"], "--dataset"),
        (["--import", "none.csv", "--dataset", "films"], "none.csv"),
        (["--import", "none.csv", "--dataset", "nothing"], "no dataset nothing"),
        (["--export", "latest"], "--to"),
        (["--export", "latest", "--to", "x.xlsx"], ".jsonl"),
        (["--export", "nowhere", "--to", "x.csv"], "nowhere"),
        (["--stats", "nowhere"], "nowhere"),
        (["--preview", "nothing"], "no dataset nothing"),
        (["--run", "films", "--set", "judge.kind=openai"], "LLMHNI_LLM_MODEL"),
        (["--run", "films", "--set", "judge.kind=recorded"], "judge.recorded"),
        (["--run", "films", "--set", "judge.knd=openai"], "judge.knd"),
        (["--preview", "films", "--set", "judge.kind=oracle"], "judge.kind"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(call, words, match):
    code, answer, said = call("judge", *words)
    assert code == 1
    assert match in answer["error"]
    assert match in said


def test_nothing_or_two_things_at_once_is_wrong_usage():
    for words in (["judge"], ["judge", "--list", "--run", "films"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2


def test_judgements_of_nothing_in_the_dataset_are_refused(call, tmp_path, place):
    path = tmp_path / "strange.csv"
    path.write_text("user_id,item_id,user_grade,item_grade\nx,y,High,High\n")
    code, answer, _ = call("judge", "--import", path, "--dataset", "films")
    assert code == 1
    assert "none of its rows" in answer["error"]
    assert not (place / "judgements" / "strange").exists()


def test_an_import_takes_no_name_that_is_none_or_taken(call, judged, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("user_id,item_id,user_grade,item_grade\nu0,i1,High,High\n")
    words = ["judge", "--import", path, "--dataset", "films", "--name"]
    assert "is no name" in call(*words, "../out")[1]["error"]
    assert "made here" in call(*words, judged["name"])[1]["error"]
