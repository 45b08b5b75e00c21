"""APyTypes: fixed point in any width, compared on every value of every small source format."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from ...formats import Cast, Fixed, Overflow, Rounding
from .pair import Array, Chunk, Outcome, Pair, load, read_codes
from .peers import Sources
from .with_ml_dtypes import REMEDY

#: Their names of the roundings; their JAM also changes exact values, their stochastic modes
#: draw their own bits, and TRN_MAG is no function of the value: these have no counterpart.
MODES: Final = {
    Rounding.DOWN: "TO_NEG",
    Rounding.UP: "TO_POS",
    Rounding.TOWARD_ZERO: "TO_ZERO",
    Rounding.AWAY_FROM_ZERO: "TO_AWAY",
    Rounding.NEAREST_EVEN: "TIES_EVEN",
    Rounding.NEAREST_ODD: "TIES_ODD",
    Rounding.NEAREST_AWAY: "TIES_AWAY",
    Rounding.NEAREST_ZERO: "TIES_ZERO",
    Rounding.NEAREST_UP: "TIES_POS",
    Rounding.NEAREST_DOWN: "TIES_NEG",
    Rounding.TO_ODD: "JAM_UNBIASED",
}
OVERFLOWS: Final = {Overflow.SATURATE: "SAT", Overflow.WRAP: "WRAP"}

#: All values of ten bits, 4 of them after the point; every shorter source is among them.
_SOURCE_BITS, _SOURCE_FRACTION = 10, 4


def pairs(_sources: Sources) -> Iterator[Pair]:
    """Every target of 2 to 10 bits at every place of its point that can matter."""
    library = load("apytypes", REMEDY)
    for rounding, quantization in MODES.items():
        for overflow, theirs in OVERFLOWS.items():
            for bits in range(2, 11):
                for fraction in range(-8, 8):
                    yield Pair(
                        peer="apytypes", version=library.__version__,
                        format="Fixed, 2 to 10 bits",
                        mode=f"{rounding.value}, {overflow.value}",
                        cast=Cast(
                            format=Fixed(bits=bits, fraction_bits=fraction),
                            rounding=rounding, overflow=overflow,
                        ),
                        theirs=partial(
                            _cast, library, bits, fraction,
                            getattr(library.QuantizationMode, quantization),
                            getattr(library.OverflowMode, theirs),
                        ),
                        read=read_codes,
                        chunks=_every_value,
                    )  # fmt: skip


def _every_value(_count: int) -> Iterator[Chunk]:
    half = 2 ** (_SOURCE_BITS - 1)
    yield np.arange(-half, half) * 2.0**-_SOURCE_FRACTION, None


def _cast(
    library: Any, bits: int, fraction: int, rounding: Any, overflow: Any, x: Array, _: Any
) -> Outcome:
    source = library.APyFixedArray.from_float(x, bits=_SOURCE_BITS, frac_bits=_SOURCE_FRACTION)
    target = source.cast(bits=bits, frac_bits=fraction, quantization=rounding, overflow=overflow)
    words = np.asarray(target.to_bits(), np.int64)
    signed = np.where(words >= 2 ** (bits - 1), words - 2**bits, words)
    return Outcome(words=signed.view(np.uint64))
