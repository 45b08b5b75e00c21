"""What a cast demands of its policies, and of the random bits it is given."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .affine import Affine
from .block import Block, element_of
from .cast_integers import cast_integers
from .coded import Format
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .overflow import Overflow
from .plan import Policies
from .random_bits import RandomBits
from .rounding import Rounding
from .scaling import ScaleRule, Scaling

_FLOAT_ONLY = (Overflow.INFINITY_OR_NAN, Overflow.INFINITY_OR_MAX, Overflow.SATURATE_FINITE)


def check_cast(format: Format, policies: Policies) -> None:
    """Require that the policies are lawful for the format.

    Raises
    ------
    FormatError
        Naming the policy, the format and the remedy.
    """
    if not isinstance(format, Format):
        msg = f"format of a Cast is {format!r}: give a Fixed, Minifloat, Affine or Block"
        raise FormatError(msg)
    _check_random_bits(policies)
    element, overflow = element_of(format), policies.overflow
    if isinstance(element, Fixed) and overflow in _FLOAT_ONLY:
        msg = f"{overflow} is for floats and a Fixed has no infinity or NaN: choose another "
        raise FormatError(msg + "overflow, such as SATURATE")
    if overflow is Overflow.WRAP and (isinstance(format, Affine) or isinstance(element, Minifloat)):
        msg = f"{type(format).__name__} does not wrap: choose another overflow, such as SATURATE"
        raise FormatError(msg)
    if overflow is Overflow.INFINITY_OR_NAN and not element.has_nan:
        msg = f"{element} has no infinity or NaN: choose another overflow, such as SATURATE"
        raise FormatError(msg)
    cast_integers(element, policies.rounding, overflow)
    _check_scaling(format, policies.scaling)


def _check_random_bits(policies: Policies) -> None:
    if policies.rounding.is_stochastic and not 0 <= policies.random_bits <= 32:
        msg = f"stochastic rounding with {policies.random_bits} random bits: give 0 to 32"
        raise FormatError(msg)
    if not policies.rounding.is_stochastic and policies.random_bits != 0:
        msg = f"{policies.rounding} takes no random bits: leave "
        raise FormatError(msg + f"random_bits={policies.random_bits} out")


def _check_scaling(format: Format, scaling: Scaling) -> None:
    if not isinstance(format, Block):
        if scaling != Scaling():
            msg = f"{format} has no scales to choose: leave scaling={scaling} out"
            raise FormatError(msg)
        return
    if format.has_power_of_two_scale and not scaling.rule.gives_power_of_two:
        msg = f"{scaling.rule} gives scales that are no powers of two: give the Block a scale such "
        raise FormatError(msg + "as UE4M3")
    if not format.has_power_of_two_scale:
        _check_float_scaling(scaling)
        if format.tensor_scale and scaling.rule is ScaleRule.MAX:
            msg = f"{scaling.rule} knows no scale of the tensor: choose ScaleRule.RANGE"
            raise FormatError(msg)
    elif scaling.rounding is not Rounding.NEAREST_EVEN:
        msg = f"{scaling.rounding} does not round powers of two: leave it out, or choose a rule"
        raise FormatError(msg)


def _check_float_scaling(scaling: Scaling) -> None:
    if scaling.rule.gives_power_of_two:
        msg = f"{scaling.rule} gives powers of two, the scale is a float: choose ScaleRule.RANGE "
        raise FormatError(msg + "or MAX")
    plain = Scaling(rule=scaling.rule, rounding=scaling.rounding, subnormals=scaling.subnormals)
    if scaling != plain:
        msg = f"{scaling} has policies of powers of two, the scale is a float: leave them out"
        raise FormatError(msg)


def drawn_bits(
    policies: Policies, shape: tuple[int, ...], bits: ArrayLike | None, rng: RandomBits | None
) -> NDArray[np.uint32] | RandomBits | None:
    """The random bits of every element, checked, or their stream; None if there are none.

    Raises
    ------
    FormatError
        If they are missing, superfluous, of another shape or out of range.
    """
    if not policies.rounding.is_stochastic:
        if bits is not None or rng is not None:
            msg = f"{policies.rounding} takes no random bits: leave them out"
            raise FormatError(msg)
        return None
    count = policies.random_bits
    if bits is None and count == 0:
        return np.zeros(shape, np.uint32)
    if rng is not None and bits is None:
        return rng
    if bits is None or rng is not None:
        msg = f"stochastic rounding takes bits or rng: give integers of shape {shape}, or a "
        raise FormatError(msg + "RandomBits")
    array = np.asarray(bits)
    if array.shape != shape or array.dtype.kind not in "iu":
        msg = f"bits are {array.dtype} of shape {array.shape}: give integers of shape {shape}"
        raise FormatError(msg)
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < 2**count:
        msg = f"bits run from {array.min()} to {array.max()}: keep them in [0, {2**count})"
        raise FormatError(msg)
    return np.ascontiguousarray(array, dtype=np.uint32).reshape(shape)
