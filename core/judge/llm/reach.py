"""Whether an endpoint answers at all, asked with one request that costs nothing.

Asked before minutes of work are done for its sake. In doubt an endpoint passes: many servers list
no models, and busy ones answer late.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from core.errors import JudgeError
from core.judge.llm.call import Endpoint
from core.judge.llm.capabilities import N_TOKENS, QUESTION, Ready, which_models
from core.judge.llm.failures import Refused, Retry, clean, sort_out
from core.judge.llm.loop import run
from core.judge.llm.wire import arguments_of, ask, open_client

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TIMEOUT: Final = 5.0
"""Seconds for the list of models, which is small."""
PROBE_TIMEOUT: Final = 30.0
"""Seconds for the tiny question; a model may have to be loaded first."""
REFUSED: Final = (401, 403)


def check_reach(endpoint: Endpoint, timeout: float = TIMEOUT) -> None:
    """Ask an endpoint for its models; where that leaves a doubt, ask one tiny question.

    The tiny question is sent only if the model is not among those listed, or if the key may not
    list them (some keys may ask questions and nothing else).

    Args:
        endpoint: Where to ask.
        timeout: Seconds for the list.

    Raises:
        JudgeError: If nobody is at the address, the key is refused, or the model is not there;
            says what to do.
    """
    run(_check(endpoint, timeout))


async def _check(endpoint: Endpoint, timeout: float) -> None:
    client = open_client(endpoint, timeout)
    try:
        models = await _listed(client, endpoint, timeout)
        if models is not None and (not models or endpoint.model in models):
            return
        await _probe(client, endpoint, models or ())
    finally:
        await client.close()


async def _listed(
    client: AsyncOpenAI, endpoint: Endpoint, timeout: float
) -> tuple[str, ...] | None:
    """Models there, sorted; empty where it does not say; None where the key is refused."""
    import httpx2  # noqa: PLC0415 - comes with openai
    import openai  # noqa: PLC0415 - takes a second

    try:
        raw = await client.models.with_raw_response.list(timeout=timeout)
        names = [str(entry["id"]) for entry in json.loads(raw.content)["data"]]
    except openai.APIStatusError as error:
        return None if error.status_code in REFUSED else ()
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
            raise _away(error, endpoint) from None
        return ()  # it is there, and slow or odd: what is wrong shows at the first question
    except Exception:  # a list of another form is none
        return ()
    return tuple(sorted({clean(name, endpoint) for name in names}))


async def _probe(client: AsyncOpenAI, endpoint: Endpoint, models: tuple[str, ...]) -> None:
    """Raise what no second try would mend."""
    arguments = arguments_of(endpoint, QUESTION, Ready, "text", N_TOKENS)
    try:
        await ask(client.with_options(timeout=PROBE_TIMEOUT), endpoint, arguments, PROBE_TIMEOUT)
    except JudgeError as error:
        raise JudgeError(f"{error}{which_models(endpoint, models)}") from None
    except (Retry, Refused):
        return


def _away(error: Exception, endpoint: Endpoint) -> JudgeError:
    meant = sort_out(error, endpoint)
    return JudgeError(
        f"{meant}. See that the server runs and that judge.llm.base_url is right. Judgements made "
        "before can be used without it (judge.kind=recorded)"
    )
