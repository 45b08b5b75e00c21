"""ml_dtypes: small floats with NumPy dtypes, rounded from float32 to nearest, ties to even."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from ...formats import CATALOGUE, Cast, Minifloat, Overflow, Specials
from .cases import chunk_sizes, generator, scalars
from .pair import NAN_WORD, Array, Chunk, Outcome, Pair, load, read_codes
from .peers import Sources

REMEDY: Final = "pip install 'bitpde[peers]'"

#: Formats of ml_dtypes that have no name of ours.
OTHERS: Final = {
    "float8_e4m3": Minifloat(exponent_bits=4, significand_bits=3, bias=7),
    "float8_e3m4": Minifloat(exponent_bits=3, significand_bits=4, bias=3),
    "float8_e4m3fnuz": Minifloat(
        exponent_bits=4, significand_bits=3, bias=8, specials=Specials.NEGATIVE_ZERO_IS_NAN
    ),
    "float8_e5m2fnuz": Minifloat(
        exponent_bits=5, significand_bits=2, bias=16, specials=Specials.NEGATIVE_ZERO_IS_NAN
    ),
    "float8_e4m3b11fnuz": Minifloat(
        exponent_bits=4, significand_bits=3, bias=11, specials=Specials.NEGATIVE_ZERO_IS_NAN
    ),
}
NAMES: Final = {
    "float8_e4m3fn": "OFP8_E4M3",
    "float8_e5m2": "OFP8_E5M2",
    "float6_e3m2fn": "OCP_E3M2",
    "float6_e2m3fn": "OCP_E2M3",
    "float4_e2m1fn": "OCP_E2M1",
    "bfloat16": "BF16",
}


def formats() -> Iterator[tuple[str, str, Minifloat]]:
    """Their name, ours (or theirs again) and the format."""
    for theirs, ours in NAMES.items():
        format = CATALOGUE[ours]
        if isinstance(format, Minifloat):
            yield theirs, ours, format
    for name, format in OTHERS.items():
        yield name, name, format


def pairs(_sources: Sources) -> Iterator[Pair]:
    """Every format, to nearest even from float32; NaN only where the format has one."""
    library = load("ml_dtypes", REMEDY)
    for theirs, name, format in formats():
        overflow = Overflow.INFINITY_OR_NAN if format.has_nan else Overflow.SATURATE
        yield Pair(
            peer="ml_dtypes", version=library.__version__, format=name,
            mode=f"nearest_even, {overflow.value}",
            cast=Cast(format=format, overflow=overflow),
            theirs=partial(_codes, np.dtype(getattr(library, theirs)), format),
            read=read_codes,
            chunks=partial(float32_chunks, format),
        )  # fmt: skip


def float32_chunks(format: Minifloat, count: int) -> Iterator[Chunk]:
    """Every float32 whose lower half is zero, then chunks of chosen ones."""
    words = np.arange(2**16, dtype=np.uint32) << np.uint32(16)
    yield _lawful(format, words.view(np.float32)), None
    for index, size in enumerate(chunk_sizes(count)):
        rng = generator("float32", format, index)
        yield _lawful(format, scalars(format, rng, size, np.float32)), None


def _lawful(format: Minifloat, x: Array) -> Array:
    """Without NaN, where the format has none."""
    return x if format.has_nan else np.where(np.isnan(x), x.dtype.type(0), x)


def _codes(dtype: np.dtype[Any], format: Minifloat, x: Array, _bits: Array | None) -> Outcome:
    with np.errstate(over="ignore", invalid="ignore"):
        theirs = x.astype(dtype)
        nan = np.isnan(theirs.astype(np.float32))
    words = theirs.view(format.code_dtype).astype(np.uint64)
    return Outcome(words=np.where(nan, NAN_WORD, words))
