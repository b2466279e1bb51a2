import numpy as np

from core.scoring.override import decide
from core.types import JUDGE, MODEL, PERSON

P = np.float32([0.9, 0.1, 0.4, 0.6])
VERDICT = np.int8([2, 0, 1, 2])
LABEL = np.int8([0, 2, 1, -1])


def test_a_label_decides_and_nothing_else_changes():
    found = decide(P, VERDICT, LABEL, by_grades=False)
    np.testing.assert_array_equal(found.p_noisy, np.float32([0, 1, 0, 0.6]))
    assert found.verdict.tolist() == [0, 2, 1, 2]
    assert found.decided_by.tolist() == [PERSON, PERSON, PERSON, MODEL]
    assert (found.p_noisy.dtype, found.verdict.dtype) == (np.float32, np.int8)


def test_what_no_person_decided_is_the_judges_where_grades_rule():
    found = decide(P, VERDICT, LABEL, by_grades=True)
    assert found.decided_by.tolist() == [PERSON, PERSON, PERSON, JUDGE]
