"""Arrays as hardware stores them: integers that know their format."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .archive import read_archive, write_archive
from .bit_order import BitOrder
from .block import Block, element_of
from .coded_checks import check_codes, check_scales, check_tensor_scale, read_only
from .coded_values import in_dtype, values_of
from .fixed import Fixed
from .kinds import Format as Format
from .kinds import short_name
from .minifloat import Minifloat
from .packed import Packed
from .packing import pack_codes, packed_size, unpack_codes
from .reshaping import check_channels, check_reshape
from .windows import window


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Coded:
    """Codes, and the scales of their tiles, of an array in ``format``; immutable.

    The arrays are held as read-only views: nothing is copied and they stay writable for whoever
    made them, who must not write to them later.  One of another dtype or shape, or with a code that
    is none of the format's, is a FormatError.

    Parameters
    ----------
    format
        What the codes mean.
    codes
        One integer per element, of the array's shape, in ``format``'s code dtype.
    scales
        One uint8 per tile, of shape ``format.grid(codes.shape)``; None for a scalar format.
    tensor_scale
        The positive binary32 that scales the whole array, if the format has one (NVFP4).

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
    scales: NDArray[np.uint8] | None = None
    tensor_scale: float | None = None

    def __post_init__(self) -> None:
        check_codes(self.format, self.codes)
        check_scales(self.format, self.codes.shape, self.scales)
        check_tensor_scale(self.format, self.tensor_scale)
        self.__setstate__(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(vars(self._with(**state)))

    def _with(self, **parts: Any) -> Self:
        """The same with other parts, unchecked: for views of parts that have been checked."""
        arrays = {n: read_only(a) for n, a in parts.items() if isinstance(a, np.ndarray)}
        new = object.__new__(type(self))
        vars(new).update({**vars(self), **parts, **arrays})
        return new

    @classmethod
    def unchecked(
        cls,
        format: Format,
        codes: NDArray[Any],
        scales: NDArray[np.uint8] | None = None,
        tensor_scale: float | None = None,
    ) -> Self:
        """The array of parts that its maker knows to be lawful."""
        new = object.__new__(cls)
        parts = vars(new)
        parts["format"] = format
        parts["codes"] = read_only(codes)
        parts["scales"] = None if scales is None else read_only(scales)
        parts["tensor_scale"] = tensor_scale
        return new

    def __repr__(self) -> str:
        return f"Coded({short_name(self.format)}, shape={self.shape}, nbytes={self.nbytes})"

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
        packed = packed_size(self.codes.size, self.element.bits)
        return packed + self._scale_bytes

    @property
    def memory_bytes(self) -> int:
        """Bytes of the arrays held here, where a code of 4 bits takes a whole byte."""
        return self.codes.nbytes + self._scale_bytes

    @property
    def _scale_bytes(self) -> int:
        whole = 0 if self.tensor_scale is None else 4
        return whole + (0 if self.scales is None else self.scales.size)

    @property
    def T(self) -> Self:
        """The transpose over the last two axes: a view, no bit is touched.

        The format's tile is transposed with it, so a square tile stays what it was.
        """
        if self.ndim < 2:
            return self
        check_channels(self.format)
        codes = self.codes.swapaxes(-1, -2)
        if self.scales is None or not isinstance(self.format, Block):
            return self._with(codes=codes)
        scales = self.scales.swapaxes(-1, -2)
        return self._with(format=self.format.T, codes=codes, scales=scales)

    def __getitem__(self, index: Any) -> Self:
        """The part that integers and slices name: a view, with every tile whole.

        Scalar formats take any, as do the axes of a block format before its last two.  Along these
        slices start and stop at tile boundaries (the end of the array is one), in steps of 1, and
        integers are for rows of tiles one row high; anything else is a FormatError.
        """
        check_channels(self.format)
        of_codes, of_scales = window(self.format, self.shape, index)
        if self.scales is None:
            return self._with(codes=self.codes[of_codes])
        return self._with(codes=self.codes[of_codes], scales=self.scales[of_scales])

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))

    def reshape(self, *shape: int | tuple[int, ...]) -> Self:
        """The same codes in C order in another shape; a view where NumPy can make one.

        Any shape is lawful for a scalar format.  Tiles of (r, c) stay whole if the columns stay
        and the rows stay too or are multiples of r before and after; or if r is 1 and the columns
        are multiples of c before and after.  Else it is a FormatError.
        """
        lengths = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        codes = self.codes.reshape(lengths)  # type: ignore[arg-type]
        check_channels(self.format)
        check_reshape(self.format, self.shape, codes.shape)
        if self.scales is None or not isinstance(self.format, Block):
            return self._with(codes=codes)
        return self._with(codes=codes, scales=self.scales.reshape(self.format.grid(codes.shape)))

    def values(
        self, dtype: DTypeLike | None = None, *, out: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """What the codes stand for, as float64 or float32; exact.

        Parameters
        ----------
        dtype
            The type of the values; by default that of ``out``, and float64 without one.
        out
            An array of that type and the array's shape, of any strides, to write the values into.
            It shares no memory with the codes.  In a loop it saves the time of a new array's first
            use, which is longer than decoding takes.

        Returns
        -------
        numpy.ndarray
            ``out`` if there is one.  Else a read-only array where the codes are the very bits of
            that type (FP32, FP64), and a new one elsewhere.

        Raises
        ------
        FormatError
            For another ``dtype``, for float32 where a value is none (``out`` then holds anything),
            and for an ``out`` that is not as said.

        Examples
        --------
        >>> from bitpde.formats import INT8
        >>> a = Coded(format=INT8, codes=np.array([1, -2], np.int8))
        >>> a.values(np.float32)
        array([ 1., -2.], dtype=float32)
        >>> kept = np.empty(2, np.float32)
        >>> a.values(out=kept) is kept
        True
        """
        return values_of(self.format, self.codes, self.scales, self.tensor_scale, dtype, out)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The values, for NumPy functions; a ``dtype`` that lacks one of them is a FormatError.

        Nothing is rounded here: ``values().astype`` does that.
        """
        if copy is False:
            msg = "a Coded holds integers, its values are always a copy: leave out copy=False"
            raise ValueError(msg)
        values = self.values() if dtype is None else in_dtype(self.values(), dtype)
        return values.copy() if copy and not values.flags.writeable else values

    def equals(self, other: "Coded") -> bool:
        """Whether format, codes and all scales agree in every bit."""
        if self.format != other.format or not np.array_equal(self.codes, other.codes):
            return False
        if self.tensor_scale != other.tensor_scale:
            return False
        if self.scales is None or other.scales is None:
            return True  # as the formats are equal, neither has any
        return np.array_equal(self.scales, other.scales)

    def pack(self, order: BitOrder = BitOrder.FIRST_LOW) -> Packed:
        """The codes in C order without gaps, with the scales; exact."""
        codes = pack_codes(self.codes, self.element.bits, order)
        return Packed(
            format=self.format, shape=self.shape, codes=codes, scales=self.scales,
            tensor_scale=self.tensor_scale, order=order,
        )  # fmt: skip

    @classmethod
    def unpack(cls, packed: Packed) -> Self:
        """The array whose `pack` is ``packed``; exact."""
        element = element_of(packed.format)
        codes = unpack_codes(
            packed.codes, element.bits, packed.shape, element.code_dtype, packed.order
        )
        return cls(
            format=packed.format, codes=codes, scales=packed.scales,
            tensor_scale=packed.tensor_scale,
        )  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the packed array to ``path``, a ``.npz`` archive without pickles, atomically.

        ``numpy.save(path, coded)`` would write the values in eight bytes each, without a format.
        """
        write_archive(self.pack(), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The array that `save` wrote to ``path``; anything else there is a FormatError."""
        return cls.unpack(read_archive(path))
