"""The casts that tests draw for each format are, over the formats of one kind, all casts."""

import pytest
from format_cases import ALL, Kind, all_casts, few_casts, kinds

from bitpde.formats import Cast


def policies(cast: Cast) -> tuple[object, ...]:
    return cast.rounding, cast.overflow, cast.random_bits


@pytest.mark.parametrize("kind", kinds(), ids=str)
def test_every_cast_is_drawn_for_some_format_of_its_kind(kind: Kind) -> None:
    names = kinds()[kind]
    drawn = {policies(cast) for name in names for cast in few_casts(name)}
    for name in names:
        assert {policies(cast) for cast in all_casts(name)} == drawn


def test_every_format_has_a_kind_and_casts_of_its_own() -> None:
    assert sorted(name for names in kinds().values() for name in names) == sorted(ALL)
    for name, format in ALL.items():
        assert few_casts(name)
        assert all(cast.format == format for cast in few_casts(name))
