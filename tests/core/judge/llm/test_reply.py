"""What may count as a reply, and what a reply can do."""

import json

import pytest

from core.judge import REASON_WORDS
from core.judge.llm.call import MalformedReply
from core.judge.llm.reply import Answers, read
from core.types import HIGH, LOW, MID
from tests.core.judge.llm.world import reply


def grades(text, n_targets, n_history=0):
    return [one.grade for one in read(text, n_targets, n_history)]


def answer(target="T1", grade="High", cites="P", reason="fits"):
    return {"target": target, "cites": cites, "reason": reason, "grade": grade}


def answers(*given):
    return json.dumps({"answers": list(given)})


def test_grades_come_in_the_order_of_the_targets():
    text = answers(answer("T3", "Low"), answer("T1", "High"), answer("T2", "Mid"))
    assert grades(text, 3) == [HIGH, MID, LOW]


def test_cannot_tell_is_mid_and_remembered():
    found = read(reply(["CannotTell", "Mid"]), 2, 0)
    assert [(one.grade, one.cannot_tell) for one in found] == [(MID, True), (MID, False)]


@pytest.mark.parametrize(
    "text",
    [
        "```json\n%s\n```",
        "Sure, here you are:\n%s\nAnything else?",
        '<think>maybe {"answers": []} or not</think>\n%s',
        "\ufeff%s",
        "%s %s",
    ],
)
def test_json_among_other_words_is_found(text):
    assert grades(text.replace("%s", reply(["Low"])), 1) == [LOW]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "complete JSON"),
        ("High", "complete JSON"),
        ("[]", "complete JSON"),
        ('[{"target": "T1", "grade": "High"}]', "complete JSON"),
        ('{"result": {"answers": []}}', "complete JSON"),
        (reply(["High"])[:-5], "complete JSON"),
        (reply(["High"]) + reply(["Low"]), "several"),
        (answers(), "No answer for T1"),
        (answers(answer("T2")), "No answer for T1"),
        (answers(answer(), answer(grade="Low")), "T1 is graded twice"),
        (answers(answer(grade="Perfect")), "grade"),
        (answers(answer(grade=2)), "grade"),
        (answers(answer(grade=None)), "grade"),
        (answers(answer(reason=7)), "reason"),
        (answers({"target": "T1", "grade": "High"}), "cites"),
        (answers(answer() | {"score": 1}), "score"),
        ('{"answers": "T1 High"}', "answers"),
        ('{"answers": {"T1": "High"}}', "answers"),
        ('{"answers": [], "answers": []}', "complete JSON"),
        ('{"answers": [NaN]}', "complete JSON"),
        ("[" * 100_000, "complete JSON"),
        ('{"answers":' * 10_000, "complete JSON"),
        ('{"answers": ' + "9" * 10_000 + "}", "answers|complete JSON"),
        ("x" * 300_000, "too long"),
    ],
)
def test_anything_else_is_malformed_and_the_message_says_why(text, complaint):
    with pytest.raises(MalformedReply, match=complaint):
        read(text, 1, 0)


def test_missing_targets_are_named():
    with pytest.raises(MalformedReply, match="T2, T4"):
        read(answers(answer("T1"), answer("T3")), 4, 0)


def test_answers_about_other_targets_are_ignored():
    text = answers(answer("T1", "Low"), answer("T2", "High"), answer("T0"), answer("item 7"))
    assert grades(text, 1) == [LOW]


def test_the_same_answer_twice_is_one():
    assert grades(answers(answer(reason="a"), answer(reason="b")), 1) == [HIGH]


def test_letters_of_a_grade_may_be_small():
    assert grades(answers(answer(grade="high ")), 1) == [HIGH]


def test_a_reason_is_one_clean_line_of_at_most_40_words():
    found = read(answers(answer(reason="a\n\u202eb\x07 " + "word " * 100)), 1, 0)[0]
    assert len(found.reason.split()) == REASON_WORDS
    assert found.reason.isprintable()


@pytest.mark.parametrize(
    ("cites", "reason", "n_history", "found"),
    [
        ("P", "", 0, ("P",)),
        ("p", "", 0, ()),
        ("H1", "", 0, ()),
        ("", "", 0, ()),
        ("H2", "", 3, ("H2",)),
        ("H3, H1 and H3", "", 3, ("H3", "H1")),
        ("<H2>", "", 3, ("H2",)),
        ("H4", "", 3, ()),
        ("H0", "", 3, ()),
        ("H99999999999999", "", 3, ()),
        ("P", "", 3, ()),
        ("", "same maker as H2", 3, ("H2",)),
        ("T1", "nothing", 3, ()),
    ],
)
def test_a_citation_must_name_what_was_shown(cites, reason, n_history, found):
    one = read(answers(answer(cites=cites, reason=reason)), 1, n_history)[0]
    assert one.cites == found
    assert one.grade == HIGH


def test_the_schema_lists_the_grades_and_allows_nothing_else():
    schema = Answers.model_json_schema()
    form = schema["$defs"]["TargetAnswer"]
    assert form["properties"]["grade"]["enum"] == ["High", "Mid", "Low", "CannotTell"]
    assert form["additionalProperties"] is False
    assert form["required"] == ["target", "cites", "reason", "grade"]
