"""Requantization: an integer accumulator becomes an integer activation of another scale.

    q = clamp(zero_point + round(M acc)),   M = s_w s_x / s_y

What ``round(M acc)`` means is a *rule*, and public implementations differ in its bits.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import INT8, Fixed, Overflow
from ..errors import DatapathError
from .fixed_point import Integers, quantize_multiplier
from .rules import (
    ACCUMULATOR_BITS,
    FIXED_POINT_RULES,
    RequantizationRule,
    scale_exact,
    scale_float,
)

_REGISTER_POLICIES = (Overflow.RAISE, Overflow.WRAP, Overflow.SATURATE)


@dataclass(frozen=True, kw_only=True)
class Requantization:
    """One multiplier for a tensor, or one per channel.

    Parameters
    ----------
    multipliers
        M, positive floats, each meant exactly: one, or one per index of ``axis``.  Below 2^-32
        the rules of fixed-point machines make it zero (`quantize_multiplier`).
    rule
        How the product is rounded.
    output
        The activation's integers, without fraction bits.
    zero_point
        The code of zero.
    lowest, highest
        The codes a fused activation clamps to (ReLU: ``lowest=zero_point``); None for the
        output's own limits.
    axis
        Where the channels lie in the accumulators.
    overflow
        What DOUBLE, SINGLE and REDUCED do where a 32-bit register is exceeded: the accumulator
        shifted left (DOUBLE, M >= 1), the product, the sum with the zero point.  RAISE;
        WRAP, as 32-bit machines do; or SATURATE.

    Examples
    --------
    >>> acc = np.array([[1, 2, 3, -1, -2, 5000]], np.int32)
    >>> Requantization(multipliers=(0.25,)).apply(acc).tolist()
    [[1, 1, 1, 0, -1, 127]]
    >>> single = Requantization(multipliers=(0.25,), rule=RequantizationRule.SINGLE)
    >>> single.apply(acc).tolist()
    [[0, 1, 1, 0, 0, 127]]
    """

    multipliers: tuple[float, ...]
    rule: RequantizationRule = RequantizationRule.DOUBLE
    output: Fixed = INT8
    zero_point: int = 0
    lowest: int | None = None
    highest: int | None = None
    axis: int = -1
    overflow: Overflow = Overflow.RAISE

    def __post_init__(self) -> None:
        if not isinstance(self.multipliers, tuple) or not self.multipliers:
            msg = f"multipliers are {self.multipliers!r}: give a tuple of at least one float"
            raise DatapathError(msg)
        if not isinstance(self.rule, RequantizationRule):
            msg = f"rule is {self.rule!r}: give a RequantizationRule"
            raise DatapathError(msg)
        if not isinstance(self.output, Fixed) or self.output.fraction_bits:
            msg = f"output is {self.output!r}: give a Fixed without fraction bits, such as INT8"
            raise DatapathError(msg)
        if self.overflow not in _REGISTER_POLICIES:
            msg = f"overflow is {self.overflow!r}: choose RAISE, WRAP or SATURATE"
            raise DatapathError(msg)
        self._check_codes()
        self._check_multipliers()

    def _check_codes(self) -> None:
        if type(self.axis) is not int:
            msg = f"axis is {self.axis!r}: give an integer"
            raise DatapathError(msg)
        codes = self.output.codes()
        for name in ("zero_point", "lowest", "highest"):
            value = getattr(self, name)
            if (type(value) is not int or value not in codes) and (
                value is not None or name == "zero_point"
            ):
                msg = f"{name} is {value!r}: give a code of the output, {codes[0]} to {codes[-1]}"
                raise DatapathError(msg)
        if self.limits[0] > self.limits[1]:
            msg = f"lowest is {self.lowest} and highest {self.highest}: give an interval"
            raise DatapathError(msg)

    def _check_multipliers(self) -> None:
        """Require multipliers the rule can use."""
        fixed = [quantize_multiplier(real) for real in self.multipliers]
        for real, (_, shift) in zip(self.multipliers, fixed, strict=True):
            if self.rule is RequantizationRule.REDUCED and shift > 7:
                msg = f"a multiplier is {real!r}: {self.rule} takes one below 2^7"
                raise DatapathError(msg)
            if self.rule is RequantizationRule.FLOAT and real < 2.0**-126:
                msg = f"a multiplier is {real!r}: {self.rule} takes one that float32 holds as a "
                raise DatapathError(msg + "normal number")

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest code that comes out."""
        codes = self.output.codes()
        return (
            codes[0] if self.lowest is None else self.lowest,
            codes[-1] if self.highest is None else self.highest,
        )

    @cached_property
    def fixed_point(self) -> tuple[tuple[int, int], ...]:
        """``(multiplier, shift)`` of each channel: M is about ``multiplier 2^(shift - 31)``."""
        return tuple(quantize_multiplier(real) for real in self.multipliers)

    def apply(self, accumulators: ArrayLike) -> NDArray[Any]:
        """The activations' codes.

        Parameters
        ----------
        accumulators
            Integers of any shape, within 32 bits (DOUBLE, SINGLE), 48 (REDUCED) or 64.

        Returns
        -------
        ndarray
            Same shape, ``output.code_dtype``.

        Raises
        ------
        DatapathError
            For other numbers, for a shape that does not match the channels, and for a register
            that is exceeded where ``overflow`` is RAISE.

        Notes
        -----
        *Exactness*, without overflow and before the clamp, with m = multiplier 2^(shift - 31),
        which is within 2^-31 of M relatively:

        * DOUBLE: two roundings, within 1/2 + 2^(shift - 1) of m acc for a shift below 0 and
          within 1/2 of it otherwise;
        * SINGLE: one, ``floor(m acc + 1/2)``; REDUCED: the same of a multiplier of 15 bits;
        * FLOAT: of M, of the accumulator and of the product to float32, and one to an integer,
          within ``1/2 + |M acc| ((1 + u)^3 - 1)`` of M acc, u = 2^-24;
        * EXACT: one.

        Every rule is monotone in the accumulator, unless a register wraps.
        """
        acc = self._checked(accumulators)
        codes: NDArray[Any]
        if self.rule is RequantizationRule.FLOAT:
            scale = self._along_axis(np.array(self.multipliers, np.float32), acc.ndim)
            codes = scale_float(acc, scale) + self.zero_point
        elif self.rule is RequantizationRule.EXACT:
            reals = np.array([Fraction(real) for real in self.multipliers], object)
            codes = scale_exact(acc, self._along_axis(reals, acc.ndim)) + self.zero_point
        else:
            pairs = np.array(self.fixed_point, np.int64)
            multiplier, shift = (self._along_axis(pairs[:, part], acc.ndim) for part in (0, 1))
            scaled = FIXED_POINT_RULES[self.rule](acc, (multiplier, shift), self._register)
            codes = self._register(scaled + self.zero_point, "a sum")
        inside = np.minimum(np.maximum(codes, self.limits[0]), self.limits[1])
        return np.asarray(inside, self.output.code_dtype)

    def _checked(self, accumulators: ArrayLike) -> Integers:
        """The accumulators in int64, if they are what the rule takes."""
        acc = np.asarray(accumulators)
        bits = ACCUMULATOR_BITS.get(self.rule, 64)
        wide = acc.dtype.kind == "u" and acc.size and int(acc.max()) >= 2**63
        if acc.dtype.kind not in "iu" or wide:
            msg = f"accumulators are {acc.dtype}: give integers of {bits} bits"
            raise DatapathError(msg)
        bound = 2 ** (bits - 1)
        if acc.size and not (-bound <= int(acc.min()) and int(acc.max()) < bound):
            msg = f"accumulators run from {acc.min()} to {acc.max()}: {self.rule} takes {bits} "
            raise DatapathError(msg + "bits; sum fewer products, or choose another rule")
        count = len(self.multipliers)
        if count > 1 and not -acc.ndim <= self.axis < acc.ndim:
            msg = f"accumulators have shape {acc.shape} and no axis {self.axis}: give the channels'"
            raise DatapathError(msg)
        if count > 1 and acc.shape[self.axis] != count:
            msg = f"accumulators have shape {acc.shape}: give {count} channels along axis "
            raise DatapathError(msg + str(self.axis))
        return acc.astype(np.int64)

    def _along_axis(self, values: NDArray[Any], ndim: int) -> NDArray[Any]:
        """One value per channel, in the shape that meets the accumulators."""
        shape = [1] * ndim
        if values.size > 1:
            shape[self.axis] = values.size
        return values.reshape(shape)

    def _register(self, values: Integers, what: str) -> Integers:
        """The values as a 32-bit register holds them."""
        if self.overflow is Overflow.WRAP:
            return values.astype(np.int32).astype(np.int64)
        held = np.clip(values, -(2**31), 2**31 - 1)
        if self.overflow is Overflow.RAISE and (held != values).any():
            msg = f"{what} is {values[held != values].flat[0]}, which 32 bits do not hold: lower "
            raise DatapathError(msg + "the multipliers, or choose overflow=Overflow.SATURATE")
        return held
