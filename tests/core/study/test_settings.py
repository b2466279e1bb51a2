from __future__ import annotations

from itertools import chain

import pytest

from core import baselines
from core.errors import ConfigError
from core.method_names import OURS
from core.study import settings, variants
from core.study.jobs import all_cells, jobs_of
from core.study.names import FAMILIES, TUNING_SEED
from core.study.plans import Narrowed, narrow
from core.study.settings import FULL, QUICK, Block, Cell, Group
from core.study.variants import METHODS, VARIANTS, Variant, options_text


def test_every_method_is_a_variant_of_a_known_family_with_settings_that_fit():
    assert set(METHODS) <= set(VARIANTS)
    assert {one.family for one in VARIANTS.values()} <= set(FAMILIES)
    for variant in VARIANTS.values():
        config = variant.config({}, 3)
        assert (config.seed, config.method, config.projection.method) == (3, variant.method, "none")


def test_the_table_of_needs_is_that_of_the_methods():
    for method in baselines.METHODS.values():
        variant = VARIANTS[method.name]
        assert variant.needs_text == ("text" in method.needs)
        assert variant.ranks == (method.kind != "detector")


def test_options_come_before_what_makes_the_variant():
    config = VARIANTS["candidates-8"].config({"train.candidates": 4, "train.pool": 9}, 0)
    assert (config.train.candidates, config.train.pool) == (8, 9)


def test_unknown_settings_and_names_are_errors():
    with pytest.raises(ConfigError, match="nonsense"):
        VARIANTS["bpr"].config({"train.nonsense": 1}, 0)
    with pytest.raises(ConfigError, match="no variant 'x'"):
        Block(variants=("x",))


def test_an_unknown_variant_is_told_with_those_that_are_near_and_not_with_all():
    with pytest.raises(ConfigError) as caught:
        Block(variants=("t-cee",))
    said = str(caught.value)
    assert "Do you mean t-ce" in said
    assert "Methods are llmhni, bpr," in said
    assert "study --help" in said
    assert "caution-0.25" not in said


def test_the_most_telling_groups_come_first_and_tuning_before_its_methods():
    blocks = FULL.blocks
    assert (blocks[0].part, blocks[0].seeds) == ("tuning", (TUNING_SEED,))
    assert blocks[1].data == ("sample",)
    for name in ("sample", "ml-latest-small", "amazon-book"):
        parts = [block.part for block in blocks if name in block.data]
        assert parts[0] == "tuning"
    seeds = chain.from_iterable(block.seeds for block in blocks if block.part != "tuning")
    assert TUNING_SEED not in seeds


def test_a_cell_of_llmhni_brings_rows_of_single_signals_where_there_is_noise():
    cell = Cell(Group("methods", "sample", "position", 0.2, 1), OURS, '{"a":1}')
    names = [(key[5], key[6]) for key in cell.keys()]
    assert names[0] == (OURS, '{"a":1}')
    assert ("signal:loss", "{}") in names
    assert len(names) == 5
    assert len(Cell(Group("methods", "sample", "none", 0.0, 1), OURS).keys()) == 1
    schemes = Cell(Group("negatives", "sample", "position", 0.2, 1), "bpr").keys()
    assert [key[7] for key in schemes] == ["uniform", "dns", "srns", "pool", "llmhni", "fresh"]


def test_done_cells_are_skipped_and_a_half_made_group_is_left_with_the_others():
    block = Block(noise=("position",), seeds=(0, 1), variants=("bpr", "r-ce"))
    first, second = jobs_of(block, {}, set())
    done = {first.cells[0].keys()[0], *(key for cell in second.cells for key in cell.keys())}
    (left,) = jobs_of(block, {}, done)
    assert [cell.variant for cell in left.cells] == ["r-ce"]


def test_a_cell_of_llmhni_without_one_of_its_signals_is_not_done():
    block = Block(seeds=(0,), variants=(OURS,))
    ((cell,),) = [job.cells for job in jobs_of(block, {}, set())]
    assert list(jobs_of(block, {}, set(cell.keys()))) == []
    assert len(list(jobs_of(block, {}, set(cell.keys()[:-1])))) == 1


def test_chosen_options_are_used_by_the_method_and_what_is_made_of_it():
    text = options_text({"train.weight_decay": 1e-3})
    known = {("sample", "bpr"): text}
    cells = all_cells(narrow(QUICK, Narrowed(seeds=[0], noise=["uniform"])), known)
    chosen = {cell.variant for cell in cells if cell.options == text}
    assert chosen == {"bpr", "oracle"}


def test_shares_of_tuning_hold_every_candidate_once(monkeypatch):
    monkeypatch.setattr(variants, "grid_of", lambda _: ({}, {"train.epochs": 3}))
    monkeypatch.setattr("core.study.tuning.grid_of", variants.grid_of)
    block = Block(part="tuning", seeds=(TUNING_SEED,), variants=("bpr", "r-ce", "cleanlab"))
    first, second = jobs_of(block, {}, set(), n_shares=2)
    both = [(cell.variant, cell.options) for job in (first, second) for cell in job.cells]
    assert sorted(both) == sorted(
        (name, text) for name in ("bpr", "r-ce") for text in ("{}", '{"train.epochs":3}')
    )


def test_what_only_looks_is_never_tuned():
    assert isinstance(VARIANTS["text-only"], Variant)
    assert settings.RATE_NATURAL > 0
    assert not VARIANTS["text-only"].ranks
