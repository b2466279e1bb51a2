"""How tests read the tables of a judging."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.taste_grader import GRADES

VIEWS = ("user_grade", "item_grade")
N_USERS, N_ITEMS = 24, 32


def table(folder, name="judgements"):
    return pd.read_parquet(folder / f"{name}.parquet")


def by_pair(folder):
    """Grades as numbers by pair; a control may be the same pair as another one."""
    found = table(folder).drop_duplicates(["user_id", "item_id"]).set_index(["user_id", "item_id"])
    grades = found.sort_index()[list(VIEWS)]
    return grades if grades.dtypes.iloc[0] == np.int8 else grades.map(GRADES.index).astype(np.int8)


def numbers(frame):
    """Numbers of the items, of which tests know the grades."""
    return frame["item_id"].str[1:].astype(int)
