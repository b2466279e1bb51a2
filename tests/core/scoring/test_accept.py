import numpy as np
import pytest
from pydantic import ValidationError

from core.config import RunConfig
from core.scoring.accept import accepted
from core.types import HIGH, LOW, MID

USER = np.int8([HIGH, HIGH, MID, MID, LOW, -1])
ITEM = np.int8([HIGH, MID, HIGH, MID, HIGH, -1])


def test_the_paper_accepts_high_and_high_alone():
    assert accepted(USER, ITEM).tolist() == [True, False, False, False, False, False]


def test_mid_is_enough_where_the_setting_says_so():
    assert accepted(USER, ITEM, "mid").tolist() == [True, True, True, True, False, False]


def test_another_grade_is_no_setting():
    with pytest.raises(ValidationError, match="accept"):
        RunConfig.model_validate({"refine": {"accept": "low"}})
    with pytest.raises(ValidationError, match="use_texts"):
        RunConfig.model_validate({"scoring": {"use_texts": False}})


def test_something_must_tell_interactions_apart():
    nothing = {"use_language": False, "use_behaviour": False}
    with pytest.raises(ValidationError, match="switch on"):
        RunConfig.model_validate({"scoring": nothing})  # grades of all pairs are language
    some = {"scoring": nothing, "judge": {"scope": "candidates"}}
    assert RunConfig.model_validate(some).scoring.use_grades
    with pytest.raises(ValidationError, match="switch on"):
        RunConfig.model_validate({**some, "scoring": nothing | {"use_grades": False}})
