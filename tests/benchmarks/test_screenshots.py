from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from benchmarks import screenshots
from tests.run_folder import write_run


def picture(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_simple_picture_keeps_all_its_colours():
    ramp = np.arange(300 * 3, dtype=np.uint32).reshape(300, 3).astype(np.uint8)
    pixels = np.tile(ramp, (20, 1, 1))
    packed = np.array(Image.open(io.BytesIO(screenshots.pack(picture(pixels)))))
    assert np.array_equal(packed, pixels)


def test_a_large_picture_is_made_smaller():
    pixels = np.random.default_rng(0).integers(0, 255, (400, 400, 3), dtype=np.uint8)
    content = picture(pixels)
    assert len(content) > screenshots.MOST_BYTES
    assert len(screenshots.pack(content)) < len(content) / 2


def test_the_newest_run_of_the_sample_is_chosen(workspace):
    assert screenshots.newest_sample(workspace) is None
    for year, dataset in ((2030, "sample"), (2031, "sample"), (2032, "own")):
        created = f"{year}-01-01T00:00:00+00:00"
        write_run(workspace, f"run-{year}", {"created": created, "dataset": dataset})
    found = screenshots.newest_sample(workspace)
    assert found is not None
    assert found.id == "run-2031"


def test_without_a_sample_it_says_what_to_do(workspace):
    with pytest.raises(SystemExit, match="make demo"):
        screenshots.main(["--workspace", str(workspace)])
