"""What calls will cost, what they have cost, and whether the next one may be sent."""

from __future__ import annotations

from typing import Final

from core.config import LLMConfig
from core.errors import ConfigError
from core.judge.llm.call import Call, Usage

LETTERS_PER_TOKEN: Final = 4.0
"""Until the endpoint has said how it counts; right for English, too high for most else [D]. No
tokenizer is loaded: most would be fetched from the network."""
PER_MILLION: Final = 1e-6


def money_of(usage: Usage, config: LLMConfig) -> float:
    """What tokens cost at the prices of the settings, in their currency."""
    prompt, output = usage.prompt_tokens, usage.output_tokens
    return (prompt * config.price_prompt + output * config.price_output) * PER_MILLION


class Budget:
    """The budget of a batch of calls; several may be under way, so each is reserved first.

    Args:
        config: Limits and prices.

    Raises:
        ConfigError: If there is a budget in money but no price.
    """

    def __init__(self, config: LLMConfig) -> None:
        if config.budget_money and not (config.price_prompt or config.price_output):
            raise ConfigError(
                "judge.llm.budget_money needs prices: set judge.llm.price_prompt and price_output"
            )
        self._config = config
        self.spent = Usage()
        self._reserved = Usage()
        self.n_calls = 0
        """Calls that were paid for or are under way."""
        self._n_letters = self._n_tokens = 0

    def estimate(self, call: Call) -> Usage:
        """The most that one request is likely to take: a prompt of its length, a full reply."""
        return Usage(round(call.n_letters() / self.letters_per_token), call.max_output_tokens)

    @property
    def letters_per_token(self) -> float:
        """As the endpoint counts, once it has."""
        return self._n_letters / self._n_tokens if self._n_tokens else LETTERS_PER_TOKEN

    def in_the_way(self, cost: Usage, n_calls: int = 1) -> str:
        """The setting that forbids spending so much more, with what is under way; else empty."""
        total = self.spent + self._reserved + cost
        config, tokens = self._config, total.prompt_tokens + total.output_tokens
        if config.budget_calls and self.n_calls + n_calls > config.budget_calls:
            return "budget_calls"
        if config.budget_tokens and tokens > config.budget_tokens:
            return "budget_tokens"
        if config.budget_money and money_of(total, config) > config.budget_money:
            return "budget_money"
        return ""

    def reserve(self, cost: Usage, n_calls: int = 1) -> None:
        """Set aside what a request may take."""
        self._reserved += cost
        self.n_calls += n_calls

    def settle(self, cost: Usage, usage: Usage, n_letters: int) -> None:
        """A request is over: free what was set aside, and count what it took."""
        self._reserved += Usage(-cost.prompt_tokens, -cost.output_tokens)
        self.spent += usage
        if usage.prompt_tokens:
            self._n_letters += n_letters
            self._n_tokens += usage.prompt_tokens

    def hand_back(self, n_calls: int = 1) -> None:
        """A call was not paid for after all."""
        self.n_calls -= n_calls


def stop_message(setting: str) -> str:
    """Which budget ended a batch, and what to do about it, for people.

    Without its amount: a batch may know but the rest that earlier ones have left of it.
    """
    noun = {"budget_calls": "calls", "budget_tokens": "tokens", "budget_money": "money"}[setting]
    return (
        f"the budget in {noun} does not cover the next call; raise judge.llm.{setting} to go on: "
        "what was answered is kept"
    )
