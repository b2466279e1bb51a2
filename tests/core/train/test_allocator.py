import resource
import subprocess
import sys

import pytest

from core.train.allocator import keep_freed_memory

STEP = """
import resource, sys, torch
from core.train.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(10):
    tables = [torch.ones(70_000, 64) for _ in range(5)]
    del tables
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    tables = [torch.ones(70_000, 64) for _ in range(5)]
    del tables
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""Page faults of ten steps that make five tables of 18 MB each."""
PAGE = resource.getpagesize()


def faults(how):
    done = subprocess.run(
        [sys.executable, "-c", STEP, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not keep_freed_memory(), reason="the C library is not glibc")
def test_tables_of_a_step_are_not_faulted_in_again_by_the_next():
    n_pages = 10 * 5 * 70_000 * 64 * 4 / PAGE
    assert faults("give back") > n_pages / 4
    assert faults("keep") < n_pages / 100
