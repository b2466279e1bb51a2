"""Start the workbench: ``python -m app [--port N] [options of streamlit run]``."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that ``python path/to/app`` works as well

from app.services import environment  # noqa: E402 - needs the path

ADDRESS = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Replace this process by Streamlit, serving on this machine only.

    Raises:
        SystemExit: If the port is taken.
    """
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--port", type=int, default=8501, help="port on 127.0.0.1 (8501)")
    options, streamlit_options = parser.parse_known_args(arguments)
    if not port_is_free(options.port):
        sys.exit(
            f"Port {options.port} is in use, perhaps by another workbench: "
            f"open http://{ADDRESS}:{options.port}, stop it, or choose another port, "
            f"for example: python -m app --port {options.port + 1}"
        )
    # A relative workspace means relative to where the command was given.
    variables = environment.with_defaults(os.environ)
    variables[environment.WORKSPACE_VARIABLE] = str(environment.workspace())
    os.chdir(ROOT)
    os.execve(
        sys.executable,
        [sys.executable, *command(options.port), *streamlit_options],
        variables,
    )


def command(port: int) -> list[str]:
    """Arguments of the interpreter that serve the app on ``port``."""
    return [
        *("-m", "streamlit", "run", str(ROOT / "app" / "main.py")),
        f"--server.address={ADDRESS}",
        f"--server.port={port}",
    ]


def port_is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of this machine."""
    with socket.socket() as probe:
        # As servers do: a port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
