"""Reasons of a model as people read them: places become titles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.judge.llm.reply import TargetGrade
from core.judge.llm.untrusted import bounded, first_words

TITLE_WORDS, TITLE_LETTERS = 7, 60
"""Longer titles are cut."""
UNCITED = "(Rests on nothing that was shown.)"
"""Ends a reason whose citation is missing or names what was not shown; the grade stands."""


def rendered(grade: TargetGrade, place: int, n_targets: int, titles: Sequence[str]) -> str:
    """Write out a reason: ``H2`` is a title for people, ``T3`` this item or another one.

    Args:
        grade: Reason and citation.
        place: Of the target in its call, from 1.
        n_targets: Of the call.
        titles: Of the history, H1 and on; not read where the profile is cited.
    """

    def target(match: re.Match[str]) -> str:
        number = int(match[1])
        return (
            match[0] if number > n_targets else ("this" if number == place else "another") + " item"
        )

    by_profile = "P" in grade.cites
    names = {} if by_profile else {f"H{k}": _name(t) for k, t in enumerate(titles, start=1)}
    text = re.sub(r"\bT([1-9][0-9]?)\b", target, grade.reason)
    unnamed = [names[cite] for cite in grade.cites if cite in names and cite not in grade.reason]
    if any(cite in names for cite in grade.cites):
        text = re.sub(r"\bH[1-9][0-9]{0,2}\b", lambda match: names.get(match[0], match[0]), text)
    text = text[:1].upper() + text[1:]
    if not grade.cites:
        return f"{text} {UNCITED}".lstrip()
    return f"{text} (Rests on {', '.join(unnamed)}.)".lstrip() if unnamed else text


def _name(title: str) -> str:
    return f"'{first_words(bounded(title, TITLE_LETTERS), TITLE_WORDS) or 'an item without title'}'"
