"""Tables of a run folder, from stages written by hand: three users, four items, four edges."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from app.services.environment import ROOT
from core.graph.refine import ADDED, DROPPED, KEPT
from core.metrics import Compared, RankingMetrics
from core.packing import pack_texts
from core.tables import Results, write_all
from core.tables.interactions import interactions
from tests.worlds import dataset, pairs

DATA = dataset(
    pairs([0, 0, 1, 2], [0, 1, 1, 3], 3, 4),
    titles=("Alien", "Bambi", "Casino", "Dune"),
    group=("a", "b", "a", "b"),
)
JUDGED = {
    "low": np.array([True, False, True, True]),
    "user": np.array([0, 0, 1, 2, 1, 2, 2, 1]),
    "item": np.array([0, 1, 1, 3, 0, 2, 0, 3]),
    "observed": np.array([True] * 4 + [False] * 4),
    "control": np.array([False] * 6 + [True] * 2),
    "user_grade": np.int8([2, 0, 1, -1, 2, 2, 2, 0]),
    "item_grade": np.int8([2, 0, 2, -1, 2, 1, 2, 0]),
    "user_support": np.linspace(0.1, 0.8, 8, dtype=np.float32),
    "item_support": np.full(8, np.nan, np.float32),
    **pack_texts("user_reason", [f"user view {k}" for k in range(8)]),
    **pack_texts("item_reason", [f"item view {k}" for k in range(8)]),
    "judge": np.array("nobody"),
    "n_unparsed": np.array(2),
}
SCORED = {
    "loss": np.float32([0.1, 0.2, 0.3, 0.4]),
    "loss_mean": np.float32([1, 2, 3, 4]),
    "loss_variability": np.float32([5, 6, 7, 8]),
    "score": np.float32([0.25, 1, 0.5, 0]),
    "semantic": np.float32([0.9, 0.1, -0.2, 0]),
    "semantic_among_users": np.float32([1, 0, 0.5, 0.5]),
    "text_among_users": np.float32([0, 1, 0.5, 0.5]),
    "user_grade": np.int8([2, 0, 1, -1]),
    "item_grade": np.int8([2, 0, 2, -1]),
    "p_noisy": np.float32([0.1, 0.9, 0.6, 0.2]),
    "from_language": np.float32([-1.5, 2.25, 0.01, 0]),
    "from_behaviour": np.float32([0.5, 1.0, 0.0, 0]),
    "from_grades": np.float32([0, 0, 0.02, 0]),
    "verdict": np.int8([1, 2, 0, 0]),
    "noise_rate": np.array(0.3),
    "threshold": np.array(0.9),
    "p_noisy_model": np.float32([0.1, 0.9, 0.6, 0.2]),
    "label": np.int8([-1, -1, 2, -1]),
    "held_out": np.array([False, False, True, False]),
    "decided_by": np.int8([0, 0, 0, 1]),
    "unwanted": np.zeros(0, np.int64),
    "accept": np.array("high"),
}
BEHAVIOUR = {"loss": np.arange(12, dtype=np.float32).reshape(2, 6)}
"""Two kept epochs of four interactions and two stand-ins."""
PRETRAINED = {
    "user": np.full((3, 2), 3, np.float32),
    "item": np.full((4, 2), 4, np.float32),
    "recorded": 100 + np.arange(12, dtype=np.float32).reshape(3, 4),
    "keep_every": np.array(5),
    "metric_epoch": np.array([1, 1]),
    "metric_name": np.array(["loss", "recall@20"]),
    "metric_value": np.array([0.6, 0.25]),
}
TRAINED = {
    "user": np.full((3, 2), 5, np.float32),
    "item": np.full((4, 2), 6, np.float32),
    "preset": np.array("paper"),
    "edge_user": np.array([0, 0, 1, 2, 1]),
    "edge_item": np.array([0, 1, 1, 3, 0]),
    "edge_origin": np.int8([KEPT, DROPPED, KEPT, KEPT, ADDED]),
    "edge_weight": np.float32([1, 0, 1, 1, 1]),
    "edge_rescued": np.array([False, False, True, False, False]),
    "edge_decided": np.int8([1, 1, 1, 0, 1]),
    "metric_epoch": np.array([1]),
    "metric_name": np.array(["rec"]),
    "metric_value": np.array([0.5]),
}
TEXTS = {
    "user": np.eye(3, 5, dtype=np.float32),
    "item": -np.eye(4, 5, dtype=np.float32),
    **pack_texts("user_text", ["likes a", "likes b", "likes c"]),
    **pack_texts("item_text", ["Alien.", "Bambi.", "Casino.", "Dune."]),
}
ALIGNED = {
    "user": np.ones((3, 2), np.float32),
    "item": np.zeros((4, 2), np.float32),
    "history": np.array([[0, 1, 0.75, 0.5], [-1, 1, 0.25, np.nan]]),
}
MAPS = {
    "raw": np.arange(14, dtype=np.float32).reshape(7, 2),
    "aligned": np.full((7, 2), np.nan, np.float32),
}


USERS = np.array([0, 2])
RANKED = RankingMetrics(
    {20: 0.5},
    {20: 0.5},
    USERS,
    np.array([2, 1]),
    {10: np.float32([0.25, 1]), 20: np.float32([0.5, 1])},
    {10: np.float32([0.125, 1]), 20: np.float32([0.375, 1])},
)
NOBODY = RankingMetrics(
    {}, {}, USERS[:0], USERS[:0], *({k: np.zeros(0, np.float32) for k in (10, 20)},) * 2
)
PLAIN = replace(RANKED, user_recall={20: np.float32([0, 0.75])}, user_ndcg=RANKED.user_ndcg)
RANKINGS = {"valid": Compared(NOBODY, NOBODY), "test": Compared(RANKED, PLAIN)}


def written(folder, trained=TRAINED, scored=SCORED):
    stages = (TEXTS, ALIGNED, PRETRAINED, BEHAVIOUR, JUDGED, scored, trained, MAPS)
    write_all(folder, DATA, Results(*stages), RANKINGS)
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return written(tmp_path_factory.mktemp("tables"))


def test_every_column_is_described_and_every_described_column_is_there(tmp_path):
    written(tmp_path)
    text = (ROOT / "docs" / "run-folder.md").read_text(encoding="utf-8")
    run = text[text.index("## Run:") :]
    for path in tmp_path.glob("*.parquet"):
        section = run[run.index(f"### `{path.name}`") :]
        section = section[: section.index("\n### ", 5)]
        rows = [row.split("|") for row in section.splitlines() if row.startswith("| `")]
        described = [name for row in rows for name in re.findall(r"`([^`]+)`", row[1])]
        schema = pq.read_schema(path)
        assert sorted(described) == sorted(schema.names), path.name
        for row in rows:
            for name in re.findall(r"`([^`]+)`", row[1]):
                kind = row[2].strip().replace("text", "string").replace("float32", "float")
                kind = kind.replace("float64", "double")
                if kind in ("string", "float", "double", "int8", "int64", "bool"):
                    assert str(schema.field(name).type) == kind, (path.name, name)


def test_signals_are_in_the_order_of_the_train_interactions(found):
    frame = found["interactions"]
    assert frame.user_id.tolist() == ["u0", "u0", "u1", "u2"]
    assert frame.title.tolist() == ["Alien", "Bambi", "Bambi", "Dune"]
    for name in ("loss", "score", "semantic", "p_noisy", "from_language"):
        np.testing.assert_array_equal(frame[name], SCORED[name])
    assert frame.verdict.tolist() == ["hard", "noisy", "clean", "clean"]
    np.testing.assert_array_equal(frame.logical, [2, 0, 1.5, np.nan])
    assert frame.low_scored.tolist() == [True, False, True, True]
    assert frame.decided_by.tolist() == ["model"] * 3 + ["judge"]
    assert frame.label.tolist() == ["", "", "noisy", ""]


def test_reasons_belong_to_their_pair(found):
    frame = found["interactions"]
    # The grades of the last one do not count, as in the run of a baseline.
    assert frame.user_reason.tolist() == [*(f"user view {k}" for k in range(3)), ""]
    assert frame.item_reason.tolist() == [*(f"item view {k}" for k in range(3)), ""]


def test_reasons_are_empty_where_the_judge_was_not_asked(tmp_path):
    some = np.array([2, 4, 7])  # (1, 1) is the only train interaction
    views = [f"{view}_{what}" for view in ("user", "item") for what in ("grade", "support")]
    names = ("user", "item", "observed", "control", *views)
    part = {**JUDGED, **{name: JUDGED[name][some] for name in names}}
    for view in ("user", "item"):
        part |= pack_texts(f"{view}_reason", [f"{view} view {k}" for k in some])
    stages = (TEXTS, ALIGNED, PRETRAINED, BEHAVIOUR, part, SCORED, TRAINED, MAPS)
    write_all(tmp_path, DATA, Results(*stages), RANKINGS)
    frame = pd.read_parquet(tmp_path / "interactions.parquet")
    assert frame.user_reason.tolist() == ["", "", "user view 2", ""]


def test_the_explanation_says_what_led_there_strongest_first(found):
    first, second, third, fourth = found["interactions"].explanation
    assert first == (
        "hard: p_noisy 0.10 (noisy from 0.90); the model ranks it above 25% of the items it has "
        "not seen the user choose; grades High and High; against the average interaction, "
        "log-odds moved by texts towards genuine (-1.50), behaviour towards noise (+0.50)."
    )
    assert second.startswith("noisy: p_noisy 0.90")
    assert "grades Low and Low" in second
    assert third.endswith("log-odds moved by nothing much.")
    assert "not judged" in fourth


def test_losses_of_both_kinds_meet_row_by_row_in_the_kept_epochs(found):
    frame = found["loss_history"]
    assert frame.row.tolist() == [0, 1, 2, 3] * 2
    assert frame.epoch.tolist() == [5] * 4 + [10] * 4
    assert frame.loss.tolist() == [0, 1, 2, 3, 6, 7, 8, 9]  # the stand-ins are left out
    assert frame.loss_in_sample.tolist() == [100, 101, 102, 103, 104, 105, 106, 107]


def test_judgements_say_what_grades_alone_would_do(found):
    frame = found["judgements"]
    assert frame.by_grades.tolist() == [
        "hard",
        "clean",  # Low and Low, but not low-scored: not a candidate
        "noisy",
        "noisy",
        "hidden like",
        "hard negative",
        "control",
        "control",
    ]
    assert frame.title.tolist()[-2:] == ["Alien", "Dune"]
    assert frame.user_reason.tolist() == [f"user view {k}" for k in range(8)]


def test_edges_say_why_in_the_paper_preset(found):
    frame = found["edges"]
    assert frame.origin.tolist() == ["kept", "dropped", "kept", "kept", "added"]
    assert frame.in_original.tolist() == [True] * 4 + [False]
    assert frame.in_refined.tolist() == [True, False, True, True, True]
    assert frame.reason.tolist() == [
        "low-scored, judged High and High",
        "low-scored, not High and High",
        "low-scored, not High and High; kept as a last edge",
        "not touched",
        "unobserved, judged High and High",
    ]


def test_edges_say_why_in_the_soft_preset(tmp_path):
    soft = {
        **TRAINED,
        "preset": np.array("soft"),
        "edge_origin": np.int8([KEPT] * 4 + [ADDED]),
        "edge_rescued": np.zeros(5, np.bool_),
    }
    frame = written(tmp_path, soft)["edges"]
    assert frame.reason.tolist() == [
        "weight by p_noisy 0.10",
        "weight by p_noisy 0.90",
        "weight by p_noisy 0.60",
        "weight by p_noisy 0.20",
        "unobserved, judged High and High",
    ]


BY_PEOPLE = {
    **SCORED,
    "label": np.int8([2, 0, 1, -1]),
    "held_out": np.array([False, False, True, False]),
    "decided_by": np.int8([2, 2, 0, 1]),
    "p_noisy": np.float32([1, 0, 0.6, 0.2]),
    "verdict": np.int8([2, 0, 0, 0]),
    "unwanted": np.array([4]),  # user 1, item 0
}


def test_what_a_person_decided_is_said_in_table_and_explanation(tmp_path):
    frame = written(tmp_path, scored=BY_PEOPLE)["interactions"]
    assert frame.label.tolist() == ["noisy", "clean", "hard", ""]
    assert frame.held_out.tolist() == [False, False, True, False]
    assert frame.decided_by.tolist() == ["person", "person", "model", "judge"]
    np.testing.assert_array_equal(frame.p_noisy_model, SCORED["p_noisy"])
    np.testing.assert_array_equal(frame.p_noisy, BY_PEOPLE["p_noisy"])
    assert frame.explanation[0].startswith(
        "noisy: a person decided so; without labels p_noisy 0.10; the model ranks it above 25%"
    )
    assert frame.explanation[2].startswith("clean: p_noisy 0.60 (noisy from 0.90); the model")


def test_edges_say_what_a_person_decided(tmp_path):
    trained = {
        **TRAINED,
        "edge_decided": np.int8([2, 2, 1, 0, 2]),
        "edge_rescued": np.array([True, False, True, False, False]),
    }
    frame = written(tmp_path, trained, BY_PEOPLE)["edges"]
    assert frame.decided_by.tolist() == ["person", "person", "judge", "model", "person"]
    assert frame.reason.tolist() == [
        "a person called it noisy; kept as a last edge",
        "a person called it clean",
        "low-scored, not High and High; kept as a last edge",
        "not touched",
        "a person says that the user likes it",
    ]


def test_what_people_do_not_want_is_no_hidden_like(tmp_path):
    frame = written(tmp_path, scored=BY_PEOPLE)["judgements"]
    assert frame.by_grades.tolist()[4:] == ["hard negative"] * 2 + ["control"] * 2


def test_every_user_is_measured_in_every_split_they_have_items_in(found):
    frame = found["ranking"]
    assert frame.user.tolist() == [0, 2]
    assert frame.split.tolist() == ["test", "test"]
    assert frame.n_held_out.tolist() == [2, 1]
    assert frame.recall20.tolist() == [0.5, 1]
    assert frame.ndcg20.tolist() == [0.375, 1]
    assert frame.recall10.tolist() == [0.25, 1]
    assert frame.ndcg10.tolist() == [0.125, 1]
    assert frame.plain_recall20.tolist() == [0, 0.75]
    assert frame.plain_ndcg20.tolist() == [0.375, 1]


def test_nodes_are_users_then_items_with_their_vectors(found):
    nodes = found["embeddings"]
    assert nodes.kind.tolist() == ["user"] * 3 + ["item"] * 4
    assert nodes.number.tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert nodes.id.tolist() == ["u0", "u1", "u2", "i0", "i1", "i2", "i3"]
    assert nodes.raw[1].tolist() == [0, 1, 0, 0, 0]
    assert nodes.raw[5].tolist() == [0, 0, -1, 0, 0]
    assert nodes.aligned[0].tolist() == [1, 1]
    assert nodes.text.tolist()[2:4] == ["likes c", "Alien."]


def test_both_recommenders_have_a_vector_for_every_node(found):
    frame = found["vectors"]
    assert frame.kind.tolist() == ["user"] * 3 + ["item"] * 4
    assert frame.number.tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert [list(row) for row in frame.plain] == [[3, 3]] * 3 + [[4, 4]] * 4
    assert [list(row) for row in frame.refined] == [[5, 5]] * 3 + [[6, 6]] * 4


def test_maps_hold_both_points_of_every_node(found):
    frame = found["projection"]
    assert frame.x_raw.tolist() == [0, 2, 4, 6, 8, 10, 12]
    assert frame.y_raw.tolist() == [1, 3, 5, 7, 9, 11, 13]
    assert frame.x_aligned.isna().all()  # not known is not zero
    assert frame.title.tolist() == ["u0", "u1", "u2", "Alien", "Bambi", "Casino", "Dune"]
    assert frame.group.tolist() == ["", "", "", "a", "b", "a", "b"]


def test_metrics_of_all_trainings_are_one_long_table(found):
    frame = found["metrics"].fillna(-1)
    rows = list(frame.itertuples(index=False, name=None))
    assert rows == [
        ("pretrain", 1, "loss", 0.6),
        ("pretrain", 1, "recall@20", 0.25),
        ("train", 1, "rec", 0.5),
        ("align fold 0", 1, "loss", 0.75),
        ("align fold 0", 1, "held_out", 0.5),
        ("align final", 1, "loss", 0.25),
        ("align final", 1, "held_out", -1),
    ]


def test_a_write_that_fails_leaves_the_former_table(tmp_path, monkeypatch):
    written(tmp_path)
    before = (tmp_path / "edges.parquet").read_bytes()
    monkeypatch.setattr("core.tables.os.replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        written(tmp_path)
    assert (tmp_path / "edges.parquet").read_bytes() == before


def test_tables_name_the_grades_that_were_asked_for(tmp_path):
    mid = {**SCORED, "accept": np.array("mid")}
    folder = written(tmp_path, TRAINED, mid)
    assert folder["judgements"].by_grades.tolist()[2:6] == [
        "hard",  # Mid and High
        "noisy",
        "hidden like",
        "hidden like",  # High and Mid
    ]
    assert folder["edges"].reason.tolist() == [
        "low-scored, judged at least Mid and Mid",
        "low-scored, not at least Mid and Mid",
        "low-scored, not at least Mid and Mid; kept as a last edge",
        "not touched",
        "unobserved, judged at least Mid and Mid",
    ]


def explained(method, **changes):
    """Explanations of a run of a baseline."""
    names = ("from_language", "from_behaviour", "from_grades")
    nothing = {name: np.zeros(4, np.float32) for name in names}
    unasked = {name: np.full(4, -1, np.int8) for name in ("user_grade", "item_grade")}
    scored = {**SCORED, **nothing, **unasked, "p_noisy_model": SCORED["p_noisy"], **changes}
    return interactions(DATA, JUDGED, scored, method)["explanation"]


def test_a_baseline_is_explained_by_its_rank_and_by_nothing_that_moved_it():
    first, second, *_ = explained("r-ce-pairwise")
    assert first == (
        "hard: R-CE, pairwise gives it rank 0.10 of suspicion, 0 to 1 (noisy from 0.90); it "
        "goes by 1 - its weight, mean over fixed negatives; p_noisy is that rank: an order, no "
        "probability; the model ranks it above 25% of the items it has not seen the user choose."
    )
    assert "rank 0.90 of suspicion" in second
    assert not any("log-odds" in text or "judged" in text for text in (first, second))


def test_what_people_did_to_a_baseline_is_told_apart_from_its_rank():
    person = np.int8([2, 0, 0, 0])
    said = explained("bpr", decided_by=person, p_noisy=np.float32([1.0, 0.9, 0.3, 0.2]))
    assert said[0].startswith("hard: a person decided so; BPR on LightGCN gives it rank 0.10")
    assert "corrected" not in said[0]
    assert "labels corrected p_noisy to 0.30 (noisy from 0.90)" in said[2]
    assert "no probability" not in said[2]
