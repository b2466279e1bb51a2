import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from core.text.cache import cached_encode
from core.text.encoder import create_encoder
from core.text.endpoint_encoder import EmbeddingEndpoint, EndpointEncoder, endpoint_of
from tests.llm_replies import vector
from tests.llm_server import serve

KEY = "sk-never-shown-1234"


def _encoder(server, batch_size=64, model="tiny"):
    return EndpointEncoder(model, batch_size, EmbeddingEndpoint(server.base_url, KEY))


def test_rows_are_unit_vectors_in_the_order_of_the_texts():
    with serve() as server:
        found = _encoder(server, batch_size=2).encode(["one", "two", "three"])
    wanted = np.array([vector(text) for text in ("one", "two", "three")])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    assert found.dtype == np.float32


def test_blank_texts_are_rows_of_zeros_and_are_not_sent():
    with serve() as server:
        found = _encoder(server).encode(["", "two", "  "])
        assert server.state.embedded == ["two"]
        assert not found[[0, 2]].any()
        assert found[1].any()
        alone = _encoder(server).encode([""])
    assert alone.shape == (1, found.shape[1])
    assert not alone.any()


def test_a_lone_surrogate_is_sent_as_a_question_mark():
    with serve() as server:
        _encoder(server).encode(["a\ud800b"])
        assert server.state.embedded == ["a?b"]


def test_embeddings_are_cached_by_model_and_host(tmp_path):
    with serve() as server:
        encoder = _encoder(server)
        first = cached_encode(encoder, ["one", "two", "one"], tmp_path)
        again = cached_encode(encoder, ["two", "one"], tmp_path)
        assert sorted(server.state.embedded) == ["one", "two"]
        assert encoder.name == f"openai:tiny@{server.base_url.split('/')[2]}"
    np.testing.assert_array_equal(first[[1, 0]], again)


def test_embeddings_that_come_in_another_order_are_sorted():
    def backwards(handler):
        data = [{"index": 1, "embedding": [0.0, 2.0]}, {"index": 0, "embedding": [3.0, 0.0]}]
        handler.json({"object": "list", "model": "tiny", "data": data})

    with serve() as server:
        server.routes["POST", "/embeddings"] = backwards
        found = _encoder(server).encode(["first", "second"])
    np.testing.assert_allclose(found, [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([{"index": 0, "embedding": [1.0]}], "1 embeddings for 2 texts"),
        ([{"index": 0, "embedding": [1.0]}] * 2, "2 embeddings for 2 texts"),
        ([{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}], "no list of"),
        ([{"index": 0, "embedding": ["x"]}, {"index": 1, "embedding": [2.0]}], "no list of"),
        ([{"index": 0, "embedding": [1e39]}, {"index": 1, "embedding": [2.0]}], "not finite"),
    ],
)
def test_embeddings_that_do_not_fit_the_texts_are_an_error(data, message):
    with serve() as server:
        answer = {"object": "list", "model": "tiny", "data": data}
        server.routes["POST", "/embeddings"] = lambda handler: handler.json(answer)
        with pytest.raises(ConfigError, match=message):
            _encoder(server).encode(["one", "two"])


@pytest.mark.parametrize(
    ("status", "message"), [(401, "key is wrong"), (404, "no model tiny"), (400, "cannot use")]
)
def test_errors_say_what_to_do_and_hide_the_key(status, message):
    with serve() as server:
        server.routes["POST", "/embeddings"] = lambda h: h.error(status, f"bad {KEY}", "bad")
        with pytest.raises(ConfigError, match=message) as caught:
            _encoder(server).encode(["one"])
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert KEY not in repr(EmbeddingEndpoint("http://127.0.0.1/v1", KEY))


def test_texts_do_not_follow_a_redirect_or_a_proxy(monkeypatch):
    with serve() as server, serve() as other:

        def redirect(handler):
            handler.reply(307, b"", location=f"{other.base_url}/embeddings")

        monkeypatch.setenv("HTTP_PROXY", other.base_url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        _encoder(server).encode(["one"])
        server.routes["POST", "/embeddings"] = redirect
        with pytest.raises(ConfigError):
            _encoder(server).encode(["two"])
        assert server.state.embedded == ["one"]
        assert other.state.embedded == []


def test_each_address_has_the_key_of_its_own_name():
    keys = {"OPENAI_API_KEY": "o", "LLMHNI_LLM_API_KEY": "l", "LLMHNI_ENCODER_API_KEY": "e"}

    def key(**environ):
        return endpoint_of({**keys, **environ}).api_key

    assert key(LLMHNI_ENCODER_BASE_URL="http://a/v1", LLMHNI_LLM_BASE_URL="http://b/v1") == "e"
    assert key(LLMHNI_LLM_BASE_URL="http://b/v1") == "l"
    del keys["LLMHNI_ENCODER_API_KEY"]
    assert key(LLMHNI_ENCODER_BASE_URL="http://a/v1") == ""
    assert key() == "o"


def test_openai_without_a_key_and_unusable_addresses_are_refused():
    with pytest.raises(ConfigError, match="wants a key"):
        endpoint_of({})
    with pytest.raises(ConfigError, match="no user name") as caught:
        endpoint_of({"LLMHNI_ENCODER_BASE_URL": "http://me:hidden@host/v1"})
    assert "hidden" not in str(caught.value)


def test_the_name_of_the_setting_makes_the_encoder(monkeypatch):
    with serve() as server:
        monkeypatch.setenv("LLMHNI_ENCODER_BASE_URL", server.base_url)
        encoder = create_encoder("openai:tiny", batch_size=3)
        assert isinstance(encoder, EndpointEncoder)
        encoder.encode(["a", "b", "c", "d"])
    with pytest.raises(ConfigError, match="name the model"):
        create_encoder("openai:")


def test_the_client_is_loaded_only_when_texts_are_sent():
    code = "import core.text.encoder, sys; sys.exit('openai' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
