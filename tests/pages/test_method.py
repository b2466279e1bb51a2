"""The Method page over a hand-made run folder."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment
from tests.baseline_run import NOTE, write_baseline_run
from tests.report_run import write_report_run

MAIN = environment.ROOT / "app" / "main.py"


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("../pages/method.py").run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def settings(app):
    return app.dataframe[0].value


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_so():
    assert "no finished run" in open_page().info[0].value


def test_the_whole_page_is_there(workspace):
    write_report_run(workspace)
    app = open_page()
    assert [head.value for head in app.subheader] == [
        "How P(noisy) is put together",
        "What the judge said",
        "Is P(noisy) as high as the noise?",
        "What this run can and cannot claim",
        "Settings",
    ]
    assert "Graded by: evidence judge, no LLM" in texts(app)
    assert not app.error
    assert settings(app).set_index("name").loc["train.pool", "changed"] == "◆ changed"


def test_an_example_can_be_chosen(workspace):
    write_report_run(workspace)
    app = open_page()
    assert "cid → Alien" in texts(app)
    app.segmented_control(key="me_example").set_value("Most likely noise").run()
    assert "bob → Dune" in texts(app)


def test_the_settings_of_a_link_are_shown(workspace):
    write_report_run(workspace)
    app = open_page(me_find="caution")
    app.text_input(key="me_find").set_value("caution").run()
    assert settings(app)["name"].tolist() == ["scoring.caution"]
    app.text_input(key="me_find").set_value("no such thing").run()
    assert any("No setting fits" in info.value for info in app.info)


def test_without_truth_the_page_is_complete(workspace):
    write_report_run(workspace, truth=False, noise_rate=None, threshold=None)
    app = open_page()
    assert any("not planted" in info.value for info in app.info)
    assert len(app.subheader) == 5


def test_names_from_files_are_plain_text(workspace):
    write_report_run(workspace, judge="**judge** <b>x</b>", device="**gpu**", preset="**own**")
    app = open_page()
    assert "Graded by: **judge** <b>x</b>" in texts(app)
    written = " ".join(element.value for element in [*app.markdown, *app.caption])
    for untrusted in ("**judge**", "**gpu**", "**own**", "Alien"):
        assert untrusted not in written


def test_a_damaged_table_is_explained(workspace):
    folder = write_report_run(workspace)
    (folder / "edges.parquet").write_text("{")
    app = open_page()
    assert "could not be shown" in app.error[0].value


def test_the_overview_offers_the_report(workspace):
    write_report_run(workspace)
    app = AppTest.from_file(MAIN, default_timeout=60).run()
    assert not app.exception
    assert any(
        button.proto.label == "Report as one HTML file" for button in app.get("download_button")
    )


def test_verdicts_by_grades_need_no_threshold(workspace):
    settings_of_grades = {"scoring": {"rule": "grades"}}
    write_report_run(workspace, threshold=None, settings=settings_of_grades)
    app = open_page()
    assert not app.error
    assert "Verdicts by grades, as second-hand descriptions of the paper have it." in texts(app)


def test_a_run_with_labels_says_what_people_decided(workspace):
    labels = {"n": 9, "n_overruled": 5, "n_held_out": 2, "calibrated": True}
    write_report_run(workspace, labels=labels, parent="run-0")
    app = open_page()
    assert any("People decided 5 of 6 verdicts" in one.value for one in app.markdown)
    assert any("also corrected" in text for text in texts(app))
    assert any("every AUC leave them out" in one.value for one in app.caption)


def test_a_run_of_a_baseline_is_shown_as_one(workspace):
    write_baseline_run(workspace)
    app = open_page()
    assert "Method: R-CE, pairwise" in texts(app)
    assert NOTE in texts(app)
    said = " ".join(info.value for info in app.info)
    assert "nothing to take apart" in said
    assert "12 pairs were graded" in said
    assert "nothing to compare with a share of noise" in said
    keys = [chart.key for chart in app.get("plotly_chart")] if app.get("plotly_chart") else []
    assert not {"me_calibration", "me_waterfall", "me_grades"} & set(keys)
    assert not any("on average" in caption.value for caption in app.caption)
