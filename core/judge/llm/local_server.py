"""The process that serves a model file; started by ``core.judge.llm.local`` and no one else.

It is a program of its own: a fault or a lack of memory in native code ends it alone, not the run
that asks, and its threads and environment are its own. It reads one line of JSON, answers with
one, and ends when its standard input is closed or its parent is gone, so nothing is left running
after ``kill -9`` of the parent.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

LOOPBACK = "127.0.0.1"
PROMPT_CACHE_MIB = 256
"""Memory for prompts that have left their slot; calls come sorted by user, so few are needed."""
ERRORS_ONLY = 1


def main() -> int:
    """Read the order, load the model, serve until the parent is gone."""
    parent = os.getppid()
    order = json.loads(sys.stdin.buffer.readline())
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what native code prints is no answer
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        server = _start(order)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers, flush=True)
        return 1
    print(json.dumps({"base_url": f"{server.listening_address}/v1"}), file=answers, flush=True)
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _end_with_input() -> None:
    """End at once, without the destructors of native code, which have crashed at exit before."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def _start(order: dict[str, Any]) -> Any:  # noqa: ANN401 - a class of native code
    import xllamacpp  # noqa: PLC0415 - optional

    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = {order["model"]}  # else replies name the whole path
    params.api_keys = [order["api_key"]]
    params.hostnames, params.port = [LOOPBACK], 0
    params.n_parallel = order["n_slots"]
    params.n_ctx = order["context"] * order["n_slots"]  # shared out evenly
    params.embedding = order["embeddings"]
    if order["embeddings"]:
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["n_threads"]
    params.enable_reasoning = 0  # a thinking model would think past the length of a reply
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.cors_origins = f"http://{LOOPBACK}"
    params.verbosity = ERRORS_ONLY  # no texts in the log
    return xllamacpp.Server(params)


if __name__ == "__main__":
    sys.exit(main())
