"""Stage 3: which pairs the judge is asked about, with what before its eyes, and what it said.

Shape letters: E train interactions, P pairs, R rounds.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.config import RunConfig
from core.judge import Judge, JudgeContext, JudgePairs
from core.judge.create import Surroundings, check, model, opened
from core.judge.ensemble import EnsembleJudge
from core.judge.flip import flipped
from core.judge.llm.call import Spend, Usage
from core.judge.llm.judge import LLMJudge
from core.judge.llm.profiles import Written, written_profiles
from core.judge.remarks import remarks
from core.judge.repeat import ask_again
from core.judging import Asked, Verdicts, ask
from core.keys import among
from core.packing import (
    CALL,
    TARGET,
    pack_columns,
    pack_judgements,
    pairs_of,
    texts_of,
)
from core.relevance.candidates import choose_candidates, low_scored
from core.relevance.text_fit import centred
from core.stages import Arrays
from core.text.profiles import profile_of
from core.types import (
    BoolArray,
    Dataset,
    Embeddings,
    Items,
    OnProgress,
    Profiles,
    Progress,
)

WRITTEN: Final = ("n_users", "n_items", "n_refused", "n_left", "n_without_text")
"""Counts of :class:`core.judge.llm.profiles.Written`."""
RECORDED: Final = "judgements"
"""Folder of judgements made apart from a run, beside the cache in the workspace."""
VIEWS: Final = ("user_grade", "item_grade")
SAID: Final = "said "
"""Before the name of grades as the judge gave them."""
REPEATS: Final = "spent on repeats"
"""Name of what asking once more took, see :func:`pack_spend`."""


@dataclass(frozen=True)
class JudgeStage:
    """Everything around the judge."""

    data: Dataset
    items: Items
    """The catalogue as all text steps see it."""
    config: RunConfig
    cache: Path
    on_progress: OnProgress

    def candidates(
        self, behaviour: Arrays, pretrained: Arrays, rng: np.random.Generator
    ) -> tuple[BoolArray, JudgePairs]:
        """Which interactions are low-scored ``(E,)``, and which pairs are to be judged."""
        train, options = self.data.train, self.config.judge
        place = behaviour["among_items"][: len(train)]
        low = low_scored(train, place, options.observed_share)
        found = Embeddings(pretrained["user"], pretrained["item"])
        held_out = Embeddings(behaviour["user_vector"], behaviour["item_vector"])
        pairs = pairs_of(behaviour, len(train))
        return low, choose_candidates(train, low, found, held_out, pairs, options, rng)

    def context(self, texts: Arrays) -> JudgeContext:
        """What the judge may read."""
        text = centred(texts["item"])
        if not text.any():  # all texts alike: the judge must not take them for evidence
            text = text[:, :0]
        written = (tuple(texts_of(texts, name)) for name in ("user_text", "item_text"))
        return JudgeContext(self.items, self.data.train, text, Profiles(*written))

    def texts(self, composed: Profiles, rng: np.random.Generator) -> Written:
        """Profiles written by a language model, where the settings ask for it."""
        text, options = self.config.text, self.config.judge.llm
        if text.writer == "composed":
            return Written(composed, 0, 0, 0, 0, 0)
        with model(text.writer, options, self._surroundings()) as found:
            return written_profiles(
                self.items,
                self.data.train,
                composed,
                found.endpoint,
                found.mode,
                found.store,
                found.config,
                text.profile_items,
                rng,
                lambda told: self.on_progress(Progress("texts", told.fraction, told.values)),
            )

    def ask(
        self,
        pairs: JudgePairs,
        context: JudgeContext,
        settling: Verdicts | None,
        spent: Spend,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """Have the pairs judged; arrays of the judgements, of the calls, and of what it took.

        Args:
            pairs: P pairs.
            context: What the judge may read.
            settling: Ask in rounds until verdicts settle; everything if omitted.
            spent: What the budget of the run has paid for already.
            rng: Flips grades, where that is asked for.
        """
        options = self.config.judge
        with opened(options, self._surroundings()) as judge:
            for one in models_of(judge):
                one.spend = spent
            asked = ask(judge, pairs, context, options, self.on_progress, settling)
            again = self._again(judge, pairs, asked, context, rng)
            sent = sum(len(one.calls["key"]) for one in models_of(judge))
            told = {**pack_asked(asked, sent), "stopped_by": judge.stopped_by, **pack_calls(judge)}
            told[REPEATS] = np.zeros(4) + sum(
                pack_spend(one.spend_in_all) - pack_spend(one.spend) for one in models_of(judge)
            )
        found = flipped(asked.judgements, options.flip, rng) if options.flip else asked.judgements
        views = VIEWS if options.flip else ()
        said = {SAID + view: getattr(asked.judgements, view) for view in views}
        own = {"remarks": json.dumps(remarks(judge))}
        return {**pack_judgements(found), **said, **told, **again, **own}

    def _again(
        self,
        judge: Judge,
        pairs: JudgePairs,
        asked: Asked,
        context: JudgeContext,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """Ask a language model about some pairs twice more, if that is wanted."""
        n_wanted = self.config.judge.repeat
        if not n_wanted or not isinstance(judge, LLMJudge) or judge.stopped_by:
            return {}
        n_items = np.int64(self.data.train.n_items)
        known = asked.judgements.user * n_items + asked.judgements.item
        graded = pairs.at(among(pairs.user * n_items + pairs.item, known))
        found = ask_again(judge.again, graded, context, n_wanted, rng, self.on_progress)
        return {
            f"{name} {part}": value
            for name, later in found.by_name().items()
            for part, value in pack_judgements(later).items()
        }

    def _surroundings(self) -> Surroundings:
        data = self.data
        return Surroundings(
            user_id=data.users.id,
            item_id=data.items.id,
            cache=self.cache,
            recorded=self.cache.parent / RECORDED,
            seed=self.config.seed,
            profile_of=profile_of(data.users, self.items, self.config.text.profile_items),
            environ=os.environ,
        )


def check_judge(config: RunConfig, cache: Path) -> None:
    """Refuse settings that would fail once the judge is asked, minutes later.

    Raises:
        ConfigError: If settings, key, file or model are missing.
    """
    check(config.judge, config.text.writer, os.environ, cache.parent / RECORDED)


def pack_asked(asked: Asked, n_sent: int = 0) -> dict[str, Any]:
    """What it took: pairs, calls, and the rounds ``(R, 3)`` of pairs, observed and changed.

    Args:
        asked: What was asked.
        n_sent: Calls to language models, as they were counted; planned ones where there are none.
    """
    rounds = [(one.n_pairs, one.n_observed, one.n_changed) for one in asked.rounds]
    n_calls = n_sent or asked.n_calls
    # In part of the rounds: as many calls per planned call for what was not asked.
    of_all = asked.n_calls_all / asked.n_calls if asked.n_calls else 1.0
    return {
        "n_pairs": asked.n_pairs,
        "n_calls": n_calls,
        "n_calls_all": round(n_calls * of_all),
        "rounds": np.array(rounds, np.int64).reshape(-1, 3),
    }


def models_of(judge: Judge) -> list[LLMJudge]:
    """The language models among the judges."""
    members = [judge.first, judge.second] if isinstance(judge, EnsembleJudge) else [judge]
    return [one for one in members if isinstance(one, LLMJudge)]


def pack_calls(judge: Judge) -> dict[str, Any]:
    """Columns of the calls of language models, and of what was asked in them; else nothing."""
    models = models_of(judge)
    if not models:
        return {}
    calls = {name: [v for one in models for v in one.calls[name]] for name in models[0].calls}
    targets = {name: [v for one in models for v in one.targets[name]] for name in models[0].targets}
    return {**pack_columns(CALL, calls), **pack_columns(TARGET, targets)}


def pack_written(written: Written) -> np.ndarray:
    """How many profiles a model wrote and why not the others, ``(5,)``."""
    return np.array([getattr(written, name) for name in WRITTEN], np.int64)


def pack_spend(spend: Spend) -> np.ndarray:
    """Calls, tokens of questions and of replies, and money, ``(4,)``."""
    usage = spend.usage
    counts = (spend.n_calls, usage.prompt_tokens, usage.output_tokens, spend.money)
    return np.array(counts, np.float64)


def spend_of(packed: np.ndarray) -> Spend:
    """Read back what :func:`pack_spend` made."""
    calls, prompt, output, money = packed.tolist()
    return Spend(n_calls=int(calls), usage=Usage(int(prompt), int(output)), money=money)
