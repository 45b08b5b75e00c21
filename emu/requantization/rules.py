"""The rules by which an accumulator is multiplied by a real number and rounded to an integer.

Each function is one rule.  ``fixed`` is the multiplier and the shift of `quantize_multiplier`,
arrays that meet the accumulators; ``register`` says what a 32-bit register makes of a value.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .fixed_point import Integers, divide_by_power_of_two, doubling_high_multiply

Register = Callable[[Integers, str], Integers]


class RequantizationRule(Enum):
    """How an accumulator is multiplied by a real; the value is the name used in JSON."""

    #: two roundings: doubling high multiply (ties up), then a right shift (ties away from zero);
    #: gemmlowp, and TensorFlow Lite and CMSIS-NN by default.  int32 accumulators
    DOUBLE = "double"
    #: one rounding of the 64-bit product, ties up: TensorFlow Lite with TFLITE_SINGLE_ROUNDING,
    #: CMSIS-NN with CMSIS_NN_USE_SINGLE_ROUNDING.  int32 accumulators
    SINGLE = "single"
    #: one rounding, ties up, after the multiplier was rounded again to 15 bits: TensorFlow Lite's
    #: int64 overload for int16 activations, arm_nn_requantize_s64.  48-bit accumulators, M < 2^7
    REDUCED = "reduced"
    #: accumulator to float32, times the float32 of M, to the nearest integer (ties to even): three
    #: roundings after that of M, as the float path of FBGEMM and the fp32 path of XNNPACK
    FLOAT = "float"
    #: the exact product, rounded once, ties to even
    EXACT = "exact"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


#: Bits an accumulator may have, where it is not 64.
ACCUMULATOR_BITS: Final = {
    RequantizationRule.DOUBLE: 32,
    RequantizationRule.SINGLE: 32,
    RequantizationRule.REDUCED: 48,
}


def scale_double(acc: Integers, fixed: tuple[Integers, Integers], register: Register) -> Integers:
    """DOUBLE: within 1/2 + 2^(shift - 1) of the product, shift below 0; else within 1/2."""
    multiplier, shift = fixed
    left = register(acc << np.maximum(shift, 0), "an accumulator shifted left")
    return divide_by_power_of_two(doubling_high_multiply(left, multiplier), np.maximum(-shift, 0))


def scale_single(acc: Integers, fixed: tuple[Integers, Integers], register: Register) -> Integers:
    """SINGLE: the floor of the product plus 1/2."""
    multiplier, shift = fixed
    return register(_shifted(acc * multiplier, 31 - shift), "a product")


def scale_reduced(acc: Integers, fixed: tuple[Integers, Integers], register: Register) -> Integers:
    """REDUCED: the floor of the product plus 1/2, the multiplier rounded to 15 bits, ties up."""
    multiplier, shift = fixed
    reduced = np.minimum((multiplier + 2**15) >> np.int64(16), np.int64(0x7FFF))
    return register(_shifted(acc * reduced, 15 - shift), "a product")


def _shifted(product: Integers, places: Integers) -> Integers:
    """``floor(product 2^-places + 1/2)``, places from 1; exact below 2^62."""
    return (product + (np.int64(1) << (places - 1))) >> places


def scale_float(acc: Integers, scale: NDArray[np.float32]) -> NDArray[np.float64]:
    """FLOAT: two roundings to float32 and one to an integer, which float64 holds."""
    product: NDArray[np.float32] = acc.astype(np.float32) * scale
    return np.rint(product).astype(np.float64)


def scale_exact(acc: Integers, scale: NDArray[Any]) -> NDArray[Any]:
    """EXACT: integers of any size, for a scale of Fractions."""
    to_nearest = np.frompyfunc(round, 1, 1)  # of a Fraction: ties to even
    return np.asarray(to_nearest(acc.astype(object) * scale), object)


#: The rules of fixed-point machines.
FIXED_POINT_RULES: Final = {
    RequantizationRule.DOUBLE: scale_double,
    RequantizationRule.SINGLE: scale_single,
    RequantizationRule.REDUCED: scale_reduced,
}
