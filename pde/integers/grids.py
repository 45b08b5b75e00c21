"""The integers of a tensor: which codes, and what they stand for."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Affine
from ..errors import RunError
from ..qat import LearnedQuantizer
from ..spec import Spec, require_integer, settle_real


@dataclass(frozen=True, kw_only=True)
class Grid(Spec):
    """Codes q from ``lowest`` to ``highest``, each of which stands for ``step (q - zero)``.

    Parameters
    ----------
    lowest, highest
        The ends.
    steps, zeros
        One of each, or one for each position along ``axis``.
    axis
        None for one step.

    Examples
    --------
    >>> grid = Grid(lowest=0, highest=15, steps=(0.5,), zeros=(3,))
    >>> grid.encode(np.array([-9.0, 0.0, 1.25])).tolist()
    [0, 3, 5]
    >>> grid.decode(np.array([5])).tolist()
    [1.0]
    """

    lowest: int
    highest: int
    steps: tuple[float, ...]
    zeros: tuple[int, ...] = (0,)
    axis: int | None = None

    @classmethod
    def of(cls, quantizer: LearnedQuantizer, format: Affine) -> "Grid":
        """Return the integers that a quantizer makes in a format of its own."""
        lowest, highest = quantizer.codes
        return cls(
            lowest=lowest, highest=highest, steps=format.scale, zeros=format.zero_point,
            axis=format.axis,
        )  # fmt: skip

    @classmethod
    def reaching(cls, largest: float, bits: int) -> "Grid":
        """Return symmetric integers whose step is the least power of two that reaches a number.

        Examples
        --------
        >>> Grid.reaching(1.0, 8).steps
        (0.015625,)
        >>> Grid.reaching(0.99, 8).steps
        (0.0078125,)
        """
        highest = 2 ** (bits - 1) - 1
        exponent = -1000
        if largest > 0:
            exponent = int(np.frexp(largest / highest)[1])
            exponent -= highest * 2.0 ** (exponent - 1) >= largest
        return cls(lowest=-highest, highest=highest, steps=(2.0 ** max(exponent, -60),))

    @property
    def bits(self) -> int:
        """How many bits the codes need."""
        return max(self.lowest.bit_length(), self.highest.bit_length()) + (self.lowest < 0)

    @property
    def farthest(self) -> int:
        """The largest distance of a code from its zero."""
        return max(self.highest - min(self.zeros), max(self.zeros) - self.lowest)

    @property
    def dtype(self) -> Any:
        """The narrowest NumPy type that has all codes."""
        kinds = (np.int8, np.int16, np.int32) if self.lowest < 0 else (np.uint8, np.uint16)
        return next(kind for kind in kinds if np.iinfo(kind).max >= self.highest)

    @cached_property
    def exact_steps(self) -> tuple[Fraction, ...]:
        """The steps as rational numbers."""
        return tuple(map(Fraction, self.steps))

    def encode(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return ``clamp(round(x / step) + zero)``, ties to even; one rounding of the quotient.

        A quotient of two binary32 numbers that is no tie is away from one by more than binary64
        rounds it.
        """
        steps, zeros = (self.along(np.array(each), x.ndim) for each in (self.steps, self.zeros))
        codes = np.rint(np.asarray(x, np.float64) / steps) + zeros
        return np.asarray(np.clip(codes, self.lowest, self.highest), self.dtype)

    def decode(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """Return what codes stand for, in float64: exact."""
        steps, zeros = (self.along(np.array(each), codes.ndim) for each in (self.steps, self.zeros))
        return np.asarray(steps * (codes.astype(np.int64) - zeros))

    def along(self, values: NDArray[Any], ndim: int) -> NDArray[Any]:
        """Return one number, or one for each position along the axis, to meet so many axes."""
        sides = [1] * ndim
        if self.axis is not None:
            sides[self.axis] = values.size
        return values.reshape(sides)


@dataclass(frozen=True, kw_only=True)
class Widths(Spec):
    """How wide integers are where a plan says nothing: between products, and in transforms.

    Parameters
    ----------
    functions
        Bits of what functions are given whose results have at most 8 bits: a table has an entry for
        each code.
    operands
        Bits of what products take that no quantizer made: the field between the two transforms of
        a plane.
    constants
        Bits of cosines and sines.
    outputs
        Bits of the result.
    wide
        Bits of all of these but the last where activations have more than 8 bits; of sums that
        several others take, such as the residual stream of a transformer; of what normalizations
        are given, two more or as many as 64 bits have room for the squares of; and of their gains.
    finer
        How many bits beyond those of its products a sum with a bias has, or as many as its register
        has room for; 0 rounds biases to the products of steps, as most machines do.
    headroom
        How far integers between products reach, relative to the largest number seen; steps are
        powers of two, so that they reach up to twice as far.
    """

    functions: int = 16
    operands: int = 16
    constants: int = 16
    outputs: int = 16
    wide: int = 24
    finer: int = 16
    headroom: float = 1.25

    def __post_init__(self) -> None:
        for name in ("functions", "operands", "constants", "outputs"):
            require_integer(f"Widths.{name}", getattr(self, name), least=4, most=16)
        require_integer("Widths.wide", self.wide, least=16, most=24)
        require_integer("Widths.finer", self.finer, least=0, most=16)
        settle_real(self, "headroom", least=1.0)

    def grid(self, kind: str, largest: float) -> Grid:
        """Return integers of the width called ``kind``, for numbers up to ``largest`` seen."""
        if not np.isfinite(largest):
            msg = f"a tensor reaches {largest}: calibrate with samples that stay finite"
            raise RunError(msg)
        return Grid.reaching(self.headroom * largest, getattr(self, kind))
