"""Fused multi-term adders with truncated alignment, in 64-bit integers."""

from ..formats import kernel
from .chain_kernels import special_sum
from .dot_kernels import (
    FINITE,
    NAN,
    NO_LIMIT,
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
def largest_exponent(am, ae, asx, bm, be, bsx, i, j, first, last, step, group, offset, unit):
    """The largest exponent of the terms, NO_LIMIT if none takes part."""
    reference, zero_exponent = unit[7], unit[14]
    largest = NO_LIMIT
    for k in range(first, last, step * group):
        if group == 1:
            product = int(am[i, k]) * int(bm[j, k])
            own = term_exponent(product, int(ae[i, k]) + int(be[j, k]), offset, reference)
        else:
            product = 0
            for n in range(k, min(last, k + group)):
                product += int(am[i, n]) * int(bm[j, n])
            own = int(asx[i, k]) + int(bsx[j, k])
        if product != 0 or zero_exponent != NO_LIMIT:
            largest = max(largest, own)
    return largest


@kernel
def aligned_sum(am, ae, bm, be, i, j, first, last, step, group, lsb, mode):
    """The sum of the terms, each a whole number of ``2^lsb``."""
    total = 0
    for k in range(first, last, step * group):
        product = int(am[i, k]) * int(bm[j, k])
        for n in range(k + 1, min(last, k + group)):
            product += int(am[i, n]) * int(bm[j, n])
        if product != 0:
            total += shifted(product, lsb - int(ae[i, k]) - int(be[j, k]), mode)
    return total


@kernel
def lane_sums(am, ae, asx, bm, be, bsx, i, j, first, last, stride, offset, unit):
    """``(total, lsb, exponent)`` of the products of a step whose lanes are aligned by themselves.

    The exponent is NO_LIMIT if no product takes part.
    """
    lanes, group, bits, floor = unit[2], unit[3], unit[4], unit[13]
    step, largest, total = stride * lanes, NO_LIMIT, 0
    for start in range(first, first + step, stride):
        own = largest_exponent(
            am, ae, asx, bm, be, bsx, i, j, start, last, step, group, offset, unit
        )
        if own != NO_LIMIT:
            largest = max(largest, max(own, floor))
    for start in range(first, first + step, stride):
        own = largest_exponent(
            am, ae, asx, bm, be, bsx, i, j, start, last, step, group, offset, unit
        )
        if own != NO_LIMIT:
            own = max(own, floor)
            part = aligned_sum(am, ae, bm, be, i, j, start, last, step, group, own - bits, unit[5])
            total += shifted(part, largest - own, unit[6])
    return total, largest - bits, largest


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
def fused_step(
    am, ae, asx, bm, be, bsx, i, j, first, last, stride, offset, unit, result, negative, m, e, width
):
    """C = (negative, m, e) after one step of finite terms."""
    bits, alignment, floor, zero_exponent, addend = unit[4], unit[5], unit[13], unit[14], unit[8]
    c = -m if negative else m
    c_exponent = e + width
    if m == 0:
        c_exponent = zero_exponent
    if addend == ALIGNED:
        largest = largest_exponent(
            am, ae, asx, bm, be, bsx, i, j, first, last, stride, unit[3], offset, unit
        )
        largest = max(largest, c_exponent)
        if largest == NO_LIMIT:
            return FINITE, False, 0, 0, 0
        lsb = max(largest, floor) - bits
        total = aligned_sum(am, ae, bm, be, i, j, first, last, stride, unit[3], lsb, alignment)
        if c != 0:
            total += shifted(c, lsb - e, alignment)
        return fused_result(total, lsb, result, unit)
    total, lsb, largest = lane_sums(
        am, ae, asx, bm, be, bsx, i, j, first, last, stride, offset, unit
    )
    if addend == LATE:
        total, lsb = late_sum(total, lsb, largest, c, e, c_exponent, unit)
        return fused_result(total, lsb, result, unit)
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

    ``unit`` is `dot.unit_integers`; ``target`` and ``result`` describe the formats of C and of the
    rounded sum.  The caller has shown that aligned sums are below 2^62.
    """
    stride, limit, flush = unit[1], unit[15], unit[16]
    inner, run = am.shape[1], unit[0] * unit[1]
    width, spare = target[1], target[1] - result[1]
    for i in range(start, stop):
        for j in range(bm.shape[0]):
            kind, negative, m, e = decode_number(int(c[i, j]), target)
            watch = a_special[i] or b_special[j] or limit != NO_LIMIT
            seen = 0
            for at in range(0, inner, run):
                last = min(inner, at + run)
                for first in range(at, min(last, at + stride)):
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
                    kind, negative, m, e, extra = fused_step(
                        am, ae, asx, bm, be, bsx, i, j, first, last, stride, offset, unit, result,
                        negative, m, e, width,
                    )  # fmt: skip
                    if kind == FINITE:
                        m <<= spare
                        e -= spare
                    seen |= extra
            c[i, j] = nan_code if kind == NAN else code_of(kind, negative, m, e, target)
            flags[i, j] = seen
