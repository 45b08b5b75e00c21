"""Steps of a fused adder whose finished sum is aligned with C: both are rounded down, then added.

The sum of the products is S in units of ``2^(top - bits)``, and C and S are to be multiples of
``2^(both - addend_bits)`` and of ``2^(both - sum_bits)``, with both the larger of their exponents.

*In integers of 32 bits* (`NarrowLateStep`), where bits and addend_bits are one number: S is shifted
to that of C, which gives T with C, and D = sum_bits - addend_bits <= 7 of its bits below are kept
apart.  T is below 2^30.  FMA rounds the integer of T and these bits once: from all but the last 8
bits of T, which are a float32, and from these with those apart, which are one as well.  Its product
with a power of two is exact: it is a multiple of 2^-149, and where it was rounded it is normal.
"""

from typing import Any

from .fused_steps import IntegerStep, Step

#: Bits of a sum that are converted to a float32 apart from those above them.
_LOW = 8


class LateStep(Step):
    """A step where C joins the finished sum, all in float64."""

    aligned = False
    c_has_subnormals = False

    def _top(self, row: int) -> Any:
        """The largest exponent of all lanes."""
        top = self.own[0].tops[row]
        for lane in self.own[1:]:
            top = self.words.call("smax", top, lane.tops[row])
        return top

    def joined(self, row: int) -> tuple[Any, Any]:
        """The sum of all lanes, and the exponent it is aligned by."""
        b, top = self.builder, self._top(row)
        if len(self.own) == 1:
            return self.own[0].sums[row], top
        total = self.longs.every_real(0.0)
        for lane in self.own:
            moved = b.fmul(lane.sums[row], self.power(b.sub(lane.tops[row], top)))
            total = b.fadd(total, self.longs.call("floor", moved))
        return total, top

    def result(self, row: int) -> Any:
        """C and the sum, rounded to nearest even."""
        b, w, d, unit = self.builder, self.words, self.longs, self.unit
        total, top = self.joined(row)
        c, exponent = self.c[row], self.c_exponent(self.c[row])
        both = w.call("smax", top, exponent)
        shift = b.sub(b.add(top, unit.sum_bits), b.add(both, unit.bits))
        of_sum = d.call("floor", b.fmul(total, self.power(shift)))
        far = b.icmp_signed("<", exponent, b.sub(both, unit.cutoff))
        c = b.fpext(b.select(far, w.every_real(0.0), c), d.real)
        of_c = d.call(
            "floor", b.fmul(c, self.power(b.sub(b.add(unit.addend_bits, w.every(127)), both)))
        )
        step = self.power(b.sub(unit.sum_bits, unit.addend_bits))
        joined = d.call("fma", of_c, step, of_sum)
        joined = b.fmul(joined, self.power(b.sub(both, b.add(unit.sum_bits, w.every(127)))))
        return b.fptrunc(b.fadd(joined, unit.zero), w.real)


class PairedStep(LateStep):
    """The same in float64 with even and odd products in lanes of their own."""

    lanes = 2


class NarrowLateStep(IntegerStep, LateStep):
    """The same in integers of 32 bits."""

    def joined(self, row: int) -> tuple[Any, Any]:
        """The sum of all lanes as an integer, and the exponent it is aligned by."""
        b = self.builder
        top = self._top(row)
        if len(self.own) == 1:
            return self.own[0].parts[row], top
        total = self.words.every(0)
        for lane in self.own:
            total = b.add(
                total, self.words.shifted_down(lane.parts[row], b.sub(top, lane.tops[row]))
            )
        return total, top

    def result(self, row: int) -> Any:
        """C and the sum, rounded to nearest even."""
        b, w, unit = self.builder, self.words, self.unit
        total, top = self.joined(row)
        c, exponent = self.c[row], self.c_exponent(self.c[row])
        both = w.call("smax", top, exponent)
        down, nothing = b.sub(both, top), w.every(0)
        apart = b.sub(unit.sum_bits, unit.addend_bits)
        below = self.words.shifted_down(total, w.call("smax", b.sub(down, apart), nothing))
        below = b.shl(below, w.call("smax", b.sub(apart, down), nothing))
        below = b.and_(below, b.sub(b.shl(w.every(1), apart), w.every(1)))
        far = b.icmp_signed("<", exponent, b.sub(both, unit.cutoff))
        of_c = self._significand(b.select(far, w.every_real(0.0), c), exponent, both)
        joined = b.add(of_c, self.words.shifted_down(total, down))
        high = b.sitofp(b.ashr(joined, w.every(_LOW)), w.real)
        low = b.shl(b.and_(joined, w.every((1 << _LOW) - 1)), apart)
        low = b.sitofp(b.or_(low, below), w.real)
        value = w.call("fma", high, self._power(b.add(apart, w.every(127 + _LOW))), low)
        value = b.fmul(value, self._power(b.sub(w.every(127), unit.sum_bits)))
        return b.fmul(value, self._power(both))

    def _significand(self, c: Any, exponent: Any, both: Any) -> Any:
        """C in units of ``2^(both - addend_bits)``, rounded down."""
        b, w, unit = self.builder, self.words, self.unit
        own = w.call("smax", exponent, unit.least)
        scaled = b.fmul(c, self._power(b.sub(b.add(unit.addend_bits, w.every(254)), own)))
        return self.words.shifted_down(b.fptosi(scaled, w.words), b.sub(both, own))

    def _power(self, field: Any) -> Any:
        """Powers of two in float32, by the exponent fields of its normal numbers."""
        return self.words.floats(self.builder.shl(field, self.words.every(23)))


class NarrowPairedStep(NarrowLateStep):
    """The same with even and odd products in lanes of their own."""

    lanes = 2
