"""Quantizing float32 in one pass: the values of the codes, where a lane can skip the codes."""

from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .carrier import Carrier
from .coded_checks import read_only
from .encode import Random, cast_in_vectors, rounding_arguments
from .exact import floor_log2
from .fixed import Fixed
from .jit import kernels_are_compiled
from .layout import Tiling, matrices
from .outputs import room
from .overflow import Overflow
from .plan import Plan
from .scale_words import scale_words
from .threads import split_work


class _Constants(NamedTuple):
    """What the kernel knows beside the words of encoding."""

    scaling: NDArray[np.uint32]
    low: np.uint32
    ends: NDArray[np.uint32]


def quantize_array(
    x: Carrier, random: Random, plan: Plan, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32] | None:
    """The values of the codes of ``x``, float32; None where this lane cannot tell.

    They are in ``out`` if it is contiguous and apart from ``x``, else in a new array.

    That is so if ``x`` is not float32, if an element is infinite, NaN or refused, and if a scale or
    a value is near the ends of float32; `encode.encode_array` then has the answer.  Preconditions
    as there.

    Notes
    -----
    *Exactness*: one rounding per element, the one of encoding.
    """
    overflow = plan.policies.overflow
    if x.dtype != np.float32 or not plan.has_vector_lane or not kernels_are_compiled():
        return None
    if overflow in (Overflow.WRAP, Overflow.RAISE) or plan.native is not None:
        return None
    constants = _constants(plan)
    if constants is None:
        return None
    values, x = room(out, x, random, np.float32), read_only(x)
    bits = (random,) if isinstance(random, np.ndarray) else ()
    scales = np.zeros(plan.format.grid(x.shape), np.uint8) if plan.blocked else None  # type: ignore[union-attr]
    failed: list[bool] = []
    position = 0
    for tiling, its_scales, parts in matrices(plan.format, scales, x, values, *bits):
        draws = parts[2] if bits else random
        job = _Job(tiling, parts[0], its_scales, parts[1], draws, position, plan, constants, failed)
        position += parts[0].size
        split_work(job.run, its_scales.shape[0], tiling.strips_per_chunk(*parts[0].shape))
    return None if failed else values


class _Job(NamedTuple):
    """One matrix to quantize and everything that says how."""

    tiling: Tiling
    x: NDArray[Any]
    scales: NDArray[np.uint8]
    values: NDArray[Any]
    random: Random
    position: int
    plan: Plan
    constants: _Constants
    failed: list[bool]

    def run(self, start: int, stop: int) -> None:
        """Quantize strips start..stop, unless some have failed."""
        if self.failed:
            return
        scaling, low, ends = self.constants
        refused_strips = np.zeros(self.scales.shape[0], np.bool_)
        easy = cast_in_vectors(
            self.plan, self.x.view(np.uint32), *self.tiling.tile, scaling, low,
            *self.plan.vector_words, *rounding_arguments(self.random, self.plan),
            self.position, ends, self.scales, self.values.view(np.uint32), np.zeros(3, np.int64),
            refused_strips, start, stop,
        )  # fmt: skip
        if not easy:
            self.failed.append(True)


@lru_cache(maxsize=256)
def _constants(plan: Plan) -> _Constants | None:
    """The ends of the range in units of the least normal value, and the tables cut to float32.

    Under a scale for which an end is no float32 the lane must not run; None if under all.
    """
    element = plan.element
    above, below = (element.decode(code) for code in plan.element_integers[10:12])
    steps = 23 if isinstance(element, Fixed) else element.significand_bits
    unit = element.lsb * 2**steps
    finite = [abs(v) / unit for v in (above, below) if isinstance(v, Fraction) and v]
    shift = max(0, *(floor_log2(v) for v in finite)) if finite else 0
    units = unit * Fraction(2) ** shift
    ends = [float(v / units) if isinstance(v, Fraction) else v for v in (above, below)]
    words = np.array([2.0**-steps, *ends], np.float32).view(np.uint32)
    scaling, low = plan.low_words
    greatest = 254 - shift
    if greatest < 1 or (not plan.blocked and not 1 <= low <= greatest):
        return None
    if plan.blocked:
        scaling = np.array(scale_words(plan.element, plan.scale, plan.policies.scaling, greatest))
    return _Constants(scaling, low, np.append(words, np.uint32(shift)))
