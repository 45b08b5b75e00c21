"""The backward pass of learned quantization, one element after the other."""

from ...formats import kernel


@kernel
def quantize_back(x, g, codes, dx, scale, zero, low, high, steps, outside):
    """Arrays (before, channels, behind): ``k G`` into dx, and both sums into theirs."""
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            a, off = steps[c], outside[c]
            for j in range(x.shape[2]):
                ratio = x[i, c, j] / scale[c]
                away = g[i, c, j]
                step = float(codes[i, c, j] - zero[c])
                if low[c] <= ratio <= high[c]:
                    dx[i, c, j] = away
                    a += away * (step - ratio)
                else:
                    dx[i, c, j] = 0
                    a += away * step
                    off += away
            steps[c], outside[c] = a, off
