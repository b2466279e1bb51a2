"""Batches at an endpoint: hand in calls, look for results, keep them.

Each step may be made by another process, and after kill -9 of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from core.config import LLMConfig
from core.errors import JudgeError
from core.judge.llm.answering import Asked, keep, repair_messages
from core.judge.llm.batch_files import BatchFolder, BatchState
from core.judge.llm.budget import Budget, stop_message
from core.judge.llm.call import Call, Endpoint, Mode, Spend, Usage
from core.judge.llm.endpoint import is_loopback
from core.judge.llm.failures import Retry, clean, sort_out
from core.judge.llm.store import CallStore
from core.judge.llm.wire import arguments_of, read_body
from core.outgoing import HOOKS

if TYPE_CHECKING:
    from openai import OpenAI

ENDED: Final = ("completed", "failed", "expired", "cancelled")
"""States of a batch in which it does no more; expired and cancelled ones have some results."""
MOST_LISTED: Final = 1000
"""Latest batches among which one is looked for; some servers list without end."""
REPAIR: Final = ".repair"
"""End of the custom_id of a repair."""


@dataclass(frozen=True)
class Fetched:
    """What came of looking for results."""

    usage: Usage = field(default_factory=Usage)
    """Of replies that are newly in the store."""
    n_kept: int = 0
    n_failed: int = 0
    """Requests that the endpoint could not answer."""
    n_others: int = 0
    """Results of calls that were not among those given; fetched when they are."""
    n_waiting: int = 0
    """Requests of batches that have not ended."""
    error: str = ""
    """What the endpoint says of the last failure."""


class Batches:
    """Hands in calls and fetches answers; each step may be made by another process.

    Args:
        endpoint: Where.
        mode: How replies are bound to their form.
        store: Where answers are kept.
        config: Budgets and prices, checked with the longest replies when calls are handed in.
    """

    def __init__(self, endpoint: Endpoint, mode: Mode, store: CallStore, config: LLMConfig) -> None:
        self._endpoint, self._mode, self._store, self._config = endpoint, mode, store, config
        self._place = endpoint.place or endpoint.base_url
        self._folder = BatchFolder(store.folder / "batches")

    def waiting(self) -> list[BatchState]:
        """Batches whose results are not all fetched, as they were last seen."""
        return self._folder.open_states(self._place)

    def hand_in(self, calls: Sequence[Call], spend: Spend | None = None) -> str:
        """Hand in calls that are neither answered nor handed in.

        Args:
            calls: Questions.
            spend: What counts against the budget already, besides batches under way.

        Returns:
            Which budget left calls out; empty if none did.

        Raises:
            JudgeError: If the endpoint does not take them.
        """
        with self._folder.alone():
            lines, stopped_by = self._lines(calls, spend or Spend())
            self._folder.write(self._place, lines)
            waiting = self.waiting()
            if waiting:
                with self._client() as client:
                    for state in waiting:
                        self._advanced(client, state)
        return stopped_by

    def fetch(self, calls: Sequence[Call]) -> Fetched:
        """Look once at the batches that hold any of these calls; keep results of those at an end.

        Raises:
            JudgeError: If the endpoint cannot be asked, or has refused a batch.
        """
        by_key = {call.key(self._endpoint): call for call in calls}
        found = Fetched()
        if not self.waiting():
            return found
        with self._folder.alone(), self._client() as client:
            for state in self.waiting():
                if by_key.keys().isdisjoint(key.removesuffix(REPAIR) for key in state.keys):
                    continue  # of other questions: whoever asks those waits for it
                found = self._fetched(client, self._seen(client, state), by_key, found)
        return found

    def _lines(
        self, calls: Sequence[Call], spend: Spend
    ) -> tuple[list[tuple[str, dict[str, Any]]], str]:
        """Requests that are to be handed in, and the budget that cut them short."""
        taken = {key for state in self.waiting() for key in state.keys}
        budget = Budget(self._config)
        lines: list[tuple[str, dict[str, Any]]] = []
        budget.spent, budget.n_calls = spend.usage, spend.n_calls
        for call in calls:
            key = call.key(self._endpoint)
            kept = self._store.get(key)
            name = f"{key}{REPAIR}" if kept else key
            if kept and not kept.repair_is_due:
                continue
            cost = budget.estimate(call)
            if name in taken:
                budget.reserve(cost)
                continue
            if setting := budget.in_the_way(cost):
                return lines, stop_message(setting)
            budget.reserve(cost)
            taken.add(name)
            messages = repair_messages(call, kept) if kept else call.messages
            lines.append((name, self._body(call, messages)))
        return lines, ""

    def _body(self, call: Call, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        limit = call.max_output_tokens
        return arguments_of(self._endpoint, messages, call.form, self._mode, limit)

    def _advanced(self, client: OpenAI, state: BatchState) -> BatchState:
        """Upload and make the batch, as far as that is not done."""
        if not state.file_id:
            with self._asking(), self._folder.requests(state).open("rb") as file:
                name = f"{state.name}.jsonl"
                made = client.files.create(file=(name, file), purpose="batch")
            state = self._save(state, file_id=made.id)
        if not state.batch_id:
            state = self._save(state, batch_id=self._made(client, state), status="validating")
        return state

    def _made(self, client: OpenAI, state: BatchState) -> str:
        """Identity of the batch of an uploaded file, which an ended process may have made."""
        with self._asking():
            for batch in islice(client.batches.list(limit=100), MOST_LISTED):
                if batch.input_file_id == state.file_id:
                    return batch.id
            # Without the client's own retries: a second try could make and pay a second batch.
            return (
                client.with_options(max_retries=0)
                .batches.create(
                    input_file_id=state.file_id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                )
                .id
            )

    def _seen(self, client: OpenAI, state: BatchState) -> BatchState:
        state = self._advanced(client, state)
        with self._asking():
            batch = client.batches.retrieve(state.batch_id)
        counts = batch.request_counts
        n_done = counts.completed + counts.failed if counts else 0
        return self._save(state, status=batch.status, n_done=n_done)

    def _fetched(
        self, client: OpenAI, state: BatchState, by_key: Mapping[str, Call], found: Fetched
    ) -> Fetched:
        if state.status not in ENDED:
            return replace(found, n_waiting=found.n_waiting + len(state.keys))
        with self._asking():
            batch = client.batches.retrieve(state.batch_id)
            files = [name for name in (batch.output_file_id, batch.error_file_id) if name]
            contents = [client.files.content(name).read() for name in files]
        before = found.n_others
        for line in (line for content in contents for line in content.splitlines()):
            found = self._kept(line, by_key, found)
        if found.n_others == before:
            state = self._save(state, fetched=True)
            self._folder.requests(state).unlink(missing_ok=True)
        if state.status == "failed":
            raise self._refused(batch.errors)
        return found

    def _kept(self, line: bytes, by_key: Mapping[str, Call], found: Fetched) -> Fetched:
        """Keep one result, unless it is in the store already."""
        try:
            result = json.loads(line)
            name, response = str(result["custom_id"]), result["response"] or {}
            reply = read_body(json.dumps(response.get("body")).encode(), self._endpoint)
            whole = response.get("status_code") == 200
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, Retry):
            said = clean(line.decode("utf-8", "replace"), self._endpoint)
            return replace(found, n_failed=found.n_failed + 1, error=said)
        key = name.removesuffix(REPAIR)
        call, kept = by_key.get(key), self._store.get(key)
        if call is None and kept is None:
            return replace(found, n_others=found.n_others + 1)
        wanted = kept.repair_is_due if kept and name != key else kept is None and name == key
        if call is None or not wanted or not whole:
            return found
        keep(self._store, call, key, reply, Asked(self._endpoint, self._mode), kept)
        return replace(found, usage=found.usage + reply.usage, n_kept=found.n_kept + 1)

    def _save(self, state: BatchState, **changes: Any) -> BatchState:  # noqa: ANN401 - its fields
        return self._folder.save(state.model_copy(update=changes))

    def _client(self) -> OpenAI:
        import openai  # noqa: PLC0415 - takes a second

        http = openai.DefaultHttpxClient(
            follow_redirects=False, trust_env=not is_loopback(self._endpoint), event_hooks=HOOKS
        )
        key = self._endpoint.api_key or "none"
        return openai.OpenAI(
            base_url=self._endpoint.base_url,
            api_key=key,
            timeout=max(self._config.timeout, 60.0),
            http_client=http,
        )

    def _asking(self) -> _Asking:
        return _Asking(self._endpoint)

    def _refused(self, errors: Any) -> JudgeError:  # noqa: ANN401 - a list of the client
        told = [str(error.message) for error in (errors.data if errors else None) or []]
        said = clean("; ".join(told), self._endpoint) or "it does not say why"
        return JudgeError(
            f"{self._endpoint.host} refused a batch: {said}. Mend that, or ask without batches."
        )


class _Asking:
    """Turns errors of the client into ours, without the key."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, Exception):
            return
        if getattr(error, "status_code", None) in (404, 405, 501):
            raise JudgeError(
                f"{self._endpoint.host} has no Batch API, or no longer has this batch. Ask without "
                "batches: what was answered is kept."
            ) from None
        meant = sort_out(error, self._endpoint)
        if meant is not error:
            raise JudgeError(f"{meant}. Batches that were handed in go on: try again.") from None
