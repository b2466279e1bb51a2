"""The report of a study, from its rows alone: the same rows give the same bytes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from core.study import sections, tuned
from core.study.figure_style import INSTALL, Drawn, is_installed
from core.study.figures import draw_all
from core.study.names import KEY, ROWS_FILE
from core.study.protocol import ABLATIONS, PROTOCOL, STATISTICS
from core.study.readme_table import fill, readme_table
from core.study.rows import read_rows
from core.study.statistics import part_of
from core.study.summary_page import summary_page, verdict_table
from core.study.verdicts import verdicts

logger = logging.getLogger(__name__)

FIGURES: Final = "figures"
READING: Final = "reading.md"
"""Written by hand, beside the page that it is read into."""
_CELL: Final = ", ".join(f'"{name}"' for name in KEY if name != "options")
READ_AGAIN: Final = f'`rows.sort_values("finished").drop_duplicates([{_CELL}], keep="last")`'
"""What :func:`core.study.rows.read_rows` does with rows of all parts but tuning."""


def write_report(
    folder: Path, results_readme: Path | None = None, front_page: Path | None = None
) -> list[Path]:
    """Write the report of a study, its figures and, if asked, the page that sums it up.

    Args:
        folder: Holds ``rows.csv``; gets ``README.md`` and ``figures/*.svg``. Figures there that
            these rows do not give are removed.
        results_readme: The page of aims and verdicts. ``reading.md`` beside it is taken in as its
            section "Why" if it is there.
        front_page: A page whose table, between its marks, is written anew.

    Returns:
        The files that were written, the report first.

    Raises:
        DataError: If there are no rows, or the file is none of a study.
    """
    rows = read_rows(folder / ROWS_FILE)
    drawn = _draw(rows, folder)
    written = [folder / "README.md"]
    written[0].write_text(render(rows, drawn, folder), encoding="utf-8")
    if results_readme is not None:
        reading = results_readme.parent / READING
        why = reading.read_text(encoding="utf-8") if reading.is_file() else ""
        results_readme.parent.mkdir(parents=True, exist_ok=True)
        page = summary_page(rows, drawn, folder, results_readme.parent, why)
        results_readme.write_text(page, encoding="utf-8")
        written.append(results_readme)
    if front_page is not None:
        page = fill(front_page.read_text(encoding="utf-8"), readme_table(rows))
        front_page.write_text(page, encoding="utf-8")
        written.append(front_page)
    return [*written, *(figure.path for figure in drawn)]


def render(rows: pd.DataFrame, drawn: Sequence[Drawn], folder: Path) -> str:
    """The full report.

    Args:
        rows: All rows.
        drawn: Its figures.
        folder: Figures are linked from here.
    """
    cells = part_of(rows, "methods")
    parts = [
        "# The study: LLMHNI beside what one would use instead",
        f"Written from [{ROWS_FILE}]({ROWS_FILE}), one row per finished cell, by "
        "`python -m app.cli study`, which goes on where it stopped. Of a cell that was run with "
        "several options the file keeps all; what is reported is the one finished last, in pandas "
        f"{READ_AGAIN}.",
        sections.about(rows),
    ]
    if not drawn:
        parts.append(_no_figures())
    parts += ["## Aims", verdict_table(verdicts(rows)), "## Protocol", PROTOCOL.rstrip()]
    parts += ["## Statistics", STATISTICS]
    for data in sorted(set(cells["data"])):
        figures = [one for one in drawn if one.data == data and one.section != "ablations"]
        parts += [f"## Dataset {data}", *_images(figures, folder), *sections.dataset(cells, data)]
    parts += [
        "## Ablations",
        ABLATIONS,
        *_images([one for one in drawn if one.section == "ablations"], folder),
        *(sections.ablations(rows) or ["Not measured."]),
        "## Mined negatives",
        "Share of held-out positives among negatives mined under each scheme from one trained "
        "model, and the chance that it ranks such a negative above the positive. Easier "
        "negatives have fewer false ones for that reason alone.",
        *_images([one for one in drawn if one.section == "negatives"], folder),
        sections.negatives(rows),
        "## Tuning",
        tuned.candidates(rows),
        "## Time",
        sections.seconds(rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _draw(rows: pd.DataFrame, folder: Path) -> list[Drawn]:
    if not is_installed():
        logger.warning("The report is written without figures. To get them: %s", INSTALL)
        return []
    drawn = draw_all(rows, folder / FIGURES, f"{folder.name}/{ROWS_FILE}")
    for stale in set((folder / FIGURES).glob("*.svg")) - {figure.path for figure in drawn}:
        stale.unlink()
    return drawn


def _no_figures() -> str:
    return f"No figures: none can be drawn from these rows, or matplotlib is missing (`{INSTALL}`)."


def _images(drawn: Iterable[Drawn], folder: Path) -> list[str]:
    return [
        text
        for one in drawn
        for text in (f"![{one.alt}]({one.path.relative_to(folder).as_posix()})", f"*{one.alt}.*")
    ]
