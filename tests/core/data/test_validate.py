"""Every problem is found, counted and shown; bad data never raises."""

import pytest

from core.config import PrepareConfig
from core.data.sources import ColumnMapping
from core.data.validate import CHECKS, validate

GOOD = "user_id,item_id,rating,timestamp,label,split\n" + "".join(
    f"u{user},i{item},{1 + (user + item) % 5},{1_500_000_000 + item},1,train\n"
    for user in range(4)
    for item in range(4)
)
ITEMS = "item_id,title\n" + "".join(f"i{item},Item {item}\n" for item in range(4))


def find(problems, title):
    found = [problem for problem in problems if title in problem.title]
    assert len(found) == 1, [problem.title for problem in problems]
    return found[0]


def test_good_data_has_no_problem(read):
    assert validate(read(GOOD, ITEMS), config=PrepareConfig(min_rating=3, core=2)) == []


@pytest.mark.parametrize(
    ("row", "title", "severity", "count"),
    [
        (",i1,3,1500000000,1,train", "without a user or item id", "warning", 1),
        ("u1, ,3,1500000000,1,train", "without a user or item id", "warning", 1),
        ("u1,i1,3,1500000000,1,train", "occur more than once", "warning", 1),
        ("u1,i9,five,1500000000,1,train", "Ratings that are not numbers", "warning", 1),
        ("u1,i9,nan,1500000000,1,train", "missing, NaN or infinite", "warning", 1),
        ("u1,i9,inf,1500000000,1,train", "missing, NaN or infinite", "warning", 1),
        ("u1,i9,,1500000000,1,train", "missing, NaN or infinite", "warning", 1),
        ("u1,i9,-50,1500000000,1,train", "Ratings outside", "warning", 1),
        ("u1,i9,1000,1500000000,1,train", "Ratings outside", "warning", 1),
        ("u1,i9,80,1500000000,1,train", "Ratings on two scales", "warning", 1),
        ("u1,i9,3,yesterday,1,train", "neither numbers nor dates", "warning", 1),
        ("u1,i9,3,-5,1,train", "negative, before 1990 or in the future", "warning", 1),
        ("u1,i9,3,1000,1,train", "negative, before 1990 or in the future", "warning", 1),
        ("u1,i9,3,9999999999,1,train", "negative, before 1990 or in the future", "warning", 1),
        ("u1,i9,3,1500000000,2,train", "Labels that are neither", "warning", 1),
        ("u1,i9,3,1500000000,1,holdout", "Split names other than", "info", 1),
        ("u1,i9,3,1500000000,1,train", "items that the item file does not know", "warning", 1),
        ("u9,i1,3,1500000000,1,train", "Users with fewer than 3", "info", 1),
    ],
)
def test_one_bad_row_is_found_counted_and_shown(read, row, title, severity, count):
    problem = find(validate(read(f"{GOOD}{row}\n", ITEMS)), title)
    assert (problem.severity, problem.count) == (severity, count)
    shown = row.split(",")
    assert len(problem.rows) == 1
    assert shown[0].strip() in ("", problem.rows[0].get("user_id"))
    assert problem.fix


def test_at_most_five_examples_are_shown(read):
    rows = "".join(f"u{n},,3,1500000000,1,train\n" for n in range(9))
    problem = find(validate(read(GOOD + rows, ITEMS)), "without a user or item id")
    assert (problem.count, len(problem.rows)) == (9, 5)


def test_milliseconds_are_told_and_are_not_absurd(read):
    raw = read("user,item,ts\n" + "".join(f"u{n % 4},i{n},1500000000000\n" for n in range(12)))
    problems = validate(raw)
    assert find(problems, "in milliseconds").severity == "info"
    assert not [p for p in problems if "1990" in p.title]


def test_items_without_text_and_repeated_items_are_found(read):
    items = "item_id,title,description,genres\ni0,A,,\ni1,,words,\ni2,,,g\ni3,,,\ni0,B,,\n"
    problems = validate(read(GOOD, items))
    assert find(problems, "Items without any text").rows[0]["item_id"] == "i3"
    assert find(problems, "Items that occur more than once").rows == [{"item_id": "i0", "n": 2}]


def test_missing_item_texts_are_a_warning(read):
    assert find(validate(read(GOOD)), "no text about the items").severity == "warning"


def test_settings_that_the_data_cannot_meet_are_errors(read):
    bare = read("user,item\nu,i\nv,j\n")
    for config, title in [
        (PrepareConfig(min_rating=4), "there is no rating"),
        (PrepareConfig(split="time"), "there are no times"),
        (PrepareConfig(split="given"), "there is none"),
    ]:
        assert find(validate(bare, config=config), title).severity == "error"
    high = validate(read(GOOD), config=PrepareConfig(min_rating=9))
    assert find(high, "No rating reaches").rows == [{"highest rating": 5.0}]
    met = validate(read(GOOD), config=PrepareConfig(min_rating=5))
    assert not [problem for problem in met if "No rating reaches" in problem.title]


def test_unknown_split_names_are_an_error_if_the_split_is_used(read):
    raw = read(GOOD.replace("train", "fold1"))
    problem = find(validate(raw, config=PrepareConfig(split="given")), "Split names")
    assert (problem.severity, problem.count) == ("error", 16)


def test_users_below_the_core_are_counted(read):
    raw = read("user,item\na,1\na,2\nb,1\nb,2\nb,3\n")
    problem = find(validate(raw, config=PrepareConfig(core=4)), "fewer than 4")
    assert [(row["user_id"], row["n_items"]) for row in problem.rows] == [("a", 2), ("b", 3)]


def test_one_user_or_one_item_is_an_error(read):
    assert find(validate(read("user,item\na,1\na,2\n")), "1 user(s)").severity == "error"
    assert find(validate(read("user,item\na,1\nb,1\n")), "1 item(s)").severity == "error"


def test_columns_that_are_not_used_are_told(read):
    problem = find(validate(read("user,item,colour\na,1,red\nb,2,blue\n")), "not used")
    assert "colour" in problem.title


def test_a_path_that_cannot_be_read_is_a_problem_and_no_exception(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\0\1\2binary")
    (problem,) = validate(tmp_path / "x.csv")
    assert problem.severity == "error"
    assert "binary" in problem.fix
    (missing,) = validate(tmp_path / "none.csv")
    assert "nothing at" in missing.fix


def test_a_missing_column_is_a_problem_and_no_exception(tmp_path):
    (tmp_path / "x.csv").write_text("user,item\na,1\n")
    (problem,) = validate(tmp_path / "x.csv", ColumnMapping(user="user", item="thing"))
    assert "'thing' is not a column" in problem.fix


def test_what_went_wrong_while_reading_is_among_the_problems(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("user,item\nZoë,1\nb,2\n".encode("latin-1"))
    assert find(validate(path), "not UTF-8").count == 1


def test_errors_come_first(read):
    problems = validate(read("user,item,x\na,1,\na,1,\n"))
    order = ["error", "warning", "info"]
    ranks = [order.index(problem.severity) for problem in problems]
    assert ranks == sorted(ranks)
    assert ranks[0] == 0


def test_every_check_passes_over_a_table_of_nothing_but_blanks(read):
    raw = read("user,item,rating,timestamp,label,split\n,,,,,\n", "item,title\n,\n")
    for check in CHECKS.values():
        check(raw, PrepareConfig(min_rating=3, split="given"))
