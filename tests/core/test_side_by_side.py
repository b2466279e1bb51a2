"""Trainings at once: their order, their progress, and how they stop. They are plain functions."""

import signal
import threading
import time

import pytest
import torch

from core.errors import Cancelled, ConfigError
from core.parallel import group
from core.side_by_side import SMALL, side_by_side
from core.types import Progress, ignore_progress

CPU = torch.device("cpu")
PATIENCE_S = 20


@pytest.fixture(autouse=True)
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def at_once(*trainings, n=100, device=CPU, on_progress=ignore_progress, first=0):
    return side_by_side(trainings, n, device, on_progress, first)


def wait(event):
    assert event.wait(PATIENCE_S), "the other training did not run meanwhile"


def until_stopped(report):
    """A training that ends only by being stopped."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        report(Progress("train", 0.1))
        time.sleep(0.001)
    raise AssertionError("nobody stopped it")


def test_two_run_at_once_and_results_come_in_order():
    second_done = threading.Event()

    def slow(_):
        wait(second_done)
        return "first"

    def fast(_):
        second_done.set()
        return "second"

    assert at_once(slow, fast, lambda _: "third") == ["first", "second", "third"]


def test_each_has_half_of_the_threads_and_afterwards_all_are_back():
    assert at_once(*[lambda _: torch.get_num_threads()] * 3) == [2, 2, 2]
    assert torch.get_num_threads() == 4
    later = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [4]


@pytest.mark.parametrize("why", ["large", "gpu", "one core", "several processes", "alone"])
def test_otherwise_one_comes_after_the_other_with_all_threads(why, monkeypatch):
    if why == "one core":
        torch.set_num_threads(1)
    if why == "several processes":
        monkeypatch.setattr("core.side_by_side.current", lambda: group.Group(0, 2))
    n_threads, here, told = torch.get_num_threads(), threading.get_ident(), []

    def training(report):
        report(Progress("train", 0.5))
        return threading.get_ident(), torch.get_num_threads()

    found = at_once(
        *[training] * (1 if why == "alone" else 2),
        n=SMALL + 1 if why == "large" else SMALL,
        device=torch.device("cuda") if why == "gpu" else CPU,
        on_progress=told.append,
        first=3,
    )
    assert set(found) == {(here, n_threads)}
    parts = [(one.fraction, one.values["part"]) for one in told]
    assert parts == ([(0.5, 3)] if why == "alone" else [(0.25, 3), (0.75, 4)])


def test_progress_is_that_of_all_and_names_the_part():
    said = threading.Event()
    told = []

    def first(report):
        report(Progress("train", 0.5, {"loss": 2.0}))
        said.set()

    def second(report):
        wait(said)
        report(Progress("train", 1.0, {"loss": 3.0}))

    def third(_):
        wait(said)  # has nothing to tell, as one whose checkpoint was at its end

    def fourth(report):
        report(Progress("train", 1.0))

    at_once(first, second, third, fourth, on_progress=told.append, first=5)
    assert told[0] == Progress("train", 0.125, {"loss": 2.0, "part": 5.0})
    assert {one.values["part"]: one.values.get("loss") for one in told} == {5: 2, 6: 3, 8: None}
    assert told[-1].fraction == 1.0


def test_two_never_tell_at_once():
    inside, most = [0], [0]

    def listen(_):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.001)
        inside[0] -= 1

    def training(report):
        for epoch in range(20):
            report(Progress("train", epoch / 20))

    at_once(training, training, on_progress=listen)
    assert most == [1]


def test_whoever_asks_to_stop_stops_all_and_no_other_begins():
    begun = []

    def listen(_):
        if len(begun) == 2:
            raise Cancelled("stop")

    def training(place):
        def do(report):
            begun.append(place)
            until_stopped(report)

        return do

    with pytest.raises(Cancelled, match=r"^stop$"):
        at_once(*map(training, range(4)), on_progress=listen)
    assert sorted(begun) == [0, 1]


def test_the_failure_of_one_stops_the_others_and_is_told():
    def fails(_):
        raise ConfigError("lower the learning rate")

    with pytest.raises(ConfigError, match="lower the learning rate"):
        at_once(until_stopped, fails)


def test_nobody_tells_or_begins_while_one_that_was_stopped_still_saves():
    told, begun = [], []

    def listen(progress):
        told.append(progress)
        raise Cancelled("stop")

    def saves_long(report):
        try:
            report(Progress("train", 0.1))
        except Cancelled:
            time.sleep(0.5)
            raise OSError("the disk is full") from None

    def ends_soon(_):
        while not told:
            time.sleep(0.001)

    with pytest.raises(Cancelled, match=r"^stop$"):
        at_once(saves_long, ends_soon, begun.append, on_progress=listen)
    assert len(told) == 1
    assert begun == []


def test_a_failure_keeps_its_cause():
    def fails(_):
        raise RuntimeError("outer") from KeyError("inner")

    for trainings in ((fails, until_stopped), (until_stopped, fails)):
        with pytest.raises(RuntimeError, match="outer") as caught:
            at_once(*trainings)
        assert isinstance(caught.value.__cause__, KeyError)


def test_a_failure_that_comes_of_the_stop_is_not_the_reason():
    def fails(_):
        raise ConfigError("the reason")

    def stumbles(report):
        try:
            until_stopped(report)
        except Cancelled as error:
            raise OSError("the disk is full as well") from error

    with pytest.raises(ConfigError, match="the reason"):
        at_once(stumbles, fails)


@pytest.fixture
def interrupts():
    """Ctrl+C is heard: a shell has what it starts in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_of_the_process_stops_all():
    ended = []

    def training(report):
        time.sleep(0.5)  # until the others have begun and the process waits for them
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # as Ctrl+C
        try:
            until_stopped(report)
        finally:
            ended.append(threading.get_ident())

    with pytest.raises(KeyboardInterrupt):
        at_once(until_stopped, training)
    assert ended
    assert torch.get_num_threads() == 4
