from __future__ import annotations

import pytest

from sample_data.config import SampleConfig
from sample_data.make_sample import Sample, simulate


@pytest.fixture(scope="session")
def sample() -> Sample:
    """The sample of the default settings, which is the one kept in the repository."""
    return simulate(SampleConfig())
