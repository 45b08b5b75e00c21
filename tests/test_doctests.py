"""Every example in a docstring runs and says what it prints.

The modules are imported by name.  Collecting them by path would import second copies.
"""

import doctest
import importlib
import pkgutil

import pytest

import bitpde

MODULES = ["bitpde", *(found.name for found in pkgutil.walk_packages(bitpde.__path__, "bitpde."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_no_example_is_skipped(name: str) -> None:
    found = doctest.DocTestFinder().find(importlib.import_module(name))
    skipped = [
        f"{test.name}: {example.source}"
        for test in found
        for example in test.examples
        if example.options.get(doctest.SKIP)
    ]
    assert skipped == []
