"""Sections of the report: what the run found."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import pandas as pd

from app.services import accepting, decided, graph_diff, method, query, report, store, story
from app.services import detection as measured
from app.services.method_of import is_baseline, method_of
from app.services.records import Manifest
from app.services.store import Run
from app.services.verdict_words import explained, meanings
from app.ui import theme
from app.ui.figures import method as method_figures
from app.ui.figures import overview as figures
from app.ui.glossary import explain
from app.ui.html_page import Page
from app.ui.wording import GRADES, LEFT_OUT, NO_SIDES, UNKNOWN, percent
from core.types import VERDICTS

VALIDATION: Final = "Recall@20 on validation"
ASKED: Final = {
    False: "Asked of the judge, strangers included.",
    True: "In a step that all methods share: no verdict of this run is by a grade.",
}
"""What the number of pairs graded is, by whether the run is of a baseline."""


def headline(page: Page, run: Run) -> None:
    """The most important numbers, and what each of them is."""
    manifest = run.manifest
    page.tiles(
        [
            ("training interactions", f"{manifest.n_interactions:,}"),
            *((_signed(name), f"{manifest.verdicts.get(name, 0):,}") for name in VERDICTS),
            ("planted noise found", percent(manifest.noise_recall)),
            ("Recall@20", UNKNOWN if not manifest.ranking else f"{manifest.ranking.recall20:.4f}"),
        ]
    )
    ranking = manifest.ranking
    rows = [
        ("Users, items", f"{manifest.n_users:,}, {manifest.n_items:,}", "In the training data."),
        ("Pairs graded", _whole(manifest.n_judged), ASKED[is_baseline(manifest)]),
        ("Estimated share of noise", percent(manifest.noise_rate), explain("noise_rate")),
        ("Threshold", _number(manifest.threshold), explain("threshold")),
        ("Noise found", percent(manifest.noise_recall), explain("noise_recall")),
        ("Precision", percent(manifest.precision), explain("precision")),
        ("Hard kept", percent(manifest.hard_kept), explain("hard_kept")),
        (
            "Hard kept by a loss cut",
            percent(manifest.hard_kept_by_loss_cut),
            explain("hard_kept_by_loss_cut"),
        ),
        ("Recall@20", _number(ranking.recall20 if ranking else None, 4), explain("recall20")),
        ("NDCG@20", _number(ranking.ndcg20 if ranking else None, 4), explain("ndcg20")),
        ("Work", UNKNOWN if manifest.seconds is None else f"{manifest.seconds:,.0f} s", "Of all "
         "stages, over all sittings."),
    ]  # fmt: skip
    page.table(["Number", "Value", "What it is"], rows, ["Value"], {"Number": "22%"})
    by_people(page, run)


def by_people(page: Page, run: Run) -> None:
    """What people decided in the run, and which numbers count it; nothing without labels."""
    found = decided.by_people(run.manifest)
    if found is None:
        return
    page.say(
        f"◉ People decided {found.n_decided:,} of {run.manifest.n_interactions:,} verdicts. Counts "
        "of verdicts, losses, examples and the graph include them. In the numbers against planted "
        "noise, the price of a loss cut, the signals among the highest losses and every AUC they "
        f"do not count. {LEFT_OUT.format(n=decided.n_told(run))}"
    )


def verdicts(page: Page, run: Run) -> None:
    """How many of each verdict."""
    counts = run.manifest.verdicts
    means = meanings(run.manifest)
    total = max(1, sum(counts.values()))
    page.figure(figures.verdict_shares(counts), "Share of each verdict")
    page.table(
        ["Verdict", "Interactions", "Share", "What it means"],
        [
            (_signed(name), f"{counts.get(name, 0):,}", percent(counts.get(name, 0) / total),
             means[name])
            for name in VERDICTS
        ],
        ["Interactions", "Share"],
    )  # fmt: skip


def price(page: Page, run: Run) -> None:
    """What a loss cut would throw away, and what the verdict does."""
    cuts = story.price_of_a_cut(run)
    page.say(
        "Dropping the highest losses until as many are gone as the verdict noisy takes: what each "
        "way throws away."
    )
    both = accepting.both(run.manifest)
    baseline = is_baseline(run.manifest)
    if baseline and cuts["loss"].noise is None:
        page.say("Not known: nothing was planted, and this method has no grades.")
        return
    page.figure(figures.price(cuts, both), "What a loss cut and the verdict throw away")
    names = {"loss": "Highest losses", "verdict": "Verdict noisy"}
    columns = ["Dropped", "Planted noise", "Genuine", "Of these hard"]
    if not baseline:
        columns.append(both[:1].upper() + both[1:])
    page.table(
        ["Cut", *columns],
        [
            (title, f"{cuts[by].n_dropped:,}", _whole(cuts[by].noise), _whole(cuts[by].genuine),
             _whole(cuts[by].hard), *([] if baseline else [f"{cuts[by].accepted:,}"]))
            for by, title in names.items()
        ],
        columns,
    )  # fmt: skip


def signals(page: Page, run: Run) -> None:
    """How each signal is spread among the highest losses."""
    known = query.has(run, "kinds")
    baseline = is_baseline(run.manifest)
    if baseline and not known:
        page.say(NO_SIDES)
        return
    spread = story.among_highest_loss(run)
    if spread["n"].sum() == 0:
        page.say("No interaction has a known loss.")
        return
    if known:
        said = {name: f"AUC {text}" for name, text in measured.aucs_of_top_loss(run).items()}
    else:
        said = {name: f"overlap {value:.0%}" for name, value in story.overlap(spread).items()}
    names = figures.panel_names(baseline)
    page.figure(figures.confusion(spread, said, known, names), "Signals among the highest losses")
    page.say(
        "The fifth of the interactions with the highest out-of-fold loss: the model alone cannot "
        "tell these apart. "
        + (explain("auc") if known else "The verdicts were made from these signals: no proof."),
        pale=True,
    )


def detection(page: Page, run: Run) -> None:
    """How well planted noise was found."""
    found = run.manifest.detection
    if found is None:
        page.say("Not known: the noise of this dataset was not planted.")
        return
    columns = (found.auc_all, found.auc_top_loss, found.auc_matched)
    page.table(
        ["Signal", "All", "Highest loss", "Equal model score"],
        [
            (title, *(_number(column.get(name)) for column in columns))
            for name, title in figures.panel_names(is_baseline(run.manifest)).items()
        ],
        ["All", "Highest loss", "Equal model score"],
    )
    page.say(explain("auc"), pale=True)
    n_told = decided.n_told(run)
    if n_told:
        page.say(LEFT_OUT.format(n=n_told))
    if is_baseline(run.manifest):
        page.say("P(noisy) of this run is a rank, no probability: it is not calibrated.", pale=True)
        return
    bins = method.calibration(run)
    if not bins.empty:
        figure = method_figures.calibration(bins, run.manifest.threshold)
        page.figure(figure, "Planted noise by P(noisy)")
        page.say(explain("calibration"), pale=True)


def ranking(page: Page, run: Run) -> None:
    """Quality of the recommendations."""
    ranking = run.manifest.ranking
    if ranking is None:
        page.say("This run did not measure it.")
        return
    title = method_of(run.manifest).title
    page.table(
        ["Measure", title, "Plain backbone", "Difference"],
        [
            (name, f"{ours:.4f}", f"{plain:.4f}", f"{ours - plain:+.4f}")
            for name, ours, plain in (
                ("Recall@20", ranking.recall20, ranking.bpr_recall20),
                ("NDCG@20", ranking.ndcg20, ranking.bpr_ndcg20),
            )
        ],
        [title, "Plain backbone", "Difference"],
    )
    page.say("On the test set. One run with one seed: a small difference may be chance.", pale=True)
    if query.has(run, "metrics"):
        page.figure(figures.validation(story.validation_curve(run), title), VALIDATION)


def loss(page: Page, run: Run) -> None:
    """Distribution of the loss by verdict."""
    page.figure(figures.loss_by_verdict(store.loss_histogram(run)), "Loss by verdict")
    page.say("Where two lines overlap, the loss alone cannot tell the verdicts apart.", pale=True)


def examples(verdict: Literal["noisy", "hard"]) -> Callable[[Page, Run], None]:
    """Make the section of the twenty most telling interactions of a verdict."""

    def part(page: Page, run: Run) -> None:
        table = report.most_telling(run, verdict)
        if table.empty:
            page.say(f"This run calls no interaction {verdict}.")
            return
        known = query.has(run, "kinds")
        of = run.manifest
        graded = not is_baseline(of)
        page.table(
            ["User", "Item", "P(noisy)", "Loss", "Score", "Semantic",
             *(["Grades"] if graded else []), *(["Planted"] if known else [])],
            [_example(row, known, graded) for _, row in table.iterrows()],
            ["P(noisy)", "Loss", "Score", "Semantic"],
            {"User": "14%", "Item": "30%"},
            notes=[_reasons(row, of, verdict) for _, row in table.iterrows()],
        )  # fmt: skip

    return part


def _example(row: pd.Series, known: bool, graded: bool) -> tuple[str, ...]:
    grades = [GRADES.get(int(row[f"{view}_grade"]), UNKNOWN) for view in ("user", "item")]
    return (
        str(row["user_id"]),
        str(row["title"] or row["item_id"]),
        *(_number(row[name]) for name in ("p_noisy", "loss", "score", "semantic")),
        *([" / ".join(grades)] if graded else []),
        *([str(row["kind"]) if pd.notna(row["kind"]) else UNKNOWN] if known else []),
    )


def _reasons(row: pd.Series, of: Manifest, verdict: str) -> list[str]:
    if is_baseline(of):
        return [explained(of, verdict, float(row["p_noisy"]), "")]
    named = {"explanation": "", "user_reason": "User's view: ", "item_reason": "Item's view: "}
    return [f"{words}{row[name]}" for name, words in named.items() if row[name]]


def graph(page: Page, run: Run) -> None:
    """What became of the edges."""
    if not query.has(run, "edges"):
        page.say("This run kept no table of edges.")
        return
    totals = graph_diff.totals(run).iloc[0]
    names = {"original": "edges before", "refined": "edges after", "kept": "kept",
             "weakened": "weakened", "dropped": "dropped", "added": "added"}  # fmt: skip
    page.tiles([(title, f"{totals[name]:,.0f}") for name, title in names.items()])
    page.table(
        ["Verdict", "Edge", "Weight", "Why", "Edges", "Mean weight", "Planted noise"],
        [
            (row["verdict"], row["decision"], row["band"], row["reason"], f"{row['n']:,}",
             _number(row["weight"], 2), percent(row["planted"]))
            for _, row in graph_diff.flows(run).iterrows()
        ],
        ["Edges", "Mean weight", "Planted noise"],
    )  # fmt: skip


def _signed(verdict: str) -> str:
    return f"{theme.VERDICT_SIGNS[verdict]} {verdict}"


def _number(value: float | None, digits: int = 3) -> str:
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.replace("-", "−" if float(text) else "")


def _whole(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"
