"""The report as one file: complete, closed to the network, and hostile text stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import plotly.graph_objects as go
import pytest

from app.services import environment
from app.services.store import load_run
from app.ui import html_page, html_report
from app.ui.html_page import Page
from tests.baseline_run import write_baseline_run
from tests.report_run import write_report_run

HOSTILE = "</script><img src=x onerror=alert(1)>"
LOADING = {"src", "href", "action", "data", "poster", "srcset"}


class Reader(HTMLParser):
    """Takes the file apart."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.scripts, self.texts = [], [], [], []
        self.policy, self._script = "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in LOADING]
        found = dict(attrs)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if tag == "script":
            self._script = found.get("type", "")

    def handle_endtag(self, tag):
        if tag == "script":
            self._script = None

    def handle_data(self, data):
        if self._script is None:
            self.texts.append(data)
        else:
            self.scripts.append((self._script, data))


@pytest.fixture
def short_library(monkeypatch):
    """In place of the 5 MB of plotly.js, which take seconds to take apart."""
    monkeypatch.setattr(html_page, "get_plotlyjs", lambda: "void 0 < 1;")


@pytest.fixture
def read(workspace, short_library):  # noqa: ARG001
    """Build the report of a run and take it apart."""

    def build(**options):
        write_report_run(workspace, **options)
        return Reader(html_report.build(load_run(workspace, "run-1")))

    return build


def test_it_has_the_numbers_of_the_run(read):
    found = read(precision=0.625)
    said = " ".join(found.texts)
    for number in ("70.0%", "62.5%", "90.0%", "0.2500", "0.1250", "0.850", "train.pool", "12 s"):
        assert number in said
    for heading, _ in html_report.SECTIONS:
        assert heading in said
    assert "Avoids deserts" in said
    assert "seed 3" in said


def test_nothing_is_loaded_from_anywhere(read):
    found = read()
    assert all(address.startswith("#") for address in found.addresses)
    assert not {"link", "iframe", "img", "object", "embed", "form"} & set(found.tags)
    assert "default-src 'none'" in found.policy
    assert "connect-src 'none'" in found.policy
    scripts = re.search(r"script-src ([^;]*)", found.policy).group(1)
    assert "unsafe" not in scripts
    for kind, script in found.scripts:
        if kind != "application/json":  # every script is one that the policy names
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in scripts


def test_figures_are_data_that_can_be_read(read):
    found = read()
    figures = [json.loads(script) for kind, script in found.scripts if kind == "application/json"]
    assert len(figures) >= 7
    assert all({"data", "layout"} <= set(figure) for figure in figures)


@pytest.mark.usefixtures("short_library")
def test_hostile_text_stays_text(workspace):
    folder = write_report_run(workspace, judge=HOSTILE, dataset=HOSTILE, device=HOSTILE)
    table = pd.read_parquet(folder / "interactions.parquet")
    texts = ("title", "user_id", "item_id", "user_reason", "item_reason", "explanation")
    table = table.assign(**dict.fromkeys(texts, HOSTILE))
    table.to_parquet(folder / "interactions.parquet")
    found = Reader(html_report.build(load_run(workspace, "run-1")))
    assert not {"img", "i"} & set(found.tags)
    assert sum(HOSTILE in text for text in found.texts) > 20
    assert any("<i>hidden</i>" in text for text in found.texts)  # reason of an edge
    assert len([kind for kind, _ in found.scripts if kind == ""]) == 2


@pytest.mark.usefixtures("short_library")
def test_a_label_in_a_figure_cannot_end_its_script():
    page = Page("a")
    page.figure(go.Figure(layout={"title": {"text": HOSTILE}}), HOSTILE)
    found = Reader(page.html())
    assert "img" not in found.tags
    (figure,) = [json.loads(text) for kind, text in found.scripts if kind]
    assert figure["layout"]["title"]["text"] == HOSTILE


def test_without_truth_it_says_what_is_not_known(read):
    said = " ".join(read(truth=False, ranking=None).texts)
    assert "the noise of this dataset was not planted" in said
    assert "This run did not measure it." in said


def test_it_is_written_without_streamlit():
    code = "import sys, app.ui.html_report; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=environment.ROOT).returncode == 0


@pytest.mark.browser
def test_it_opens_offline_and_draws(workspace, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    write_report_run(workspace)
    whole = html_report.build(load_run(workspace, "run-1"))
    injected = whole.replace("<h1>", "<script>document.title = 'broken'</script><h1>", 1)
    with sync_api.sync_playwright() as play:
        try:
            browser = play.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
        except sync_api.Error as error:
            pytest.skip(f"no Chromium: {error}")
        context = browser.new_context(offline=True)
        said, asked = look(context, tmp_path / "report.html", whole)
        assert said == []
        assert asked == 1  # the file itself
        said, _ = look(context, tmp_path / "injected.html", injected)
        assert any("Content Security Policy" in line for line in said)
        browser.close()


def look(context, path, text):
    """Open a report; return what the console said and how many files were asked for."""
    path.write_text(text, encoding="utf-8")
    view = context.new_page()
    said, asked = [], []
    view.on("console", lambda line: said.append(line.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("request", lambda request: asked.append(request.url))
    view.goto(path.as_uri())
    view.wait_for_function(
        "[...document.querySelectorAll('.figure')].every(f => f.querySelector('.main-svg'))"
    )
    assert view.title().startswith("LLMHNI report")
    return said, len(asked)


def test_the_head_says_when_the_run_was_finished_or_else_started(workspace):
    write_report_run(workspace, threshold=None, finished="2030-01-02T04:05:06+01:00")
    assert "Run run-1, finished 2030-01-02 03:05 UTC." in html_report.build(
        load_run(workspace, "run-1")
    )
    path = workspace / "runs" / "run-1" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"finished": None}))
    assert "Run run-1, started 2030-01-02 03:04 UTC." in html_report.build(
        load_run(workspace, "run-1")
    )


@pytest.mark.parametrize(
    ("accept", "both"), [("high", "Both grades High"), ("mid", "Both grades at least Mid")]
)
def test_it_names_the_grades_that_the_run_accepts(read, accept, both):
    said = " ".join(read(settings={"refine": {"accept": accept}}).texts)
    assert both in said
    assert ("Grades accepted" in said) is (accept == "mid")
    assert "{both}" not in said


@pytest.mark.usefixtures("short_library")
def test_what_people_decided_is_said_to_be_left_out(workspace):
    labels = {"n": 3, "n_overruled": 2, "n_held_out": 1, "calibrated": False}
    folder = write_report_run(workspace, labels=labels)
    path = folder / "interactions.parquet"
    by = ["person", "person", "model", "model", "model", "model"]
    pd.read_parquet(path).assign(decided_by=by).to_parquet(path)
    said = " ".join(Reader(html_report.build(load_run(workspace, "run-1"))).texts)
    assert "People decided 2 of 6 verdicts" in said
    assert said.count("Left out are 2 interactions") == 2


def test_without_labels_nothing_is_said_of_people(read):
    said = " ".join(read().texts)
    assert "People decided" not in said
    assert "Left out are" not in said


@pytest.mark.usefixtures("short_library")
@pytest.mark.parametrize("truth", [True, False])
def test_a_run_of_a_baseline_is_reported_as_one(workspace, truth):
    write_baseline_run(workspace, truth=truth)
    said = " ".join(Reader(html_report.build(load_run(workspace, "run-1"))).texts)
    assert "R-CE, pairwise report: six rows" in said
    assert "Method: R-CE, pairwise. A baseline: R-CE, pairwise (Wang et al." in said
    assert "rank of suspicion of at least 0.700" in said
    for wrong in ("Judged by", "log-odds moved", "User's view", "Both grades High", "not probab"):
        assert wrong not in said
    assert "LLMHNI" not in said.split("Settings")[0].replace("LLMHNI Workbench", "")
