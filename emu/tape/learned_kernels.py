"""Both passes of learned quantization, one element after the other."""

import numpy as np

from ...formats import kernel

#: Elements whose quotients are formed before their sums, which wait for each other.
BLOCK = 256


@kernel
def values_of_codes(codes, scale, zero, out):
    """Arrays (before, channels, behind): ``scale (code - zero)``, rounded once to what out holds.

    The difference has 17 bits and the scale 24, so that float64 has their product.
    """
    for i in range(codes.shape[0]):
        for c in range(codes.shape[1]):
            for j in range(codes.shape[2]):
                out[i, c, j] = scale[c] * (codes[i, c, j] - zero[c])


@kernel
def quantize_back(x, g, codes, dx, scale, zero, low, high, steps, outside):
    """Arrays (before, channels, behind): ``k G`` into dx, and both sums into theirs.

    All that belongs to a channel is float64.  Sums run in order; +0 from an element inside the
    range changes none, since none is -0.
    """
    of_steps, of_outside = np.empty(BLOCK), np.empty(BLOCK)
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            a, off = steps[c], outside[c]
            s, z, n, p = scale[c], zero[c], low[c], high[c]
            for first in range(0, x.shape[2], BLOCK):
                count = min(BLOCK, x.shape[2] - first)
                for r in range(count):
                    ratio = x[i, c, first + r] / s
                    away = np.float64(g[i, c, first + r])
                    inside = (ratio >= n) & (ratio <= p)
                    step = np.float64(codes[i, c, first + r]) - z
                    dx[i, c, first + r] = away if inside else 0.0
                    of_steps[r] = away * (step - (ratio if inside else 0.0))
                    of_outside[r] = 0.0 if inside else away
                for r in range(count):
                    a += of_steps[r]
                    off += of_outside[r]
            steps[c], outside[c] = a, off
