"""What ``judge --run --json`` says on the way, for programs."""

from __future__ import annotations

import json

from app.commands.judge_report import SECONDS_BETWEEN_LINES, ProgressLines
from core.types import Progress


def printed(capsys):
    return [json.loads(line)["progress"] for line in capsys.readouterr().out.splitlines()]


def test_a_new_stage_and_its_end_are_said_at_once_and_the_rest_now_and_then(capsys):
    lines = ProgressLines()
    step = SECONDS_BETWEEN_LINES
    for fraction, now in (
        (0.0, 0.0),
        (0.1, step / 2),
        (0.2, step),
        (0.3, step * 1.5),
        (1.0, 1.6 * step),
    ):
        lines.say(Progress("judge", fraction, {"n_judged": 100 * fraction}), now)
    lines.say(Progress("score", 0.0), 1.6 * step)
    found = printed(capsys)
    assert [(one["stage"], one["fraction"]) for one in found] == [
        ("judge", 0.0),
        ("judge", 0.2),
        ("judge", 1.0),
        ("score", 0.0),
    ]
    assert found[1]["values"] == {"n_judged": 20.0}


def test_a_value_that_is_no_number_is_left_out(capsys):
    ProgressLines().say(Progress("judge", 0.5, {"loss": float("nan"), "n_calls": 3.0}), 0.0)
    assert printed(capsys)[0]["values"] == {"n_calls": 3.0}
