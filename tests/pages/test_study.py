"""The page Study over a small study that was written by hand."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment, study
from core.study.rows import append_rows
from tests.study_folder import HOSTILE, cell, write_study

MAIN = environment.ROOT / "app" / "main.py"
VIEWS = ("Verdicts", "Detection", "Ranking", "Trade-off", "Ablations", "Negatives", "Cells")


@pytest.fixture(autouse=True)
def no_study_of_the_project(workspace, monkeypatch):
    monkeypatch.setattr(study, "COMMITTED", workspace / "none")


@pytest.fixture
def small(workspace):
    return write_study(workspace / "studies" / "small")


def open_page(view="Verdicts", **query):
    app = AppTest.from_file(MAIN, default_timeout=90)
    app.run()
    app.switch_page("../pages/study.py")
    for name, value in {"st_view": view, **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def said(app):
    elements = (app.text, app.info, app.warning, app.caption, app.markdown, app.code)
    return "\n".join(str(one.value) for element in elements for one in element)


def marked(app):
    """Everything that is read as Markdown."""
    parts = [*app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(str(one.value) for one in parts)


def before_comparing(app):
    return [one for one in app.expander if one.label.startswith("Before comparing")]


def notes(app):
    """What the closed line about comparing rows holds."""
    return "\n".join(text.value for one in before_comparing(app) for text in one.text)


def figures(app):
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart")]


def bars(app):
    return app.get("progress")


def table(app, column):
    return next(one.value for one in app.dataframe if column in one.value.columns)


def test_without_a_study_the_page_gives_the_command_and_starts_nothing(workspace):
    app = open_page()
    commands = [one.value for one in app.code]
    assert any(
        "study --plan quick" in text and str(workspace / "studies" / "quick") in text
        for text in commands
    )
    assert not app.button


@pytest.mark.usefixtures("small")
def test_the_page_says_where_the_numbers_come_from_and_that_seeds_are_few():
    line = next(one.value for one in open_page().text if "rows.csv" in one.value)
    assert line.startswith("studies/small/rows.csv: 25 rows, seeds 0, 1 (few")
    assert "measured 2026-01-01 to 2026-01-02, code abc123, on cpu" in line


def test_aims_are_answered_from_the_rows(small):
    reached = {"llmhni": 0.24, "bpr": 0.20, "oracle": 0.25}
    append_rows(small, [cell(name, 2, recall20=value) for name, value in reached.items()])
    app = open_page(st_aim="3")
    badges = [one.value for one in app.markdown if "badge" in one.value]
    assert len(badges) == 5
    cases = table(app, "note").set_index(["data", "noise", "measure"])
    # (0.24 - 0.20) / (0.25 - 0.20)
    assert cases.loc[("sample", "position", "Recall@20"), "ours"] == pytest.approx(0.8)
    assert cases.loc[("sample", "position", "Recall@20"), "outcome"] == "◆ holds"
    assert cases.loc[("sample", "uniform", "Recall@20"), "outcome"] == "○ not measured"


def test_the_case_that_speaks_most_against_an_aim_is_told(small):
    reached = {"llmhni": 0.22, "bpr": 0.20, "oracle": 0.25}
    append_rows(small, [cell(name, 2, recall20=value) for name, value in reached.items()])
    better = {"family": "negatives", "recall20": 0.26}
    append_rows(small, [cell("dns", seed, **better) for seed in (0, 1, 2)])
    texts = [one.value for one in open_page().text]
    # LLMHNI 0.24, 0.24, 0.22 less DNS: the mean of -0.02, -0.02, -0.04
    assert any(
        text.startswith("Worst case: LLMHNI − DNS: -0.0267 [")
        and text.endswith("(sample, position noise, Recall@20)")
        for text in texts
    )
    # (0.04 + 0.04 + 0.02) / 3 of 0.05
    assert any(text.startswith("Worst case: 0.67 [") for text in texts)


def test_a_study_without_llmhni_says_so_and_shows_no_empty_comparison(workspace):
    append_rows(workspace / "studies" / "one", [cell("bpr", seed, auc_all=0.6) for seed in (0, 1)])
    app = open_page("Detection")
    assert "LLMHNI itself has no row yet on sample: there" in notes(app)
    assert app.dataframe[0].value["mean"].tolist() == pytest.approx([0.6])
    assert "p_holm" not in app.dataframe[0].proto.column_order


def test_random_edits_that_edited_nothing_are_told(small):
    told = "Random edits edited nothing in 2 of its rows"
    assert told not in notes(open_page())
    found = [(0, 0.5), (1, 0.5), (2, 0.51)]  # the last one dropped edges, any
    append_rows(small, [cell("random-edits", seed, auc_all=value) for seed, value in found])
    assert told in notes(open_page())


@pytest.mark.usefixtures("small")
def test_detection_stands_beside_the_difference_to_llmhni_best_first():
    shown = table(open_page("Detection"), "p_holm")
    assert shown["variant"].tolist() == ["LLMHNI", "BPR (plain)", "T-CE"]
    assert shown["mean"].tolist() == pytest.approx([0.81, 0.61, 0.51])
    assert shown["difference"].tolist()[1:] == pytest.approx([0.2, 0.3])


@pytest.mark.usefixtures("small")
def test_ranking_shows_the_recovered_share_and_the_decline():
    shown = table(open_page("Ranking", st_rank_table="Recovered share"), "recovered")
    assert shown.set_index("variant").loc["LLMHNI", "recovered"] == pytest.approx(0.8)
    shown = table(open_page("Ranking", st_rank_table="Decline"), "slope")
    assert shown["variant"].tolist()[:2] == ["Oracle (no noise)", "LLMHNI"]
    assert shown.set_index("variant").loc["LLMHNI", "slope"] == pytest.approx(-0.04)


@pytest.mark.usefixtures("small")
def test_a_change_that_harms_is_below_nothing():
    shown = table(open_page("Ablations"), "called").set_index("called")
    assert shown.loc["No denoising", "difference"] == pytest.approx(-0.01)


@pytest.mark.usefixtures("small")
def test_cells_say_what_is_left_and_filter():
    app = open_page("Cells", st_f_variant="T-CE")
    assert any("17 of 18 cells" in str(one.proto) for one in app.get("progress"))
    assert set(table(app, "finished")["variant"]) == {"t-ce"}
    assert any("3 of 25 rows" in one.value for one in app.caption)


def test_a_row_that_is_finished_meanwhile_is_there_after_a_refresh(small):
    app = open_page("Cells")
    append_rows(small, [cell("t-ce", 1, noise="none", rate=0.0, recall20=0.25)])
    next(one for one in app.button if one.key == "st_refresh").click().run()
    assert any("18 of 18 cells" in str(one.proto) for one in app.get("progress"))


@pytest.mark.parametrize("view", VIEWS)
def test_a_dataset_with_a_hostile_name_stays_text(workspace, view):
    write_study(workspace / "studies" / "small", data=HOSTILE)
    app = open_page(view)
    assert "example.org" not in marked(app)
    for one in app.get("plotly_chart"):
        assert "<b>x</b>" not in one.proto.spec


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_study_with_one_cell_says_what_is_missing(workspace, view):
    append_rows(workspace / "studies" / "one", [cell("llmhni", 0, recall20=0.2)])
    assert said(open_page(view))


@pytest.mark.parametrize("view", VIEWS)
def test_a_study_without_a_finished_cell_is_shown(workspace, view):
    append_rows(workspace / "studies" / "none", [])
    assert "0 rows" in said(open_page(view))


def test_rows_of_several_versions_of_the_code_are_told(small):
    append_rows(small, [cell("dns", 0, recall20=0.2, code="def456")])
    app = open_page()
    assert "different versions of the code" in notes(app)
    assert not app.warning


def test_all_that_keeps_rows_from_being_compared_is_one_closed_line(small):
    other = {"recall20": 0.2, "code": "def456", "options": '{"train.pool":2}'}
    append_rows(small, [cell("bpr", 2, **other)])
    app = open_page()
    (line,) = before_comparing(app)
    assert line.label == (
        "Before comparing: 2 versions of the code · different options within 1 method"
    )
    assert not line.proto.expanded
    assert "stand side by side: BPR (plain) on sample." in notes(app)
    assert not app.warning


@pytest.mark.usefixtures("small")
def test_rows_alike_need_no_note():
    assert not before_comparing(open_page())


def test_one_share_of_noise_is_drawn_as_dots_with_methods_as_rows(workspace):
    rows = [cell(name, seed, recall20=0.2) for name in ("llmhni", "bpr") for seed in (0, 1)]
    append_rows(workspace / "studies" / "one", rows)
    (figure,) = figures(open_page("Ranking"))
    assert figure["layout"]["yaxis"]["ticktext"] == ["BPR (plain)", "<b>LLMHNI</b>"]
    assert {trace["mode"] for trace in figure["data"]} == {"markers"}
    titles = [one["text"] for one in figure["layout"]["annotations"]]
    assert "position 20% noise" in titles


def test_kinds_with_several_shares_are_lines_and_a_kind_with_one_is_dots(workspace):
    def at(noise, rate):
        return [cell("llmhni", seed, noise=noise, rate=rate, recall20=0.2) for seed in (0, 1)]

    rows = [*at("position", 0.2), *at("position", 0.4), *at("lookalike", 0.1)]
    append_rows(workspace / "studies" / "one", rows)
    lines, dots = figures(open_page("Ranking"))
    assert "lines+markers" in [trace["mode"] for trace in lines["data"]]
    assert lines["layout"]["xaxis"]["tickvals"] == [0.0, 0.2, 0.4]
    assert {trace["mode"] for trace in dots["data"]} == {"markers"}
    assert "lookalike 10% noise" in [one["text"] for one in dots["layout"]["annotations"]]


def test_where_seeds_or_rows_are_missing_in_the_ranking_is_told(small):
    append_rows(small, [cell("dns", seed, family="negatives", recall20=0.2) for seed in (0, 1)])
    app = open_page("Ranking", st_methods=["LLMHNI", "T-CE", "DNS"])
    assert "Fewer than 2 seeds:\nno noise: n = 1 of T-CE; no row of DNS" in said(app)
    app = open_page("Ranking", st_methods=["LLMHNI"])
    assert "Fewer than" not in said(app)


def test_views_without_rows_give_the_command_that_makes_them(workspace):
    folder = workspace / "studies" / "one"
    append_rows(folder, [cell("llmhni", 0, recall20=0.2)])
    for part in ("negatives", "ablations"):
        commands = [one.value for one in open_page(part.capitalize()).code]
        assert any(f"--parts {part} --out {folder}" in text for text in commands)


@pytest.mark.usefixtures("small")
def test_a_study_that_is_not_there_is_told_and_no_longer_once_one_is_chosen(workspace):
    write_study(workspace / "studies" / "other")
    told = "The address names a study that is not here: studies/**gone**. This is studies/"
    app = open_page(st_study="studies/**gone**")
    assert any(told in one.value for one in app.text)
    assert "**gone**" not in marked(app)
    box = next(one for one in app.selectbox if one.key == "st_study")
    box.set_value(box.options[-1]).run()
    assert told not in said(app)


@pytest.mark.usefixtures("small")
def test_versions_and_options_are_told_in_words():
    app = open_page("Ranking")
    assert any("Versions of packages: numpy 2" in one.value for one in app.text)
    assert not app.json
    assert set(table(app, "p_holm")["options"]) == {"defaults"}


def test_a_record_of_a_part_of_a_plan_is_not_taken_for_the_plan(small):
    path = small / "settings.json"
    block = {"part": "methods", "noise": ["position"], "rates": [0.2], "seeds": [0]}
    full = {"name": "full", "blocks": [block | {"variants": ["llmhni", "bpr"]}]}
    path.write_text(json.dumps({"plans": {"full": full}}))
    app = open_page("Cells")
    assert any(
        "2 of 2 cells of the plan, as it was recorded" in str(one.proto) for one in bars(app)
    )
    assert "studies/small/settings.json is of a part of the plan" in said(app)
    assert "finished cells are not in the record" in said(app)


@pytest.mark.usefixtures("small")
def test_a_record_of_its_whole_plan_needs_no_word():
    assert "is of a part of the plan" not in said(open_page("Cells"))


def test_a_plan_with_a_hostile_name_stays_text(small):
    path = small / "settings.json"
    plan = json.loads(path.read_text())["plans"]["own"]
    path.write_text(json.dumps({"plans": {HOSTILE: plan}}))
    app = open_page("Cells")
    assert "example.org" not in marked(app)
    assert not any("example.org" in str(one.proto) for one in bars(app))


@pytest.mark.usefixtures("small")
def test_the_longest_name_of_a_variant_has_room_in_the_rows():
    rows = next(one for one in open_page("Cells").dataframe if "finished" in one.value.columns)
    longest = max(map(len, rows.value["variant"]))
    assert json.loads(rows.proto.columns)["variant"]["width"] > 6 * longest


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("view", VIEWS)
def test_terms_are_the_usual_ones(view):
    app = open_page(view)
    columns = [json.loads(one.proto.columns) for one in app.dataframe]
    titles = [str(look.get("label")) for one in columns for look in one.values()]
    shown = "\n".join([said(app), *titles])
    for odd in ("less this", "Its from", "Its to", "so changed", "less full", "less it"):
        assert odd not in shown


@pytest.mark.usefixtures("small")
def test_what_an_aim_speaks_of_is_explained_beside_it():
    assert "until 50, 70 or 90 % of the planted noise" in marked(open_page(st_aim="1a"))
    assert "Oracle: Plain BPR trained without the planted" in marked(open_page(st_aim="3"))
