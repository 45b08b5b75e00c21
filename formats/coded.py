"""Arrays as hardware stores them: integers that know their format."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .affine import Affine
from .block import Block, element_of
from .decode import Float, decode_array
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .packing import pack_codes, unpack_codes

Format = Fixed | Minifloat | Affine | Block


@dataclass(frozen=True, eq=False, kw_only=True)
class Coded:
    """Codes, and the scales of their tiles, of an array in ``format``; immutable.

    Parameters
    ----------
    format
        What the codes mean.
    codes
        One integer per element, of the array's shape, in ``format``'s code dtype.
    scales
        One uint8 per tile, of shape ``format.grid(codes.shape)``; None for a scalar format.

    Examples
    --------
    >>> from bitpde.formats import Cast, SMX_INT8
    >>> a = Cast(format=SMX_INT8).encode([[1.0, -0.5], [0.25, 3.0]])
    >>> a.codes.tolist(), a.scales.tolist()
    ([[32, -16], [8, 96]], [[122]])
    >>> a.T.values().tolist()
    [[1.0, 0.25], [-0.5, 3.0]]
    """

    format: Format
    codes: NDArray[Any]
    scales: NDArray[np.uint8] | None = field(default=None)
    tensor_scale: float | None = None

    def __post_init__(self) -> None:
        if self.codes.dtype != self.element.code_dtype:
            held = np.dtype(self.element.code_dtype)
            msg = f"codes are {self.codes.dtype}: give {held}, which holds those of {self.element}"
            raise FormatError(msg)
        blocked = isinstance(self.format, Block)
        if blocked != (self.scales is not None):
            msg = f"{self.format} {'needs' if blocked else 'has no'} scales"
            raise FormatError(msg)
        if isinstance(self.format, Block) and self.scales is not None:
            grid = self.format.grid(self.codes.shape)
            if self.scales.dtype != np.uint8 or self.scales.shape != grid:
                given = f"{self.scales.dtype} of shape {self.scales.shape}"
                msg = f"scales are {given}: give uint8 of shape {grid}, one for each tile"
                raise FormatError(msg)
            self.scales.setflags(write=False)
        self.codes.setflags(write=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.codes.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.codes.ndim

    @property
    def element(self) -> Fixed | Minifloat:
        """Format of one code."""
        return element_of(self.format)

    @property
    def nbytes(self) -> int:
        """Bytes of the packed codes and the scales, what hardware would store."""
        packed = -(-self.codes.size * self.element.bits // 8)
        return packed + (0 if self.scales is None else self.scales.size)

    @property
    def T(self) -> "Coded":
        """The transpose over the last two axes: a view, no bit is touched.

        The format's tile is transposed with it, so a square tile stays what it was.
        """
        if self.ndim < 2:
            return self
        if self.scales is None or not isinstance(self.format, Block):
            return replace(self, codes=self.codes.swapaxes(-1, -2))
        return Coded(
            format=self.format.T,
            codes=self.codes.swapaxes(-1, -2),
            scales=self.scales.swapaxes(-1, -2),
            tensor_scale=self.tensor_scale,
        )

    def values(self, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """What the codes stand for, as float64 or float32; exact.

        Read-only where the codes are the very bits of that type (FP32, FP64), else a new array.

        Raises
        ------
        FormatError
            If ``dtype`` is another one, or if float32 is asked for and a value is none.
        """
        if np.dtype(dtype) not in (np.float64, np.float32):
            msg = f"values come as float32 or float64, not {np.dtype(dtype)}"
            raise FormatError(msg)
        if np.dtype(dtype) == np.float32:
            return self._narrow_values()
        values = self._decode(np.float64)
        if values is None:
            msg = f"{self.format} has values beyond float64"
            raise FormatError(msg)
        return values

    def _narrow_values(self) -> NDArray[Any]:
        values = self._decode(np.float32)
        if values is not None:
            return values
        exact = self.values()
        with np.errstate(over="ignore", under="ignore"):
            values = exact.astype(np.float32)
        if not np.array_equal(values, exact, equal_nan=True):
            msg = "some values are no float32: ask for values(np.float64)"
            raise FormatError(msg)
        return values

    def _decode(self, dtype: Float) -> NDArray[Any] | None:
        """The values; those of a transposed array as a transposed view."""
        if self.ndim == 2 and not self.codes.flags.c_contiguous and self.codes.T.flags.c_contiguous:
            values = self.T._decode(dtype)
            return None if values is None else values.T
        scales = None if self.scales is None else np.asarray(self.scales, order="C")
        return decode_array(
            self.format, np.asarray(self.codes, order="C"), scales, dtype, self.tensor_scale
        )

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The values, so that NumPy functions take a `Coded` as an array of numbers."""
        if copy is False:
            msg = "a Coded holds integers, its values are always a copy: leave out copy=False"
            raise ValueError(msg)
        values = self.values()
        return values if dtype is None else values.astype(dtype)

    def equals(self, other: "Coded") -> bool:
        """Whether format, codes and scales agree in every bit."""
        if self.format != other.format or not np.array_equal(self.codes, other.codes):
            return False
        if self.scales is None or other.scales is None:
            return self.scales is other.scales
        return np.array_equal(self.scales, other.scales)

    def pack(self) -> NDArray[np.uint8]:
        """The codes as a dense bit string in C order, first element in the lowest bits."""
        return pack_codes(self.codes, self.element.bits)

    @classmethod
    def unpack(
        cls,
        packed: NDArray[np.uint8],
        *,
        format: Format,
        shape: tuple[int, ...],
        scales: NDArray[np.uint8] | None = None,
    ) -> "Coded":
        """The array whose `pack` is ``packed``; the inverse of `pack`."""
        element = element_of(format)
        codes = unpack_codes(packed, element.bits, shape, element.code_dtype)
        return cls(format=format, codes=codes, scales=scales)
