"""Text of others cannot steer the terminal, and progress is told once per stage."""

from __future__ import annotations

import io

from rich.console import Console

from app.commands.output import clean, line_per_stage, without_controls
from core.types import Progress


def printed(text):
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    console.print(f"<{clean(text)}[bold]>[/]", highlight=False)
    return console.file.getvalue()


def test_control_characters_and_reordering_are_taken_out():
    assert without_controls("a\x1b[31mb\x07c\u202ed\u2066e\x9bf\x00") == "a[31mbcdef"


def test_white_space_becomes_blanks():
    assert without_controls("a\nb\tc\rd\u2028e") == "a b c d e"


def test_letters_of_every_script_stay():
    assert without_controls("Amélie 千と千尋 नमस्ते 👍") == "Amélie 千と千尋 नमस्ते 👍"


def test_markup_is_shown_as_it_is():
    assert "[red]x[/red]" in printed("[red]x[/red]")


def test_a_backslash_at_the_end_does_not_break_the_markup_after_it():
    assert "[bold]" not in printed("odd\\")


def test_each_stage_is_told_once():
    lines = []
    show = line_per_stage(lines.append)
    for stage, fraction in (("judge", 0.0), ("judge", 0.5), ("train", 0.0)):
        show(Progress(stage, fraction))
    assert lines == ["judge ...", "train ..."]
