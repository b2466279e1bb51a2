"""Text embeddings on disk, found by content.

The key of a vector is the sha256 of encoder name and text. A file holds the vectors of one
batch of new texts and is named by its keys: several processes may write at once, the worst that
happens is that the same file is written twice. A file that cannot be read is put away and its
texts are encoded anew.

Shape letters: n texts, T size of a text embedding.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from core.text.encoder import Encoder
from core.types import FloatArray, OnProgress, Progress, ignore_progress

TEXTS_PER_FILE = 256
"""Texts encoded between two reports and saved together."""


def cached_encode(
    encoder: Encoder,
    texts: Sequence[str],
    cache_folder: Path,
    on_progress: OnProgress = ignore_progress,
) -> FloatArray:
    """Encode texts, each distinct one at most once ever.

    Args:
        encoder: Who encodes what is missing.
        texts: n texts; repeats are free.
        cache_folder: Where vectors are kept; made if missing.
        on_progress: Told after each batch with ``n_encoded`` and ``n_missing``.

    Returns:
        Vectors in the order of ``texts``, float32 ``(n, T)``.
    """
    folder = cache_folder / hashlib.sha256(encoder.name.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    keys = [_key(encoder.name, text) for text in texts]
    text_of = dict(zip(keys, texts, strict=True))
    found = _read_all(folder, set(text_of))
    # Texts of like length share a batch: less padding. Longest first: memory peaks at the start.
    missing = sorted(text_of.keys() - found.keys(), key=lambda k: (-len(text_of[k]), k))
    for start in range(0, len(missing), TEXTS_PER_FILE):
        batch = missing[start : start + TEXTS_PER_FILE]
        vectors = encoder.encode([text_of[key] for key in batch])
        _save(folder, batch, vectors)
        found.update(zip(batch, vectors, strict=True))
        done = start + len(batch)
        counts = {"n_encoded": float(done), "n_missing": float(len(missing))}
        on_progress(Progress("encode", done / len(missing), counts))
    if not keys:
        return encoder.encode([])
    return np.stack([found[key] for key in keys]).astype(np.float32)


def _key(encoder: str, text: str) -> str:
    return hashlib.sha256(f"{encoder}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _read_all(folder: Path, wanted: set[str]) -> dict[str, FloatArray]:
    found: dict[str, FloatArray] = {}
    for path in sorted(folder.glob("*.npz")):
        if len(found) == len(wanted):
            break
        try:
            found.update(_read(path, wanted))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return found


def _read(path: Path, wanted: set[str]) -> dict[str, FloatArray]:
    """Vectors of one file, as far as they are wanted.

    Raises:
        ValueError: If the file is not what :func:`_save` writes.
    """
    with np.load(path, allow_pickle=False) as archive:
        keys = [key.decode("ascii") for key in archive["key"].tolist()]
        rows = [row for row, key in enumerate(keys) if key in wanted]
        if not rows:
            return {}
        vectors = archive["vector"]
    if vectors.ndim != 2 or len(vectors) != len(keys) or not np.isfinite(vectors).all():
        raise ValueError(f"{path.name} does not hold one finite vector per key")
    return {keys[row]: vectors[row].astype(np.float32) for row in rows}


def _save(folder: Path, keys: list[str], vectors: FloatArray) -> None:
    name = hashlib.sha256("".join(keys).encode()).hexdigest()[:32]
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, key=np.array(keys, dtype="S64"), vector=vectors.astype(np.float32))
        os.replace(temporary, folder / f"{name}.npz")
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
