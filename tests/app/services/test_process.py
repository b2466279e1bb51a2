from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from app.services import process


@pytest.fixture
def sleeper():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


def now():
    return datetime.now(UTC)


def wait_until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_running_process_is_alive(sleeper):
    assert process.is_alive(sleeper.pid, now())


def test_a_process_that_is_gone_is_not(sleeper):
    sleeper.kill()
    sleeper.wait()
    assert not process.is_alive(sleeper.pid, now())


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="this system has no /proc")
def test_a_process_that_ended_and_was_not_collected_is_not_alive(sleeper):
    sleeper.kill()
    assert wait_until(lambda: not process.is_alive(sleeper.pid, now()))
    os.kill(sleeper.pid, 0)  # its number still exists


def test_an_adopted_child_is_collected(sleeper):
    process.adopt(sleeper)
    assert process.is_alive(sleeper.pid, now())
    sleeper.kill()
    assert wait_until(lambda: not process.is_alive(sleeper.pid, now()))
    with pytest.raises(ProcessLookupError):
        os.kill(sleeper.pid, 0)


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="this system has no /proc")
def test_a_later_process_with_the_same_number_is_another_one():
    assert process.is_alive(os.getpid(), now())
    assert not process.is_alive(os.getpid(), datetime(2001, 1, 1, tzinfo=UTC))


def test_a_process_of_somebody_else_is_alive():
    if os.getpid() == 1:
        pytest.skip("this is the first process")
    assert process.is_alive(1, now())
