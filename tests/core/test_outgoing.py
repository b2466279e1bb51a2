from __future__ import annotations

import httpx2

from core.outgoing import strip

SENT = {"authorization": "Bearer key", "openai-organization": "org", "x-corp": "secret"}


def stripped(url: str) -> set[str]:
    request = httpx2.Request("POST", url, headers=SENT, json={})
    strip(request)
    return set(request.headers)


def test_openai_itself_gets_what_was_set_for_it():
    assert set(SENT) <= stripped("https://api.openai.com/v1/chat/completions")


def test_another_host_gets_its_key_and_the_body_alone():
    found = stripped("https://api.openai.com.example.org/v1/chat/completions")
    assert found & set(SENT) == {"authorization"}
    assert {"host", "content-type", "content-length"} <= found
