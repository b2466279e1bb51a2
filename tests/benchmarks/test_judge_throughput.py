from __future__ import annotations

from benchmarks.judge_throughput import measure


def test_sixteen_in_flight_come_within_half_of_what_the_server_can_take():

    found = min((measure(96, latency=0.4, capacity=16) for _ in range(2)), key=lambda f: f.ratio)
    assert found.limit == 40
    assert 0.9 < found.ratio < 1.5
