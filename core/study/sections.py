"""Sections of the full report: each turns rows into Markdown, or into nothing where none are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from core.study import statistics, tuned
from core.study.cases import RATE
from core.study.labels import SCHEMES, measure_title, title
from core.study.names import NATURAL, OWN_THRESHOLD, PLANTED, VERDICTS
from core.study.protocol import NATURAL_NOISE
from core.study.tables import (
    by_rate,
    by_variant,
    estimate,
    markdown,
    number,
    p_value,
    recovery,
)
from core.study.variants import ABLATIONS, METHODS

DETECTION: Final = ("hard_kept_70", "auc_matched", "auc_all", "auc_top_loss", "precision_at_rate")
RANKING: Final = ("recall20", "ndcg20", "recall20_hard_users", "recall20_hard_items")
MAIN: Final = ("recall20", "ndcg20")
ABLATED: Final = ("hard_kept_70", "auc_matched", "recall20", "ndcg20")
SAME: Final = "the same"


def about(rows: pd.DataFrame) -> str:
    """How much was measured, with what code, on what."""
    codes = sorted(set(rows["code"]) - {""})
    lines = [
        f"{len(rows):,} rows. Seeds: {_numbers(rows.loc[rows['part'] != 'tuning', 'seed'])}. "
        f"Devices: {', '.join(sorted(set(rows['device']) - {''})) or 'not known'}.",
        f"Code: {len(codes)} version{'s' if len(codes) != 1 else ''} ({', '.join(codes)}).",
        *cautions(rows),
        f"Versions: {'; '.join(_versions(rows))}.",
    ]
    cells = statistics.part_of(rows, "methods")
    for data, here in cells.groupby("data"):
        missing = [title(name) for name in METHODS if name not in set(here["variant"])]
        if missing:
            lines.append(f"Not measured on {data}: {', '.join(missing)}.")
    return "\n\n".join(lines)


def cautions(rows: pd.DataFrame) -> list[str]:
    """Why rows may not be comparable; nothing where they are."""
    codes, lines = set(rows["code"]) - {""}, []
    if len(codes) > 1:
        lines.append(
            "**The rows come from different versions of the code;** a comparison may be one of "
            "versions. `--fresh` measures all of them again."
        )
    cells = statistics.part_of(rows, "methods")
    mixed = cells.groupby(["data", "variant"])["options"].nunique()
    if (mixed > 1).any():
        names = "; ".join(f"{title(str(name))} on {data}" for data, name in mixed[mixed > 1].index)
        lines.append(f"**Rows with different options stand side by side:** {names}.")
    worse = tuned.not_the_tuned(rows)
    if worse:
        lines.append(f"**Not run with the options that tuning found best:** {'; '.join(worse)}.")
    return lines


def dataset(cells: pd.DataFrame, data: str) -> list[str]:
    """Everything about one dataset: a part per kind of planted noise, then natural noise."""
    here = cells[cells["data"] == data]
    parts = [_size(here)]
    tests = {name: statistics.paired(here, name) for name in (DETECTION[0], MAIN[0])}
    for noise in PLANTED:
        if noise in set(here["noise"]):
            parts += _planted(here, noise, tests)
    natural = here[here["noise"] == statistics.NATURAL]
    if len(natural):
        p = tests[DETECTION[0]]
        p = p[p["noise"] == statistics.NATURAL]
        parts += [f"### {data}: natural noise", NATURAL_NOISE, by_variant(natural, DETECTION, p)]
        p = tests[MAIN[0]]
        parts.append(by_variant(natural, MAIN, p[p["noise"] == statistics.NATURAL], 4))
    return parts


def _planted(here: pd.DataFrame, noise: str, tests: dict[str, pd.DataFrame]) -> list[str]:
    at = here[(here["noise"] == noise) & (here["rate"] == RATE)]
    parts = [f"### {here['data'].iloc[0]}: {noise} noise"]
    if len(at):
        chosen = {
            name: table[(table["noise"] == noise) & (table["rate"] == RATE)]
            for name, table in tests.items()
        }
        parts += [
            f"Detection at {RATE:.0%} noise. The difference is that of the first measure.",
            by_variant(at, DETECTION, chosen[DETECTION[0]]),
            _own(at),
            f"Ranking on the clean test set at {RATE:.0%} noise.",
            by_variant(at, RANKING, chosen[MAIN[0]], 4),
            recovery(at, MAIN),
        ]
    parts += [by_rate(here, name, noise) for name in MAIN]
    return [part for part in parts if part]


def ablations(rows: pd.DataFrame) -> list[str]:
    """Each change of LLMHNI less the full method, paired by seed."""
    cells = statistics.part_of(rows, "ablations")
    found = {name: statistics.paired(cells, name, against=ABLATIONS) for name in ABLATED}
    return [
        text
        for (data, noise, rate), _ in cells.groupby(list(statistics.GROUP))
        for text in (
            f"### {data}, {noise} noise, {rate:.0%}",
            _ablation_table(
                {
                    name: table[
                        (table["data"] == data)
                        & (table["noise"] == noise)
                        & (table["rate"] == rate)
                    ].set_index("variant")
                    for name, table in found.items()
                }
            ),
        )
    ]


def _ablation_table(found: dict[str, pd.DataFrame]) -> str:
    body = []
    for name in ABLATIONS:
        there = {key: table.loc[[name]] for key, table in found.items() if name in table.index}
        if not there:
            continue
        line = [name, _numbers([row["n"].iloc[0] for row in there.values()])]
        for measure in found:
            line += _turned(there[measure]) if measure in there else ["–", "–"]
        body.append(line)
    head = ["Change", "n", *(text for name in found for text in (measure_title(name), "p (Holm)"))]
    return markdown(head, body) if body else "No ablation yet."


def _turned(row: pd.DataFrame) -> list[str]:
    """Change less full, from a line of full less change."""
    full, low, high, p = row[["difference", "low", "high", "p_holm"]].to_numpy(float)[0].tolist()
    if low == high == 0.0:
        return [SAME, p_value(p)]  # the change comes after what is measured, as of detection
    return [estimate(-full, -high, -low, digits=4, is_signed=True), p_value(p)]


def negatives(rows: pd.DataFrame) -> str:
    """False-negative rate and hardness of mined negatives by scheme."""
    cells = statistics.part_of(rows, "negatives")
    by = (*statistics.GROUP, "scheme")
    rate = statistics.summary(cells, "false_negative_rate", by)
    hard = statistics.summary(cells, "hardness", by).set_index(list(by))
    body = []
    for row in rate.to_dict("records"):
        key = tuple(row[name] for name in by)
        hardness = hard.loc[key] if key in hard.index else {"mean": float("nan")}
        body.append(
            [
                str(row["data"]),
                f"{row['noise']} {row['rate']:.0%}",
                SCHEMES.get(str(row["scheme"]), str(row["scheme"])),
                str(row["n"]),
                estimate(row["mean"], row["low"], row["high"], digits=4),
                number(float(hardness["mean"])),
            ]
        )
    head = ["Data", "Noise", "Scheme", "n", "False-negative rate", "Hardness"]
    return markdown(head, body) if body else "Not measured."


def seconds(rows: pd.DataFrame) -> str:
    """What a method costs, beside what all of a group share."""
    cells = statistics.part_of(rows, "methods")
    own = statistics.summary(cells, "seconds", ("data", "variant"))
    shared = statistics.summary(cells, "seconds_shared", ("data",))
    body = [
        [str(row["data"]), title(str(row["variant"])), number(row["mean"], 0)]
        for row in own.to_dict("records")
    ]
    spent = [f"{row['data']} {number(row['mean'], 0)}" for row in shared.to_dict("records")]
    note = f"Shared by a group (texts to judge), seconds: {', '.join(spent) or '–'}."
    return f"{note} Taken with other work on the same cores: upper bounds.\n\n" + markdown(
        ["Data", "Method", "Seconds of its own"], body
    )


def _own(at: pd.DataFrame) -> str:
    """What LLMHNI flags of itself, at its own threshold."""
    found = []
    for name in (*OWN_THRESHOLD, *VERDICTS):
        table = statistics.summary(at[at["variant"] == statistics.OURS], name)
        if len(table):
            row = table.iloc[0]
            found.append(f"{measure_title(name)} {estimate(row['mean'], row['low'], row['high'])}")
    return f"LLMHNI at its own threshold: {', '.join(found)}." if found else ""


def _size(here: pd.DataFrame) -> str:
    hard = sorted(set(here["hard_source"]) - {""})
    found = [
        f"{where}{int(sizes['n_users']):,} users, {int(sizes['n_items']):,} items, at most "
        f"{int(sizes['n_train']):,} train interactions."
        for where, rows in (
            ("", here[here["noise"] != NATURAL]),
            ("With natural noise ", here[here["noise"] == NATURAL]),
        )
        if not (sizes := rows[["n_users", "n_items", "n_train"]].max()).isna().any()
    ]
    return " ".join([*found, f"Hard: {', '.join(hard) or 'not known'}."]) if found else ""


def _versions(rows: pd.DataFrame) -> list[str]:
    found = []
    for text in sorted(set(rows["versions"]) - {""}):
        try:
            found.append(", ".join(f"{name} {value}" for name, value in json.loads(text).items()))
        except (ValueError, AttributeError):
            found.append(text)
    return found or ["not known"]


def _numbers(values: Iterable[float] | Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted({float(value) for value in values}))
