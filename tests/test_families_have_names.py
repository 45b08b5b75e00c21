"""Every family in the catalogue is a value, found again by its JSON, with one set of parameters."""

import json

import pytest

from bitpde.pde.data import FAMILIES, family_from_json, family_named


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_its_json(name: str) -> None:
    family = family_named(name)
    assert family_from_json(json.loads(json.dumps(family.to_json()))) == family


def test_no_two_names_are_one_family() -> None:
    assert len(set(FAMILIES.values())) == len(FAMILIES)


@pytest.mark.parametrize("name", [n for n in FAMILIES if n.startswith("burgers")])
def test_every_initial_value_has_the_same_parameters(name: str) -> None:
    initial = FAMILIES[name].initial  # type: ignore[attr-defined]
    assert len({tuple(initial.draw(0, k).parameters) for k in range(30)}) == 1
