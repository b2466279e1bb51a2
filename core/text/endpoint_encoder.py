"""Text embeddings from an OpenAI-compatible endpoint.

Shape letters: n texts, T size of a text embedding.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from core.errors import ConfigError
from core.outgoing import HOOKS
from core.types import FloatArray

if TYPE_CHECKING:
    from openai import OpenAI

PREFIX = "openai:"
"""Start of the name of such an encoder; the rest is the name of the model there."""
OPENAI = "https://api.openai.com/v1"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT = 60.0
"""Seconds for a batch of texts."""
RETRIES = 5
"""Of the client itself: it waits between them, and as long as the server asks."""

ANY_TEXT = "."
"""Sent where all texts are blank, to learn T."""


@dataclass(frozen=True)
class EmbeddingEndpoint:
    """Where texts go."""

    base_url: str
    api_key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Name of the machine that receives the texts, with its port where one is given."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


class EndpointEncoder:
    """A model behind ``/embeddings``.

    Args:
        model: Its name there.
        batch_size: Texts sent at once.
        endpoint: Where; none = as the environment says, see :func:`endpoint_of`.

    Raises:
        ConfigError: If there is no name, no usable address, or no key where one is needed.
    """

    def __init__(
        self, model: str, batch_size: int = 64, endpoint: EmbeddingEndpoint | None = None
    ) -> None:
        if not model:
            raise ConfigError(f"name the model after '{PREFIX}', for example '{PREFIX}MODEL'")
        self._model, self._batch_size = model, batch_size
        self._endpoint = endpoint or endpoint_of(os.environ)

    @property
    def name(self) -> str:
        """Model and host."""
        return f"{PREFIX}{self._model}@{self._endpoint.host}"

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Encode n texts, float32 ``(n, T)`` with unit rows; rows of zeros for blank texts.

        Raises:
            ConfigError: If the endpoint cannot be used; the message says what to do.
        """
        if not len(texts):
            return np.zeros((0, 0), dtype=np.float32)
        kept = [row for row, text in enumerate(texts) if text.strip()]  # endpoints refuse blanks
        found = self._sent([_sound(texts[row]) for row in kept] or [ANY_TEXT])
        vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
        if kept:
            vectors[kept] = found
        return vectors

    def _sent(self, texts: list[str]) -> FloatArray:
        starts = range(0, len(texts), self._batch_size)
        with _client(self._endpoint) as client:
            parts = [self._batch(client, texts[at : at + self._batch_size]) for at in starts]
        if len({part.shape[1] for part in parts}) > 1:
            raise self._unusable("its embeddings differ in size")
        return _unit_rows(np.concatenate(parts))

    def _batch(self, client: OpenAI, texts: list[str]) -> np.ndarray:
        """Vectors of one request, ``(len(texts), T)``, in the order of the texts."""
        import openai  # noqa: PLC0415 - takes a second

        try:
            # As floats: some servers do not know the client's own choice, base64.
            reply = client.embeddings.create(
                model=self._model, input=texts, encoding_format="float"
            )
            rows = sorted(reply.data, key=lambda row: row.index)
            numbers = [row.index for row in rows]
            with np.errstate(over="ignore"):  # too large a number is seen below
                vectors = np.array([row.embedding for row in rows], dtype=np.float32)
        except openai.APIError as error:
            raise self._failed(error) from None  # its request has the key among its headers
        except (ValueError, TypeError, AttributeError):
            raise self._unusable("it sent something that is no list of embeddings") from None
        if numbers != list(range(len(texts))) or vectors.ndim != 2:
            raise self._unusable(f"it sent {len(numbers)} embeddings for {len(texts)} texts")
        if not np.isfinite(vectors).all():
            raise self._unusable("it sent embeddings that are not finite")
        return vectors

    def _failed(self, error: Exception) -> ConfigError:
        status = getattr(error, "status_code", None)
        hint = {
            401: "the key is wrong or missing; it is read from the variable named like that of the "
            "address, for example LLMHNI_ENCODER_API_KEY",
            403: f"the key may not use {self._model}",
            404: f"it has no model {self._model}, or the address is wrong (it ends in /v1 as a "
            "rule)",
            400: "it cannot use the texts; one may be longer than the model takes",
            429: "it is busy, or the account has nothing left",
            501: "it serves no embeddings; llama.cpp wants --embeddings",
        }.get(status or 0, "it cannot be reached or is broken; try again later")
        said = f" ({status})" if status else ""
        return self._unusable(f"{hint}{said}")

    def _unusable(self, why: str) -> ConfigError:
        return ConfigError(
            f"{self._endpoint.host} gives no embeddings of {self._model}: {why}. What was encoded "
            "is kept. Or set text.encoder to 'minilm'."
        )


def endpoint_of(environ: Mapping[str, str]) -> EmbeddingEndpoint:
    """Address from LLMHNI_ENCODER_BASE_URL, else LLMHNI_LLM_BASE_URL, else OPENAI_BASE_URL.

    The key is the one of the same name (LLMHNI_ENCODER_API_KEY, ...), so that the key of one
    address is never sent to another.

    Raises:
        ConfigError: If the address is none, holds a secret, or wants a key that is not there.
    """
    for prefix in ("LLMHNI_ENCODER", "LLMHNI_LLM", "OPENAI"):
        base_url = environ.get(f"{prefix}_BASE_URL", "").strip()
        if base_url:
            break
    else:
        base_url = OPENAI
    keys = ("LLMHNI_ENCODER", "OPENAI") if prefix == "OPENAI" else (prefix,)
    key = next((k for p in keys if (k := environ.get(f"{p}_API_KEY", "").strip())), "")
    _check(base_url, key)
    return EmbeddingEndpoint(base_url.rstrip("/"), key)


def _check(base_url: str, key: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ConfigError(
            "the address of the embeddings (LLMHNI_ENCODER_BASE_URL) starts with http:// or "
            "https://, ends in /v1 as a rule, and holds no user name or password"
        )
    if not key and base_url.startswith(OPENAI):
        raise ConfigError(
            "api.openai.com wants a key: set OPENAI_API_KEY, or LLMHNI_ENCODER_BASE_URL "
            "for a server of your own"
        )


def _client(endpoint: EmbeddingEndpoint) -> OpenAI:
    import openai  # noqa: PLC0415 - takes a second

    http = openai.DefaultHttpxClient(
        follow_redirects=False,  # texts go to the host that was named, and to no other
        trust_env=urlsplit(endpoint.base_url).hostname not in LOOPBACK,  # no proxy to ourselves
        event_hooks=HOOKS,
    )
    return openai.OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",  # the client wants one; own servers mostly do not
        max_retries=RETRIES,
        timeout=TIMEOUT,
        http_client=http,
    )


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates


def _unit_rows(vectors: np.ndarray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0), dtype=np.float32)
