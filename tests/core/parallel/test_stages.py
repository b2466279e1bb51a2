import numpy as np
import pytest

from core.parallel.group import Group, working_in
from core.parallel.stages import FollowingStages, LeadingStages, make_stages
from core.stages import Stages


class Recorded(Group):
    """Two processes in one: what process 0 says is heard later."""

    def __init__(self):
        super().__init__(0, 2)
        self.said = []

    def tell(self, arrays=None):
        if arrays is None:
            return self.said.pop(0)
        self.said.append({key: np.asarray(value) for key, value in arrays.items()})
        return self.said[-1]


@pytest.fixture
def group():
    return Recorded()


def leading(folder, group):
    with working_in(group):
        stages = make_stages(folder, folder / "cache", {}, lambda _: None)
    assert isinstance(stages, LeadingStages)
    return stages


def test_one_process_has_the_usual_stages(tmp_path):
    assert type(make_stages(tmp_path, tmp_path, {}, lambda _: None)) is Stages


def test_a_training_is_done_by_all_before_process_0_begins_with_it(tmp_path, group):
    heard = []

    def train():
        heard.append([bool(one["_together"]) for one in group.said])
        return {"best_epoch": 4, "recorded": np.zeros(9)}

    leading(tmp_path, group).run("pretrain", train)
    assert heard == [[True]]
    done = []
    found = FollowingStages(group).join("pretrain", lambda: done.append(1))
    assert done == [1]
    assert {name: int(value) for name, value in found.items()} == {"best_epoch": 4}
    assert not group.said


def test_a_training_that_was_kept_is_not_done_again_by_anybody(tmp_path, group):
    leading(tmp_path, group).run("train", lambda: {"user": np.ones(2)})
    group.said.clear()
    leading(tmp_path, group).run("train", lambda: pytest.fail("it was kept"))
    FollowingStages(group).join("train", lambda: pytest.fail("it was kept"))
    assert not group.said


def test_of_other_stages_the_others_hear_what_they_need_and_no_more(tmp_path, group):
    stages = leading(tmp_path, group)
    stages.run("texts", lambda: {"user": np.ones(2)})
    assert not group.said

    def score():
        stages.keep("signals", lambda: {"p": np.zeros(1)})
        stages.keep("judge", lambda: {"p": np.zeros(1)})  # a part of a stage is nobody's business
        return {"p_noisy": np.ones(3), "verdict": np.ones(3)}

    stages.run("score", score)
    found = FollowingStages(group).hear("score")
    assert {name: value.tolist() for name, value in found.items()} == {"p_noisy": [1, 1, 1]}
    assert not group.said


def test_processes_that_are_at_different_stages_stop(tmp_path, group):
    leading(tmp_path, group).run("score", lambda: {"p_noisy": np.ones(3)})
    with pytest.raises(RuntimeError, match="process 0 is at score, this one at judge"):
        FollowingStages(group).hear("judge")
