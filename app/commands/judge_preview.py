"""``judge --preview``: what judging would take and who would read what; nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from app.commands.judge_report import day_of, how_many
from app.commands.output import clean
from app.commands.runs import find_dataset
from app.services import judge_endpoint, judging
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.text.endpoint_encoder import PREFIX, endpoint_of

BUDGETS: Final = {
    "budget_calls": ("n_calls",),
    "budget_tokens": ("prompt_tokens", "output_tokens"),
    "budget_money": ("money",),
}
"""Budget -> figures of the preview that count against it."""


def preview(name: str, config: RunConfig, workspace: Path, console: Console) -> dict[str, Any]:
    """Say what judging a dataset would take, and who would read what; nothing is sent."""
    import numpy as np  # noqa: PLC0415

    from core.judge import JudgeContext  # noqa: PLC0415
    from core.judge.llm.preview import preview as estimate  # noqa: PLC0415
    from core.judge.llm.preview import preview_profiles  # noqa: PLC0415
    from core.text.profiles import build_profiles, catalogue, profile_of  # noqa: PLC0415

    dataset = load_dataset(find_dataset(name, workspace))
    rng = np.random.default_rng(config.seed)
    items = catalogue(dataset.items, config.text, rng)
    nothing = np.zeros((len(items.id), 0), np.float32)
    profiles = build_profiles(dataset.users, dataset.items, dataset.train, config.text, rng)
    context = JudgeContext(items, dataset.train, nothing, profiles)
    asked = _judges(config)
    receiver = _receiver(config, asked | {config.text.writer})
    found = estimate(
        context,
        config.judge,
        profile_of(dataset.users, items, config.text.profile_items),
        config.scoring.stand_ins * len(dataset.train),
        judging.measured(workspace, receiver["model"], receiver["host"] or judging.HERE),
        rng,
    )
    told = {
        **asdict(found),
        "n_pairs": found.n_pairs,
        **receiver,
        "asks_model": bool(asked & {"openai", "local"}),
        "budget": _budget(config),
        "profiles": None,
        "encoder": _encoder_host(config.text.encoder),
    }
    if config.text.writer != "composed":
        options = (config.judge.llm, config.text.profile_items, rng)
        told["profiles"] = asdict(preview_profiles(context, *options))
    told["stops"] = stops(told, config)
    told["there"] = judging.there(
        workspace, judging.name_of(dataset.name, dataset.fingerprint, config)
    )
    told["recorded"] = (
        judging.there(workspace, config.judge.recorded) if "recorded" in asked else {}
    )
    previewed(told, console)
    return told


def stops(told: Mapping[str, Any], config: RunConfig) -> dict[str, Any]:
    """Which budget would end the judging first, as far as the estimate goes.

    Args:
        told: The preview; written profiles are paid from the same budget, before the grades.
        config: Its settings.

    Returns:
        ``by`` (the setting), ``n_pairs`` (about so many are judged) and ``share`` of the calls;
        empty if no budget is in the way.
    """
    if not told["asks_model"]:
        return {}
    found = []
    for name, figures in BUDGETS.items():
        needed = [told[figure] for figure in figures]
        budget = getattr(config.judge.llm, name)
        if not budget or None in needed or not sum(needed):
            continue
        before = sum((told["profiles"] or {}).get(figure) or 0 for figure in figures)
        found.append((max(0.0, (budget - before) / sum(needed)), name))
    share, name = min(found, default=(1.0, ""))
    if share >= 1.0:
        return {}
    # Pairs that are asked about twice more come last.
    again = 2 * min(config.judge.repeat, told["n_pairs"]) if config.judge.kind != "ensemble" else 0
    n_pairs = min(told["n_pairs"], int(share * (told["n_pairs"] + again)))
    return {"by": name, "n_pairs": n_pairs, "share": share}


def _judges(config: RunConfig) -> set[str]:
    """Who is asked for grades."""
    judge = config.judge
    return {judge.first, judge.second} if judge.kind == "ensemble" else {judge.kind}


def _receiver(config: RunConfig, asked: set[str]) -> dict[str, Any]:
    """Who reads the texts that a language model is asked about, and which model that is."""
    from core.judge.create import resolve  # noqa: PLC0415
    from core.judge.llm import endpoint  # noqa: PLC0415

    receiver, model = "nobody: the judge works on this machine without a language model", ""
    host, stays = "", True
    if "openai" in asked:
        place = resolve(config.judge.llm, os.environ)
        host, model, stays = place.host, place.model, endpoint.is_loopback(place)
        receiver = f"{host} (this machine)" if stays else host
    elif "local" in asked:
        file = config.judge.llm.model_file or os.environ.get(judge_endpoint.FILE, "")
        receiver, model = "a process on this machine", Path(file).name
    return {"receiver": receiver, "host": host, "stays_here": stays, "model": model}


def _encoder_host(encoder: str) -> str:
    """Host that receives all profile texts to embed them; empty if none does."""
    if not encoder.startswith(PREFIX):
        return ""
    return endpoint_of(os.environ).host


def _budget(config: RunConfig) -> dict[str, float]:
    llm = config.judge.llm
    budgets = ("budget_calls", "budget_tokens", "budget_money")
    return {name: getattr(llm, name) for name in budgets if getattr(llm, name)}


def previewed(told: Mapping[str, Any], console: Console) -> None:
    """Print what judging would take."""
    console.print(
        f"Pairs: {told['n_pairs']:,} ({told['n_observed']:,} interactions, "
        f"{told['n_unobserved']:,} unobserved, {told['n_controls']:,} strangers to compare with)"
    )
    _print_known(told, console)
    if told["encoder"]:
        console.print(f"All profile texts go to [bold]{clean(told['encoder'])}[/] to be embedded.")
    if told["profiles"]:
        found = told["profiles"]
        console.print(
            f"Profiles: {found['n_calls']:,} calls before the judging, about "
            f"{found['prompt_tokens']:,} tokens of questions and at most "
            f"{found['output_tokens']:,} of replies"
            + ("" if found["money"] is None else f", about {found['money']:,.2f}")
        )
    if told["asks_model"] or told["profiles"]:
        console.print(f"Model: {clean(told['model'])}")
        console.print(f"Receiver: [bold]{clean(told['receiver'])}[/]")
    if not told["asks_model"]:
        console.print("No language model is asked for grades: they cost nothing.")
        return
    console.print("It receives: " + ", ".join(clean(field) for field in told["fields"]))
    console.print(f"Calls: about {told['n_calls']:,}, both views together")
    tokens = f"{told['prompt_tokens']:,} of questions, {told['output_tokens']:,} of replies"
    console.print(f"Tokens: about {tokens}")
    money = told["money"]
    unknown = "not known: set judge.llm.price_prompt and judge.llm.price_output"
    console.print(f"Money: {unknown if money is None else f'about {money:,.2f}'}")
    seconds = told["seconds"]
    unmeasured = "not known: nothing was measured with this model at this host yet"
    console.print(f"Time: {unmeasured if seconds is None else _duration(seconds)}")
    limits = ", ".join(f"{name[7:]} {value:,g}" for name, value in told["budget"].items())
    console.print(f"Budget: {limits or 'none set (judge.llm.budget_calls, _tokens, _money)'}")
    if told["stops"]:
        stopping = told["stops"]
        console.print(
            f"  [bold]judge.llm.{stopping['by']} ends it early[/], at about "
            f"{stopping['n_pairs']:,} of {told['n_pairs']:,} pairs; answers that are there already "
            "do not count"
        )
    console.print(clean(told["rests_on"]))
    for message in told["sample"]:
        console.rule(f"Example: {clean(message['role'])}")
        for line in str(message["content"]).splitlines():
            console.print(clean(line), soft_wrap=True)


def _print_known(told: Mapping[str, Any], console: Console) -> None:
    """What is judged already, with these settings or in the file that is to be used."""
    there, recorded = told["there"], told["recorded"]
    if recorded:
        console.print(
            f"Recorded judgements {clean(recorded['name'])}: {how_many(recorded)}; pairs that are "
            "not among them get no grade."
        )
    if there:
        more = "what is missing is asked" if there["stopped_by"] else "asking again costs nothing"
        console.print(
            f"[bold]Judged already[/] with these settings: {how_many(there)}, {day_of(there)}; "
            f"{more}. The figures below are for all pairs, as if nothing were there."
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
