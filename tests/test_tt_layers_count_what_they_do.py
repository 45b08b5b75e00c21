"""The cost of a plan, in closed form, is what the ledger and the tape count; rows merge nothing.

Products with rows go through the machine, and each of their operands is coded once forwards; in the
backward pass only gradients are.
"""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tt_cases import layers, normal_of, plans_of

from bitpde.emu import Ledger, Node, Tape, preset
from bitpde.emu.tape import products
from bitpde.formats import SMX_INT8, SMX_INT12, Cast
from bitpde.tt import (
    TensorTrainError,
    TTForm,
    TTLayer,
    TTPlan,
    cheapest,
    contraction_cost,
)

BATCHES = st.integers(1, 9)


class Pass:
    """A layer on rows, forwards and backwards, and what was coded and merged meanwhile."""

    def __init__(self, layer: TTLayer, batch: int, rows_differ: bool = True) -> None:
        self.tape = tape = Tape(preset("smx8"))
        cores = [tape.parameter(core) for core in layer.initialize(normal_of(0), 1.0)]
        x = np.random.default_rng(1).standard_normal((batch, layer.shape[0]))
        rows = tape.parameter(x) if rows_differ else tape.constant(x)
        self.coded: list[tuple[tuple[int, ...], Any]] = []
        self.merged: list[tuple[int, int, int]] = []
        encode, multiply = Cast.encode_counted, products.ordered_product

        def spy_encode(cast: Cast, x: Any, *others: Any) -> Any:
            self.coded.append((x.shape, cast.format))
            return encode(cast, x, *others)

        def spy_multiply(a: Any, b: Any) -> Any:
            self.merged.append((*a.shape, b.shape[1]))
            return multiply(a, b)

        with patch.object(Cast, "encode_counted", spy_encode):
            with patch.object(products, "ordered_product", spy_multiply):
                result = layer.apply(cores, rows)
            self.forward = self.ledger("matmul")
            self.peak = max(n.value.size for n in self.made(rows, *cores))
            self.products = sum(entry.op == "matmul" for entry in tape.entries)
            tape.pullback(result, np.ones(result.shape), [rows, *cores])
        self.backward = self.ledger("matmul adjoint")

    def ledger(self, name: str) -> Ledger:
        return self.tape.ledgers[name]

    def made(self, *leaves: Node) -> list[Node]:
        return [*leaves, *(entry.result for entry in self.tape.entries)]


@given(layer=layers(), batch=BATCHES)
@settings(max_examples=40)
def test_the_formulas_are_the_counts(layer: TTLayer, batch: int) -> None:
    for each in plans_of(layer):
        done, cost = Pass(each, batch), contraction_cost(each, batch)
        assert done.forward.macs == cost.macs
        assert done.forward.quantizations == cost.quantizations
        assert sum(m * k * n for m, k, n in done.merged) == cost.merging_macs
        assert done.products - 1 == cost.intermediates
        assert done.peak == cost.peak_elements
        assert done.backward.macs == 2 * cost.macs


@given(layer=layers(), batches=st.tuples(BATCHES, BATCHES))
@settings(max_examples=10)
def test_merging_does_not_depend_on_the_rows(layer: TTLayer, batches: tuple[int, int]) -> None:
    for each in plans_of(layer):
        one, other = (Pass(each, batch).merged for batch in batches)
        assert one == other


@pytest.mark.parametrize("plan", TTPlan)
def test_several_signals_share_what_was_merged(plan: TTPlan) -> None:
    layer = TTLayer(inputs=(2, 3), outputs=(3, 2), ranks=(1, 2, 3, 2, 1), plan=plan)
    tape = Tape(preset("exact"))
    cores = [tape.parameter(core) for core in layer.initialize(normal_of(0), 1.0)]
    signals = [tape.constant(np.full((2, 6), k + 1.0)) for k in range(3)]
    weights = layer.weights(cores)
    before = len(tape.entries)
    shared = [layer.multiply(weights, rows).value for rows in signals]
    assert all(entry.op != "vector_matmul" for entry in tape.entries[before:])
    apart = [layer.apply(cores, rows).value for rows in signals]
    assert all(np.array_equal(one, other) for one, other in zip(shared, apart, strict=True))


def test_halves_are_coded_once_each_and_gradients_as_they_come() -> None:
    layer = TTLayer(inputs=(4, 6), outputs=(5, 4), ranks=(1, 3, 7, 2, 1))
    b, (m, n), r = 9, layer.shape, 7
    done = Pass(layer, b, rows_differ=False)
    # X, L, T = X L and R; then dY, dR, dT and dL.  dX = dT L^T is not asked for.
    assert done.coded == [
        ((b, m), SMX_INT8), ((m, r), SMX_INT8), ((b, r), SMX_INT8), ((r, n), SMX_INT8),
        ((b, n), SMX_INT12), ((r, n), SMX_INT12), ((b, r), SMX_INT12), ((m, r), SMX_INT12),
    ]  # fmt: skip
    assert done.forward.macs_by_width == {"8x8": b * m * r + b * r * n}
    widths = {"12x8": b * r * n, "8x12": b * m * r + b * r * n}
    assert done.backward.macs_by_width == widths


@pytest.mark.parametrize(
    ("plan", "count"), [(TTPlan.SEQUENTIAL, 8), (TTPlan.HALF_MERGED, 2), (TTPlan.FULL, 1)]
)
def test_each_product_codes_two_operands(plan: TTPlan, count: int) -> None:
    layer = TTLayer(
        inputs=(2, 2, 2, 3), outputs=(3, 2, 2, 2), ranks=(1, 2, 3, 4, 4, 4, 3, 2, 1), plan=plan
    )
    done = Pass(layer, 5)
    forward = [shape for shape, format in done.coded if format == SMX_INT8]
    assert len(forward) == 2 * count
    assert contraction_cost(layer, 5).intermediates == count - 1


@given(layer=layers(longest=2, widest=4), batch=BATCHES)
@settings(max_examples=30)
def test_the_cheapest_plan_does_the_fewest_operations(layer: TTLayer, batch: int) -> None:
    done = {each.plan: Pass(each, batch) for each in plans_of(layer)}
    counts = {
        plan: (each.forward.macs + sum(m * k * n for m, k, n in each.merged), each.products)
        for plan, each in done.items()
    }
    assert counts[cheapest(layer, batch)] == min(counts.values())


@pytest.mark.parametrize(
    ("sides", "rank", "parameters", "ratio"),
    [
        ((4, 4, 4, 4), 4, 640, 0.625),
        ((4, 4, 4, 4), 8, 2304, 2.25),
        ((4, 4, 4, 4), 16, 8704, 8.5),
        ((16, 16), 8, 4096, 1.0),
        ((8, 4, 8), 8, 2048, 1.5),
    ],
)
def test_known_layers_of_256_by_256_cost_what_is_known(
    sides: tuple[int, ...], rank: int, parameters: int, ratio: float
) -> None:
    # The parameters are sums of r m n r' by hand; the ratio of sequential to dense operations is
    # sum r_{k-1} r_k m_k n_k prod_{l<k} n_l prod_{l>k} m_l / 256^2, which for equal sides n is
    # (sum r_{k-1} r_k) n / 256: (2 4 + 2 16) 4 / 256 = 0.625, and so on; and for the last one
    # (8 64 32 + 64 16 64 + 8 64 32) / 65536 = 1.5.
    ranks = (1, *[rank] * (len(sides) - 1), 1)
    layer = TTLayer(
        inputs=sides, outputs=sides, ranks=ranks, form=TTForm.TTM, plan=TTPlan.SEQUENTIAL
    )
    assert layer.parameter_count == parameters
    assert contraction_cost(layer, 100).macs == ratio * 100 * 256 * 256
    full = contraction_cost(replace(layer, plan=TTPlan.FULL), 100)
    assert full.macs == 100 * 256 * 256


def test_many_rows_are_worth_merging_for() -> None:
    # One row: 16 16 8 + 8 16 8 + 8 16 8 + 16 8 16 = 6144 operations core by core, but 4096 in
    # halves and 2 16 8 16 8 = 32768 to make these: 2048 B = 32768 from 16 rows on.
    single = TTLayer(inputs=(16, 16), outputs=(16, 16), ranks=(1, 8, 8, 8, 1))
    assert [cheapest(single, b) for b in (15, 16, 10**6)] == [
        TTPlan.SEQUENTIAL, TTPlan.HALF_MERGED, TTPlan.HALF_MERGED
    ]  # fmt: skip
    # Halves of paired cores take 16 16 256 + 16 256 16 per row, twice the 256 256 of the whole
    # matrix, which takes 256 16 256 to make from them: 65536 B = 1048576 from 16 rows on.
    ranks, sides = (1, 16, 16, 16, 1), (4, 4, 4, 4)
    paired = TTLayer(inputs=sides, outputs=sides, ranks=ranks, form=TTForm.TTM)
    assert [cheapest(paired, b) for b in (15, 16)] == [TTPlan.HALF_MERGED, TTPlan.FULL]


@pytest.mark.parametrize("batch", [0, -1, 1.0, True])
def test_a_number_of_rows_is_a_positive_integer(batch: Any) -> None:
    layer = TTLayer(inputs=(2,), outputs=(2,), ranks=(1, 1, 1))
    for formula in (contraction_cost, cheapest):
        with pytest.raises(TensorTrainError, match="the number of rows is"):
            formula(layer, batch)
