"""One run at a time per device, in the order of their start, whoever started them.

Every run draws a ticket ``<workspace>/queue/<device>/<number>.json`` and holds a kernel lock
(``flock``) on it until its process is gone, however it goes: a run that was killed never blocks the
next one. It is a run's turn when nobody holds a ticket with a lower number. The lock belongs to the
open file and not to the process, so the app draws the ticket when the button is pressed and hands
it to the process it starts: the order is that of the clicks.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigError

HANDED: Final = "LLMHNI_TICKET"
"""Environment variable with the ticket of a started process: ``<descriptor>:<path>``."""
POLL_S: Final = 0.4
"""Between two looks at the tickets ahead: some system calls each."""
PATIENCE_S: Final = 1.0
"""Time that a process which was killed may take to let go of its ticket."""
_NUMBER: Final = re.compile(r"(\d{8,})\.json")


@dataclass(frozen=True)
class Ticket:
    """A place in the queue, held as long as ``descriptor`` is open anywhere."""

    run_id: str
    path: Path
    descriptor: int

    def ahead(self) -> list[str]:
        """Runs before this one, the one whose turn it is first."""
        return [
            _run_id(path) for path in _tickets(self.path.parent) if path < self.path and _held(path)
        ]

    def give_back(self) -> None:
        """Leave the queue."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)

    def environment(self) -> dict[str, str]:
        """Environment variables that tell a started process about its ticket."""
        return {HANDED: f"{self.descriptor}:{self.path}"}


def draw(workspace: Path, device: str, run_id: str) -> Ticket:
    """Take a place at the end of the queue of a device.

    Raises:
        ConfigError: If the run has a place already: somebody else works on it.
    """
    folder = workspace / "queue" / device
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + PATIENCE_S
    while (ticket := _try_to_draw(workspace, folder, run_id)) is None:
        if time.monotonic() > end:
            raise ConfigError(
                f"Run {run_id} is still running, or waits for its turn. Wait for it, or cancel it "
                "first."
            )
        time.sleep(POLL_S / 4)
    return ticket


def _try_to_draw(workspace: Path, folder: Path, run_id: str) -> Ticket | None:
    """Take a place; None if the run has one."""
    with _gate(workspace):
        if run_id in _waiting(workspace):
            return None
        path = folder / f"{_next_number(folder):08d}.json"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, json.dumps({"run_id": run_id}).encode())
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
    return Ticket(run_id, path, descriptor)


def take_over(run_id: str) -> Ticket | None:
    """The ticket that the process was started with, if it is for this run."""
    descriptor, _, place = os.environ.get(HANDED, "").partition(":")
    path = Path(place)
    if not descriptor.isdigit() or _run_id(path) != run_id:
        return None
    del os.environ[HANDED]
    try:
        if not os.path.samestat(os.fstat(int(descriptor)), path.stat()):
            return None
    except OSError:
        return None
    os.set_inheritable(int(descriptor), False)
    return Ticket(run_id, path, int(descriptor))


def wait(ticket: Ticket, on_wait: Callable[[list[str]], None]) -> None:
    """Wait until it is the ticket's turn.

    Args:
        ticket: Whose turn.
        on_wait: Called with the runs ahead some times per second; may raise to stop waiting.
    """
    while others := ticket.ahead():
        on_wait(others)
        time.sleep(POLL_S)


def device_of(wanted: str, environment: Mapping[str, str] | None = None) -> str:
    """Queue of a run whose setting ``device`` is ``wanted``: ``cpu`` or ``cuda``.

    PyTorch is not asked, as that loads it: a GPU that is visible and a PyTorch built for it do.
    """
    if wanted != "auto":
        return wanted
    variables = os.environ if environment is None else environment
    hidden = variables.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1"}
    if hidden or not Path("/dev/nvidiactl").exists():
        return "cpu"
    found = importlib.util.find_spec("torch")
    places = (found.submodule_search_locations if found else None) or ()
    built = any(any(Path(place, "lib").glob("libtorch_cuda*")) for place in places)
    return "cuda" if built else "cpu"


@contextmanager
def _gate(workspace: Path) -> Iterator[None]:
    """Let one process at a time draw or clear away; never held for long."""
    descriptor = os.open(workspace / "queue" / "gate", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _next_number(folder: Path) -> int:
    """Number of the next ticket; those of processes that are gone are cleared away."""
    tickets = _tickets(folder)
    last = int(tickets[-1].stem) if tickets else 0
    for path in tickets:
        if not _held(path):
            path.unlink(missing_ok=True)
    return last + 1


def _waiting(workspace: Path) -> set[str]:
    """Runs with a place in any queue."""
    folders = [path for path in (workspace / "queue").iterdir() if path.is_dir()]
    return {_run_id(path) for folder in folders for path in _tickets(folder) if _held(path)}


def _tickets(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _NUMBER.fullmatch(path.name))


def _held(path: Path) -> bool:
    """Whether some process still has a ticket."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: others may look as well
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _run_id(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["run_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
