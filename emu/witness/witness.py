"""Where two accumulators part: a smallest dot product on which they differ."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, Minifloat, Overflow, spec_to_json
from ..accumulators.kinds import DotAccumulator, accumulator_to_json
from ..dots.dot import dot
from ..errors import DatapathError
from ..exact.dot import DotResult, dot_exact, result_format
from ..exact.operands import Number
from .moves import Vectors, simpler, without
from .moves import size_of as size_of
from .search import Batch, batches

Scalar = Fixed | Minifloat

#: How many smaller dot products are tried at a time, as the diagonal of a matrix product.
TOGETHER = 12


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A dot product on which two accumulators differ, with both results.

    Parameters
    ----------
    one, other
        The accumulators.
    format, other_format
        Of the operands ``a`` and ``b``.
    a, b
        Their codes, in order of k.
    result, other_result
        What the accumulators make of it, by rational arithmetic.

    Examples
    --------
    >>> from bitpde.emu import accumulator_preset
    >>> from bitpde.formats import OFP8_E4M3
    >>> units = (accumulator_preset(name) for name in ("hopper_fp8", "blackwell_f8f6f4"))
    >>> print(find_witness(*units, OFP8_E4M3).describe("Hopper", "Blackwell"))
    k  a              b           a b
    0  0x38  1        0x38  1     1
    1  0x10  0.03125  0x01  2^-9  2^-14
    exact                  16385*2^-14
    Hopper     0x3f800000  1
    Blackwell  0x3f800200  16385*2^-14
    """

    one: DotAccumulator
    other: DotAccumulator
    format: Scalar
    other_format: Scalar
    a: tuple[int, ...]
    b: tuple[int, ...]
    result: DotResult
    other_result: DotResult

    @property
    def operands(self) -> tuple[Coded, Coded]:
        """Both vectors, as `dot` and `dot_exact` take them."""
        pairs = ((self.format, self.a), (self.other_format, self.b))
        left, right = (
            Coded(format=format, codes=np.array(codes, format.code_dtype))
            for format, codes in pairs
        )
        return left, right

    @property
    def values(self) -> Vectors:
        """What the codes of both vectors stand for; exact."""
        left, right = (tuple(x.values().tolist()) for x in self.operands)
        return left, right

    @property
    def exact(self) -> Fraction:
        """The dot product itself."""
        products = (Fraction(x) * Fraction(y) for x, y in zip(*self.values, strict=True))
        return sum(products, Fraction())

    @property
    def terms(self) -> str:
        """The products that are not zero, each with its place where that is not the next one."""
        texts, place = [], 0
        for k, (x, y) in enumerate(zip(*self.values, strict=True)):
            if x and y:
                skipped = f"[{k}] " if k > place else ""
                texts.append(skipped + number_text(Fraction(x) * Fraction(y)))
                place = k + 1
        return ", ".join(texts)

    def describe(self, one: str = "one", other: str = "other") -> str:
        """The witness as lines of text, with names for the accumulators."""
        values = list(zip(self.a, self.b, *self.values, strict=True))
        rows = [("k", "a", "", "b", "", "a b")]
        for k, (p, q, x, y) in enumerate(values):
            if x and y:
                codes = _code_text(self.format, p), _code_text(self.other_format, q)
                product = number_text(Fraction(x) * Fraction(y))
                rows.append((str(k), codes[0], number_text(x), codes[1], number_text(y), product))
        lines = _aligned(rows)
        if len(rows) <= len(values):
            lines.append(f"{len(values) + 1 - len(rows)} of the {len(values)} products are zero")
        ends = [("exact", "", number_text(self.exact))]
        for name, unit, result in (
            (one, self.one, self.result), (other, self.other, self.other_result)
        ):  # fmt: skip
            code = _code_text(result_format(unit), result.code)
            ends.append((name, code, number_text(result.value)))
        return "\n".join([*lines, *_aligned(ends)])

    def to_json(self) -> dict[str, Any]:
        """Accumulators, formats, codes and results as plain data."""
        results = {"result": self.result, "other_result": self.other_result}
        return {
            "accumulators": [accumulator_to_json(unit) for unit in (self.one, self.other)],
            "formats": [spec_to_json(x) for x in (self.format, self.other_format)],
            "a": list(self.a),
            "b": list(self.b),
            "exact": str(self.exact),
            **{key: {"code": r.code, "value": str(r.value)} for key, r in results.items()},
        }

    def __str__(self) -> str:
        return self.describe()


def find_witness(
    one: DotAccumulator,
    other: DotAccumulator,
    format: Scalar,
    other_format: Scalar | None = None,
    *,
    bits: bool = False,
    budget: int = 1 << 21,
    seed: int = 0,
) -> Witness | None:
    """A dot product, as small as the search can make it, on which the accumulators differ.

    Structured and random dot products of growing length go through `dot`.  The first that tells
    the accumulators apart is made smaller while it still does: products are dropped, operands
    replaced and scaled.  *Smaller* is shorter, then of fewer bits set and minus signs, then of
    exponents nearer to 0, each added up over the operands (`size_of`).  Both sums start at +0.

    Parameters
    ----------
    one, other
        The accumulators.
    format, other_format
        Of the operands ``a`` and ``b``: a `Fixed` or `Minifloat` of up to 32 bits each; the second
        is the first unless it is given.
    bits
        False: they differ where the results are different numbers; zeros are one number, NaNs are
        another.  True: also where two numbers of one format have different codes.
    budget
        How many dot products are tried at most, counted before any is made smaller.
    seed
        Of the random ones.

    Returns
    -------
    Witness or None
        None if none was found, which is a proof only for what was tried: nothing for accumulators
        that are equal, and all of length 1 where the formats have up to 8 bits each.

    Raises
    ------
    DatapathError
        If the formats do not fit, or the accumulators do not take them.

    Notes
    -----
    *Exactness*: the results are those of `dot_exact`.  Removing any one product of a witness makes
    the accumulators agree.  The operands are finite.

    Examples
    --------
    >>> from bitpde.emu import accumulator_preset
    >>> from bitpde.formats import FP16
    >>> units = (accumulator_preset(name) for name in ("turing_f16", "ampere_f16"))
    >>> find_witness(*units, FP16) is None
    True
    """
    formats = (format, format if other_format is None else other_format)
    for scalar in formats:
        _require_scalar(scalar)
    if type(budget) is not int or budget < 0:
        msg = f"budget is {budget!r}: give a number of dot products, an integer from 0"
        raise DatapathError(msg)
    search = _Search(one, other, formats, bits)
    if one == other:
        return None
    found = search.first(batches(one, other, formats, seed), budget)
    return None if found is None else search.witness(search.smallest(found))


def _require_scalar(format: object) -> None:
    if not isinstance(format, Fixed | Minifloat) or format.bits > 32:
        msg = f"operands of a witness in {format!r}: give a Fixed or Minifloat of up to 32 bits"
        raise DatapathError(msg)


@dataclass(frozen=True)
class _Search:
    """Two accumulators, the formats of their operands, and when their results differ."""

    one: DotAccumulator
    other: DotAccumulator
    formats: tuple[Scalar, Scalar]
    bits: bool

    def first(self, found: Iterable[Batch], budget: int) -> Vectors | None:
        """The smallest of the first batch where there is any."""
        for batch in found:
            rows = min(batch.a.shape[0], budget // max(1, batch.b.shape[0]))
            budget -= rows * batch.b.shape[0]
            if not rows:
                return None
            a, b = batch.a[:rows], batch.b
            pairs = np.argwhere(self._differ(a, b.T)).tolist()
            if pairs:
                left, right = a.values().tolist(), b.values().tolist()
                every = ((tuple(left[i]), tuple(right[j])) for i, j in pairs)
                return min(every, key=lambda pair: (size_of(pair), pair))
        return None

    def smallest(self, pair: Vectors) -> Vectors:
        """The pair after every step that makes it smaller and keeps the difference."""
        while True:
            run = len(pair[0]) // 2
            while run:
                less = self._any_of(without(pair, run))
                pair, run = (pair, run // 2) if less is None else (less, len(less[0]) // 2)
            less = self._any_of(simpler(pair))
            if less is None:
                return pair
            while less is not None:
                pair, less = less, self._any_of(simpler(less))

    def _any_of(self, pairs: list[Vectors]) -> Vectors | None:
        """The first of these that the formats have and that tells the accumulators apart."""
        for first in range(0, len(pairs), TOGETHER):
            some = pairs[first : first + TOGETHER]
            sides = [np.array(side) for side in zip(*some, strict=True)]
            coded = [self._encode(side, vectors) for side, vectors in enumerate(sides)]
            held = [x.values() == vectors for x, vectors in zip(coded, sides, strict=True)]
            apart = np.diagonal(self._differ(coded[0], coded[1].T))
            found = np.flatnonzero(apart & (held[0] & held[1]).all(axis=1))
            if found.size:
                return some[int(found[0])]
        return None

    def _encode(self, side: int, vectors: NDArray[np.float64]) -> Coded:
        return Cast(format=self.formats[side], overflow=Overflow.SATURATE).encode(vectors)

    def _differ(self, a: Coded, b: Coded) -> NDArray[np.bool_]:
        one, other = dot(a, b, self.one), dot(a, b, self.other)
        x, y = one.values(), other.values()
        apart = (x != y) & ~(np.isnan(x) & np.isnan(y))
        if self.bits and one.format is not None and one.format == other.format:
            apart |= one.codes != other.codes
        return np.asarray(apart)

    def witness(self, pair: Vectors) -> Witness:
        """The pair with both results by rational arithmetic, which must differ too."""
        a, b = (self._encode(side, np.array(vector)) for side, vector in enumerate(pair))
        one, other = (dot_exact(a, b, unit) for unit in (self.one, self.other))
        same = _same_number(one.value, other.value)
        if same and not (self.bits and one.code != other.code):
            msg = f"kernels and rational arithmetic disagree on {pair}: please report it"
            raise DatapathError(msg)
        return Witness(
            one=self.one,
            other=self.other,
            format=self.formats[0],
            other_format=self.formats[1],
            a=tuple(a.codes.tolist()),
            b=tuple(b.codes.tolist()),
            result=one,
            other_result=other,
        )


def _same_number(x: Number, y: Number) -> bool:
    return x == y or (isnan(x) and isnan(y))


def number_text(x: Number) -> str:
    """An exact number: short ones as they are, else an odd integer times a power of two.

    Examples
    --------
    >>> number_text(0.5), number_text(-3.0 * 2**-20), number_text(Fraction(2**24 + 1, 2))
    ('0.5', '-3*2^-20', '16777217*2^-1')
    """
    if isinstance(x, float) and (not x or x - x != 0):
        return f"{x:g}"
    exact = Fraction(x)
    if exact.denominator == 1 and abs(exact) < 2**32:
        return str(exact)
    odd, power = exact.numerator, 1 - exact.denominator.bit_length()
    while odd % 2 == 0:
        odd, power = odd // 2, power + 1
    short = f"{float(exact):.6g}"
    if "e" not in short and Fraction(short) == exact:
        return short
    return f"{odd}*2^{power}" if abs(odd) > 1 else f"{'-' * (odd < 0)}2^{power}"


def _code_text(format: Scalar | None, code: int) -> str:
    """Codes of floats in hexadecimal, those of integers as they are."""
    if isinstance(format, Minifloat):
        return f"0x{code:0{-(-format.bits // 4)}x}"
    return str(code)


def _aligned(rows: list[Any]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
