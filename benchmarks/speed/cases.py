"""Numbers behind the targets, taken from raw measurements: ratios, shares and rates by case."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from benchmarks.speed.parts import RATES
from benchmarks.speed.race import equal_recall, sooner
from benchmarks.speed.rows import Rows

Cases = Mapping[str, float]
"""Measured numbers by graph or size; NaN = not measured."""
PEER: Final = "RecBole"


def by_graph(part: str, ratio: Callable[[Rows], float]) -> Callable[[Rows], Cases]:
    """The same ratio of every graph of a part."""

    def cases(rows: Rows) -> Cases:
        own = rows.of(part=part)
        return {
            graph: ratio(own.of(graph=graph).with_most_threads()) for graph in own.names("graph")
        }

    return cases


def faster(ours: str, *names: str, peer: str = PEER) -> Callable[[Rows], float]:
    """Seconds of the peer over ours, of medians."""
    return lambda rows: (
        rows.of(contestant=peer).median(*names) / rows.of(contestant=ours).median(*names)
    )


def slower(ours: str, *names: str) -> Callable[[Rows], float]:
    """Ours over RecBole's."""
    return lambda rows: 1 / faster(ours, *names)(rows)


def sampling_share(rows: Rows) -> Cases:
    """Share of an epoch that is drawing negatives, of every kind and graph; in per cent."""
    own, found = rows.of(part="sampling"), {}
    for graph in own.names("graph"):
        for short in ("fp32", "bf16"):
            one = own.of(graph=graph, contestant=f"ours {short}").with_most_threads()
            plain = one.median("plain_sampling") / one.median("plain_epoch")
            fresh, epoch = one.median("full_sampling"), one.median("full_epoch")
            pool = one.median("pool_refresh", "pool_draw")
            kinds = {
                "uniform": plain,
                "fresh, by default": one.median("default_sampling") / one.median("default_epoch"),
                "fresh, all terms": fresh / epoch,
                "pool, all terms": pool / (epoch - fresh + pool),
            }
            found |= {f"{graph} {short} {kind}": 100 * part for kind, part in kinds.items()}
    return found


def losses(rows: Rows) -> Cases:
    """Million losses a second and core."""
    own, found = rows.of(part="losses"), {}
    for graph in own.names("graph"):
        one = own.of(graph=graph).with_most_threads()
        for name in one.names("contestant"):
            mine = one.of(contestant=name)
            threads = mine.rows[0]["threads"]
            rate = mine.median("n") / mine.median("loss") / threads / 1e6
            found[f"{graph} {name.removeprefix('ours ')}"] = rate
    return found


def folds(rows: Rows) -> Cases:
    """Time of out-of-fold evidence over that of as many trainings of the same epochs."""
    own, found = rows.of(part="folds").with_most_threads(), {}
    for graph in own.names("graph"):
        for name in own.names("contestant"):
            one = own.of(graph=graph, contestant=name)
            k = one.median("n_folds")
            ratio = one.median("folds") / (k * one.median("training"))
            found[f"{graph} {name.removeprefix('ours ')}"] = ratio
    return found


def trust(rows: Rows) -> Cases:
    """Trustworthiness of ours less that of umap-learn."""
    own = rows.of(part="projection")
    name = "trustworthiness"
    return {
        graph: own.of(graph=graph, contestant="ours").median(name)
        - own.of(graph=graph, contestant="umap-learn").median(name)
        for graph in own.names("graph")
    }


def least_cosine(rows: Rows) -> Cases:
    """Of any text, in any round."""
    return {"": rows.of(part="sentences", contestant="ours").least("least_cosine")}


def race(tuned: bool, short: str, near: float) -> Callable[[Rows], Cases]:
    """Times as soon at RecBole's best recall, or near it, median over seeds.

    Of an even number of seeds the lower of the middle two: never and soon have no mean. Where some
    seeds are never there the name of the case says how many are, and how soon these.
    """

    def cases(rows: Rows) -> Cases:
        own = rows.of(part="recall").with_most_threads()
        every = {
            graph: sooner(own.of(graph=graph), f"ours {short}", RATES, tuned, near)
            for graph in own.names("graph")
        }
        return {
            _with_seeds(graph, found): statistics.median_low(found)
            for graph, found in every.items()
            if found
        }

    return cases


def _with_seeds(graph: str, found: Sequence[float]) -> str:
    there = [ratio for ratio in found if ratio > 0]
    if len(there) == len(found):
        return graph
    soon = f", at {statistics.median_low(there):.3g}x" if there else ""
    return f"{graph} (there in {len(there)} of {len(found)} seeds{soon})"


def equal(short: str) -> Callable[[Rows], Cases]:
    """Difference of recall to the reference, in standard deviations."""

    def cases(rows: Rows) -> Cases:
        own = rows.of(part="recall").with_most_threads()
        graphs = own.names("graph")
        return {graph: equal_recall(own.of(graph=graph), f"ours {short}") for graph in graphs}

    return cases
