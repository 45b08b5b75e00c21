"""The cost of a network in closed form is what its tape does: each product, at its own widths.

The truth is read off the tape: every product of the forward pass, and for each operand the
quantizer that made it, looking through what only moves numbers.
"""

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from bitpde.emu import Node, Tape
from bitpde.pde import RunError
from bitpde.pde.operators import (
    FNO,
    Cost,
    Layer,
    OperatorNetwork,
    OperatorRun,
    Parameter,
    Resampled,
    Samples,
    Scaling,
    Scope,
    Site,
    Transformer,
    UNet,
    calibrated,
    cost,
    layer_work,
    network_work,
)
from bitpde.pde.qat import Plan, Ranges

NETWORKS: dict[str, OperatorNetwork] = {
    "fno": FNO(inputs=2, outputs=1, dimension=1, modes=(3,), width=4, blocks=2, hidden=5),
    "fno-plane": FNO(
        inputs=1, outputs=2, dimension=2, modes=(2, 3), width=3, blocks=2, hidden=4, padding=2
    ),
    "unet": UNet(inputs=1, outputs=1, dimension=1, width=4, levels=2, groups=2),
    "unet-plane": UNet(inputs=2, outputs=1, dimension=2, width=2, levels=1, groups=0),
    "galerkin": Transformer(inputs=1, outputs=1, dimension=1, width=4, blocks=2, heads=2),
    "fourier": Transformer(
        inputs=1, outputs=1, dimension=2, width=4, blocks=1, heads=2, attention="fourier"
    ),
    "softmax": Transformer(
        inputs=1, outputs=2, dimension=1, width=4, blocks=1, heads=2, attention="softmax"
    ),
    "resampled": Resampled.of(
        FNO(inputs=1, outputs=1, dimension=1, modes=(2,), width=4, blocks=1, hidden=5), 2
    ),
    "resampled-plane": Resampled.of(
        UNet(inputs=2, outputs=1, dimension=2, width=2, levels=1, groups=1), 2
    ),
}
QUICK: dict[str, Any] = dict.fromkeys(("weight_ranges", "activation_ranges"), Ranges(rule="minmax"))
PLANS: dict[str, Plan | None] = {
    "float": None,
    "w4a8": replace(Plan.named("w4a8"), **QUICK),
    "w8a32": replace(Plan.named("w8a32"), **QUICK),
    # a layer whose input another one asked for first, and all of one scale
    "wide": Plan(weight_bits=5, activation_bits=7, wide=("skip1", "up", "join0a"),
                 per_channel=False, per_mode=False, **QUICK),
}  # fmt: skip
MOVING = {"reshape", "transpose", "pad", "windows", "take", "join"}


def space_of(network: OperatorNetwork) -> tuple[int, ...]:
    return (16,) if network.dimension == 1 else (8, 8)


@cache
def recorded(name: str, plan_name: str) -> tuple[Tape, Node, Any]:
    """Return the tape of a forward pass of one sample, what went in, and the quantization."""
    network, plan = NETWORKS[name], PLANS[plan_name]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, *space_of(network), network.inputs))
    y = rng.standard_normal((1, *space_of(network), network.outputs))
    samples = Samples(inputs=x, targets=y)
    run = OperatorRun(network=network, scaling=Scaling.of(samples), data="none", plan=plan)
    arrays = network.initialize(run.stream("initialization"), np.float32)
    quantization = calibrated(run, arrays, samples)
    arrays |= quantization.arrays(np.float32)
    tape = Tape(run.datapath)
    nodes = {name: tape.parameter(array) for name, array in arrays.items()}
    field = tape.parameter(x)
    network.apply(nodes, field, quantization.numerics(nodes))
    return tape, field, quantization


def made(tape: Tape) -> dict[int, Any]:
    return {entry.result.index: entry for entry in tape.entries}


def width(entries: dict[int, Any], node: Node, otherwise: int) -> int:
    """Return the bits of the quantizer behind a node, or of a number that has none."""
    entry = entries.get(node.index)
    if entry is not None and entry.op == "learned_quantize":
        quantizers = [each for each in entry.saved if hasattr(each, "element")]
        return int(quantizers[0].element.bits)
    if entry is not None and (entry.op in MOVING or negated(entry)):
        return width(entries, entry.parents[0], otherwise)
    return otherwise


def negated(entry: Any) -> bool:
    return bool(entry.op == "scale" and entry.saved == -1)


def products(tape: Tape) -> list[tuple[int, Node, Node]]:
    pairs = [e.parents for e in tape.entries if e.op in ("matmul", "batched_matmul")]
    return [(math.prod(left.shape) * right.shape[-1], left, right) for left, right in pairs]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", NETWORKS)
def test_bit_operations_are_those_of_the_products_on_the_tape(name: str, plan: str) -> None:
    network = NETWORKS[name]
    tape, *_ = recorded(name, plan)
    entries, each = made(tape), products(tape)
    for bits in (16, 32):
        found = cost(network, PLANS[plan], space_of(network), float_bits=bits)
        assert found.macs == tape.ledger.macs == sum(macs for macs, *_ in each)
        widths = [(m, width(entries, a, bits), width(entries, b, bits)) for m, a, b in each]
        assert found.bops == sum(m * a * b for m, a, b in widths)
        rows = [(r.operations, r.left_bits, r.right_bits) for r in found.rows if r.product]
        assert rows == widths


@pytest.mark.parametrize("name", NETWORKS)
def test_the_vector_unit_writes_what_is_counted(name: str) -> None:
    network = NETWORKS[name]
    tape, *_ = recorded(name, "float")
    found = cost(network, None, space_of(network))
    kinds = {
        "sum": {"add"}, "function": {"gelu"},
        "normalization": {"group_norm", "layer_norm", "softmax"},
    }  # fmt: skip
    for kind, names in kinds.items():
        sizes = [e.result.value.size for e in tape.entries if e.op in names]
        assert sorted(r.operations for r in found.rows if r.kind == kind) == sorted(sizes)
    whole = found.bops + found.vector_bops
    assert found.vector_bops == sum(
        r.operations * (16 if r.kind == "sum" else 256) for r in found.rows if not r.product
    )
    assert sum(found.shares().values()) == pytest.approx(1, abs=1e-12)  # at most 9 roundings
    assert sum(found.by_kind().values()) == whole


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", NETWORKS)
def test_bytes_are_those_of_the_codes_and_their_scales(name: str, plan: str) -> None:
    network = NETWORKS[name]
    tape, field, quantization = recorded(name, plan)
    found = cost(network, PLANS[plan], space_of(network), float_bits=32)
    by_layer: dict[str, int] = {}
    for place, parameter in network.parameters().items():
        size, quantizer = math.prod(parameter.shape), quantization.quantizers.get(place)
        bits = 32 * size
        if quantizer is not None:
            bits = quantizer.element.bits * size + 32 * quantization.first[place][0].size
        layer = place.rpartition("/")[0]
        by_layer[layer] = by_layer.get(layer, 0) + bits
    assert dict(found.weights) == {layer: -(-bits // 8) for layer, bits in by_layer.items()}
    # the largest tensor that a product takes, before windows repeat its cells and borders
    entries = made(tape)
    nodes = [node for _, *pair in products(tape) for node in pair]
    read = [(behind(entries, node, field), width(entries, node, 32)) for node in nodes]
    sizes = [source.value.size * bits for source, bits in read if source is not None]
    assert found.largest_activation == -(-max(sizes) // 8)


def behind(entries: dict[int, Any], node: Node, field: Node) -> Node | None:
    """Return the tensor that was asked for, before windows; None for a parameter or a constant."""
    entry = entries.get(node.index)
    if entry is None:
        return field if node is field else None
    if entry.op in {"reshape", "transpose", "pad", "windows"}:
        return behind(entries, entry.parents[0], field)
    if entry.op == "learned_quantize":
        return node if behind(entries, entry.parents[0], field) is not None else None
    if entry.op == "join" or negated(entry):
        parents = [behind(entries, parent, field) for parent in entry.parents]
        return None if all(parent is None for parent in parents) else node
    return node


def test_a_fast_transform_is_most_of_a_narrow_network() -> None:
    # Sixteen modes and width 64 on 1024 cells: transforms of 8 fields of 64 channels with 1024
    # times 10 operations each; pointwise layers of 4 blocks, lift, widen and project; mixing.
    network = FNO(inputs=1, outputs=1, dimension=1, island=True)
    found = cost(network, Plan(weight_bits=4, activation_bits=4, wide=()), (1024,))
    kinds = found.by_kind()
    assert kinds["transform"] == 8 * 64 * 1024 * 10 * 256
    pointwise = 1024 * (4 * 64 * 64 + 2 * 64 + 64 * 128 + 128)
    assert kinds["pointwise"] == pointwise * 16
    assert kinds["mixing"] == 4 * 4 * 16 * 64 * 64 * 16
    assert 0.75 < kinds["transform"] / found.bops < 0.85
    assert 0.03 < 4 * 4 * 16 * 64 * 64 / (found.macs - 8 * 64 * 1024 * 10) < 0.05


def test_a_fast_transform_of_a_plane_transforms_the_columns_it_keeps() -> None:
    network = FNO(
        inputs=1, outputs=1, dimension=2, modes=(2, 3), width=5, blocks=1, hidden=4, island=True
    )
    rows = [r for r in cost(network, None, (8, 16)).rows if r.kind == "transform"]
    assert [r.operations for r in rows] == [
        8 * 16 * 4 * 5, 2 * 8 * 3 * 3 * 5, 2 * 8 * 3 * 3 * 5, 8 * 16 * 4 * 5
    ]  # fmt: skip


def test_w8a32_costs_what_the_convention_says() -> None:
    network = NETWORKS["unet"]
    plan = Plan(weight_bits=8, activation_bits=32, wide=())

    def bops(plan: Plan | None, bits: int) -> int:
        return cost(network, plan, (16,), float_bits=bits).bops

    assert bops(plan, 16) == bops(Plan(weight_bits=8, activation_bits=16, wide=()), 16)
    assert bops(plan, 32) == bops(None, 16)
    w4a4 = Plan(weight_bits=4, activation_bits=4, wide=())
    assert (bops(None, 16) / bops(w4a4, 16), bops(None, 32) / bops(w4a4, 32)) == (16, 64)


def test_transforms_may_have_a_width_of_their_own() -> None:
    network, plan = NETWORKS["fno-plane"], Plan.named("w4a4")
    wide, narrow = (
        [r for r in cost(network, plan, (8, 8), transform_bits=b).rows if r.kind == "transform"]
        for b in (None, 12)
    )
    assert [(r.left_bits, r.right_bits) for r in wide[:2]] == [(4, 16), (16, 16)]
    assert [(r.left_bits, r.right_bits) for r in narrow[:2]] == [(4, 12), (12, 12)]


def test_a_cost_prints_and_survives_json() -> None:
    found = cost(NETWORKS["resampled"], Plan.named("w4a8"), (16,))
    text = found.table()
    for part in ("| spectral1 | ", "8x4", "16x16", "(between)", "transform", "largest activation"):
        assert part in text
    assert f"| all | {found.macs:,} | | {found.bops + found.vector_bops:,} |" in text
    assert sum(size for _, size in found.weights) == found.weight_bytes
    assert Cost.to_json(found)["weights"][0] == ["down", found.weights[0][1]]


class Doubling(Layer):
    """A layer of one's own."""

    def parameters(self) -> dict[str, Parameter]:
        return {}

    def apply(self, scope: Scope, x: Node) -> Node:
        return x


def test_what_has_no_closed_form_is_refused() -> None:
    with pytest.raises(RunError, match="layer own of kind Doubling has no closed form"):
        layer_work(Doubling(), Site(name="own", space=(8,)))
    with pytest.raises(RunError, match=r"a grid of \(8,\) cells has no closed form"):
        network_work(Doubling(), (8,))  # type: ignore[arg-type]
    with pytest.raises(RunError, match="too coarse"):
        cost(NETWORKS["fno"], None, (4,))
    with pytest.raises(RunError, match="float_bits is 1"):
        cost(NETWORKS["fno"], None, (16,), float_bits=1)
