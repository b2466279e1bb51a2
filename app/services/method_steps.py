"""The steps of the method in short: what each does, and whose idea it is; see docs/method.md.

Numbers named here are defaults; the settings of a run say what it used.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from app.services import accepting
from app.services.method_of import is_baseline
from app.services.records import Manifest


class Step(NamedTuple):
    """One step, from texts to the final training."""

    name: str
    stage: str
    """Stage of the pipeline that it is part of."""
    paper: str
    """What the paper says, [P]."""
    second_hand: str
    """What a second-hand description says, [2]."""
    ours: str
    """What we decided, [D]."""

    @property
    def marks(self) -> str:
        """Where it comes from: ``P``, ``2`` and ``D`` as far as they apply."""
        said = (("P", self.paper), ("2", self.second_hand), ("D", self.ours))
        return " ".join(mark for mark, text in said if text)


def of_run(manifest: Manifest) -> tuple[Step, ...]:
    """:data:`STEPS` with the grades that a run accepts in place of ``{both}``."""
    if is_baseline(manifest):
        return tuple(_of_baseline(step) for step in STEPS)
    words = accepting.both(manifest)
    return tuple(step._replace(ours=step.ours.replace("{both}", words)) for step in STEPS)


def _of_baseline(step: Step) -> Step:
    """The step in a run of another method: nothing of it is of the paper of LLMHNI."""
    if step.name not in BASELINE_STEPS:
        return step
    return Step(step.name, step.stage, "", "", BASELINE_STEPS[step.name])


BASELINE_STEPS: Final = {
    "Judge": "A step that all methods share. No verdict of this run is by a grade; the estimated "
    "share of noise, so the number of flags, can depend on them.",
    "P(noisy)": "The rank of what the method suspects interactions by, 0 to 1: an order, no "
    "probability.",
    "Verdict": "Noisy: rank from the threshold on. Hard: none, as it asks for grades. Clean: the "
    "rest.",
    "Refined graph": "Every edge is kept.",
    "Final training": "The baseline, with its default settings, stopped on validation. A method "
    "that only looks for noise ranks as the plain backbone does.",
}
"""What :data:`STEPS` are in a run of a baseline, where they differ."""
STEPS: Final = (
    Step(
        "Profiles",
        "texts",
        "",
        "",
        "A text per item from its metadata, per user from the noised training items alone: clean "
        "history would give the answer away. No profile is written by a language model.",
    ),
    Step(
        "Embeddings",
        "texts",
        "",
        "text-embedding-ada-002.",
        "all-MiniLM-L6-v2, or any sentence-transformers model.",
    ),
    Step(
        "Alignment",
        "align",
        "Texts are projected into the recommendation space.",
        "A contrastive loss over reliable positives: interacted items of high text similarity.",
        "One network for users and items; the more similar half is reliable; trained first, then "
        "frozen; out of fold where it is evidence about a training interaction.",
    ),
    Step(
        "Pre-training",
        "pretrain",
        "",
        "The backbone with BPR and uniform negatives, stopped on validation.",
        "It is also the plain backbone that results are compared with.",
    ),
    Step(
        "Out of fold",
        "out-of-fold",
        "",
        "",
        "A backbone per fold scores what it has not seen; its loss is kept for every epoch. Random "
        "unobserved pairs, the stand-ins, are scored alike. A few of these are then put among the "
        "interactions, to compare how well both are fitted.",
    ),
    Step(
        "Judge",
        "judge",
        "Each pair is graded from two views: user-centric and item-centric.",
        "High, Mid or Low, by GPT-4o, for low-scored observed and high-scored unobserved pairs.",
        "The evidence judge, no language model: attributes, texts and co-occurrence, as "
        "percentiles among strangers. As it costs nothing, it grades every training interaction.",
    ),
    Step(
        "P(noisy)",
        "score",
        "",
        "",
        "Two classifiers tell interactions from stand-ins: by language at equal behaviour, and by "
        "behaviour at equal popularity, to which is added what popularity says. The second counts "
        "less (caution). A shift makes the mean the estimated share of noise.",
    ),
    Step(
        "Verdict",
        "score",
        "",
        "High and High is hard, every other judged pair is noisy.",
        "Noisy: highest P(noisy), as many as estimated. Hard: low-scored, {both}, not noisy. "
        "Clean: the rest.",
    ),
    Step(
        "Refined graph",
        "train",
        "The graph is refined with the grades.",
        "Pairs that are High and High join; every other judged pair leaves.",
        "Edits on low-scored observed pairs alone, and everybody keeps an edge; or soft weights "
        "1 − P(noisy). Both are trained, validation chooses. Accepted are pairs with {both}.",
    ),
    Step(
        "Final training",
        "train",
        "Semantic hard negatives, cross-graph alignment, hallucination suppression.",
        "L = L_rec + λ1 L_de + λ2 L_hal. Of several hard negatives the one with the lowest "
        "semantic relevance is used.",
        "Both λ are 0, since these contrasts cost recommendations in the study; in their place a "
        "contrast of noisy layers on the refined graph at 0.01 (train.layer_contrast). Of 4 fresh "
        "items the best-scored one is the negative, which leaves meaning no say (train.fresh, "
        "train.candidates).",
    ),
)
