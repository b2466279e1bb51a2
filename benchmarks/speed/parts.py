"""Who is measured at what: contestants of each part, the graphs they run on, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.speed.graphs import AMAZON, SAMPLE
from benchmarks.speed.process import Where

OURS: Final = "benchmarks.speed.ours"
RECBOLE: Final = "benchmarks.speed.recbole"
PYG: Final = "benchmarks.speed.pyg"
TYPES: Final = {"float32": "fp32", "bfloat16": "bf16"}
RATES: Final = (1e-3, 2e-3, 5e-3, 1e-2)
"""Learning rates that both sides are tuned over."""
EQUAL_EPOCHS: Final = 15
CHOSEN_RATE: Final = 5e-3
"""At which recall after equally many epochs is compared."""


@dataclass(frozen=True)
class Contestant:
    """One process."""

    name: str
    module: str
    job: Mapping[str, Any] = field(default_factory=dict)
    where: Where = "ours"


@dataclass(frozen=True)
class Part:
    """What can be run alone."""

    title: str
    contestants: tuple[Contestant, ...]
    graphs: tuple[str, ...] = ("",)
    """Graphs or sizes; one empty name where there is nothing to choose."""
    rounds: int = 5
    fresh: bool = False
    """Every round is a process of its own: it has a seed, a peak, or a start to measure."""
    chosen: bool = True
    """Whether ``--graphs`` chooses among them; else they are sizes, and ``--sizes`` does."""
    on_demand: tuple[str, ...] = ()
    """Of the graphs, those that take hours: measured only where they are asked for."""


def _typed(prefix: str, module: str, **job: Any) -> tuple[Contestant, ...]:  # noqa: ANN401
    return tuple(
        Contestant(f"{prefix} {short}", module, {"dtype": dtype, **job})
        for dtype, short in TYPES.items()
    )


def _recall() -> tuple[Contestant, ...]:
    job = {"task": "curve", "epochs": 60, "patience": 12}
    sides = (("RecBole", RECBOLE, "recbole", {}), ("ours fp32", OURS, "ours", {}))
    sides += (("ours bf16", OURS, "ours", {"dtype": "bfloat16"}),)
    raced = tuple(
        Contestant(f"{name} lr {rate:g}", module, job | own | {"learning_rate": rate}, where)
        for name, module, where, own in sides
        for rate in RATES
    )
    equal = {
        "task": "curve",
        "epochs": EQUAL_EPOCHS,
        "patience": EQUAL_EPOCHS,
        "learning_rate": CHOSEN_RATE,
    }
    return (
        *raced,
        Contestant("equal epochs: reference", "benchmarks.speed.reference", equal),
        *_typed("equal epochs: ours", OURS, **equal),
    )


PARTS: Final[Mapping[str, Part]] = {
    "steps": Part(
        "Training steps",
        (
            Contestant("RecBole", RECBOLE, {"task": "step", "steps": 6}, "recbole"),
            Contestant("PyG (edge_index)", PYG, {"form": "edges", "steps": 3}, "pyg"),
            Contestant("PyG (CSR)", PYG, {"form": "csr", "steps": 6}, "pyg"),
            *_typed("ours", OURS, task="step", steps=20),
            *_typed("LLMHNI", OURS, task="step", steps=8, objective="full"),
            *_typed("default", OURS, task="step", steps=8, objective="default"),
        ),
        ("S", "L", AMAZON),
    ),
    "eval": Part(
        "Full-ranking evaluation",
        (
            Contestant("RecBole", RECBOLE, {"task": "evaluate", "steps": 1}, "recbole"),
            Contestant("ours", OURS, {"task": "evaluate", "steps": 3}),
        ),
        ("S", "L", AMAZON),
    ),
    "sampling": Part(
        "Drawing negatives",
        _typed("ours", "benchmarks.speed.sampling", steps=8),
        ("S", "L", AMAZON),
    ),
    "losses": Part(
        "Losses of all interactions",
        _typed("ours", "benchmarks.speed.losses", task="loss", steps=5),
        ("S", "L", AMAZON),
    ),
    "folds": Part(
        "Out-of-fold evidence",
        _typed("ours", "benchmarks.speed.losses", task="folds", epochs=2),
        ("S",),
        rounds=3,
    ),
    "memory": Part(
        "Peak memory of training",
        (
            Contestant("RecBole", RECBOLE, {"task": "memory", "steps": 20}, "recbole"),
            *_typed("ours", OURS, task="memory", steps=20),
            *_typed("LLMHNI", OURS, task="memory", steps=20, objective="full"),
        ),
        ("L", AMAZON),
        rounds=3,
        fresh=True,
    ),
    "recall": Part("Time to equal recall", _recall(), (SAMPLE, "S"), fresh=True, on_demand=("S",)),
    "projection": Part(
        "Maps",
        (
            Contestant("umap-learn", "benchmarks.speed.projection", {"form": "umap"}),
            Contestant("ours", "benchmarks.speed.projection", {"form": "ours"}),
        ),
        ("10000", "50000", "100000"),
        rounds=3,
        chosen=False,
    ),
    "sentences": Part(
        "Sentence encoding",
        (
            Contestant("sentence-transformers", "benchmarks.speed.sentences", {"form": "plain"}),
            Contestant("ours", "benchmarks.speed.sentences", {"form": "ours"}),
        ),
    ),
    "demo": Part(
        "make demo",
        (Contestant("demo", "benchmarks.speed.demo"),),
        rounds=3,
        fresh=True,
    ),
    "profile": Part(
        "Where the time goes",
        (
            Contestant("LLMHNI epoch", "benchmarks.speed.profile", {"task": "epoch"}),
            Contestant(
                "LLMHNI epoch, default",
                "benchmarks.speed.profile",
                {"task": "epoch", "objective": "default", "dtype": "float32"},
            ),
            Contestant("demo", "benchmarks.speed.profile", {"task": "demo"}),
        ),
        ("S",),
        rounds=1,
        fresh=True,
    ),
    "growth": Part(
        "How cost grows",
        (
            Contestant("engine", "benchmarks.speed.growth", {"task": "engine"}),
            Contestant("pages", "benchmarks.speed.growth", {"task": "pages"}),
        ),
        ("100000", "300000", "1000000", "3000000", "10000000"),
        rounds=1,
        chosen=False,
    ),
    "reading": Part(
        "Reading partitioned Parquet",
        (Contestant("import", "benchmarks.speed.reading"),),
        ("1000000", "3000000", "10000000"),
        rounds=1,
        fresh=True,
        chosen=False,
    ),
    "asking": Part(
        "Questions to partitioned Parquet",
        (Contestant("DuckDB", "benchmarks.speed.asking"),),
        ("1000000", "10000000", "100000000"),
        rounds=3,
        chosen=False,
    ),
    "gpu": Part(
        "On a GPU",
        (Contestant("GPU", "benchmarks.speed.gpu"),),
        ("L",),
        rounds=1,
        fresh=True,
    ),
}
