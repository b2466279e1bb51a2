"""The page Study in a browser: every view shows its figure or table, and the address keeps it."""

from __future__ import annotations

import pytest

from core.study.rows import append_rows
from tests.browser.screen import TABLE
from tests.study_folder import cell, rows, write_study

NAME = "studies/small"
LOOKALIKE = {"noise": "lookalike", "hard_kept_70": 0.9}
"""Only with this noise LLMHNI keeps 0.9."""
KEPT = str((0.8 + 0.82 + 0.82) / 3)
"""What LLMHNI keeps with position noise, mean of three seeds."""
FIGURES = {
    "Detection": "st_dots",
    "Ranking": "st_rates",
    "Trade-off": "st_trade",
    "Ablations": "st_forest",
    "Negatives": "st_negatives",
}
DRAWN_MARKS = {"Detection": 3, "Ranking": 4, "Trade-off": 2, "Ablations": 1, "Negatives": 2}
"""Marks that a figure must have at least: methods, changes or schemes of the small study."""


@pytest.fixture
def study(server):
    """A study of three seeds in the workspace of the running app."""
    folder = server.workspace / "studies" / "small"
    if not folder.exists():
        write_study(folder)
        third = [row | {"seed": 2, "part": row["part"]} for row in rows() if row["seed"] == 1]
        append_rows(folder, [*third, cell("llmhni", 0, **LOOKALIKE)])
    return folder


def show(screen, view, **more):
    screen.open("study", st_study=NAME, st_view=view, **more)


def marks(screen, key):
    """Marks of a plotly figure, symbols of the legend aside."""
    return screen.page.locator(f"[class*='st-key-{key}'] .js-plotly-plot path.point").count()


@pytest.mark.usefixtures("study")
def test_the_verdicts_say_what_holds_and_their_cases_are_drawn(screen):
    show(screen, "Verdicts", st_aim="3")
    screen.says("5 aims, each answered from the rows alone")
    # (0.24 - 0.20) / (0.25 - 0.20), in all three seeds
    screen.says("Worst case: 0.80 [0.80, 0.80] of the gap recovered (sample, position noise")
    screen.until(lambda: marks(screen, "st_cases") == 1)
    shown = screen.page.locator(TABLE).last
    case = screen.row(2, shown)  # after both measures with uniform noise
    assert case[:5] == ["sample", "position", "Recall@20", "◆ holds", "3"]


@pytest.mark.parametrize("view", FIGURES)
@pytest.mark.usefixtures("study")
def test_every_view_draws_its_figure_and_says_where_its_numbers_come_from(screen, view):
    show(screen, view)
    screen.until(lambda: marks(screen, FIGURES[view]) >= DRAWN_MARKS[view])
    text = screen.page.locator(f"[class*='st-key-{FIGURES[view]}'] .annotation-text")
    assert f"source: {NAME}/rows.csv" in " ".join(text.all_text_contents())


@pytest.mark.usefixtures("study")
def test_a_view_without_the_kind_of_noise_names_the_one_that_it_draws(screen):
    """The ablations have mixed noise alone, the methods position and lookalike noise."""

    def picked():
        box = ".st-key-st_noise [role=combobox], .st-key-st_noise input"
        return screen.page.locator(box).first.input_value(timeout=5000)

    show(screen, "Ablations")
    screen.shows(picked, "mixed")
    screen.switch("st_view", "Trade-off")
    screen.until(lambda: marks(screen, FIGURES["Trade-off"]) >= DRAWN_MARKS["Trade-off"])
    screen.shows(picked, "position")
    screen.switch("st_view", "Ablations")
    screen.shows(picked, "mixed")


@pytest.mark.usefixtures("study")
def test_another_kind_of_noise_changes_what_is_shown_and_the_address_keeps_it(screen):
    show(screen, "Detection")
    shown = screen.page.locator(TABLE).last
    screen.until(lambda: screen.cells(0, shown)[:5] == ["position", "LLMHNI", "LLMHNI", "3", KEPT])
    screen.pick("st_noise", "lookalike")
    wanted = ["lookalike", "LLMHNI", "LLMHNI", "1", "0.9"]
    screen.until(lambda: screen.cells(0, shown)[:5] == wanted)
    screen.shows(lambda: screen.query.get("st_noise"), ["lookalike"])
    screen.page.reload()
    screen.title("Study")
    screen.until(lambda: screen.cells(0, shown)[:5] == wanted)


@pytest.mark.usefixtures("study")
def test_the_view_is_in_the_address_and_rows_are_filtered(screen):
    show(screen, "Verdicts")
    screen.switch("st_view", "Cells")
    screen.shows(lambda: screen.query.get("st_view"), ["Cells"])
    every = screen.says(" rows, newest first")
    screen.page.reload()
    screen.title("Study")
    assert screen.says(" rows, newest first") == every
    screen.page.locator(".st-key-st_f_variant input").first.click()
    screen.page.get_by_role("option", name="T-CE", exact=True).click()
    n_rows = sum(row["variant"] == "t-ce" for row in rows()) - 1 + 2  # one is left, two of seed 2
    screen.says(f"{n_rows} of ")
    screen.shows(lambda: screen.query.get("st_f_variant"), ["T-CE"])
    shown = screen.page.locator(TABLE).last
    # The address changes before the table is drawn anew.
    screen.until(lambda: "t-ce" in screen.row(0, shown))
