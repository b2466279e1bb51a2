"""Running a coroutine to its end, also where an event loop runs already."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Found = TypeVar("Found")


def run(main: Coroutine[Any, Any, Found]) -> Found:
    """Run a coroutine in this thread; in another one where this has a loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main)
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, main).result()
