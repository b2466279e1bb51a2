from dataclasses import replace

import numpy as np
import pytest

from core.config import TextConfig
from core.text.profiles import USER_WORDS, build_profiles, catalogue, clean_text, profile_of
from core.types import Interactions, Items, Users

TITLES = ("Alien", "The Thing", "Halloween", "Bambi", "Dumbo", "Up", "Heat", "Ronin")
GENRES = (
    ("Horror", "Drama"),
    ("Horror", "Drama"),
    ("Horror", "Drama"),
    ("Animation", "Drama"),
    ("Animation", "Drama"),
    ("Animation", "Drama"),
    ("Crime", "Drama"),
    ("Crime", "Drama"),
)


@pytest.fixture
def items():
    return Items(
        id=tuple(f"f{k}" for k in range(8)),
        title=TITLES,
        text=("A crew meets a stowaway.", *[""] * 7),
        attributes={"genres": GENRES},
        group=("secret-niche",) * 8,
    )


@pytest.fixture
def train():
    user = np.array([0, 0, 0, 0, 1, 1])
    return Interactions(user, np.array([0, 1, 2, 6, 3, 4]), 3, 8)


USERS = Users(("ann", "bob", "cid"), ("", "Likes\x00 cartoons\u202e.", ""))


def build(users, items, train, **settings):
    return build_profiles(users, items, train, TextConfig(**settings), np.random.default_rng(0))


def test_item_text_is_title_attributes_description(items, train):
    texts = build(USERS, items, train).item
    assert texts[0] == "Alien. genres: Horror, Drama. A crew meets a stowaway."
    assert texts[7] == "Ronin. genres: Crime, Drama."


def test_user_text_names_what_is_distinctive_and_not_what_everybody_has(items, train):
    text = build(USERS, items, train).user[0]
    # Horror: 3 of 4 against 3 of 8 in the catalogue, Crime: 1 of 4 = its catalogue share.
    assert text == "Often: Horror. Chose: Alien, The Thing, Halloween, Heat."


def test_titles_are_the_representative_ones_when_few_are_named(items, train):
    text = build(USERS, items, train, profile_items=3).user[0]
    assert "Heat" not in text
    assert "Halloween" in text


def test_own_text_is_used_without_control_characters(items, train):
    text = build(USERS, items, train).user[1]
    assert text == "Often: Animation. Chose: Bambi, Dumbo. Likes cartoons ."
    assert text.isprintable()


def test_a_user_without_history_and_text_has_an_empty_profile(items, train):
    assert build(USERS, items, train).user[2] == ""


def test_texts_are_bounded(train):
    words = " ".join(f"word{k}" for k in range(500))
    items = Items(("x",) * 8, (words,) * 8, (words,) * 8, {"genres": GENRES})
    profiles = build(Users(USERS.id, (words,) * 3), items, train)
    assert max(len(text.split()) for text in profiles.user) <= USER_WORDS
    assert max(len(text.split()) for text in profiles.item) <= 110
    assert clean_text("x" * 10_000, 5) == "x" * 40


class Unreadable:
    def __len__(self):
        raise AssertionError("group was read")

    __iter__ = __getitem__ = __len__


def test_groups_are_never_read(items, train):
    assert build(USERS, replace(items, group=Unreadable()), train) == build(USERS, items, train)


def test_shuffled_texts_leave_no_item_its_own(items):
    for seed in range(20):
        config = TextConfig(shuffle=True)
        shuffled = catalogue(items, config, np.random.default_rng(seed))
        assert sorted(shuffled.title) == sorted(TITLES)
        assert all(a != b for a, b in zip(shuffled.title, TITLES, strict=True))
        # Title, attributes and description move together.
        place = shuffled.title.index("Alien")
        assert shuffled.text[place].startswith("A crew")
        assert shuffled.attributes["genres"][place] == ("Horror", "Drama")


def test_profiles_under_shuffle_are_those_of_the_shuffled_catalogue(items, train):
    config = TextConfig(shuffle=True)
    shuffled = catalogue(items, config, np.random.default_rng(0))
    assert build(USERS, items, train, shuffle=True) == build(USERS, shuffled, train)


def test_without_attributes_titles_still_make_a_profile(items, train):
    text = build(USERS, replace(items, attributes={}), train).user[0]
    assert text == "Chose: Alien, The Thing, Halloween, Heat."


def test_a_profile_of_all_own_items_is_the_usual_one_and_of_fewer_names_no_other(items, train):
    composed = build_profiles(USERS, items, train, TextConfig(), np.random.default_rng(0))
    write = profile_of(USERS, items, TextConfig().profile_items)
    for user in range(3):
        own = train.item[train.user == user]
        assert write(user, own) == composed.user[user]
    assert write(0, np.array([0, 1, 6])) == "Often: Horror, Crime. Chose: Alien, The Thing, Heat."
    assert "cartoons" in write(1, np.zeros(0, np.int64))
