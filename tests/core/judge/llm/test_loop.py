"""Judging works from a script and from a notebook, whose thread has an event loop already."""

import asyncio
import threading

import pytest

from core.judge.llm import loop


async def here() -> threading.Thread:
    await asyncio.sleep(0)
    return threading.current_thread()


def test_it_runs_in_the_calling_thread():
    assert loop.run(here()) is threading.current_thread()


def test_within_a_loop_it_runs_beside_it():
    async def notebook() -> threading.Thread:
        return loop.run(here())

    assert asyncio.run(notebook()) is not threading.current_thread()


def test_errors_come_out_of_both():
    async def fails() -> None:
        raise ValueError("so it is")

    async def notebook() -> None:
        loop.run(fails())

    for run in (lambda: loop.run(fails()), lambda: asyncio.run(notebook())):
        with pytest.raises(ValueError, match="so it is"):
            run()
