"""Judgements from a file."""

import json

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.judge.recorded import RecordedJudge, read_recorded
from core.types import HIGH, LOW, MID
from tests.core.judge.llm.world import context, pairs_of, train_of

USERS, ITEMS = ("ann", "bob", "007"), ("a", "b", "c", "99999")
HEAD = "user_id,item_id,user_grade,item_grade"


def csv(folder, *lines, head=HEAD, name="gpt.csv"):
    path = folder / name
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def read(path):
    return read_recorded(path, USERS, ITEMS)


def graded(found):
    return {
        (USERS[u], ITEMS[i]): (int(g), int(h))
        for u, i, g, h in zip(
            found.user, found.item, found.user_grade, found.item_grade, strict=True
        )
    }


ROWS = [
    {
        "user_id": "ann",
        "item_id": "a",
        "user_grade": "High",
        "item_grade": "low",
        "user_reason": "x",
    },
    {"user_id": "007", "item_id": "b", "user_grade": "Mid", "item_grade": "CannotTell"},
]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_each_format_is_read(tmp_path, kind):
    path = tmp_path / f"made.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")
    elif kind == "csv":
        pd.DataFrame(ROWS).to_csv(path, index=False)
    else:
        pd.DataFrame(ROWS).to_parquet(path)
    found, problems = read(path)
    assert graded(found) == {("ann", "a"): (HIGH, LOW), ("007", "b"): (MID, MID)}
    assert (found.user_reason, found.item_reason) == (("x", ""), ("", ""))
    assert (problems, found.judge) == ([], "made")


def test_numbers_are_grades_and_ids(tmp_path):
    path = tmp_path / "n.parquet"
    rows = {
        "user_id": [5, 5],
        "item_id": [7.0, 8.0],
        "user_grade": [2, 0],
        "item_grade": [1.0, 2.0],
    }
    pd.DataFrame(rows).to_parquet(path)
    found, problems = read_recorded(path, ("5",), ("7", "8"))
    assert (found.user_grade.tolist(), found.item_grade.tolist()) == ([HIGH, LOW], [MID, HIGH])
    assert problems == []


def test_everything_left_out_is_counted_and_shown(tmp_path):
    path = csv(
        tmp_path,
        "ann,a,2,1",
        "ann,9999999,2,1",
        "nan,a,2,1",
        ",a,2,1",
        "eve,a,2,1",
        "7,a,2,1",
        "ann,z,2,1",
        "bob,a,,1",
        "bob,b,3,1",
        "bob,c,High,Perfect",
        "bob,99999,0,0",
        "007,a,2,1",
        "007,a,2,0",
        "007,b,1,1",
        "007,b,Mid,mid",
    )
    found, problems = read(path)
    assert graded(found) == {
        ("ann", "a"): (HIGH, MID),
        ("bob", "99999"): (LOW, LOW),
        ("007", "b"): (MID, MID),
    }
    counts = {problem.title.split(",")[0]: problem.count for problem in problems}
    assert counts == {
        "placeholders in place of ids": 3,
        "users that the dataset does not have": 2,
        "items that the dataset does not have": 1,
        "rows without both grades": 1,
        "grades that are none of High": 2,
        "pairs given twice with different grades": 2,
        "pairs given twice alike": 1,
    }
    assert len(found) + sum(counts.values()) == 15
    unknown = next(p for p in problems if p.title.startswith("users"))
    assert unknown.rows[0] == {
        "user_id": "eve", "item_id": "a", "user_grade": "2", "item_grade": "1", "row": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "n_known"),
    [('ann,b,"2,1', 1), ('ann,b,2,1,"good', 1), ('ann,b,2,1,"good\nand cheap"', 2)],
)
def test_a_quotation_mark_that_never_closes_loses_no_line_unseen(tmp_path, line, n_known):
    head = "user_id,item_id,user_grade,item_grade,user_reason"
    path = csv(tmp_path, "ann,a,2,1,", line, "007,99999,1,0,", "bob,b,0,0,", head=head)
    found, problems = read(path)
    if n_known == 2:  # it does close
        assert (len(found), problems) == (4, [])
    else:
        assert (len(found), problems[0].count) == (1, 3)
        assert problems[0].title == "lines that cannot be read"


def test_examples_are_few_and_harmless(tmp_path):
    path = csv(tmp_path, *[f"eve{k} <b>\u202e,a,2,1" for k in range(9)])
    problem = read(path)[1][1]
    assert (problem.count, len(problem.rows)) == (9, 5)
    assert problem.rows[0]["user_id"] == "eve0 (b)"


def test_nothing_usable_is_an_error_to_show(tmp_path):
    found, problems = read(csv(tmp_path, "eve,a,2,1"))
    assert (len(found), problems[0].severity) == (0, "error")


def test_lines_that_cannot_be_read_are_counted(tmp_path):
    path = tmp_path / "made.jsonl"
    path.write_text("\n".join([json.dumps(ROWS[0]), "{broken", "[1]", "[" * 100_000]))
    found, problems = read(path)
    assert (len(found), problems[0].count) == (1, 3)
    found, problems = read(csv(tmp_path, "ann,a,2,1", "ann,b,2,1,too,many,cells"))
    assert (len(found), problems[0].count) == (1, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"user_id,item_id,user_grade\nann,a,2\n", "lacks item_grade"),
        ("a.csv", b"", "cannot be read"),
        ("a.csv", b"user_id,item_id,user_grade,item_grade\n\xff\xfe,a,2,1\n", "cannot be read"),
        ("a.parquet", b"not parquet", "cannot be read"),
        ("a.jsonl", b"\xff", "cannot be read"),
        ("a.jsonl", b"", "lacks user_id"),
        ("a.xlsx", b"", "is not .csv"),
    ],
)
def test_files_of_another_kind_say_what_is_wrong(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    for name in ("no.csv", "no.parquet", "no.jsonl"):
        with pytest.raises(DataError, match="There is no file"):
            read(tmp_path / name)


def test_reasons_are_cleaned_and_judges_named(tmp_path):
    head = HEAD + ",user_reason,judge"
    long = "word " * 90
    path = csv(tmp_path, f"ann,a,2,1,<b>\u202e{long},gpt-x", "ann,b,2,1,,qwen", head=head)
    found = read(path)[0]
    assert found.judge == "gpt-x, qwen"
    assert len(found.user_reason[0].split()) == 40
    assert found.user_reason[0].startswith("(b)word")


def test_the_judge_answers_the_pairs_it_has_in_their_order(tmp_path):
    train = train_of([0, 1], [2], [3], n_items=4)
    path = csv(tmp_path, "ann,a,2,1", "007,99999,1,0", "bob,b,0,0")
    judge = RecordedJudge.from_file(path, USERS, ITEMS)
    pairs = pairs_of(train, [(2, 3), (0, 2), (0, 0), (2, 3)], control=[3])
    found = judge.judge(pairs, context(train))
    assert (found.user.tolist(), found.item.tolist()) == ([2, 0, 2], [3, 0, 3])
    assert found.user_grade.tolist() == [MID, HIGH, MID]
    assert found.item_grade.tolist() == [LOW, MID, LOW]
    assert (found.observed.tolist(), found.control.tolist()) == ([True] * 3, [False, False, True])
    assert (judge.name, judge.stopped_by) == ("recorded: gpt", "")
    assert found.user_grade.dtype == np.int8
