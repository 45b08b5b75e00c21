"""Registers to codes, one after the other: an offset, a multiplier, a rounding rule, a clamp."""

import numpy as np

from ...formats import inlined_kernel, kernel


@inlined_kernel
def scaled(acc, multiplier, shift, double):
    """``acc multiplier 2^(shift - 31)``, rounded once, or twice if ``double``; see `wide.py`."""
    if shift > 0:
        most = np.int64(1) << (np.int64(31) - shift)
        acc = min(max(acc, -most), most) << shift
    high = acc >> np.int64(31)
    low = (acc - (high << np.int64(31))) * multiplier
    half = np.int64(1) << np.int64(30)
    if double or shift >= 0:
        first = high * multiplier + ((low + half) >> np.int64(31))
        if shift >= 0:
            return first
        nudge = np.int64(1) << (-shift - 1)
        if first < 0:
            return -((nudge - first) >> -shift)
        return (first + nudge) >> -shift
    whole = high * multiplier + (low >> np.int64(31))
    return (whole + (np.int64(1) << (-shift - 1))) >> -shift


@kernel
def rescale_rows(
    acc, left, offsets, multipliers, shifts, double, zero, lowest, highest, out, start, stop
):
    """Arrays (rows, channels, behind): codes of the rows start..stop."""
    for i in range(start, stop):
        for c in range(acc.shape[1]):
            offset, multiplier, shift = offsets[c], multipliers[c], shifts[c]
            for j in range(acc.shape[2]):
                register = (np.int64(acc[i, c, j]) << left) + offset
                code = scaled(register, multiplier, shift, double) + zero
                out[i, c, j] = min(max(code, lowest), highest)


@kernel
def rescale_columns(
    acc, left, offsets, multipliers, shifts, double, zero, lowest, highest, out, start, stop
):
    """Registers of at most 2^31, (rows, channels), and shifts from -31: the same without branches.

    A left shift is taken from the places of the first rounding, so that nothing saturates; the
    nudge and the tie that a second rounding by 0 places does not have are masked out.
    """
    one = np.int64(1)
    for i in range(start, stop):
        if double:
            for c in range(acc.shape[1]):
                product = ((np.int64(acc[i, c]) << left) + offsets[c]) * multipliers[c]
                before = np.int64(31) - max(shifts[c], np.int64(0))
                first = (product + (one << (before - one))) >> before
                places = max(-shifts[c], np.int64(0))
                nudge = (one << places) >> one
                away = (first >> np.int64(63)) & -min(places, one)
                code = ((first + nudge + away) >> places) + zero
                out[i, c] = min(max(code, lowest), highest)
        else:
            for c in range(acc.shape[1]):
                product = ((np.int64(acc[i, c]) << left) + offsets[c]) * multipliers[c]
                places = np.int64(31) - shifts[c]
                code = ((product + (one << (places - one))) >> places) + zero
                out[i, c] = min(max(code, lowest), highest)


@kernel
def combine(first, second, guard, double, zero, lowest, highest, out, start, stop):
    """Sums of two terms with ``guard`` more bits than the codes that come out."""
    half = np.int64(1) << (guard - np.int64(1))
    for i in range(start, stop):
        total = np.int64(first[i]) + np.int64(second[i])
        away = (total >> np.int64(63)) & -np.int64(double)
        code = ((total + half + away) >> guard) + zero
        out[i] = min(max(code, lowest), highest)


@kernel
def entries(codes, first, table, out, start, stop):
    """``table[codes - first]`` of the elements start..stop."""
    for i in range(start, stop):
        out[i] = table[np.int64(codes[i]) - first]


@kernel
def interpolated(codes, first, places, table, zero, lowest, highest, out, start, stop):
    """A table every ``2^places`` codes, of results in units of 2^-8, and lines between."""
    half = np.int64(1) << (places + np.int64(7))
    for i in range(start, stop):
        offset = np.int64(codes[i]) - first
        k = offset >> places
        rest = offset - (k << places)
        here, there = np.int64(table[k]), np.int64(table[k + 1])
        whole = (here << places) + (there - here) * rest
        code = ((whole + half) >> (places + np.int64(8))) + zero
        out[i] = min(max(code, lowest), highest)
