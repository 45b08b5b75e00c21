"""A cast says how a real number becomes a code: format, rounding, overflow, non-finite policy."""

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .block import Block, element_of
from .carrier import JAMMED_PRECISION, Carrier, to_carrier
from .coded import Coded, Format
from .encode import Counts, encode_array
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .overflow import NonFinite, Overflow
from .rounding import Rounding
from .specs import check_fields


@dataclass(frozen=True, kw_only=True)
class Cast:
    """How reals become codes of ``format``; each element is rounded once, directly from its value.

    Parameters
    ----------
    format
        A `Fixed`, `Minifloat` or `Block`.
    rounding, overflow, nonfinite
        Policies; see the enums.
    random_bits
        Bits per element of stochastic rounding, 1 to 32; 0 for every other rounding.

    Examples
    --------
    >>> from bitpde.formats import INT8, OFP8_E4M3
    >>> Cast(format=INT8).quantize([2.5, 3.5, 300.0]).tolist()
    [2.0, 4.0, 127.0]
    >>> Cast(format=OFP8_E4M3, overflow=Overflow.INFINITY_OR_NAN).quantize([464.0, 465.0]).tolist()
    [448.0, nan]
    """

    format: Format
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.SATURATE
    nonfinite: NonFinite = NonFinite.PROPAGATE
    random_bits: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        if not isinstance(self.format, Format):
            msg = f"format of a Cast is {self.format!r}: give a Fixed, Minifloat or Block"
            raise FormatError(msg)
        if self.rounding is Rounding.STOCHASTIC and not 1 <= self.random_bits <= 32:
            msg = (
                f"stochastic rounding with {self.random_bits} random bits: give random_bits 1 to 32"
            )
            raise FormatError(msg)
        if self.rounding is not Rounding.STOCHASTIC and self.random_bits != 0:
            msg = f"{self.rounding} takes no random bits: leave random_bits={self.random_bits} out"
            raise FormatError(msg)
        fixed = isinstance(self.element, Fixed)
        if fixed and self.overflow is Overflow.INFINITY_OR_NAN:
            msg = "a Fixed has no infinity or NaN: choose another overflow, such as SATURATE"
            raise FormatError(msg)
        if not fixed and self.overflow is Overflow.WRAP:
            msg = "a Minifloat does not wrap: choose another overflow, such as SATURATE"
            raise FormatError(msg)
        if self.overflow is Overflow.INFINITY_OR_NAN and not self.element.has_nan:
            msg = (
                f"{self.element} has no infinity or NaN: choose another overflow, such as SATURATE"
            )
            raise FormatError(msg)

    @property
    def element(self) -> Fixed | Minifloat:
        """Format of one code."""
        return element_of(self.format)

    def encode(self, x: ArrayLike, bits: ArrayLike | None = None) -> Coded:
        """The codes of ``x``: one rounding per element.

        Parameters
        ----------
        x
            float16, float32, float64 or integers, any shape, any strides.
        bits
            For stochastic rounding: integers of ``x``'s shape in ``[0, 2^random_bits)``.

        Raises
        ------
        FormatError
            For another dtype, for a value the policies refuse (named with its index), or if
            ``bits`` are missing, of another shape or out of range.
        """
        return self.encode_counted(x, bits)[0]

    def encode_counted(self, x: ArrayLike, bits: ArrayLike | None = None) -> tuple[Coded, Counts]:
        """`encode`, and how many elements saturated and underflowed."""
        carrier, exact = to_carrier(x)
        if not exact and self._needs_every_bit():
            msg = (
                f"an integer above 2^53 is no float64: {self.format} needs its last bits, split it"
            )
            raise FormatError(msg)
        random = self._random(bits, carrier.shape)
        encoding = encode_array(
            carrier, random, format=self.format, rounding=self.rounding, overflow=self.overflow,
            random_bits=self.random_bits,
        )  # fmt: skip
        coded, counts, refused = encoding
        if refused or (self.nonfinite is NonFinite.RAISE and not np.isfinite(carrier).all()):
            self._refuse(carrier, random, coded)
        return coded, counts

    def _needs_every_bit(self) -> bool:
        """Whether an integer carried with its last bit jammed may come to another code."""
        wide = self.element.significand_bits >= JAMMED_PRECISION
        return self.overflow is Overflow.WRAP or (isinstance(self.element, Minifloat) and wide)

    def _refuse(self, x: Carrier, random: NDArray[np.uint32] | None, coded: Coded) -> NoReturn:
        """Raise for the first value the policies refuse."""
        speechless = np.isnan(x) if isinstance(self.format, Minifloat) else ~np.isfinite(x)
        if self.nonfinite is NonFinite.RAISE:
            speechless = ~np.isfinite(x)
        elif isinstance(self.format, Block) or self.format.has_nan:
            speechless = np.zeros_like(speechless)
        # A value refused as too large has code 0 where saturation gives the largest one.
        saturated, _, _ = encode_array(
            x, random, format=self.format, rounding=self.rounding, overflow=Overflow.SATURATE,
            random_bits=self.random_bits,
        )  # fmt: skip
        refused = np.argwhere(speechless | (coded.codes != saturated.codes))
        index = tuple(int(i) for i in refused[0])
        remedy = "it is beyond the largest value; choose a wider format or Overflow.SATURATE"
        if speechless[index]:
            remedy = f"{self.nonfinite} and {self.format} leave it no code; remove it first"
        msg = f"x{list(index)} is {x[index]}: {remedy}"
        raise FormatError(msg)

    def quantize(self, x: ArrayLike, bits: ArrayLike | None = None) -> NDArray[Any]:
        """The values of ``encode(x)``: float32 for float16 and float32 input, else float64; exact.

        Raises
        ------
        FormatError
            As `encode`; and if a value of float32 input leaves float32 (ask for
            ``encode(x).values()``).
        """
        narrow = np.asarray(x).dtype in (np.dtype(np.float16), np.dtype(np.float32))
        return self.encode(x, bits).values(np.float32 if narrow else np.float64)

    def _random(self, bits: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.uint32] | None:
        if self.rounding is not Rounding.STOCHASTIC:
            if bits is not None:
                msg = f"{self.rounding} takes no random bits: leave bits out"
                raise FormatError(msg)
            return None
        if bits is None:
            msg = f"stochastic rounding needs bits: integers of shape {shape}"
            raise FormatError(msg)
        array = np.asarray(bits)
        if array.shape != shape or array.dtype.kind not in "iu":
            msg = f"bits are {array.dtype} of shape {array.shape}: give integers of shape {shape}"
            raise FormatError(msg)
        if array.size and not 0 <= int(array.min()) <= int(array.max()) < 2**self.random_bits:
            limit = 2**self.random_bits
            msg = f"bits run from {array.min()} to {array.max()}: keep them in [0, {limit})"
            raise FormatError(msg)
        return np.ascontiguousarray(array, dtype=np.uint32).reshape(shape)
