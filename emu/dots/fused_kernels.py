"""Fused multi-term adders with truncated alignment, in 64-bit integers."""

import numpy as np

from ...formats import kernel
from .chain_kernels import special_sum
from .kernels import (
    FINITE,
    NAN,
    NO_LIMIT,
    TOWARD_ZERO,
    add_numbers,
    bit_length,
    code_of,
    decode_number,
    round_number,
    shifted,
)

# `Addend` and `Reference`, in their order.
ALIGNED, LATE, ROUNDED = range(3)
OPERANDS, CARRY, LEADING_BIT = range(3)


@kernel
def term_exponent(product, e, offset, reference):
    """The exponent a product ``product 2^e`` is aligned by; ``e + offset`` is its operands'."""
    if product == 0 or reference == OPERANDS:
        return e + offset
    length = bit_length(abs(product))
    if reference == LEADING_BIT:
        return e + length - 1
    return e + offset + (length > offset + 1)


@kernel
def aligned_sum(terms, exponents, count, lsb, mode):
    """The sum of ``terms[n] 2^exponents[n]``, each a whole number of ``2^lsb``."""
    total = 0
    for n in range(count):
        term = int(terms[n])
        places = lsb - int(exponents[n])
        if mode == TOWARD_ZERO and places > 0:
            size = abs(term) >> min(places, 63)
            total += -size if term < 0 else size
        elif term != 0:
            total += shifted(term, places, mode)
    return total


@kernel
def joined_lanes(totals, largest, lanes, mode):
    """The lanes' sums aligned to the largest of their exponents, and that exponent."""
    top = NO_LIMIT
    for lane in range(lanes):
        top = max(top, int(largest[lane]))
    total = 0
    for lane in range(lanes):
        if totals[lane] != 0:
            total += shifted(int(totals[lane]), top - int(largest[lane]), mode)
    return total, top


@kernel
def late_sum(total, lsb, largest, c, c_lsb, c_exponent, unit):
    """``(sum, lsb)`` of products and C, aligned to the larger exponent (`LateAddend`)."""
    sum_bits, addend_bits, mode, cutoff = unit[9], unit[10], unit[11], unit[12]
    top = max(largest, c_exponent)
    if top == NO_LIMIT:
        return 0, 0
    if c_exponent == NO_LIMIT or (cutoff != NO_LIMIT and c_exponent < top - cutoff):
        c = 0
    low = max(sum_bits, addend_bits)
    first = 0 if total == 0 else shifted(total, top - sum_bits - lsb, mode) << (low - sum_bits)
    second = 0 if c == 0 else shifted(c, top - addend_bits - c_lsb, mode) << (low - addend_bits)
    return first + second, top - low


@kernel
def fused_result(total, lsb, result, unit):
    """The sum of a step, rounded: ``(kind, negative, m, e, flags)``."""
    flush_results, mode, signed_underflow = unit[17], unit[18], unit[20]
    negative = total < 0
    kind, sign, m, e, flags = round_number(negative, abs(total), lsb, result, mode)
    if kind == FINITE and flush_results and e == result[2] and m >> result[1] == 0:
        m = 0
    if kind == FINITE and m == 0:
        sign = negative and total != 0 and signed_underflow != 0
    return kind, sign, m, e, flags


@kernel
def rounded_addend(total, lsb, result, unit, negative, m, e):
    """C = (negative, m, e) added by a rounding adder to the rounded sum of products."""
    kind, sign, size, at, flags = fused_result(total, lsb, result, unit)
    if kind != FINITE or (size == 0 and m == 0):
        return kind, sign and kind != FINITE, size, at, flags
    sign, size, at = add_numbers(sign, size, at, negative, m, e)
    kind, sign, size, at, more = fused_result(-size if sign else size, at, result, unit)
    return kind, sign, size, at, flags | more


@kernel
def fused_rows(
    am, ae, af, asx, a_special, bm, be, bf, bsx, b_special, offset, unit, target, result, nan_code,
    c, flags, start, stop,
):  # fmt: skip
    """Rows start..stop of C, codes that are overwritten, after all steps of a fused unit.

    ``unit`` is `unit_integers`; ``target`` and ``result`` describe the formats of C and of the
    rounded sum.  The caller has shown that aligned sums are below 2^62.
    """
    (
        steps, stride, lanes, group, bits, alignment, lane_rounding, reference, addend, _sum_bits,
        _addend_bits, _late_rounding, _cutoff, floor, zero_exponent, limit, flush, _flush_results,
        _mode, _to_infinity, _signed_underflow,
    ) = unit  # fmt: skip
    inner, run = am.shape[1], steps * stride
    width, spare = target[1], target[1] - result[1]
    stretch = stride * lanes * group
    terms, exponents = np.empty(steps, np.int64), np.empty(steps, np.int64)
    totals, largest = np.zeros(lanes, np.int64), np.zeros(lanes, np.int64)
    for i in range(start, stop):
        x, xe, xs = am[i], ae[i], asx[i]
        for j in range(bm.shape[0]):
            y, ye, ys = bm[j], be[j], bsx[j]
            kind, negative, m, e = decode_number(int(c[i, j]), target)
            watch = a_special[i] or b_special[j] or limit != NO_LIMIT
            seen = 0
            for step in range(0, -(-inner // run) * stride):
                first = step // stride * run + step % stride
                last = min(inner, step // stride * run + run)
                if first >= last:
                    continue
                if flush and kind == FINITE and e == target[2] and m >> width == 0:
                    negative, m = False, 0
                if watch or kind != FINITE:
                    found, sign, extra = special_sum(
                        kind, negative, am, ae, af, bm, be, bf, i, j, first, last, stride, limit
                    )
                    seen |= extra
                    if found != FINITE:
                        kind, negative, m, e = found, sign, 0, 0
                        continue
                c_exponent = zero_exponent if m == 0 else e + width
                signed = -m if negative else m
                total, lsb, top = 0, 0, NO_LIMIT
                for lane in range(lanes):
                    own = c_exponent if addend == ALIGNED else NO_LIMIT
                    count = 0
                    for k in range(first + lane * stride, last, stretch):
                        term, at = int(x[k]) * int(y[k]), int(xe[k]) + int(ye[k])
                        exponent = at + offset
                        if group > 1:
                            for n in range(k + 1, min(last, k + group)):
                                term += int(x[n]) * int(y[n])
                            exponent = int(xs[k]) + int(ys[k])
                        elif reference != OPERANDS:
                            exponent = term_exponent(term, at, offset, reference)
                        if term != 0 or zero_exponent != NO_LIMIT:
                            own = max(own, exponent)
                        terms[count], exponents[count] = term, at
                        count += 1
                    if own != NO_LIMIT:
                        own = max(own, floor)
                    lsb = own - bits
                    total = aligned_sum(terms, exponents, count, lsb, alignment)
                    totals[lane], largest[lane] = total, own
                    top = own
                if lanes > 1:
                    total, top = joined_lanes(totals, largest, lanes, lane_rounding)
                    lsb = top - bits
                if addend == ROUNDED:
                    kind, negative, m, e, extra = rounded_addend(
                        total, lsb, result, unit, negative, m, e
                    )
                else:
                    if addend == LATE:
                        total, lsb = late_sum(total, lsb, top, signed, e, c_exponent, unit)
                    elif signed != 0:
                        total += shifted(signed, lsb - e, alignment)
                    kind, negative, m, e, extra = fused_result(total, lsb, result, unit)
                if kind == FINITE:
                    m <<= spare
                    e -= spare
                seen |= extra
            c[i, j] = nan_code if kind == NAN else code_of(kind, negative, m, e, target)
            flags[i, j] = seen
