"""Widgets that pages share.

Titles, reasons and messages come from data and language models: they are shown with ``st.text``
or in tables, never as Markdown or HTML.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.services import job_log, jobs, store
from app.services.records import Detection, Manifest
from app.ui import figure_file, place, state
from app.ui.glossary import explain as explain_term
from app.ui.wording import MATCHED, MATCHED_HELP, SHOWN, TABLE_HELP, WHAT_IT_IS
from core.errors import WorkbenchError
from core.types import VERDICTS, Verdict

SIGNAL_NAMES = {
    "loss": "Loss",
    "score": "Model score",
    "semantic": "Semantic relevance",
    "logical": "Logical relevance",
    "p_noisy": "P(noisy), all together",
}

PICTURE_KEY: Final = "picture"
"""Key of the format in which the camera above a figure saves it."""


def need_run() -> store.Run:
    """Find the chosen run; without one, say what to do, offer the sample, and end the page."""
    run = state.current_run()
    if run is not None:
        return run
    if not current_job():
        st.info("There is no finished run yet.", icon=":material/info:")
        st.write(f"{WHAT_IT_IS} {SHOWN.get(place.page(), '')}".strip())
        st.write(
            "The sample is a small film catalogue with planted noise. Running it takes some "
            "minutes, needs no network and no key, and shows every part of the method."
        )
        start_button()
    st.stop()


def display_settings() -> None:
    """Draw how things are shown, at the foot of the sidebar."""
    st.sidebar.segmented_control(
        "Save figures as",
        ["PNG", "SVG"],
        default="PNG",
        required=True,
        key=PICTURE_KEY,
        persist_state="session",
        help="Format of the camera button above each figure. HTML, under each figure, stays "
        "interactive and opens offline.",
    )


def chart(figure: go.Figure, key: str, name: str, **options: Any) -> Any:  # noqa: ANN401 - as Streamlit has it
    """Show a figure that can be taken along.

    Args:
        figure: Framed by :func:`app.ui.theme.frame`.
        key: Of the element; unique on the page.
        name: File name without suffix, and what the picture is, in a few words.
        **options: To ``st.plotly_chart``, such as ``on_select``.

    Returns:
        The selection, if ``on_select`` asks for one.
    """
    form = str(st.session_state.get(PICTURE_KEY, "PNG")).lower()
    config = {
        "displaylogo": False,
        "toImageButtonOptions": {"format": form, "filename": name, "scale": 2},
        **options.pop("config", {}),
    }
    with st.container(key=f"chart_{key}"):
        event = st.plotly_chart(figure, key=key, config=config, **options)
        st.download_button(
            "HTML",
            partial(figure_file.write, figure, config, *place.origin(name)),
            f"{name}.html",
            "text/html",
            key=f"{key}_html",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            help="This figure as a file of its own, with everything in it: opens offline.",
        )
    return event


def downloads(write: Callable[[Path], None], key: str, name: str, n_rows: int) -> None:
    """Offer a whole table, not only the page on screen, as CSV and Parquet.

    Args:
        write: Writes it to a path, in the format of its suffix; called on a click.
        key: Of the elements; unique on the page.
        name: File name without suffix.
        n_rows: How many rows that will be.
    """

    def content(suffix: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}{suffix}"
            write(path)
            return path.read_bytes()

    with st.container(horizontal=True, vertical_alignment="center"):
        for title, suffix, mime in (
            ("CSV", ".csv", "text/csv"),
            ("Parquet", ".parquet", "application/vnd.apache.parquet"),
        ):
            st.download_button(
                title,
                partial(content, suffix),
                f"{name}{suffix}",
                mime,
                key=f"{key}{suffix}",
                icon=":material/download:",
                on_click="ignore",
                help=f"All {n_rows:,} rows. {TABLE_HELP[suffix]}",
            )


def named(title: object, name: str) -> str:
    """The title of an item, or its id where it has none."""
    return title if isinstance(title, str) and title.strip() else name


def explain(error: WorkbenchError) -> None:
    """Show an error the user can act on."""
    st.error("This could not be shown.", icon=":material/error:")
    st.text(str(error))


def verdict_metrics(
    counts: dict[Verdict, int], meanings: Mapping[Verdict, str] | None = None
) -> None:
    """Number and share of each verdict, side by side; ``meanings`` where they are of the run."""
    total = max(1, sum(counts.values()))
    for column, verdict in zip(st.columns(len(VERDICTS)), VERDICTS, strict=True):
        n_rows = counts.get(verdict, 0)
        column.metric(
            verdict.capitalize(),
            f"{n_rows:,}",
            f"{n_rows / total:.1%} of all",
            delta_color="off",
            delta_arrow="off",
            help=meanings[verdict] if meanings else explain_term(verdict),
            border=True,
        )


def detection(manifest: Manifest, names: Mapping[str, str] = SIGNAL_NAMES) -> None:
    """How well each signal finds the planted noise, and what a loss cut would cost."""
    if manifest.detection is None:
        st.info("Not known: the noise of this dataset was not planted.", icon=":material/info:")
        return
    st.dataframe(
        _auc_table(manifest.detection, names),
        column_config={
            "All": st.column_config.NumberColumn(format="%.3f"),
            "Highest loss": st.column_config.NumberColumn(
                format="%.3f", help="Only interactions with the highest loss."
            ),
            MATCHED: st.column_config.NumberColumn(format="%.3f", help=MATCHED_HELP),
        },
        placeholder="–",
    )
    st.caption("AUC of genuine against planted noise: 0.5 is a coin, 1.0 is perfect.")
    shares = (
        ("Noise found", manifest.noise_recall, "Share of the planted noise called noisy."),
        ("Precision", manifest.precision, "Share of planted noise among those called noisy."),
        ("Hard kept", manifest.hard_kept, "Share of genuine hard interactions not called noisy."),
        (
            "Hard kept by a loss cut",
            manifest.hard_kept_by_loss_cut,
            "The same for dropping the highest losses until as much noise is found.",
        ),
    )
    with st.container(horizontal=True):
        for name, value, help_text in shares:
            if value is not None:
                st.metric(name, f"{value:.1%}", help=help_text, width="content")


def ranking(manifest: Manifest) -> None:
    """Quality of the recommendations on the test set, beside plain LightGCN."""
    scores = manifest.ranking
    if scores is None:
        st.info("This run did not measure it.", icon=":material/info:")
        return
    for column, (name, term, ours, plain) in zip(
        st.columns(2),
        (
            ("Recall@20", "recall20", scores.recall20, scores.bpr_recall20),
            ("NDCG@20", "ndcg20", scores.ndcg20, scores.bpr_ndcg20),
        ),
        strict=True,
    ):
        column.metric(
            name,
            f"{ours:.4f}",
            f"{ours - plain:+.4f} against plain LightGCN ({plain:.4f})",
            help=explain_term(term),
        )
    st.caption("One run with one seed: a small difference may be chance.")


def _auc_table(detection: Detection, titles: Mapping[str, str]) -> pd.DataFrame:
    """AUC by signal (rows) and set of interactions (columns)."""
    columns = {
        "All": detection.auc_all,
        "Highest loss": detection.auc_top_loss,
        MATCHED: detection.auc_matched,
    }
    names = [name for name in titles if any(name in column for column in columns.values())]
    table = {
        title: [math.nan if column.get(name) is None else column[name] for name in names]
        for title, column in columns.items()
    }
    index = pd.Index([titles[name] for name in names], name="Signal")
    return pd.DataFrame(table, index=index, dtype="float64")


def current_job() -> bool:
    """Show the job that is going on, or how one ended without a result; say whether one goes on."""
    job = jobs.current(state.workspace())
    active = job is not None and job.active
    if active:
        _running_job()
        if st.button("All jobs", icon=":material/list:", key="to_jobs", type="tertiary"):
            state.go("../pages/jobs.py")
    elif job is not None:
        _ended_job(job)
    return active


def start_button(label: str = "Run the sample") -> None:
    """Offer to run the whole method on the sample data."""
    if st.button(label, type="primary", icon=":material/play_arrow:", key="start_demo"):
        jobs.start_demo(state.workspace())
        st.rerun()


@st.fragment(run_every=1.0)
def _running_job() -> None:
    """Progress of the job that is going on; asks its files every second."""
    job = jobs.current(state.workspace())
    if job is None or not job.active:
        st.rerun()
    with st.container(border=True):
        if job.status.state == "queued":
            st.text(f"Waiting for run {job.status.waits_for or 'before it'} to end")
        else:
            st.text(f"Running: {job.status.stage or 'starting'}")
        st.progress(min(1.0, max(0.0, job.status.fraction)))
        st.text(job.status.message)
        st.caption("It goes on when this page is closed.")


def _ended_job(job: jobs.Job) -> None:
    """Say how a job ended that left no result."""
    if job.status.state == "cancelled":
        st.info("The run was cancelled.", icon=":material/cancel:")
        return
    st.error(
        f"The run {job.status.state}."
        if job.status.state == "failed"
        else "The run was interrupted: its process is gone.",
        icon=":material/error:",
    )
    st.text(job.status.message)
    printed = job_log.read(job.log, 20)
    if printed:
        st.text(f"The end of {job.log}:")
        st.code(printed, language=None)
