"""The report of a run: one HTML file with everything a reader needs, which opens offline.

No Streamlit here: the command line writes the same file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.services import honesty, method, settings_list
from app.services.method_of import is_baseline, method_of
from app.services.method_steps import of_run
from app.services.store import Run
from app.ui import html_findings, method_boxes
from app.ui.figures import method as method_figures
from app.ui.figures import pipeline
from app.ui.html_page import Page
from app.ui.wording import UNKNOWN


def build(run: Run) -> str:
    """Write the report of a run as HTML.

    Raises:
        core.errors.DataError: If a table of the run is damaged.
    """
    manifest = run.manifest
    of = method_of(manifest)
    judged = "" if of.is_baseline else f" Judged by: {manifest.judge}."
    page = Page(f"{of.title} report: {manifest.dataset}")
    page.say(
        f"Run {manifest.run_id}, {manifest.when}. Method: {of.title}.{judged} {of.note} "
        "Everything is in this file; it opens offline and loads nothing.",
        pale=True,
    )
    for heading, part in SECTIONS:
        page.section(heading)
        part(page, run)
    return page.html()


def _method(page: Page, run: Run) -> None:
    boxes = method_boxes.boxes(run.manifest, method.step_numbers(run))
    picture = pipeline.pipeline(boxes, dict(run.manifest.stages))
    page.figure(picture, "The steps of the method with the numbers of this run")
    page.table(
        ["Step", "P: the paper", "2: second-hand", "D: this project"],
        [
            (step.name, *(text or UNKNOWN for text in (step.paper, step.second_hand, step.ours)))
            for step in of_run(run.manifest)
        ],
        widths={"Step": "13%", "P: the paper": "24%", "2: second-hand": "25%"},
    )
    cells = method.grade_matrix(run)
    if cells["n"].sum() and not is_baseline(run.manifest):
        page.figure(method_figures.grade_matrix(cells), "Grades of both views")


def _settings(page: Page, run: Run) -> None:
    table = settings_list.of_run(run)
    page.table(
        ["Setting", "Value", "Default", "", "Meaning"],
        [
            (row["name"], row["value"], row["default"], "◆ changed" if row["changed"] else "",
             row["meaning"])
            for _, row in table.iterrows()
        ],
        widths={"Setting": "24%", "Meaning": "46%"},
    )  # fmt: skip


def _honesty(page: Page, run: Run) -> None:
    page.table(
        ["Topic", "", "What to know"],
        [
            (one.topic, f"{honesty.SIGNS[one.standing]} {one.standing}", one.text)
            for one in honesty.statements(run)
        ],
        widths={"Topic": "16%", "": "15%"},
    )


def _versions(page: Page, run: Run) -> None:
    manifest = run.manifest
    seed = UNKNOWN if manifest.seed is None else str(manifest.seed)
    page.table(
        ["", "Value"],
        [
            ("Run", manifest.run_id),
            ("Dataset", manifest.dataset),
            ("Fingerprint of the data", manifest.dataset_fingerprint or UNKNOWN),
            ("Seed", seed),
            ("Device", manifest.device or UNKNOWN),
            *((name, version) for name, version in manifest.versions.items()),
        ],
        widths={"": "26%"},
    )
    page.table(["Stage", "Seconds"], [(n, f"{s:,.1f}") for n, s in manifest.stages.items()],
               ["Seconds"])  # fmt: skip


SECTIONS: Final[tuple[tuple[str, Callable[[Page, Run], None]], ...]] = (
    ("Headline numbers", html_findings.headline),
    ("Verdicts", html_findings.verdicts),
    ("What would a loss cut throw away?", html_findings.price),
    ("Can a signal tell hard from noisy?", html_findings.signals),
    ("Is the noise found?", html_findings.detection),
    ("Better recommendations?", html_findings.ranking),
    ("Loss by verdict", html_findings.loss),
    ("Twenty noisy interactions", html_findings.examples("noisy")),
    ("Twenty hard interactions", html_findings.examples("hard")),
    ("Graph", html_findings.graph),
    ("How the verdict was made", _method),
    ("What this run can and cannot claim", _honesty),
    ("Settings", _settings),
    ("To make it again", _versions),
)
