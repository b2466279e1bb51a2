from __future__ import annotations

import pytest

from core.errors import JudgeError
from core.judge.llm.call import Endpoint
from core.judge.llm.capabilities import probe
from tests.llm_server import always, script, serve


def endpoint(server, model="tiny", key=""):
    return Endpoint(server.base_url, model, key)


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({}, "schema"),
        ({"formats": ("json_object",)}, "json"),
        ({"formats": ()}, "text"),
        ({"ignores_formats": True}, "text"),  # takes a schema, and does not keep to it
    ],
)
def test_the_strictest_mode_that_works_is_found(tmp_path, settings, mode):
    with serve(models=("tiny", "big"), **settings) as server:
        found = probe(endpoint(server), tmp_path)
    assert (found.mode, found.models) == (mode, ("big", "tiny"))
    assert found.note


def test_it_is_found_out_once_per_address_and_model_and_no_key_is_kept(tmp_path):
    with serve(models=("tiny", "big")) as server:
        first = probe(endpoint(server, key="sk-secret"), tmp_path)
        assert probe(endpoint(server), tmp_path) == first
        assert server.state.asked.total() == 1
        probe(endpoint(server, "big"), tmp_path)
        assert server.state.asked.total() == 2
        probe(endpoint(server), tmp_path, again=True)
        assert server.state.asked.total() == 3
    files = list((tmp_path / "judge" / "endpoints").iterdir())
    assert len(files) == 2
    assert not any("sk-secret" in path.read_text() for path in files)


def test_a_damaged_cache_is_found_out_anew(tmp_path):
    with serve() as server:
        probe(endpoint(server), tmp_path)
        next((tmp_path / "judge" / "endpoints").iterdir()).write_text("{")
        assert probe(endpoint(server), tmp_path).mode == "schema"


def test_a_mode_of_the_settings_is_taken_without_asking(tmp_path):
    assert probe(Endpoint("http://nowhere/v1", "m"), tmp_path, "json").mode == "json"


def test_a_server_that_is_busy_at_first_is_not_taken_for_one_without_schemas(tmp_path):
    with serve(faults=script("500", "429-retry-after-ms")) as server:
        assert probe(endpoint(server), tmp_path).mode == "schema"


def test_a_model_that_never_keeps_to_a_form_is_said_to_be_weak(tmp_path):
    with serve(faults=always("prose")) as server:
        found = probe(endpoint(server), tmp_path)
    assert found.mode == "text"
    assert "expect" in found.note


@pytest.mark.parametrize(
    ("settings", "model", "says"),
    [
        ({"key": "right"}, "tiny", "LLMHNI_LLM_API_KEY"),
        ({"models": ("tiny-7b", "other")}, "tiny", r"no model tiny.*Models there: tiny-7b, other"),
        ({"faults": always("500")}, "tiny", "See that the server runs"),
        ({"faults": always("drop")}, "tiny", r"127\.0\.0\.1:\d+ cannot be reached or hung up"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_not_kept(tmp_path, settings, model, says):
    with serve(**settings) as server, pytest.raises(JudgeError, match=says) as caught:
        probe(endpoint(server, model, "sk-wrong-key"), tmp_path)
    assert "sk-wrong-key" not in str(caught.value)
    assert not (tmp_path / "judge").exists()


def test_a_server_that_hangs_is_given_up(tmp_path):
    with serve(faults=always("hang")) as server, pytest.raises(JudgeError, match="in time"):
        probe(endpoint(server), tmp_path, timeout=0.2)


def test_a_model_that_thinks_has_its_room_for_that_in_the_probe_too(tmp_path):
    with serve() as server:
        probe(endpoint(server), tmp_path, room=2000)
        [request] = server.state.requests
    assert request.body["max_tokens"] == 512 + 2000
