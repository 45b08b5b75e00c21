"""The same modes by fast transforms in floating point, outside the datapath: a float island.

SciPy's transforms are accurate to a few ulp of the largest mode times the logarithm of the number
of cells, but their order of operations is that of the build: **no bit is specified**.  They are
for comparison, and for machines that leave these transforms to a host.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .fields import space_of
from .fourier import (
    Modes,
    mode_count,
    multiplicity,
    require_modes,
    samples_and_channels,
    two_sided,
)
from .operation import operation
from .tape import Node

Values = NDArray[Any]
#: Which of the two transforms divides by the number of cells.
Norm = Literal["forward", "backward"]


@operation
def rfft_modes(a: Node, modes: Modes) -> Node:
    """`spectral.truncated_dft` by a fast transform in the vector format; no bit is specified."""
    require_modes(space_of(a), modes)
    value = _parts_apart(lambda x: to_modes(x, modes, "forward"), a.value)
    return a.tape.record("rfft_modes", value, (a,), modes)


@operation
def irfft_modes(c: Node, modes: Modes, space: tuple[int, ...]) -> Node:
    """`spectral.inverse_truncated_dft` by a fast transform; no bit is specified."""
    require_modes(space, modes)
    samples_and_channels(c.shape, modes)
    value = _parts_apart(lambda x: to_field(x, modes, space, "forward"), c.value)
    return c.tape.record("irfft_modes", value, (c,), (modes, space))


def to_modes(x: Values, modes: Modes, norm: Norm) -> Values:
    """The modes of a real field, divided by the number of its cells if norm is "forward"."""
    from scipy import fft

    found = fft.rfft(x, axis=x.ndim - 2, norm=norm)[..., : modes[-1], :]
    if len(modes) == 2:
        found = fft.fft(found, axis=1, norm=norm)[:, two_sided(x.shape[1], modes[0])]
    found = np.moveaxis(found, 0, -2).reshape(mode_count(modes), x.shape[0], x.shape[-1])
    return np.concatenate([found.real, found.imag], axis=2)


def to_field(c: Values, modes: Modes, space: tuple[int, ...], norm: Norm) -> Values:
    """The real field of modes, divided by the number of its cells if norm is "backward"."""
    from scipy import fft

    batch, channels = c.shape[1], c.shape[2] // 2
    kept = (modes[0],) if len(modes) == 1 else (2 * modes[0], modes[1])
    pairs = c[..., :channels] + 1j * c[..., channels:]
    pairs = np.moveaxis(pairs.reshape(*kept, batch, channels), -2, 0)
    if len(modes) == 2:
        whole = np.zeros((batch, space[0], *pairs.shape[2:]), pairs.dtype)
        whole[:, two_sided(space[0], modes[0])] = pairs
        pairs = fft.ifft(whole, axis=1, norm=norm)
    return np.asarray(fft.irfft(pairs, space[-1], axis=len(space), norm=norm))


def weighted(c: Values, modes: Modes, n: int, power: int) -> Values:
    """Modes times a power of their multiplicity along the last axis, of n cells; exact."""
    weights = multiplicity(n, modes[-1]) ** power
    repeated = np.tile(weights, mode_count(modes) // modes[-1])
    return np.asarray(c * repeated.astype(c.dtype)[:, None, None])


def _parts_apart(function: Callable[[Values], Values], x: Values) -> Values:
    """A linear function of real arrays, of both parts of a complex one."""
    if not np.iscomplexobj(x):
        return function(x)
    return function(np.real(x)) + 1j * function(np.imag(x))
