"""Texts of catalogues and users on their way into a prompt: data, never instructions.

A prompt marks its parts by tags such as ``<T1>``. No text may forge one, nor the special tokens of
chat templates (``<|im_end|>``, ``[INST]``), which some servers read even inside a message: brackets
of every kind become round ones. Invisible letters can hide orders from people, so they go too.
"""

from __future__ import annotations

import re
import unicodedata

SCANNED = 32
"""At most this many letters are read per letter that is kept: long texts cost no time."""
MOST_MARKS = 2
"""Combining marks kept in a row; piled-up marks cover what stands around them."""

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("<[{＜［｛〈⟨‹❮﹤【〔≪", "("),
        **dict.fromkeys(">]}＞］｝〉⟩›❯﹥】〕≫", ")"),
        **dict.fromkeys('"`“”„‟＂', "'"),
        "\\": "/",
        "：": ":",
    }
)
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u00ad")
"""Letters by category that show nothing."""
_HEADING = re.compile(r"(?<!\w)([TH]) ?([0-9]{1,3})(?=\s*[:=)|])", re.IGNORECASE)
_WORD_END = "…"


def bounded(text: str, n_letters: int) -> str:
    """One line of at most ``n_letters`` that no reader takes for a part of the prompt.

    Control, format (bidi, zero-width, tag), surrogate, private and unassigned characters are
    removed, whitespace is joined, brackets become round, double quotes single. What looks like the
    heading of a target or history item (``T2:``) is spaced out (``T-2:``).

    Args:
        text: Anything; of long texts the first part is read.
        n_letters: Longest result, the mark of a cut included.
    """
    line = " ".join("".join(_visible(text[: SCANNED * n_letters])).split())
    line = _HEADING.sub(r"\1-\2", line.translate(_PLAIN))
    line = line.replace("(|", "(").replace("|)", ")")
    if len(line) <= n_letters:
        return line
    return line[: max(n_letters - 1, 0)].rstrip() + _WORD_END


def _visible(text: str) -> str | list[str]:
    """The letters that show, whitespace for those that part words."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for letter in text:
        category = unicodedata.category(letter)
        marks = marks + 1 if category.startswith("M") else 0
        if category == "Cc" or category.startswith("Z") or letter in _BLANK:
            kept.append(" ")
        elif category.startswith("C") or marks > MOST_MARKS or _selects_variant(letter):
            continue
        else:
            kept.append(letter)
    return kept


def _selects_variant(letter: str) -> bool:
    """Variation selectors: invisible, and enough of them to spell a hidden message."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def first_words(text: str, n_words: int) -> str:
    """The first words of a text."""
    words = text.split()
    return text if len(words) <= n_words else " ".join(words[: n_words - 1]) + " " + _WORD_END
