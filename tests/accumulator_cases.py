"""What the tests of accumulators share: any unit, any codes, and sums in plain integers."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitpde.emu import (
    Addend,
    ChunkedAccumulator,
    DotResult,
    Dots,
    ExactAccumulator,
    FusedAccumulator,
    IntegerAccumulator,
    LateAddend,
    Order,
    PintaAccumulator,
    Reference,
    SequentialAccumulator,
    TreeAccumulator,
    dot_exact,
)
from bitpde.formats import (
    BF16,
    BINARY8P3SE,
    FNUZ_E4M3,
    FNUZ_E5M2,
    FP16,
    FP32,
    FP64,
    INT8,
    MXFP4_E2M1,
    MXFP8_E4M3,
    MXFP8_E5M2,
    MXINT8,
    NVFP4,
    OCP_E2M1,
    OCP_E2M3,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    SMX_INT12,
    TF32,
    UE4M3,
    UINT8,
    Block,
    Coded,
    Fixed,
    Format,
    Minifloat,
    Overflow,
    Rounding,
    p3109,
)

MODES = [mode for mode in Rounding if not mode.is_stochastic]
Q16 = Fixed(bits=16, fraction_bits=8)
WIDE = Fixed(bits=32, fraction_bits=-3)
OPERANDS: list[Format] = [
    OFP8_E4M3, OFP8_E5M2, FNUZ_E4M3, BINARY8P3SE, p3109(8, 1), OCP_E2M1, FP16, BF16, TF32, FP32,
    FP64, INT8, UINT8, Q16, MXFP8_E4M3, MXFP8_E5M2, MXFP4_E2M1, NVFP4, MXINT8, SMX_INT8, SMX_INT12,
]  # fmt: skip
RESULTS: list[Fixed | Minifloat] = [
    FP32, FP16, BF16, FP64, OFP8_E4M3, OFP8_E5M2, OCP_E2M3, FNUZ_E5M2, BINARY8P3SE, UE4M3,
    p3109(8, 1), Fixed(bits=8), Q16,
]  # fmt: skip


def pick(rng: np.random.Generator, *options: Any) -> Any:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def rounded(rng: np.random.Generator, kind: Any, **fields: Any) -> Any:
    """Return a unit that rounds into some format under some policies."""
    format = pick(rng, *RESULTS)
    lawful = [Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC]
    if isinstance(format, Fixed):
        lawful += [Overflow.WRAP, Overflow.WRAP]
    elif format.has_nan:
        lawful += [Overflow.INFINITY_OR_NAN] * 3
    return kind(format=format, rounding=pick(rng, *MODES), overflow=pick(rng, *lawful), **fields)


def exact(rng: np.random.Generator) -> ExactAccumulator:
    unit: ExactAccumulator = rounded(rng, ExactAccumulator)
    return unit


def sequential(rng: np.random.Generator) -> SequentialAccumulator:
    unit: SequentialAccumulator = rounded(rng, SequentialAccumulator)
    return unit


def tree(rng: np.random.Generator) -> TreeAccumulator:
    fields = {
        "arity": pick(rng, 2, 2, 3), "order": pick(rng, *Order), "terms": pick(rng, 0, 1, 2, 5, 7),
        "flush_inputs": pick(rng, False, True), "flush_results": pick(rng, False, True),
    }  # fmt: skip
    unit: TreeAccumulator = rounded(rng, TreeAccumulator, **fields)
    return unit


def fused(rng: np.random.Generator) -> FusedAccumulator:
    addend = pick(rng, *Addend)
    late = LateAddend(
        sum_bits=pick(rng, 5, 31), addend_bits=pick(rng, 3, 24),
        rounding=pick(rng, *MODES), cutoff=pick(rng, None, 3, 25),
    )  # fmt: skip
    unit = FusedAccumulator(
        terms=pick(rng, 1, 2, 4, 8, 16), stride=pick(rng, 1, 1, 2),
        lanes=1 if addend is Addend.ALIGNED else pick(rng, 1, 2, 3),
        fraction_bits=pick(rng, None, -3, 0, 5, 13, 24, 25, 35),
        alignment=pick(rng, *MODES), lane_rounding=pick(rng, *MODES),
        reference=pick(rng, *Reference), addend=addend,
        late=late if addend is Addend.LATE else None,
        exponent_floor=pick(rng, None, -133, 0), zero_exponent=pick(rng, None, -126, 0),
        product_limit=pick(rng, None, None, 10, 128), flush_inputs=pick(rng, False, True),
        flush_results=pick(rng, False, True), format=pick(rng, FP32, FP16, BF16, FP64),
        result_bits=pick(rng, None, 5), rounding=pick(rng, *MODES),
        overflow_to_infinity=pick(rng, False, True), signed_underflow=pick(rng, False, True),
    )  # fmt: skip
    if rng.random() < 0.25:
        return replace(unit, terms=8, stride=1, lanes=1, exact_terms=4)
    return unit


def chunked(rng: np.random.Generator) -> ChunkedAccumulator:
    return ChunkedAccumulator(
        inner=pick(rng, fused, sequential, exact, tree)(rng),
        length=pick(rng, 4, 32),
        outer=pick(rng, sequential, exact, tree)(rng),
    )


REGISTER_OVERFLOW = (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.WRAP)


def integer(rng: np.random.Generator) -> IntegerAccumulator:
    overflow = pick(rng, *REGISTER_OVERFLOW)
    return IntegerAccumulator(
        bits=pick(rng, 8, 16, 24, 32, 64), overflow=overflow, terms=pick(rng, 0, 1, 2, 4)
    )


def pinta(rng: np.random.Generator) -> PintaAccumulator:
    return PintaAccumulator(
        bits=pick(rng, 12, 16, 32), guard_bits=pick(rng, 0, 3, 8),
        rounding=pick(rng, *MODES), overflow=pick(rng, *REGISTER_OVERFLOW),
    )  # fmt: skip


UNITS: dict[str, Any] = {
    "exact": exact, "sequential": sequential, "tree": tree, "fused": fused, "chunked": chunked,
    "integer": integer, "pinta": pinta,
}  # fmt: skip


def formats_for(unit: Any) -> tuple[list[Format], list[Format]]:
    """Return formats of the two operands that a unit takes."""
    if isinstance(unit, IntegerAccumulator):
        integers: list[Format] = [INT8, UINT8, Q16, WIDE]
        return integers, integers
    if isinstance(unit, PintaAccumulator):
        return [SMX_INT8, SMX_INT12], [SMX_INT8, SMX_INT12]
    return OPERANDS, OPERANDS


def any_codes(format: Fixed | Minifloat, shape: tuple[int, ...], seed: int, kind: int) -> Any:
    """Return codes: any at all (0), or with exponents around 1, the least or the greatest."""
    rng = np.random.default_rng(seed)
    if isinstance(format, Fixed):
        codes = format.codes()
        ends = rng.choice([codes[0], codes[-1], 0, 1], shape)
        drawn = rng.integers(codes[0], codes[-1] + 1, shape)
        return np.where(rng.random(shape) < 0.2, ends, drawn).astype(format.code_dtype)
    trailing, top = format.significand_bits, 2**format.exponent_bits - 1
    any_field = rng.integers(0, top + 1, shape)
    centre, spread = {0: (0, 0), 1: (top // 2, 6), 2: (1, 2), 3: (top - 2, 2)}[kind]
    near = np.clip(centre + rng.integers(-spread, spread + 1, shape), 0, max(top - 1, 0))
    field = any_field if kind == 0 else near
    low = np.where(rng.random(shape) < 0.4, 0, rng.integers(0, 2**trailing, shape))
    sign = rng.integers(0, 2, shape).astype(np.uint64) * np.uint64(format.sign_code)
    raw = sign | field.astype(np.uint64) << np.uint64(trailing) | low.astype(np.uint64)
    raw = np.where(rng.random(shape) < 0.15, raw & np.uint64(format.sign_code), raw)
    return raw.astype(format.code_dtype)


def any_coded(format: Format, shape: tuple[int, int], seed: int, kind: int, scales: int) -> Coded:
    """Return a matrix of such codes, with scales of 1, near 1, far from 1, or any."""
    if not isinstance(format, Block):
        assert isinstance(format, Fixed | Minifloat)
        return Coded(format=format, codes=any_codes(format, shape, seed, kind))
    rng, grid = np.random.default_rng(seed + 1), format.grid(shape)
    if isinstance(format.scale, Minifloat):
        drawn = rng.integers(0, 128 if scales == 3 else 127, grid)
    else:
        least, stop = [(127, 128), (120, 135), (0, 255), (250, 256)][scales]
        drawn = rng.integers(least, stop, grid)
    return Coded(
        format=format,
        codes=any_codes(format.element, shape, seed, kind),
        scales=drawn.astype(np.uint8),
        tensor_scale=1.0 if format.tensor_scale else None,
    )


def cancelling(a: Coded, b: Coded) -> tuple[Coded, Coded]:
    """Return the operands with the second product along k the negative of the first."""
    scalar = not isinstance(a.format, Block) and isinstance(b.format, Minifloat)
    if not scalar or a.shape[1] < 2 or not isinstance(b.format, Minifloat):
        return a, b
    left, right = a.codes.copy(), b.codes.copy()
    left[:, 1], right[1] = left[:, 0], right[0] ^ right.dtype.type(b.format.sign_code)
    return Coded(format=a.format, codes=left), Coded(format=b.format, codes=right)


def operands(rng: np.random.Generator, unit: Any) -> tuple[Coded, Coded]:
    """Return matrices of any codes, of lengths 0, 1, ragged and whole."""
    left, right = (pick(rng, *formats) for formats in formats_for(unit))
    m, n, k = pick(rng, 1, 2), pick(rng, 1, 2), pick(rng, 0, 1, 2, 3, 5, 8, 17, 33)
    kinds, scales = (1, 1, 1, 0, 2, 3), (0, 1, 1, 2, 3)
    turned = right.T if isinstance(right, Block) else right
    seed = int(rng.integers(2**32))
    a = any_coded(left, (m, k), seed, pick(rng, *kinds), pick(rng, *scales))
    b = any_coded(turned, (k, n), seed + 9, pick(rng, *kinds), pick(rng, *scales))
    return cancelling(a, b) if rng.random() < 0.25 else (a, b)


def row(x: Coded, i: int) -> Coded:
    """Return row i of a matrix as a vector."""
    scales = x.scales
    if scales is not None and isinstance(x.format, Block):
        scales = scales[i // x.format.tile[0]]
    return Coded(format=x.format, codes=x.codes[i], scales=scales, tensor_scale=x.tensor_scale)


def all_exact(a: Coded, b: Coded, unit: Any, c: NDArray[Any] | None) -> list[DotResult]:
    """Return every element of ``C + A B`` in rational arithmetic."""
    shape = (a.shape[0], b.shape[1])
    starts = [None if c is None else int(c[index]) for index in np.ndindex(shape)]
    turned = b.T
    return [
        dot_exact(row(a, i), row(turned, j), unit, start)
        for (i, j), start in zip(np.ndindex(shape), starts, strict=True)
    ]


def same(got: Dots, expected: list[DotResult]) -> bool:
    """Return whether codes, exponents of registers and flags are those of the exact twin."""
    nan = [bool(x.value != x.value) for x in expected]
    if got.format is None:
        assert got.exponents is not None
        pairs = zip(got.codes.ravel().tolist(), got.exponents.ravel().tolist(), strict=True)
        worth = [code * Fraction(2) ** e for code, e in pairs]
        values = all(bad or x.value == y for x, y, bad in zip(expected, worth, nan, strict=True))
        if not values or got.nan.ravel().tolist() != nan:
            return False
    return (
        [x.code for x in expected] == got.codes.ravel().tolist()
        and [x.overflowed for x in expected] == got.overflowed.ravel().tolist()
        and [x.invalid for x in expected] == got.invalid.ravel().tolist()
    )
