"""Small questions for the loopback server, and a process that asks them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from core.config import LLMConfig
from core.judge.llm.call import Answer, Call, Endpoint, MalformedReply, Spend
from core.judge.llm.send import answer_all
from core.judge.llm.store import CallStore
from tests.llm_server import key_of


class Graded(BaseModel):
    """One target of a reply."""

    target: str
    grade: str
    reason: str
    cites: str


class Form(BaseModel):
    """What the default grader answers."""

    answers: list[Graded]


def read(text: str) -> list[str]:
    """Grades in the order of the targets."""
    try:
        return [answer.grade for answer in Form.model_validate_json(text).answers]
    except ValidationError:
        raise MalformedReply("it is not the JSON that was asked for.") from None


def question(number: int | str, length: int = 0) -> Call:
    """A question about two targets; ``length`` letters are added."""
    rules = {"role": "system", "content": "Grade the targets."}
    asked = {"role": "user", "content": f"user {number}: T1 T2 {'x' * length}"}
    return Call("test/1", (rules, asked), Form, read, max_output_tokens=100)


def questions(n_calls: int) -> list[Call]:
    """So many different ones."""
    return [question(number) for number in range(n_calls)]


def content_key(call: Call) -> str:
    """What the server counts the call by."""
    return key_of(call.messages)


def send(
    calls: list[Call], base_url: str, folder: Path, **settings: Any
) -> tuple[Spend, list[Answer], list[Spend]]:
    """Ask, quickly impatient; returns what was spent, the answers, and the ticks."""
    answers: list[Answer] = []
    ticks: list[Spend] = []
    config = LLMConfig(**{"model": "tiny", "in_flight": 16, "timeout": 5.0, **settings})
    endpoint = Endpoint(base_url, "tiny", "sk-secret-of-the-test", place="test-server")
    store = CallStore(folder)
    spend = answer_all(calls, endpoint, "schema", store, config, answers.append, ticks.append)
    return spend, answers, ticks


def main() -> None:
    """``python -m tests.llm_calls URL FOLDER N``: ask N questions, print one line per answer."""
    base_url, folder, n_calls = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    spend, answers, _ = send(questions(n_calls), base_url, folder, in_flight=8)
    outcomes = [answer.outcome for answer in answers]
    print(json.dumps({"n_calls": spend.n_calls, "cached": spend.n_cached, "outcomes": outcomes}))


if __name__ == "__main__":
    main()
