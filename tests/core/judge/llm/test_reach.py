"""One free question before the work: who is let through, and who is not."""

from __future__ import annotations

import pytest

from core.errors import JudgeError
from core.judge.llm.call import Endpoint
from core.judge.llm.reach import check_reach
from tests.llm_server import serve


def at(server, model="tiny", key=""):
    return Endpoint(server.base_url, model, key)


def test_a_server_that_lists_the_model_is_asked_nothing_else():
    with serve() as server:
        check_reach(at(server))
        assert server.state.requests == []


def test_nobody_at_the_address_is_said_with_what_to_do():
    with serve() as server:
        place = at(server)
    with pytest.raises(JudgeError, match=r"cannot be reached.*judge\.llm\.base_url"):
        check_reach(place)
    with pytest.raises(JudgeError, match="cannot be reached"):
        check_reach(Endpoint("http://no-such-host.invalid/v1", "tiny"))


def test_a_wrong_key_is_refused_and_not_shown():
    with serve(key="sk-right-key-1") as server:
        check_reach(at(server, key="sk-right-key-1"))
        with pytest.raises(JudgeError, match="401") as caught:
            check_reach(at(server, key="sk-wrong-key-2"))
    assert "sk-wrong" not in str(caught.value)


def test_a_key_that_may_ask_but_not_list_is_let_through():
    with serve() as server:
        server.routes["GET", "/models"] = lambda handler: handler.error(403, "scope", "scope")
        check_reach(at(server))
        assert len(server.state.requests) == 1


def test_a_model_that_is_not_there_is_refused_with_those_that_are():
    with serve(models=("tiny", "small")) as server, pytest.raises(JudgeError, match="small, tiny"):
        check_reach(at(server, "other"))


@pytest.mark.parametrize("status", [404, 405, 501, 500, 429])
def test_a_server_that_lists_nothing_is_let_through(status):
    with serve() as server:
        server.routes["GET", "/models"] = lambda handler: handler.error(status, "no", "no")
        check_reach(at(server, "other"))
        assert server.state.requests == []


def test_a_server_that_lists_other_names_but_answers_is_let_through():
    with serve(models=("tiny", "alias")) as server:
        server.routes["GET", "/models"] = lambda h: h.json({"data": [{"id": "tiny:latest"}]})
        check_reach(at(server, "alias"))
        assert len(server.state.requests) == 1


def test_a_list_of_another_form_or_too_late_is_none():
    with serve() as server:
        server.routes["GET", "/models"] = lambda handler: handler.json(["tiny"])
        check_reach(at(server, "other"))
        server.routes["GET", "/models"] = lambda _: server.closing.wait(3)
        check_reach(at(server, "other"), timeout=0.2)
