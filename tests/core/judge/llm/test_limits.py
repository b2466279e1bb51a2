from __future__ import annotations

import asyncio

import pytest

from core.judge.llm.limits import LONGEST_PAUSE, Bucket, Limits


def test_a_bucket_holds_a_second_and_refills_at_its_rate():
    bucket = Bucket(120)  # two a second
    assert bucket.wait(1, 0.0) == 0
    bucket.take(1, 0.0)
    bucket.take(1, 0.0)
    assert bucket.wait(1, 0.0) == pytest.approx(0.5)
    assert bucket.wait(2, 0.25) == pytest.approx(0.75)
    assert bucket.wait(2, 100.0) == 0  # no more than a second's worth was saved up
    bucket.take(2, 100.0)
    assert bucket.wait(1, 100.0) == pytest.approx(0.5)


def test_more_than_a_bucket_holds_goes_into_debt_and_is_corrected_later():
    bucket = Bucket(600)  # ten a second
    assert bucket.wait(50, 0.0) == 0
    bucket.take(50, 0.0)  # 40 in debt
    assert bucket.wait(1, 0.0) == pytest.approx(4.1)
    bucket.take(-30, 0.0)  # it took 20
    assert bucket.wait(1, 0.0) == pytest.approx(1.1)


def test_no_limit_is_no_wait():
    bucket = Bucket(0)
    bucket.take(1e9, 0.0)
    assert bucket.wait(1e9, 0.0) == 0


def enter(limits, n_requests):
    async def run():
        return [await limits.enter(1) for _ in range(n_requests)]

    return asyncio.run(run())


def test_an_overloaded_endpoint_is_asked_by_half_as_many_once_per_round():
    now = [0.0]
    limits = Limits(8, clock=lambda: now[0])
    passes = enter(limits, 8)
    now[0] = 1.0
    for entry in passes:  # all eight were sent before anything was known
        limits.leave(entry, 0, busy=True)
    assert limits.width == 4
    for _ in range(4):
        [entry] = enter(limits, 1)
        limits.leave(entry, 1)
    assert 4.9 < limits.width <= 5
    for _ in range(200):
        [entry] = enter(limits, 1)
        limits.leave(entry, 1)
    assert limits.width == 8


def test_a_pause_is_kept_by_all_and_bounded():
    limits = Limits(8, clock=lambda: 10.0)
    limits.pause(3.0)
    limits.pause(1.0)
    assert limits._wait(1, 11.0) == pytest.approx(2.0)
    limits.pause(1e9)
    assert limits._wait(1, 10.0) == LONGEST_PAUSE
