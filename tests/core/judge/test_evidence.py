"""A catalogue of horror and animation films; Ann (user 0) is a horror fan."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import Cancelled
from core.judge import REASON_WORDS, JudgeContext, JudgePairs
from core.judge.evidence import EvidenceJudge
from core.types import HIGH, LOW, Interactions, Items

N_USERS, N_ITEMS = 40, 40
GENRES = ("Horror", "Animation", "Crime", "Romance")
ANN, HORROR, ROMANCE = 0, 36, 39  # both items: chosen by Ann alone or by her taste mates


def taste(number):
    return np.asarray(number) % 4


def make_items():
    return Items(
        id=tuple(f"f{k}" for k in range(N_ITEMS)),
        title=tuple(f"{GENRES[k % 4]} Night {k}" for k in range(N_ITEMS)),
        text=("",) * N_ITEMS,
        attributes={"genres": tuple((GENRES[k % 4], "Drama") for k in range(N_ITEMS))},
    )


def make_train(extra=()):
    """Each user has seven of the ten items of one taste, and Ann what is ``extra``."""
    user, item = np.meshgrid(np.arange(N_USERS), np.arange(N_ITEMS), indexing="ij")
    chosen = (taste(user) == taste(item)) & ((user // 4 + item // 4) % 10 < 7)
    chosen[ANN, [HORROR, ROMANCE]] = False
    for k in extra:
        chosen[ANN, k] = True
    return Interactions(*np.nonzero(chosen), N_USERS, N_ITEMS)


def make_embedding():
    """Romance is the opposite of horror, the other two genres lie between."""
    rng = np.random.default_rng(0)
    genre = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0.3, 0.3]])
    rows = genre[taste(np.arange(N_ITEMS))] + 0.1 * rng.normal(size=(N_ITEMS, 3))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make_pairs(train, user, item, length=5):
    user, item = np.array(user), np.array(item)
    observed = np.isin(user * N_ITEMS + item, train.key())
    history = np.full((len(user), length), -1)
    for row, (u, i) in enumerate(zip(user, item, strict=True)):
        own = train.item[(train.user == u) & (train.item != i)][:length]
        history[row, : len(own)] = own
    return JudgePairs(user, item, observed, np.zeros(len(user), dtype=bool), history)


def make_context(train, **changes):
    return replace(JudgeContext(make_items(), train, make_embedding()), **changes)


def judge(user, item, extra=(), **changes):
    train = make_train(extra)
    return EvidenceJudge().judge(make_pairs(train, user, item), make_context(train, **changes))


NO_TEXT = {"item_embedding": np.zeros((N_ITEMS, 0), dtype=np.float32)}
NO_ATTRIBUTES = {"items": replace(make_items(), attributes={})}
WORLDS = {
    "all": {},
    "no text": NO_TEXT,
    "no attributes": NO_ATTRIBUTES,
    "co-occurrence only": NO_TEXT | NO_ATTRIBUTES,
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("extra", [(), (HORROR, ROMANCE)], ids=["unobserved", "observed"])
def test_a_horror_fan_gets_high_for_horror_and_low_for_romance(world, extra):
    graded = judge([ANN, ANN], [HORROR, ROMANCE], extra, **WORLDS[world])
    assert graded.user_grade.tolist() == [HIGH, LOW]
    assert graded.item_grade.tolist() == [HIGH, LOW]
    assert graded.observed.tolist() == [bool(extra)] * 2
    assert graded.judge == "evidence judge, no LLM"


@pytest.mark.parametrize("world", WORLDS)
def test_no_pair_vouches_for_itself(world):
    # The only difference is whether the judged pair is in train; nothing else may follow.
    user, item = [ANN], [ROMANCE]
    with_pair = judge(user, item, (ROMANCE,), **WORLDS[world])
    without = judge(user, item, (), **WORLDS[world])
    assert with_pair.observed[0] != without.observed[0]
    assert with_pair.user_support == pytest.approx(without.user_support, abs=1e-6)
    assert with_pair.item_support == pytest.approx(without.item_support, abs=1e-6)
    assert with_pair.user_reason == without.user_reason
    assert with_pair.item_reason == without.item_reason


@pytest.mark.parametrize("world", WORLDS)
def test_holding_out_is_exact_for_every_pair_of_train(world):
    train = make_train((HORROR, ROMANCE))
    context = make_context(train, **WORLDS[world])
    rows = np.arange(0, len(train), 23)
    pairs = make_pairs(train, train.user[rows], train.item[rows])
    together = EvidenceJudge().judge(pairs, context)
    for place, row in enumerate(rows):
        rest = train.select(np.arange(len(train)) != row)
        # The same pairs again, so that the strangers' histories are the same.
        alone = EvidenceJudge().judge(pairs, replace(context, train=rest))
        assert alone.user_support[place] == pytest.approx(together.user_support[place], abs=1e-6)
        assert alone.item_support[place] == pytest.approx(together.item_support[place], abs=1e-6)
        assert alone.user_reason[place] == together.user_reason[place]
        assert alone.item_reason[place] == together.item_reason[place]


def test_reasons_cite_the_facts():
    graded = judge([ANN, ANN], [HORROR, ROMANCE])
    # Ann has Horror 7 times of 7; a quarter of the catalogue is Horror. Drama is everywhere.
    assert "Horror (7 of 7, 4.0x catalogue)" in graded.user_reason[0]
    assert "Drama" not in graded.user_reason[0]
    assert "None of its attributes stands out" in graded.user_reason[1]
    assert "'Horror Night " in graded.item_reason[0]
    assert "; 0 users have it with the first." in graded.item_reason[1]


def test_items_without_a_title_are_named_by_their_id():
    items = replace(make_items(), title=("", " \u202e") * (N_ITEMS // 2))
    train = make_train()
    graded = EvidenceJudge().judge(
        make_pairs(train, [ANN], [HORROR], length=2), make_context(train, items=items)
    )
    first, second = train.item[train.user == ANN][:2]
    named = graded.item_reason[0].removeprefix("Nearest in the history: ").split(". ")[0]
    assert set(named.split(", ")) == {f"'f{first}'", f"'f{second}'"}


def test_users_who_have_both_items_are_counted():
    train = make_train()
    graded = EvidenceJudge().judge(
        make_pairs(train, [ANN], [HORROR], length=1), make_context(train)
    )
    (first,) = train.item[train.user == ANN][:1]
    owners = [set(train.user[train.item == k]) for k in (first, HORROR)]
    both = len(owners[0] & owners[1])
    ratio = both / (len(owners[0]) * len(owners[1]) / N_USERS)
    assert f"'Horror Night {first}'" in graded.item_reason[0]
    assert f"; {both} users have it with the first ({ratio:.1f}x chance)." in graded.item_reason[0]


def test_reasons_stay_within_forty_words_and_are_printable():
    title = "A Very\x00 Long Title " * 10
    items = replace(
        make_items(),
        title=(title,) * N_ITEMS,
        attributes={"tag": (("several words " * 9, "more words of a tag " * 9),) * N_ITEMS},
    )
    graded = judge([ANN, ANN], [HORROR, ROMANCE], items=items)
    for reason in graded.user_reason + graded.item_reason:
        assert 0 < len(reason.split()) <= REASON_WORDS
        assert reason.isprintable()


def test_strangers_are_graded_high_about_one_time_in_ten_and_supports_are_shares():
    rng = np.random.default_rng(1)
    items = Items(tuple("x" * 200), tuple("x" * 200), ("",) * 200)
    user, item = np.nonzero(rng.random((100, 200)) < 0.1)
    train = Interactions(user, item, 100, 200)
    vectors = rng.normal(size=(200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pair_user, pair_item = np.repeat(np.arange(100), 20), rng.integers(0, 200, 2000)
    history = np.stack([train.item[train.user == u][:5] for u in pair_user])
    history[history == pair_item[:, None]] = -1
    pairs = JudgePairs(pair_user, pair_item, np.zeros(2000, bool), np.zeros(2000, bool), history)
    graded = EvidenceJudge().judge(pairs, JudgeContext(items, train, vectors))
    for support, grade in (
        (graded.user_support, graded.user_grade),
        (graded.item_support, graded.item_grade),
    ):
        assert support.min() >= 0
        assert support.max() <= 1
        assert support.mean() == pytest.approx(0.5, abs=0.03)
        assert (grade == HIGH).mean() == pytest.approx(0.1, abs=0.03)
        assert (grade == LOW).mean() == pytest.approx(0.6, abs=0.04)


def test_the_same_pairs_get_the_same_grades_in_any_order():
    user, item = [0, 1, 2, 3, 0], [4, 5, 7, 3, 39]
    first = judge(user, item)
    turned = judge(user[::-1], item[::-1])
    assert np.array_equal(first.user_support, turned.user_support[::-1])
    assert first.user_reason == turned.user_reason[::-1]


def test_groups_are_not_read():
    class Unreadable:
        def __len__(self):
            raise AssertionError("group was read")

        __iter__ = __getitem__ = __len__

    judge([ANN], [HORROR], items=replace(make_items(), group=Unreadable()))


def test_a_user_without_other_items_is_half_supported_and_says_so():
    train = make_train()
    train = train.select(train.user != ANN)
    graded = EvidenceJudge().judge(make_pairs(train, [ANN], [HORROR]), make_context(train))
    assert graded.item_support.tolist() == [0.5]
    assert graded.item_grade.tolist() == [LOW]
    assert graded.user_reason[0] == graded.item_reason[0]
    assert "no other item" in graded.user_reason[0]


@pytest.mark.parametrize("length", [0, 1, 8])
def test_any_length_of_history_is_served(length):
    train = make_train()
    pairs = make_pairs(train, [ANN, 1], [HORROR, 2], length=length)
    graded = EvidenceJudge().judge(pairs, make_context(train))
    assert np.isfinite(graded.item_support).all()


def test_nothing_to_judge_is_nothing_judged():
    graded = judge(np.zeros(0, int), np.zeros(0, int))
    assert len(graded) == 0
    assert graded.user_support.shape == (0,)


def test_progress_is_told_and_can_cancel():
    def stop(progress):
        assert progress.values == {"n_judged": 1.0}
        raise Cancelled("stop")

    train = make_train()
    with pytest.raises(Cancelled):
        EvidenceJudge().judge(make_pairs(train, [ANN], [HORROR]), make_context(train), stop)


def test_a_catalogue_of_another_dataset_is_refused():
    with pytest.raises(ValueError, match="train has 40 items, the catalogue 40, the embeddings 3"):
        judge([ANN], [HORROR], item_embedding=np.eye(3, dtype=np.float32))
