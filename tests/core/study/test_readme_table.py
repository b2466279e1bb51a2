from __future__ import annotations

from core.study.readme_table import BEGIN, END, fill, readme_table
from tests.core.study.study_rows import row, table

HERE = {"data": "sample", "noise": "position"}


def rows() -> list[dict]:
    made = []
    for seed in range(3):
        jitter = 0.001 * seed
        for name, recall, kept in (
            ("bpr", 0.3, 0.5),
            ("dns", 0.35, 0.6),
            ("r-ce", 0.31, 0.8),
            ("oracle", 0.5, float("nan")),
            ("llmhni", 0.4, 0.7),
        ):
            made.append(
                row(name, seed, **HERE, recall20=recall + jitter * recall, ndcg20=recall)
                | {"hard_kept_70": kept + jitter * kept, "auc_matched": kept + jitter * kept}
                | ({"noise_recall": 0.25, "precision": 0.75} if name == "llmhni" else {})
            )
    return made


def test_the_nearest_rival_is_named_and_bold_where_it_is_ahead():
    line = readme_table(table(rows())).splitlines()[2]
    assert line.split(" | ")[:3] == ["| sample", "position", "3"]
    assert "0.400 (DNS 0.350)" in line  # no oracle among the rivals
    assert "0.300 · 0.50" in line
    assert "0.701 (**R-CE 0.801**)" in line
    assert "0.250 · 0.750" in line


def test_means_are_over_all_seeds_of_a_method_and_a_dash_stands_for_what_is_missing():
    more = [row("llmhni", seed, **HERE, recall20=0.6, ndcg20=0.6) for seed in (3, 4)]
    line = readme_table(table([*rows(), *more])).splitlines()[2]
    assert "0.480 (DNS 0.350)" in line
    without = [
        {**one, "data": "amazon-book", "hard_kept_70": float("nan"), "auc_matched": float("nan")}
        for one in rows()
    ]
    assert "| – | – | 0.250" in readme_table(table(without)).splitlines()[2]


def test_data_without_texts_have_rivals_too():
    plain = [{**one, "data": "amazon-book"} for one in rows()]
    texts = [{**one, "variant": "text-only"} for one in rows() if one["variant"] == "r-ce"]
    lines = {
        line.split(" | ")[0]: line
        for line in readme_table(table([*rows(), *texts, *plain])).splitlines()
    }
    assert lines["| amazon-book"].count("0.701 (**R-CE 0.801**)") == 2
    assert "0.701 (**" in lines["| sample"]


def test_the_page_has_the_table_between_its_marks_however_often_it_is_filled():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = fill(page, "| new |")
    assert once == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    assert fill(once, "| new |") == once
    assert fill("no marks", "| new |") == "no marks"
