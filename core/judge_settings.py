"""Settings of the judge and of the language model that it may be.

The docstring under a field is its help text, as in :mod:`core.config`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from core.settings import Settings


class LLMConfig(Settings):
    """Which language model is asked, how fast, and for how much."""

    base_url: str = ""
    """Address of an OpenAI-compatible endpoint, ending in /v1 as a rule; none =
    LLMHNI_LLM_BASE_URL, else OpenAI's. The key is read from LLMHNI_LLM_API_KEY or OPENAI_API_KEY,
    never from here."""
    model: str = ""
    """Name of the model at the endpoint; none = LLMHNI_LLM_MODEL."""
    model_file: str = ""
    """GGUF file of the local judge; none = LLMHNI_LLM_FILE."""
    targets_per_call: int = Field(12, ge=1, le=20)
    """Items of one user that are graded in one call; 1 keeps them from swaying each other. 12 holds
    what is asked about a usual user (docs/judges.md has the costs)."""
    temperature: float | None = Field(0.0, ge=0.0, le=2.0)
    """Sampling temperature; 0 answers most alike when asked again. None = not sent: some models
    take no other than their own."""
    thinking_tokens: NonNegativeInt = 0
    """Room per call for a model that thinks before it replies; without it such a model is cut off
    half-way."""
    batch: bool = False
    """Hand calls in by the Batch API where the endpoint has one: answered within a day, as a rule
    at half the price (set the prices below to those)."""
    mode: Literal["auto", "schema", "json", "text"] = "auto"
    """How replies are bound to their form; ``auto`` asks the endpoint once what it can do."""
    in_flight: int = Field(8, ge=1, le=256)
    """Calls under way at once."""
    requests_per_minute: NonNegativeInt = 0
    """Limit of the endpoint; 0 = none."""
    tokens_per_minute: NonNegativeInt = 0
    """Limit of the endpoint, prompt and reply together; 0 = none."""
    timeout: PositiveFloat = 60.0
    """Seconds until a call that is not answered counts as failed and is tried again."""
    attempts: PositiveInt = 6
    """Tries per call when the endpoint is busy, broken or unreachable."""
    give_up_after: PositiveInt = 8
    """Calls failing in a row, all tries used, after which judging stops with an error."""
    budget_calls: NonNegativeInt = 0
    """Stop after so many paid calls; 0 = no limit. Earlier answers are free."""
    budget_tokens: NonNegativeInt = 0
    """Stop after so many paid tokens; 0 = no limit."""
    budget_money: NonNegativeFloat = 0.0
    """Stop when so much is spent at the prices below; 0 = no limit."""
    price_prompt: NonNegativeFloat = 0.0
    """Price of a million prompt tokens, in your currency."""
    price_output: NonNegativeFloat = 0.0
    """Price of a million reply tokens, in your currency."""


class JudgeConfig(Settings):
    """Logical relevance: which pairs are judged, and by whom."""

    kind: Literal["evidence", "openai", "local", "recorded", "ensemble"] = "evidence"
    """``evidence``: grades from measured facts, no LLM; ``openai``: a model at an OpenAI-compatible
    endpoint; ``local``: a GGUF file on this machine; ``recorded``: a file of judgements made
    elsewhere; ``ensemble``: two of them."""
    first: Literal["evidence", "openai", "local", "recorded"] = "evidence"
    """First judge of an ensemble."""
    second: Literal["evidence", "openai", "local", "recorded"] = "openai"
    """Second judge of an ensemble; where the two differ, the grade is Mid [D]."""
    recorded: str = ""
    """File of recorded judgements (CSV, Parquet, JSON lines), or the name of an imported one."""
    scope: Literal["auto", "candidates", "all"] = "auto"
    """``candidates``: only the pairs below are judged; ``all``: every train interaction and every
    stand-in too, so that grades count in p_noisy everywhere; ``auto``: all where judging is free
    (evidence), candidates elsewhere [D]."""
    observed_share: float = Field(0.2, gt=0.0, le=1.0)
    """Lowest-scored share of each user's interactions that is judged, at least one [D]."""
    unobserved: NonNegativeInt = 4
    """Highest-scored unobserved items per user that are judged [D]."""
    controls: NonNegativeInt = 1
    """Random unobserved items per user, judged to learn how the judge grades strangers [D]."""
    history_items: PositiveInt = 8
    """Items of the user's history (the highest-scored) that the item-centric view rests on."""
    flip: float = Field(0.0, ge=0.0, le=1.0)
    """Share of the grades that is replaced by another one at random: how much a hallucinating
    judge harms, and what the edge-drop contrast repairs [D]. For measuring only."""
    repeat: NonNegativeInt = 0
    """Pairs that a language model is asked about twice more, once with the history shuffled, to
    measure how far it repeats itself; 0 = none [D]."""
    settle: float = Field(0.0, ge=0.0, lt=1.0)
    """Ask about the most uncertain and influential users first, and stop when two rounds of
    questions each turned fewer interactions noisy, or back, than this share of those they asked
    about; 0 = ask everything [D]. What was not asked about cannot be called hard."""
    rounds: int = Field(10, ge=2)
    """Rounds into which the questions are cut where they may stop early."""
    llm: LLMConfig = LLMConfig()
    """The language model."""

    @property
    def judges_all(self) -> bool:
        """Whether every train interaction and stand-in is judged."""
        return self.scope == "all" or (self.scope == "auto" and self.kind == "evidence")
