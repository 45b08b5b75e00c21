"""The ends of the bits of numbers, in groups of neighbours."""

from ...formats import kernel, scalar_kernels
from .kernels import bit_length

float64_bits = scalar_kernels.float64_bits

#: The low end, and less the high one, of a group of zeros.
NO_END = 1 << 20


@kernel
def group_ends(values, depth, low, top):
    """``low``: the exponent of the last bit of each group of a row; ``top``: above the first."""
    inner = values.shape[1]
    for i in range(values.shape[0]):
        for group in range(low.shape[1]):
            least, greatest = NO_END, -NO_END
            for k in range(group * depth, min(inner, (group + 1) * depth)):
                bits = float64_bits(float(values[i, k]))
                m = bits & ((1 << 52) - 1)
                e = ((bits >> 52) & 0x7FF) - 1075
                if e == -1075:
                    e = -1074
                else:
                    m |= 1 << 52
                if m != 0:
                    least = min(least, e + bit_length(m & -m) - 1)
                    greatest = max(greatest, e + bit_length(m))
            low[i, group] = least
            top[i, group] = greatest


@kernel
def code_group_spreads(codes, low, top, depth, spreads):
    """``spreads``: high end less low end of each group of a row of codes, by tables of both."""
    inner = codes.shape[1]
    for i in range(codes.shape[0]):
        for group in range(spreads.shape[1]):
            least, greatest = NO_END, -NO_END
            for k in range(group * depth, min(inner, (group + 1) * depth)):
                code = codes[i, k]
                least = min(least, low[code])
                greatest = max(greatest, top[code])
            spreads[i, group] = max(0, greatest - least)
