"""Judgements made apart from a run, and what earlier calls to a model took.

``<workspace>/judgements/<name>``: ``judgements.parquet``, ``about.json``, and where they were made
here ``judge_quality.json``; of a language model ``judge_calls.parquet`` and
``judge_targets.parquet`` too.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import run_folder
from core.config import RunConfig
from core.errors import ConfigError
from core.judge.llm.preview import Measured

FOLDER: Final = "judgements"
TABLE: Final = "judgements.parquet"
CALLS: Final = "judge_calls.parquet"
ABOUT: Final = "about.json"
HERE: Final = "local"
"""What stands for the host of a model file, in the names of judges."""
AT_HOST: Final = re.compile(r" at (\S+), prompts v\d")
"""Host in the name of a judge, see :attr:`core.judge.llm.judge.LLMJudge.name`."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def folder_of(workspace: Path, name: str) -> Path:
    """Folder of the judgements of a name, there or not.

    Raises:
        ConfigError: If that cannot be a name.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"'{name}' is no name of judgements: use up to 64 letters, digits, dots, dashes and "
            "underscores, a letter or digit first."
        )
    return workspace / FOLDER / name


def name_of(dataset: str, fingerprint: str, config: RunConfig) -> str:
    """Name of the judgements of a dataset with these settings: the same ones, the same name."""
    said = json.dumps([fingerprint, config.model_dump(mode="json")], sort_keys=True)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset).strip("._-")[:50] or "data"
    return f"{plain}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def known(workspace: Path) -> list[dict[str, Any]]:
    """What is said about all finished judgements, the newest first."""
    found = []
    for path in (workspace / FOLDER).glob(f"*/{ABOUT}"):
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # being written, or damaged: not there
        if isinstance(about, dict) and (path.parent / TABLE).is_file():
            found.append({**about, "name": path.parent.name})
    return sorted(found, key=lambda about: str(about.get("created", "")), reverse=True)


def made_here(folder: Path) -> bool:
    """Whether a folder holds judgements, or work on judgements, of this workspace."""
    return (folder / "settings.json").is_file()


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Say what a folder holds; written last, so that it is whole once this is there."""
    run_folder.write_json(folder / ABOUT, about)


def there(workspace: Path, name: str) -> dict[str, Any]:
    """What is known of finished judgements of a name; empty if there are none.

    Returns:
        ``name, created, n_pairs, n_wanted, stopped_by``; ``n_wanted``, the pairs that there were to
        judge, is None where that is not known.
    """
    about = next((one for one in known(workspace) if one["name"] == name), None)
    if about is None:
        return {}
    parts = ("name", "created", "n_pairs", "n_wanted", "stopped_by")
    return {part: about.get(part) for part in parts}


def measured(workspace: Path, model: str, host: str) -> Measured:
    """What calls to a model at a host took in runs and judgements of this workspace.

    Args:
        workspace: Whose runs.
        model: As the endpoint was asked for it, or as it names itself.
        host: With its port; :data:`HERE` for a model file. Calls whose host is not known are left
            out: the same model is slower elsewhere.
    """
    columns = ["model", "seconds", "n_requests", "output_tokens", "prompt_tokens"]
    columns += ["n_targets", "from_cache", "outcome"]
    parts = []
    for pattern in (f"runs/*/{CALLS}", f"{FOLDER}/*/{CALLS}"):
        for path in sorted(workspace.glob(pattern)):
            with suppress(OSError, ValueError):  # of another version, or damaged: not measured
                if hosts_of(path.parent) != {host}:
                    continue
                parts.append(pd.read_parquet(path, columns=columns))
    parts = [part for part in parts if len(part)]  # an empty table knows no types
    if not parts:
        return Measured()
    calls = pd.concat(parts)
    calls = calls[
        calls["model"].map(lambda named: is_model(str(named), model))
        & ~calls["from_cache"]
        & (calls["n_requests"] > 0)
        & calls["outcome"].isin(["parsed", "repaired"])
    ]
    if calls.empty:
        return Measured()
    seconds = float((calls["seconds"] / calls["n_requests"]).median())
    per_target = float(calls["output_tokens"].sum() / calls["n_targets"].sum())
    return Measured(seconds, per_target or None)


def hosts_of(folder: Path) -> set[str]:
    """Hosts that a judging asked, from the name of its judge; empty where that is not told."""
    try:
        quality = json.loads((folder / run_folder.JUDGE_QUALITY).read_text(encoding="utf-8"))
        return set(AT_HOST.findall(str(quality["judge"])))
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def is_model(named: str, asked: str) -> bool:
    """Whether a model is the one that was asked for: endpoints add a date, files a hash."""
    if asked.endswith(".gguf"):
        asked, more = asked.removesuffix(".gguf"), r"-[0-9a-f]{12}"
    else:
        more = r"-\d{4}-\d{2}-\d{2}"
    rest = named.removeprefix(asked) if named.startswith(asked) else None
    return rest is not None and (not rest or re.fullmatch(more, rest) is not None)
