"""The integers by which kernels know a rounding or a policy are the positions in the enums."""

import pytest

from bitpde.formats import Overflow, Rounding, scalar_kernels


@pytest.mark.parametrize("member", [*Rounding, *Overflow], ids=str)
def test_the_constant_of_that_name_is_the_position(member: Rounding | Overflow) -> None:
    assert getattr(scalar_kernels, member.name) == member.code
    assert list(type(member))[member.code] is member
