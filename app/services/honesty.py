"""What a run can and cannot claim, said from its own files: for the Method page and the report.

The statements hold names from the run (judge, encoder, device): text of others, shown plainly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

from app.services import accepting, detection, judge_subject, judge_trust, notes
from app.services.honesty_baseline import of_method
from app.services.honesty_statement import SIGNS, Standing, Statement
from app.services.method_of import RunMethod, method_of
from app.services.records import Manifest
from app.services.store import Run
from core.errors import DataError

__all__ = ["SIGNS", "Standing", "Statement", "statements"]
ABLATIONS: Final = (
    ("train", "semantic_negatives", False),
    ("train", "cross_graph_alignment", False),
    ("train", "interaction_denoising", False),
    ("train", "hallucination_suppression", False),
    ("train", "layer_contrast", False),
    ("text", "shuffle", True),
)
"""Step, setting and the value that switches a part of the method off."""
CONTRASTS: Final = ("lambda_alignment", "lambda_hallucination")


def statements(run: Run) -> list[Statement]:
    """All of them, in the order in which they are read."""
    of = method_of(run.manifest)
    made = _of_baseline(run, of) if of.is_baseline else _of_llmhni(run)
    return [statement for statement in made if statement is not None]


def _of_baseline(run: Run, of: RunMethod) -> list[Statement | None]:
    """Nothing of caution, presets or parts of LLMHNI that were switched off."""
    manifest = run.manifest
    return [
        *of_method(manifest, of),
        _seed(manifest),
        _noise_rate(run),
        _threshold(manifest, "Noisy from rank"),
        _detection(run),
        _hard(run, "Hard kept"),
        _ranking(
            manifest,
            f"{of.title} and the plain backbone learn from the same interactions; a method that "
            "only looks for noise ranks as the plain backbone does.",
        ),
        _texts(manifest),
        _ablations(manifest, {"text"}),
        _machine(manifest),
    ]


def _of_llmhni(run: Run) -> list[Statement | None]:
    manifest = run.manifest
    return [
        _seed(manifest),
        _judge(manifest),
        *_doubts_of_judge(run),
        Statement(
            "Reconstruction",
            "limit",
            "Only the abstract and second-hand descriptions of the paper were at hand. p_noisy, "
            "the out-of-fold evidence, the evidence judge, the soft refined graph and most sizes "
            "and rates are of this project. Numbers of the paper are not compared with these.",
        ),
        _p_noisy(manifest),
        _accepted(manifest),
        _noise_rate(run),
        _caution(manifest),
        _threshold(manifest, "Noisy from p_noisy"),
        _detection(run),
        _hard(run, "Hard"),
        _ranking(
            manifest,
            "LLMHNI also reads texts and may choose between two refined graphs on validation; the "
            "plain backbone does neither.",
        ),
        _graph(manifest),
        _texts(manifest),
        _contrasts(manifest),
        _ablations(manifest),
        _machine(manifest),
    ]


def _contrasts(manifest: Manifest) -> Statement | None:
    """Said where the contrasts of the paper have no weight, as by default."""
    weights = [_setting(manifest, "train", name) for name in CONTRASTS]
    if any(weight != 0 for weight in weights):
        return None
    return Statement(
        "Contrasts",
        "limit",
        "Cross-graph alignment and hallucination suppression have no weight, the default: they "
        "cost recommendations in the study. The preset paper has them.",
    )


def _seed(manifest: Manifest) -> Statement:
    if manifest.seed is None:
        return Statement("Seed", "not measured", "The run does not say which seed it used.")
    return Statement(
        "Seed",
        "limit",
        f"One run with seed {manifest.seed}. How far its numbers move with another seed was not "
        "measured here.",
    )


def _judge(manifest: Manifest) -> Statement:
    asked = "" if manifest.n_judged is None else f" It graded {manifest.n_judged:,} pairs."
    if _setting(manifest, "judge", "kind") != "evidence" and "no LLM" not in manifest.judge:
        return Statement("Judge", "known", f"Graded by: {manifest.judge}.{asked}")
    return Statement(
        "Judge",
        "limit",
        f"Graded by: {manifest.judge}.{asked} It is no language model: it grades by shared "
        "attributes, texts and co-occurrence. The paper asks GPT-4o; nothing here says how well a "
        "language model would do.",
    )


def _doubts_of_judge(run: Run) -> list[Statement]:
    """Grades that tell nothing, see :func:`core.judge.doubts.doubts`."""
    with suppress(DataError):  # tables that are missing or damaged: other places say so
        found = judge_trust.doubts(judge_subject.of_run(run))
        return [Statement("Grades", "limit", text) for text in found]
    return []


def _p_noisy(manifest: Manifest) -> Statement:
    rule = _setting(manifest, "scoring", "rule")
    if rule == "grades":
        text = "Verdicts by grades, as second-hand descriptions of the paper have it."
        return Statement("Verdict", "known", text)
    return Statement(
        "P(noisy)",
        "limit",
        "It orders interactions by suspicion; it is no calibrated probability, and a verdict is no "
        "fact about a person. It takes noise to look like random pairs at equal behaviour.",
    )


def _accepted(manifest: Manifest) -> Statement | None:
    if accepting.rule(manifest) == "high":
        return None
    return Statement(
        "Grades accepted",
        "known",
        f"Hard, and edges by grades, take {accepting.accepted(manifest)} where the paper asks for "
        "High and High (refine.accept).",
    )


def _noise_rate(run: Run) -> Statement | None:
    estimated = run.manifest.noise_rate
    if estimated is None:
        return None
    text = f"Estimated without any truth: {estimated:.1%} of the training interactions."
    if notes.at_limit(estimated):
        text = f"{text} {notes.AT_LIMIT}"
    counts = detection.measured(run).get("counts", {})
    if counts.get("interactions"):
        planted = counts["noise"] / counts["interactions"]
        return Statement("Share of noise", "limit", f"{text} Planted were {planted:.1%}.")
    return Statement("Share of noise", "not measured", f"{text} What it truly is, is not known.")


def _caution(manifest: Manifest) -> Statement | None:
    value = _setting(manifest, "scoring", "caution")
    if value is None:
        return None
    return Statement(
        "Caution",
        "limit",
        f"Evidence from behaviour counts {value} of its weight. The default was chosen on the "
        "sample and on planted film ratings with their noise in view, by how much hard is kept: "
        "detection on such data is optimistic and no independent test.",
    )


def _threshold(manifest: Manifest, begins: str) -> Statement | None:
    if manifest.threshold is None or manifest.noise_rate is None:
        return None
    factor = _setting(manifest, "scoring", "flag_factor")
    wide = f"{factor} times the estimated number" if factor else "a multiple of the estimate"
    return Statement(
        "Threshold",
        "known",
        f"{begins} {manifest.threshold:.3f}: {wide} of noisy interactions are flagged.",
    )


def _detection(run: Run) -> Statement:
    if run.manifest.detection is None:
        return Statement(
            "Detection",
            "not measured",
            "Nothing was planted in this data, so no number here says how much noise was found, or "
            "how many of the flagged ones are noise.",
        )
    return Statement(
        "Detection",
        "known",
        "Measured against planted noise that no stage of the method has read. Planted noise is "
        "not natural noise: on other data it may be found more or less well.",
    )


def _hard(run: Run, topic: str) -> Statement | None:
    source = detection.measured(run).get("hard_source")
    if source is None:
        return None
    if source == "planted":
        text = "The hard interactions that are counted were planted, beside the noise."
        return Statement(topic, "known", text)
    return Statement(
        topic,
        "limit",
        "No hard interactions were planted: the genuine fifth with the lowest out-of-fold score "
        "stands for them. A loss cut loses these partly by definition.",
    )


def _ranking(manifest: Manifest, differs: str) -> Statement:
    if manifest.ranking is None:
        return Statement("Ranking", "not measured", "Recommendations were not measured.")
    return Statement(
        "Ranking",
        "limit",
        "Measured once on the test set, with one seed and no interval: a small difference may be "
        f"chance. {differs}",
    )


def _graph(manifest: Manifest) -> Statement | None:
    if not manifest.preset:
        return None
    asked = _setting(manifest, "refine", "preset")
    chosen = " It did better on validation than the other one." if asked == "auto" else ""
    names = {"paper": "hard edits, as the paper has it", "soft": "weights 1 − p_noisy, ours"}
    meaning = names.get(manifest.preset, manifest.preset)
    return Statement("Refined graph", "known", f"{meaning.capitalize()}.{chosen}")


def _texts(manifest: Manifest) -> Statement | None:
    encoder = _setting(manifest, "text", "encoder")
    if encoder is None:
        return None
    known = {
        "minilm": "all-MiniLM-L6-v2, packaged; the paper uses text-embedding-ada-002",
        "hashing": "hashed words, no model: weaker than any trained encoder",
    }
    text = f"Texts were encoded by {known.get(str(encoder), encoder)}."
    return Statement("Texts", "limit" if encoder == "hashing" else "known", text)


def _ablations(manifest: Manifest, steps: Collection[str] = ("train", "text")) -> Statement | None:
    off = [
        f"{step}.{name}"
        for step, name, value in ABLATIONS
        if step in steps and _setting(manifest, step, name) is value
    ]
    if not off:
        return None
    text = f"Parts of the method were switched off on purpose: {', '.join(off)}."
    return Statement("Ablation", "limit", text)


def _machine(manifest: Manifest) -> Statement:
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    said = "; ".join(part for part in (manifest.device, versions) if part)
    return Statement(
        "Made with",
        "known" if said else "not measured",
        f"{said}. Another version or device moves the numbers a little."
        if said
        else "The run does not say with which versions it was made.",
    )


def _setting(manifest: Manifest, step: str, name: str) -> Any:  # noqa: ANN401 - any setting
    values = manifest.settings.get(step)
    return values.get(name) if isinstance(values, Mapping) else None
