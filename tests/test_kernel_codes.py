"""The integers by which kernels know a rounding are the positions in the enum."""

import pytest

from bitpde.formats import Rounding, scalar_kernels


@pytest.mark.parametrize("member", Rounding, ids=str)
def test_the_constant_of_that_name_is_the_position(member: Rounding) -> None:
    assert getattr(scalar_kernels, member.name) == member.code
    assert list(Rounding)[member.code] is member
