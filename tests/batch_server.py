"""The Batch API on top of :mod:`tests.llm_server`: files, batches, results."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes

from tests.llm_replies import completion, grade_all
from tests.llm_server import serve


@dataclass
class BatchWorld:
    """What was handed in; ``polls`` looks find a batch under way before it has ended."""

    grader: object
    polls: int = 1
    ends: str = "completed"
    fails: object = lambda _request: False
    """Which requests get an error in place of a reply."""
    files: dict = field(default_factory=dict)
    batches: dict = field(default_factory=dict)
    looks: Counter = field(default_factory=Counter)
    answered: Counter = field(default_factory=Counter)
    """Replies made per custom_id: what costs money."""
    before_reply: object = lambda _step: None
    """Called with upload, create, retrieve, content before each is answered."""


@contextmanager
def serve_batches(grader=None, **settings):
    """A server with a Batch API; yields it and its :class:`BatchWorld`."""
    world = BatchWorld(grader or grade_all("High"), **settings)
    with serve(world.grader) as server:
        server.routes["POST", "/files"] = lambda handler: _upload(handler, world)
        server.routes["POST", "/batches"] = lambda handler: _create(handler, world)
        server.routes["GET", "/batches"] = lambda handler: handler.json(
            {
                "object": "list",
                "data": [_shown(batch) for batch in world.batches.values()],
                "has_more": False,
            }
        )
        yield server, world


def _upload(handler, world):
    header = f"content-type: {handler.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(header + handler.content).get_payload()
    content = next(part for part in parts if "filename=" in part["content-disposition"])
    name = _new_file(handler.server, world, content.get_payload(decode=True))
    world.before_reply("upload")
    handler.json(
        {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "x.jsonl",
         "purpose": "batch", "status": "processed"}
    )  # fmt: skip


def _new_file(server, world, content):
    name = f"file-{len(world.files)}"
    world.files[name] = content

    def show(handler):
        world.before_reply("content")
        handler.reply(200, content)

    server.routes["GET", f"/files/{name}/content"] = show
    return name


def _create(handler, world):
    body = json.loads(handler.content)
    name = f"batch-{len(world.batches)}"
    lines = world.files[body["input_file_id"]].splitlines()
    world.batches[name] = {**body, "id": name, "status": "validating", "n": len(lines)}
    handler.server.routes["GET", f"/batches/{name}"] = lambda h: _retrieve(h, world, name)
    world.before_reply("create")
    handler.json(_shown(world.batches[name]))


def _retrieve(handler, world, name):
    batch = world.batches[name]
    world.looks[name] += 1
    if world.looks[name] > world.polls and batch["status"] == "validating":
        _end(handler.server, world, batch)
    world.before_reply("retrieve")
    handler.json(_shown(batch))


def _end(server, world, batch):
    batch["status"] = world.ends
    if world.ends == "failed":
        batch["errors"] = {"object": "list", "data": [{"code": "x", "message": "bad model"}]}
        return
    good, bad = [], []
    requests = [json.loads(line) for line in world.files[batch["input_file_id"]].splitlines()]
    for request in reversed(requests if world.ends == "completed" else requests[::2]):
        if world.fails(request):
            body = {"error": {"message": "no such luck", "code": "bad"}}
            bad.append(
                {"custom_id": request["custom_id"], "response": {"status_code": 400, "body": body}}
            )
            continue
        world.answered[request["custom_id"]] += 1
        reply = json.loads(completion(_Asked(request["body"]), "", world.grader, False))
        response = {"status_code": 200, "request_id": "r", "body": reply}
        good.append(
            {"id": "x", "custom_id": request["custom_id"], "response": response, "error": None}
        )
    for field_name, lines in (("output_file_id", good), ("error_file_id", bad)):
        if lines:
            content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
            batch[field_name] = _new_file(server, world, content)


class _Asked:
    """What :func:`completion` wants to know of a request."""

    number, key, tries, headers = 0, "", 0, {}

    def __init__(self, body):
        self.body, self.messages = body, body["messages"]


def _shown(batch):
    fields = ("id", "status", "input_file_id", "endpoint", "completion_window", "errors",
              "output_file_id", "error_file_id")  # fmt: skip
    done = batch["n"] if batch["status"] == "completed" else 0
    counts = {"total": batch["n"], "completed": done, "failed": 0}
    shown = {name: batch.get(name) for name in fields}
    return {**shown, "object": "batch", "created_at": 1, "request_counts": counts}
