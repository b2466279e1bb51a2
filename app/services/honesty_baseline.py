"""What a run of a baseline can and cannot claim, where it differs from one of LLMHNI."""

from __future__ import annotations

from app.services.honesty_statement import Statement
from app.services.method_of import RunMethod
from app.services.records import Manifest


def of_method(manifest: Manifest, of: RunMethod) -> list[Statement]:
    """What it is, what of the judge is in it, what its P(noisy), verdicts and graph are."""
    return [
        Statement("Method", "limit", of.note),
        Statement(
            "Implementation",
            "limit",
            "Written anew, after its paper where there is one, with default settings; not compared "
            "with another library's implementation.",
        ),
        _judge(manifest),
        Statement(
            "P(noisy)",
            "limit",
            "The rank of an interaction among all, 0 to 1, by what the method suspects it by. It "
            "says nothing of how likely noise is, and has no parts.",
        ),
        Statement(
            "Hard",
            "known",
            "Nothing has the verdict hard: that asks for grades, and no verdict is by a grade.",
        ),
        Statement("Graph", "known", "Every edge is kept: there is no refined graph to judge."),
    ]


def _judge(manifest: Manifest) -> Statement:
    asked = "" if manifest.n_judged is None else f", asked about {manifest.n_judged:,} pairs"
    return Statement(
        "Judge",
        "known",
        f"{manifest.judge}{asked} in a step that all methods share. No verdict here is by a grade; "
        "the estimated share of noise, so the number of flags, can depend on the grades.",
    )
