"""Few Fourier modes of a field, by matrix products through the datapath, and their mixing.

Modes of a field of C channels are real arrays (K, B, 2 C): the K modes first, as a batch, and the
real parts of all channels before the imaginary ones.  On a line the modes are the frequencies
``0 .. m - 1``; in a plane they are, in C order, ``0 .. m1 - 1`` and ``-m1 .. -1`` along the first
axis and ``0 .. m2 - 1`` along the second, whose negatives follow since the field is real.  They are
means over the cells: a field ``1 + cos(2 pi j / n)`` has the modes 1 and 1/2.
"""

from math import prod

from ..errors import DatapathError
from . import fourier
from .elementwise import scale
from .field_ops import join
from .fields import space_of
from .fourier import Matrix, Modes, mode_count, require_modes, samples_and_channels
from .fourier_island import irfft_modes, rfft_modes
from .movement import reshape, transpose
from .products import batched_matmul, matmul
from .tape import Node


def truncated_dft(a: Node, modes: Modes) -> Node:
    """The lowest modes of a field, by matrix products: (B, *space, C) to (K, B, 2 C).

    Parameters
    ----------
    a
        A field on a line or in a plane.
    modes
        (m,) with ``m <= n/2 + 1``, or (m1, m2) with ``m1 <= n1/2`` and ``m2 <= n2/2 + 1``.

    Notes
    -----
    *Exactness*: one `matmul` for each axis, by cosines and sines rounded to the vector format, and
    a product with ``1 / cells``, which is exact where that is a power of two.

    Examples
    --------
    >>> import numpy as np
    >>> from bitpde.emu import Tape, ops, preset
    >>> field = 1 + np.cos(2 * np.pi * np.arange(8) / 8)
    >>> found = ops.truncated_dft(Tape(preset("fp32")).constant(field.reshape(1, 8, 1)), (2,))
    >>> found.value.dtype, bool(abs(found.value[:, 0] - [[1, 0], [0.5, 0]]).max() < 1e-7)
    (dtype('float32'), True)
    """
    space = space_of(a)
    require_modes(space, modes)
    batch, channels = a.shape[0], a.shape[-1]
    if len(space) == 1:
        (n,), (m,) = space, modes
        found = _against(transpose(a, (0, 2, 1)), 1, fourier.analysis(n, m))
        found = transpose(reshape(found, (batch, channels, 2, m)), (3, 0, 2, 1))
    else:
        (n1, n2), (m1, m2) = space, modes
        found = _against(transpose(a, (0, 1, 3, 2)), 1, fourier.analysis(n2, m2))
        found = transpose(reshape(found, (batch, n1, channels, 2, m2)), (0, 2, 4, 3, 1))
        found = _against(found, 2, fourier.complex_analysis(n1, m1))
        found = transpose(reshape(found, (batch, channels, m2, 2, 2 * m1)), (4, 2, 0, 3, 1))
    return scale(reshape(found, (mode_count(modes), batch, 2 * channels)), 1 / prod(space))


def inverse_truncated_dft(c: Node, modes: Modes, space: tuple[int, ...]) -> Node:
    """The real field that has these modes and no others: (K, B, 2 C) to (B, *space, C).

    Imaginary parts that no real field has, of the mean and of the frequency n/2, are ignored, as
    inverse transforms of real fields do.

    Notes
    -----
    *Exactness*: one `matmul` for each axis.
    """
    require_modes(space, modes)
    batch, channels = samples_and_channels(c.shape, modes)
    if len(space) == 1:
        (n,), (m,) = space, modes
        parts = transpose(reshape(c, (m, batch, 2, channels)), (1, 3, 2, 0))
        return transpose(_against(parts, 2, fourier.synthesis(n, m)), (0, 2, 1))
    (n1, n2), (m1, m2) = space, modes
    parts = transpose(reshape(c, (2 * m1, m2, batch, 2, channels)), (2, 4, 1, 3, 0))
    parts = _against(parts, 2, fourier.complex_synthesis(n1, m1))
    parts = transpose(reshape(parts, (batch, channels, m2, 2, n1)), (0, 4, 1, 3, 2))
    return transpose(_against(parts, 2, fourier.synthesis(n2, m2)), (0, 1, 3, 2))


def mix_modes(c: Node, real: Node, imaginary: Node) -> Node:
    """Each mode times its own complex matrix: (K, B, 2 P) to (K, B, 2 Q).

    Parameters
    ----------
    c
        Modes.
    real, imaginary
        Both parts of the matrices, (K, P, Q).

    Notes
    -----
    *Exactness*: that of `batched_matmul` with ``[[R, I], [-I, R]]``.
    """
    if (
        real.shape != imaginary.shape
        or real.value.ndim != 3
        or c.shape[-1:] != (2 * real.shape[1],)
    ):
        shapes = f"{c.shape}, {real.shape} and {imaginary.shape}"
        msg = f"modes and both parts of matrices have shapes {shapes}: give (K, B, 2 P), (K, P, Q) "
        raise DatapathError(msg + "and (K, P, Q)")
    upper = join(real, imaginary, axis=2)
    lower = join(scale(imaginary, -1.0), real, axis=2)
    return batched_matmul(c, join(upper, lower, axis=1))


def spectral_convolution(
    a: Node, real: Node, imaginary: Node, modes: Modes, *, island: bool = False
) -> Node:
    """The modes of a field mixed, as a field again: (B, *space, P) to (B, *space, Q).

    Parameters
    ----------
    a
        A field on a line or in a plane.
    real, imaginary, modes
        As of `mix_modes` and `truncated_dft`.
    island
        Transform by `rfft_modes` and `irfft_modes`, in floating point outside the datapath.

    Notes
    -----
    *Exactness*: that of the three steps.
    """
    space = space_of(a)
    if island:
        return irfft_modes(mix_modes(rfft_modes(a, modes), real, imaginary), modes, space)
    mixed = mix_modes(truncated_dft(a, modes), real, imaginary)
    return inverse_truncated_dft(mixed, modes, space)


def _against(a: Node, axes: int, matrix: Matrix) -> Node:
    """The last ``axes`` axes contracted with the rows of a constant matrix."""
    kept = a.shape[:-axes]
    product = matmul(reshape(a, (prod(kept), matrix.shape[0])), a.tape.constant(matrix))
    return reshape(product, (*kept, matrix.shape[1]))
