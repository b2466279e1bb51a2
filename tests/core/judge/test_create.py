"""From settings to a judge: each kind, and what is said where something is missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from core.config import JudgeConfig
from core.errors import ConfigError, DataError, JudgeError
from core.judge import JudgeContext
from core.judge.create import Surroundings, check, find_recorded, opened
from core.judge.ensemble import EnsembleJudge
from core.judge.evidence import EvidenceJudge
from core.judge.llm import local
from core.judge.llm.call import Endpoint
from core.judge.llm.judge import LLMJudge
from core.judge.recorded import RecordedJudge
from tests.core.judge.llm.world import items, pairs_of, profile_of, train_of
from tests.llm_server import serve

TRAIN = train_of([0, 1, 2, 3], [2, 3, 4, 5], n_items=8)
PAIRS = pairs_of(TRAIN, [(0, 0), (0, 6), (1, 2)])
CONTEXT = JudgeContext(items(8), TRAIN, np.zeros((8, 0), np.float32))
ROWS = "user_id,item_id,user_grade,item_grade\nu0,i0,High,Low\nu1,i2,Mid,Mid\n"


@pytest.fixture
def around(tmp_path):
    return Surroundings(
        user_id=("u0", "u1"),
        item_id=tuple(f"i{k}" for k in range(8)),
        cache=tmp_path / "cache",
        recorded=tmp_path / "judgements",
        seed=0,
        profile_of=profile_of,
        environ={},
    )


def config(**values):
    return JudgeConfig.model_validate(values)


def refused(around, match, error=ConfigError, **values):
    with pytest.raises(error, match=match), opened(config(**values), around):
        pass


def imported(around, name, text=ROWS):
    """Judgements in the folder of imported ones, as a table."""
    import pandas as pd  # noqa: PLC0415

    folder = around.recorded / name
    folder.mkdir(parents=True)
    lines = [line.split(",") for line in text.splitlines()]
    pd.DataFrame(lines[1:], columns=lines[0]).to_parquet(folder / "judgements.parquet")


def test_the_evidence_judge_needs_nothing(around):
    with opened(config(), around) as judge:
        assert isinstance(judge, EvidenceJudge)
        assert judge.stopped_by == ""
    assert not around.cache.exists()


def test_the_evidence_judge_loads_no_client():
    script = "import sys; import core.judge.create; print('openai' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "False", found.stderr


def test_a_language_model_is_asked_where_the_settings_say(around):
    with serve() as server:
        llm = {"base_url": server.base_url, "model": "tiny"}
        with opened(config(kind="openai", llm=llm), around) as judge:
            assert isinstance(judge, LLMJudge)
            assert judge.name == f"tiny at {server.base_url.split('/')[2]}, prompts v1"
            assert len(server.state.requests) == 1  # what it can do was asked once
            found = judge.judge(PAIRS, CONTEXT)
        assert found.user_grade.tolist() == [2, 2, 2]
        n_before = len(server.state.requests)
        with opened(config(kind="openai", llm=llm), around) as judge:
            judge.judge(PAIRS, CONTEXT)
        assert len(server.state.requests) == n_before  # answers and abilities are kept
    assert list((around.cache / "judge" / "endpoints").glob("*.json"))


def test_the_environment_and_the_secrets_fill_what_the_settings_leave_open(around, tmp_path):
    path = tmp_path / "secrets.toml"
    with serve(key="sk-secret-1") as server:
        path.write_text(f'[llm]\napi_key = "sk-secret-1"\nbase_url = "{server.base_url}"\n')
        environ = {"LLMHNI_SECRETS": str(path), "LLMHNI_LLM_MODEL": "tiny"}
        with opened(config(kind="openai"), replace(around, environ=environ)) as judge:
            assert judge.judge(PAIRS, CONTEXT).user_grade.tolist() == [2, 2, 2]


def test_what_is_missing_for_a_language_model_is_named(around):
    refused(around, "judge.llm.model", kind="openai")
    refused(around, "OPENAI_API_KEY", kind="openai", llm={"model": "m"})
    with serve() as server:
        llm = {"base_url": server.base_url, "model": "other"}
        refused(around, "Models there: tiny", JudgeError, kind="openai", llm=llm)
        gone = server.base_url
    llm = {"base_url": gone, "model": "tiny"}
    refused(around, "cannot be reached", JudgeError, kind="openai", llm=llm)


def test_a_model_file_is_served_for_as_long_as_it_is_asked(around, monkeypatch, tmp_path):
    seen = []
    one, other = tmp_path / "a.gguf", tmp_path / "b.gguf"
    one.touch()
    other.touch()

    @contextmanager
    def served(path, n_slots, *_):
        seen.append((path.name, n_slots))
        with serve() as server:
            yield Endpoint(server.base_url, "tiny", place="local:tiny")
        seen.append("ended")

    monkeypatch.setattr(local, "serve", served)
    wanted = config(kind="local", llm={"in_flight": 2, "model_file": str(one)})
    with opened(wanted, around) as judge:
        assert judge.judge(PAIRS, CONTEXT).user_grade.tolist() == [2, 2, 2]
        assert seen == [("a.gguf", 2)]
    assert seen[1:] == ["ended"]
    environ = {"LLMHNI_LLM_FILE": str(other)}
    with opened(config(kind="local"), replace(around, environ=environ)):
        assert seen[2][0] == "b.gguf"


def test_a_missing_model_file_is_named(around, tmp_path):
    refused(around, "LLMHNI_LLM_FILE", kind="local")
    gone = str(tmp_path / "none.gguf")
    refused(around, r"no model file .*none\.gguf", kind="local", llm={"model_file": gone})
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    refused(around, "no GGUF file", kind="local", llm={"model_file": str(text)})


def test_judgements_are_found_by_path_and_by_the_name_they_were_imported_under(around, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(ROWS)
    imported(around, "lab-2")
    for name in (str(path), "lab-2"):
        with opened(config(kind="recorded", recorded=name), around) as judge:
            assert isinstance(judge, RecordedJudge)
            found = judge.judge(PAIRS, CONTEXT)
        assert list(zip(found.user.tolist(), found.item.tolist(), strict=True)) == [(0, 0), (1, 2)]
        assert found.user_grade.tolist() == [2, 1]
        assert found.item_grade.tolist() == [0, 1]


def test_judgements_that_cannot_be_found_or_used_are_named(around, tmp_path):
    refused(around, r"judge\.recorded", kind="recorded")
    imported(around, "lab-2")
    refused(around, "lab-3.*Imported ones: lab-2", kind="recorded", recorded="lab-3")
    refused(around, "no such file", kind="recorded", recorded="../judgements/lab-2")
    path = tmp_path / "other.csv"
    path.write_text(ROWS.replace("u0", "x").replace("u1", "y"))
    refused(around, "another one", kind="recorded", recorded=str(path))
    path.write_text("a,b\n1,2\n")
    refused(around, "user_id", DataError, kind="recorded", recorded=str(path))


def test_a_name_never_leads_out_of_the_folder_of_imported_judgements(around):
    imported(around, "inner")
    inner = around.recorded / "inner"
    for name in ("..", ".", "inner/../inner", "/inner"):
        with pytest.raises(ConfigError):
            find_recorded(name, inner)


def test_two_judges_are_opened_and_ended_together(around, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(ROWS)
    with serve() as server:
        llm = {"base_url": server.base_url, "model": "tiny"}
        both = {"first": "recorded", "second": "openai", "recorded": str(path)}
        with opened(config(kind="ensemble", llm=llm, **both), around) as judge:
            assert isinstance(judge, EnsembleJudge)
            assert isinstance(judge.second, LLMJudge)
            found = judge.judge(PAIRS, CONTEXT)
    assert found.user_grade.tolist() == [2, 1]  # High twice; Mid and High
    assert found.item_grade.tolist() == [1, 1]  # Low and High; Mid and High


def test_what_will_be_missing_is_found_before_the_work_and_nothing_is_sent(
    around, tmp_path, monkeypatch
):
    def checked(writer="composed", environ=None, **values):
        check(config(**values), writer, environ or {}, around.recorded)

    with serve() as server:
        checked(kind="openai", llm={"base_url": server.base_url, "model": "tiny"})
        assert server.state.requests == []
    checked()
    for missing, values in {
        "judge.llm.model": {"kind": "openai"},
        "judge.llm.model_file": {"kind": "local"},
        r"judge\.recorded": {"kind": "ensemble", "first": "evidence", "second": "recorded"},
        "different": {"kind": "ensemble", "first": "openai", "second": "openai"},
    }.items():
        with pytest.raises(ConfigError, match=missing):
            checked(**values)
    for writer in ("openai", "local"):
        with pytest.raises(ConfigError, match=r"judge\.llm\.model"):
            checked(writer)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF...")
    named = {"LLMHNI_LLM_FILE": str(path)}
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="requirements-llm"):
        checked("local", named)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    checked("local", named)
    path.write_text("hello")
    with pytest.raises(ConfigError, match="no GGUF file"):
        checked("local", named)


def test_the_same_judge_twice_is_refused(around):
    refused(around, "different", kind="ensemble", first="evidence", second="evidence")
