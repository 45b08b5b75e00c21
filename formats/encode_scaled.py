"""Encoding into blocks whose scales are small floats (NVFP4, P3109): one rounding a quotient."""

import numpy as np
from numpy.typing import NDArray

from .block import Block
from .carrier import Carrier
from .coded import Coded
from .decode import value_table
from .encode import Encoding, Random, encode_array
from .minifloat import Minifloat
from .overflow import NonFinite, Overflow
from .plan import Policies, plan_for
from .quotient import quotient_to_odd
from .scaling import ScaleRule, Scaling
from .tiles import ragged_tiles, spread_tiles, tile_maxima


def encode_scaled(x: Carrier, random: Random, format: Block, policies: Policies) -> Encoding:
    """Scales and codes; the scale of a tile and each of its elements are rounded once.

    A tile of zeros has scale code 0.  Preconditions as `encode.encode_array`.
    """
    scale = format.scale
    if not isinstance(scale, Minifloat):
        msg = f"{scale} is a power of two: its lane is encode_array"
        raise TypeError(msg)
    magnitude = np.abs(x.astype(np.float64))
    finite = np.isfinite(magnitude)
    tops = tile_maxima(np.where(finite, magnitude, 0.0), format)
    tensor_scale = _tensor_scale(format, scale, tops) if format.tensor_scale else 1.0
    scales = _scales(format, scale, tops, tensor_scale, policies.scaling)
    strange = tile_maxima((~finite).astype(np.uint8), format) > 0
    if policies.nonfinite is NonFinite.ELEMENT:
        has_finite = tile_maxima(finite.astype(np.uint8), format) > 0
        strange &= ~(has_finite | ragged_tiles(x.shape, format))
    nan_code = scale.nan_code or 0  # a Block asks for scales that have a NaN
    scales = np.where(strange, np.uint8(nan_code), scales)
    steps = spread_tiles(value_table(scale)[scales] * tensor_scale, x.shape, format)
    lawful = steps > 0
    zeros = np.where(np.isnan(x), np.nan, np.copysign(0.0, x))  # under a scale of zero
    scaled = np.where(lawful, quotient_to_odd(x, np.where(lawful, steps, 1.0)), zeros)
    scaled = np.where(np.isnan(steps), 0.0, scaled)
    encoding = encode_array(scaled, random, plan_for(format.element, policies))
    whole = tensor_scale if format.tensor_scale else None
    coded = Coded.unchecked(format, encoding.coded.codes, scales, whole)
    return Encoding(coded, encoding.counts, encoding.refused)


def _tensor_scale(format: Block, scale: Minifloat, tops: NDArray[np.float64]) -> float:
    """The binary32 by which the largest magnitude of all takes the largest element and scale."""
    largest = float(tops.max()) if tops.size else 0.0
    if largest == 0.0:
        return 1.0
    with np.errstate(over="ignore", under="ignore"):
        ratio = float(np.float32(largest / float(format.element.max * scale.max)))
    limits = np.finfo(np.float32)
    return min(max(ratio, float(limits.smallest_subnormal)), float(limits.max))


def _scales(
    format: Block,
    scale: Minifloat,
    tops: NDArray[np.float64],
    tensor_scale: float,
    scaling: Scaling,
) -> NDArray[np.uint8]:
    """The scale codes of tiles with these largest magnitudes."""
    wanted = tops
    if scaling.rule is ScaleRule.RANGE:
        wanted = quotient_to_odd(tops, float(format.element.max) * tensor_scale)
    policies = Policies(scaling.rounding, Overflow.SATURATE, NonFinite.RAISE, 0, Scaling())
    codes = encode_array(wanted, None, plan_for(scale, policies)).coded.codes
    if scaling.rule is ScaleRule.RANGE:
        codes = np.maximum(codes, np.uint8(1) * (tops > 0))
    return codes.astype(np.uint8)
