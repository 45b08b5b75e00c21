"""A preset with a rule for scales is that preset with its own rule replaced by the other."""

from dataclasses import replace

import pytest

from bitpde.formats import (
    BINARY8P4SE,
    CAST_PRESETS,
    MXFP4_E2M1,
    NVFP4,
    SMX_INT8,
    Block,
    FormatError,
    ScaleRule,
)

POWERS = [rule for rule in ScaleRule if rule.gives_power_of_two]


@pytest.mark.parametrize("block", [MXFP4_E2M1, SMX_INT8], ids=["MXFP4_E2M1", "SMX_INT8"])
@pytest.mark.parametrize("name", sorted(set(CAST_PRESETS) - {"p3109_v4"}))
def test_every_other_policy_stays(name: str, block: Block) -> None:
    own = CAST_PRESETS[name](block)
    for rule in POWERS:
        cast = CAST_PRESETS[name](block, rule=rule)
        assert cast == replace(own, scaling=replace(own.scaling, rule=rule))


@pytest.mark.parametrize(
    ("name", "block", "rule"),
    [("p3109_v4", MXFP4_E2M1, ScaleRule.FLOOR), ("torchao", NVFP4, ScaleRule.RANGE)],
)
def test_a_rule_opens_the_blocks_that_a_presets_own_has_no_cast_to(
    name: str, block: Block, rule: ScaleRule
) -> None:
    with pytest.raises(FormatError):
        CAST_PRESETS[name](block)
    cast = CAST_PRESETS[name](block, rule=rule)
    assert (cast.format, cast.scaling.rule) == (block, rule)


@pytest.mark.parametrize("name", CAST_PRESETS)
def test_a_rule_for_a_format_without_scales_is_refused(name: str) -> None:
    for rule in ScaleRule:
        with pytest.raises(FormatError, match=r"is for blocks.*leave it out"):
            CAST_PRESETS[name](BINARY8P4SE, rule=rule)
