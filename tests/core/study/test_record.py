from __future__ import annotations

import json

from core.study.record import recorded_data, write_settings
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


def test_what_is_noted_already_is_read_back_and_may_be_anything(tmp_path):
    assert recorded_data(tmp_path, "mine") == []
    own = StudyConfig(name="mine", blocks=(Block(data=("sample", "films")),))
    write_settings(tmp_path, own, {})
    assert recorded_data(tmp_path, "mine") == ["sample", "films"]
    for broken in ('{"plans": [], "variants": []}', '{"plans": {"mine": 3}}', "[", "3"):
        (tmp_path / "settings.json").write_text(broken)
        assert recorded_data(tmp_path, "mine") == []
        noted = json.loads(write_settings(tmp_path, own, {}).read_text())
        assert list(noted["plans"]) == ["mine"]
