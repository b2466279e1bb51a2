"""The whole way from pairs to grades over the real protocol, against a model on this machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from pydantic import BaseModel

from core.config import LLMConfig
from core.errors import JudgeError
from core.judge.llm.batches import Batches
from core.judge.llm.call import Call, Endpoint
from core.judge.llm.capabilities import probe
from core.judge.llm.judge import LLMJudge
from core.judge.llm.local import serve
from core.judge.llm.profiles import plan_profiles
from core.judge.llm.send import answer_all
from core.judge.llm.store import CallStore
from core.text.endpoint_encoder import EmbeddingEndpoint, EndpointEncoder
from tests.core.judge.llm.world import context, pairs_of, profile_of, train_of

pytestmark = [pytest.mark.llm, pytest.mark.timeout(900)]
N_PICKS = 12
ROOT = Path(__file__).parents[2]
PATIENT = LLMConfig(timeout=600, in_flight=2, targets_per_call=2, attempts=2)


def small_world():
    train = train_of([0, 1, 2, 3], n_items=12)
    return pairs_of(train, [(0, 7)], length=3), context(train)


class Pick(BaseModel):
    """A form that so small a model can fill in."""

    grade: Literal["High", "Mid", "Low"]


def pick(number):
    asked = f"Is the number {number} large? Answer with High, Mid or Low."
    message = {"role": "user", "content": asked}
    return Call("pick/1", (message,), Pick, lambda text: Pick.model_validate_json(text).grade, 40)


def picked(endpoint, folder):
    answers = []
    calls = [pick(number) for number in range(N_PICKS)]
    store = CallStore(folder)
    spend = answer_all(calls, endpoint, "schema", store, PATIENT, answers.append, lambda _: None)
    return answers, spend


def judge_of(endpoint, folder):
    return LLMJudge(endpoint, "schema", CallStore(folder), PATIENT, 0, profile_of)


def test_both_views_are_graded_and_kept_over_a_new_start_of_the_server(endpoint, model, tmp_path):
    pairs, made = small_world()
    first = judge_of(endpoint, tmp_path)
    found = first.judge(pairs, made)
    assert found.item.tolist() == [7]
    assert np.isin(found.user_grade, [0, 1, 2]).all()
    assert np.isin(found.item_grade, [0, 1, 2]).all()
    assert set(first.calls["view"]) == {"user", "item"}
    # This model mostly runs on until it is cut off: such replies are counted, and count as Mid.
    assert set(first.calls["outcome"]) <= {"parsed", "repaired", "unparsed"}
    for view, outcome in zip(first.calls["view"], first.calls["outcome"], strict=True):
        assert outcome != "unparsed" or getattr(found, f"{view}_grade").tolist() == [1]
    assert min(first.calls["prompt_tokens"]) > 100
    assert str(model.parent) not in "".join(map(str, first.calls["model"]))
    with serve(model, n_slots=1) as other:
        assert other.base_url != endpoint.base_url
        second = judge_of(other, tmp_path)
        again = second.judge(pairs, made)
    assert second.spend.n_calls == 0
    assert second.spend.n_cached == len(first.calls["view"])
    np.testing.assert_array_equal(found.user_grade, again.user_grade)
    np.testing.assert_array_equal(found.item_grade, again.item_grade)
    assert second.name == first.name


def test_the_server_enforces_a_schema_and_wants_its_key(endpoint, tmp_path):
    assert probe(endpoint, tmp_path).mode == "schema"
    stranger = Endpoint(endpoint.base_url, endpoint.model, "wrong", place="elsewhere")
    with pytest.raises(JudgeError, match="key"):
        probe(stranger, tmp_path)


def test_structured_replies_have_the_form_at_once(endpoint, tmp_path):
    answers, spend = picked(endpoint, tmp_path)
    assert [answer.outcome for answer in answers] == ["parsed"] * N_PICKS
    assert {answer.value for answer in answers} <= {"High", "Mid", "Low"}
    assert spend.n_calls == N_PICKS
    assert spend.n_unparsed == 0


def test_profiles_are_written(endpoint, tmp_path):
    _pairs, made = small_world()
    planned = plan_profiles(made.items, made.train, 3, np.random.default_rng(0))
    calls = [planned["user", 0]]
    answers = []
    answer_all(
        calls, endpoint, "schema", CallStore(tmp_path), PATIENT, answers.append, lambda _: None
    )
    assert [answer.outcome != "failed" for answer in answers] == [True]
    assert answers[0].usage.output_tokens > 0


def test_it_has_no_batch_api_and_says_so(endpoint, tmp_path):
    batches = Batches(endpoint, "schema", CallStore(tmp_path), PATIENT)
    pairs, made = small_world()
    call = judge_of(endpoint, tmp_path).plan(pairs, made)[0].call
    with pytest.raises(JudgeError, match="no Batch API"):
        batches.hand_in([call])


def test_embeddings_come_as_unit_rows(model):
    with serve(model, n_slots=1, context=512, embeddings=True) as served:
        where = EmbeddingEndpoint(served.base_url, served.api_key)
        found = EndpointEncoder(served.model, 2, where).encode(
            ["a horror film", "", "a pasta dish"]
        )
    assert found.shape == (3, 576)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 0, 1], atol=1e-5)


def test_a_server_that_ended_is_told_from_one_that_is_busy(model):
    with pytest.raises(JudgeError, match="ended while it was asked"), serve(model, n_slots=1):
        end_the_newest_server()
    with pytest.raises(JudgeError, match=r"^busy$"), serve(model, n_slots=1):
        raise JudgeError("busy")


def end_the_newest_server():
    own = max(children_of(os.getpid()))
    os.kill(own, signal.SIGKILL)
    while is_running(own):
        time.sleep(0.01)
    raise JudgeError("cannot be reached")


CHILD = """
import sys
from pathlib import Path
from core.judge.llm.local import serve
from tests.llm.test_local_judge import picked
with serve(Path(sys.argv[1]), n_slots=1) as endpoint:
    print(endpoint.base_url, flush=True)
    picked(endpoint, Path(sys.argv[2]))
"""


def test_after_kill_9_no_server_runs_on_and_no_finished_call_is_asked_again(model, tmp_path):
    def kept():
        return list(tmp_path.glob("??/*.json"))

    code = [sys.executable, "-c", CHILD, str(model), str(tmp_path)]
    process = subprocess.Popen(code, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    base_url = process.stdout.readline().strip()
    servers = children_of(process.pid)
    while not kept() and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    before = {path: path.read_bytes() for path in kept()}
    assert 1 <= len(before) < N_PICKS
    assert servers
    end = time.monotonic() + 10
    while any(map(is_running, servers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_running, servers))
    with serve(model, n_slots=1) as endpoint:
        assert endpoint.base_url != base_url
        answers, spend = picked(endpoint, tmp_path)
    assert len(answers) == N_PICKS
    assert (spend.n_cached, spend.n_calls) == (len(before), N_PICKS - len(before))
    assert all(path.read_bytes() == content for path, content in before.items())


def children_of(number):
    path = Path(f"/proc/{number}/task/{number}/children")
    if not path.exists():
        pytest.skip("this system does not list child processes")
    return [int(child) for child in path.read_text().split()]


def is_running(number):
    try:
        state = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
