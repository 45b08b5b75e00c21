"""A cast says how a real number becomes a code: format, rounding, overflow, non-finite policy."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .affine import Affine
from .affine_plan import AffinePlan
from .block import Block, element_of
from .carrier import Carrier, to_carrier
from .cast_checks import check_cast, drawn_bits
from .coded import Coded, Format
from .encode import Counts, Encoding, Random, encode_array
from .encode_affine import encode_affine
from .encode_scaled import encode_scaled
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .outputs import check_out, delivered
from .overflow import NonFinite, Overflow
from .plan import Plan, Policies
from .quantize import quantize_array
from .quantize_affine import quantize_affine
from .random_bits import RandomBits
from .refusal import refusal
from .rounding import Rounding
from .scaling import Scaling, Subnormals
from .specs import check_fields
from .subnormals import flush_subnormals
from .wide_integers import are_wide, needs_every_bit, with_exact_codes


class _Input(NamedTuple):
    """What is encoded: the numbers as kernels take them, and the random bits of each.

    Where these are rounded integers whose last bits the cast needs, ``integers`` are they whole.
    """

    carrier: Carrier
    random: Random
    integers: NDArray[Any] | None


@dataclass(frozen=True, kw_only=True)
class Cast:
    """How reals become codes of ``format``; each element is rounded once, directly from its value.

    Parameters
    ----------
    format
        A `Fixed`, `Minifloat`, `Affine` or `Block`.
    rounding, overflow, nonfinite
        Policies; see the enums.  A value is rounded first; overflow is asked of the result.
    random_bits
        Bits per element of stochastic rounding, 0 to 32; 0 for every other rounding.
    scaling
        How the scales of a `Block` are chosen; the default for every other format.

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
    scaling: Scaling = field(default_factory=Scaling)

    def __post_init__(self) -> None:
        check_fields(self)
        check_cast(self.format, self.policies)

    @property
    def element(self) -> Fixed | Minifloat:
        """Format of one code."""
        return element_of(self.format)

    @cached_property
    def policies(self) -> Policies:
        """Everything but the format."""
        return Policies(
            self.rounding, self.overflow, self.nonfinite, self.random_bits, self.scaling
        )

    @cached_property
    def plan(self) -> Plan:
        """What the lanes of encoding know of this cast."""
        return Plan(self.format, self.policies)

    def encode(
        self,
        x: ArrayLike,
        bits: ArrayLike | None = None,
        *,
        rng: RandomBits | None = None,
        out: NDArray[Any] | None = None,
    ) -> Coded:
        """The codes of ``x``: one rounding per element.

        Parameters
        ----------
        x
            float16, float32, float64 or integers, any shape, any strides.
        bits
            For stochastic rounding: integers of ``x``'s shape in ``[0, 2^random_bits)``.
        rng
            In their place, the stream from which they are drawn: each element takes the draw of
            its own position, whether its value is exact or not.
        out
            An array of the codes' dtype and of ``x``'s shape in which the codes are to be.  Where
            a lane can write there, a large result costs no fresh memory.  The codes of the result
            are a view of it, and change when it is written again.

        Raises
        ------
        FormatError
            For another dtype, for a value the policies refuse (named with its index), if
            ``bits`` are missing, of another shape or out of range, or if ``out`` is none of that
            kind.  What ``out`` holds after an error is not specified, unless the error is about it.

        Examples
        --------
        >>> from bitpde.formats import INT8
        >>> codes = np.empty(3, np.int8)
        >>> coded = Cast(format=INT8).encode([1.0, 2.5, -3.0], out=codes)
        >>> codes.tolist()
        [1, 2, -3]
        """
        return self.encode_counted(x, bits, rng=rng, out=out)[0]

    def encode_counted(
        self,
        x: ArrayLike,
        bits: ArrayLike | None = None,
        *,
        rng: RandomBits | None = None,
        out: NDArray[Any] | None = None,
    ) -> tuple[Coded, Counts]:
        """`encode`, and how many elements saturated and underflowed."""
        if out is not None:
            check_out(out, self.element.code_dtype, np.shape(x))
        coded, counts = self._checked(self._prepare(x, bits, rng), out)
        if out is not None and not np.may_share_memory(coded.codes, out):
            out[...] = coded.codes
            coded = Coded.unchecked(coded.format, out, coded.scales, coded.tensor_scale)
        return coded, counts

    def _checked(self, given: _Input, out: NDArray[Any] | None = None) -> tuple[Coded, Counts]:
        """The encoding, if no element is refused."""
        encoding = self._encode(given, out)
        forbidden = self.nonfinite is NonFinite.RAISE and not np.isfinite(given.carrier).all()
        if encoding.refused or forbidden:
            alone = self.nonfinite is NonFinite.ELEMENT
            nonfinite = NonFinite.ELEMENT if alone else NonFinite.PROPAGATE
            refuses = self.overflow is Overflow.RAISE
            overflow = Overflow.SATURATE if refuses else self.overflow
            free = replace(self, overflow=overflow, nonfinite=nonfinite)._encode(given).coded
            raise refusal(given.carrier, self.format, self.policies, encoding.coded, free)
        return encoding.coded, encoding.counts

    def attempt(
        self, x: ArrayLike, bits: ArrayLike | None = None, *, rng: RandomBits | None = None
    ) -> Encoding:
        """`encode_counted` without its error: how many elements are refused comes as a number.

        A refused element has code 0, or 1 if it is negative.
        """
        return self._encode(self._prepare(x, bits, rng))

    def _prepare(self, x: ArrayLike, bits: ArrayLike | None, rng: RandomBits | None) -> _Input:
        """The numbers as kernels take them, and the random bits of each."""
        carrier, exact = to_carrier(x)
        integers = None if exact or not needs_every_bit(self) else np.asarray(x)
        if integers is not None and isinstance(self.format, Affine | Block):
            msg = (
                f"x holds integers above 2^53 that are no float64, and {self.rounding} to "
                f"{self.format} needs their last bits: divide them, or give float64"
            )
            raise FormatError(msg)
        if self.scaling.subnormals is not Subnormals.KEEP:
            carrier = flush_subnormals(carrier, self.format, self.scaling.subnormals)
        return _Input(carrier, drawn_bits(self.policies, carrier.shape, bits, rng), integers)

    def _encode(self, given: _Input, out: NDArray[Any] | None = None) -> Encoding:
        """The encoding, without regard to refused elements; in ``out`` where a lane can."""
        x, random, integers = given
        if integers is None:
            return self._encode_floats(x, random, out)
        narrow = self._encode_floats(np.where(are_wide(integers), 0.0, x), random, None)
        return with_exact_codes(self, integers, random, narrow)

    def _encode_floats(self, x: Carrier, random: Random, out: NDArray[Any] | None) -> Encoding:
        """The encoding by the lanes of the format."""
        if self._affine is not None:
            return encode_affine(x, random, self._affine, out)
        if isinstance(self.format, Block) and self._needs_quotients:
            return encode_scaled(x, random, self.format, self.policies)
        return encode_array(x, random, self.plan, out)

    @cached_property
    def _affine(self) -> AffinePlan | None:
        """What the lanes of affine integers know of this cast, if it is to such."""
        return AffinePlan(self.format, self.policies) if isinstance(self.format, Affine) else None

    @cached_property
    def _needs_quotients(self) -> bool:
        """Whether scales divide elements, where those of other blocks shift them."""
        return isinstance(self.format, Block) and not self.format.has_power_of_two_scale

    def quantize(
        self,
        x: ArrayLike,
        bits: ArrayLike | None = None,
        *,
        rng: RandomBits | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """The values of ``encode(x)``: float32 for float16 and float32 input, else float64; exact.

        With ``out``, an array of that type and of ``x``'s shape, they are written there and it is
        returned: a large result then costs no fresh memory.  It may be ``x`` itself.

        Raises
        ------
        FormatError
            As `encode`; if a value of float32 input leaves float32 (ask for
            ``encode(x).values()``); or if ``out`` is none of that kind.  What ``out`` holds after
            an error is not specified, unless the error is about ``out``.
        """
        array = np.asarray(x)
        narrow = array.dtype.kind == "f" and array.dtype.itemsize <= 4
        dtype = np.float32 if narrow else np.float64
        if out is not None:
            check_out(out, dtype, array.shape)
        given = self._prepare(array, bits, rng)
        values = self._quantize(given.carrier, given.random, out) if narrow else None
        if values is not None:
            return delivered(values, out)
        return self._checked(given)[0].values(dtype, out=out)

    def _quantize(
        self, x: Carrier, random: Random, out: NDArray[Any] | None
    ) -> NDArray[np.float32] | None:
        """The values of float32 input in one pass; None where no lane has them."""
        if self._affine is not None:
            return quantize_affine(x, self._affine, out)
        return None if self._needs_quotients else quantize_array(x, random, self.plan, out)
