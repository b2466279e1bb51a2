"""Bodies of the loopback server's replies, whole and spoilt."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import time
from collections.abc import Callable

from tests.llm_faults import Messages, Request

PROBE = '{"ready": true}'
"""A question with this text in it is answered with it."""
Grader = Callable[[Messages], str]


def grade_all(grade: str) -> Callable[[Messages], str]:
    """A grader that gives all targets T1..Tn (n = highest number in the question) one grade."""

    def grader(messages: Messages) -> str:
        roles = [message["role"] for message in messages]
        question = messages[roles.index("assistant") - 1 if "assistant" in roles else -1]
        found = re.findall(r"\bT(\d{1,2})\b", question["content"]) or ["1"]
        answer = {"grade": grade, "reason": "as the profile says", "cites": "P"}
        targets = range(1, max(map(int, found)) + 1)
        return json.dumps({"answers": [{"target": f"T{number}", **answer} for number in targets]})

    return grader


def completion(request: Request, fault: str, grader: Grader, ignores_formats: bool) -> bytes:
    """The body of a reply, spoilt by the fault."""
    said = "".join(message["content"] for message in request.messages)
    text = PROBE if PROBE in said else grader(request.messages)
    if ignores_formats:
        text = f"Sure! Here it is:\n{text}\nAnything else?"
    text = {"prose": "I like it.", "wrong-schema": '{"verdict": 1}', "empty": ""}.get(fault, text)
    text = text[: len(text) // 2] if fault in ("truncated", "length") else text
    message = {"role": "assistant", "content": text, "refusal": None}
    if fault == "refusal":
        message |= {"content": None, "refusal": "I cannot help with that."}
    n_prompt, n_output = max(1, len(said) // 4), max(1, len(text) // 4)
    usage = {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_output,
        "total_tokens": n_prompt + n_output,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    finish = "length" if fault == "length" else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    content = json.dumps(
        {
            "id": f"c-{request.number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request.body["model"],
            "choices": [choice],
            "usage": usage,
        }
    ).encode()
    if fault == "not-utf8":
        return content.replace(b'"assistant"', b'"assist\xff\xfe"')
    return b"<html>Bad gateway</html>" if fault == "not-http-json" else content


def vector(text: str, size: int = 16) -> list[float]:
    """The same unit vector for the same text."""
    raw = struct.unpack(f"{size}b", hashlib.sha256(text.encode()).digest()[:size])
    length = sum(value * value for value in raw) ** 0.5 or 1.0
    return [value / length for value in raw]
