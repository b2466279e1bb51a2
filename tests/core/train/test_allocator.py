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
for _ in range(40):
    torch.ones(400_000, 64)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.ones(400_000, 64)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""Page faults of five steps that make a table of 102 MB: too large to be kept unasked."""
PAGE = resource.getpagesize()

LEFT = """
import torch
from core.train.allocator import give_back_freed_memory, keep_freed_memory
assert keep_freed_memory()

def resident():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

tables = [torch.ones(400_000, 64) for _ in range(3)]
with_all = resident()
del tables[:2]  # the last one keeps them from the end of the heap
without = resident()
give_back_freed_memory()
print(with_all - without, without - resident())
"""
"""Kilobytes that go back when two of three tables of 102 MB are freed, and when it is asked for."""


def faults(how):
    done = subprocess.run(
        [sys.executable, "-c", STEP, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not keep_freed_memory(), reason="the C library cannot be asked to keep memory")
def test_tables_of_a_step_are_not_faulted_in_again_by_the_next():
    n_pages = 5 * 400_000 * 64 * 4 / PAGE
    if faults("give back") < n_pages / 4:
        pytest.skip("this system backs tables with huge pages, which hides what is tested")
    assert faults("keep") < n_pages / 100


@pytest.mark.skipif(not keep_freed_memory(), reason="the C library cannot be asked to keep memory")
def test_what_is_free_between_tables_goes_back_when_asked_for():
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=True)
    unasked, asked = map(int, done.stdout.split())
    assert unasked < 20_000
    assert asked > 150_000
