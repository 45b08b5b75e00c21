"""Dot products under any accumulator, compiled: operands, widths, and kernels in integers."""
