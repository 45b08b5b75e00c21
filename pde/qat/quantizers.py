r"""Quantizers with learned parameters: what these mean, and what gradients they get.

All three make affine integers ``q`` from n to p that stand for ``s (q - z)``, with s positive and z
one of the integers; they differ in what is learned.  With ``N = p - n`` and the sums a and c of
`bitpde.emu.Sums`:

============= ============ =============================== ====================================
quantizer     parameters   integers                        gradients
============= ============ =============================== ====================================
StepSize      s            ``z = 0``                       ``g a``
StepAndOffset s, b         ``z = round(-b / s)``           ``g (a + z c)`` and ``g c``
MinMax        m, M         ``s = (M - m) / N``,            ``-a / N + c M / (M - m)`` and
                           ``z = n + round(-m / s)``       ``a / N - c m / (M - m)``
============= ============ =============================== ====================================

StepSize is LSQ (Esser et al., 2020), StepAndOffset LSQ+ (Bhalgat et al., 2020) with an offset that
is a multiple of the step, as integer hardware needs it, MinMax the range learning of quantization
toolkits.  ``g = 1 / sqrt(count p)``, count being the number of elements that share s, makes the
relative change of a step like that of the weights.  The gradients follow from ``dy/ds`` and
``dy/dz`` by the chain rule with rounding as the identity: ``dz/db = -1/s``, ``dz/ds = b / s^2``,
``dz/dm = -1/s`` at fixed s, ``ds/dM = -ds/dm = 1/N``.

Parameters are arrays (C,), one number for each channel, or (1,).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import Sums
from ...formats import Affine, Cast, Fixed, NonFinite, Overflow
from ..errors import RunError
from ..spec import Spec

Values = NDArray[Any]

#: The least step that is kept, relative to the one that learning began with: a range that learning
#: closed would turn every number to zero without a word.
SMALLEST_STEP = 2.0**-10


@dataclass(frozen=True, kw_only=True)
class LearnedQuantizer(Spec, ABC):
    """What the three share.

    Parameters
    ----------
    element
        The integers, 2 to 16 bits without fraction bits.
    axis
        The axis whose positions have scales of their own; None for one scale.
    symmetric
        Whether the least code of two's complement is left out: -q has a code whenever q has.

    Raises
    ------
    RunError
        For any other.
    """

    element: Fixed
    axis: int | None = None
    symmetric: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.element, Fixed) or self.element.fraction_bits:
            msg = f"element is {self.element!r}: give a Fixed without fraction bits"
            raise RunError(msg)
        if self.element.bits > 16:
            msg = f"element has {self.element.bits} bits: give at most 16"
            raise RunError(msg)
        if self.symmetric and not self.element.signed:
            msg = f"{self.element} has no negative codes: give a signed one for symmetric integers"
            raise RunError(msg)

    @property
    def codes(self) -> tuple[int, int]:
        """The least and the largest code, n and p."""
        codes = self.element.codes()
        return (-codes[-1] if self.symmetric else codes[0]), codes[-1]

    @property
    def overflow(self) -> Overflow:
        """How integers saturate."""
        return Overflow.SATURATE_SYMMETRIC if self.symmetric else Overflow.SATURATE

    def cast(self, *parameters: Values) -> Cast:
        """Return the cast to `affine` that saturates so and refuses what is not finite."""
        format = self.affine(*parameters)
        return Cast(format=format, overflow=self.overflow, nonfinite=NonFinite.RAISE)

    def affine(self, *parameters: Values) -> Affine:
        """Return the integers that these values of the parameters mean.

        Raises
        ------
        RunError
            If a parameter is not finite, or a step not positive.
        """
        for values in parameters:
            if not np.isfinite(values).all():
                msg = f"a parameter of a {type(self).__name__} is {values}: give finite numbers"
                raise RunError(msg)
        wide = tuple(np.asarray(values, np.float64) for values in parameters)
        steps = np.asarray(self.steps(*wide), np.float32)
        if not (steps > 0).all():
            msg = f"a step of a {type(self).__name__} is {steps.min()}: give positive ones"
            raise RunError(msg)
        zeros = np.clip(self.zeros(*wide), *self.codes).astype(np.int64)
        return Affine(
            element=self.element,
            scale=tuple(steps.tolist()),
            zero_point=tuple(zeros.tolist()),
            axis=self.axis,
        )

    @abstractmethod
    def steps(self, *parameters: Values) -> Values:
        """Return the steps s, (C,), of float64 parameters."""

    @abstractmethod
    def zeros(self, *parameters: Values) -> Values:
        """Return the integers z, (C,) in float64, before they are limited to the codes."""

    @abstractmethod
    def initial(self, low: Values, high: Values) -> tuple[Values, ...]:
        """Return parameters whose integers stand for numbers from ``low`` to ``high``, and 0.

        Both are float64, (C,), with ``low <= high``.
        """

    @abstractmethod
    def unit(self, first: tuple[Values, ...]) -> Values:
        """Return what parameters are measured in while they learn, (C,) and positive.

        An optimizer whose steps know no scale, such as Adam, moves a parameter of 1e-4 and one of
        100 by the same length; in units of the step or range that learning began with, they move
        by the same share.
        """

    @abstractmethod
    def gradients(self, parameters: tuple[Values, ...], sums: Sums) -> tuple[Values, ...]:
        """Return the gradients of the table above, float64."""

    @abstractmethod
    def kept(self, parameters: tuple[Values, ...], first: tuple[Values, ...]) -> tuple[Values, ...]:
        """Return the parameters, moved where they must be to keep the range open.

        ``first`` are those that learning began with: no step falls below `SMALLEST_STEP` of its
        first one, and a range that has two ends keeps 0 between them.
        """

    def _covering(self, low: Values, high: Values) -> tuple[Values, Values]:
        """The steps and zero points of integers that reach from low to high and have 0."""
        n, p = self.codes
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
        steps = _positive((high - low) / (p - n))
        return steps, np.clip(n + np.rint(-low / steps), n, p)

    def _gradient_scale(self, sums: Sums) -> float:
        """``g``, with p the largest distance of a code from 0."""
        return float(1 / np.sqrt(max(1, sums.elements) * max(map(abs, self.codes))))


@dataclass(frozen=True, kw_only=True)
class StepSize(LearnedQuantizer):
    """The step is learned; 0 is the integer 0.

    Examples
    --------
    >>> from bitpde.formats import INT4
    >>> weights = StepSize(element=INT4, symmetric=True)
    >>> (step,) = weights.initial(np.array([-3.5]), np.array([2.0]))
    >>> step.tolist(), weights.cast(step).quantize([-3.5, 0.3, 9.0]).tolist()
    ([0.5], [-3.5, 0.5, 3.5])
    """

    def steps(self, *parameters: Values) -> Values:
        """Return s."""
        return parameters[0]

    def zeros(self, *parameters: Values) -> Values:
        """Return zeros."""
        return np.zeros_like(parameters[0])

    def initial(self, low: Values, high: Values) -> tuple[Values, ...]:
        """Return the least s that reaches both ends."""
        n, p = self.codes
        below = np.minimum(low, 0.0) / n if n else np.zeros_like(low)
        return (_positive(np.maximum(below, np.maximum(high, 0.0) / p)),)

    def unit(self, first: tuple[Values, ...]) -> Values:
        """Return the first step."""
        return first[0]

    def gradients(self, parameters: tuple[Values, ...], sums: Sums) -> tuple[Values, ...]:
        """Return ``g a``."""
        return (self._gradient_scale(sums) * sums.steps,)

    def kept(self, parameters: tuple[Values, ...], first: tuple[Values, ...]) -> tuple[Values, ...]:
        """Return s, or the least that is kept."""
        return (np.maximum(parameters[0], SMALLEST_STEP * first[0]),)


@dataclass(frozen=True, kw_only=True)
class StepAndOffset(LearnedQuantizer):
    """The step and the number that the integer 0 stands for are learned.

    Examples
    --------
    >>> from bitpde.formats import Fixed
    >>> uint4 = StepAndOffset(element=Fixed(bits=4, signed=False))
    >>> step, offset = uint4.initial(np.array([-1.0]), np.array([6.5]))
    >>> step.tolist(), offset.tolist(), uint4.affine(step, offset).zero_point
    ([0.5], [-1.0], (2,))
    """

    def steps(self, *parameters: Values) -> Values:
        """Return s."""
        return parameters[0]

    def zeros(self, *parameters: Values) -> Values:
        """Return ``round(-b / s)``."""
        step, offset = parameters
        return np.asarray(np.rint(-offset / step))

    def initial(self, low: Values, high: Values) -> tuple[Values, ...]:
        """Return s and ``-s z``."""
        steps, zeros = self._covering(low, high)
        return steps, -steps * zeros

    def unit(self, first: tuple[Values, ...]) -> Values:
        """Return the first step."""
        return first[0]

    def gradients(self, parameters: tuple[Values, ...], sums: Sums) -> tuple[Values, ...]:
        """Return ``g (a + z c)`` and ``g c``."""
        wide = (np.asarray(each, np.float64) for each in parameters)
        zeros = np.clip(self.zeros(*wide), *self.codes)
        g = self._gradient_scale(sums)
        return g * (sums.steps + zeros * sums.outside), g * sums.outside

    def kept(self, parameters: tuple[Values, ...], first: tuple[Values, ...]) -> tuple[Values, ...]:
        """Return s, or the least that is kept, and b."""
        return np.maximum(parameters[0], SMALLEST_STEP * first[0]), parameters[1]


@dataclass(frozen=True, kw_only=True)
class MinMax(LearnedQuantizer):
    """Both ends of the range are learned.

    Examples
    --------
    >>> from bitpde.formats import INT4
    >>> both = MinMax(element=INT4)
    >>> low, high = both.initial(np.array([-1.0]), np.array([6.5]))
    >>> low.tolist(), high.tolist(), both.affine(low, high).zero_point
    ([-1.0], [6.5], (-6,))
    """

    def steps(self, *parameters: Values) -> Values:
        """Return ``(M - m) / N``."""
        low, high = parameters
        return np.asarray((high - low) / (self.codes[1] - self.codes[0]))

    def zeros(self, *parameters: Values) -> Values:
        """Return ``n + round(-m / s)``."""
        return np.asarray(self.codes[0] + np.rint(-parameters[0] / self.steps(*parameters)))

    def initial(self, low: Values, high: Values) -> tuple[Values, ...]:
        """Return the ends, moved so that 0 is an integer."""
        steps, zeros = self._covering(low, high)
        n, p = self.codes
        return (n - zeros) * steps, (p - zeros) * steps

    def unit(self, first: tuple[Values, ...]) -> Values:
        """Return the width of the first range."""
        return np.asarray(first[1] - first[0])

    def gradients(self, parameters: tuple[Values, ...], sums: Sums) -> tuple[Values, ...]:
        """Return ``-a / N + c M / (M - m)`` and ``a / N - c m / (M - m)``."""
        low, high = (np.asarray(each, np.float64) for each in parameters)
        share = sums.steps / (self.codes[1] - self.codes[0])
        outside = sums.outside / (high - low)
        return -share + outside * high, share - outside * low

    def kept(self, parameters: tuple[Values, ...], first: tuple[Values, ...]) -> tuple[Values, ...]:
        """Return ``min(m, 0)`` and ``max(M, 0)``, or the narrowest range that is kept."""
        low, high = np.minimum(parameters[0], 0.0), np.maximum(parameters[1], 0.0)
        least = tuple(SMALLEST_STEP * end for end in first)
        closed = high - low < least[1] - least[0]
        return np.where(closed, least[0], low), np.where(closed, least[1], high)


def _positive(steps: Values) -> Values:
    """The steps, rounded once to binary32; 1 where all numbers were 0.

    Subnormal steps become the least normal binary32, so that a step never rounds to 0.
    """
    least = float(np.finfo(np.float32).tiny)
    kept = np.where(steps == 0, 1.0, np.maximum(steps, least))
    return kept.astype(np.float32).astype(np.float64)
