"""What each term means: definition, formula, source. The help text beside numbers and columns.

[P] = from the paper (arXiv:2511.07295), [D] = of this project; docs/method.md has the whole.
"""

from __future__ import annotations

from typing import Final

TERMS: Final = {
    "interaction": "One user and one item that met in the training data.",
    "clean": "Not flagged: nothing speaks strongly enough against it.",
    "hard": "Fits badly, yet the evidence says it is genuine: worth learning from.",
    "noisy": "Fits badly, and the evidence says it is not a real preference.",
    "verdict": (
        "clean, hard or noisy. Noisy: p_noisy above the run's threshold. Hard: low-scored for"
        " its user while both grades are High (at least Mid where refine.accept says so)."
        " Clean: the rest. [P] grades, [D] threshold."
    ),
    "loss": (
        "Out-of-fold BPR loss, -ln sigmoid(score - score of a random unobserved item), mean "
        "of the last third of the epochs, by models that never saw this interaction. High = "
        "fits badly. [P] loss, [D] out of fold."
    ),
    "loss_mean": "Mean of the out-of-fold loss over the kept epochs.",
    "loss_variability": (
        "Standard deviation of the out-of-fold loss over the kept epochs: high where the "
        "model keeps changing its mind (Swayamdipta et al., EMNLP 2020)."
    ),
    "loss_in_sample": "BPR loss of the model that was trained on this interaction too.",
    "score": (
        "Share of the user's unobserved items that the model scores lower, out of fold. 0 = "
        "worst fit, 1 = best. [D]"
    ),
    "semantic": (
        "Semantic relevance: cosine of user and item text embeddings after projection into "
        "the recommendation space, by a projector that never saw this interaction. -1 to 1. "
        "[P]"
    ),
    "logical": (
        "Logical relevance: mean of the user-centric and the item-centric grade, Low 0, Mid "
        "1, High 2. [P] grades, [D] mean."
    ),
    "user_grade": "Does the item suit this user's tastes? High, Mid or Low. [P]",
    "item_grade": "Does the user resemble those who like this item? High, Mid or Low. [P]",
    "p_noisy": (
        "Probability that the interaction is noise: all signals together, learnt without any "
        "label by telling train interactions from random pairs (positive-unlabelled "
        "learning). [D]"
    ),
    "from_language": (
        "How far texts and grades moved the log-odds of p_noisy. Positive = towards noise. [D]"
    ),
    "from_behaviour": (
        "How far loss history, score and neighbours moved the log-odds of p_noisy. Positive ="
        " towards noise. [D]"
    ),
    "from_grades": (
        "How far the grades of pairs that were judged moved the log-odds, where only some "
        "were judged. [D]"
    ),
    "low_scored": (
        "Among the lowest-scored share of the user's interactions: unfit in the eyes of the "
        "model. [P] selection, [D] share."
    ),
    "threshold": "p_noisy from which an interaction is called noisy.",
    "noise_rate": (
        "Estimated share of noise among the train interactions (best bin of Garg et al., "
        "NeurIPS 2021). [D]"
    ),
    "calibration": (
        "Interactions sorted by p_noisy into ten bins of equal size: the share of planted noise "
        "in each against its mean p_noisy. On the dashed line both are equal. [D]"
    ),
    "popularity": "Number of train interactions of the item.",
    "activity": "Number of train interactions of the user.",
    "auc": (
        "Area under the ROC curve of noise against genuine interactions: the chance that a "
        "noisy one looks noisier than a genuine one. 0.5 is a coin, 1 is perfect."
    ),
    "auc_all": "AUC over all train interactions.",
    "auc_top_loss": (
        "AUC among the 20 % with the highest out-of-fold loss, where hard and noisy look "
        "alike to the model."
    ),
    "auc_matched": (
        "AUC at equal model score: each noisy interaction against a genuine one that the model "
        "scores about the same (score-matched), so that the score itself cannot tell them apart."
    ),
    "overlap": (
        "Shared area of two distributions: 1 = the signal cannot tell them apart, 0 = it "
        "always can."
    ),
    "noise_recall": "Share of the planted noise with the verdict noisy.",
    "precision": "Share of planted noise among the interactions with the verdict noisy.",
    "hard_kept": "Share of genuine hard interactions whose verdict is not noisy.",
    "hard_kept_by_loss_cut": (
        "The same if the highest losses were dropped instead, until as much noise is found."
    ),
    "recall20": (
        "Share of a user's test items among the first 20 recommended, mean over users. All items "
        "are ranked but those the user met in training; items of the validation set are not left "
        "out and may take places."
    ),
    "ndcg20": (
        "As recall, with early places counting more (log2 discount), mean over users. Only train "
        "interactions are left out of the ranking, not those of validation."
    ),
    "plain": "The same backbone trained with plain BPR on the same noisy data, same budget.",
    "original": "Graph of the train interactions. [P]",
    "refined": (
        "Graph the final model learns from: noisy edges dropped or weakened, hidden likes "
        "added. [P]"
    ),
    "added": (
        "A pair that was never observed and both grades call High (at least Mid where "
        "refine.accept says so): a hidden like. [P]"
    ),
    "dropped": "An observed pair that the refined graph leaves out. [P]",
    "weakened": (
        "An observed pair that stays with less than 95 % of its weight; with more it counts as "
        "kept. [D]"
    ),
    "planted": (
        "The data generator placed it, so the truth is known. No stage of the method reads "
        "it; only measurements do."
    ),
    "decision": "What the refined graph did with an edge: kept, weakened, dropped or added.",
    "edge_weight": "How much an edge counts in the refined graph: 1 as before, 0 not at all.",
    "degree": "Number of edges of a node; in the refined graph the sum of their weights.",
    "moved": "Sum over the node's edges of how far the weight moved; no edge weighs 0.",
    "place": (
        "Place among all items the user has not met in training, by the dot product of the "
        "final embeddings. 1 = first."
    ),
    "test_hit": "The pair is in the test set, which the method never reads: measured, not used.",
    "near": "Cosine to the nearest item of the user's history, in the aligned text space.",
    "uniform": "Planted noise: a random misclick.",
    "position": "Planted noise: a popular item clicked because it was shown first.",
    "co-click": "Planted noise: often clicked together with the user's items, foreign in content.",
    "lookalike": (
        "Planted noise: its text resembles the user's items, but it is for another audience."
    ),
    "minority": "Planted hard: of a taste that makes up under a tenth of the user's history.",
    "tail": "Planted hard: genuine, of an item with few interactions.",
    "study_cell": (
        "A cell of a study: one method on one dataset with one kind and share of noise and one "
        "seed. A row of the results."
    ),
    "study_variant": (
        "What is laid beside the others: a method, a single signal of LLMHNI as a cut, or the "
        "oracle."
    ),
    "study_family": "What a method goes by: the loss, contrast, language, other negatives ... .",
    "study_noise": (
        "Kind of noise planted in the train set alone; validation and test stay clean. natural = "
        "not planted: low ratings."
    ),
    "study_rate": "Planted interactions as a share of the train set with them.",
    "study_n": (
        "Seeds: a seed decides planting, training and, where none is given, the split. Of a "
        "difference: the seeds that both have."
    ),
    "study_interval": (
        "95 % bootstrap interval of the mean over seeds. With few seeds it is too narrow: over 5 "
        "it covers the true mean in about 85 of 100 studies."
    ),
    "study_difference": (
        "LLMHNI − this method, seed by seed on the same prepared data, then the mean. Above "
        "0: LLMHNI is higher."
    ),
    "study_holm": (
        "p of the paired t-test over seeds, corrected by Holm (1979) over all comparisons of this "
        "measure within the dataset."
    ),
    "study_holm_aim": (
        "p of the paired t-test over seeds, corrected by Holm (1979) over the rivals and kinds of "
        "noise that this aim asks of; where all rivals are to be passed, the largest of theirs. "
        "The views Detection and Ranking correct over all methods, so their p is another."
    ),
    "study_p": (
        "Two-sided p over seeds, not corrected. Wilcoxon's cannot fall below 2 to the power of "
        "1 - n: 0.0625 for 5 seeds."
    ),
    "study_hard_kept": (
        "Interactions are flagged, most suspect first, until 50, 70 or 90 % of the planted noise "
        "is found: the share of genuine hard interactions that is not flagged then. Minority and "
        "tail: of that kind of hard alone."
    ),
    "study_ap": (
        "Average precision of noise among the interactions in the order of suspicion: of all, of "
        "the fifth with the highest loss, or of noise and genuine ones at equal model score."
    ),
    "study_auc_hard": "AUC of noise against genuine hard interactions alone: 0.5 is a coin.",
    "study_auc_kind": "AUC of this kind of planted noise against all genuine interactions.",
    "study_at_rate": (
        "Exactly as many are flagged as were planted, most suspect first. Only the measurement "
        "knows that number, no method does."
    ),
    "study_hard_users": (
        "Here the mean over the fifth of the test users with the largest share of hard "
        "interactions."
    ),
    "study_hard_items": (
        "Here only held-out pairs of the fifth of the items with the largest share of hard "
        "interactions count; all items stay in the ranking."
    ),
    "study_recovered": (
        "(method - plain BPR) / (oracle - plain BPR), a ratio of means: how much of the gap "
        "between plain training with and without the noise a method closes. 0 = plain, 1 = as "
        "plain training without the noise; texts or harder negatives close it too, without undoing "
        "noise, and may pass 1. Not given where the interval of the gap includes 0."
    ),
    "study_oracle": "Plain BPR trained without the planted interactions: what no method can know.",
    "study_decline": (
        "Value at the highest share of noise over the value without noise, less 1: -0.10 = a tenth "
        "is lost. Nearer to 0 is flatter."
    ),
    "study_change": (
        "One thing changed in LLMHNI, all else the same. The difference is changed − full LLMHNI: "
        "below 0, the change harms, so the part that was changed helps."
    ),
    "study_scheme": (
        "How negatives are chosen from one and the same trained model: at random, by its highest "
        "scores (DNS, fresh), by high variance of scores (SRNS), or from the paper's pool, any of "
        "it or the one of lowest semantic relevance."
    ),
    "study_false_negatives": "Share of mined negatives that are held-out positives of the user.",
    "study_hardness": (
        "Chance that the model ranks a mined negative above the positive: higher is harder, and "
        "teaches more."
    ),
    "study_options": (
        "Settings chosen on validation of one seed that is not reported; {} in files = defaults."
    ),
}


MARKS: Final = "[P] from the paper (arXiv:2511.07295) · [2] second-hand · [D] of this project"
"""Legend of the marks of whose idea something is."""


def explain(term: str) -> str:
    """Definition of a term, with the legend of its marks where it has any."""
    told = TERMS[term]
    return f"{told}\n\n{MARKS}" if any(mark in told for mark in ("[P]", "[2]", "[D]")) else told
