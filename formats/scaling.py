"""How the scale of a tile is chosen from its elements: where implementations disagree most."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache

from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo
from .rounding import Rounding
from .specs import check_fields


class ScaleRule(Enum):
    """From the largest magnitude ``a`` of a tile to its scale.

    Write ``a = c 2^e`` with ``1 <= c < 2``, and ``M = m 2^emax`` for the largest value of the
    element format.  The power-of-two rules choose ``2^(e - emax)``, or twice that if ``c`` is
    large enough; the last two are for scales that are themselves small floats.
    """

    #: never: ``2^(e - emax)`` (OCP MX v1.0, 6.3); elements above M saturate
    FLOOR = "floor"
    #: if ``c > 1``: the least power of two with ``a / scale <= 2^emax``
    CEIL = "ceil"
    #: if ``c > m``: the least power of two with ``a / scale <= M`` (cuBLAS, PTX cvt.rp.ue8m0)
    RCEIL = "rceil"
    #: if ``c`` rounds to 2, half away, at the element's number of significand bits (AMD Quark)
    EVEN = "even"
    #: if ``c > (m + 2) / 2``: beyond half way from M to the next power of two (Brevitas)
    MIDMAX = "midmax"
    #: the scale is ``a`` itself, rounded to the scale's format (P3109 block conversion)
    MAX = "max"
    #: the scale is ``a / M``, rounded to the scale's format, so that elements fill their range
    RANGE = "range"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back

    @property
    def gives_power_of_two(self) -> bool:
        """Whether the rule chooses a power of two, hence belongs to a `PowerOfTwo` scale."""
        return self not in (ScaleRule.MAX, ScaleRule.RANGE)


class ScaleOverflow(Enum):
    """What a scale beyond the largest one becomes; one below the least is always the least."""

    #: the largest scale
    CLAMP = "clamp"
    #: NaN, and with it the whole tile
    NAN = "nan"

    __repr__ = Enum.__str__


class ZeroScale(Enum):
    """The scale of a tile of zeros, whose elements are zeros under any."""

    #: the least scale
    LEAST = "least"
    #: that of a tile whose largest magnitude is 2^-126, the least normal binary32
    LEAST_NORMAL = "least_normal"

    __repr__ = Enum.__str__


class Subnormals(Enum):
    """What an input below 2^-126 in magnitude, a subnormal of binary32, counts as."""

    #: itself
    KEEP = "keep"
    #: zero, of its sign
    FLUSH = "flush"
    #: zero if it is the largest magnitude of its tile, else itself
    FLUSH_TILE = "flush_tile"

    __repr__ = Enum.__str__


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The policies that choose the scale of a tile; the default is OCP MX v1.0, 6.3.

    Parameters
    ----------
    rule, overflow, zero, subnormals
        See the enums.
    rounding
        How a scale that is a small float is rounded; not stochastic.

    Examples
    --------
    >>> from bitpde.formats import Cast, MXFP4_E2M1
    >>> x = [6.5, 1.0]
    >>> Cast(format=MXFP4_E2M1).quantize(x).tolist()
    [6.0, 1.0]
    >>> Cast(format=MXFP4_E2M1, scaling=Scaling(rule=ScaleRule.RCEIL)).quantize(x).tolist()
    [6.0, 1.0]
    >>> Cast(format=MXFP4_E2M1, scaling=Scaling(rule=ScaleRule.EVEN)).quantize([7.9, 1.0]).tolist()
    [8.0, 1.0]
    """

    rule: ScaleRule = ScaleRule.FLOOR
    overflow: ScaleOverflow = ScaleOverflow.CLAMP
    zero: ZeroScale = ZeroScale.LEAST
    subnormals: Subnormals = Subnormals.KEEP
    rounding: Rounding = Rounding.NEAREST_EVEN

    def __post_init__(self) -> None:
        check_fields(self)
        if self.rounding.is_stochastic:
            msg = f"a scale is rounded by {self.rounding}: choose a deterministic rounding"
            raise FormatError(msg)


def step_threshold(rule: ScaleRule, element: Fixed | Minifloat) -> int:
    """Where a power-of-two rule steps up: if the 52 fraction bits of ``c`` exceed this number.

    Exact: every rule's threshold is a multiple of 2^-51, and ``c >= t`` is ``c > t - 2^-52``.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1
    >>> [step_threshold(rule, OCP_E2M1) / 2**52 for rule in list(ScaleRule)[:3]]
    [1.0, 0.0, 0.5]
    """
    m = element.max / Fraction(2) ** element.emax
    match rule:
        case ScaleRule.CEIL:
            return 0
        case ScaleRule.RCEIL:
            return int((m - 1) * 2**52)
        case ScaleRule.EVEN:
            return int((1 - Fraction(1, 2 ** (_significand_bits(element) + 1))) * 2**52) - 1
        case ScaleRule.MIDMAX:
            return int(m / 2 * 2**52)
        case _:
            return 2**52


@lru_cache(maxsize=256)
def scaling_integers(
    element: Fixed | Minifloat, scale: PowerOfTwo, scaling: Scaling, *, finite_only: bool
) -> tuple[int, ...]:
    """The integers of `encode_kernels.scale_code`, in its order."""
    threshold = step_threshold(scaling.rule, element)
    zero_code = 0
    if scaling.zero is ZeroScale.LEAST_NORMAL:
        exponent = -126 + (threshold < 0) - element.emax
        zero_code = min(max(exponent + scale.bias, 0), scale.nan_code - 1)
    clamped = scaling.overflow is ScaleOverflow.CLAMP
    overflow_code = scale.nan_code - 1 if clamped else scale.nan_code
    return (
        element.emax, scale.bias, threshold, zero_code, overflow_code, scale.nan_code,
        int(finite_only),
    )  # fmt: skip


def _significand_bits(element: Fixed | Minifloat) -> int:
    """Trailing significand bits of the largest binade."""
    if isinstance(element, Minifloat):
        return element.significand_bits
    return element.emax - element.lsb_min
