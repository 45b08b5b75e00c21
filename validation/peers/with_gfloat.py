"""gfloat: small floats and the formats of P3109, in all its rounding modes, from float64."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from ...formats import CATALOGUE, Cast, Minifloat, Overflow, Rounding, p3109
from .cases import chunk_sizes, generator, scalars
from .explanations import GFLOAT
from .pair import Array, Chunk, Outcome, Pair, load, read_values, value_words
from .peers import Sources
from .with_ml_dtypes import REMEDY

#: Their names of rounding modes; stochastic ones with a number of random bits.
MODES: Final = {
    Rounding.NEAREST_EVEN: "TiesToEven",
    Rounding.NEAREST_AWAY: "TiesToAway",
    Rounding.TOWARD_ZERO: "TowardZero",
    Rounding.DOWN: "TowardNegative",
    Rounding.UP: "TowardPositive",
    Rounding.STOCHASTIC: "StochasticFastest",
    Rounding.STOCHASTIC_B: "StochasticFast",
    Rounding.STOCHASTIC_C: "Stochastic",
}
_OURS: Final = {
    "ocp_e4m3": "OFP8_E4M3",
    "ocp_e5m2": "OFP8_E5M2",
    "ocp_e3m2": "OCP_E3M2",
    "ocp_e2m3": "OCP_E2M3",
    "ocp_e2m1": "OCP_E2M1",
    "bfloat16": "BF16",
    "binary16": "FP16",
}
_P3109: Final = ((8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 6), (8, 7), (4, 2), (6, 3), (12, 5))


def pairs(_sources: Sources) -> Iterator[Pair]:
    """Every format in every mode, saturating and not, wherever the format has a code for it.

    Its P3109 is an earlier revision, in which a finite format overflows to NaN, not to its
    largest value (register row D22).  Unsigned formats are given no negative numbers.
    """
    library = load("gfloat", REMEDY)
    version = load("importlib.metadata", REMEDY).version("gfloat")
    for name, info, format in _formats(load("gfloat.formats", REMEDY), load("gfloat", REMEDY)):
        for rounding, theirs in MODES.items():
            for overflow in (Overflow.SATURATE, Overflow.INFINITY_OR_NAN):
                if overflow is Overflow.INFINITY_OR_NAN and not format.has_nan:
                    continue
                random_bits = 5 if rounding.is_stochastic else 0
                label = f"{rounding.value}{' with 5 bits' if random_bits else ''}"
                mode = getattr(library.RoundMode, theirs)
                yield Pair(
                    peer="gfloat", version=version, format=name,
                    mode=f"{label}, {overflow.value}",
                    cast=Cast(
                        format=format, rounding=rounding, overflow=overflow,
                        random_bits=random_bits,
                    ),
                    theirs=partial(
                        _round, library, info, mode, overflow is Overflow.SATURATE, random_bits
                    ),
                    read=read_values,
                    chunks=partial(_chunks, format, random_bits),
                    explanations=GFLOAT if random_bits else (),
                )  # fmt: skip


def _formats(table: Any, library: Any) -> Iterator[tuple[str, Any, Minifloat]]:
    for theirs, ours in _OURS.items():
        format = CATALOGUE[ours]
        if isinstance(format, Minifloat):
            yield ours, getattr(table, f"format_info_{theirs}"), format
    for k, p in _P3109:
        for signed in (True, False):
            for extended in (True, False):
                sign = library.Signedness.Signed if signed else library.Signedness.Unsigned
                domain = library.Domain.Extended if extended else library.Domain.Finite
                name = f"Binary{k}p{p}{'s' if signed else 'u'}{'e' if extended else 'f'}"
                info = table.format_info_p3109(k, p, sign, domain)
                yield name, info, p3109(k, p, signed=signed, extended=extended)


def _chunks(format: Minifloat, random_bits: int, count: int) -> Iterator[Chunk]:
    for index, size in enumerate(chunk_sizes(count)):
        rng = generator("float64", format, index)
        x = scalars(format, rng, size, np.float64)
        x = x if format.has_nan else np.where(np.isnan(x), 0.0, x)
        x = x if format.signed else np.abs(x)
        yield x, rng.integers(0, 2**random_bits, size) if random_bits else None


def _round(
    library: Any, info: Any, mode: Any, saturate: bool, random_bits: int, x: Array, bits: Any
) -> Outcome:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rounded = library.round_ndarray(
            info, x, rnd=mode, sat=saturate, srbits=bits, srnumbits=random_bits
        )
    return Outcome(words=value_words(rounded))
