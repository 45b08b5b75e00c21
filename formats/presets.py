"""Casts that give the bits of the implementation they are named after.

Each is a choice of policies for one format; ``dataclasses.replace`` changes any of them.  The rule
for the scale of a block can be given at once, since the preset's own may not be lawful for the
format: those that give powers of two are not for NVFP4.  Where an implementation departs from its
own rule, by a rounded logarithm, say, its preset keeps the rule; the cases are rows of the
disagreement register in ``validation``.
"""

from typing import Any, Final, Protocol

from .block import Block
from .cast import Cast
from .errors import FormatError
from .fixed import Fixed
from .kinds import Format
from .overflow import NonFinite, Overflow
from .rounding import Rounding
from .scaling import ScaleOverflow, ScaleRule, Scaling, ZeroScale


class Preset(Protocol):
    """A function that chooses policies for a format."""

    def __call__(self, format: Format, *, rule: ScaleRule | None = None) -> Cast:
        """The cast to ``format``; with ``rule`` the scale of a block follows that one."""
        ...


def ocp_v1(format: Format, *, rule: ScaleRule | None = None) -> Cast:
    """OCP MX v1.0, 6.3: floor of the exponent, ties to even, saturation; the default of `Cast`.

    A format whose scales are small floats, of which that standard says nothing, fills its range.

    Examples
    --------
    >>> from bitpde.formats import MXFP4_E2M1, NVFP4
    >>> ocp_v1(MXFP4_E2M1) == Cast(format=MXFP4_E2M1), ocp_v1(NVFP4).scaling.rule
    (True, ScaleRule.RANGE)
    """
    fills = isinstance(format, Block) and not format.has_power_of_two_scale
    own = ScaleRule.RANGE if fills else ScaleRule.FLOOR
    return Cast(format=format, scaling=_scaling(format, rule, own))


def microxcaling(format: Format, *, rule: ScaleRule | None = None) -> Cast:
    """The microxcaling library with its own defaults: ties away from zero, no code -128.

    Examples
    --------
    >>> from bitpde.formats import MXINT8
    >>> microxcaling(MXINT8).quantize([1.0, -2.0, 0.0390625]).tolist()
    [1.0, -2.0, 0.03125]
    """
    integer = isinstance(format, Block) and isinstance(format.element, Fixed)
    scaling = _scaling(
        format, rule, ScaleRule.FLOOR, overflow=ScaleOverflow.NAN, zero=ZeroScale.LEAST_NORMAL
    )
    return Cast(
        format=format,
        rounding=Rounding.NEAREST_AWAY,
        overflow=Overflow.SATURATE_SYMMETRIC if integer else Overflow.SATURATE,
        scaling=scaling,
    )


def torchao(format: Format, *, rule: ScaleRule | None = None) -> Cast:
    """torchao's ``to_mx`` in one of its scale calculation modes FLOOR (its own), CEIL, RCEIL, EVEN.

    Examples
    --------
    >>> from bitpde.formats import MXFP4_E2M1
    >>> [torchao(MXFP4_E2M1, rule=r).scaling.rule.value for r in (None, ScaleRule.RCEIL)]
    ['floor', 'rceil']
    """
    return Cast(format=format, scaling=_scaling(format, rule, ScaleRule.FLOOR))


def cublas(format: Format, *, rule: ScaleRule | None = None) -> Cast:
    """cuBLAS, one-dimensional block scaling: the least scale under which nothing saturates."""
    return Cast(format=format, scaling=_scaling(format, rule, ScaleRule.RCEIL))


def amd_even(format: Format, *, rule: ScaleRule | None = None) -> Cast:
    """AMD Quark's ``even``: the exponent of the largest magnitude rounded to the element."""
    return Cast(format=format, scaling=_scaling(format, rule, ScaleRule.EVEN))


def p3109_v4(
    format: Format,
    *,
    rule: ScaleRule | None = None,
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
    scaling = _scaling(format, rule, ScaleRule.MAX, rounding=scale_rounding)
    return Cast(format=format, overflow=overflow, nonfinite=NonFinite.ELEMENT, scaling=scaling)


def _scaling(format: Format, rule: ScaleRule | None, own: ScaleRule, **policies: Any) -> Scaling:
    """The policies for a block; the default, which asks for nothing, for any other format.

    Raises
    ------
    FormatError
        If a rule is given for such a format.
    """
    if isinstance(format, Block):
        return Scaling(rule=rule or own, **policies)
    if rule is not None:
        msg = f"{rule} is for blocks, and {format} chooses no scale: leave it out"
        raise FormatError(msg)
    return Scaling()


#: Every preset by its name.
CAST_PRESETS: Final[dict[str, Preset]] = {
    preset.__name__: preset
    for preset in (ocp_v1, microxcaling, torchao, cublas, amd_even, p3109_v4)
}
