from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.study.jobs import all_cells
from core.study.names import TUNING_SEED
from core.study.plans import Narrowed, narrow, read_plan, with_own_data
from core.study.settings import FULL, PLANS, QUICK, Block, StudyConfig

PAGE = Path(__file__).parents[3] / "docs" / "measuring.md"


def why_not(wanted: Narrowed, plan: StudyConfig = FULL) -> str:
    with pytest.raises(ConfigError) as caught:
        narrow(plan, wanted)
    return str(caught.value)


def why_no_plan(folder: Path, values: object) -> str:
    path = folder / "plan.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError) as caught:
        read_plan(str(path))
    return str(caught.value)


def test_a_plan_that_is_not_known_is_told_with_those_that_are():
    with pytest.raises(ConfigError, match=r"no plan 'slow'.*quick, full, and FILE"):
        read_plan("slow")


def test_a_plan_of_ones_own_is_read_and_its_names_are_checked(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"blocks": [{"noise": ["uniform"], "variants": ["bpr"]}]}))
    assert [cell.variant for cell in all_cells(read_plan(str(path)), {})] == ["bpr"] * 5
    assert "unknown noise 'loud'" in why_no_plan(tmp_path, {"blocks": [{"noise": ["loud"]}]})
    assert "mean bpr" in why_no_plan(tmp_path, {"blocks": [{"variants": ["bprr"]}]})


def test_the_plan_of_the_page_on_measuring_can_be_run(tmp_path):
    """And the page names every key that there is."""
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "mine.json"
    path.write_text(example)
    plan = read_plan(str(path))
    assert plan.name not in PLANS
    cells = all_cells(plan, {})
    assert {cell.group.part for cell in cells} == {"tuning", "methods"}
    assert {cell.group.seed for cell in cells if cell.group.part == "tuning"} == {TUNING_SEED}
    for name in (*Block.model_fields, *StudyConfig.model_fields):
        assert f"`{name}`" in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], "the plan has to be an object"),
        ({"name": "x"}, "the plan has no key 'blocks'"),
        ({"blocks": {}}, "'blocks' of the plan has to be a list"),
        ({"plan": 1, "blocks": []}, "the plan has an unknown key 'plan'; known are name, blocks"),
        ({"blocks": [{}, 3]}, "block 2 has to be an object"),
        (
            {"blocks": [{"noize": ["uniform"]}]},
            "block 1 has an unknown key 'noize' (do you mean 'noise'?); known are part, data, "
            "noise, rates, seeds, variants.",
        ),
        ({"blocks": [{"seeds": 0}]}, "'seeds' of block 1 has to be a list"),
        ({"blocks": [{"seeds": [-1]}]}, "block 1: seeds are whole numbers"),
        ({"blocks": [{"rates": [2]}]}, "block 1: rates are shares, 0 to below 1; 2 is none"),
        ({"blocks": [{"part": "method"}]}, "'part' of block 1 cannot be 'method'"),
        ({"name": "full", "blocks": [{}]}, "named full, as a known one"),
    ],
)
def test_what_does_not_fit_in_a_plan_is_told_with_its_place_and_what_is_known(
    tmp_path, values, said
):
    told = why_no_plan(tmp_path, values)
    assert said in told
    assert "pydantic" not in told
    assert "\n" not in told


def test_narrowing_replaces_seeds_but_never_that_of_tuning():
    found = narrow(FULL, Narrowed(seeds=[7], data=["sample"], variants=["bpr"]))
    seeds = {(block.part == "tuning", block.seeds) for block in found.blocks}
    assert seeds == {(True, (TUNING_SEED,)), (False, (7,))}


def test_a_dataset_of_the_workspace_gets_the_blocks_of_the_sample():
    found = narrow(QUICK, Narrowed(data=["mine"]))
    assert [block.data for block in found.blocks] == [("mine",)]
    assert found.blocks[0].noise == QUICK.blocks[0].noise
    assert with_own_data(QUICK, ["mine"]).blocks == (*QUICK.blocks, *found.blocks)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Narrowed(seeds=[-1]), "--seeds -1"),
        (Narrowed(parts=["tuning"], seeds=[2**32]), "Seeds are whole numbers"),
        (Narrowed(rates=[2.0]), "no rate '2'. It has: 0, 0.1, 0.16, 0.2, 0.3, 0.4."),
        (Narrowed(rates=[0.2, 0.25]), "no rate '0.25'"),
        (Narrowed(variants=["x"]), "no variant 'x'"),
        (Narrowed(parts=["x"]), "no part 'x'. Known are: methods,"),
        (Narrowed(noise=["x"]), "no noise 'x'. Known are: none,"),
    ],
)
def test_what_a_plan_does_not_have_is_refused_and_told_with_what_it_has(wanted, said):
    assert said in why_not(wanted)


def test_a_variant_that_another_plan_has_is_told_with_that_plan():
    said = why_not(Narrowed(variants=["bod"]), QUICK)
    assert "The plan quick has no variant 'bod'. It is in --plan full." in said


def test_what_only_another_plan_has_is_told_with_that_plan():
    said = why_not(Narrowed(variants=["bpr", "bod"]), QUICK)
    assert "plan quick has no variant 'bod'. It is in --plan full." in said
    said = why_not(Narrowed(noise=["natural"]), QUICK)
    assert "It has: co-click, position, uniform. A plan of your own" in said


def test_a_choice_that_fits_no_cell_is_told_with_what_there_is_of_its_dataset():
    said = why_not(Narrowed(noise=["natural"], data=["sample"]))
    assert "methods on sample: position at 0.1 0.2 0.3 0.4, uniform at" in said
    assert "ml-latest-small" not in said
    assert "--plan FILE.json" in said


def test_tuning_is_left_out_where_nothing_would_use_what_it_chooses():
    found = narrow(FULL, Narrowed(noise=["natural"])).blocks
    assert [(block.part, block.data) for block in found] == [
        ("tuning", ("ml-latest-small",)),
        ("methods", ("ml-latest-small",)),
    ]
    found = narrow(FULL, Narrowed(noise=["mixed"])).blocks  # ablations have defaults
    assert [block.part for block in found] == ["ablations"]
    found = narrow(FULL, Narrowed(parts=["tuning"])).blocks
    assert [block.data for block in found] == [
        ("sample",),
        ("ml-latest-small",),
        ("amazon-book",),
    ]


def test_negatives_are_of_the_plain_backbone_and_left_out_where_others_are_asked_for():
    parts = {
        name: {block.part for block in narrow(FULL, Narrowed(variants=[name])).blocks}
        for name in ("bpr", "dcf")
    }
    assert parts["bpr"] - parts["dcf"] == {"negatives", "ablations"}


def test_no_noise_is_at_rate_0_whatever_its_block_says():
    plan = StudyConfig(name="own", blocks=(Block(noise=("none", "position"), rates=(0.2,)),))
    (clean,) = narrow(plan, Narrowed(rates=[0.0])).blocks
    assert clean.noise == ("none",)
    (noisy,) = narrow(plan, Narrowed(rates=[0.2])).blocks
    assert noisy.noise == ("position",)


def test_a_plan_of_other_data_says_which_it_has():
    plan = StudyConfig(name="own", blocks=(Block(part="ablations", variants=("llmhni",)),))
    assert "It has data sample." in why_not(Narrowed(data=["foo"]), plan)
