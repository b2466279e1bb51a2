from __future__ import annotations

import json

from core.study.record import write_settings
from core.study.settings import QUICK, Block, StudyConfig

OWN = StudyConfig(name="mine", blocks=(Block(variants=("no-judge",)),))


def test_plans_of_earlier_calls_are_kept_and_the_latest_stands_last(tmp_path):
    for plan in (QUICK, OWN, QUICK):
        path = write_settings(tmp_path, plan, {("sample", "bpr"): '{"train.fresh":2}'})
    noted = json.loads(path.read_text())
    assert list(noted["plans"]) == ["mine", "quick"]
    assert StudyConfig.model_validate(noted["plans"]["quick"]) == QUICK
    assert noted["variants"]["no-judge"]["method"] == "llmhni"
    assert noted["choices"] == {"sample": {"bpr": {"train.fresh": 2}}}
