"""No register of a network of integers leaves its width, whatever comes in; else export refuses."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_cases import case

from bitpde.emu import RequantizationRule
from bitpde.pde import RunError
from bitpde.pde.integers import IntegerNetwork, exported, lowering, registers
from bitpde.pde.integers.product_steps import Gain, Pairing, Product
from bitpde.pde.integers.registers import carrier, largest_sum, register_bits
from bitpde.pde.integers.rounding_steps import Rescale
from bitpde.pde.integers.step import Setting

Array = np.ndarray[Any, Any]


@given(seed=st.integers(0, 2**32), k=st.integers(1, 5), n=st.integers(1, 3), big=st.booleans())
@settings(max_examples=60)
def test_no_partial_sum_in_any_order_exceeds_the_bound(
    seed: int, k: int, n: int, big: bool
) -> None:
    rng = np.random.default_rng(seed)
    top = 2**15 if big else 2**7
    weights = rng.integers(-top + 1, top, (k, n))
    largest = int(rng.integers(1, top))
    bound = largest_sum(weights, largest)
    codes = rng.integers(-largest, largest + 1, k)
    for order in permutations(range(k)):
        sums = np.cumsum(codes[list(order), None] * weights[list(order)], axis=0)
        assert np.abs(sums).max() <= bound
    column = int(np.abs(weights).sum(axis=0).argmax())
    worst = largest * np.sign(weights[:, column])
    assert int((worst * weights[:, column]).sum()) == bound  # and it is reached


@given(bits=st.integers(1, 61), below=st.integers(0, 2))
def test_widths_and_carriers_have_room_for_their_bound(bits: int, below: int) -> None:
    bound = max(1, 2**bits - below)
    width = register_bits(bound, "a sum")
    assert bound < 2 ** (width - 1)
    kind = carrier(bound)
    if kind is not np.int64:
        numbers = [bound, bound - 1, -bound, 1 - bound]
        assert [int(kind(each)) for each in numbers] == numbers


def extremes(network: IntegerNetwork, shape: tuple[int, ...]) -> Array:
    """Return samples of least and of largest codes, and of both by turns."""
    low, high = network.input.lowest, network.input.highest
    rng = np.random.default_rng(0)
    mixed = rng.choice([low, high], size=(2, *shape))
    whole = [np.full((1, *shape), each) for each in (low, high, network.input.zeros[0])]
    return np.concatenate([*whole, mixed]).astype(network.input.dtype)


@pytest.mark.parametrize("name", ["fno plane", "unet line", "softmax line"])
def test_registers_of_the_worst_inputs_are_within_their_bounds(name: str) -> None:
    given_case = case(name, "w8a16")
    network = exported(*given_case)
    codes = extremes(network, given_case.inputs.shape[1:])
    setting = Setting(arrays=network.arrays, rule=network.rule, batch=len(codes))
    tensors: dict[str, Array] = {"input": codes}
    products = 0
    for step in network.steps:
        sources = [tensors[each] for each in step.sources]
        tensors[step.target] = made = step.run(sources, setting)
        if isinstance(step, Product | Pairing):
            products += 1
            assert np.abs(made).max() <= step.bound
            assert made.dtype == np.int64 or (made == np.rint(made)).all()
        if isinstance(step, Product):
            exact = sources[0].astype(object) @ network.arrays[f"{step.target}:weights"].astype(
                object
            )
            offsets = network.arrays.get(f"{step.target}:offsets", 0)
            assert (made.astype(np.int64) == exact + offsets).all()
        if isinstance(step, Rescale):
            for k, (source, term) in enumerate(zip(sources, step.terms, strict=True)):
                offsets = network.arrays[f"{step.target}:offsets {k}"]
                most = (int(np.abs(source).max()) << term.left) + int(np.abs(offsets).max())
                assert np.abs(source).max() <= term.bound
                assert most <= 2 ** (term.bits - 1) or term.bits == 64
                assert term.bound < 2**62
        if isinstance(step, Gain):
            assert np.abs(made).max() < 2**62
    assert products > 3


def test_a_planted_overflow_is_found() -> None:
    # Registers of 32 bits that are said to hold what they do not: the bits differ from the twin's.
    network = exported(*case("fno line", "w8a16"))
    sums = next(step for step in network.steps if isinstance(step, Product) and step.bound > 2**24)
    narrow = replace(sums, bound=2**24)
    setting = Setting(arrays=network.arrays, rule=network.rule, batch=1)
    rng = np.random.default_rng(0)
    weights = network.arrays[f"{sums.target}:weights"]
    x = rng.integers(-(2**15) + 1, 2**15, (*weights.shape[:-2], 64, weights.shape[-2]))
    assert (narrow.run([x], setting) != sums.run([x], setting)).any()


def test_a_network_whose_sums_could_wrap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="may reach 4611686018427387904, beyond registers of 64"):
        register_bits(2**62, "a sum")
    monkeypatch.setattr(registers, "LARGEST", {32: 2**10, 64: 2**12})
    with pytest.raises(RunError, match=r"sums 1 may reach \d+, beyond"):
        exported(*case("fno line", "w8a8"))
    assert lowering.register_bits is registers.register_bits


def test_both_rules_use_the_same_registers() -> None:
    given_case = case("unet line", "w4a8")
    double, single = (
        exported(*given_case, rule=rule)
        for rule in (RequantizationRule.DOUBLE, RequantizationRule.SINGLE)
    )
    assert double.steps == single.steps
    assert double.digest() != single.digest()
