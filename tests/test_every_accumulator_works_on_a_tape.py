"""A tape's products, forwards and backwards, are `dot` of the stored codes, in any accumulator."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from bitpde.emu import (
    ChunkedAccumulator,
    Datapath,
    DatapathError,
    IntegerAccumulator,
    PintaAccumulator,
    SequentialAccumulator,
    Tape,
    TreeAccumulator,
    accumulator_preset,
    dot,
    ops,
)
from bitpde.emu.accumulators.kinds import DotAccumulator
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    MXFP8_E4M3,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Fixed,
    Format,
    Overflow,
)

RNG = np.random.default_rng(3)
X, W, G = (RNG.standard_normal(shape).astype(np.float32) for shape in ((5, 40), (40, 3), (5, 3)))

MACHINES: dict[str, tuple[Format, Format, DotAccumulator]] = {
    "sequential FP16": (OFP8_E4M3, OFP8_E5M2, SequentialAccumulator(format=FP16)),
    "fixed": (OFP8_E4M3, OFP8_E4M3, SequentialAccumulator(
        format=Fixed(bits=16, fraction_bits=8), overflow=Overflow.SATURATE)),
    "tree": (BF16, BF16, TreeAccumulator(terms=8)),
    "chunked": (OFP8_E4M3, OFP8_E5M2, ChunkedAccumulator(
        length=16, inner=SequentialAccumulator(format=FP16), outer=SequentialAccumulator())),
    "hopper": (OFP8_E4M3, OFP8_E5M2, accumulator_preset("hopper_fp8")),
    "blackwell": (MXFP8_E4M3, MXFP8_E4M3, accumulator_preset("blackwell_f8f6f4")),
    "integer": (INT8, INT8, IntegerAccumulator(bits=8)),
    "pinta": (SMX_INT8, SMX_INT8, PintaAccumulator()),
}  # fmt: skip


def machine(name: str) -> Datapath:
    near, far, accumulator = MACHINES[name]
    overflow = Overflow.SATURATE
    casts = [Cast(format=format, overflow=overflow) for format in (near, near, far)]
    return Datapath(
        name=name, activation=casts[0], weight=casts[1], gradient=casts[2],
        accumulator=accumulator, vector=FP32,
    )  # fmt: skip


def product(path: Datapath, a: NDArray[np.float32], b: NDArray[np.float32], roles: str) -> tuple[
    NDArray[np.float32], int
]:  # fmt: skip
    """Return A B by `dot`, each operand cast by its role and along k, and its overflows."""
    casts = {"x": path.activation, "w": path.weight, "g": path.gradient}
    # The second operand is coded as the transpose: its tiles lie along k as the first one's do.
    dots = dot(casts[roles[0]].encode(a), casts[roles[1]].encode(b.T).T, path.accumulator)
    return dots.floats().astype(np.float32), int(np.count_nonzero(dots.overflowed))


@pytest.mark.parametrize("name", MACHINES)
def test_products_and_gradients_are_dots_of_codes(name: str) -> None:
    path = machine(name)
    tape = Tape(path)
    x, w = tape.parameter(X), tape.parameter(W)
    y = ops.matmul(x, w)
    forward = product(path, X, W, "xw")
    assert_array_equal(y.value, forward[0])
    dx, dw = tape.pullback(y, G, [x, w])
    back = product(path, G, W.T.copy(), "gw"), product(path, X.T.copy(), G, "xg")
    assert_array_equal(dx, back[0][0])
    assert_array_equal(dw, path.gradient.quantize(back[1][0]))
    assert tape.ledgers["matmul"].overflows == forward[1]
    assert tape.ledgers["matmul adjoint"].overflows == back[0][1] + back[1][1]


def test_the_narrow_registers_above_do_overflow() -> None:
    counts = {}
    for name in ("integer", "hopper"):
        tape = Tape(machine(name))
        ops.matmul(tape.constant(8 * X), tape.constant(8 * W))
        counts[name] = tape.ledger.overflows
    assert counts["integer"] > 0
    assert counts["hopper"] == 0


def test_infinite_sums_of_the_fast_lanes_are_counted() -> None:
    path = Datapath(
        name="fp32", activation=Cast(format=FP32), weight=Cast(format=FP32),
        gradient=Cast(format=FP32), accumulator=SequentialAccumulator(), vector=FP32,
    )  # fmt: skip
    tape = Tape(path)
    with np.errstate(over="ignore"):
        ops.matmul(tape.constant([[1e38, 1e38], [1.0, 1.0]]), tape.constant([[9.0], [-1.0]]))
    assert tape.ledger.overflows == 1


def test_an_accumulator_that_does_not_fit_the_formats_says_so() -> None:
    tape = Tape(machine("pinta"))
    odd = Tape(
        Datapath(
            name="odd", activation=Cast(format=OFP8_E4M3), weight=Cast(format=OFP8_E4M3),
            gradient=Cast(format=OFP8_E4M3), accumulator=PintaAccumulator(), vector=FP32,
        )
    )  # fmt: skip
    ops.matmul(tape.constant(X), tape.constant(W))
    with pytest.raises(DatapathError):
        ops.matmul(odd.constant(X), odd.constant(W))
