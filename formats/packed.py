"""An array as a file or a memory holds it: codes without gaps between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bit_order import BitOrder
from .block import element_of
from .coded_checks import check_scales, check_tensor_scale, read_only
from .kinds import Format
from .packing import check_packed


@dataclass(frozen=True, eq=False, kw_only=True)
class Packed:
    """Codes as one byte string, the scales of their tiles, and what they mean; immutable.

    `Coded.pack` makes one and `Coded.unpack` is its inverse.  The arrays are held as read-only
    views; whoever made them must not write to them later.

    Parameters
    ----------
    format
        What the codes mean.
    shape
        Shape of the array.
    codes
        The codes in C order, uint8, of one axis.
    scales
        One uint8 per tile, of shape ``format.grid(shape)``; None for a scalar format.
    tensor_scale
        The positive binary32 that scales the whole array, if the format has one.
    order
        Where the bits of a code lie.

    Raises
    ------
    FormatError
        If a part has another dtype, shape or size, or if ``order`` cannot store such an array.

    Examples
    --------
    >>> from bitpde.formats import Cast, MXFP4_E2M1
    >>> packed = Cast(format=MXFP4_E2M1).encode([[0.5, 1.0, -6.0]]).pack()
    >>> packed.codes.tolist(), packed.scales.tolist(), packed.nbytes
    ([33, 15], [[127]], 3)
    """

    format: Format
    shape: tuple[int, ...]
    codes: NDArray[np.uint8]
    scales: NDArray[np.uint8] | None = None
    tensor_scale: float | None = None
    order: BitOrder = BitOrder.FIRST_LOW

    def __post_init__(self) -> None:
        bits = element_of(self.format).bits
        check_packed(self.codes, bits, self.shape, self.order)
        check_scales(self.format, self.shape, self.scales)
        check_tensor_scale(self.format, self.tensor_scale)
        object.__setattr__(self, "codes", read_only(self.codes))
        if self.scales is not None:
            object.__setattr__(self, "scales", read_only(self.scales))

    @property
    def nbytes(self) -> int:
        """Bytes held: those of the codes and the scales, four for the scale of the tensor."""
        scales = 0 if self.scales is None else self.scales.nbytes
        return self.codes.nbytes + scales + (0 if self.tensor_scale is None else 4)
