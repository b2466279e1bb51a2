"""Contestants as processes of their own, all with the same threads and all in the same places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from app.services import environment
from benchmarks.recbole_env import PLACE, make_environment
from core.errors import ConfigError

Where = Literal["ours", "recbole", "pyg"]
PYG: Final = PLACE / "pyg"
PYG_REQUIREMENTS: Final = Path(__file__).with_name("pyg_requirements.txt")


def variables(n_threads: int, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment of every contestant.

    Two threads that spin may be put on one core and stay there: each has a place of its own, and
    threads that wait sleep. With one thread nothing is bound, so that the system may move it.
    """
    count = str(n_threads)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    own = dict.fromkeys(names, count) | {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
    if n_threads > 1:
        own |= {"OMP_PROC_BIND": "spread", "OMP_PLACES": "cores"}
    base = environment.with_defaults(os.environ)
    for name in ("OMP_PROC_BIND", "OMP_PLACES"):
        base.pop(name, None)
    return base | own | {"PYTHONPATH": str(environment.ROOT)} | dict(more or {})


def python_of(where: Where) -> tuple[Path, dict[str, str]]:
    """Python of a contestant and what its environment needs besides.

    Raises:
        ConfigError: If its libraries are not there and cannot be installed.
    """
    if where == "ours":
        return Path(sys.executable), {}
    python = make_environment()
    if where == "recbole":
        return python, {}
    return python, {"PYTHONPATH": os.pathsep.join([str(environment.ROOT), str(_pyg(python))])}


def _pyg(python: Path) -> Path:
    """Folder of PyG, made on first use; RecBole's processes never see it."""
    stamp = PYG / ".ready"
    wanted = PYG_REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return PYG
    print("Installing PyG beside RecBole (a few MB) ...", flush=True)
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"]
    command = [str(python), "-m", "pip", "install", *options, "--target", str(PYG)]
    try:
        subprocess.run([*command, "-r", str(PYG_REQUIREMENTS)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigError(
            f"PyG cannot be installed: {error}. A package index is needed."
        ) from error
    stamp.write_text(wanted, encoding="utf-8")
    return PYG


class Worker:
    """One contestant, prepared, waiting to be asked.

    Args:
        module: Has ``prepare(job)``.
        job: What to prepare; plain values.
        where: Whose environment it runs in.
        n_threads: Of every library.

    Raises:
        ConfigError: If it cannot be prepared; the message ends with what it said.
    """

    def __init__(self, module: str, job: Mapping[str, Any], where: Where, n_threads: int) -> None:
        python, more = python_of(where)
        self._scratch = tempfile.TemporaryDirectory(prefix="speed-")
        place = Path(self._scratch.name)
        (place / "job.json").write_text(json.dumps(dict(job)), encoding="utf-8")
        self._said = (place / "said.txt").open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(python), "-m", "benchmarks.speed.loop", module, str(place / "job.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            cwd=place,
            env=variables(n_threads, more),
        )
        try:
            self.versions: dict[str, str] = self._answer()["versions"]
        except BaseException:
            self.close()
            raise

    def ask(self) -> dict[str, Any]:
        """Measure once.

        Raises:
            ConfigError: If the contestant failed.
        """
        if self._process.stdin is None:
            raise ValueError("the contestant has no input")
        try:
            self._process.stdin.write("measure\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said is read below
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise ValueError("the contestant has no output")
        line = self._process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self._process.wait()
        said = Path(self._said.name).read_text(encoding="utf-8").strip().splitlines()
        raise ConfigError("the contestant failed: " + "\n".join(said[-12:]))

    def close(self) -> None:
        """End the process and remove its folder."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()
