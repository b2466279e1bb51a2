"""The report on labels, over rows whose means and differences are worked out by hand."""

from __future__ import annotations

from benchmarks.labels_report import render


def row(seed, order, budget, value, wrong=0.0, **more):
    shared = {"calibrated": budget >= 100, "n_noisy_labels": 7}
    return {
        "seed": seed, "order": order, "wrong": wrong, "budget": budget, "auc_rest": value,
        **shared, **more,
    }  # fmt: skip


ROWS = [
    row(0, "none", 0, 0.80, recall20=0.5),
    row(1, "none", 0, 0.82, recall20=0.6),
    row(0, "random", 100, 0.84),
    row(1, "random", 100, 0.86),
    row(0, "uncertain", 100, 0.88),
    row(1, "uncertain", 100, 0.92),
]


def test_a_cell_has_the_mean_and_the_difference_to_the_random_order():
    report = render(ROWS)
    assert "Without labels: 0.810." in report
    assert "| random | 0.850 |" in report
    assert "| uncertain | 0.900 (+0.050) |" in report
    assert "Seeds: 0, 1." in report


def test_a_star_marks_what_a_paired_test_over_the_seeds_finds():
    gains = (0.040, 0.041, 0.042, 0.041)
    rows = [row(seed, "random", 100, 0.8) for seed in range(4)]
    rows += [row(seed, "uncertain", 100, 0.8 + gain) for seed, gain in enumerate(gains)]
    assert "| uncertain | 0.841 (+0.041*) |" in render(rows)


def test_seeds_are_compared_with_themselves_alone():
    rows = [*ROWS, row(2, "uncertain", 100, 0.10)]
    assert "| uncertain | 0.633 (+0.050) |" in render(rows)


def test_wrong_labels_have_tables_of_their_own_and_what_is_missing_is_a_dash():
    rows = [*ROWS, row(0, "random", 50, 0.7, wrong=0.2)]
    report = render(rows)
    assert "| 20% of the labels wrong | 50 |" in report
    assert "| random | 50 | 20% | 0 of 1 runs | 7 |" in report
    assert "| random | 100 | 0% | 2 of 2 runs | 7 |" in report


def test_nothing_is_invented_where_nothing_is_measured():
    assert render([]) == "Nothing is measured yet.\n"
