from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from core.errors import DataError
from core.study import report
from core.study.labels import title
from core.study.report import write_report
from core.study.rows import append_rows
from tests.core.study.study_rows import row, study


@pytest.fixture(scope="module")
def small() -> list[dict]:
    """One dataset, two kinds of noise, few methods: what figures need and no more."""
    few = ("llmhni", "bpr", "dcf", "oracle", "signal:loss", "no-judge", "caution-1")
    return [
        one
        for one in study()
        if one["data"] == "sample" and one["noise"] != "co-click" and one["variant"] in few
    ]


def written(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".svg"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def make(folder: Path, rows: list[dict]) -> list[Path]:
    append_rows(folder / "study", rows)
    return write_report(folder / "study", folder / "README.md")


def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_finished(tmp_path, small):
    pytest.importorskip("matplotlib")
    paths = make(tmp_path / "one", small)
    first = written(tmp_path / "one")
    write_report(tmp_path / "one" / "study", tmp_path / "one" / "README.md")
    assert written(tmp_path / "one") == first
    make(tmp_path / "other", small[::-1])
    assert written(tmp_path / "other") == first
    assert set(first) == {path.relative_to(tmp_path / "one").as_posix() for path in paths}


def test_every_link_leads_somewhere_and_every_figure_says_its_source(tmp_path, small):
    pytest.importorskip("matplotlib")
    make(tmp_path, small)
    for page in (tmp_path / "README.md", tmp_path / "study" / "README.md"):
        links = re.findall(r"\]\(([^)]+)\)", page.read_text())
        assert links
        assert all((page.parent / link).is_file() for link in links)
    names = {path.stem for path in (tmp_path / "study" / "figures").glob("*.svg")}
    assert names == {
        *("hard_kept_70-sample", "auc_matched-sample", "rates-sample", "recovered-sample"),
        *("ablations-sample-mixed", "negatives"),
    }
    for path in (tmp_path / "study" / "figures").glob("*.svg"):
        assert "<!-- n = 3 seeds; " in path.read_text()
        assert "source: study/rows.csv -->" in path.read_text()


def test_a_figure_that_the_rows_no_longer_give_is_removed(tmp_path, small):
    pytest.importorskip("matplotlib")
    make(tmp_path, small)
    stale = tmp_path / "study" / "figures" / "old.svg"
    stale.write_text("<svg/>")
    write_report(tmp_path / "study")
    assert not stale.exists()


def test_without_matplotlib_the_report_is_whole_and_says_how_to_get_figures(
    tmp_path, small, monkeypatch, caplog
):
    monkeypatch.setattr(report, "is_installed", lambda: False)
    with caplog.at_level(logging.WARNING):
        paths = make(tmp_path, small)
    assert [path.name for path in paths] == ["README.md", "README.md"]
    text = paths[0].read_text()
    assert "requirements-bench.txt" in text
    assert "![" not in text
    assert "requirements-bench.txt" in caplog.text


@pytest.fixture
def no_figures(monkeypatch) -> None:
    monkeypatch.setattr(report, "is_installed", lambda: False)


@pytest.mark.usefixtures("no_figures")
def test_the_page_names_every_aim_with_its_verdict_and_takes_in_what_is_written_by_hand(tmp_path):
    (tmp_path / "reading.md").write_text("Because the texts say so.")
    make(tmp_path, study())
    text = (tmp_path / "README.md").read_text()
    for key in ("1a", "1b", "2", "3", "4"):
        assert re.search(rf"\| {key} \|.*\*\*holds\*\*", text)
    assert "## Why\n\nBecause the texts say so." in text
    assert "hardly any content signal" in text


@pytest.mark.usefixtures("no_figures")
def test_numbers_in_the_report_are_those_of_the_rows(tmp_path):
    rows = [row("llmhni", seed, recall20=0.3, hard_kept_70=0.75) for seed in range(2)]
    rows += [row("dcf", seed, recall20=0.2, hard_kept_70=0.5) for seed in range(2)]
    part = {"part": "ablations", "ndcg20": 0.2}
    rows += [row("llmhni", seed, **part, recall20=0.3) for seed in range(2)]
    rows += [row("no-judge", seed, **part, recall20=0.28) for seed in range(2)]
    make(tmp_path, rows)
    text = (tmp_path / "study" / "README.md").read_text()
    assert "| DCF | 2 | 0.500 [0.500, 0.500] |" in text
    assert "| +0.250 [+0.250, +0.250] | – |" in text
    assert "| DCF | 2 | 0.2000 [0.2000, 0.2000] |" in text
    assert (
        "| no-judge | 2 | – | – | – | – | -0.0200 [-0.0200, -0.0200] | – | the same | – |" in text
    )


@pytest.mark.usefixtures("no_figures")
def test_rows_of_two_versions_of_the_code_and_mixed_options_are_told(tmp_path):
    rows = [row("dcf", 0, recall20=0.3), row("dcf", 1, recall20=0.3, options='{"a|b":1}')]
    rows += [row("bpr", 0, recall20=0.2, code="def")]
    make(tmp_path, rows)
    text = (tmp_path / "study" / "README.md").read_text()
    assert "2 versions (abc, def)" in text
    assert "different versions of the code" in text
    assert "different options stand side by side:** DCF on sample" in text
    assert "Not measured on sample: LLMHNI" in text


@pytest.mark.usefixtures("no_figures")
def test_rows_made_with_other_options_than_tuning_found_best_are_told(tmp_path):
    tuned = [("{}", 0.1), ('{"a":1}', 0.2)]
    rows = [
        row(name, 1000, part="tuning", options=options, valid_ndcg20=value)
        for name in ("dcf", "pld")
        for options, value in tuned
    ]
    rows += [row("dcf", 0, recall20=0.3), row("pld", 0, recall20=0.3, options='{"a":1}')]
    make(tmp_path, rows)
    text = (tmp_path / "study" / "README.md").read_text()
    assert "**Not run with the options that tuning found best:** DCF on sample." in text


def test_a_folder_without_rows_says_how_to_make_them(tmp_path):
    with pytest.raises(DataError, match="make study"):
        write_report(tmp_path)


@pytest.mark.usefixtures("no_figures")
def test_options_that_were_chosen_elsewhere_are_no_defaults(tmp_path):
    """A study of one's own without tuning takes the options that the project's study chose."""
    chosen = '{"train.weight_decay":0.001}'
    rows = [row(name, 0, recall20=0.3, options=chosen) for name in ("bpr", "oracle")]
    rows.append(row("t-ce", 0, recall20=0.3))
    make(tmp_path / "own", rows)
    text = (tmp_path / "own" / "study" / "README.md").read_text()
    assert "Nothing was tuned here." in text
    assert f"no candidates of this study: {title('bpr')} on sample `{chosen}`, " in text
    assert "the project's study (docs/results/study)" in text
    assert "defaults everywhere" not in text
    assert "that table is empty" not in text  # in the protocol
    tuned = [row("bpr", 1000, part="tuning", options=chosen, valid_ndcg20=0.1)]
    make(tmp_path / "tuned", [*rows, *tuned])
    text = (tmp_path / "tuned" / "study" / "README.md").read_text()
    assert "no candidates of this study" not in text
    assert "Methods without candidates here have their defaults." in text


@pytest.mark.usefixtures("no_figures")
def test_runs_that_were_cut_off_while_they_still_gained_are_counted(tmp_path):
    rows = [row("simgcl", seed, recall20=0.3, best_epoch=(120, 120, 40)[seed]) for seed in range(3)]
    rows += [row("bpr", seed, recall20=0.3, best_epoch=60) for seed in range(3)]
    rows += [row("dns", 0, rate=0.0, noise="none", recall20=0.3, best_epoch=120)]
    make(tmp_path, rows)
    text = (tmp_path / "study" / "README.md").read_text()
    assert "is the last of 120, so that more epochs might help: SimGCL on sample 2 of 3." in text
