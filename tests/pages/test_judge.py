"""The page Judge over runs and judgements that were written by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from app.services import background, environment, jobs, judge_ask, judge_place, launches
from app.ui.judge import settings
from core.config import RunConfig
from tests.dataset_folder import write_dataset
from tests.judge_folder import HOSTILE, JUDGE, NAME, write_judged_run, write_judgements
from tests.run_folder import write_run

MAIN = environment.ROOT / "app" / "main.py"
GONE = 2**30
SECRET = "sk-proj-Zq81xYw0LmN"
PREVIEW = {
    "n_pairs": 40,
    "n_observed": 30,
    "n_unobserved": 8,
    "n_controls": 2,
    "n_calls": 12,
    "prompt_tokens": 9_000,
    "output_tokens": 1_000,
    "money": 1.5,
    "seconds": None,
    "rests_on": "Questions were written out.",
    "fields": ["item titles", f"item attribute {HOSTILE}"],
    "sample": [
        {"role": "system", "content": "You judge."},
        {"role": "user", "content": HOSTILE},
        {"role": "system", "content": "You judge items."},
        {"role": "user", "content": "The item."},
    ],
    "receiver": "llm.example.org",
    "host": "llm.example.org",
    "stays_here": False,
    "model": "tiny",
    "asks_model": True,
    "budget": {"budget_calls": 20},
}


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch):
    """Nothing of the machine that the tests run on is known to them."""
    for name in ("LLMHNI_LLM_API_KEY", "OPENAI_API_KEY", "LLMHNI_LLM_MODEL", "LLMHNI_LLM_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LLMHNI_SECRETS", "")
    monkeypatch.setenv("LLMHNI_LLM_BASE_URL", "https://llm.example.org/v1")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def endpoint(monkeypatch):
    """A model at a host elsewhere, and a key."""
    monkeypatch.setenv("LLMHNI_LLM_MODEL", "tiny")
    monkeypatch.setenv("LLMHNI_LLM_API_KEY", SECRET)


def open_page(view="Ask", **query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.run()
    app.switch_page("../pages/judge.py")
    app.query_params["ju_view"] = view
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def said(app):
    elements = (app.text, app.info, app.error, app.warning, app.success, app.caption, app.markdown)
    return "\n".join(str(one.value) for element in elements for one in element)


def marked(app):
    """Everything that is read as Markdown."""
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.success, *app.error]
    labels = [one.label for one in (*app.button, *app.checkbox, *app.metric)]
    return "\n".join([*(str(one.value) for one in parts), *labels])


def button(app, key):
    return next(one for one in app.button if one.key == key)


def previewed(workspace, config, **changes):
    """Leave the answer of a preview where the page looks for it."""
    name = f"judge-preview-{judge_ask.name_of(workspace, 'films', config)}"
    write_log(workspace, name, json.dumps(PREVIEW | changes))


def write_log(workspace, name, *lines):
    launch, log = launches.files(workspace, name)
    launch.parent.mkdir(exist_ok=True)
    launch.write_text(json.dumps({"pid": GONE, "started": datetime.now(UTC).isoformat()}))
    log.write_text("\n".join(lines) + "\n")


ASKED = RunConfig.model_validate({"judge": {"kind": "openai"}})


@pytest.mark.parametrize("view", ["Ask", "Trust", "Calls", "Judgements", "Hallucination"])
@pytest.mark.usefixtures("workspace")
def test_every_view_of_an_empty_workspace_says_what_to_do(view):
    assert open_page(view).info


@pytest.mark.usefixtures("workspace")
def test_without_a_model_nothing_can_be_asked_and_the_page_says_what_is_missing(workspace):
    write_dataset(workspace)
    app = open_page()
    assert any("no language model is named" in text for text in texts(app))
    assert not [one for one in app.button if one.key in ("ju_preview", "ju_send")]
    assert any("LLMHNI_LLM_API_KEY: not set" in text for text in texts(app))


@pytest.mark.usefixtures("endpoint")
def test_the_key_is_never_shown(workspace):
    write_dataset(workspace)
    previewed(workspace, ASKED)
    app = open_page()
    assert any("LLMHNI_LLM_API_KEY: set" in text for text in texts(app))
    assert SECRET not in said(app) + marked(app)
    assert not any("key" in one.label.lower() for one in app.text_input)


@pytest.mark.usefixtures("endpoint")
def test_nothing_is_sent_before_a_preview_of_exactly_these_settings(workspace, monkeypatch):
    write_dataset(workspace)
    started = []
    monkeypatch.setattr(jobs, "start", lambda _, words, name: started.append((words, name)))
    app = open_page()
    assert not [one for one in app.button if one.key == "ju_send"]
    button(app, "ju_preview").click().run()
    ((words, name),) = started
    assert words[3] == "--preview"
    assert name == f"judge-preview-{judge_ask.name_of(workspace, 'films', ASKED)}"

    previewed(workspace, ASKED)
    app = open_page()
    assert button(app, "ju_send").label == "Send to llm.example.org"
    other = next(one for one in app.number_input if "budget_calls" in str(one.key))
    other.set_value(5).run()
    assert not [one for one in app.button if one.key == "ju_send"]
    assert button(app, "ju_preview")


@pytest.mark.usefixtures("endpoint")
def test_who_receives_what_is_told_letter_by_letter(workspace):
    write_dataset(workspace)
    previewed(workspace, ASKED)
    app = open_page()
    assert {one.label: one.value for one in app.metric} == {
        "Pairs": "40",
        "Calls, about": "12",
        "Tokens, about": "10,000",
        "Money, about": "1.50",
        "Time, about": "–",
    }
    assert "llm.example.org" in texts(app)
    assert f"• item titles\n• item attribute {HOSTILE}" in texts(app)
    assert HOSTILE in [one.value for one in app.code]
    assert "Budget: calls 20" in texts(app)
    assert "Casino" not in marked(app)


@pytest.mark.usefixtures("endpoint")
def test_texts_leave_only_after_a_word_about_host_and_money(workspace, monkeypatch):
    write_dataset(workspace)
    previewed(workspace, ASKED)
    started = []
    monkeypatch.setattr(jobs, "start", lambda _, words, __: started.append(words))
    app = open_page()
    assert button(app, "ju_send").disabled
    sure = app.checkbox[0]
    assert sure.label == "Yes, send these texts to llm.example.org; it may cost about 1.50."
    sure.check().run()
    button(app, "ju_send").click().run()
    assert started[0][2:5] == ("judge", "--run", "films")


@pytest.mark.usefixtures("endpoint")
def test_a_preview_says_what_is_judged_already_and_where_a_budget_ends_it(workspace):
    write_dataset(workspace)
    there = {"name": "x", "created": "2030-01-02T03:04:05+00:00", "n_pairs": 3, "n_wanted": 9}
    stops = {"by": "budget_calls", "n_pairs": 4, "share": 0.5}
    previewed(workspace, ASKED, stops=stops, there={**there, "stopped_by": "budget"})
    app = open_page()
    assert any("The budget in calls ends it early, at about 4 of" in w.value for w in app.warning)
    assert any("stopped early, 3 of 9 pairs, 2030-01-02 03:04 UTC" in text for text in texts(app))


def test_names_of_settings_are_those_of_the_form():
    said = settings.worded("set judge.llm.base_url, judge.llm.model or judge.llm.model_file.")
    assert said == "set “Address (base URL)”, “Model” or “Model file (GGUF)”."
    assert "judge.llm.in_flights" in settings.worded("judge.llm.in_flights")


@pytest.mark.usefixtures("endpoint")
def test_a_preview_of_another_host_does_not_count(workspace):
    write_dataset(workspace)
    previewed(workspace, ASKED, host="elsewhere.example.org")
    app = open_page()
    assert button(app, "ju_preview")
    assert not [one for one in app.button if one.key == "ju_send"]


def test_a_host_that_is_no_plain_name_stays_out_of_labels(workspace, monkeypatch):
    write_dataset(workspace)
    host = "**x**"
    monkeypatch.setattr(
        judge_place, "find", lambda _: judge_place.Place(host, "tiny", False, False)
    )
    previewed(workspace, ASKED, host=host)
    app = open_page()
    assert button(app, "ju_send").label == "Send to this host"
    assert host not in marked(app)


@pytest.mark.usefixtures("endpoint")
def test_after_a_stop_it_can_go_on(workspace):
    write_dataset(workspace)
    previewed(workspace, ASKED)
    values = {"n_judged": 7, "n_calls": 3, "money": 0.25}
    told = {"progress": {"stage": "judge", "fraction": 0.2, "values": values}}
    name = judge_ask.name_of(workspace, "films", ASKED)
    write_log(workspace, f"judging-{name}", json.dumps(told), '{"error": "Stopped."}')
    app = open_page()
    assert any("What was paid for is kept" in info.value for info in app.info)
    shown = {one.label: one.value for one in app.metric}
    assert (shown["Pairs judged"], shown["Calls paid for"], shown["Money"]) == ("7", "3", "0.25")
    assert shown["Unreadable"] == "–"
    assert button(app, "ju_send")


@pytest.mark.usefixtures("endpoint")
def test_a_failure_says_why(workspace):
    write_dataset(workspace)
    name = judge_ask.name_of(workspace, "films", ASKED)
    write_log(workspace, f"judging-{name}", json.dumps({"error": f"{HOSTILE}: wrong key"}))
    app = open_page()
    assert f"{HOSTILE}: wrong key" in texts(app)
    assert "Casino" not in marked(app)


@pytest.mark.usefixtures("endpoint")
def test_judged_pairs_become_a_run(workspace, monkeypatch):
    write_dataset(workspace)
    name = judge_ask.name_of(workspace, "films", ASKED)
    write_judgements(workspace, name)
    started = []

    def start(dataset, config, _):
        started.append((dataset, config.judge))
        return "run-9"

    monkeypatch.setattr(background, "start_run", start)
    app = open_page()
    assert any(JUDGE in text for text in texts(app))
    button(app, f"ju_run_{name}").click().run()
    button(app, f"ju_run_judge_{name}").click().run()
    assert "Started: run-9" in texts(app)
    (first, recorded), (_, again) = started
    assert (first, recorded.kind, recorded.recorded) == ("films", "recorded", name)
    assert recorded.scope == "candidates"
    assert again == ASKED.judge


def test_trust_shows_what_is_known_of_a_judged_run(workspace):
    write_judged_run(workspace)
    app = open_page("Trust")
    assert f"Graded by: {JUDGE}" in texts(app)
    shown = {one.label: one.value for one in app.metric}
    assert (shown["Calls"], shown["Tokens"]) == ("4", "480")
    assert shown["Money"] == "0.00"
    assert (shown["Noise among judged"], shown["Noise among rejected"]) == ("25.0%", "100.0%")
    assert "Added and held out" not in shown  # this run did not measure it
    tables = [table.value for table in app.dataframe]
    views = tables[0].set_index("Pairs")
    assert views.loc["Interactions", "High in both"] == "33.3%"
    outcomes = next(table for table in tables if "Outcome" in table)
    assert outcomes["Calls"].tolist() == [2, 1, 1, 0, 0]
    assert any("Not measured: set judge.repeat" in info.value for info in app.info)
    assert any("has a label of its own" in info.value for info in app.info)


def test_trust_of_the_evidence_judge_says_what_does_not_apply(workspace):
    folder = write_judged_run(workspace, judge="evidence judge, no LLM", settings={})
    for name in ("judge_calls.parquet", "judge_targets.parquet", "judge_quality.json"):
        (folder / name).unlink()
    app = open_page("Trust")
    assert any("asks no language model" in info.value for info in app.info)
    assert app.dataframe[0].value["Pairs"].tolist() == ["Interactions", "Strangers"]


def test_two_judges_and_what_a_file_lacked_are_shown(workspace):
    folder = write_judged_run(workspace)
    path = folder / "judge_quality.json"
    one = {"n": 3, "share": 2 / 3, "kappa": None, "matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}
    problem = {"title": HOSTILE, "count": 3, "rows": [], "severity": "error", "fix": "Look."}
    told = {"judges": {"first": HOSTILE, "second": JUDGE, "user": one, "item": one}}
    asked = {"rounds": [{}, {}], "n_calls": 30, "n_calls_all": 90, "stopped_by": "money"}
    more = told | {"problems": [problem], "asked": asked, "flipped": 0.25}
    path.write_text(json.dumps(json.loads(path.read_text()) | more))
    app = open_page("Trust")
    assert f"First: {HOSTILE}\nSecond: {JUDGE}" in texts(app)
    assert texts(app).count("Alike: 66.7% · kappa –") == 2
    assert any("about 30 of 90 calls" in text for text in texts(app))
    assert any("25% of the grades" in warning.value for warning in app.warning)
    assert {"3 ×", "money"} <= set(texts(app))
    assert "Casino" not in marked(app)


def test_grades_that_tell_nothing_are_warned_of(workspace):
    folder = write_judged_run(workspace)
    path = folder / "judge_quality.json"
    quality = json.loads(path.read_text())
    for name in ("all", "observed", "control"):
        quality["views"][name]["matrix"] = [[0, 0, 0], [0, 0, 0], [0, 0, 60]]
    path.write_text(json.dumps(quality))
    app = open_page("Trust")
    assert any("doubts about these grades" in one.value for one in app.warning)
    assert any("100.0% of 60 pairs got one grade, High" in text for text in texts(app))
    assert any("Nothing shows that strangers" in text for text in texts(app))


def test_trust_of_judgements_needs_no_run(workspace):
    write_dataset(workspace)
    write_judgements(workspace)
    app = open_page("Trust")
    assert f"Graded by: {JUDGE}" in texts(app)
    assert any("measured by a run alone" in info.value for info in app.info)


def test_calls_are_listed_and_filtered(workspace):
    write_judged_run(workspace)
    app = open_page("Calls", ju_c_user="ann")
    assert "2 calls, those that went wrong first" in texts(app)
    assert app.dataframe[0].value["outcome"].tolist() == ["◐ repaired", "● parsed"]
    app.text_input(key="ju_c_user").set_value("nobody").run()
    assert any("No call passes" in info.value for info in app.info)


def test_a_run_without_calls_says_so(workspace):
    write_run(workspace)
    assert any("no calls" in info.value for info in open_page("Calls").info)


def test_judgements_are_listed_with_what_was_wrong_with_their_file(workspace):
    write_dataset(workspace)
    problem = {
        "title": f"{HOSTILE} is unknown",
        "count": 1_234,
        "rows": [{"user_id": HOSTILE}],
        "severity": "error",
        "fix": "Look.",
    }
    folder = write_judgements(workspace, made="elsewhere", problems=[problem])
    (folder / "settings.json").unlink()
    app = open_page("Judgements")
    assert app.dataframe[0].value["name"].tolist() == [NAME]
    assert f"{HOSTILE} is unknown" in texts(app)
    assert "1,234 ×" in texts(app)
    assert app.dataframe[1].value["user_id"].tolist() == [HOSTILE]
    assert "Casino" not in marked(app)
    assert {one.label for one in app.get("download_button")} >= {"CSV", "Parquet", "JSON lines"}


def test_a_what_if_run_is_started_with_and_without_suppression(workspace, monkeypatch):
    settings = RunConfig().model_dump(mode="json")
    write_run(workspace, changes={"settings": settings})
    started = []
    monkeypatch.setattr(
        background, "start_run", lambda _, config, *__: started.append(config) or "new"
    )
    app = open_page("Hallucination")
    button(app, "ju_f_start").click().run()
    assert [one.train.hallucination_suppression for one in started] == [True, False]
    assert {one.judge.flip for one in started} == {0.2}
    assert any("none yet but the run itself" in info.value for info in app.info)


def test_runs_of_a_family_lead_to_the_comparison(workspace):
    settings = RunConfig().model_dump(mode="json")
    write_run(workspace, changes={"settings": settings})
    flipped = {**settings, "judge": {**settings["judge"], "flip": 0.3}}
    write_run(workspace, "run-0", {"settings": flipped, "created": "2029-01-01T00:00:00+00:00"})
    app = open_page("Hallucination")
    assert app.dataframe[0].value["Grades flipped"].tolist() == ["0.0%", "30.0%"]
    button(app, "ju_f_compare").click().run()
    assert not app.exception
    assert app.title[0].value == "Compare"
    assert app.multiselect(key="co_runs").value == ["run-1", "run-0"]


@pytest.mark.usefixtures("endpoint")
def test_grades_become_a_run_of_llmhni_whatever_the_run_in_the_sidebar_is(workspace, monkeypatch):
    write_dataset(workspace)
    config = RunConfig.model_validate(
        {
            "method": "r-ce",
            "judge": {"kind": "openai"},
            "pretrain": {"epochs": 9},
            "train": {"epochs": 7},
        }
    )
    settings = config.model_dump(mode="json")
    write_run(workspace, changes={"settings": settings, "dataset": "films"})
    name = judge_ask.name_of(workspace, "films", config)
    write_judgements(workspace, name)
    started = []
    monkeypatch.setattr(
        background, "start_run", lambda _, config, *__: started.append(config.method) or "run-9"
    )
    app = open_page(run="run-1")
    assert "A run is of LLMHNI: up to 9 epochs of pre-training" in said(app)
    assert "up to 7 of the final training" in said(app)
    assert "The run in the sidebar is of R-CE" in said(app)
    button(app, f"ju_run_{name}").click().run()
    button(app, f"ju_run_judge_{name}").click().run()
    assert started == ["llmhni", "llmhni"]


def test_flips_are_not_offered_for_a_baseline(workspace):
    settings = RunConfig(method="r-ce").model_dump(mode="json")
    write_run(workspace, changes={"settings": settings})
    app = open_page("Hallucination")
    assert "the baseline R-CE" in said(app)
    assert not any(one.key == "ju_f_start" for one in app.button)
