"""Casts that give the bits of the implementation they are named after.

Each is a choice of policies for one format; ``dataclasses.replace`` changes any of them.  Where an
implementation departs from its own rule, by a rounded logarithm, say, its preset keeps the rule;
the cases are rows of the disagreement register in ``validation``.
"""

from typing import Final, Protocol

from .block import Block
from .cast import Cast
from .fixed import Fixed
from .kinds import Format
from .overflow import NonFinite, Overflow
from .rounding import Rounding
from .scaling import ScaleOverflow, ScaleRule, Scaling, ZeroScale


class Preset(Protocol):
    """A function that chooses policies for a format."""

    def __call__(self, format: Format) -> Cast:
        """The cast to ``format``."""
        ...


def ocp_v1(format: Format) -> Cast:
    """OCP MX v1.0, 6.3: floor of the exponent, ties to even, saturation; the default of `Cast`.

    A format whose scales are small floats, of which that standard says nothing, fills its range.

    Examples
    --------
    >>> from bitpde.formats import MXFP4_E2M1, NVFP4
    >>> ocp_v1(MXFP4_E2M1) == Cast(format=MXFP4_E2M1), ocp_v1(NVFP4).scaling.rule
    (True, ScaleRule.RANGE)
    """
    if isinstance(format, Block) and not format.has_power_of_two_scale:
        return Cast(format=format, scaling=Scaling(rule=ScaleRule.RANGE))
    return Cast(format=format)


def microxcaling(format: Format) -> Cast:
    """The microxcaling library with its own defaults: ties away from zero, no code -128.

    Examples
    --------
    >>> from bitpde.formats import MXINT8
    >>> microxcaling(MXINT8).quantize([1.0, -2.0, 0.0390625]).tolist()
    [1.0, -2.0, 0.03125]
    """
    integer = isinstance(format, Block) and isinstance(format.element, Fixed)
    return Cast(
        format=format,
        rounding=Rounding.NEAREST_AWAY,
        overflow=Overflow.SATURATE_SYMMETRIC if integer else Overflow.SATURATE,
        scaling=_scaling(format, overflow=ScaleOverflow.NAN, zero=ZeroScale.LEAST_NORMAL),
    )


def torchao(format: Format, *, rule: ScaleRule = ScaleRule.FLOOR) -> Cast:
    """torchao's ``to_mx`` in one of its scale calculation modes FLOOR, CEIL, RCEIL and EVEN."""
    return Cast(format=format, scaling=_scaling(format, rule=rule))


def cublas(format: Format) -> Cast:
    """cuBLAS, one-dimensional block scaling: the least scale under which nothing saturates."""
    return Cast(format=format, scaling=_scaling(format, rule=ScaleRule.RCEIL))


def amd_even(format: Format) -> Cast:
    """AMD Quark's ``even``: the exponent of the largest magnitude rounded to the element."""
    return Cast(format=format, scaling=_scaling(format, rule=ScaleRule.EVEN))


def p3109_v4(
    format: Format,
    *,
    overflow: Overflow = Overflow.INFINITY_OR_MAX,
    scale_rounding: Rounding = Rounding.NEAREST_EVEN,
) -> Cast:
    """IEEE P3109 Interim Report v4.0: projection, and ConvertToBlockMaxAbsFinite for blocks.

    ``overflow`` is SATURATE (SatFinite), SATURATE_FINITE (SatPropagate) or INFINITY_OR_MAX
    (SatNone).  A block's scale is its largest finite magnitude, rounded to the scale's format.

    Examples
    --------
    >>> from bitpde.formats import BINARY8P4SE
    >>> p3109_v4(BINARY8P4SE).quantize([1e9, 0.1]).tolist()
    [inf, 0.1015625]
    """
    scaling = _scaling(format, rule=ScaleRule.MAX, rounding=scale_rounding)
    return Cast(format=format, overflow=overflow, nonfinite=NonFinite.ELEMENT, scaling=scaling)


def _scaling(format: Format, **policies: object) -> Scaling:
    """The policies for a block; the default, which asks for nothing, for any other format."""
    return Scaling(**policies) if isinstance(format, Block) else Scaling()  # type: ignore[arg-type]


#: Every preset by its name.
CAST_PRESETS: Final[dict[str, Preset]] = {
    preset.__name__: preset
    for preset in (ocp_v1, microxcaling, torchao, cublas, amd_even, p3109_v4)
}
