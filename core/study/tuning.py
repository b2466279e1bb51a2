"""Choice of options: for every method and dataset the candidate that ranks best on validation.

Test is not part of the datasets that candidates are run on. Loads no PyTorch, but for the table of
candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

import pandas as pd

from core.study.rows import Key
from core.study.variants import VARIANTS, grid_of, options_text

Choices: TypeAlias = Mapping[tuple[str, str], str]
"""From dataset and method to the chosen options, as text."""
CHOSEN_BY = "valid_ndcg20"
"""Column by which the choice is made."""


def choices(rows: pd.DataFrame, failed: Collection[Key] = ()) -> dict[tuple[str, str], str]:
    """The chosen options of every method and dataset whose candidates all have been run.

    Args:
        rows: Of the study; only those of the part ``tuning`` are looked at.
        failed: Keys of cells that ended with an error; they are not waited for.

    Returns:
        By dataset and method. Of equal candidates the one that stands first in the grid.
    """
    found = {}
    given_up = {(key[1], key[5], key[6]) for key in failed if key[0] == "tuning"}
    for (data, method), group in rows[rows["part"] == "tuning"].groupby(["data", "variant"]):
        values = group.groupby("options")[CHOSEN_BY].mean().dropna().to_dict()
        grid = [options_text(options) for options in grid_of(str(method))]
        known = [text for text in grid if text in values]
        waited_for = [text for text in grid if (data, method, text) not in given_up]
        if known and set(known) >= set(waited_for):
            found[str(data), str(method)] = max(known, key=lambda text: values[text])
    return found


def chosen(data: str, variant: str, known: Choices) -> str:
    """Options of a variant on a dataset: those chosen for its method, else the published ones."""
    return known.get((data, VARIANTS[variant].method), "{}")


def candidates(method: str) -> tuple[str, ...]:
    """Options that are tried; none where a method has nothing to choose from."""
    grid = grid_of(method)
    return tuple(options_text(options) for options in grid) if len(grid) > 1 else ()
